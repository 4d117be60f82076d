/**
 * A fact of an image, or of the workload that wants to run it, in words for people, with the name under which a policy asks it beside it:
 * `the registry docker.io is not trusted (image.registryTrusted)`. One without words of its
 * own is shown by name and value. The console, the pipeline and admission say the same because all take it from here.
 */
import { imageVocabulary, type ImageFacts } from './image-facts.ts';
import { factText, shown } from './message.ts';
import type { Fact, FactEntry, FactValue } from './vocabulary.ts';

/** `text`: the value as people read it, empty where there is none. */
type Words = (value: FactValue | null, text: string, image: ImageFacts) => string;

const yesNo = (yes: string, no: string): Words => (value) => (value === true ? yes : no);
const valued = (some: (text: string) => string, none: string): Words => (_, text) => (text === '' ? none : some(text));

function registryOf({ registry }: ImageFacts): string {
  return registry.is === 'known' ? `the registry ${shown(registry.value)}` : 'the registry of the image';
}

const imageWords: Readonly<Record<string, Words>> = {
  'image.reference': valued((text) => `the image is named ${text}`, 'the image has no name'),
  'image.registry': valued((text) => `the image comes from the registry ${text}`, 'the image comes from no registry'),
  'image.repository': valued((text) => `the image lies in the repository ${text}`, 'the image lies in no repository'),
  'image.tag': valued((text) => `the image is named by the tag ${text}`, 'the image is named without a tag'),
  'image.digest': valued((text) => `the image has the digest ${text}`, 'the image has no digest'),
  'image.indexDigest': valued((text) => `the image belongs to the index ${text}`, 'the image belongs to no index'),
  'image.pinned': yesNo('the image is named by its digest', 'the image is not named by its digest'),
  'image.registryTrusted': (value, _, image) => `${registryOf(image)} is ${value === true ? '' : 'not '}trusted`,
  'image.platform': valued((text) => `the image is for ${text}`, 'the image names no platform'),
  'image.created': valued((text) => `the image was created ${text}`, 'the image does not say when it was created'),
  'image.labels': valued((text) => `the image has the labels ${text}`, 'the image has no label'),
  'image.user': valued((text) => `the image runs as the user ${text}`, 'the image names no user, which is root'),
  'image.runsAsRoot': yesNo('the image runs as root', 'the image does not run as root'),
  'image.environment': valued((text) => `the image sets the variables ${text}`, 'the image sets no variable'),
  'image.exposedPorts': valued((text) => `the image exposes the ports ${text}`, 'the image exposes no port'),
  'image.layers': (_, text) => `the image has ${text || '0'} layers`,
  'image.sizeBytes': (_, text) => `the image has ${text || '0'} bytes`,
  'image.distribution.id': valued((text) => `the image is built on ${text}`, 'the image has no distribution'),
  'image.distribution.version': valued((text) => `its release is ${text}`, 'it names no release'),
  'image.distribution.ecosystem': valued((text) => `its advisories are those of ${text}`, 'no advisories are published for its distribution'),
  'image.distribution.supportedUntil': valued((text) => `its distribution is supported until ${text}`, 'its distribution has no end of support'),
  'image.distribution.endOfLife': yesNo('its distribution is no longer supported', 'its distribution is supported'),
  'image.advisoriesAgeDays': (_, text) => `the advisories are ${text || '0'} days old`,
};

const container = (yes: string, no: string): Words => yesNo(`the container ${yes}`, `the container ${no}`);
const pods = (yes: string, no: string): Words => yesNo(`its pods ${yes}`, `its pods ${no}`);

const workloadWords: Readonly<Record<string, Words>> = {
  'workload.kind': valued((text) => `the workload is a ${text}`, 'the workload has no kind'),
  'workload.name': valued((text) => `the workload is named ${text}`, 'the workload has no name yet'),
  'workload.namespace': valued((text) => `the workload is in the namespace ${text}`, 'the workload is in no namespace'),
  'workload.labels': valued((text) => `its pods have the labels ${text}`, 'its pods have no label'),
  'workload.serviceAccount': valued((text) => `its pods run as the service account ${text}`, 'its pods name no service account'),
  'workload.container': valued((text) => `the container is named ${text}`, 'the container has no name'),
  'workload.containerType': valued((text) => `the container is of the type ${text}`, 'the container has no type'),
  'workload.privileged': container('is privileged', 'is not privileged'),
  'workload.allowPrivilegeEscalation': container('allows privilege escalation', 'does not allow privilege escalation'),
  'workload.runAsNonRoot': container('must not start as root', 'may start as root'),
  'workload.runAsUser': (value, text) => (value === -1 ? 'neither the container nor its pod names a user' : `the container runs as the user ${text || '0'}`),
  'workload.readOnlyRootFilesystem': container('has a read-only root file system', 'has a writable root file system'),
  'workload.capabilitiesAdded': valued((text) => `the container adds the capabilities ${text}`, 'the container adds no capability'),
  'workload.capabilitiesDropped': valued((text) => `the container drops the capabilities ${text}`, 'the container drops no capability'),
  'workload.seccomp': valued((text) => `the container's seccomp profile is ${text}`, 'nobody names a seccomp profile for the container'),
  'workload.hostNetwork': pods("use the node's network", "have a network of their own"),
  'workload.hostPid': pods("see the node's processes", "do not see the node's processes"),
  'workload.hostIpc': pods("use the node's IPC", 'have an IPC of their own'),
  'workload.hostPaths': valued((text) => `its pods mount ${text} of the node`, 'its pods mount no path of the node'),
  'workload.hostPorts': valued((text) => `the container takes the node's ports ${text}`, 'the container takes no port of the node'),
  'workload.serviceAccountToken': pods('hold a token for the API server', 'hold no token for the API server'),
};

const words: ReadonlyMap<string, Words> = new Map([...Object.entries(imageWords), ...Object.entries(workloadWords)]);

/** Facts that have no words of their own: none, held by a test. */
export const factsWithoutWords: readonly string[] = imageVocabulary.facts.map((one) => one.name).filter((one) => !words.has(one));

/** Without a capital and a full stop, so that it can stand among others. Why a fact is unknown is said where it decides. */
export function factSentence({ name, read }: FactEntry<ImageFacts>, image: ImageFacts): string {
  const fact: Fact<FactValue> = read(image);
  const say = words.get(name);
  if (fact.is === 'unknown') return `${name} is not known`;
  if (say === undefined) return `${name} is ${factText(fact)}`;
  return `${say(fact.is === 'known' ? fact.value : null, fact.is === 'known' ? factText(fact) : '', image)} (${name})`;
}

const listWords: Readonly<Record<string, readonly [one: string, several: string]>> = {
  'image.packages': ['package', 'packages'],
  'image.vulnerabilities': ['known vulnerability', 'known vulnerabilities'],
  'image.signatures': ['signature', 'signatures'],
};

/** A list of which no item decided: the rule asks for what is not in it. */
export function listSentence(name: string, length: number): string {
  const [one, several] = listWords[name] ?? ['item', 'items'];
  if (length === 0) return `the image has no ${one} (${name} is empty)`;
  return length === 1 ? `the one ${one} of the image is not what the rule asks for (${name})` : `none of the ${length} ${several} of the image is what the rule asks for (${name})`;
}
