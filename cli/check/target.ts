/**
 * What a person names to be checked → where it lies: `oci:DIRECTORY[:TAG]`, `oci-archive:FILE[:TAG]`, either with `@DIGEST`. What
 * exists as it is written is taken so, whatever colons are in its name. Anything else is refused with what to do instead.
 */
export interface Target {
  readonly kind: 'oci' | 'oci-archive';
  readonly path: string;
  /** Tag or digest; null: the only image there is. */
  readonly name: string | null;
}

export type ParsedTarget = { readonly ok: true; readonly target: Target } | { readonly ok: false; readonly reason: string };

export function parseTarget(text: string, exists: (path: string) => boolean): ParsedTarget {
  const scheme = /^([a-z][a-z-]*):(.*)$/s.exec(text);
  const kind = scheme?.[1];
  const rest = scheme?.[2] ?? '';
  if (kind !== 'oci' && kind !== 'oci-archive') return { ok: false, reason: otherwise(text, kind, rest) };
  if (rest === '') return { ok: false, reason: `${kind}: needs the path of ${kind === 'oci' ? 'an OCI layout' : 'an archive of an OCI layout'}` };
  if (exists(rest)) return { ok: true, target: { kind, path: rest, name: null } };
  const digest = /^(.+)@(sha\d+:[0-9a-f]+)$/s.exec(rest);
  const named = digest ?? /^(.+):([\w][\w.-]{0,127})$/s.exec(rest);
  const path = named?.[1] ?? rest;
  if (!exists(path)) return { ok: false, reason: `there is no ${kind === 'oci' ? 'directory' : 'file'} ${path}` };
  return { ok: true, target: { kind, path, name: named?.[2] ?? null } };
}

function otherwise(text: string, kind: string | undefined, rest: string): string {
  const image = kind === 'docker' ? rest.replace(/^\/\//, '') : text;
  if (kind === 'docker-archive' || kind === 'dir' || kind === 'docker-daemon') return `${kind}: cannot be read; make an OCI layout: skopeo copy ${text} oci:image:latest`;
  if (/^[\w.-]+(:\d+)?\/|^[\w.-]+(:[\w.-]+)?$/.test(image)) {
    return `images in a registry cannot be checked yet: make an OCI layout of ${image} first, for example with skopeo copy docker://${image} oci:image:latest, and check oci:image:latest`;
  }
  return `${text} names nothing that can be checked: use oci:DIRECTORY[:TAG] or oci-archive:FILE[:TAG]`;
}
