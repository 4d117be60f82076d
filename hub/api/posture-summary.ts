/** How everything in scope stands: by control, cluster, framework and day. The page and the report say the same, because both ask here. */
import type { Scope } from '@vedette/model/access';
import type { PostureDayView, PostureView } from '@vedette/model/api/posture-views';
import type { Control } from '@vedette/model/control';
import { postureClusters, postureCounts, postureDays, type CountFilter, type PostureCountShape } from '../store/read-posture.ts';
import type { Doors } from './doors.ts';
import { countsOf, countStates, frameworkViews, noCounts, worst } from './posture-words.ts';

const historyDays = 30;

function since(now: Date): Date {
  return new Date(now.getTime() - (historyDays - 1) * 86_400_000);
}

export async function daysOf({ database, now }: Doors, scope: Scope, filter: CountFilter): Promise<PostureDayView[]> {
  return (await postureDays(database, scope, filter, since(now()))).map((one) => ({ day: one.day, failed: one.failed, noData: one.no_data, accepted: one.accepted, passed: one.passed }));
}

export async function postureOf(doors: Doors, scope: Scope, filter: CountFilter): Promise<PostureView> {
  const { database, now, posture } = doors;
  const at = now();
  const [clusters, counts, history] = await Promise.all([postureClusters(database, scope, at), postureCounts(database, scope, filter, at), daysOf(doors, scope, filter)]);
  const byControl = Map.groupBy(counts, (one) => one.control);
  const byCluster = Map.groupBy(counts, (one) => one.cluster_id);
  const stateOf = (rows: ReadonlyMap<string, PostureCountShape[]>) => (control: Control) => worst(countsOf(rows.get(control.metadata.name) ?? []));
  return {
    at: at.toISOString(),
    // Before anything was evaluated nothing stands in any way.
    controls: counts.length === 0 ? noCounts() : countStates(posture.controls.map(stateOf(byControl))),
    results: countsOf(counts),
    clusters: clusters
      .filter((one) => filter.cluster === undefined || one.id === filter.cluster)
      .map((one) => {
        const own = byCluster.get(one.id) ?? [];
        const controls = [...Map.groupBy(own, (row) => row.control).values()].map((rows) => worst(countsOf(rows)));
        return { id: one.id, name: one.name, isKubernetes: one.is_kubernetes, evaluatedAt: one.evaluated_at.toISOString(), dataAt: one.data_at?.toISOString() ?? null, cutOff: one.cut_off, missing: one.missing, controls: countStates(controls), results: countsOf(own) };
      }),
    frameworks: frameworkViews(posture.controls, stateOf(byControl)),
    history,
  };
}
