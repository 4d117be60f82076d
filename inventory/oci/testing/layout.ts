/** OCI layouts for tests: tar entries written by hand, so that they can be as broken as a test wants them. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

export interface Written {
  readonly path: string;
  readonly type?: string;
  readonly content?: string | Uint8Array;
  readonly target?: string;
  /** As the header says, where it lies. */
  readonly size?: number;
  readonly breakChecksum?: boolean;
}

export function tarOf(entries: readonly Written[], end = true): Buffer {
  return Buffer.concat([...entries.flatMap((one) => blocksOf(one)), ...(end ? [Buffer.alloc(1024)] : [])]);
}

function blocksOf({ path, type, content = '', target = '', size, breakChecksum = false }: Written): Buffer[] {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(path, 0, 100);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${(size ?? bytes.length).toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.fill(' ', 148, 156);
  header.write(type ?? (target !== '' ? '2' : path.endsWith('/') ? '5' : '0'), 156);
  header.write(target, 157, 100);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0) + (breakChecksum ? 1 : 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}

/** An entry under a name of any length, by a pax header before it. */
export function withPax(records: Readonly<Record<string, string>>, entry: Written): Written[] {
  const text = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(rest) + 1;
    while (`${length}`.length + Buffer.byteLength(rest) !== length) length += 1;
    return `${length}${rest}`;
  });
  return [{ path: 'pax', type: 'x', content: text.join('') }, entry];
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export interface ImageWritten {
  readonly layers: readonly (readonly Written[] | Buffer)[];
  readonly compression?: 'gzip' | 'zstd' | 'none';
  readonly config?: object;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly tag?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What the configuration says that the layers unpack to. */
  readonly diffIds?: readonly string[];
}

type Descriptor = { mediaType: string; digest: string; size: number; platform?: object; annotations?: object };

const suffixes = { gzip: '+gzip', zstd: '+zstd', none: '' } as const;

export class LayoutWriter {
  readonly directory: string;
  readonly #manifests: Descriptor[] = [];

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true });
    writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  }

  blob(mediaType: string, bytes: Uint8Array): Descriptor {
    const digest = digestOf(bytes);
    writeFileSync(join(this.directory, 'blobs', 'sha256', digest.slice(7)), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  json(mediaType: string, value: object): Descriptor {
    return this.blob(mediaType, Buffer.from(JSON.stringify(value)));
  }

  manifest({ layers, compression = 'gzip', config = {}, platform = { os: 'linux', architecture: 'amd64' }, diffIds }: ImageWritten): Descriptor {
    const tars = layers.map((one) => (Buffer.isBuffer(one) ? one : tarOf(one)));
    const blobs = tars.map((tar) => this.blob(`application/vnd.oci.image.layer.v1.tar${suffixes[compression]}`, compression === 'gzip' ? gzipSync(tar) : compression === 'zstd' ? zstdCompressSync(tar) : tar));
    const configured = this.json('application/vnd.oci.image.config.v1+json', { ...platform, config, rootfs: { type: 'layers', diff_ids: diffIds ?? tars.map(digestOf) } });
    return { ...this.json('application/vnd.oci.image.manifest.v1+json', { schemaVersion: 2, config: configured, layers: blobs }), platform };
  }

  /** An image of its own, or an index of several platforms. */
  add(image: ImageWritten | readonly ImageWritten[]): string {
    const [first] = Array.isArray(image) ? (image as readonly ImageWritten[]) : [image as ImageWritten];
    const descriptor = Array.isArray(image)
      ? this.json('application/vnd.oci.image.index.v1+json', { schemaVersion: 2, manifests: (image as readonly ImageWritten[]).map((one) => this.manifest(one)) })
      : this.manifest(image as ImageWritten);
    const annotations = { ...(first?.tag === undefined ? {} : { 'org.opencontainers.image.ref.name': first.tag }), ...first?.annotations };
    this.#manifests.push({ ...descriptor, annotations });
    this.finish(this.#manifests);
    return descriptor.digest;
  }

  finish(manifests: readonly object[]): void {
    writeFileSync(join(this.directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  }
}
