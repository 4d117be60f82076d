/**
 * The advisory store: one SQLite file, written once and then only read. A new one is built beside it (`StoreWriter`, used by the
 * sync) and takes its place by renaming, so a reader never sees half of one. The layout has a number: a file of a newer
 * layout, of another program or broken is refused with a sentence. Withdrawn records are kept without their statements: they
 * can be looked up and match nothing.
 *
 * A reader keeps the file that it opened; `isCurrent` says whether another has taken its place.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { type Advisory, type StoredRecord, mergeRecords } from './advisory.ts';
import { claimsOf } from './identity.ts';
import type { OsvRecord, RangeEvent, Statement } from './osv.ts';
import { type Rating, ratingOf } from './severity.ts';

/** `application_id` of the file: "VdAd". */
const applicationId = 0x56644164;
export const schemaVersion = 1;
const copiedAtOnce = 2000;

const schema = `
  create table feed (
    id integer primary key, ecosystem text not null unique, advisories integer not null, withdrawn integer not null,
    rejected integer not null, rejections text not null, newest text, synced_at text not null, origin text not null,
    etag text, content text not null
  ) strict;
  create table record (
    id integer primary key, feed integer not null references feed, name text not null, modified text not null, published text,
    withdrawn text, aliases text not null, upstream text not null, summary text not null, details text not null,
    links text not null, rating text not null, unique (feed, name)
  ) strict;
  create table known_as (name text not null, record integer not null references record, primary key (name, record)) strict, without rowid;
  create table affected (
    ecosystem text not null, package text not null, record integer not null references record, statement text not null, rating text
  ) strict;
  create index affected_package on affected (ecosystem, package);
`;

export interface Feed {
  readonly ecosystem: string;
  readonly advisories: number;
  readonly withdrawn: number;
  readonly rejected: number;
  /** Why, and how many of each. */
  readonly rejections: Readonly<Record<string, number>>;
  /** The latest change of any record; null: there is none. */
  readonly newest: string | null;
  readonly syncedAt: string;
  /** Where it came from: an address or a directory. */
  readonly origin: string;
  readonly etag: string | null;
  /** The same text for the same records. */
  readonly content: string;
}

/** One record's statement about one package. */
export interface Entry {
  readonly recordId: string;
  readonly aliases: readonly string[];
  readonly upstream: readonly string[];
  readonly rating: Rating;
  readonly statement: Pick<Statement, 'ranges' | 'versions' | 'urgency'>;
}

export type StoreProblemKind = 'absent' | 'newer' | 'foreign' | 'corrupt';
export interface StoreProblem {
  readonly problem: StoreProblemKind;
  readonly sentence: string;
}

export interface AdvisoryStore {
  /** What stands about a package of an ecosystem with its release; withdrawn records are not among it. */
  find(ecosystem: string, packageName: string): Entry[];
  /** Whether anything at all stands about this ecosystem or release; if not, silence means nothing. */
  covers(ecosystem: string): boolean;
  /** By any of its names. */
  advisory(name: string): Advisory | null;
  record(id: string): StoredRecord | null;
  feeds(): Feed[];
  /** Changes exactly when a record of any feed does. */
  readonly revision: string;
  /** Another one wherever the file is another one, or was written to. */
  readonly fingerprint: string;
  isCurrent(): boolean;
  close(): void;
}

type Row = Record<string, SQLOutputValue>;

/** `soundBefore`: the fingerprint of a file that was opened before and found whole; the same one is not read through again. */
export function openStore(path: string, soundBefore: string | null = null): AdvisoryStore | StoreProblem {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return { problem: 'absent', sentence: 'There is no advisory store yet: no feed has been synced.' };
  if (found.size === 0n) return { problem: 'corrupt', sentence: 'The advisory store is empty. Sync the feeds again to replace it.' };
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path, { readOnly: true });
  } catch (error) {
    return corrupt(error);
  }
  try {
    const fingerprint = `${found.dev}-${found.ino}-${found.size}-${found.mtimeNs}`;
    const refusal = refusalOf(database, fingerprint === soundBefore);
    if (refusal !== null) {
      database.close();
      return refusal;
    }
    return new OpenStore(path, database, fingerprint);
  } catch (error) {
    database.close();
    return corrupt(error);
  }
}

