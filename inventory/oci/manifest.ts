/**
 * The JSON documents of an OCI image (index, manifest, configuration), and which image of an index is meant: by its tag or
 * digest, then by platform. Docker's own media types are read as well. Refuses what is larger or deeper than any tool writes,
 * and what is ambiguous: two images and no name, no image for the platform.
 */
import { z } from 'zod';

const Digest = z.string().regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/, 'is no sha256 or sha512 digest');
const Annotations = z.record(z.string().max(1000), z.string().max(100_000));

const Platform = z.object({ os: z.string().max(100), architecture: z.string().max(100), variant: z.string().max(100).optional() });
export type Platform = z.infer<typeof Platform>;

const Descriptor = z.object({
  mediaType: z.string().max(300).default(''),
  digest: Digest,
  size: z.number().int().nonnegative(),
  platform: Platform.nullish(),
  annotations: Annotations.nullish(),
  artifactType: z.string().max(300).optional(),
});
export type Descriptor = z.infer<typeof Descriptor>;

export const Index = z.object({ manifests: z.array(Descriptor).max(2000), annotations: Annotations.nullish() });
export type Index = z.infer<typeof Index>;

export const Manifest = z.object({ config: Descriptor, layers: z.array(Descriptor).max(1000) });
export type Manifest = z.infer<typeof Manifest>;

const TextList = z.array(z.string().max(100_000)).max(5000).nullish();

export const Config = z.object({
  os: z.string().max(100).default(''),
  architecture: z.string().max(100).default(''),
  variant: z.string().max(100).optional(),
  created: z.string().max(100).nullish(),
  config: z
    .object({
      User: z.string().max(1000).nullish(),
      Env: TextList,
      Entrypoint: TextList,
      Cmd: TextList,
      Labels: z.record(z.string().max(10_000), z.string().max(1_000_000)).nullish(),
      ExposedPorts: z.record(z.string().max(100), z.unknown()).nullish(),
    })
    .nullish(),
  rootfs: z.object({ diff_ids: z.array(Digest).max(1000) }),
});
export type Config = z.infer<typeof Config>;

export const documentBytesMax = 8 * 2 ** 20;
export const indexDepthMax = 4;

export const refNameAnnotation = 'org.opencontainers.image.ref.name';
const imageNameAnnotation = 'io.containerd.image.name';

const indexTypes = new Set(['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']);
const manifestTypes = new Set(['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json']);

export function isIndex({ mediaType }: Descriptor): boolean {
  return indexTypes.has(mediaType);
}

/** `gzip`, `zstd` or plain tar; a text of more words: why the layer cannot be read. */
export function compressionOf({ mediaType }: Descriptor): 'gzip' | 'zstd' | 'none' | { readonly unreadable: string } {
  if (/[+.]gzip$/.test(mediaType)) return 'gzip';
  if (/[+.]zstd$/.test(mediaType)) return 'zstd';
  if (mediaType.endsWith('.tar')) return 'none';
  return { unreadable: `a layer is ${JSON.stringify(mediaType.slice(0, 100))}, which cannot be read` };
}

/** Parsed and of its shape, or a sentence without its beginning: `has no …`. */
export function readDocument<T>(bytes: Uint8Array, shape: z.ZodType<T>): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string } {
  let plain: unknown;
  try {
    plain = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, reason: 'is not JSON' };
  }
  const shaped = shape.safeParse(plain);
  if (shaped.success) return { ok: true, value: shaped.data };
  const [issue] = shaped.error.issues;
  return { ok: false, reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'has another shape'}` };
}

export function parsePlatform(text: string): Platform | null {
  const [os, architecture, variant, ...more] = text.split('/');
  if (!os || !architecture || variant === '' || more.length > 0 || !/^[\w./-]+$/.test(text)) return null;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined || variant === '' ? [] : [variant])].join('/');
}

/** What an architecture is without a variant. */
const plainVariants: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

function fitsPlatform(has: Platform, wanted: Platform): boolean {
  const variantOf = ({ architecture, variant }: Platform) => (variant === undefined || variant === '' ? (plainVariants[architecture] ?? '') : variant);
  return has.os === wanted.os && has.architecture === wanted.architecture && variantOf(has) === variantOf(wanted);
}

export type Chosen = { readonly ok: true; readonly descriptor: Descriptor } | { readonly ok: false; readonly reason: string };

/** Attestations and other artifacts stand beside images in an index and are none. */
function isImage(one: Descriptor): boolean {
  if (!isIndex(one) && one.mediaType !== '' && !manifestTypes.has(one.mediaType)) return false;
  return one.platform?.os !== 'unknown' && one.artifactType === undefined && one.annotations?.['vnd.docker.reference.type'] === undefined;
}

/** Names that the layout gives to this image. */
export function namesOf({ annotations }: Descriptor): string[] {
  return [imageNameAnnotation, refNameAnnotation].flatMap((key) => annotations?.[key] ?? []);
}

/** In the layout's own list: by tag or digest, or the only one. */
export function chooseByName(index: Index, name: string | null): Chosen {
  const images = index.manifests.filter(isImage);
  const found = name === null ? images : images.filter((one) => one.digest === name || namesOf(one).some((has) => has === name || has.endsWith(`:${name}`)));
  const digests = new Set(found.map((one) => one.digest));
  const [first] = found;
  if (first !== undefined && digests.size === 1) return { ok: true, descriptor: found.find((one) => namesOf(one).length > 0) ?? first };
  const names = [...new Set(images.map((one) => namesOf(one)[0] ?? one.digest))].slice(0, 20).join(', ');
  if (images.length === 0) return { ok: false, reason: 'it holds no image' };
  if (first === undefined) return { ok: false, reason: `it holds no ${name}; it holds ${names}` };
  return { ok: false, reason: name === null ? `it holds ${digests.size} images, name one: ${names}` : `it holds ${digests.size} images called ${name}` };
}

export function chooseByPlatform(index: Index, wanted: Platform): Chosen {
  const images = index.manifests.filter(isImage);
  const found = images.find((one) => one.platform != null && fitsPlatform(one.platform, wanted));
  if (found !== undefined) return { ok: true, descriptor: found };
  // A list of one image without a platform is that image, whatever it is for: its configuration says.
  const [only, second] = images;
  if (only !== undefined && second === undefined && only.platform == null) return { ok: true, descriptor: only };
  const has = images.map((one) => (one.platform == null ? 'one without a platform' : platformText(one.platform))).slice(0, 20).join(', ');
  return { ok: false, reason: images.length === 0 ? 'its index holds no image' : `it holds no image for ${platformText(wanted)}; it holds ${has}` };
}

export function platformFits(has: Platform, wanted: Platform): boolean {
  return fitsPlatform(has, wanted);
}
