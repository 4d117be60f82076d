/**
 * The facts of one image that policies speak about at build, at deployment and of what runs: what it is called, what its configuration
 * says, what is in it, what is known to be wrong with it, who signed it, and at deployment who wants to run it. The table is the whole environment of a condition
 * with `on: image`; docs/policies.md shows it to people and a test compares the two.
 */
import { severities, type Severity } from '@vedette/model/policy';
import { absent, known, unknown, type Fact, type FactEntry, type FactValue, type ListEntry, type OpenList, type Vocabulary } from './vocabulary.ts';
import { workloadFactEntries, workloadRoot, type WorkloadFacts } from './workload-facts.ts';

export interface PackageFacts {
  /** `Debian:12`, `npm`; empty: no advisories are published for it under any name. */
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  /** Where it lies, for packages that have a folder; else empty. */
  readonly path: string;
}

export type Exposure = 'yes' | 'no' | 'not-applicable';

export interface VulnerabilityFacts {
  /** CVE before GHSA before others. */
  readonly id: string;
  readonly aliases: readonly string[];
  readonly severity: Fact<Severity>;
  readonly cvss: Fact<number>;
  readonly fixedIn: Fact<string>;
  /** The package itself is the attack. */
  readonly malicious: boolean;
  readonly package: PackageFacts;
  /** Unknown where the versions cannot be compared: the vulnerability may not be in the image at all. */
  readonly affected: Fact<true>;
  /** Whether a process has executed, mapped or opened a file of the package. */
  readonly loaded: Fact<Exposure>;
}

export interface SignatureFacts {
  readonly verified: Fact<boolean>;
  readonly signer: Fact<string>;
}

export interface ImageFacts {
  /** As it was named: registry.example.com/team/app:1.2. */
  readonly reference: Fact<string>;
  readonly registry: Fact<string>;
  readonly repository: Fact<string>;
  readonly tag: Fact<string>;
  readonly digest: Fact<string>;
  readonly indexDigest: Fact<string>;
  readonly pinned: Fact<boolean>;
  /** Its registry, or the folder in it, is in the list of trusted ones. */
  readonly registryTrusted: Fact<boolean>;
  readonly platform: Fact<string>;
  readonly created: Fact<string>;
  readonly labels: Fact<Readonly<Record<string, string>>>;
  readonly user: Fact<string>;
  readonly runsAsRoot: Fact<boolean>;
  readonly environment: Fact<readonly string[]>;
  readonly exposedPorts: Fact<readonly string[]>;
  readonly layers: Fact<number>;
  readonly sizeBytes: Fact<number>;
  readonly distributionId: Fact<string>;
  readonly distributionVersion: Fact<string>;
  readonly distributionEcosystem: Fact<string>;
  readonly supportedUntil: Fact<string>;
  readonly endOfLife: Fact<boolean>;
  readonly advisoriesAgeDays: Fact<number>;
  readonly packages: OpenList<PackageFacts>;
  readonly vulnerabilities: OpenList<VulnerabilityFacts>;
  readonly signatures: OpenList<SignatureFacts>;
  /** Who wants to run it; only at deployment. */
  readonly workload?: WorkloadFacts;
}

/** Of the image itself, whoever wants to run it. */
export type ImageFactName = Exclude<keyof ImageFacts, 'workload'>;

type Single = { readonly [Key in keyof ImageFacts]-?: ImageFacts[Key] extends Fact<unknown> ? Key : never }[keyof ImageFacts];

const keys = new Map<string, Single>();
/** Under which key of `ImageFacts` the fact of a name stands. */
export const imageFactKeys: ReadonlyMap<string, Single> = keys;

function fact(name: string, type: FactEntry<ImageFacts>['type'], key: Single, about: string): FactEntry<ImageFacts> {
  keys.set(`image.${name}`, key);
  return { name: `image.${name}`, type, about, read: (image) => image[key] as Fact<FactValue> };
}

