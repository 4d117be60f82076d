/**
 * A registry's image as an OCI layout, so that it is read on the same road as one on disk: an index with the one thing that the reference
 * names, manifests and blobs behind it. Nothing is written to disk: layers flow through the reader once, which checks each digest before
 * anything of it counts. A connection that breaks is taken up again where it broke, a few times. Bounded by the sizes that manifests
 * promise; a registry that sends more is cut off.
 */
import { wordsOf, type Answer, type Unknown } from '@vedette/model/origin';
import { Unreadable, type BlobPlace, type Layout } from '@vedette/inventory/oci/layout';
import { Broken } from '@vedette/origin/ask/stream';
import type { Manifest } from '@vedette/origin/oci/manifest';
import { formatReference, type ImageReference } from '@vedette/origin/oci/reference';
import type { Registry } from '@vedette/origin/oci/registry';

export interface PullProgress {
  /** Of all blobs that were asked for so far. */
  readonly bytes: number;
  readonly bytesExpected: number;
}

export interface RegistryLayout extends Layout {
  /** Those that were read, by digest: signatures are looked for beside them. */
  manifest(digest: string): Manifest | null;
  readonly bytes: number;
}

export type OpenedRegistry = { readonly ok: true; readonly layout: RegistryLayout } | { readonly ok: false; readonly reason: string; readonly remedy: string };

export interface PullOptions {
  readonly sleep: (ms: number) => Promise<void>;
  readonly onProgress?: (progress: PullProgress) => void;
}

const attemptsMax = 4;
const retryMs = 500;
/** Of all layers as they are stored. */
const imageBytesMax = 64 * 2 ** 30;

export async function openRegistryImage(registry: Registry, reference: ImageReference, options: PullOptions): Promise<OpenedRegistry> {
  const found = await registry.manifest(reference.repository, reference.digest ?? reference.tag!);
  const name = formatReference(reference);
  if (found.state === 'absent') return { ok: false, reason: `${name}: ${found.detail}`, remedy: 'check the name and the tag, and that it was pushed' };
  if (found.state === 'unknown') return { ok: false, reason: `${name}: ${wordsOf(found.reason)}: ${found.detail}`, remedy: remedyFor(found) };
  return { ok: true, layout: new OpenLayout(registry, reference, found.value, options) };
}

export function remedyFor({ reason }: Unknown): string {
  switch (reason) {
    case 'unauthenticated':
      return 'give credentials: --registry-config ~/.docker/config.json';
    case 'wrong-credentials':
      return 'log in again, so that the file of --registry-config holds credentials that are still good';
    case 'forbidden':
      return 'ask for permission to pull from this repository';
    case 'rate-limited':
      return 'wait, or pull with credentials';
    case 'unreachable':
      return 'check the name of the registry and the way to it; a registry without TLS needs --plain-http';
    case 'timeout':
    case 'unavailable':
    case 'incomplete':
      return 'try again';
    case 'digest-mismatch':
      return 'do not use this image: the registry, or something on the way to it, sends other bytes than it names';
    case 'not-found':
    case 'malformed':
    case 'unsupported':
      return 'check that this is a registry, and the name of the repository in it';
    default:
      return 'check the registry';
  }
}

interface Expected {
  readonly kind: 'manifest' | 'blob';
  readonly sizeBytes: number;
}

class OpenLayout implements RegistryLayout {
  readonly #registry: Registry;
  readonly #repository: string;
  readonly #options: PullOptions;
  readonly #index: Uint8Array;
  readonly #manifests = new Map<string, Manifest>();
  readonly #expected = new Map<string, Expected>();
  #bytesExpected = 0;
  bytes = 0;

  constructor(registry: Registry, reference: ImageReference, top: Manifest, options: PullOptions) {
    this.#registry = registry;
    this.#repository = reference.repository;
    this.#options = options;
    const named = { 'io.containerd.image.name': formatReference(reference) };
    this.#index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: top.mediaType, digest: top.digest, size: top.bytes.length, annotations: named }] }));
    this.#learn(top);
  }

  manifest(digest: string): Manifest | null {
    return this.#manifests.get(digest) ?? null;
  }

  open(name: string): BlobPlace | null {
    if (name === 'index.json') return placeOf(this.#index);
    const digest = name.replace(/^blobs\//, '').replace('/', ':');
    const held = this.#manifests.get(digest);
    if (held !== undefined) return placeOf(held.bytes);
    const expected = this.#expected.get(digest);
    if (expected === undefined) return null;
    return { sizeBytes: expected.sizeBytes, stream: () => (expected.kind === 'manifest' ? this.#fetchManifest(digest) : this.#fetchBlob(digest, expected.sizeBytes)) };
  }

  close(): void {}

  /** What a manifest names may be opened from now on. */
  #learn(manifest: Manifest): void {
    this.#manifests.set(manifest.digest, manifest);
    this.#expected.set(manifest.digest, { kind: 'manifest', sizeBytes: manifest.bytes.length });
    if (manifest.kind === 'index') for (const one of manifest.manifests) this.#expected.set(one.digest, { kind: 'manifest', sizeBytes: one.size });
    else for (const one of [manifest.config, ...manifest.layers]) this.#expected.set(one.digest, { kind: 'blob', sizeBytes: one.size });
  }

  async *#fetchManifest(digest: string): AsyncGenerator<Uint8Array> {
    const found = await this.#registry.manifest(this.#repository, digest);
    if (found.state !== 'known') throw unreadable(found);
    this.#learn(found.value);
    yield found.value.bytes;
  }

  async *#fetchBlob(digest: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
    this.#bytesExpected += sizeBytes;
    if (this.#bytesExpected > imageBytesMax) throw new Unreadable(`the image is larger than ${imageBytesMax} bytes`);
    let at = 0;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#registry.pieces(this.#repository, digest, at);
      let broken: Unknown | null = null;
      if (answer.state === 'known') {
        try {
          for await (const piece of answer.value) {
            at += piece.length;
            if (at > sizeBytes) throw new Unreadable(`the registry sends more than the ${sizeBytes} bytes that the manifest promises`);
            this.bytes += piece.length;
            this.#options.onProgress?.({ bytes: this.bytes, bytesExpected: this.#bytesExpected });
            yield piece;
          }
        } catch (error) {
          if (!(error instanceof Broken)) throw error;
          broken = error.why;
        }
        // Ended early without a word: the digest would tell, but taking it up again mends it.
        if (broken === null && at === sizeBytes) return;
      } else if (answer.state === 'absent' || !mayPass(answer)) throw unreadable(answer);
      else broken = answer;
      if (attempt >= attemptsMax) throw new Unreadable(broken === null ? `the registry ends it after ${at} of ${sizeBytes} bytes` : `${broken.detail}, ${at} of ${sizeBytes} bytes were read`);
      await this.#options.sleep(retryMs * attempt);
    }
  }
}

/** Whether the same question may be answered a moment later. */
function mayPass({ reason }: Unknown): boolean {
  return reason === 'timeout' || reason === 'unavailable' || reason === 'incomplete' || reason === 'unreachable';
}

function unreadable(answer: Exclude<Answer<unknown>, { state: 'known' }>): Unreadable {
  return new Unreadable(answer.state === 'absent' ? answer.detail : `${wordsOf(answer.reason)}: ${answer.detail}; ${remedyFor(answer)}`);
}

function placeOf(bytes: Uint8Array): BlobPlace {
  return {
    sizeBytes: bytes.length,
    async *stream() {
      yield bytes;
    },
  };
}

