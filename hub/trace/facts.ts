/**
 * What is stored of where an image came from → the facts that policies speak about (signatures, labels, layers, trust). Pure. What was not asked, or not
 * answered, is unknown with its reason; a fact that somebody else knows better (from the image's own bytes) is theirs to put over these.
 */
import { wordsOf, type UnknownReason } from '@vedette/model/origin';
import type { ImageFacts } from '@vedette/policy/image-facts';
import { absent, known, unknown, type Fact } from '@vedette/policy/vocabulary';
import { remedyFor } from './remedy.ts';
import { readSaid, type Said } from './said.ts';

export type OriginImageFacts = Pick<ImageFacts, 'digest' | 'indexDigest' | 'platform' | 'created' | 'labels' | 'user' | 'runsAsRoot' | 'environment' | 'exposedPorts' | 'layers' | 'sizeBytes' | 'signatures'>;

export interface OriginStanding {
  readonly facts: OriginImageFacts;
  /** By the lists as they are now, not as they were when it was asked about. */
  readonly trusted: Fact<boolean>;
  readonly build: Fact<string>;
  readonly commit: Fact<string>;
  readonly properties: Fact<Readonly<Record<string, readonly string[]>>>;
}

function orAbsent<T>(value: T | null): Fact<T> {
  return value === null ? absent : known(value);
}

/** `said`: as stored; an image that was never asked about has none. */
export function originFactsFrom(stored: Readonly<Record<string, unknown>> | null, why = 'nobody was asked about this image yet'): OriginImageFacts {
  const said = stored === null ? null : readSaid(stored);
  return said === null ? allUnknown(why) : factsSaid(said);
}

export function factsSaid(said: Pick<Said, 'image' | 'signature'>): OriginImageFacts {
  const { image } = said;
  if (image.state !== 'known') {
    const why = whyNot(image);
    return { ...allUnknown(why), signatures: said.signature === null ? { items: [], incomplete: why } : signaturesOf(said) };
  }
  const { digest, indexDigest, platform, created, layers, labels, user, environment, exposedPorts } = image.value;
  const noConfig = unknown('the configuration of the image could not be read');
  return {
    digest: known(digest),
    indexDigest: orAbsent(indexDigest),
    platform: platform === null ? noConfig : known(platform),
    created: labels === null ? noConfig : orAbsent(created),
    labels: labels === null ? noConfig : known(labels),
    user: user == null ? noConfig : user === '' ? absent : known(user),
    runsAsRoot: user == null ? noConfig : rootOf(user),
    environment: environment == null ? noConfig : known(environment),
    exposedPorts: exposedPorts == null ? noConfig : known(exposedPorts),
    layers: known(layers.length),
    sizeBytes: known(layers.reduce((sum, one) => sum + one.size, 0)),
    signatures: signaturesOf(said),
  };
}

/** A name stands for a number that only the image's own /etc/passwd tells. */
function rootOf(user: string): Fact<boolean> {
  const name = user.split(':')[0]!;
  if (name === 'root') return known(true);
  if (name === '' || /^\d+$/.test(name)) return known(Number(name) === 0);
  return unknown(`which number the user ${name} has stands in the image's /etc/passwd, which is not read here: vedette check --hub reads it`);
}

/** In words, with what to do. */
export function whyNot(image: Exclude<Said['image'], { readonly state: 'known' }>): string {
  if (image.state === 'absent') return image.detail;
  const reason = image.reason as UnknownReason;
  const remedy = remedyFor(reason, 'registry');
  return `${wordsOf(reason)}: ${image.detail}${remedy === null ? '' : `. ${remedy}`}`;
}

function allUnknown(why: string): OriginImageFacts {
  const nothing = unknown(why);
  return { digest: nothing, indexDigest: nothing, platform: nothing, created: nothing, labels: nothing, user: nothing, runsAsRoot: nothing, environment: nothing, exposedPorts: nothing, layers: nothing, sizeBytes: nothing, signatures: { items: [], incomplete: why } };
}

/** A signature that does not count is one by nobody who is known: it is there, and it is not verified. */
function signaturesOf({ signature }: Pick<Said, 'signature'>): ImageFacts['signatures'] {
  if (signature === null) return { items: [], incomplete: 'the image could not be read, so its signatures were not looked for' };
  switch (signature.verdict) {
    case 'signed': return { items: [{ verified: known(true), signer: signature.signer === null ? absent : known(signature.signer.name) }], incomplete: null };
    case 'unsigned': return { items: [], incomplete: null };
    case 'failed': return { items: [{ verified: known(false), signer: absent }], incomplete: null };
    case 'unknown': return { items: [], incomplete: signature.sentence };
    default: return signature.verdict satisfies never;
  }
}

/** What no fact of the policy language names yet. `links`: the strongest claims of the chain. */
export function standingFrom(stored: Readonly<Record<string, unknown>> | null, trusted: Fact<boolean>, links: { readonly build: string | null; readonly commit: string | null }): OriginStanding {
  const said = stored === null ? null : readSaid(stored);
  const notAsked = unknown('nobody was asked about this image yet');
  return {
    facts: originFactsFrom(stored),
    trusted,
    build: links.build === null ? unknown('no build is known') : known(links.build),
    commit: links.commit === null ? unknown('no commit is known') : known(links.commit),
    properties: said === null ? notAsked : said.properties === null ? unknown('no Artifactory is configured') : said.properties.state === 'known' ? known(said.properties.value) : said.properties.state === 'absent' ? absent : unknown(said.properties.detail),
  };
}
