/**
 * Baselines: read in the caller's scope, changed where the caller may change policies. Every change has an audit row in its own transaction, and
 * sensors are told. Enforcing comes after watching, and is refused where nothing could be stopped, naming what is missing.
 */
import type { BaselineDetailView } from '@vedette/model/api/baselines';
import type { BaselineState } from '@vedette/model/baseline-words';
import type { Scope } from '@vedette/model/access';
import { Problem } from '@vedette/model/problem';
import { enforcementOf } from '@vedette/policy/baseline/enforcement';
import { baselineYaml, readBaseline } from '@vedette/policy/baseline/text';
import { z } from 'zod';
import { addAudit } from '../store/access.ts';
import { acceptBehaviours, replaceBehaviours, setBaselineState } from '../store/baselines.ts';
import type { Transaction } from '../store/database.ts';
import { baselineById, baselineHistory, behavioursOf, blindIntervalsOf, containersWithoutImage, countBaselines, listBaselines, lockBaselineById, type LockedBaseline } from '../store/read-baselines.ts';
import { baselineDetailView, baselineView, exportRemarks } from './baseline-view.ts';
import type { Caller } from './caller.ts';
import { cursorInteger, cursorTime, decodeCursor, pageOf } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';

const Cursor = z.tuple([cursorInteger, cursorTime, cursorInteger]);

function numberOf(id: string): number {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new Problem('not-found');
  return Number(id);
}

type Baseline = 'listBaselines' | 'getBaseline' | 'exportBaseline' | 'setBaselineState' | 'acceptBehaviours' | 'putBaseline';

export function baselineHandlers(doors: Doors): Handlers<Baseline> {
  const { database, now } = doors;

  const detail: Detail = async (scope, id) => {
    const row = await baselineById(database, scope, id);
    if (row === undefined) throw new Problem('not-found');
    const [behaviours, blind, history] = await Promise.all([behavioursOf(database, scope, id), blindIntervalsOf(database, scope, id), baselineHistory(database, scope, id)]);
    return baselineDetailView({ row, behaviours, blind, history });
  };

  /** One change by a person: locked, audited, told. */
  const change = async (caller: Caller, id: number, action: string, work: (db: Transaction, held: LockedBaseline) => Promise<string>): Promise<void> => {
    const held = await database.transaction(async (db) => {
      const found = await lockBaselineById(db, caller.scope, id);
      if (found === undefined) throw new Problem('not-found');
      const words = await work(db, found);
      const name = `${found.namespace === '' ? '' : `${found.namespace}/`}${found.workload}`;
      await addAudit(db, { actor: caller.name, action: `baseline.${action}`, object: `baseline:${id}`, change: `baseline of ${name} ${words}`, clusterId: found.cluster_id, detail: { platformDigest: found.platform_digest, generation: found.generation } }, now());
      return found;
    });
    doors.changed(['baselines'], held.cluster_id, held.namespace === '' ? null : held.namespace);
    doors.fleet.baselinesChanged([held.cluster_id]);
  };

  return {
    ...readingHandlers(doors, detail),
    async setBaselineState({ caller, params, body }) {
      const id = numberOf(params.id);
      await change(caller, id, 'state', async (db, held) => {
        if (body.state === 'enforce') refuseEnforcing(held.state, (await behavioursOf(db, caller.scope, id)).flatMap((one) => (one.standing === 'outside' ? [] : [one.behaviour])));
        await setBaselineState(db, id, body.state, caller.name, reasonFor(body.state), now());
        return `set to ${body.state}, before ${held.state}`;
      });
      const row = await baselineById(database, caller.sees, id);
      if (row === undefined) throw new Problem('not-found');
      return baselineView(row);
    },
    async acceptBehaviours({ caller, params, body }) {
      const id = numberOf(params.id);
      await change(caller, id, 'accept', async (db) => `took in ${await acceptBehaviours(db, id, body.keys, now())} behaviours from outside`);
      return detail(caller.sees, id);
    },
    async putBaseline({ caller, params, body }) {
      const id = numberOf(params.id);
      const { baseline, problems } = readBaseline('baseline', body.yaml);
      if (baseline === null) {
        const [first] = problems;
        const places = problems.slice(0, 10).map(({ line, column, message, advice }) => ({ line, column, message, advice }));
        throw new Problem('baseline-invalid', first === undefined ? 'The text holds no baseline.' : `Line ${first.line}: ${first.message}. ${first.advice}`, places);
      }
      await change(caller, id, 'put', async (db, held) => {
        if (body.generation !== undefined && body.generation !== held.generation) throw new Problem('conflict');
        if (baseline.platformDigest !== null && baseline.platformDigest !== held.platform_digest) throw new Problem('baseline-invalid', `scope.platformDigest is ${baseline.platformDigest}, and this baseline is of ${held.platform_digest}. Remove the line to use the text for another image.`);
        if (held.state === 'enforce') refuseEnforcing('watch', baseline.behaviours);
        await replaceBehaviours(db, id, baseline.behaviours, now());
        return `replaced by a text with ${baseline.behaviours.length} behaviours`;
      });
      return detail(caller.sees, id);
    },
  };
}

