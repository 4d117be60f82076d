/** Policies and rule files as written: each change gives the whole set a new generation. */
import type { PolicyMode, Severity } from '@vedette/model/policy';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';
import { nextGeneration } from './fleet.ts';

export interface PolicyFacts {
  readonly name: string;
  readonly yaml: string;
  readonly description: string;
  readonly severity: Severity;
  readonly attack: readonly string[];
  readonly mode: PolicyMode;
  readonly kernelForm: readonly { rule: string; action: string; form: string | null; problem: string | null }[];
}

const Held = z.object({ generation: z.number(), mode: z.string(), yaml: z.string(), shipped: z.boolean(), edited: z.boolean() });
export type HeldPolicy = z.infer<typeof Held>;

export async function lockPolicy(db: Transaction, name: string): Promise<HeldPolicy | undefined> {
  return firstRow(db, Held, 'select generation, mode, yaml, shipped, edited from policy where name = $1 for update', [name]);
}

/** Makes or replaces it; answers the new generation of the set. */
export async function putPolicy(db: Transaction, facts: PolicyFacts, by: { actor: string; shipped: boolean }, now: Date): Promise<number> {
  const generation = await nextGeneration(db, 'policies');
  await run(
    db,
    `insert into policy (name, yaml, description, severity, attack, mode, generation, shipped, edited, kernel_form, updated_at, updated_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, not $8, $9, $10, $11)
     on conflict (name) do update set yaml = excluded.yaml, description = excluded.description, severity = excluded.severity, attack = excluded.attack, mode = excluded.mode,
       generation = excluded.generation, edited = excluded.edited, kernel_form = excluded.kernel_form, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
    [facts.name, facts.yaml, facts.description, facts.severity, facts.attack, facts.mode, generation, by.shipped, JSON.stringify(facts.kernelForm), now, by.actor],
  );
  await run(db, 'insert into policy_mode (policy, at, mode, actor) values ($1, $2, $3, $4)', [facts.name, now, facts.mode, by.actor]);
  return generation;
}

export async function setPolicyMode(db: Transaction, name: string, mode: PolicyMode, actor: string, now: Date): Promise<number> {
  const generation = await nextGeneration(db, 'policies');
  await run(db, 'update policy set mode = $2, generation = $3, updated_at = $4, updated_by = $5 where name = $1', [name, mode, generation, now, actor]);
  await run(db, 'insert into policy_mode (policy, at, mode, actor) values ($1, $2, $3, $4)', [name, now, mode, actor]);
  return generation;
}

export async function deletePolicy(db: Transaction, name: string, actor: string, now: Date): Promise<number> {
  await run(db, 'delete from policy where name = $1', [name]);
  await run(db, 'insert into policy_mode (policy, at, mode, actor) values ($1, $2, null, $3)', [name, now, actor]);
  return nextGeneration(db, 'policies');
}

const Removed = z.object({ removed: z.boolean() });

/** Whether a person took this shipped policy away; it is not brought back at the next start. */
export async function wasRemoved(db: Db, name: string): Promise<boolean> {
  const last = await firstRow(db, Removed, 'select mode is null as removed from policy_mode where policy = $1 order by id desc limit 1', [name]);
  return last?.removed ?? false;
}

const Name = z.object({ name: z.string() });

/** Replaces the whole set of rule files when it differs; answers whether it did. */
export async function replaceRuleFiles(db: Transaction, files: readonly { name: string; content: string }[]): Promise<boolean> {
  const list = JSON.stringify(files);
  const gone = await rows(db, Name, `delete from rule_file f where not exists (select 1 from jsonb_to_recordset($1::jsonb) r(name text) where r.name = f.name) returning name`, [list]);
  const changed = await rows(
    db,
    Name,
    `insert into rule_file (name, content) select name, content from jsonb_to_recordset($1::jsonb) r(name text, content text)
     on conflict (name) do update set content = excluded.content where rule_file.content <> excluded.content returning name`,
    [list],
  );
  if (gone.length + changed.length === 0) return false;
  await nextGeneration(db, 'rules');
  return true;
}
