/** Exceptions from policies: written by one person, approved by another, ended and kept. They belong to the hub, like the policies. */
import { Exception } from '@vedette/model/exception';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

const ExceptionShape = z.object({
  id: z.number(), name: z.string(), spec: Exception.shape.spec.omit({ approval: true }), author: z.string(), created_at: z.date(), updated_at: z.date(),
  approved_by: z.string().nullable(), approved_at: z.date().nullable(), approval_reference: z.string().nullable(), ended_by: z.string().nullable(), ended_at: z.date().nullable(),
});
export type ExceptionShape = z.infer<typeof ExceptionShape>;

const columns = 'id, name, spec, author, created_at, updated_at, approved_by, approved_at, approval_reference, ended_by, ended_at';

export async function listExceptions(db: Db, withEnded: boolean): Promise<ExceptionShape[]> {
  return rows(db, ExceptionShape, `select ${columns} from exception where $1 or ended_at is null order by ended_at is not null, name, id desc limit 2000`, [withEnded]);
}

/** The one in use, locked for a change. */
export async function lockException(db: Transaction, name: string): Promise<ExceptionShape | undefined> {
  return firstRow(db, ExceptionShape, `select ${columns} from exception where name = $1 and ended_at is null for update`, [name]);
}

export async function exceptionNamed(db: Db, name: string): Promise<ExceptionShape | undefined> {
  return firstRow(db, ExceptionShape, `select ${columns} from exception where name = $1 and ended_at is null`, [name]);
}

/** A text that changes has a new author and loses its approval. */
export async function putException(db: Transaction, one: { name: string; spec: ExceptionShape['spec'] }, author: string, now: Date): Promise<void> {
  await run(
    db,
    `insert into exception (name, spec, author, created_at, updated_at) values ($1, $2, $3, $4, $4)
     on conflict (name) where ended_at is null do update set spec = excluded.spec, author = excluded.author, updated_at = excluded.updated_at, approved_by = null, approved_at = null, approval_reference = null`,
    [one.name, JSON.stringify(one.spec), author, now],
  );
}

export async function approveException(db: Transaction, id: number, approval: { by: string; reference: string | null }, now: Date): Promise<void> {
  await run(db, 'update exception set approved_by = $2, approved_at = $3, approval_reference = $4 where id = $1', [id, approval.by, now, approval.reference]);
}

export async function endException(db: Transaction, id: number, by: string, now: Date): Promise<void> {
  await run(db, 'update exception set ended_by = $2, ended_at = $3 where id = $1', [id, by, now]);
}
