/**
 * Facts from any number of sources → one chain from the process to the signer. Pure. Each link keeps every claim with its source, confidence and age,
 * strongest first, and beside them who had nothing or could not say. Sources that contradict one another are a conflict, shown as one: the strongest
 * claim is not silently the truth. A station about which nobody was asked says that.
 */
import { confidences, stations, type Confidence, type OriginFact, type Source, type Station, type UnknownReason } from '@vedette/model/origin';

/** What a source says of a station. */
export interface LinkValue {
  /** For people, one line. */
  readonly text: string;
  /**
   * By what it is compared with other sources: names under a scheme, such as `revision` or `digest`. Two values contradict one another when
   * they name things under the same scheme and share none; without a common scheme nothing can be said.
   */
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly details: Readonly<Record<string, string>>;
}

export type StationFact = OriginFact<LinkValue> & { readonly station: Station };

export interface Claim {
  readonly value: LinkValue;
  readonly source: Source;
  readonly confidence: Confidence;
  readonly learnedAtMs: number;
  readonly ageSeconds: number;
}

/** A source that has nothing, or nothing to say. */
export interface Gap {
  readonly source: Source | null;
  readonly state: 'absent' | 'unknown';
  readonly reason: UnknownReason | null;
  readonly detail: string;
}

export interface Link {
  readonly station: Station;
  readonly state: 'known' | 'absent' | 'unknown' | 'conflict';
  /** The strongest first; of equals the newest. */
  readonly claims: readonly Claim[];
  readonly gaps: readonly Gap[];
  /** One sentence for each contradiction. */
  readonly conflicts: readonly string[];
  /** One sentence for each pair of sources that name the same, each by its own knowledge. */
  readonly agreements: readonly string[];
  /** Of the strongest claim; a claim that an independent source confirms counts as recorded. null: nothing is claimed. */
  readonly confidence: Confidence | null;
}

export interface Chain {
  readonly links: readonly Link[];
}

export function chainOf(facts: readonly StationFact[], nowMs: number): Chain {
  return { links: stations.map((station) => linkOf(station, facts.filter((one) => one.station === station), nowMs)) };
}

function linkOf(station: Station, facts: readonly StationFact[], nowMs: number): Link {
  const claims: Claim[] = [];
  const gaps: Gap[] = [];
  for (const { answer, source, confidence, learnedAtMs } of facts) {
    if (answer.state === 'known') claims.push({ value: answer.value, source, confidence, learnedAtMs, ageSeconds: Math.max(0, Math.round((nowMs - learnedAtMs) / 1000)) });
    else gaps.push({ source, state: answer.state, reason: answer.state === 'unknown' ? answer.reason : null, detail: answer.detail });
  }
  claims.sort((a, b) => confidences.indexOf(a.confidence) - confidences.indexOf(b.confidence) || b.learnedAtMs - a.learnedAtMs);
  if (facts.length === 0) gaps.push({ source: null, state: 'unknown', reason: 'not-asked', detail: 'nobody was asked' });
  const conflicts = conflictsAmong(station, claims);
  const agreements = agreementsAmong(station, claims);
  const [strongest = null] = claims.map((one) => one.confidence);
  return { station, state: stateOf(claims, gaps, conflicts), claims, gaps, conflicts, agreements, confidence: confidenceOf(strongest, conflicts, agreements) };
}

/** Two who agree record what each only claims; two records that contradict one another are claims, for one of them is not true. */
function confidenceOf(strongest: Confidence | null, conflicts: readonly string[], agreements: readonly string[]): Confidence | null {
  if (conflicts.length > 0) return strongest === 'recorded' ? 'claimed' : strongest;
  return agreements.length > 0 && (strongest === 'claimed' || strongest === 'inferred') ? 'recorded' : strongest;
}

/** What an image says of itself confirms nobody: whoever made it wrote both. */
function agreementsAmong(station: Station, claims: readonly Claim[]): string[] {
  const independent = claims.filter((one) => one.source.kind !== 'image-config');
  return independent.flatMap((one, at) =>
    independent.slice(at + 1).flatMap((other) => {
      const name = one.source.kind === other.source.kind ? null : sharedName(one.value, other.value);
      return name === null ? [] : [`${sourceWords(one.source)} and ${sourceWords(other.source)} agree on ${station} ${name}`];
    }),
  );
}

function sharedName(a: LinkValue, b: LinkValue): string | null {
  for (const [scheme, names] of Object.entries(a.names)) {
    const shared = names.find((one) => (b.names[scheme] ?? []).some((other) => isSame(scheme, one, other)));
    if (shared !== undefined) return shared;
  }
  return null;
}

/** One who could not say outweighs one who has nothing: it may have been there. */
function stateOf(claims: readonly Claim[], gaps: readonly Gap[], conflicts: readonly string[]): Link['state'] {
  if (conflicts.length > 0) return 'conflict';
  if (claims.length > 0) return 'known';
  return gaps.some((one) => one.state === 'unknown') ? 'unknown' : 'absent';
}

function conflictsAmong(station: Station, claims: readonly Claim[]): string[] {
  const out: string[] = [];
  claims.forEach((one, at) => {
    for (const other of claims.slice(at + 1)) {
      const scheme = contradiction(one.value, other.value);
      if (scheme !== null) out.push(`${station} ${one.value.names[scheme]!.join(', ')} according to ${sourceWords(one.source)}, ${other.value.names[scheme]!.join(', ')} according to ${sourceWords(other.source)}`);
    }
  });
  return out;
}

/** The scheme under which two values contradict one another; null: they do not. */
function contradiction(a: LinkValue, b: LinkValue): string | null {
  for (const [scheme, names] of Object.entries(a.names)) {
    const others = b.names[scheme] ?? [];
    if (names.length > 0 && others.length > 0 && !names.some((one) => others.some((other) => isSame(scheme, one, other)))) return scheme;
  }
  return null;
}

/** Commits are often written short: seven digits or more that begin the other are the same one. */
function isSame(scheme: string, a: string, b: string): boolean {
  if (scheme !== 'revision') return a === b;
  const [short, long] = [a.toLowerCase(), b.toLowerCase()].sort((x, y) => x.length - y.length) as [string, string];
  return short === long || (/^[0-9a-f]{7,}$/.test(short) && long.startsWith(short));
}

const sourceNames: Record<Source['kind'], string> = {
  sensor: 'the sensor',
  runtime: 'the container runtime',
  inventory: 'the inventory',
  registry: 'the registry',
  'image-config': "the image's own labels",
  signature: 'the signature',
  artifactory: 'Artifactory',
  'build-info': 'build info',
  xray: 'Xray',
  check: 'the check in CI',
};

export function sourceWords(source: Source): string {
  return `${sourceNames[source.kind]}${source.name === '' ? '' : ` (${source.name})`}`;
}
