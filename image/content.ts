/**
 * What an image is by its digest alone: its configuration as far as policies ask for it, its packages in the one order, and the layer
 * that brought each. Nothing here changes as long as the digest is the same, so it is kept by the digest (`content-cache.ts`), goes
 * through JSON unharmed, and never holds a value of an environment variable. What time changes (names, advisories, signatures, support)
 * is told later, in `gather.ts`.
 */
import { readDistribution, type Distribution } from '@vedette/inventory/distribution';
import type { OciImage } from '@vedette/inventory/oci/image';
import { platformText } from '@vedette/inventory/oci/manifest';
import type { Package } from '@vedette/inventory/package-list';
import { isReadByScan, scan } from '@vedette/inventory/scan';
import { isRootUser, passwdPath, type RootAnswer } from '@vedette/inventory/users';

/** Raised when the same image would be read to another content than before: what is kept is read again. */
export const contentVersion = 1;

export interface ContentLayer {
  readonly digest: string;
  readonly diffId: string;
  readonly sizeBytes: number;
  /** Places in `packages` of those whose record this layer wrote last. */
  readonly packages: readonly number[];
}

export interface ImageContent {
  /** Of the manifest for the platform. */
  readonly digest: string;
  /** `linux/arm64/v8`. */
  readonly platform: string;
  readonly created: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Empty: none, which is root. */
  readonly user: string;
  readonly root: RootAnswer;
  /** Names, without their values. */
  readonly environment: readonly string[];
  readonly exposedPorts: readonly string[];
  /** The lowest first. */
  readonly layers: readonly ContentLayer[];
  readonly distribution: Distribution | null;
  /** Why it is not known; null with a null distribution: there is none. */
  readonly distributionProblem: string | null;
  readonly packages: readonly Package[];
  readonly revision: string;
  /** Because of which packages may be missing, one sentence each. */
  readonly packagesMissing: readonly string[];
  /** All that could not be read. */
  readonly problems: readonly string[];
  /** A bound was met on the way, perhaps the one of time: another reading may bring more. */
  readonly isCut: boolean;
}

const scanBudgetMs = 120_000;

/** Which files of an image have to be kept to read its content. */
export function isReadForContent(path: string): boolean {
  return path === passwdPath || isReadByScan(path);
}

export function contentOf(image: OciImage, clock: () => number): ImageContent {
  const scanned = scan(image.tree, { clock, budgetMs: scanBudgetMs });
  const { config, created } = image.config;
  const { distribution, problem } = readDistribution(image.tree);
  const user = config?.User ?? '';
  const brought: number[][] = image.layers.map(() => []);
  scanned.packages.forEach((one, at) => {
    const layer = layerOf(image, one);
    if (layer !== null) brought[layer]?.push(at);
  });
  return {
    digest: image.digest,
    platform: platformText(image.platform),
    created: created ?? null,
    labels: { ...config?.Labels },
    user,
    root: isRootUser(image.tree, user),
    // Values are where secrets are.
    environment: (config?.Env ?? []).map((one) => one.split('=')[0]!),
    exposedPorts: Object.keys(config?.ExposedPorts ?? {}),
    layers: image.layers.map((one, at) => ({ ...one, packages: brought[at]! })),
    distribution,
    distributionProblem: problem,
    packages: scanned.packages,
    revision: scanned.revision,
    packagesMissing: [...image.problems, ...scanned.packagesMissing],
    problems: [...image.problems, ...scanned.problems],
    isCut: scanned.truncated,
  };
}

const dpkg = '/var/lib/dpkg';

/** By the file that records the package. dpkg's status file is written whole by each layer that installs something, and tells nothing. */
function layerOf(image: OciImage, { reader, name, architecture, path }: Package): number | null {
  const records = reader === 'npm' ? [`${path}/package.json`] : [`${dpkg}/info/${name}.list`, `${dpkg}/info/${name}:${architecture}.list`, `${dpkg}/status.d/${name}`];
  for (const record of records) {
    const layer = image.layerOf(record);
    if (layer !== null) return layer;
  }
  return null;
}
