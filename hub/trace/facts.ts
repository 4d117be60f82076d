/**
 * What is stored of where an image came from → the facts that policies speak about (signatures, labels, layers, trust). Pure. What was not asked, or not
 * answered, is unknown with its reason; a fact that somebody else knows better (from the image's own bytes) is theirs to put over these.
 */
import { wordsOf, type UnknownReason } from '@vedette/model/origin';
import type { ImageFacts } from '@vedette/policy/image-facts';
import { absent, known, unknown, type Fact } from '@vedette/policy/vocabulary';
import { readSaid, type Said } from './said.ts';

export type OriginImageFacts = Pick<ImageFacts, 'digest' | 'indexDigest' | 'platform' | 'created' | 'labels' | 'layers' | 'sizeBytes' | 'signatures'>;

export interface OriginStanding {
  readonly facts: OriginImageFacts;
  /** Is its repository in a trusted registry? For rules and for people: docs/policies.md has no fact of it yet. */
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
  if (said === null) return allUnknown(why);
  const { image } = said;
  if (image.state !== 'known') return { ...allUnknown(image.state === 'absent' ? image.detail : `${wordsOf(image.reason as UnknownReason)}: ${image.detail}`), signatures: signaturesOf(said) };
  const { digest, indexDigest, platform, created, layers, labels } = image.value;
  const noConfig = unknown('the configuration of the image could not be read');
  return {
    digest: known(digest),
    indexDigest: orAbsent(indexDigest),
    platform: platform === null ? noConfig : known(platform),
    created: labels === null ? noConfig : orAbsent(created),
    labels: labels === null ? noConfig : known(labels),
    layers: known(layers.length),
    sizeBytes: known(layers.reduce((sum, one) => sum + one.size, 0)),
    signatures: signaturesOf(said),
  };
}

function allUnknown(why: string): OriginImageFacts {
  const nothing = unknown(why);
  return { digest: nothing, indexDigest: nothing, platform: nothing, created: nothing, labels: nothing, layers: nothing, sizeBytes: nothing, signatures: { items: [], incomplete: why } };
}

/** A signature that does not count is one by nobody who is known: it is there, and it is not verified. */
function signaturesOf({ signature }: Said): ImageFacts['signatures'] {
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
export function standingFrom(stored: Readonly<Record<string, unknown>> | null, links: { readonly build: string | null; readonly commit: string | null }): OriginStanding {
  const said = stored === null ? null : readSaid(stored);
  const notAsked = unknown('nobody was asked about this image yet');
  return {
    facts: originFactsFrom(stored),
    trusted: said === null ? notAsked : trustOf(said),
    build: links.build === null ? unknown('no build is known') : known(links.build),
    commit: links.commit === null ? unknown('no commit is known') : known(links.commit),
    properties: said === null ? notAsked : said.properties === null ? unknown('no Artifactory is configured') : said.properties.state === 'known' ? known(said.properties.value) : said.properties.state === 'absent' ? absent : unknown(said.properties.detail),
  };
}

function trustOf({ trusted }: Said): Fact<boolean> {
  return trusted.state === 'holds' ? known(true) : trusted.state === 'violated' ? known(false) : unknown(trusted.sentence);
}