function corrupt(error: unknown): StoreProblem {
  if (!isSqliteError(error)) throw error;
  return { problem: 'corrupt', sentence: `The advisory store cannot be read (${error.message}). Sync the feeds again to replace it.` };
}

export function isSqliteError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0]);
}

function refusalOf(database: DatabaseSync, isSound: boolean): StoreProblem | null {
  const version = numberOf(database, 'user_version');
  if (numberOf(database, 'application_id') !== applicationId) {
    return { problem: 'foreign', sentence: 'The file in the place of the advisory store is another program’s.' };
  }
  if (version > schemaVersion) {
    const sentence = `The advisory store has layout ${version} and this version reads ${schemaVersion}: it was written by a newer one. Sync the feeds again to replace it.`;
    return { problem: 'newer', sentence };
  }
  const check = isSound ? { found: 'ok' } : database.prepare('pragma quick_check(1)').get();
  const found = String(Object.values(check ?? {})[0]).replaceAll(/\s+/g, ' ');
  if (version !== schemaVersion || found !== 'ok') {
    return { problem: 'corrupt', sentence: `The advisory store is damaged (${found}). Sync the feeds again to replace it.` };
  }
  return null;
}

class OpenStore implements AdvisoryStore {
  readonly revision: string;
  readonly fingerprint: string;
  readonly #path: string;
  readonly #inode: bigint;
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #covers: StatementSync;
  readonly #named: StatementSync;
  readonly #record: StatementSync;

  constructor(path: string, database: DatabaseSync, fingerprint: string) {
    this.fingerprint = fingerprint;
    this.#path = path;
    this.#inode = statSync(path, { bigint: true }).ino;
    this.#database = database;
    this.#find = database.prepare(
      `select name, aliases, upstream, coalesce(affected.rating, record.rating) as rating, statement
       from affected join record on record.id = affected.record where ecosystem = ? and package = ? order by name, affected.rowid`,
    );
    this.#covers = database.prepare('select 1 from affected where ecosystem = ? limit 1');
    this.#named = database.prepare(
      `select record.*, feed.ecosystem as feed_name from known_as join record on record.id = known_as.record
       join feed on feed.id = record.feed where known_as.name = ? limit 500`,
    );
    this.#record = database.prepare(
      'select record.*, feed.ecosystem as feed_name from record join feed on feed.id = record.feed where record.name = ? order by feed.ecosystem limit 1',
    );
    this.revision = revisionOf(this.feeds());
  }

  find(ecosystem: string, packageName: string): Entry[] {
    return this.#find.all(ecosystem, packageName).map((row) => entryOf(row));
  }

  covers(ecosystem: string): boolean {
    return this.#covers.get(ecosystem) !== undefined;
  }

  advisory(name: string): Advisory | null {
    // Names lead to records and records to further names; two steps reach every alias that feeds really have.
    const found = new Map<string, StoredRecord>();
    const asked = new Set<string>();
    let names = [name];
    for (let step = 0; step < 3 && names.length > 0; step += 1) {
      const next: string[] = [];
      for (const one of names.slice(0, 50)) {
        asked.add(one);
        for (const row of this.#named.all(one)) {
          const record = recordOf(row);
          found.set(`${record.feed} ${record.id}`, record);
          for (const claim of claimsOf(record)) {
            if (claim.precise) next.push(...claim.names);
          }
        }
      }
      names = [...new Set(next)].filter((one) => !asked.has(one));
    }
    return mergeRecords(name, [...found.values()]);
  }

  record(id: string): StoredRecord | null {
    const row = this.#record.get(id);
    return row === undefined ? null : recordOf(row);
  }

  feeds(): Feed[] {
    return this.#database.prepare('select * from feed order by ecosystem').all().map((row) => feedOf(row));
  }

  isCurrent(): boolean {
    const stat = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    return stat !== undefined && stat.ino === this.#inode;
  }

  close(): void {
    this.#database.close();
  }
}

