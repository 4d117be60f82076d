/**
 * Packages × the advisory store → findings: one for each package and vulnerability, whatever number of records speak of it. A
 * Debian package is asked for under its source package and release, and its source version is compared; an npm package
 * under its name. Every record about one vulnerability is heard: one that says "affected" is enough, except that where a
 * record is about this vulnerability alone, advisories that gather several say nothing more about it. A record that cannot
 * be compared with the version makes a finding of its own kind, unknown.
 *
 * What could not be asked at all is counted as not judged, with the reason: packages without an ecosystem, ecosystems
 * and releases about which the store holds nothing. No finding for those means nothing.
 */
import { type Claim, canonicalOf, claimsOf, groupByNames } from './identity.ts';
import { fixesAbove, judge } from './judge.ts';
import { compare, ecosystemWithoutRelease, ecosystemsWithOrder } from './order/order.ts';
import { type Rating, highest, isMalicious } from './severity.ts';
import { type AdvisoryStore, type Entry, isSqliteError } from './store.ts';

/** What matching must know of a package; inventory's and the wire's packages have it. */
export interface MatchInput {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  /** Empty: as the name, as the version. */
  readonly sourceName: string;
  readonly sourceVersion: string;
}

export interface Match {
  readonly packageIndex: number;
  readonly kind: 'affected' | 'unknown';
  /** Why it is unknown; null: it is affected. */
  readonly reason: string | null;
  /** The canonical name. */
  readonly advisoryId: string;
  readonly aliases: readonly string[];
  /** The ids of the records behind it. */
  readonly records: readonly string[];
  /** The earliest later version that every one of these records calls clear (Debian: of the source package); null: there is none. */
  readonly fixedIn: string | null;
  readonly severity: Rating['severity'];
  readonly cvss: number | null;
  readonly vector: string | null;
  readonly severityFrom: Rating['from'];
  /** Debian's own word for how pressing it is. */
  readonly urgency: string | null;
  readonly malicious: boolean;
}

export interface NotJudged {
  readonly ecosystem: string;
  readonly reason: string;
  readonly packages: number;
}

export interface MatchResult {
  /** In order of package, then of advisory. */
  readonly matches: readonly Match[];
  readonly packages: number;
  readonly judged: number;
  readonly notJudged: readonly NotJudged[];
  readonly affected: number;
  readonly unknown: number;
  /** The store failed while it was asked: what is here is not complete. */
  readonly problem: string | null;
}

type Verdict = Omit<Match, 'packageIndex'>;

/** Everything about one vulnerability of one package name. */
interface Group {
  readonly id: string;
  readonly names: ReadonlySet<string>;
  readonly claims: readonly { readonly entry: Entry; readonly claim: Claim }[];
}

export function matchPackages(packages: readonly MatchInput[], store: AdvisoryStore): MatchResult {
  const matching = new Matching(store);
  const matches: Match[] = [];
  const notJudged = new Map<string, { ecosystem: string; reason: string; packages: number }>();
  let judged = 0;
  let problem: string | null = null;
  try {
    for (const [packageIndex, one] of packages.entries()) {
      const reason = matching.whyNot(one);
      if (reason !== null) {
        const key = `${one.ecosystem}\n${reason}`;
        const counted = notJudged.get(key) ?? { ecosystem: one.ecosystem, reason, packages: 0 };
        counted.packages += 1;
        notJudged.set(key, counted);
        continue;
      }
      judged += 1;
      for (const verdict of matching.verdicts(one)) matches.push({ packageIndex, ...verdict });
    }
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    problem = `The advisory store failed while it was asked (${error.message}); the findings are not complete.`;
  }
  const affected = matches.filter(({ kind }) => kind === 'affected').length;
  return { matches, packages: packages.length, judged, notJudged: [...notJudged.values()], affected, unknown: matches.length - affected, problem };
}

class Matching {
  readonly #store: AdvisoryStore;
  readonly #reasons = new Map<string, string | null>();
  readonly #groups = new Map<string, readonly Group[]>();
  readonly #verdicts = new Map<string, readonly Verdict[]>();
  readonly #borrowed = new Map<string, Rating>();

  constructor(store: AdvisoryStore) {
    this.#store = store;
  }

  /** Null: the store has something to say about this package's ecosystem. */
  whyNot({ ecosystem }: MatchInput): string | null {
    const known = this.#reasons.get(ecosystem);
    if (known !== undefined) return known;
    const reason = this.#whyNot(ecosystem);
    this.#reasons.set(ecosystem, reason);
    return reason;
  }

