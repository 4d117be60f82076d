/**
 * A layout (on disk, in an archive, or a registry behind one), a name and a platform → which image is meant, and its content: from what
 * was kept of the digest, or read from its layers. This file knows the order. Also of an image that is known the manifest is read and
 * checked, and its blobs must be there in their sizes; what is inside of them is vouched for by the digest.
 */
import { placeOf, readSmall, type BlobRead } from '@vedette/inventory/oci/blob';
import { chooseImage, readChosenImage, type ChosenImage } from '@vedette/inventory/oci/image';
import type { Layout } from '@vedette/inventory/oci/layout';
import { Manifest, parsePlatform, platformFits, platformText, readDocument, type Platform } from '@vedette/inventory/oci/manifest';
import type { ContentCache } from './content-cache.ts';
import { contentOf, isReadForContent, type ImageContent } from './content.ts';

export interface ReadOptions {
  /** Tag or digest; null: the only image there is. */
  readonly name: string | null;
  readonly platform: Platform;
  readonly platformAsked: boolean;
  /** Null: every image is read. */
  readonly cache: ContentCache | null;
  readonly clock: () => number;
}

export interface ReadImage {
  readonly content: ImageContent;
  readonly indexDigest: string | null;
  readonly names: readonly string[];
  /** It was known by its digest. */
  readonly isKept: boolean;
}

export async function readImageContent(layout: Layout, options: ReadOptions): Promise<BlobRead<ReadImage>> {
  const chosen = await chooseImage(layout, options);
  if (!chosen.ok) return chosen;
  const { indexDigest, names } = chosen.value;
  const kept = await keptContent(layout, chosen.value, options);
  if (!kept.ok) return kept;
  if (kept.value !== null) return { ok: true, value: { content: kept.value, indexDigest, names, isKept: true } };
  const read = await readChosenImage(layout, chosen.value, { ...options, wants: isReadForContent });
  if (!read.ok) return read;
  const content = contentOf(read.value, options.clock);
  // A bound of time cuts a slow machine's reading shorter than a fast one's: such a content is not the digest's own.
  if (!content.isCut) options.cache?.write(content);
  return { ok: true, value: { content, indexDigest, names, isKept: false } };
}

async function keptContent(layout: Layout, { descriptor }: ChosenImage, { cache, platform, platformAsked }: ReadOptions): Promise<BlobRead<ImageContent | null>> {
  const content = cache?.read(descriptor.digest) ?? null;
  if (content === null) return { ok: true, value: null };
  const bytes = await readSmall(layout, descriptor);
  if (!bytes.ok) return bytes;
  const manifest = readDocument(bytes.value, Manifest);
  if (!manifest.ok) return { ok: false, reason: `the manifest ${descriptor.digest} cannot be used: ${manifest.reason}` };
  for (const one of [manifest.value.config, ...manifest.value.layers]) {
    const place = placeOf(layout, one);
    if (!place.ok) return place;
  }
  const has = parsePlatform(content.platform);
  if (platformAsked && (has === null || !platformFits(has, platform))) return { ok: false, reason: `its image is for ${content.platform}, not for ${platformText(platform)}` };
  return { ok: true, value: content };
}
