/**
 * An OCI layout, a name in it and a platform → one image: its root as a FileTree that the scan reads like any other, and what
 * its manifest and configuration say of it. Every blob's digest is checked; an image of which anything cannot be read is
 * refused whole, with the reason, because half an image would look clean. This file alone knows the order of the steps.
 */
import { LayerReading, readSmall, readWhole, type BlobRead, type LayerBounds } from './blob.ts';
import type { Layout } from './layout.ts';
import {
  chooseByName, chooseByPlatform, Config, documentBytesMax, Index, indexDepthMax, isIndex, Manifest, namesOf, platformFits, platformText, readDocument,
  type Descriptor, type Platform,
} from './manifest.ts';
import { defaultMergeBounds, MergedRoot, type MergeBounds } from './merged-root.ts';
import { TarReader, type OnEntry } from './tar.ts';
import type { FileTree } from '../tree.ts';

export interface OciImage {
  readonly tree: FileTree;
  /** Of the manifest for the platform. */
  readonly digest: string;
  /** Of the multi-platform index above it; null: there is none. */
  readonly indexDigest: string | null;
  readonly platform: Platform;
  readonly config: Config;
  readonly layers: readonly { readonly digest: string; readonly diffId: string; readonly sizeBytes: number }[];
  /** What the layout calls it: tags, or whole names. */
  readonly names: readonly string[];
  /** What could not be kept of its content, one sentence each. */
  readonly problems: readonly string[];
  /** Which layer (its place in `layers`) brought the content of the file at this path; null: there is no such file. */
  layerOf(path: string): number | null;
}

export interface OciOptions {
  /** Tag or digest; null: the only image there is. */
  readonly name: string | null;
  readonly platform: Platform;
  /** The platform was asked for, so an image for another one is not what is meant. */
  readonly platformAsked: boolean;
  /** Which files will be read, by their path without links; the others' content is not kept. */
  readonly wants: (path: string) => boolean;
  readonly clock: () => number;
  readonly bounds?: Partial<LayerBounds & MergeBounds>;
}

export const defaultLayerBounds: LayerBounds = { unpackedBytesMax: 64 * 2 ** 30, budgetMs: 10 * 60_000 };

export async function readOciImage(layout: Layout, options: OciOptions): Promise<BlobRead<OciImage>> {
  const chosen = await chooseImage(layout, options);
  return chosen.ok ? await readChosenImage(layout, chosen.value, options) : chosen;
}

export async function readChosenImage(layout: Layout, { descriptor, indexDigest, names }: ChosenImage, options: OciOptions): Promise<BlobRead<OciImage>> {
  const manifest = await documentOf(layout, descriptor, Manifest, 'manifest');
  if (!manifest.ok) return manifest;
  const { layers } = manifest.value;
  const config = await documentOf(layout, manifest.value.config, Config, 'configuration');
  if (!config.ok) return config;
  const { diff_ids: diffIds } = config.value.rootfs;
  if (diffIds.length !== layers.length) return { ok: false, reason: `its manifest has ${layers.length} layers and its configuration ${diffIds.length}` };
  const platform: Platform = { os: config.value.os, architecture: config.value.architecture, ...(config.value.variant === undefined ? {} : { variant: config.value.variant }) };
  if (options.platformAsked && !platformFits(platform, options.platform)) return { ok: false, reason: `its image is for ${platformText(platform)}, not for ${platformText(options.platform)}` };
  const merged = await merge(layout, layers, diffIds, options);
  if (!merged.ok) return merged;
  return {
    ok: true,
    value: {
      tree: merged.value.tree,
      digest: descriptor.digest,
      indexDigest,
      platform,
      config: config.value,
      layers: layers.map(({ digest, size }, at) => ({ digest, diffId: diffIds[at]!, sizeBytes: size })),
      names,
      problems: merged.value.tooMuch ? ['files that would be read are too large or too many to be kept: what they hold is missing'] : [],
      layerOf: (path) => merged.value.layerOf(path),
    },
  };
}

export interface ChosenImage {
  /** Of the manifest for the platform. */
  readonly descriptor: Descriptor;
  readonly indexDigest: string | null;
  readonly names: readonly string[];
}

/** By name, then by platform. Nothing of the image itself is read yet: its digest is enough to know it again. */
export async function chooseImage(layout: Layout, options: Pick<OciOptions, 'name' | 'platform'>): Promise<BlobRead<ChosenImage>> {
  const top = await topIndex(layout);
  if (!top.ok) return top;
  const named = chooseByName(top.value, options.name);
  if (!named.ok) return named;
  const names = namesOf(named.descriptor);
  let { descriptor } = named;
  let indexDigest: string | null = null;
  for (let depth = 0; isIndex(descriptor); depth += 1) {
    if (depth >= indexDepthMax) return { ok: false, reason: `its indexes are nested deeper than ${indexDepthMax}` };
    const index = await documentOf(layout, descriptor, Index, 'index');
    if (!index.ok) return index;
    indexDigest ??= descriptor.digest;
    const chosen = chooseByPlatform(index.value, options.platform);
    if (!chosen.ok) return chosen;
    descriptor = chosen.descriptor;
  }
  return { ok: true, value: { descriptor, indexDigest, names } };
}

async function topIndex(layout: Layout): Promise<BlobRead<Index>> {
  const place = layout.open('index.json');
  if (place === null) return { ok: false, reason: 'it has no index.json, so it is no OCI layout' };
  if (place.sizeBytes > documentBytesMax) return { ok: false, reason: `its index.json has ${place.sizeBytes} bytes` };
  const bytes = await readWhole(place);
  return bytes.ok ? shaped(bytes.value, Index, 'index.json') : { ok: false, reason: `its index.json ${bytes.reason}` };
}

async function documentOf<T>(layout: Layout, descriptor: Descriptor, shape: Parameters<typeof readDocument<T>>[1], what: string): Promise<BlobRead<T>> {
  const bytes = await readSmall(layout, descriptor);
  return bytes.ok ? shaped(bytes.value, shape, `${what} ${descriptor.digest}`) : bytes;
}

function shaped<T>(bytes: Uint8Array, shape: Parameters<typeof readDocument<T>>[1], what: string): BlobRead<T> {
  const read = readDocument(bytes, shape);
  return read.ok ? read : { ok: false, reason: `the ${what} cannot be used: ${read.reason}` };
}

async function merge(layout: Layout, layers: readonly Descriptor[], diffIds: readonly string[], options: OciOptions): Promise<BlobRead<MergedRoot>> {
  const root = new MergedRoot(options.wants, { ...defaultMergeBounds, ...options.bounds });
  const reading = new LayerReading(layout, { ...defaultLayerBounds, ...options.bounds }, options.clock);
  const readLayer = async (at: number, onEntry: OnEntry): Promise<BlobRead<null>> => {
    const tar = new TarReader(onEntry);
    const read = await reading.read(layers[at]!, diffIds[at]!, (piece) => tar.push(piece));
    if (!read.ok) return read;
    const cut = tar.finish();
    return cut === null ? read : { ok: false, reason: `the layer ${layers[at]!.digest}: ${cut}` };
  };
  for (const at of layers.keys()) {
    root.nextLayer();
    const read = await readLayer(at, (entry) => root.put(entry));
    if (!read.ok) return read;
  }
  for (const [layer, ordinals] of root.unkept() ?? []) {
    const read = await readLayer(layer - 1, root.fill(layer, ordinals));
    if (!read.ok) return read;
  }
  return { ok: true, value: root };
}