  #whyNot(ecosystem: string): string | null {
    if (ecosystem === '') return 'no advisories are known under any name for the distribution of these packages';
    const name = ecosystemWithoutRelease(ecosystem);
    if (!ecosystemsWithOrder.includes(name)) return `versions of ${name} cannot be compared yet`;
    return this.#store.covers(ecosystem) ? null : `the advisory store holds nothing about ${ecosystem}`;
  }

  verdicts(one: MatchInput): readonly Verdict[] {
    const isDebian = ecosystemWithoutRelease(one.ecosystem) === 'Debian';
    const name = isDebian && one.sourceName !== '' ? one.sourceName : one.name;
    const version = isDebian && one.sourceVersion !== '' ? one.sourceVersion : one.version;
    const key = JSON.stringify([one.ecosystem, name, version]);
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const verdicts: Verdict[] = [];
    for (const group of this.#groupsOf(one.ecosystem, name)) {
      const verdict = this.#verdict(one.ecosystem, group, version);
      if (verdict !== null) verdicts.push(verdict);
    }
    verdicts.sort((a, b) => (a.advisoryId < b.advisoryId ? -1 : a.advisoryId > b.advisoryId ? 1 : 0));
    this.#verdicts.set(key, verdicts);
    return verdicts;
  }

  #groupsOf(ecosystem: string, name: string): readonly Group[] {
    const key = JSON.stringify([ecosystem, name]);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const claims = this.#store.find(ecosystem, name).flatMap((entry) => {
      const named = { id: entry.recordId, aliases: entry.aliases, upstream: entry.upstream };
      return claimsOf(named).map((claim) => ({ entry, claim }));
    });
    const groups = groupByNames(claims, ({ claim }) => claim.names).map(({ items, names }): Group => {
      const precise = items.filter(({ entry, claim }) => claim.precise && saysSomething(entry));
      return { id: canonicalOf(names), names, claims: precise.length > 0 ? precise : items };
    });
    this.#groups.set(key, groups);
    return groups;
  }

  /** Null: every record that counts says that this version is clear. */
  #verdict(ecosystem: string, group: Group, version: string): Verdict | null {
    const judged = group.claims.map(({ entry, claim }) => ({ entry, claim, judgement: judge(ecosystem, entry.statement, version) }));
    const speaking = judged.filter(({ judgement }) => judgement.state !== 'clear');
    if (speaking.length === 0) return null;
    const isAffected = speaking.some(({ judgement }) => judgement.state === 'affected');
    const unknown = speaking.map(({ judgement }) => judgement).find((judgement) => judgement.state === 'unknown');
    const rating = this.#rating(group);
    return {
      kind: isAffected ? 'affected' : 'unknown',
      reason: isAffected ? null : (unknown?.reason ?? null),
      advisoryId: group.id,
      aliases: [...group.names].filter((name) => name !== group.id).sort(),
      records: [...new Set(speaking.map(({ entry }) => entry.recordId))].sort(),
      fixedIn: fixedIn(ecosystem, group, version),
      severity: rating.severity,
      cvss: rating.cvss,
      vector: rating.vector,
      severityFrom: rating.from,
      urgency: speaking.map(({ entry }) => entry.statement.urgency).find((urgency) => urgency !== null) ?? null,
      malicious: speaking.some(({ entry }) => isMalicious(entry.recordId)),
    };
  }

  /** A distribution often leaves severity to others: then that of any record in the store with the same name counts. */
  #rating(group: Group): Rating {
    const own = highest(group.claims.filter(({ claim }) => claim.precise).map(({ entry }) => entry.rating));
    if (own.severity !== 'unknown') return own;
    const known = this.#borrowed.get(group.id);
    if (known !== undefined) return known;
    const borrowed = this.#store.advisory(group.id)?.rating ?? own;
    this.#borrowed.set(group.id, borrowed);
    return borrowed;
  }
}

function saysSomething({ statement }: Entry): boolean {
  return statement.ranges.length > 0 || statement.versions.length > 0;
}

/** A fix of one record may lie in a range of another: only a version that all call clear is offered. */
function fixedIn(ecosystem: string, group: Group, version: string): string | null {
  const candidates = group.claims.flatMap(({ entry }) => fixesAbove(ecosystem, entry.statement, version));
  let best: string | null = null;
  for (const candidate of new Set(candidates)) {
    if (best !== null && Number(compare(ecosystem, candidate, best)) >= 0) continue;
    if (group.claims.every(({ entry }) => judge(ecosystem, entry.statement, candidate).state === 'clear')) best = candidate;
  }
  return best;
}
