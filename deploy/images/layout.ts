/**
 * Layers and a configuration → one image in an OCI layout of its own directory, under the tag of this version. (OCI image
 * specification 1.1: image-layout, manifest, config.) A layout that is there is replaced whole.
 */
import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Layer } from './layer.ts';

export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly user: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const architectures: Partial<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export function blobsOf(directory: string): string {
  return path.join(directory, 'blobs', 'sha256');
}

export async function beginLayout(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(blobsOf(directory), { recursive: true });
  await writeFile(path.join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

async function blob(directory: string, mediaType: string, content: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(content));
  const hex = createHash('sha256').update(bytes).digest('hex');
  await writeFile(path.join(blobsOf(directory), hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

/** Answers the digest of the manifest. */
export async function endLayout(directory: string, tag: string, layers: readonly Layer[], config: ImageConfig): Promise<string> {
  const architecture = architectures[process.arch];
  if (architecture === undefined) throw new Error(`images are made for amd64 and arm64, not for ${process.arch}`);
  const configuration = await blob(directory, 'application/vnd.oci.image.config.v1+json', {
    architecture,
    os: 'linux',
    config: {
      User: config.user,
      Env: Object.entries(config.environment).map(([name, value]) => `${name}=${value}`),
      Entrypoint: config.entrypoint,
      WorkingDir: '/',
      Labels: config.labels,
      ...(config.ports.length === 0 ? {} : { ExposedPorts: Object.fromEntries(config.ports.map((port) => [`${port}/tcp`, {}])) }),
    },
    rootfs: { type: 'layers', diff_ids: layers.map((one) => one.diffId) },
    history: layers.map((one) => ({ created_by: one.what })),
  });
  const manifest = await blob(directory, 'application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: configuration,
    layers: layers.map((one) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: one.digest, size: one.sizeBytes })),
    annotations: config.labels,
  });
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [{ ...manifest, platform: { architecture, os: 'linux' }, annotations: { 'org.opencontainers.image.ref.name': tag } }] };
  await writeFile(path.join(directory, 'index.json'), JSON.stringify(index));
  return manifest.digest;
}