const singleFacts: readonly FactEntry<ImageFacts>[] = [
  fact('reference', 'string', 'reference', 'as it was named: `registry.example.com/team/app:1.2`'),
  fact('registry', 'string', 'registry', 'host and port of the registry; a short name such as `nginx` is on `docker.io`'),
  fact('repository', 'string', 'repository', 'the name inside the registry: `team/app`'),
  fact('tag', 'string', 'tag', 'empty: it was named without one'),
  fact('digest', 'string', 'digest', '`sha256:…` of the manifest for the platform'),
  fact('indexDigest', 'string', 'indexDigest', '`sha256:…` of the multi-platform index; empty: it has none'),
  fact('pinned', 'bool', 'pinned', 'the reference names a digest'),
  fact('registryTrusted', 'bool', 'registryTrusted', 'its registry or folder is in the list of trusted ones (the hub’s integrations, `--trust` in a pipeline); unknown where no list was given'),
  fact('platform', 'string', 'platform', '`linux/amd64`, `linux/arm64/v8`'),
  fact('created', 'string', 'created', 'RFC 3339, as the configuration says; empty: it says nothing'),
  fact('labels', 'map<string, string>', 'labels', 'ask `"name" in image.labels` before `image.labels["name"]`'),
  fact('user', 'string', 'user', 'as the configuration says; empty: none, which is root'),
  fact('runsAsRoot', 'bool', 'runsAsRoot', 'the user is root by number or by the image’s own /etc/passwd'),
  fact('environment', 'list<string>', 'environment', 'names of the environment variables, never their values'),
  fact('exposedPorts', 'list<string>', 'exposedPorts', '`8080/tcp`'),
  fact('layers', 'int', 'layers', 'how many'),
  fact('sizeBytes', 'int', 'sizeBytes', 'of all layers as they are stored, compressed'),
  fact('distribution.id', 'string', 'distributionId', 'ID of os-release; empty: the image has no distribution'),
  fact('distribution.version', 'string', 'distributionVersion', 'VERSION_ID of os-release'),
  fact('distribution.ecosystem', 'string', 'distributionEcosystem', 'under which name advisories exist, `Debian:12`; empty: under none'),
  fact('distribution.supportedUntil', 'string', 'supportedUntil', 'last day with free security updates, `2028-06-30`'),
  fact('distribution.endOfLife', 'bool', 'endOfLife', 'that day is over'),
  fact('advisoriesAgeDays', 'int', 'advisoriesAgeDays', 'days since the oldest feed in use was synced'),
];

function field<Item>(list: string, name: string, type: FactEntry<Item>['type'], about: string, read: (item: Item) => Fact<FactValue>): FactEntry<Item> {
  return { name: `${list}.${name}`, type, about, read };
}

const packageList: ListEntry<ImageFacts, PackageFacts> = {
  name: 'image.packages',
  itemType: 'Package',
  about: 'what is installed in the image',
  read: (image) => image.packages,
  sentence: packageWords,
  fields: [
    field('image.packages', 'ecosystem', 'string', '`Debian:12`, `npm`', (one) => known(one.ecosystem)),
    field('image.packages', 'name', 'string', 'as its package manager calls it', (one) => known(one.name)),
    field('image.packages', 'version', 'string', 'as its package manager writes it', (one) => known(one.version)),
    field('image.packages', 'path', 'string', 'its folder, where it has one', (one) => known(one.path)),
  ],
};

const exposureWords = { texts: ['yes', 'no', 'not-applicable'], one: 'an answer of an exposure fact', all: 'The answers are' };
const vulnerabilityName = 'image.vulnerabilities';

const vulnerabilityList: ListEntry<ImageFacts, VulnerabilityFacts> = {
  name: vulnerabilityName,
  itemType: 'Vulnerability',
  about: 'one for each package and vulnerability',
  read: (image) => image.vulnerabilities,
  doubt: (one) => (one.affected.is === 'unknown' ? one.affected.reason : null),
  sentence: vulnerabilityWords,
  fields: [
    field(vulnerabilityName, 'id', 'string', '`CVE-2021-23337`', (one) => known(one.id)),
    field(vulnerabilityName, 'aliases', 'list<string>', 'its other names', (one) => known(one.aliases)),
    {
      ...field<VulnerabilityFacts>(vulnerabilityName, 'severity', 'string', '`critical`, `high`, `medium`, `low`; unknown where no record rates it', (one) => one.severity),
      words: { texts: severities, one: 'a severity', all: 'The severities are' },
    },
    field(vulnerabilityName, 'cvss', 'double', 'the score, where a record has a vector', (one) => one.cvss),
    field(vulnerabilityName, 'fixedIn', 'string', 'the earliest clear version; empty: there is none', (one) => one.fixedIn),
    field(vulnerabilityName, 'malicious', 'bool', 'the package itself is the attack', (one) => known(one.malicious)),
    field(vulnerabilityName, 'ecosystem', 'string', 'of its package', (one) => known(one.package.ecosystem)),
    field(vulnerabilityName, 'package', 'string', 'its name', (one) => known(one.package.name)),
    field(vulnerabilityName, 'version', 'string', 'of its package', (one) => known(one.package.version)),
    field(vulnerabilityName, 'path', 'string', 'of its package', (one) => known(one.package.path)),
    {
      ...field<VulnerabilityFacts>(vulnerabilityName, 'loaded', 'string', 'exposure: `yes`, `no`, `not-applicable`; only known of an image that runs', (one) => one.loaded),
      words: exposureWords,
    },
  ],
};