function revisionOf(feeds: readonly Feed[]): string {
  const hash = createHash('sha256');
  for (const feed of feeds) hash.update(`${JSON.stringify([feed.ecosystem, feed.content])}\n`);
  return `sha256:${hash.digest('hex')}`;
}

function text(value: SQLOutputValue | undefined): string {
  if (typeof value !== 'string') throw new TypeError('the advisory store holds something else than text here');
  return value;
}

function textOrNull(value: SQLOutputValue | undefined): string | null {
  return value === null || value === undefined ? null : text(value);
}

/** Written by `StoreWriter` into a file that passed its check, so not validated again. */
function json<T>(value: SQLOutputValue | undefined): T {
  return JSON.parse(text(value)) as T;
}

function entryOf(row: Row): Entry {
  return {
    recordId: text(row['name']),
    aliases: json(row['aliases']),
    upstream: json(row['upstream']),
    rating: json(row['rating']),
    statement: statementOf(json<Packed>(row['statement'])),
  };
}

function recordOf(row: Row): StoredRecord {
  return {
    id: text(row['name']),
    feed: text(row['feed_name']),
    modified: text(row['modified']),
    published: textOrNull(row['published']),
    withdrawn: textOrNull(row['withdrawn']),
    aliases: json(row['aliases']),
    upstream: json(row['upstream']),
    summary: text(row['summary']),
    details: text(row['details']),
    references: json(row['links']),
    rating: json(row['rating']),
  };
}

function feedOf(row: Row): Feed {
  return {
    ecosystem: text(row['ecosystem']),
    advisories: Number(row['advisories']),
    withdrawn: Number(row['withdrawn']),
    rejected: Number(row['rejected']),
    rejections: json(row['rejections']),
    newest: textOrNull(row['newest']),
    syncedAt: text(row['synced_at']),
    origin: text(row['origin']),
    etag: textOrNull(row['etag']),
    content: text(row['content']),
  };
}

/** Statements as they lie in the file: short, because there are many. */
interface Packed {
  readonly r: readonly (readonly [RangeEvent['kind'], string][])[];
  readonly v: readonly string[];
  readonly u: string | null;
}

function statementOf(packed: Packed): Entry['statement'] {
  return { ranges: packed.r.map((range) => range.map(([kind, version]) => ({ kind, version }))), versions: packed.v, urgency: packed.u };
}

function packedOf(statement: Statement): Packed {
  return { r: statement.ranges.map((range) => range.map(({ kind, version }) => [kind, version])), v: statement.versions, u: statement.urgency };
}

/** Builds a new store file at a path where nothing is yet. Nothing is durable before `finish`. */
export class StoreWriter {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #insertRecord: StatementSync;
  readonly #insertName: StatementSync;
  readonly #insertAffected: StatementSync;

