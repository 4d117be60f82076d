/**
 * Bytes of a manifest, an index or an image configuration → the parts that origin is told from. The bytes come from a registry and are
 * hostile: counts are bounded here, the size by who fetched them. A document that could be read as two kinds is refused, since
 * two readers of one digest must never see two images (CVE-2021-41190).
 */
import { z } from 'zod';
import { isImageDigest, type ImageDigest } from '@vedette/model/ids';
import { unknown, type Unknown } from '@vedette/model/origin';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | null;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: ImageDigest;
  readonly size: number;
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platform: Platform | null;
}

interface EveryManifest {
  readonly digest: ImageDigest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly artifactType: string | null;
  readonly subject: ImageDigest | null;
  readonly annotations: Readonly<Record<string, string>>;
}
export interface ImageManifest extends EveryManifest {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
export interface IndexManifest extends EveryManifest {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}
export type Manifest = ImageManifest | IndexManifest;

export interface ImageConfig {
  readonly platform: Platform;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: string | null;
  /** As it is written; empty: none, which is root. */
  readonly user: string;
  /** Names of the variables, never their values. */
  readonly environment: readonly string[];
  readonly exposedPorts: readonly string[];
  /** Digests of the layers as they are unpacked, the lowest first. */
  readonly diffIds: readonly string[];
}

export const indexMediaTypes = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'];
export const imageMediaTypes = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'];
const entriesMax = 1000;

const annotations = z.record(z.string().max(1024), z.string()).nullish().transform((all) => all ?? {});
const digest = z.string().refine(isImageDigest, 'is no sha256 digest');
const word = z.string().max(255);
const platform = z
  .object({ os: word, architecture: word, variant: word.nullish() })
  .transform((one) => ({ os: one.os, architecture: one.architecture, variant: one.variant === '' ? null : (one.variant ?? null) }));
const descriptor = z
  .object({ mediaType: word, digest, size: z.number().int().min(0), artifactType: word.nullish(), annotations, platform: platform.nullish() })
  .transform((one) => ({ ...one, artifactType: one.artifactType === '' ? null : (one.artifactType ?? null), platform: one.platform ?? null }));
const every = { schemaVersion: z.literal(2), mediaType: word.nullish(), artifactType: word.nullish(), subject: z.object({ digest }).nullish(), annotations };
const none = z.undefined().optional();
const image = z.object({ ...every, config: descriptor, layers: z.array(descriptor).max(entriesMax), manifests: none, fsLayers: none });
const index = z.object({ ...every, manifests: z.array(descriptor).max(entriesMax), config: none, layers: none, fsLayers: none });
const config = z.object({
  os: word,
  architecture: word,
  variant: word.nullish(),
  created: z.string().max(64).nullish(),
  config: z
    .object({
      Labels: z.record(z.string().max(1024), z.string()).nullish(),
      User: z.string().max(1024).nullish(),
      Env: z.array(z.string()).max(entriesMax).nullish(),
      ExposedPorts: z.record(z.string().max(64), z.unknown()).nullish(),
    })
    .nullish(),
  rootfs: z.object({ diff_ids: z.array(z.string().max(160)).max(entriesMax) }).nullish(),
});

function objection(error: z.ZodError): string {
  const first = error.issues[0];
  return first === undefined ? 'does not fit' : `${first.path.join('.') || 'the document'}: ${first.message}`;
}

/** `said`: the media type that the registry sent it with. */
export function parseManifest(json: unknown, found: { readonly digest: ImageDigest; readonly bytes: Uint8Array; readonly said: string | null }): Manifest | Unknown {
  const isIndex = typeof json === 'object' && json !== null && 'manifests' in json;
  const parsed = isIndex ? index.safeParse(json) : image.safeParse(json);
  if (!parsed.success) {
    const isOld = typeof json === 'object' && json !== null && 'schemaVersion' in json && json.schemaVersion === 1;
    return isOld ? unknown('unsupported', `manifest ${found.digest} has schema 1`) : unknown('malformed', `manifest ${found.digest}: ${objection(parsed.error)}`);
  }
  const usual = isIndex ? indexMediaTypes : imageMediaTypes;
  const said = found.said?.split(';')[0]?.trim().toLowerCase() ?? null;
  const mediaType = parsed.data.mediaType ?? (said !== null && usual.includes(said) ? said : usual[0]!);
  const others = isIndex ? imageMediaTypes : indexMediaTypes;
  if (others.includes(mediaType) || (said !== null && others.includes(said))) return unknown('malformed', `manifest ${found.digest} is sent as one kind and written as another`);
  const common = {
    digest: found.digest,
    bytes: found.bytes,
    mediaType,
    artifactType: parsed.data.artifactType === '' ? null : (parsed.data.artifactType ?? null),
    subject: parsed.data.subject?.digest ?? null,
    annotations: parsed.data.annotations,
  };
  if ('manifests' in parsed.data && parsed.data.manifests !== undefined) return { ...common, kind: 'index', manifests: parsed.data.manifests };
  const { config, layers } = parsed.data as z.infer<typeof image>;
  return { ...common, kind: 'image', config, layers };
}

export function parseConfig(json: unknown, digest: ImageDigest): ImageConfig | Unknown {
  const parsed = config.safeParse(json);
  if (!parsed.success) return unknown('malformed', `image configuration ${digest}: ${objection(parsed.error)}`);
  const { os, architecture, variant, created } = parsed.data;
  return {
    platform: { os, architecture, variant: variant === '' ? null : (variant ?? null) },
    labels: parsed.data.config?.Labels ?? {},
    created: created ?? null,
    user: parsed.data.config?.User ?? '',
    environment: (parsed.data.config?.Env ?? []).map((one) => one.split('=', 1)[0]!.slice(0, 256)),
    exposedPorts: Object.keys(parsed.data.config?.ExposedPorts ?? {}),
    diffIds: parsed.data.rootfs?.diff_ids ?? [],
  };
}

export function platformWords(one: Platform): string {
  return [one.os, one.architecture, ...(one.variant === null ? [] : [one.variant])].join('/');
}

/**
 * The entry of an index that runs on a platform: the same variant first, then one that names none. arm64 and arm64/v8 are the
 * same. null: the index has nothing for it.
 */
export function entryFor(all: readonly Descriptor[], wanted: Platform): Descriptor | null {
  const variantOf = (one: Platform) => (one.architecture === 'arm64' && one.variant === 'v8' ? null : one.variant);
  const fitting = all.filter((one) => one.platform?.os === wanted.os && one.platform.architecture === wanted.architecture);
  return fitting.find((one) => variantOf(one.platform!) === variantOf(wanted)) ?? (wanted.variant === null ? fitting[0] : fitting.find((one) => one.platform!.variant === null)) ?? null;
}
