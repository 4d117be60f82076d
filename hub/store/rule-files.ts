/** Rule files that people put beside the shipped ones: each change gives the whole set of rules a new generation. */
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';
import { nextGeneration } from './fleet.ts';

const OwnFile = z.object({ name: z.string(), content: z.string(), updated_at: z.date(), updated_by: z.string() });
export type OwnRuleFile = z.infer<typeof OwnFile>;

/** In the order in which they are loaded. */
export async function ownRuleFiles(db: Db): Promise<OwnRuleFile[]> {
  return rows(db, OwnFile, 'select name, content, updated_at, updated_by from own_rule_file order by added_at, name collate "C"');
}

export async function ownRuleFile(db: Db, name: string): Promise<OwnRuleFile | undefined> {
  return firstRow(db, OwnFile, 'select name, content, updated_at, updated_by from own_rule_file where name = $1', [name]);
}

const Shipped = z.object({ name: z.string(), content: z.string() });

export async function shippedRuleFiles(db: Db): Promise<z.infer<typeof Shipped>[]> {
  return rows(db, Shipped, 'select name, content from rule_file order by name collate "C"');
}

/** One change at a time, whatever the file: each is checked together with all the others. */
export async function lockRuleFiles(db: Transaction): Promise<void> {
  await run(db, "select value from generation where kind = 'rules' for update");
}

export async function putOwnRuleFile(db: Transaction, file: { readonly name: string; readonly content: string }, actor: string, now: Date): Promise<void> {
  await run(db, 'insert into own_rule_file (name, content, added_at, updated_at, updated_by) values ($1, $2, $3, $3, $4) on conflict (name) do update set content = excluded.content, updated_at = excluded.updated_at, updated_by = excluded.updated_by', [file.name, file.content, now, actor]);
  await nextGeneration(db, 'rules');
}

export async function deleteOwnRuleFile(db: Transaction, name: string): Promise<void> {
  await run(db, 'delete from own_rule_file where name = $1', [name]);
  await nextGeneration(db, 'rules');
}
