/**
 * People, their roles and sessions, for administrators of the whole hub; and each person's own sessions. Passwords are
 * made here, shown once and kept as hashes. The last administrator of the whole hub cannot be lost. Every change has an
 * audit row in its own transaction.
 */
import type { Grant } from '@vedette/model/access';
import { Problem } from '@vedette/model/problem';
import { addAudit, addPerson } from '../store/access.ts';
import type { Transaction } from '../store/database.ts';
import {
  countAdministrators, endSessionNamed, endSessionsOfPerson, listPeople, listPlaces, lockPerson, lockPersonNamed, personById, removePerson, replacePassword, sessionsOf, setDisabled, setGrants, type HeldPerson,
} from '../store/people.ts';
import { requireWholeHub, type Caller } from './caller.ts';
import type { Doors, Handlers } from './doors.ts';
import { ownSessionView, personView } from './access-views.ts';
import { hashPassword, makePassword } from './passwords.ts';

type People = 'listPeople' | 'createPerson' | 'updatePerson' | 'resetPassword' | 'endSessionsOf' | 'deletePerson';

/** Names under which the hub itself stands in the audit log. */
const reserved = new Set(['vedette', 'hub', 'token', 'system']);

type Act = (db: Transaction, held: HeldPerson) => Promise<{ action: string; change: string; detail?: Readonly<Record<string, unknown>> } | undefined>;

/** Changes one person under the lock of all, and refuses what would leave nobody. */
async function changePerson({ database, now }: Doors, caller: Caller, id: string, act: Act): Promise<void> {
  requireWholeHub(caller);
  await database.transaction(async (db) => {
    const held = await lockPerson(db, Number(id));
    if (held === undefined) throw new Problem('not-found');
    const done = await act(db, held);
    if (done === undefined) return;
    if ((await countAdministrators(db)) === 0) throw new Problem('last-administrator');
    await addAudit(db, { actor: caller.name, object: `person:${held.name}`, clusterId: null, ...done }, now());
  });
}

export function peopleHandlers(doors: Doors): Handlers<People> {
  const { database, now } = doors;
  const shown = async (id: number): Promise<ReturnType<typeof personView>> => {
    const row = await personById(database, id, now());
    if (row === undefined) throw new Problem('not-found');
    return personView(row);
  };
  const change = (caller: Caller, id: string, act: Act): Promise<void> => changePerson(doors, caller, id, act);
  return {
    async listPeople({ caller }) {
      requireWholeHub(caller);
      return { items: (await listPeople(database, now())).map(personView) };
    },
    async createPerson({ caller, body }) {
      requireWholeHub(caller);
      if (reserved.has(body.name.toLowerCase())) throw new Problem('name-taken', 'The hub itself acts under this name.');
      await refuseUnknownClusters(doors, body.grants);
      const password = makePassword();
      const passwordHash = await hashPassword(password);
      const id = await database.transaction(async (db) => {
        if ((await lockPersonNamed(db, body.name)) !== undefined) throw new Problem('name-taken');
        await addPerson(db, { name: body.name, grants: body.grants, passwordHash }, now());
        await addAudit(db, { actor: caller.name, action: 'person.make', object: `person:${body.name}`, change: 'added', clusterId: null, detail: { grants: body.grants } }, now());
        return (await lockPersonNamed(db, body.name))?.id ?? 0;
      });
      return { ...(await shown(id)), password };
    },
    async updatePerson({ caller, params, body }) {
      if (body.grants !== undefined) await refuseUnknownClusters(doors, body.grants);
      await change(caller, params.id, async (db, held) => {
        const { grants, disabled } = body;
        const changes: string[] = [];
        if (grants !== undefined && JSON.stringify(grants) !== JSON.stringify(held.grants)) {
          await setGrants(db, held.id, grants);
          changes.push('roles changed');
        }
        if (disabled !== undefined && disabled !== held.disabled) {
          await setDisabled(db, held.id, disabled ? now() : null);
          changes.push(disabled ? 'disabled; sessions ended' : 'enabled');
        }
        return changes.length === 0 ? undefined : { action: 'person.update', change: changes.join('; '), detail: { before: held.grants, ...body } };
      });
      return shown(Number(params.id));
    },
    async resetPassword({ caller, params }) {
      requireWholeHub(caller);
      const password = makePassword();
      const passwordHash = await hashPassword(password);
      await change(caller, params.id, async (db, held) => {
        await replacePassword(db, held.id, passwordHash);
        return { action: 'password.reset', change: 'password reset; sessions ended' };
      });
      return { password };
    },
    async endSessionsOf({ caller, params }) {
      await change(caller, params.id, async (db, held) => {
        const ended = await endSessionsOfPerson(db, held.id);
        return ended === 0 ? undefined : { action: 'session.end', change: `${ended} ${ended === 1 ? 'session' : 'sessions'} ended` };
      });
      return null;
    },
    async deletePerson({ caller, params }) {
      await change(caller, params.id, async (db, held) => {
        await removePerson(db, held.id);
        return { action: 'person.delete', change: 'removed', detail: { grants: held.grants } };
      });
      return null;
    },
  };
}

/** What concerns the caller alone: the own sessions, and the places that are seen. */
export function ownHandlers({ database, now }: Doors): Handlers<'listSessions' | 'endSession' | 'listPlaces'> {
  return {
    async listSessions({ caller: { by } }) {
      if (by.kind !== 'session') return { items: [] };
      return { items: (await sessionsOf(database, by.personId, by.tokenHash, now())).map(ownSessionView) };
    },
    async endSession({ caller, params }) {
      const { by } = caller;
      if (by.kind !== 'session') throw new Problem('forbidden', 'A token has no sessions.');
      await database.transaction(async (db) => {
        if (!(await endSessionNamed(db, by.personId, params.id))) throw new Problem('not-found');
        await addAudit(db, { actor: caller.name, action: 'session.end', object: `person:${caller.name}`, change: 'one session ended', clusterId: null }, now());
      });
      return null;
    },
    listPlaces: async ({ caller }) => ({ items: await listPlaces(database, caller.scope) }),
  };
}

/** A grant of a cluster that is not there would wait for whoever comes under its id. */
export async function refuseUnknownClusters(doors: Doors, grants: readonly Grant[]): Promise<void> {
  const asked = grants.flatMap(({ place }) => (place === 'all' ? [] : [place.cluster]));
  if (asked.length === 0) return;
  const known = new Set((await listPlaces(doors.database, { kind: 'all' })).map(({ cluster }) => cluster));
  const unknown = asked.find((cluster) => !known.has(cluster));
  if (unknown !== undefined) throw new Problem('invalid-request', `There is no cluster ${unknown}.`);
}
