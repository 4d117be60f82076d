/**
 * People as administrators manage them, their sessions, and the places that can be granted. Who may administrate at all
 * is decided before: here one rule is kept, that somebody can always administrate the whole hub.
 */
import type { Grant, Scope } from '@vedette/model/access';
import { z } from 'zod';
import { Grants } from './access.ts';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';
import { inScope, placesIn, touchesScope } from './scope.ts';

const PersonShape = z.object({
  id: z.number(), name: z.string(), grants: Grants, created_at: z.date(), disabled_at: z.date().nullable(), used_at: z.date().nullable(), sessions: z.number(), tokens: z.number(),
});
export type PersonShape = z.infer<typeof PersonShape>;

const selection = `select p.id, p.name, p.grants, p.created_at, p.disabled_at, s.used_at, s.sessions,
    (select count(*) from api_token t where t.created_by = p.name and t.revoked_at is null and (t.expires_at is null or t.expires_at > $1)) as tokens
  from person p cross join lateral (select max(used_at) as used_at, count(*) as sessions from session s where s.person_id = p.id and s.expires_at > $1) s`;

/** Bounded, since the contract does not page: people are hundreds, not thousands. */
export async function listPeople(db: Db, now: Date): Promise<PersonShape[]> {
  return rows(db, PersonShape, `${selection} order by p.disabled_at is not null, lower(p.name) limit 5000`, [now]);
}

export async function personById(db: Db, id: number, now: Date): Promise<PersonShape | undefined> {
  return firstRow(db, PersonShape, `${selection} where p.id = $2`, [now, id]);
}

const Held = z.object({ id: z.number(), name: z.string(), grants: Grants, disabled: z.boolean() });
export type HeldPerson = z.infer<typeof Held>;

const held = 'select id, name, grants, disabled_at is not null as disabled from person';
const lockKey = 7_420_004;

/** Changes of people come one after the other, so that two cannot each remove the other's administrator. */
export async function lockPeople(db: Transaction): Promise<void> {
  await db.query('select pg_advisory_xact_lock($1)', [lockKey]);
}

export async function lockPerson(db: Transaction, id: number): Promise<HeldPerson | undefined> {
  await lockPeople(db);
  return firstRow(db, Held, `${held} where id = $1 for update`, [id]);
}

export async function lockPersonNamed(db: Transaction, name: string): Promise<HeldPerson | undefined> {
  await lockPeople(db);
  return firstRow(db, Held, `${held} where lower(name) = lower($1) for update`, [name]);
}

const Counted = z.object({ n: z.number() });

/** Who may do everything everywhere and is not disabled. */
export async function countAdministrators(db: Db): Promise<number> {
  return (await firstRow(db, Counted, `select count(*) as n from person where disabled_at is null and grants @> '[{"role": "admin", "place": "all"}]'`))?.n ?? 0;
}

export async function setGrants(db: Transaction, id: number, grants: readonly Grant[]): Promise<void> {
  await run(db, 'update person set grants = $2 where id = $1', [id, JSON.stringify(grants)]);
}

export async function setDisabled(db: Transaction, id: number, at: Date | null): Promise<void> {
  await run(db, 'update person set disabled_at = $2 where id = $1', [id, at]);
  if (at !== null) await endSessionsOfPerson(db, id);
}

export async function endSessionsOfPerson(db: Db, id: number): Promise<number> {
  return run(db, 'delete from session where person_id = $1', [id]);
}

/** A password set by another than the person: nothing that was signed in with the old one goes on. */
export async function replacePassword(db: Transaction, id: number, passwordHash: string): Promise<void> {
  await run(db, 'update person set password_hash = $2 where id = $1', [id, passwordHash]);
  await endSessionsOfPerson(db, id);
}

export async function removePerson(db: Transaction, id: number): Promise<void> {
  await run(db, 'delete from person where id = $1', [id]);
}

const SessionShape = z.object({ id: z.string(), created_at: z.date(), used_at: z.date(), expires_at: z.date(), address: z.string().nullable(), agent: z.string().nullable(), current: z.boolean() });
export type SessionShape = z.infer<typeof SessionShape>;

/** Named by the beginning of the hash of their secret: enough to tell fifty apart, of no use to sign in. */
export async function sessionsOf(db: Db, personId: number, current: Buffer, now: Date): Promise<SessionShape[]> {
  return rows(
    db,
    SessionShape,
    `select left(encode(token_hash, 'hex'), 24) as id, created_at, used_at, expires_at, address, agent, token_hash = $2 as current
       from session where person_id = $1 and expires_at > $3 order by used_at desc limit 100`,
    [personId, current, now],
  );
}

export async function endSessionNamed(db: Db, personId: number, id: string): Promise<boolean> {
  return (await run(db, "delete from session where person_id = $1 and left(encode(token_hash, 'hex'), 24) = $2", [personId, id])) > 0;
}

const PlaceShape = z.object({ cluster: z.string(), name: z.string(), whole: z.boolean(), namespaces: z.array(z.string()) });
export type PlaceShape = z.infer<typeof PlaceShape>;

/** Clusters of which something is in scope, with the namespaces known there: those that the cluster has, and those in which something ran. */
export async function listPlaces(db: Db, scope: Scope): Promise<PlaceShape[]> {
  return rows(
    db,
    PlaceShape,
    `select c.id as cluster, c.name, ${inScope('c.id')} as whole,
        array(select w.namespace from workload w where w.cluster_id = c.id and w.namespace <> '' and ${inScope('w.cluster_id', 'w.namespace')}
          union select o.name from cluster_object o where o.cluster_id = c.id and o.kind = 'Namespace' and ${inScope('o.cluster_id', 'o.name')} order by 1 limit 5000) as namespaces
       from cluster c where ${touchesScope('c.id')} order by c.name limit 1000`,
    [placesIn(scope)],
  );
}
