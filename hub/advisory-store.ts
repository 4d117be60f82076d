/**
 * The advisory store as assess needs it: opens the file that the sync wrote, follows it when another takes its place,
 * and turns matches into words. No file, or one that cannot be read, is a state with a sentence.
 */
import { matchPackages } from '@vedette/advisories/match';
import { ecosystemsWithOrder, ecosystemWithoutRelease } from '@vedette/advisories/order/order';
import { openStore, type AdvisoryStore } from '@vedette/advisories/store';
import type { FeedView } from '@vedette/model/api/views';
import type { Advisories, AdvisoryMatch, AdvisorySource, PackageToMatch } from './assess/advisories.ts';

/** Raised when the same advisories would match otherwise than before: everything is matched again. */
const matcherVersion = 2;

const detailsLengthMax = 20_000;

function time(text: string | null): string | null {
  if (text === null) return null;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

function words(text: string | null, max: number): string | null {
  return text === null ? null : text.slice(0, max).replaceAll('\0', '').toWellFormed();
}

function feedViews(store: AdvisoryStore, now: Date): FeedView[] {
  return store.feeds().map((feed) => {
    const syncedAt = time(feed.syncedAt) ?? now.toISOString();
    return {
      ecosystem: feed.ecosystem,
      advisories: feed.advisories,
      newest: time(feed.newest),
      syncedAt,
      rejected: feed.rejected,
      ageSeconds: Math.max(0, Math.round((now.getTime() - new Date(syncedAt).getTime()) / 1000)),
    };
  });
}

function matchAll(store: AdvisoryStore, packages: readonly PackageToMatch[]): AdvisoryMatch[] {
  const found = matchPackages(packages, store);
  // Half an answer would end matches that still hold.
  if (found.problem !== null) throw new Error(found.problem);
  const known = new Map<string, ReturnType<AdvisoryStore['advisory']>>();
  return found.matches.map((match): AdvisoryMatch => {
    if (!known.has(match.advisoryId)) known.set(match.advisoryId, store.advisory(match.advisoryId));
    const advisory = known.get(match.advisoryId) ?? null;
    return {
      index: match.packageIndex,
      id: match.advisoryId,
      aliases: match.aliases,
      summary: words(advisory?.summary ?? null, 2000),
      details: words(advisory?.details ?? null, detailsLengthMax),
      severity: match.malicious ? 'critical' : match.severity,
      cvss: match.cvss,
      malicious: match.malicious,
      exploited: null,
      fixedIn: match.fixedIn,
      uncertain: match.kind === 'unknown' ? (match.reason ?? 'the versions cannot be compared') : null,
      published: time(advisory?.published ?? null),
      modified: time(advisory?.modified ?? null),
      references: (advisory?.references ?? []).slice(0, 60).map((reference) => words(reference, 2000) ?? ''),
    };
  });
}

function sourceOf(store: AdvisoryStore): AdvisorySource {
  return {
    version: `${matcherVersion} ${store.revision}`,
    advisories: store.feeds().reduce((sum, feed) => sum + feed.advisories, 0),
    match: (packages) => matchAll(store, packages),
    covers: (ecosystem) => ecosystem !== '' && ecosystemsWithOrder.includes(ecosystemWithoutRelease(ecosystem)) && store.covers(ecosystem),
    feeds: (now) => feedViews(store, now),
  };
}

/** Whoever was handed a store may still be asking it when the next one is there: it stays open for a while. */
const retiredMs = 300_000;
const retiredMax = 16;

export class FollowedAdvisories {
  readonly #file: string;
  #store: AdvisoryStore | undefined;
  readonly #retired = new Map<AdvisoryStore, NodeJS.Timeout>();
  #now: Advisories = { source: undefined, problem: 'The advisory store was not opened yet.' };

  constructor(file: string) {
    this.#file = file;
    this.follow();
  }

  get now(): Advisories {
    return this.#now;
  }

  /** Opens the file that is there now; answers whether it is another than before. */
  follow(): boolean {
    if (this.#store?.isCurrent() === true) return false;
    const before = this.#now;
    const opened = openStore(this.#file);
    if (this.#store !== undefined) this.#retire(this.#store);
    if ('problem' in opened) {
      this.#store = undefined;
      this.#now = { source: undefined, problem: opened.sentence };
      return before.source !== undefined || before.problem !== opened.sentence;
    }
    this.#store = opened;
    this.#now = { source: sourceOf(opened) };
    return true;
  }

  #retire(store: AdvisoryStore): void {
    this.#retired.set(store, setTimeout(() => this.#end(store), retiredMs).unref());
    const [oldest] = this.#retired.keys();
    if (this.#retired.size > retiredMax && oldest !== undefined) this.#end(oldest);
  }

  #end(store: AdvisoryStore): void {
    clearTimeout(this.#retired.get(store));
    this.#retired.delete(store);
    store.close();
  }

  close(): void {
    for (const store of this.#retired.keys()) this.#end(store);
    this.#store?.close();
    this.#store = undefined;
  }
}
