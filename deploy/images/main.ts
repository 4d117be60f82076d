/**
 * `npm run images`: the container images of hub, cluster part and sensor as OCI layouts, without a container engine. Each is
 * made beside and put in place whole; layers that images share are made once.
 */
import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { stateDirectory } from '@vedette/cli/state-directory';
import { version } from '@vedette/cli/version';
import { contentsOf, imageNames, nodeTree, type ImageName, type Tree } from './contents.ts';
import { baseline, debianSlice } from './debian.ts';
import { layerOf, type Layer } from './layer.ts';
import { beginLayout, blobsOf, endLayout } from './layout.ts';

const usage = `npm run images -- [--output DIRECTORY] [--only NAME …] [--tag TAG]

Makes the container images ${imageNames.join(', ')} as OCI layouts: DIRECTORY/hub and so on.

  --output   where they are put (images, below this directory, unless given)
  --only     one of them; may be repeated
  --tag      the tag that the layouts carry (${version} unless given)

Examples
  npm run images
  npm run images -- --only sensor --output /tmp/images
  skopeo copy oci:images/hub:${version} docker://registry.example/vedette/hub:${version}
`;

export interface MadeImage {
  readonly name: ImageName;
  readonly directory: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface ImagesOptions {
  readonly output: string;
  readonly names: readonly ImageName[];
  readonly tag: string;
  readonly buildRoot: string;
  readonly say: (line: string) => void;
}

/** Layers by what is in them: each is made once and copied to the images that have it. */
class Layers {
  readonly #place: string;
  readonly #made = new Map<string, Layer>();

  constructor(place: string) {
    this.#place = place;
  }

  async make(tree: Tree, blobs: string): Promise<Layer> {
    const layer = this.#made.get(tree.what) ?? (await this.#fill(tree));
    this.#made.set(tree.what, layer);
    const name = layer.digest.slice('sha256:'.length);
    await copyFile(path.join(this.#place, name), path.join(blobs, name));
    return layer;
  }

  async #fill(tree: Tree): Promise<Layer> {
    const root = await mkdtemp(path.join(this.#place, 'tree-'));
    await chmod(root, 0o755);
    try {
      await tree.fill(root);
      return await layerOf(root, this.#place, tree.what);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  }
}

function debianTree(packages: readonly string[]): Tree {
  return { what: `Debian: ${packages.join(', ')}`, fill: (root) => debianSlice(packages, root) };
}

async function makeImage(name: ImageName, options: ImagesOptions, layers: Layers): Promise<MadeImage> {
  const contents = contentsOf(name, options.buildRoot);
  const beside = path.join(options.output, `.${name}-${process.pid}`);
  const directory = path.join(options.output, name);
  try {
    await beginLayout(beside);
    const own = contents.packages.filter((one) => !baseline.includes(one));
    const made: Layer[] = [];
    for (const tree of [debianTree(baseline), nodeTree, ...(own.length === 0 ? [] : [debianTree(own)]), ...contents.trees]) {
      options.say(`${name}: ${tree.what}`);
      made.push(await layers.make(tree, blobsOf(beside)));
    }
    const labels = { 'org.opencontainers.image.title': contents.title, 'org.opencontainers.image.version': version, 'org.opencontainers.image.licenses': 'Apache-2.0' };
    const digest = await endLayout(beside, options.tag, made, { ...contents.config, labels, environment: { PATH: '/usr/bin:/bin', NODE_ENV: 'production', VEDETTE_STATE: '/var/lib/vedette' } });
    await rm(directory, { recursive: true, force: true });
    await rename(beside, directory);
    return { name, directory, digest, sizeBytes: made.reduce((sum, one) => sum + one.sizeBytes, 0) };
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

export async function makeImages(options: ImagesOptions): Promise<MadeImage[]> {
  await mkdir(options.output, { recursive: true });
  const place = await mkdtemp(path.join(tmpdir(), 'vedette-images-'));
  try {
    const layers = new Layers(place);
    const made: MadeImage[] = [];
    for (const name of options.names) made.push(await makeImage(name, options, layers));
    return made;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

function isImageName(text: string): text is ImageName {
  return imageNames.some((one) => one === text);
}

async function main(): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const { values } = parseArgs({ options: { output: { type: 'string', default: 'images' }, only: { type: 'string', multiple: true }, tag: { type: 'string', default: version }, help: { type: 'boolean', short: 'h' } }, strict: true });
  if (values.help === true) {
    say(usage);
    return 0;
  }
  const asked = values.only ?? [...imageNames];
  const foreign = asked.find((one) => !isImageName(one));
  if (foreign !== undefined) {
    process.stderr.write(`There is no image ${foreign}: there are ${imageNames.join(', ')}.\n`);
    return 2;
  }
  const began = Date.now();
  const made = await makeImages({ output: path.resolve(values.output), names: asked.filter(isImageName), tag: values.tag, buildRoot: stateDirectory().build, say: (line) => say(`  ${line}`) });
  for (const one of made) say(`✓ ${one.name.padEnd(8)} ${(one.sizeBytes / 1e6).toFixed(0).padStart(4)} MB  ${one.digest}  oci:${one.directory}:${values.tag}`);
  say(`${made.length} images in ${((Date.now() - began) / 1000).toFixed(0)} s`);
  return 0;
}

if (import.meta.main) {
  process.exitCode = await main().catch((error: unknown) => {
    process.stderr.write(`✗ ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  });
}