const signatureList: ListEntry<ImageFacts, SignatureFacts> = {
  name: 'image.signatures',
  itemType: 'Signature',
  about: 'signatures of the digest',
  read: (image) => image.signatures,
  sentence: (one) => `a signature by ${one.signer.is === 'known' ? one.signer.value : 'an unknown signer'}`,
  fields: [
    field('image.signatures', 'verified', 'bool', 'by a key that is trusted', (one) => one.verified),
    field('image.signatures', 'signer', 'string', 'name of the key or identity', (one) => one.signer),
  ],
};

export const imageVocabulary: Vocabulary<ImageFacts> = {
  roots: ['image', workloadRoot],
  facts: [...singleFacts, ...workloadFactEntries],
  lists: [packageList, vulnerabilityList, signatureList],
};

export function packageWords(one: PackageFacts): string {
  return `${one.name} ${one.version}${one.path === '' ? '' : ` in ${one.path}`}`;
}

function vulnerabilityWords(one: VulnerabilityFacts): string {
  const severity = one.severity.is === 'known' ? one.severity.value : 'severity not known';
  const kind = one.malicious ? 'malicious' : severity;
  return `${one.id} (${kind}) in ${packageWords(one.package)}${one.fixedIn.is === 'known' ? `, fixed in ${one.fixedIn.value}` : ''}`;
}

/** Nothing is known yet: what a gatherer starts from, so that what it forgets is unknown and not clean. */
export function unknownImage(reason: string): ImageFacts {
  const nothing = unknown(reason);
  const list = { items: [], incomplete: reason };
  return {
    reference: nothing, registry: nothing, repository: nothing, tag: nothing, digest: nothing, indexDigest: nothing, pinned: nothing, registryTrusted: nothing, platform: nothing,
    created: nothing, labels: nothing, user: nothing, runsAsRoot: nothing, environment: nothing, exposedPorts: nothing, layers: nothing, sizeBytes: nothing,
    distributionId: nothing, distributionVersion: nothing, distributionEcosystem: nothing, supportedUntil: nothing, endOfLife: nothing,
    advisoriesAgeDays: nothing, packages: list, vulnerabilities: list, signatures: list,
  };
}

type NameFacts = Pick<ImageFacts, 'reference' | 'registry' | 'repository' | 'tag' | 'pinned'>;

interface NameParts {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/**
 * As every client reads it: without a host, or with a first part that has neither dot nor colon and is not localhost, it is
 * on docker.io, and there a name of one part lies in `library`. Null: not the name of an image.
 */
function namePartsOf(reference: string): NameParts | null {
  if (reference.length > 512 || /[\s\p{Cc}]/u.test(reference)) return null;
  const parts = /^(?<name>[^@]+?)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>[a-z0-9+._-]+:[0-9a-f]{32,128}))?$/.exec(reference)?.groups;
  const name = parts?.['name'];
  if (name === undefined) return null;
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const registry = !hasHost || first === 'index.docker.io' ? 'docker.io' : first;
  const rest = hasHost ? name.slice(slash + 1) : name;
  const repository = registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest;
  if (!/^[a-z0-9]+([._/-]+[a-z0-9]+)*$/.test(repository) || !/^[\w.:[\]-]+$/.test(registry)) return null;
  return { registry, repository, tag: parts?.['tag'], digest: parts?.['digest'] };
}

/** An image's name into the facts about it. */
export function nameFacts(reference: string): NameFacts | null {
  const parts = namePartsOf(reference);
  if (parts === null) return null;
  const { registry, repository, tag, digest } = parts;
  return {
    reference: known(reference),
    registry: known(registry),
    repository: known(repository),
    tag: tag === undefined ? absent : known(tag),
    pinned: known(digest !== undefined),
  };
}

/** The same name as runtimes keep it: with its host and path, and with `latest` where neither tag nor digest is given. Null: not the name of an image. */
export function fullImageName(reference: string): string | null {
  const parts = namePartsOf(reference);
  if (parts === null) return null;
  const { registry, repository, tag, digest } = parts;
  const tagged = tag ?? (digest === undefined ? 'latest' : undefined);
  return `${registry}/${repository}${tagged === undefined ? '' : `:${tagged}`}${digest === undefined ? '' : `@${digest}`}`;
}
