/** Playbooks as written. They belong to the hub, not to a place. */
import { triggerKinds } from '@vedette/model/playbook';
import { policyModes, type PolicyMode } from '@vedette/model/policy';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

const Row = z.object({
  name: z.string(),
  yaml: z.string(),
  description: z.string(),
  trigger_kind: z.enum(triggerKinds),
  mode: z.enum(policyModes),
  mode_since: z.date(),
  generation: z.number(),
  shipped: z.boolean(),
  edited: z.boolean(),
  updated_at: z.date(),
  updated_by: z.string(),
});
export type PlaybookRow = z.infer<typeof Row>;
const columns = 'name, yaml, description, trigger_kind, mode, mode_since, generation, shipped, edited, updated_at, updated_by';

export async function listPlaybooks(db: Db): Promise<PlaybookRow[]> {
  return rows(db, Row, `select ${columns} from playbook where not removed order by name limit 1000`);
}

export async function playbookNamed(db: Db, name: string): Promise<PlaybookRow | undefined> {
  return firstRow(db, Row, `select ${columns} from playbook where name = $1 and not removed`, [name]);
}

const Held = Row.extend({ removed: z.boolean() });

/** Also one that was removed. */
export async function lockPlaybook(db: Transaction, name: string): Promise<z.infer<typeof Held> | undefined> {
  return firstRow(db, Held, `select ${columns}, removed from playbook where name = $1 for update`, [name]);
}

export interface PlaybookFacts {
  readonly name: string;
  readonly yaml: string;
  readonly description: string;
  readonly trigger: string;
  readonly mode: PolicyMode;
}

/** A mode that changes counts from now on. */
export async function putPlaybook(db: Transaction, facts: PlaybookFacts, by: { actor: string; shipped: boolean }, now: Date): Promise<void> {
  await run(
    db,
    `insert into playbook (name, yaml, description, trigger_kind, mode, mode_since, generation, shipped, edited, updated_at, updated_by) values ($1, $2, $3, $4, $5, $6, 1, $7, not $7, $6, $8)
     on conflict (name) do update set yaml = excluded.yaml, description = excluded.description, trigger_kind = excluded.trigger_kind,
       mode_since = case when playbook.mode = excluded.mode and not playbook.removed then playbook.mode_since else excluded.mode_since end,
       mode = excluded.mode, generation = playbook.generation + 1, edited = excluded.edited, removed = false, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
    [facts.name, facts.yaml, facts.description, facts.trigger, facts.mode, now, by.shipped, by.actor],
  );
}

export async function setPlaybookMode(db: Transaction, name: string, mode: PolicyMode, actor: string, now: Date): Promise<void> {
  await run(db, 'update playbook set mode = $2, mode_since = $3, generation = generation + 1, updated_at = $3, updated_by = $4 where name = $1', [name, mode, now, actor]);
}

export async function removePlaybook(db: Transaction, name: string, actor: string, now: Date): Promise<void> {
  await run(db, "update playbook set removed = true, mode = 'off', mode_since = $2, generation = generation + 1, updated_at = $2, updated_by = $3 where name = $1", [name, now, actor]);
}
