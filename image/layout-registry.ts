/**
 * The other way round: an OCI layout asked as if it were a registry, so that signatures which were saved beside an image (`cosign save`,
 * copies with their referrers) are found by the same search. Tags are the names in its index.json; what points at a digest is what its
 * manifests say. Every digest is checked.
 */
import { createHash } from 'node:crypto';
import { imageDigestOf, isImageDigest, type ImageDigest } from '@vedette/model/ids';
import { absent, known, unknown, type Answer } from '@vedette/model/origin';
import { readWhole } from '@vedette/inventory/oci/blob';
import type { Layout } from '@vedette/inventory/oci/layout';
import { documentBytesMax } from '@vedette/inventory/oci/manifest';
import { parseManifest, type Descriptor, type IndexManifest, type Manifest } from '@vedette/origin/oci/manifest';
import type { Registry } from '@vedette/origin/oci/registry';

const referrersMax = 200;
const refName = 'org.opencontainers.image.ref.name';

export async function layoutAsRegistry(layout: Layout): Promise<Registry> {
  const top = await topOf(layout);
  const manifest = async (_: string, which: string): Promise<Answer<Manifest>> => {
    if (top === null) return absent('the layout has no index that can be read');
    const digest = isImageDigest(which) ? which : (top.manifests.find((one) => names(one, which))?.digest ?? null);
    return digest === null ? absent(`the layout has nothing called ${which}`) : await manifestAt(layout, digest);
  };
  return {
    name: 'the layout',
    ping: async () => unknown('unsupported', 'a layout is no server'),
    manifest,
    blob: (_, digest, bytesMax) => blobAt(layout, digest, bytesMax),
    pieces: async () => unknown('unsupported', 'a layout is read by its blobs'),
    config: async () => unknown('unsupported', 'a layout is read by its blobs'),
    async referrers(_, digest) {
      const own = await manifest(_, digest.replace(':', '-'));
      if (own.state === 'known' && own.value.kind === 'index') return known(own.value.manifests);
      const found: Descriptor[] = [];
      for (const one of (top?.manifests ?? []).slice(0, referrersMax)) {
        const read = await manifestAt(layout, one.digest);
        if (read.state === 'known' && read.value.subject === digest) found.push(one);
      }
      return known(found);
    },
  };
}

/** cosign marks what it saves beside the one image by a kind, others copy the tag. */
function names({ annotations }: Descriptor, which: string): boolean {
  const name = annotations[refName];
  if (name === which || name?.endsWith(`:${which}`) === true) return true;
  return which.endsWith('.sig') && annotations['kind'] === 'dev.cosignproject.cosign/sigs';
}

async function topOf(layout: Layout): Promise<IndexManifest | null> {
  const place = layout.open('index.json');
  if (place === null || place.sizeBytes > documentBytesMax) return null;
  const bytes = await readWhole(place);
  if (!bytes.ok) return null;
  const manifest = parsed(bytes.value, sha256(bytes.value));
  return manifest.state === 'known' && manifest.value.kind === 'index' ? manifest.value : null;
}

async function manifestAt(layout: Layout, digest: ImageDigest): Promise<Answer<Manifest>> {
  const bytes = await blobAt(layout, digest, documentBytesMax);
  return bytes.state === 'known' ? parsed(bytes.value, digest) : bytes;
}

async function blobAt(layout: Layout, digest: ImageDigest, bytesMax: number): Promise<Answer<Uint8Array>> {
  const place = layout.open(`blobs/${digest.replace(':', '/')}`);
  if (place === null) return absent(`the layout has no blob ${digest}`);
  if (place.sizeBytes > bytesMax) return unknown('too-large', `the blob ${digest} has ${place.sizeBytes} bytes`);
  const bytes = await readWhole(place);
  if (!bytes.ok) return unknown('incomplete', `the blob ${digest} ${bytes.reason}`);
  return sha256(bytes.value) === digest ? known(bytes.value) : unknown('digest-mismatch', `the blob ${digest} is damaged`);
}

function parsed(bytes: Uint8Array, digest: ImageDigest): Answer<Manifest> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return unknown('malformed', `${digest} is not JSON`);
  }
  // an index of a layout may leave out its schema version
  const manifest = parseManifest(typeof json === 'object' && json !== null && !Array.isArray(json) ? { schemaVersion: 2, ...json } : json, { digest, bytes, said: null });
  return 'state' in manifest ? manifest : known(manifest);
}

function sha256(bytes: Uint8Array): ImageDigest {
  return imageDigestOf(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}
