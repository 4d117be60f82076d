/**
 * Brings the schema up to date: numbered .sql files, each applied once in its own transaction under an advisory lock,
 * so that two hubs that start together do not both migrate. A database that a newer hub has migrated is refused. A
 * file that was applied and has changed since is refused too: a schema is only ever changed by the next number.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { rows, run, type Database, type Transaction } from './database.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly digest: string;
}

const lockKey = 7_420_001;
const Applied = z.object({ number: z.number(), name: z.string(), digest: z.string() });

/** Reads the files; done before privileges are dropped, since the checkout may be unreadable afterwards. */
export async function readMigrations(directory: string = path.join(import.meta.dirname, 'migrations')): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const migrations: Migration[] = [];
  for (const [index, name] of names.entries()) {
    const number = Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1]);
    if (number !== index + 1) throw new Error(`Migrations must be numbered without gaps; ${name} is at place ${index + 1}.`);
    const sql = await readFile(path.join(directory, name), 'utf8');
    migrations.push({ number, name, sql, digest: createHash('sha256').update(sql).digest('hex') });
  }
  return migrations;
}

/** Answers how many were applied now. */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<number> {
  return database.transaction(async (transaction) => {
    await transaction.query("set local lock_timeout = '300s'; set local statement_timeout = 0");
    await transaction.query('select pg_advisory_xact_lock($1)', [lockKey]);
    await transaction.query('create table if not exists migration (number integer primary key, name text not null, digest text not null, applied_at timestamptz not null default now())');
    const applied = await rows(transaction, Applied, 'select number, name, digest from migration order by number');
    refuseForeign(applied, migrations);
    const missing = migrations.slice(applied.length);
    for (const migration of missing) await apply(transaction, migration);
    return missing.length;
  });
}

function refuseForeign(applied: readonly z.infer<typeof Applied>[], migrations: readonly Migration[]): void {
  if (applied.length > migrations.length) {
    throw new Error(`This database was migrated to ${applied.at(-1)?.name ?? '?'} by a newer Vedette; this hub knows only ${migrations.length} migrations. Start the newer version.`);
  }
  for (const [index, one] of applied.entries()) {
    const own = migrations[index];
    if (own === undefined || own.number !== one.number || own.digest !== one.digest) {
      throw new Error(`Migration ${one.name} was applied to this database with another content than this hub has.`);
    }
  }
}

async function apply(transaction: Transaction, migration: Migration): Promise<void> {
  try {
    await transaction.query(migration.sql);
  } catch (error) {
    throw new Error(`Migration ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  await run(transaction, 'insert into migration (number, name, digest) values ($1, $2, $3)', [migration.number, migration.name, migration.digest]);
}
