/**
 * What playbooks answer to, with everything that steps act on: incidents, violations and verdicts about images, each as it is now, for
 * the whole hub. One violation or verdict is one event for each workload that has it. For a person who tries or starts a playbook by hand
 * the place is compared by the caller.
 */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const Container = z.object({ nodeId: z.string(), hostname: z.string(), containerId: z.string(), name: z.string(), namespace: z.string(), pod: z.string(), podUid: z.string() });

const Event = z.object({
  id: z.string(),
  cluster_id: z.string(),
  cluster_name: z.string(),
  cluster_kind: z.string(),
  namespace: z.string().nullable(),
  node_name: z.string().nullable(),
  title: z.string(),
  workload_kind: z.string().nullable(),
  workload: z.string().nullable(),
  image_reference: z.string().nullable(),
  digests: z.array(z.string()),
  containers: z.array(Container),
  process: z.object({ nodeId: z.string(), hostname: z.string(), containerId: z.string(), key: z.string(), path: z.string() }).nullable(),
  facts: z.record(z.string(), z.unknown()),
});
export type ResponseEvent = z.infer<typeof Event>;

const containerJson = `jsonb_build_object('nodeId', k.node_id, 'hostname', n.hostname, 'containerId', k.container_id, 'name', k.name, 'namespace', coalesce(k.pod_namespace, ''), 'pod', coalesce(k.pod_name, ''), 'podUid', coalesce(k.pod_uid, ''))`;
const livingOf = (workload: string, image: string): string => `coalesce((select jsonb_agg(${containerJson} order by k.id) from (select * from container where workload_id = ${workload} and image_id = ${image} and ended_at is null order by id limit 1001) k join node n on n.id = k.node_id), '[]')`;
const digestsOf = (of: string): string => `array_remove(array[${of}.platform_digest, ${of}.index_digest], null)`;

const incidents = `select x.id::text as id, x.cluster_id, c.name as cluster_name, c.kind as cluster_kind, x.namespace, n.hostname as node_name, x.title, w.kind as workload_kind, w.name as workload,
    k.image_name as image_reference, ${digestsOf('k')} as digests,
    case when k.id is null or k.ended_at is not null then '[]'::jsonb else jsonb_build_array(${containerJson}) end as containers,
    (select jsonb_build_object('nodeId', x.node_id, 'hostname', n.hostname, 'containerId', coalesce(x.container_id, ''), 'key', e.tree -> -1 ->> 'key', 'path', e.tree -> -1 ->> 'path')
       from event e where e.incident_id = x.id and jsonb_array_length(e.tree) > 0 order by e.at desc, e.id desc limit 1) as process,
    jsonb_build_object('incident.id', x.id::text, 'incident.kind', x.kind, 'incident.source', x.source, 'incident.rule', x.rule, 'incident.severity', x.severity, 'incident.outcome', x.outcome, 'incident.title', x.title,
      'incident.summary', x.summary, 'incident.attack', to_jsonb(x.attack), 'incident.count', x.count, 'container.id', x.container_id, 'container.name', nullif(k.name, ''), 'pod.name', nullif(k.pod_name, '')) as facts
  from incident x join cluster c on c.id = x.cluster_id join node n on n.id = x.node_id
  left join container k on k.node_id = x.node_id and k.container_id = x.container_id left join workload w on w.id = k.workload_id`;

const violations = `select v.id::text as id, v.cluster_id, c.name as cluster_name, c.kind as cluster_kind, nullif(w.namespace, '') as namespace, null::text as node_name, v.policy || '/' || v.rule || ': ' || v.reason as title,
    w.kind as workload_kind, w.name as workload, v.reference as image_reference, array_remove(array[i.digest, v.index_digest], null) as digests, ${livingOf('v.workload_id', 'v.image_id')} as containers, null::jsonb as process,
    jsonb_build_object('violation.id', v.id::text, 'violation.policy', v.policy, 'violation.rule', v.rule, 'violation.severity', v.severity, 'violation.verdict', v.verdict, 'violation.mode', v.mode, 'violation.reason', v.reason) as facts
  from violation v join cluster c on c.id = v.cluster_id join workload w on w.id = v.workload_id join image i on i.id = v.image_id`;

