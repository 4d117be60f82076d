/**
 * People, their sessions, API tokens, and the audit log. Secrets are stored as hashes only. Who may see which rows is
 * model/access; the grants of a person or token come from here.
 */
import type { Grant, Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, run, type Db } from './database.ts';
import { placesIn, inScope } from './scope.ts';

export interface Identity {
  readonly name: string;
  readonly grants: readonly Grant[];
}

const roleWord = z.enum(['viewer', 'analyst', 'operator', 'admin', 'pipeline']);
export const Grants = z.array(z.object({ role: roleWord, place: z.union([z.literal('all'), z.object({ cluster: z.string(), namespaces: z.union([z.literal('all'), z.array(z.string())]) })]) }));

const Person = z.object({ id: z.number(), name: z.string(), grants: Grants, password_hash: z.string() });

export async function addPerson(db: Db, person: { name: string; grants: readonly Grant[]; passwordHash: string }, now: Date): Promise<boolean> {
  const added = await run(db, 'insert into person (name, grants, password_hash, created_at) values ($1, $2, $3, $4) on conflict (name) do nothing', [
    person.name,
    JSON.stringify(person.grants),
    person.passwordHash,
    now,
  ]);
  return added === 1;
}

export async function personNamed(db: Db, name: string): Promise<(Identity & { id: number; passwordHash: string }) | undefined> {
  const found = await firstRow(db, Person, 'select id, name, grants, password_hash from person where name = $1 and disabled_at is null', [name]);
  return found === undefined ? undefined : { id: found.id, name: found.name, grants: found.grants, passwordHash: found.password_hash };
}

const Counted = z.object({ n: z.number() });

export async function countPeople(db: Db): Promise<number> {
  return (await firstRow(db, Counted, 'select count(*) as n from person'))?.n ?? 0;
}

/** Ends all sessions of the person but one. */
export async function setPassword(db: Db, personId: number, passwordHash: string, keepSession: Buffer): Promise<void> {
  await run(db, 'update person set password_hash = $2 where id = $1', [personId, passwordHash]);
  await run(db, 'delete from session where person_id = $1 and token_hash <> $2', [personId, keepSession]);
}

const sessionsOfPersonMax = 50;

export async function addSession(db: Db, session: { tokenHash: Buffer; personId: number; expiresAt: Date; address: string | null; agent: string | null }, now: Date): Promise<void> {
  await run(db, 'delete from session where expires_at <= $1', [now]);
  await run(db, 'delete from session where token_hash in (select token_hash from session where person_id = $1 order by used_at desc offset $2)', [session.personId, sessionsOfPersonMax - 1]);
  await run(db, 'insert into session (token_hash, person_id, created_at, expires_at, used_at, address, agent) values ($1, $2, $3, $4, $3, $5, $6)', [session.tokenHash, session.personId, now, session.expiresAt, session.address, session.agent]);
}

const SessionRow = z.object({ person_id: z.number(), name: z.string(), grants: Grants, expires_at: z.date() });

/** Marks the use at most once a minute, as tokenBy. */
export async function sessionBy(db: Db, tokenHash: Buffer, now: Date): Promise<(Identity & { personId: number; expiresAt: Date }) | undefined> {
  const found = await firstRow(
    db,
    SessionRow,
    'select s.person_id, p.name, p.grants, s.expires_at from session s join person p on p.id = s.person_id where s.token_hash = $1 and s.expires_at > $2 and p.disabled_at is null',
    [tokenHash, now],
  );
  if (found !== undefined) await run(db, "update session set used_at = $2 where token_hash = $1 and used_at < $2::timestamptz - interval '1 minute'", [tokenHash, now]);
  return found === undefined ? undefined : { personId: found.person_id, name: found.name, grants: found.grants, expiresAt: found.expires_at };
}

export async function endSession(db: Db, tokenHash: Buffer): Promise<void> {
  await run(db, 'delete from session where token_hash = $1', [tokenHash]);
}

