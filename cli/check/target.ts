/**
 * What a person names to be checked → where it lies: `oci:DIRECTORY[:TAG]`, `oci-archive:FILE[:TAG]`, either with `@DIGEST`, or an image
 * in a registry by its reference. What exists as it is written is taken so, whatever colons are in its name. Anything else is refused
 * with what to do instead.
 */
import { parseReference, type ImageReference } from '@vedette/origin/oci/reference';

export type Target =
  | {
      readonly kind: 'oci' | 'oci-archive';
      readonly path: string;
      /** Tag or digest; null: the only image there is. */
      readonly name: string | null;
    }
  | { readonly kind: 'registry'; readonly reference: ImageReference };

export type ParsedTarget = { readonly ok: true; readonly target: Target } | { readonly ok: false; readonly reason: string };

export function parseTarget(text: string, exists: (path: string) => boolean): ParsedTarget {
  const scheme = /^([a-z][a-z-]*):(.*)$/s.exec(text);
  const kind = scheme?.[1];
  const rest = scheme?.[2] ?? '';
  if (kind !== 'oci' && kind !== 'oci-archive') return inRegistry(text, kind, rest, exists);
  if (rest === '') return { ok: false, reason: `${kind}: needs the path of ${kind === 'oci' ? 'an OCI layout' : 'an archive of an OCI layout'}` };
  if (exists(rest)) return { ok: true, target: { kind, path: rest, name: null } };
  const digest = /^(.+)@(sha\d+:[0-9a-f]+)$/s.exec(rest);
  const named = digest ?? /^(.+):([\w][\w.-]{0,127})$/s.exec(rest);
  const path = named?.[1] ?? rest;
  if (!exists(path)) return { ok: false, reason: `there is no ${kind === 'oci' ? 'directory' : 'file'} ${path}` };
  return { ok: true, target: { kind, path, name: named?.[2] ?? null } };
}

function inRegistry(text: string, kind: string | undefined, rest: string, exists: (path: string) => boolean): ParsedTarget {
  if (kind === 'docker-archive' || kind === 'dir' || kind === 'docker-daemon') return { ok: false, reason: `${kind}: cannot be read; make an OCI layout: skopeo copy ${text} oci:image:latest` };
  // A path that is there is never meant as an image of Docker Hub.
  if (/^[./~]/.test(text) || exists(text)) return { ok: false, reason: `${text} names nothing that can be checked: use oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or registry/repository:tag` };
  const reference = parseReference(kind === 'docker' ? rest.replace(/^\/\//, '') : text);
  return 'problem' in reference ? { ok: false, reason: `${reference.problem}; use registry/repository:tag, oci:DIRECTORY[:TAG] or oci-archive:FILE[:TAG]` } : { ok: true, target: { kind: 'registry', reference } };
}
