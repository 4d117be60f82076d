/** The posture over HTTP: how controls stand, each result with its evidence, how results changed, and the report. Every read carries the caller's scope. */
import type { ControlDetailView, ControlResultView } from '@vedette/model/api/posture-views';
import type { Scope } from '@vedette/model/access';
import type { Control } from '@vedette/model/control';
import { Problem } from '@vedette/model/problem';
import { z } from 'zod';
import { postureChanges, postureClusters, postureCounts, postureResults } from '../store/read-posture.ts';
import { cursorInteger, decodeCursor, pageOf } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';
import { daysOf, postureOf } from './posture-summary.ts';
import { controlsOf, controlView, countsOf, resultView } from './posture-words.ts';
import { postureReport } from './report/report.ts';

type OfPosture = 'posture' | 'listControls' | 'getControl' | 'listControlResults' | 'listPostureChanges' | 'postureReport';

const ResultCursor = z.tuple([cursorInteger, cursorInteger]);
const ChangeCursor = z.tuple([cursorInteger]);

export function postureHandlers(doors: Doors): Handlers<OfPosture> {
  const { database, now, posture } = doors;
  const byName = new Map(posture.controls.map((one) => [one.metadata.name, one]));
  return {
    posture: ({ caller, query }) => postureOf(doors, caller.scope, { cluster: query.cluster, namespace: query.namespace, control: undefined }),
    async listControls({ caller, query }) {
      const counts = Map.groupBy(await postureCounts(database, caller.scope, { cluster: query.cluster, namespace: query.namespace, control: undefined }, now()), (one) => one.control);
      const wanted = query.search?.toLowerCase();
      const items = controlsOf(posture.controls, query.framework, query.requirement)
        .map((one) => controlView(one, counts.get(one.metadata.name) ?? []))
        .filter((one) => (query.category === undefined || one.category === query.category) && (query.severity === undefined || one.severity === query.severity) && (query.state === undefined || one.state === query.state))
        .filter((one) => wanted === undefined || `${one.name} ${one.title} ${one.requirements.map(({ id }) => id).join(' ')}`.toLowerCase().includes(wanted));
      return { items };
    },
    async getControl({ caller, params }) {
      const control = byName.get(params.name);
      if (control === undefined) throw new Problem('not-found');
      return controlDetail(doors, caller.scope, control);
    },
    async listControlResults({ caller, query }) {
      const after = decodeCursor(query.cursor, ResultCursor);
      const controls = query.control !== undefined ? [query.control] : query.framework === undefined ? undefined : controlsOf(posture.controls, query.framework).map((one) => one.metadata.name);
      const filter = { controls, cluster: query.cluster, namespace: query.namespace, states: query.state === undefined ? undefined : [query.state], search: query.search };
      const rows = await postureResults(database, caller.scope, filter, { after: after && { rank: after[0], id: after[1] }, limit: query.limit + 1 }, now());
      return pageOf(rows, query.limit, (row): ControlResultView => resultView(row, byName.get(row.control)), (row) => [row.rank, row.id], null);
    },
    async listPostureChanges({ caller, query }) {
      const after = decodeCursor(query.cursor, ChangeCursor)?.[0];
      const rows = await postureChanges(database, caller.scope, { cluster: query.cluster, namespace: query.namespace, control: query.control }, { after, limit: query.limit + 1 });
      const view = (row: (typeof rows)[number]) => ({ id: String(row.id), at: row.at.toISOString(), control: row.control, clusterName: row.cluster_name, namespace: row.namespace, type: row.subject_type, name: row.subject_name, before: row.before, after: row.after, reason: row.reason });
      return pageOf(rows, query.limit, view, (row) => [row.id], null);
    },
    postureReport: ({ caller, query }) => postureReport(doors, caller, query),
  };
}

async function controlDetail(doors: Doors, scope: Scope, control: Control): Promise<ControlDetailView> {
  const { database, now } = doors;
  const filter = { control: control.metadata.name, cluster: undefined, namespace: undefined };
  const at = now();
  const [clusters, counts, history] = await Promise.all([postureClusters(database, scope, at), postureCounts(database, scope, filter, at), daysOf(doors, scope, filter)]);
  const { spec } = control;
  return {
    ...controlView(control, counts),
    why: spec.why, fix: spec.fix, snippet: spec.snippet ?? null, appliesWhen: spec.appliesWhen ?? null, failsWhen: spec.failsWhen,
    clusters: clusters.flatMap((one) => {
      const rows = counts.filter((row) => row.cluster_id === one.id);
      return rows.length === 0 ? [] : [{ id: one.id, name: one.name, cutOff: one.cut_off, results: countsOf(rows) }];
    }),
    history,
  };
}