const TokenRow = z.object({ id: z.number(), name: z.string(), grants: Grants });

/** Marks the use at most once a minute, so that reading does not write. */
export async function tokenBy(db: Db, tokenHash: Buffer, now: Date): Promise<(Identity & { id: number }) | undefined> {
  const found = await firstRow(
    db,
    TokenRow,
    'select id, name, grants from api_token where token_hash = $1 and revoked_at is null and (expires_at is null or expires_at > $2)',
    [tokenHash, now],
  );
  if (found === undefined) return undefined;
  await run(db, "update api_token set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')", [found.id, now]);
  return { id: found.id, name: found.name, grants: found.grants };
}

const TokenShape = z.object({ id: z.number(), name: z.string(), grants: Grants, created_by: z.string(), created_at: z.date(), last_used_at: z.date().nullable(), expires_at: z.date().nullable() });
export type TokenShape = z.infer<typeof TokenShape>;

export async function addToken(db: Db, token: { name: string; grants: readonly Grant[]; tokenHash: Buffer; createdBy: string; expiresAt: Date | null }, now: Date): Promise<TokenShape> {
  const made = await rows(
    db,
    TokenShape,
    `insert into api_token (name, grants, token_hash, created_by, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)
     returning id, name, grants, created_by, created_at, last_used_at, expires_at`,
    [token.name, JSON.stringify(token.grants), token.tokenHash, token.createdBy, now, token.expiresAt],
  );
  return made[0]!;
}

export async function listTokens(db: Db): Promise<TokenShape[]> {
  return rows(db, TokenShape, 'select id, name, grants, created_by, created_at, last_used_at, expires_at from api_token where revoked_at is null order by id desc limit 1000');
}

export async function revokeToken(db: Db, id: number, now: Date): Promise<boolean> {
  return (await run(db, 'update api_token set revoked_at = $2 where id = $1 and revoked_at is null', [id, now])) === 1;
}

export interface AuditEntry {
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  /** A sentence for people. */
  readonly change: string;
  /** Of the placed row that changed; null for what concerns the hub as a whole. */
  readonly clusterId: string | null;
  /** Of that row, where it has one. */
  readonly namespace?: string | null;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export async function addAudit(db: Db, entry: AuditEntry, now: Date): Promise<void> {
  await run(db, 'insert into audit (at, cluster_id, namespace, actor, action, object, change, detail) values ($1, $2, $3, $4, $5, $6, $7, $8)', [
    now,
    entry.clusterId,
    entry.namespace ?? null,
    entry.actor,
    entry.action,
    entry.object,
    entry.change,
    JSON.stringify(entry.detail ?? {}),
  ]);
}

const LockedIncident = z.object({ id: z.number(), cluster_id: z.string(), namespace: z.string().nullable(), state: z.string(), assignee: z.string().nullable(), verdict: z.string().nullable() });

/** The incident as it is, locked for a change, if it is in scope. */
export async function lockIncident(db: Db, scope: Scope, id: number): Promise<z.infer<typeof LockedIncident> | undefined> {
  return firstRow(db, LockedIncident, `select x.id, x.cluster_id, x.namespace, x.state, x.assignee, x.verdict from incident x where ${inScope('x.cluster_id', 'x.namespace')} and x.id = $2 for update`, [placesIn(scope), id]);
}

export async function setIncident(db: Db, id: number, change: { state: string; assignee: string | null; verdict: string | null }): Promise<void> {
  await run(db, 'update incident set state = $2, assignee = $3, verdict = $4 where id = $1', [id, change.state, change.assignee, change.verdict]);
}

const ClusterRow = z.object({ id: z.string() });

export async function clusterIdNamed(db: Db, scope: Scope, name: string): Promise<string | undefined> {
  return (await firstRow(db, ClusterRow, `select c.id from cluster c where ${inScope('c.id')} and c.name = $2`, [placesIn(scope), name]))?.id;
}
