/**
 * Policies, sensors, join tokens, API tokens and the session: what people change. Every write has an audit row in its
 * own transaction. What belongs to the hub as a whole (policies, tokens, advisories) takes a caller who may see all of
 * it: a role in one cluster is not a say in the others.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { Problem } from '@vedette/model/problem';
import { addAudit, addToken, endSession, clusterIdNamed, listTokens, personNamed, revokeToken, setPassword } from '../store/access.ts';
import { retireNode } from '../store/containers.ts';
import { addJoinToken, clusterNamed, markSensorRemoved } from '../store/fleet.ts';
import { deletePolicy, lockPolicy, putPolicy, setPolicyMode } from '../store/policies.ts';
import { listSensors, sensorById } from '../store/read-fleet.ts';
import { listPolicies, policyNamed } from '../store/read-policies.ts';
import { containerStates } from '../store/read-risk.ts';
import { requireWholeHub, type Caller } from './caller.ts';
import type { Doors, Handlers, PolicyRules } from './doors.ts';
import { explainPolicy } from './explain.ts';
import { refuseUnknownClusters } from './handlers-people.ts';
import { hashPassword, isPassword } from './passwords.ts';
import { hashOf, tokenPrefix, type SignIn } from './sign-in.ts';
import { policyView, sensorView, tokenView } from './views.ts';

const verdictDays = 7;
const dayMs = 86_400_000;

function verdictsSince(now: Date): Date {
  return new Date(now.getTime() - verdictDays * dayMs);
}

export function policyHandlers(doors: Doors): Handlers<'listPolicies' | 'getPolicy' | 'putPolicy' | 'setPolicyMode' | 'deletePolicy' | 'explainPolicy'> {
  const { database, now } = doors;
  const shown = async (caller: Caller, name: string): ReturnType<Handlers<'getPolicy'>['getPolicy']> => {
    const since = verdictsSince(now());
    const row = await policyNamed(database, caller.scope, name, since, now());
    if (row === undefined) throw new Problem('not-found');
    return policyView(row, rulesIn(row.yaml), since);
  };
  // A text that is stored was readable once; another version may not understand it, and then its rules are not listed.
  const rulesIn = (yaml: string): PolicyRules => {
    const read = doors.readPolicy(yaml);
    return 'policy' in read ? read.policy.rules : [];
  };
  const announce = (): void => {
    doors.fleet.policiesChanged();
    doors.changed(['policies'], null);
  };
  return {
    async listPolicies({ caller }) {
      const since = verdictsSince(now());
      return { items: (await listPolicies(database, caller.scope, since, now())).map((row) => policyView(row, rulesIn(row.yaml), since)) };
    },
    getPolicy: ({ caller, params }) => shown(caller, params.name),
    explainPolicy: ({ caller, params, query }) => explainPolicy(doors, caller.scope, params.name, query.image),
    async putPolicy({ caller, params, body }) {
      requireWholeHub(caller);
      const read = doors.readPolicy(body.yaml);
      if ('problems' in read) throw new Problem('policy-invalid', read.problems.join(' '), read.places);
      if (read.policy.name !== params.name) throw new Problem('policy-invalid', `metadata.name is ${read.policy.name}, the address says ${params.name}.`);
      await database.transaction(async (db) => {
        const held = await lockPolicy(db, params.name);
        if (body.generation !== undefined && body.generation !== (held?.generation ?? 0)) throw new Problem('conflict');
        await putPolicy(db, { ...read.policy, yaml: body.yaml }, { actor: caller.name, shipped: false }, now());
        await addAudit(db, { actor: caller.name, action: 'policy.put', object: `policy:${params.name}`, change: `policy ${params.name} ${held === undefined ? 'made' : 'written anew'}`, clusterId: null, detail: { before: held?.yaml ?? null, after: body.yaml } }, now());
      });
      announce();
      return shown(caller, params.name);
    },
    async setPolicyMode({ caller, params, body }) {
      requireWholeHub(caller);
      await database.transaction(async (db) => {
        const held = await lockPolicy(db, params.name);
        if (held === undefined) throw new Problem('not-found');
        if (held.mode === body.mode) return;
        await setPolicyMode(db, params.name, body.mode, caller.name, now());
        await addAudit(db, { actor: caller.name, action: 'policy.mode', object: `policy:${params.name}`, change: `mode: ${held.mode} → ${body.mode}`, clusterId: null }, now());
      });
      announce();
      return shown(caller, params.name);
    },
    async deletePolicy({ caller, params }) {
      requireWholeHub(caller);
      await database.transaction(async (db) => {
        const held = await lockPolicy(db, params.name);
        if (held === undefined) throw new Problem('not-found');
        await deletePolicy(db, params.name, caller.name, now());
        await addAudit(db, { actor: caller.name, action: 'policy.delete', object: `policy:${params.name}`, change: `policy ${params.name} removed`, clusterId: null, detail: { before: held.yaml } }, now());
      });
      announce();
      return null;
    },
  };
}

export function fleetHandlers(doors: Doors): Handlers<'listSensors' | 'getSensor' | 'removeSensor' | 'createJoinToken'> {
  const { database, now, assess } = doors;
  return {
    async listSensors({ caller }) {
      const [sensors, states] = await Promise.all([listSensors(database, caller.scope, now()), containerStates(database, caller.scope)]);
      const byNode = new Map(states.map((one) => [one.node_id, one]));
      return { items: sensors.map((sensor) => sensorView(sensor, assess.sensorPercent(sensor, byNode.get(sensor.node_id)), assess.canaryStates(sensor))) };
    },
    async getSensor({ caller, params }) {
      const [sensor, states] = await Promise.all([sensorById(database, caller.scope, params.id, now()), containerStates(database, caller.scope)]);
      if (sensor === undefined) throw new Problem('not-found');
      return sensorView(sensor, assess.sensorPercent(sensor, states.find((one) => one.node_id === sensor.node_id)), assess.canaryStates(sensor));
    },
    async removeSensor({ caller, params }) {
      if (!/^[0-9a-f-]{36}$/.test(params.id)) throw new Problem('not-found');
      const clusterId = await database.transaction(async (db) => {
        const removed = await markSensorRemoved(db, caller.scope, params.id, now());
        if (removed === undefined) throw new Problem('not-found');
        if (removed.nodeId !== null) await retireNode(db, removed.nodeId, now());
        await addAudit(db, { actor: caller.name, action: 'sensor.remove', object: `sensor:${params.id}`, change: 'removed from the fleet', clusterId: removed.clusterId }, now());
        return removed.clusterId;
      });
      doors.fleet.sensorRemoved(params.id);
      doors.changed(['sensors', 'containers', 'processes'], clusterId);
      return null;
    },
    async createJoinToken({ caller, body }) {
      const made = doors.fleet.makeJoinToken(body.part);
      const expiresAt = new Date(now().getTime() + body.validMinutes * 60_000);
      const name = body.cluster.replaceAll('\0', '');
      await database.transaction(async (db) => {
        // A new cluster is a new place that only who sees all can see; a known one must be in scope.
        const known = await clusterIdNamed(db, caller.scope, name);
        if (known === undefined && caller.scope.kind !== 'all') throw new Problem('forbidden', 'You may join sensors only to the clusters you may see.');
        const clusterId = known ?? (await clusterNamed(db, randomUUID(), name, now()));
        await addJoinToken(db, { secretHash: made.secretHash, clusterId, createdBy: caller.name, createdAt: now(), expiresAt, part: body.part });
        await addAudit(db, { actor: caller.name, action: 'join-token.make', object: `cluster:${name}`, change: `join token for a ${body.part === 'cluster' ? 'cluster part' : 'sensor'} made, valid for ${body.validMinutes} minutes`, clusterId }, now());
      });
      return { token: made.token, command: made.command, expiresAt: expiresAt.toISOString(), cluster: name };
    },
  };
}

export function accountHandlers(
  doors: Doors,
  signIn: SignIn,
): Handlers<'signIn' | 'session' | 'signOut' | 'changePassword' | 'listTokens' | 'createToken' | 'revokeToken' | 'reloadAdvisories'> {
  const { database, now } = doors;
  return {
    async signIn({ body, address, agent, setSession }) {
      const { secret, caller } = await signIn.withPassword(body.user, body.password, { address, agent });
      if (caller.by.kind === 'session') setSession({ secret, expiresAt: caller.by.expiresAt });
      return sessionOf(caller);
    },
    session: async ({ caller }) => sessionOf(caller),
    async signOut({ caller, setSession }) {
      const { by } = caller;
      if (by.kind === 'session') {
        await database.transaction(async (db) => {
          await endSession(db, by.tokenHash);
          await addAudit(db, { actor: caller.name, action: 'sign-out', object: `person:${caller.name}`, change: 'Signed out', clusterId: null }, now());
        });
      }
      setSession(null);
      return null;
    },
    async changePassword({ caller, body }) {
      const { by } = caller;
      if (by.kind !== 'session') throw new Problem('forbidden', 'A token has no password.');
      const person = await personNamed(database, caller.name);
      if (person === undefined || !(await isPassword(body.current, person.passwordHash))) throw new Problem('sign-in-refused');
      const hash = await hashPassword(body.next);
      await database.transaction(async (db) => {
        await setPassword(db, by.personId, hash, by.tokenHash);
        await addAudit(db, { actor: caller.name, action: 'password.change', object: `person:${caller.name}`, change: 'password changed; other sessions ended', clusterId: null }, now());
      });
      return null;
    },
    async listTokens({ caller }) {
      requireWholeHub(caller);
      return { items: (await listTokens(database)).map(tokenView) };
    },
    async createToken({ caller, body }) {
      requireWholeHub(caller);
      await refuseUnknownClusters(doors, body.grants);
      const secret = `${tokenPrefix}${randomBytes(30).toString('base64url')}`;
      const expiresAt = body.expiresInDays === null ? null : new Date(now().getTime() + body.expiresInDays * dayMs);
      const row = await database.transaction(async (db) => {
        const made = await addToken(db, { name: body.name.replaceAll('\0', ''), grants: body.grants, tokenHash: hashOf(secret), createdBy: caller.name, expiresAt }, now());
        await addAudit(db, { actor: caller.name, action: 'token.make', object: `token:${made.id}`, change: `API token ${made.name} made`, clusterId: null, detail: { grants: body.grants } }, now());
        return made;
      });
      return { ...tokenView(row), secret };
    },
    async revokeToken({ caller, params }) {
      requireWholeHub(caller);
      if (!/^[1-9]\d{0,14}$/.test(params.id)) throw new Problem('not-found');
      await database.transaction(async (db) => {
        if (!(await revokeToken(db, Number(params.id), now()))) throw new Problem('not-found');
        await addAudit(db, { actor: caller.name, action: 'token.revoke', object: `token:${params.id}`, change: 'API token revoked', clusterId: null }, now());
      });
      return null;
    },
    async reloadAdvisories({ caller }) {
      requireWholeHub(caller);
      const done = await doors.assess.reload();
      await addAudit(database, { actor: caller.name, action: 'advisories.reload', object: 'advisories', change: `read again: ${done.advisories} advisories`, clusterId: null }, now());
      doors.changed(['advisories', 'vulnerabilities'], null);
      return done;
    },
  };
}

function sessionOf(caller: Caller): Awaited<ReturnType<Handlers<'session'>['session']>> {
  const { by } = caller;
  // A program that asks who it is gets an answer of the same form; it has no use for a CSRF token.
  const never = '9999-12-31T23:59:59.000Z';
  return { user: caller.name, grants: [...caller.grants], csrf: by.kind === 'session' ? by.csrf : '', expiresAt: by.kind === 'session' ? by.expiresAt.toISOString() : never };
}
