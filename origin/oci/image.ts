/**
 * An image reference → what its registry says of it now: the manifest at its tag, the manifest at its digest, the index between them, the one image of a
 * platform and its configuration. A running container carries either the index's or the platform's digest; both lead to the same here.
 */
import { isImageDigest, type ImageDigest } from '@vedette/model/ids';
import { absent, known, type Answer } from '@vedette/model/origin';
import { entryFor, platformWords, type ImageConfig, type ImageManifest, type IndexManifest, type Manifest, type Platform } from './manifest.ts';
import { formatReference, type ImageReference } from './reference.ts';
import type { Registry } from './registry.ts';

export interface ImageFound {
  readonly reference: ImageReference;
  /** null: the reference has no tag. */
  readonly atTag: Answer<Manifest> | null;
  /** null: the reference has no digest. */
  readonly atDigest: Answer<Manifest> | null;
  /** The index that holds the image; null: it stands alone, or no index that holds it is known. */
  readonly index: IndexManifest | null;
  readonly image: Answer<ImageManifest>;
  readonly config: Answer<ImageConfig>;
}

export async function readImage(registry: Registry, reference: ImageReference, platform: Platform): Promise<ImageFound> {
  const { repository, tag, digest } = reference;
  const atTag = tag === null ? null : await registry.manifest(repository, tag);
  const atDigest = digest === null ? null : await registry.manifest(repository, digest);
  const asked = atDigest ?? atTag ?? absent('the reference names neither tag nor digest');
  const image = await imageOf(registry, reference, asked, platform);
  const config = image.state === 'known' ? await registry.config(repository, image.value) : image;
  return { reference, atTag, atDigest, index: indexOf([asked, atTag], image), image, config };
}

async function imageOf(registry: Registry, reference: ImageReference, asked: Answer<Manifest>, platform: Platform): Promise<Answer<ImageManifest>> {
  if (asked.state !== 'known') return asked;
  if (asked.value.kind === 'image') return known(asked.value);
  const entry = entryFor(asked.value.manifests, platform);
  if (entry === null) {
    const others = asked.value.manifests.flatMap((one) => (one.platform === null ? [] : [platformWords(one.platform)]));
    return absent(`${formatReference(reference)} has no image for ${platformWords(platform)}; it has ${others.slice(0, 12).join(', ') || 'none that names a platform'}`);
  }
  const found = await registry.manifest(reference.repository, entry.digest);
  if (found.state !== 'known') return found;
  return found.value.kind === 'image' ? known(found.value) : absent(`${formatReference(reference)} leads from an index to another one: no image for ${platformWords(platform)}`);
}

function indexOf(candidates: readonly (Answer<Manifest> | null)[], image: Answer<ImageManifest>): IndexManifest | null {
  for (const one of candidates) {
    if (one?.state !== 'known' || one.value.kind !== 'index') continue;
    if (image.state !== 'known' || one.value.manifests.some((entry) => entry.digest === image.value.digest)) return one.value;
  }
  return null;
}

/** The digests that a container which runs this image may carry. */
export function digestsOf(found: ImageFound): readonly ImageDigest[] {
  const all = [found.reference.digest, found.index?.digest ?? null, found.image.state === 'known' ? found.image.value.digest : null];
  return [...new Set(all.filter((one) => one !== null && isImageDigest(one)))];
}