const verdicts = `select o.kind || ' ' || o.image_id || ' ' || r.workload_id as id, r.cluster_id, c.name as cluster_name, c.kind as cluster_kind, nullif(w.namespace, '') as namespace, null::text as node_name, o.sentence as title,
    w.kind as workload_kind, w.name as workload, m.reference as image_reference, array[g.digest] as digests, ${livingOf('r.workload_id', 'r.image_id')} as containers, null::jsonb as process,
    jsonb_build_object('integrity.kind', o.kind, 'integrity.reason', o.sentence, 'integrity.expected', o.expected, 'integrity.found', o.found) as facts
  from origin_verdict o join origin_image m on m.id = o.image_id
  join lateral (select distinct u.id, u.cluster_id, u.workload_id, u.image_id from run u join image d on d.id = u.image_id where u.open and (d.digest = m.digest or d.digest = any(m.digests))) r on true
  join image g on g.id = r.image_id join cluster c on c.id = r.cluster_id join workload w on w.id = r.workload_id`;

/** What has happened since then, the newest first; a thing is told each time it is asked, whoever asks remembers. */
export async function responseEvents(db: Db, trigger: 'incident' | 'violation' | 'integrity', since: Date, limit: number): Promise<ResponseEvent[]> {
  switch (trigger) {
    case 'incident':
      return rows(db, Event, `${incidents} where x.last_seen >= $1 and x.first_seen >= $1 and x.state <> 'closed' order by x.last_seen desc, x.id desc limit $2`, [since, limit]);
    case 'violation':
      return rows(db, Event, `${violations} where v.state = 'open' and v.state_since >= $1 order by v.state_since desc, v.id desc limit $2`, [since, limit]);
    case 'integrity':
      return rows(db, Event, `${verdicts} where o.until is null and o.state = 'violated' and o.since >= $1 order by o.since desc limit $2`, [since, limit]);
    default:
      return trigger satisfies never;
  }
}

/** One event by its id, if it is in scope. */
export async function responseEvent(db: Db, scope: Scope, trigger: 'incident' | 'violation' | 'integrity', id: string): Promise<ResponseEvent | undefined> {
  const values = [placesIn(scope), id];
  switch (trigger) {
    case 'incident':
      return /^[1-9]\d{0,14}$/.test(id) ? (await rows(db, Event, `${incidents} where ${inScope('x.cluster_id', 'x.namespace')} and x.id = $2::bigint`, values))[0] : undefined;
    case 'violation':
      return /^[1-9]\d{0,14}$/.test(id) ? (await rows(db, Event, `${violations} where ${inScope('v.cluster_id', "nullif(w.namespace, '')")} and v.id = $2::bigint`, values))[0] : undefined;
    case 'integrity':
      return (await rows(db, Event, `${verdicts} where ${inScope('r.cluster_id', "nullif(w.namespace, '')")} and o.until is null and o.kind || ' ' || o.image_id || ' ' || r.workload_id = $2 limit 1`, values))[0];
    default:
      return trigger satisfies never;
  }
}

/** The newest ones in scope, to try a playbook on. */
export async function recentResponseEvents(db: Db, scope: Scope, trigger: 'incident' | 'violation' | 'integrity', limit: number): Promise<ResponseEvent[]> {
  const values = [placesIn(scope), limit];
  switch (trigger) {
    case 'incident':
      return rows(db, Event, `${incidents} where ${inScope('x.cluster_id', 'x.namespace')} order by x.last_seen desc, x.id desc limit $2`, values);
    case 'violation':
      return rows(db, Event, `${violations} where ${inScope('v.cluster_id', "nullif(w.namespace, '')")} order by v.state_since desc, v.id desc limit $2`, values);
    case 'integrity':
      return rows(db, Event, `${verdicts} where ${inScope('r.cluster_id', "nullif(w.namespace, '')")} and o.state = 'violated' order by o.since desc limit $2`, values);
    default:
      return trigger satisfies never;
  }
}
