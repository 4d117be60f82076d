/**
 * A target → the image's content and its signatures: from a layout on disk, or from a registry, which is asked for the manifest each time
 * and for layers only where the digest is not known yet. Progress of a long pull goes to the terminal's error stream. What cannot be read
 * is `CannotCheck` with reason and remedy; signatures that cannot be looked for are unknown, and the policies say so.
 */
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContentCache } from '@vedette/image/content-cache';
import { readImageContent, type ReadImage } from '@vedette/image/read';
import type { PullProgress } from '@vedette/image/registry-layout';
import { openArchive, openDirectory, type Layout } from '@vedette/inventory/oci/layout';
import type { Platform } from '@vedette/inventory/oci/manifest';
import type { Registry } from '@vedette/origin/oci/registry';
import type { SignatureFacts } from '@vedette/policy/image-facts';
import type { OpenList } from '@vedette/policy/vocabulary';
import { stateDirectory } from '../state-directory.ts';
import { version } from '../version.ts';
import { CannotCheck } from './files.ts';
import type { Target } from './target.ts';

export interface ImageOptions {
  readonly target: Target;
  readonly targetText: string;
  readonly platform: Platform | null;
  readonly cache: boolean;
  readonly keys: readonly string[];
  readonly registryConfig: string | undefined;
  readonly plainHttp: boolean;
}

export interface ImageToCheck {
  readonly image: ReadImage;
  readonly signatures: OpenList<SignatureFacts>;
}

const progressMs = 5000;

export async function readImage(options: ImageOptions): Promise<ImageToCheck> {
  return options.target.kind === 'registry' ? await fromRegistry(options) : await fromLayout(options);
}

async function contentIn(layout: Layout, name: string | null, { platform, cache, targetText }: ImageOptions): Promise<ReadImage> {
  const read = await readImageContent(layout, {
    name,
    platform: platform ?? { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch },
    platformAsked: platform !== null,
    cache: cache ? new ContentCache(join(stateDirectory().root, 'check', 'content'), version) : null,
    clock: () => performance.now(),
  });
  if (!read.ok) throw new CannotCheck(`${targetText} cannot be read: ${read.reason}`);
  return read.value;
}

async function fromLayout(options: ImageOptions): Promise<ImageToCheck> {
  const { target, keys } = options;
  if (target.kind === 'registry') throw new Error('a registry is no layout');
  const opened = target.kind === 'oci' ? openDirectory(target.path) : openArchive(target.path);
  if (!opened.ok) throw new CannotCheck(opened.reason);
  try {
    const image = await contentIn(opened.layout, target.name, options);
    // Most layouts hold one image and nothing beside it; then there is nothing to look for.
    if (!holdsMore(opened.layout) && keys.length === 0) return { image, signatures: { items: [], incomplete: 'signatures lie in a registry, and this OCI layout holds none beside the image' } };
    const { layoutAsRegistry } = await import('@vedette/image/layout-registry');
    const registry = await layoutAsRegistry(opened.layout);
    return { image, signatures: await signaturesOf(registry, '', image, options, true) };
  } finally {
    opened.layout.close();
  }
}

function holdsMore(layout: Layout): boolean {
  const place = layout.open('index.json');
  // an index of one entry is a few hundred bytes; more than one is a reason to look
  return place !== null && place.sizeBytes > 700;
}

async function fromRegistry(options: ImageOptions): Promise<ImageToCheck> {
  const { target, registryConfig, plainHttp } = options;
  if (target.kind !== 'registry') throw new Error('a layout is no registry');
  const { openRegistryImage } = await import('@vedette/image/registry-layout');
  const { registryWith } = await import('../registry-access.ts');
  const { registry: name, repository } = target.reference;
  const registry = registryWith(name, { configPath: registryConfig, plainHttp });
  const opened = await openRegistryImage(registry, target.reference, { sleep: async (ms) => void (await sleep(ms)), onProgress: progressTo(process.stderr, options.targetText) });
  if (!opened.ok) throw new CannotCheck(`${opened.reason}\n${opened.remedy}`);
  const image = await contentIn(opened.layout, null, options);
  if (opened.layout.bytes > 0 && process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  return { image, signatures: await signaturesOf(registry, repository, image, options, false) };
}

async function signaturesOf(registry: Registry, repository: string, image: ReadImage, { keys }: ImageOptions, isCopy: boolean): Promise<OpenList<SignatureFacts>> {
  const { signatureFacts } = await import('@vedette/image/signatures');
  const { readKeys } = await import('../registry-access.ts');
  const manifests = [];
  for (const digest of [image.content.digest, ...(image.indexDigest === null ? [] : [image.indexDigest])]) {
    const found = await registry.manifest(repository, digest);
    if (found.state !== 'known') return { items: [], incomplete: `signatures could not be looked for: ${found.detail}` };
    manifests.push(found.value);
  }
  return await signatureFacts({ registry, repository, manifests, isCopy }, readKeys(keys, (path) => basename(path)));
}

/** A terminal has one line that changes; a log gets a line now and then. */
function progressTo(stream: NodeJS.WriteStream, what: string): (progress: PullProgress) => void {
  let saidMs = performance.now();
  return ({ bytes, bytesExpected }) => {
    const nowMs = performance.now();
    if (nowMs - saidMs < (stream.isTTY ? 200 : progressMs)) return;
    saidMs = nowMs;
    const mib = (count: number) => Math.round(count / 2 ** 20);
    const line = `${what}: ${mib(bytes)} of ${mib(bytesExpected)} MiB of its layers so far`;
    stream.write(stream.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  };
}
