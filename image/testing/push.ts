/** An OCI layout as tests write it, pushed into the registry for tests: what a build and a push are to a real one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestRegistry } from '@vedette/origin/testing/registry';

/** Every blob, and what is in the index under this tag; the digest of the last one. */
export function pushLayout(registry: TestRegistry, directory: string, repository: string, tag: string): string {
  const blobs = join(directory, 'blobs', 'sha256');
  const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as { manifests: { digest: string; mediaType: string }[] };
  const manifests = new Set<string>();
  const collect = (digest: string): void => {
    manifests.add(digest);
    const read = JSON.parse(readFileSync(join(blobs, digest.slice(7)), 'utf8')) as { manifests?: { digest: string }[] };
    for (const one of read.manifests ?? []) collect(one.digest);
  };
  for (const one of index.manifests) collect(one.digest);
  for (const name of readdirSync(blobs)) registry.blob(readFileSync(join(blobs, name)));
  const last = index.manifests.at(-1)!;
  for (const digest of manifests) {
    const text = readFileSync(join(blobs, digest.slice(7)), 'utf8');
    const kind = text.includes('"manifests"') ? 'index' : 'manifest';
    registry.manifest(repository, digest === last.digest ? tag : null, text, `application/vnd.oci.image.${kind}.v1+json`);
  }
  return last.digest;
}
