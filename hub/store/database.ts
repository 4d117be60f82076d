/**
 * The one door to PostgreSQL: a bounded pool, time-outs on every statement, transactions, and `rows`, through which
 * all SQL of this folder runs. A row's shape is a zod schema beside its query; tests switch the check on and so hold
 * every query against the real schema, production trusts it. 64-bit integers arrive as numbers and must be safe;
 * what may be larger (epochs, kernel times) is selected as text.
 */
import assert from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, types as pgTypes, type CustomTypesConfig, type PoolClient } from 'pg';
import type { z } from 'zod';

/** What a query needs: the pool, or one connection inside a transaction. */
export interface Db {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
}

/** A connection inside a transaction; writes that belong together take this. */
export interface Transaction extends Db {
  readonly inTransaction: true;
  /** Runs `work` so that its failure undoes only what it did. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
}

export interface Database extends Db {
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** The same for work that may be done anew: when others stood in its way (deadlock, lock time-out) nothing of it was done, and it begins again. */
  patient<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** How often work began again, by SQLSTATE. */
  readonly again: ReadonlyMap<string, number>;
  readonly waiting: number;
  readonly total: number;
  close(): Promise<void>;
}

export type Connection = { readonly host: string; readonly database: string; readonly user: string } | { readonly connectionString: string };

export interface DatabaseOptions {
  readonly connectionsMax?: number;
  readonly statementSecondsMax?: number;
  readonly onIdleError?: (error: Error) => void;
}

const versionMin = 160000;
const int8 = 20;
const numeric = 1700;

function safeInteger(text: string): number {
  const value = Number(text);
  assert(Number.isSafeInteger(value), `a 64-bit integer that is not safe must be selected as text: ${text}`);
  return value;
}

const types: CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === int8) return safeInteger;
    if (oid === numeric) return Number;
    return pgTypes.getTypeParser(oid, format as 'text') as (text: string) => unknown;
  },
};

export async function openDatabase(connection: Connection, options: DatabaseOptions = {}): Promise<Database> {
  const pool = new Pool({
    ...connection,
    types,
    max: options.connectionsMax ?? 16,
    connectionTimeoutMillis: 20_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: (options.statementSecondsMax ?? 30) * 1000,
    lock_timeout: 15_000,
    idle_in_transaction_session_timeout: 120_000,
    application_name: 'vedette-hub',
    options: '-c jit=off -c timezone=UTC',
  });
  // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
  pool.on('error', (error) => options.onIdleError?.(error));
  // The same for one that breaks between two queries of a transaction; the next query of it then fails.
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    const { rows } = await pool.query<{ version: string; name: string }>("select current_setting('server_version_num') as version, current_setting('server_version') as name");
    const found = rows[0];
    if (found === undefined || Number(found.version) < versionMin) throw new Error(`Vedette needs PostgreSQL 16 or later; this server is ${found?.name ?? 'of unknown version'}.`);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const again = new Map<string, number>();
  return {
    query: (text, values) => pool.query(text, values),
    transaction: (work) => transact(pool, work),
    patient: (work) => patiently(() => transact(pool, work), again),
    again,
    get waiting() {
      return pool.waitingCount;
    },
    get total() {
      return pool.totalCount;
    },
    async close() {
      pool.removeAllListeners('error').on('error', () => undefined);
      await pool.end();
    },
  };
}

/** Serialization failure, deadlock, lock time-out: others were in the way, and nothing was done. */
const othersInTheWay: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);
const attemptsMax = 5;

export function isTransient(error: unknown): boolean {
  return othersInTheWay.has(sqlState(error) ?? '');
}

/** Longer from time to time, with jitter: two that were in each other's way must not meet again. */
async function patiently<T>(work: () => Promise<T>, again: Map<string, number>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error) || attempt === attemptsMax) throw error;
      const state = sqlState(error) ?? '';
      again.set(state, (again.get(state) ?? 0) + 1);
      await sleep(Math.random() * 20 * 2 ** attempt);
    }
  }
}

async function transact<T>(pool: Pool, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(transactionOn(client));
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: unknown) => {
      broken = failure instanceof Error ? failure : new Error(String(failure));
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

function transactionOn(client: PoolClient): Transaction {
  let depth = 0;
  return {
    inTransaction: true,
    query: (text, values) => client.query(text, values),
    async savepoint(work) {
      const name = `s${(depth += 1)}`;
      await client.query(`savepoint ${name}`);
      try {
        const result = await work();
        await client.query(`release savepoint ${name}`);
        return result;
      } catch (error) {
        await client.query(`rollback to savepoint ${name}`);
        throw error;
      } finally {
        depth -= 1;
      }
    },
  };
}

let rowsAreChecked = false;

/** Tests hold every row against its schema. */
export function checkRows(on: boolean): void {
  rowsAreChecked = on;
}

export async function rows<T>(db: Db, shape: z.ZodType<T>, text: string, values: unknown[] = []): Promise<T[]> {
  const found = (await db.query(text, values)).rows;
  return rowsAreChecked ? found.map((row) => shape.parse(row)) : (found as T[]);
}

export async function firstRow<T>(db: Db, shape: z.ZodType<T>, text: string, values: unknown[] = []): Promise<T | undefined> {
  return (await rows(db, shape, text, values))[0];
}

/** Runs a statement that answers no rows; how many it touched. */
export async function run(db: Db, text: string, values: unknown[] = []): Promise<number> {
  return (await db.query(text, values)).rowCount ?? 0;
}

/** SQLSTATE of an error that came from PostgreSQL. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Data that cannot be stored as it is (class 22 and 23): the same again would fail again. */
export function isDataError(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && (state.startsWith('22') || state.startsWith('23'));
}
