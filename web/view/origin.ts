/**
 * Origin in words and states for the console: how a link of the chain is drawn, what a verdict is called, what an image's verdicts come to. Unknown is a
 * state of its own everywhere, and an image about which nobody was asked is not one without faults.
 */
import type { ChainLinkView, ImageView, OriginVerdictView } from '@vedette/model/api/origin';
import type { IntegrityKind, Station } from '@vedette/model/origin';

export const stationWords: Readonly<Record<Station, string>> = {
  process: 'Process', file: 'File', package: 'Package', layer: 'Layer', image: 'Image', registry: 'Registry', build: 'Build', commit: 'Commit', signer: 'Signer',
};

export const verdictWords: Readonly<Record<IntegrityKind, string>> = {
  'tag-moved': 'Tag moved', 'missing-in-registry': 'Missing in registry', 'unknown-digest': 'Unknown digest', unsigned: 'Unsigned', 'signature-failed': 'Signature failed', 'untrusted-registry': 'Untrusted registry',
};

export const confidenceSentences: Readonly<Record<ChainLinkView['claims'][number]['confidence'], string>> = {
  verified: 'Computed here: the digest of the bytes, a signature by a key that was given, or what the sensor saw.',
  recorded: 'A server that this hub is configured to ask says so of this very digest, or independent sources agree.',
  claimed: 'Whoever made the image or ran the pipeline says so, and nobody confirms it.',
  inferred: 'Follows from other answers, and may be wrong.',
};

export type LinkLook = 'firm' | 'said' | 'none' | 'open' | 'conflict';

/** Verified and recorded stand firm; a bare claim does not. */
export function lookOf(link: Pick<ChainLinkView, 'state' | 'confidence'>): LinkLook {
  switch (link.state) {
    case 'conflict': return 'conflict';
    case 'known': return link.confidence === 'verified' || link.confidence === 'recorded' ? 'firm' : 'said';
    case 'absent': return 'none';
    case 'unknown': return 'open';
    default: return link.state satisfies never;
  }
}

export const lookSentences: Readonly<Record<LinkLook, string>> = { firm: 'known', said: 'claimed by one side', none: 'known to be none', open: 'not known', conflict: 'sources contradict one another' };

/** One line below a station in the picture. */
export function shortText(link: ChainLinkView): string {
  const [claim] = link.claims;
  if (claim === undefined) return link.state === 'absent' ? 'none' : 'not known';
  // below the picture it stands whole; here the host of a registry would push out the name
  const named = link.station === 'image' || link.station === 'registry' ? claim.text.replace(/^[^/@\s]*[.:][^/@\s]*\//, '') : claim.text;
  const text = /^[0-9a-f]{40}$/.test(named) ? named.slice(0, 12) : named.replace(/@sha256:([0-9a-f]{12})[0-9a-f]+$/, link.station === 'image' ? '' : '@$1');
  return text.length > 60 ? `${text.slice(0, 28)}…${text.slice(-28)}` : text;
}

export type Standing = 'violated' | 'conflict' | 'unknown' | 'holds' | 'unasked';

/** What an image's verdicts come to, the gravest first. */
export function standingOf(image: Pick<ImageView, 'verdicts' | 'conflicts' | 'askedAt' | 'problem'>): Standing {
  if (image.verdicts.some((one) => one.state === 'violated')) return 'violated';
  if (image.conflicts.length > 0) return 'conflict';
  if (image.askedAt === null || image.verdicts.length === 0) return 'unasked';
  return image.verdicts.some((one) => one.state === 'unknown') ? 'unknown' : 'holds';
}

export function violatedOf(verdicts: readonly OriginVerdictView[]): readonly OriginVerdictView[] {
  return verdicts.filter((one) => one.state === 'violated');
}

export function unknownOf(verdicts: readonly OriginVerdictView[]): readonly OriginVerdictView[] {
  return verdicts.filter((one) => one.state === 'unknown');
}
