/** The servers and keys that the hub may ask or check with. Secrets arrive and leave sealed: this folder never sees one. */
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

const Row = z.object({
  name: z.string(),
  kind: z.string(),
  settings: z.record(z.string(), z.unknown()),
  secret: z.instanceof(Buffer).nullable(),
  declared: z.boolean(),
  updated_at: z.date(),
  updated_by: z.string(),
  test: z.unknown(),
  tested_at: z.date().nullable(),
});
export type IntegrationRow = z.infer<typeof Row>;

const columns = 'name, kind, settings, secret, declared, updated_at, updated_by, test, tested_at';

export async function listIntegrations(db: Db): Promise<IntegrationRow[]> {
  return rows(db, Row, `select ${columns} from integration order by kind, name`);
}

export async function integrationNamed(db: Db, name: string): Promise<IntegrationRow | undefined> {
  return firstRow(db, Row, `select ${columns} from integration where name = $1`, [name]);
}

export async function lockIntegration(db: Transaction, name: string): Promise<IntegrationRow | undefined> {
  return firstRow(db, Row, `select ${columns} from integration where name = $1 for update`, [name]);
}

export interface IntegrationFacts {
  readonly name: string;
  readonly kind: string;
  readonly settings: object;
  readonly secret: Buffer | null;
  readonly declared: boolean;
}

/** A changed one has not been tested. */
export async function putIntegration(db: Transaction, facts: IntegrationFacts, actor: string, now: Date): Promise<void> {
  await run(
    db,
    `insert into integration (name, kind, settings, secret, declared, updated_at, updated_by) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (name) do update set kind = excluded.kind, settings = excluded.settings, secret = excluded.secret, declared = excluded.declared,
       updated_at = excluded.updated_at, updated_by = excluded.updated_by, test = null, tested_at = null`,
    [facts.name, facts.kind, JSON.stringify(facts.settings), facts.secret, facts.declared, now, actor],
  );
}

export async function deleteIntegration(db: Transaction, name: string): Promise<void> {
  await run(db, 'delete from integration where name = $1', [name]);
}

/** Only of the integration as it was tested: one that was changed meanwhile keeps no answer about its former self. */
export async function setIntegrationTest(db: Db, tested: { name: string; updatedAt: Date }, test: object, now: Date): Promise<void> {
  await run(db, 'update integration set test = $3, tested_at = $4 where name = $1 and updated_at = $2', [tested.name, tested.updatedAt, JSON.stringify(test), now]);
}
