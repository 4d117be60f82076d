/**
 * Feeds → a new store in the place of the old one. A source has OSV's own export layout: for each ecosystem a folder with
 * an `all.zip` or with .json files. The new store is built beside the old one and renamed over it as the last act, so
 * whatever happens before, the old one stays as it was. Within a sync each ecosystem stands for itself: one that fails keeps
 * what it had and says why, one that is not asked for keeps what it had. What a source no longer has disappears.
 *
 * A feed must not empty itself by accident: one without any usable record, or with more refused than usable, has failed.
 * One sync at a time for one store; a second one at the same moment is safe and the later renaming wins.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type ArchiveBounds, type Problem, type Reader, defaultArchiveBounds, readFolder, readZip } from './archive.ts';
import { type Fetch, download } from './download.ts';
import { ecosystemWithoutRelease } from './order/order.ts';
import { readOsv } from './osv.ts';
import { type Feed, StoreWriter, isSqliteError, openStore } from './store.ts';

export type Source =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string; readonly fetch: Fetch };

export interface Progress {
  readonly ecosystem: string;
  readonly phase: 'downloading' | 'reading' | 'keeping';
  readonly records: number;
  readonly bytes: number;
}

export interface SyncOptions {
  readonly storePath: string;
  /** Names of ecosystems without release. */
  readonly ecosystems?: readonly string[];
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly bounds?: Partial<ArchiveBounds>;
  readonly downloadMsMax?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface FeedOutcome {
  readonly ecosystem: string;
  readonly outcome: 'renewed' | 'unchanged' | 'failed';
  /** As it now is in the store; null: it has none. */
  readonly feed: Feed | null;
  readonly problem: string | null;
}

export interface SyncResult {
  /** Failed: the store is as it was. */
  readonly outcome: 'synced' | 'failed';
  readonly feeds: readonly FeedOutcome[];
  readonly problems: readonly string[];
}

export const defaultEcosystems = ['Debian', 'npm'] as const;

const rejectionKindsMax = 40;
const progressEvery = 500;
let syncsBegun = 0;

export async function syncFrom(source: Source, options: SyncOptions): Promise<SyncResult> {
  const wanted = [...new Set(options.ecosystems ?? defaultEcosystems)];
  const wrong = wanted.filter((name) => !/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/.test(name));
  if (wrong.length > 0 || wanted.length === 0) return failed([], `not the name of an ecosystem: ${JSON.stringify(wrong)}`);
  syncsBegun += 1;
  const building = `${options.storePath}.building-${process.pid}-${syncsBegun}`;
  try {
    removeLeftovers(options.storePath);
    return await new Sync(source, options, building).run(wanted);
  } catch (error) {
    // Full disks, missing rights, a file that breaks while it is read: the world. Anything else is a bug.
    if (!isSqliteError(error) && !(error instanceof Error && 'errno' in error)) throw error;
    return failed([], `the new store could not be written: ${error.message}`);
  } finally {
    for (const path of [building, `${building}-journal`, `${building}.zip`]) {
      if (existsSync(path)) rmSync(path, { force: true });
    }
  }
}

function failed(feeds: readonly FeedOutcome[], problem: string): SyncResult {
  return { outcome: 'failed', feeds, problems: [problem] };
}

/** What a sync left that was killed: files named after a process that is gone. */
function removeLeftovers(storePath: string): void {
  const prefix = `${basename(storePath)}.building-`;
  const directory = dirname(storePath);
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const pid = name.startsWith(prefix) ? Number(/^\d+/.exec(name.slice(prefix.length))?.[0]) : Number.NaN;
    if (Number.isInteger(pid) && pid !== process.pid && !existsSync(`/proc/${pid}`)) rmSync(`${directory}/${name}`, { force: true });
  }
}

class Sync {
  readonly #source: Source;
  readonly #options: SyncOptions;
  readonly #building: string;
  readonly #bounds: ArchiveBounds;
  readonly #problems: string[] = [];

  constructor(source: Source, options: SyncOptions, building: string) {
    this.#source = source;
    this.#options = options;
    this.#building = building;
    this.#bounds = { ...defaultArchiveBounds, ...options.bounds };
  }