  constructor(path: string) {
    this.#path = path;
    this.#database = new DatabaseSync(path);
    // Nobody reads this file before it is finished, so it needs no journal on disk; savepoints need one in memory.
    this.#database.exec(`pragma journal_mode = memory; pragma synchronous = off; pragma application_id = ${applicationId}; pragma user_version = ${schemaVersion}; ${schema} begin`);
    this.#insertRecord = this.#database.prepare(
      `insert into record (feed, name, modified, published, withdrawn, aliases, upstream, summary, details, links, rating)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    );
    this.#insertName = this.#database.prepare('insert into known_as (name, record) values (?, ?) on conflict do nothing');
    this.#insertAffected = this.#database.prepare('insert into affected (ecosystem, package, record, statement, rating) values (?, ?, ?, ?, ?)');
  }

  /** A feed without records yet; its counts follow in `closeFeed`. */
  openFeed(ecosystem: string): number {
    this.#database.exec('savepoint feed');
    const sql = "insert into feed (ecosystem, advisories, withdrawn, rejected, rejections, synced_at, origin, content) values (?, 0, 0, 0, '{}', '', '', '')";
    return Number(this.#database.prepare(sql).run(ecosystem).lastInsertRowid);
  }

  /** False: the feed already has a record of this id. Only statements about the feed's own ecosystem are kept. */
  add(feed: number, record: OsvRecord, isOfFeed: (ecosystem: string) => boolean): boolean {
    const rated = { recordId: record.id, severityWord: record.severityWord };
    const rating = ratingOf({ ...rated, severity: record.severity, urgency: null });
    const done = this.#insertRecord.run(
      feed, record.id, record.modified, record.published, record.withdrawn, JSON.stringify(record.aliases), JSON.stringify(record.upstream),
      record.summary, record.details, JSON.stringify(record.references), JSON.stringify(rating),
    );
    if (done.changes === 0) return false;
    const row = done.lastInsertRowid;
    for (const name of new Set([record.id, ...record.aliases, ...record.upstream])) this.#insertName.run(name, row);
    if (record.withdrawn !== null) return true;
    for (const one of record.affected) {
      if (!isOfFeed(one.ecosystem)) continue;
      const severity = one.severity.length > 0 ? one.severity : record.severity;
      const own = one.severity.length > 0 || one.urgency !== null ? ratingOf({ ...rated, severity, urgency: one.urgency }) : null;
      this.#insertAffected.run(one.ecosystem, one.package, row, JSON.stringify(packedOf(one)), own === null ? null : JSON.stringify(own));
    }
    return true;
  }

  closeFeed(feed: number, facts: Omit<Feed, 'ecosystem'>): void {
    this.#database
      .prepare('update feed set advisories = ?, withdrawn = ?, rejected = ?, rejections = ?, newest = ?, synced_at = ?, origin = ?, etag = ?, content = ? where id = ?')
      .run(facts.advisories, facts.withdrawn, facts.rejected, JSON.stringify(facts.rejections), facts.newest, facts.syncedAt, facts.origin, facts.etag, facts.content, feed);
    this.#database.exec('release feed');
  }

  /** As if the feed that is open had never been begun. */
  abandonFeed(): void {
    this.#database.exec('rollback to feed; release feed');
  }

  /**
   * Copies one feed from another store; `changed` replaces what is newly known of it. False: it has none. In pieces, with
   * `pause` between them, so that whoever else runs in this process is not kept waiting.
   */
  async copyFeed(from: string, ecosystem: string, changed: Partial<Feed>, pause: () => Promise<void>): Promise<boolean> {
    const source = new DatabaseSync(from, { readOnly: true });
    try {
      const row = source.prepare('select * from feed where ecosystem = ?').get(ecosystem);
      if (row === undefined) return false;
      const feed = this.openFeed(ecosystem);
      const numbers = new Map<number, number | bigint>();
      for (const record of source.prepare('select * from record where feed = ?').iterate(row['id']!)) {
        const values = ['name', 'modified', 'published', 'withdrawn', 'aliases', 'upstream', 'summary', 'details', 'links', 'rating'].map((name) => record[name]!);
        const number = this.#insertRecord.run(feed, ...values).lastInsertRowid;
        numbers.set(Number(record['id']), number);
        if (numbers.size % copiedAtOnce === 0) await pause();
        for (const name of recordNames(record)) this.#insertName.run(name, number);
      }
      const statements = source.prepare('select affected.* from affected join record on record.id = affected.record where record.feed = ?');
      let copied = 0;
      for (const one of statements.iterate(row['id']!)) {
        copied += 1;
        if (copied % copiedAtOnce === 0) await pause();
        this.#insertAffected.run(text(one['ecosystem']), text(one['package']), numbers.get(Number(one['record']))!, text(one['statement']), textOrNull(one['rating']));
      }
      this.closeFeed(feed, { ...feedOf(row), ...changed });
      return true;
    } finally {
      source.close();
    }
  }

  /** On disk when this returns; what is left is to rename it. */
  finish(): void {
    this.#database.exec('commit');
    this.#database.close();
    const descriptor = openSync(this.#path, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function recordNames(row: Row): Set<string> {
  return new Set([text(row['name']), ...json<string[]>(row['aliases']), ...json<string[]>(row['upstream'])]);
}