type Detail = (scope: Scope, id: number) => Promise<BaselineDetailView>;

function readingHandlers({ database }: Doors, detail: Detail): Handlers<'listBaselines' | 'getBaseline' | 'exportBaseline'> {
  return {
    async listBaselines({ caller, query }) {
      const after = decodeCursor(query.cursor, Cursor);
      const filter = { state: query.state, cluster: query.cluster, namespace: query.namespace, workload: query.workload, image: query.image, onlyOutside: query.outside === 'only', search: query.search };
      const page = { after: after && { outside: after[0], changedAt: after[1], id: after[2] }, limit: query.limit + 1 };
      const [rows, counts, withoutImage] = await Promise.all([listBaselines(database, caller.scope, filter, page), countBaselines(database, caller.scope, filter), containersWithoutImage(database, caller.scope)]);
      const { total, ...states } = counts;
      return { ...pageOf(rows, query.limit, baselineView, (row) => [row.outside, row.changed_at.toISOString(), row.id], total), states, withoutImage };
    },
    getBaseline: async ({ caller, params }) => detail(caller.scope, numberOf(params.id)),
    async exportBaseline({ caller, params }) {
      const id = numberOf(params.id);
      const row = await baselineById(database, caller.scope, id);
      if (row === undefined) throw new Problem('not-found');
      const [behaviours, blind] = await Promise.all([behavioursOf(database, caller.scope, id), blindIntervalsOf(database, caller.scope, id)]);
      return baselineYaml({
        name: `baseline-${id}`, generation: row.generation, state: baselineView(row).state,
        scope: { cluster: row.cluster_name, namespace: row.namespace, workloadKind: row.workload_kind, workload: row.workload, platformDigest: row.platform_digest, image: row.image ?? '' },
        behaviours: behaviours.flatMap((one) => (one.standing === 'outside' ? [] : [one.behaviour])), remarks: exportRemarks(row, blind),
      });
    },
  };
}

function reasonFor(state: BaselineState): string {
  return state === 'learn' ? 'learns again' : state === 'watch' ? 'what is outside is told' : 'what the kernel can tell apart is stopped';
}

function refuseEnforcing(before: string, behaviours: Parameters<typeof enforcementOf>[0]): void {
  if (before === 'learn') throw new Problem('baseline-invalid', 'It still learns: let it watch first, and look at what is outside of it.');
  const { origins, cannotStop } = enforcementOf(behaviours);
  if (origins.length === 0) throw new Problem('baseline-invalid', `Nothing of it can be enforced. ${cannotStop.map((one) => `${one.what}: ${one.missing}`).join('. ')}.`.slice(0, 2000));
}