  async run(wanted: readonly string[]): Promise<SyncResult> {
    const old = this.#oldFeeds();
    if (typeof old === 'string') return failed([], old);
    const writer = new StoreWriter(this.#building);
    try {
      const outcomes: FeedOutcome[] = [];
      for (const ecosystem of wanted) outcomes.push(await this.#one(writer, ecosystem, old.get(ecosystem) ?? null));
      const { signal } = this.#options;
      if (signal?.aborted === true) return failed(outcomes, 'the sync was stopped');
      if (outcomes.every(({ outcome }) => outcome === 'failed')) return { outcome: 'failed', feeds: outcomes, problems: this.#problems };
      for (const ecosystem of old.keys()) {
        if (!wanted.includes(ecosystem)) await this.#keep(writer, ecosystem, {});
      }
      writer.finish();
      renameSync(this.#building, this.#options.storePath);
      syncDirectory(dirname(this.#options.storePath));
      return { outcome: 'synced', feeds: outcomes, problems: this.#problems };
    } finally {
      writer.close();
    }
  }

  /** The feeds that there are; a sentence when the file in the store's place must not be replaced. */
  #oldFeeds(): Map<string, Feed> | string {
    const store = openStore(this.#options.storePath);
    if (!('problem' in store)) {
      const feeds = new Map(store.feeds().map((feed) => [feed.ecosystem, feed]));
      store.close();
      return feeds;
    }
    switch (store.problem) {
      case 'absent':
        return new Map();
      case 'foreign':
        return store.sentence;
      case 'newer':
      case 'corrupt':
        this.#problems.push(`The store is built anew, and ecosystems that are not in this sync are gone from it: ${store.sentence}`);
        return new Map();
      default:
        return store.problem satisfies never;
    }
  }

  async #keep(writer: StoreWriter, ecosystem: string, changed: Partial<Feed>): Promise<void> {
    this.#options.onProgress?.({ ecosystem, phase: 'keeping', records: 0, bytes: 0 });
    await writer.copyFeed(this.#options.storePath, ecosystem, changed, () => setImmediate());
  }

  async #one(writer: StoreWriter, ecosystem: string, old: Feed | null): Promise<FeedOutcome> {
    const syncedAt = new Date(this.#options.clock()).toISOString();
    const place = await this.#fetched(ecosystem, old);
    if (place.outcome === 'unchanged' && old !== null) {
      await this.#keep(writer, ecosystem, { syncedAt });
      return { ecosystem, outcome: 'unchanged', feed: { ...old, syncedAt }, problem: null };
    }
    if (place.outcome !== 'ready') return this.#failedFeed(writer, ecosystem, old, place.outcome === 'failed' ? place.problem : 'unchanged, but it was not here');
    const number = writer.openFeed(ecosystem);
    const filling = new Filling(writer, number, ecosystem, this.#options);
    let problem: Problem;
    try {
      problem = await place.read(filling);
    } catch (error) {
      if (!(error instanceof Error && 'errno' in error)) throw error;
      problem = `it cannot be read: ${error.message}`;
    }
    problem ??= filling.judgement();
    if (problem !== null) {
      writer.abandonFeed();
      return this.#failedFeed(writer, ecosystem, old, problem);
    }
    const feed: Feed = { ...filling.facts(), syncedAt, origin: place.origin, etag: place.etag };
    writer.closeFeed(number, feed);
    if (old !== null && feed.advisories * 2 < old.advisories) {
      this.#problems.push(`${ecosystem} had ${old.advisories} advisories and now has ${feed.advisories}.`);
    }
    return { ecosystem, outcome: 'renewed', feed, problem: null };
  }

  async #failedFeed(writer: StoreWriter, ecosystem: string, old: Feed | null, problem: string): Promise<FeedOutcome> {
    this.#problems.push(`${ecosystem} was not renewed: ${problem}.`);
    if (old !== null) await this.#keep(writer, ecosystem, {});
    return { ecosystem, outcome: 'failed', feed: old, problem };
  }

  async #fetched(ecosystem: string, old: Feed | null): Promise<Fetched> {
    const source = this.#source;
    switch (source.kind) {
      case 'directory': {
        const folder = `${source.path}/${ecosystem}`;
        const zip = `${folder}/all.zip`;
        const facts = { outcome: 'ready', origin: source.path, etag: null } as const;
        if (existsSync(zip)) return { ...facts, read: (reader) => readZip(zip, this.#bounds, reader) };
        if (existsSync(folder)) return { ...facts, read: (reader) => readFolder(folder, this.#bounds, reader) };
        return { outcome: 'failed', problem: `there is no folder ${JSON.stringify(ecosystem)} in ${source.path}` };
      }
      case 'url': {
        const zip = `${this.#building}.zip`;
        rmSync(zip, { force: true });
        const isSame = old !== null && old.origin === source.url;
        const got = await download(`${source.url.replace(/\/+$/, '')}/${encodeURIComponent(ecosystem)}/all.zip`, zip, {
          fetch: source.fetch,
          etag: isSame ? old.etag : null,
          bytesMax: this.#bounds.archiveBytesMax,
          timeoutMs: this.#options.downloadMsMax ?? 30 * 60_000,
          signal: this.#options.signal,
          onBytes: (bytes) => this.#options.onProgress?.({ ecosystem, phase: 'downloading', records: 0, bytes }),
        });
        if (got.outcome !== 'downloaded') return got;
        return { outcome: 'ready', origin: source.url, etag: got.etag, read: (reader) => readZip(zip, this.#bounds, reader) };
      }
      default:
        return source satisfies never;
    }
  }
}

type Fetched =
  | { readonly outcome: 'ready'; readonly origin: string; readonly etag: string | null; read(reader: Reader): Promise<Problem> }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'failed'; readonly problem: string };

/** Texts of records → rows of one feed, and the counts about it. */
class Filling implements Reader {
  readonly signal: AbortSignal | undefined;
  readonly #writer: StoreWriter;
  readonly #feed: number;
  readonly #ecosystem: string;
  readonly #onProgress: SyncOptions['onProgress'];
  readonly #rejections = new Map<string, number>();
  readonly #digests: string[] = [];
  #advisories = 0;
  #withdrawn = 0;
  #rejected = 0;
  #bytes = 0;
  #newest: string | null = null;

  constructor(writer: StoreWriter, feed: number, ecosystem: string, options: SyncOptions) {
    this.#writer = writer;
    this.#feed = feed;
    this.#ecosystem = ecosystem;
    this.#onProgress = options.onProgress;
    this.signal = options.signal;
  }

  record(text: string, bytes: number): void {
    this.#bytes += bytes;
    const seen = this.#advisories + this.#withdrawn + this.#rejected + 1;
    if (seen % progressEvery === 0) this.#onProgress?.({ ecosystem: this.#ecosystem, phase: 'reading', records: seen, bytes: this.#bytes });
    const record = readOsv(text);
    if ('rejected' in record) return this.refused(record.rejected);
    const isOfFeed = (ecosystem: string): boolean => ecosystemWithoutRelease(ecosystem) === this.#ecosystem;
    if (record.withdrawn === null && !record.affected.some((one) => isOfFeed(one.ecosystem))) return this.refused('names no package of this ecosystem');
    if (!this.#writer.add(this.#feed, record, isOfFeed)) return this.refused('id: was there already');
    this.#digests.push(createHash('sha256').update(text).digest('base64').slice(0, 24));
    if (record.withdrawn === null) this.#advisories += 1;
    else this.#withdrawn += 1;
    if (this.#newest === null || record.modified > this.#newest) this.#newest = record.modified;
  }

  refused(reason: string): void {
    this.#rejected += 1;
    const counted = this.#rejections.has(reason) || this.#rejections.size < rejectionKindsMax ? reason : 'other reasons';
    this.#rejections.set(counted, (this.#rejections.get(counted) ?? 0) + 1);
  }

  /** Why this cannot be the whole feed; null: it can. */
  judgement(): Problem {
    const usable = this.#advisories + this.#withdrawn;
    const reasons = [...this.#rejections].map(([reason, count]) => `${reason} (${count})`).slice(0, 3).join('; ');
    if (this.#advisories === 0) return `it has no usable record${reasons === '' ? '' : `: ${reasons}`}`;
    return this.#rejected > usable ? `${this.#rejected} of ${usable + this.#rejected} records were refused: ${reasons}` : null;
  }

  facts(): Omit<Feed, 'syncedAt' | 'origin' | 'etag'> {
    return {
      ecosystem: this.#ecosystem,
      advisories: this.#advisories,
      withdrawn: this.#withdrawn,
      rejected: this.#rejected,
      rejections: Object.fromEntries(this.#rejections),
      newest: this.#newest,
      content: createHash('sha256').update(this.#digests.sort().join('')).digest('hex'),
    };
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
