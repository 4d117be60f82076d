/** Hosts and sensors as people see them. */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { hostInScope, inScope, placesIn } from './scope.ts';

/** A sensor that was not heard for longer than this counts as away. */
export const awaySeconds = 60;

const NodeShape = z.object({
  id: z.string(),
  cluster_id: z.string(),
  cluster_name: z.string(),
  hostname: z.string(),
  kernel: z.string(),
  distribution: z.string(),
  architecture: z.string(),
  last_seen_at: z.date().nullable(),
  has_sensor: z.boolean(),
  connected: z.boolean(),
  containers: z.number(),
  processes: z.number(),
});
export type NodeShape = z.infer<typeof NodeShape>;

/** A host leaves the list with its last sensor. */
const livingNode = "exists (select 1 from sensor s where s.node_id = n.id and s.removed_at is null and s.kind = 'sensor')";

/** Nodes of Kubernetes that neither a living sensor of the cluster nor the report of its part speaks for. To be used as a table. */
export const unwatchedNode = `(
  select o.cluster_id, o.name, o.uid, o.json, o.since from cluster_object o
   where o.kind = 'Node' and o.api_version = 'v1'
     and not exists (select 1 from node n where n.cluster_id = o.cluster_id and (n.kubernetes_uid = o.uid or n.kubernetes_name = o.name or lower(n.hostname) = lower(o.name)) and ${livingNode})
     and not exists (select 1 from cluster_report r where r.cluster_id = o.cluster_id and r.report -> 'nodesWithSensor' ? o.name))`;

function withSensor({ sensor }: NodeFilter): boolean | null {
  return sensor === undefined ? null : sensor === 'with';
}

/** `uname -m` as the kubelet says it in Go's words. */
const machine = `case u.json -> 'status' -> 'nodeInfo' ->> 'architecture' when 'amd64' then 'x86_64' when 'arm64' then 'aarch64' else coalesce(u.json -> 'status' -> 'nodeInfo' ->> 'architecture', '') end`;

export interface NodeFilter {
  readonly cluster?: string | undefined;
  readonly sensor?: 'with' | 'without' | undefined;
}

/** Hosts with their sensors, and nodes that have none: what is known of these, Kubernetes says. */
export async function listNodes(db: Db, scope: Scope, filter: NodeFilter, page: { after: { hostname: string; id: string } | undefined; limit: number }, now: Date): Promise<NodeShape[]> {
  return rows(
    db,
    NodeShape,
    `select * from (
       select n.id::text as id, n.cluster_id, c.name as cluster_name, n.hostname, n.kernel, n.distribution, n.architecture, seen.last_seen_at, true as has_sensor,
          coalesce(seen.last_seen_at > $6::timestamptz - make_interval(secs => $7), false) as connected,
          (select count(*) from container k where k.node_id = n.id and k.ended_at is null) as containers,
          (select count(*) from process_live p where p.node_id = n.id) as processes
        from node n join cluster c on c.id = n.cluster_id
        left join lateral (select max(r.last_seen_at) as last_seen_at from sensor s join sensor_report r on r.sensor_id = s.id where s.node_id = n.id and s.removed_at is null) seen on true
       where ${inScope('n.cluster_id')} and ${livingNode}
       union all
       select u.uid, u.cluster_id, c.name, u.name, coalesce(u.json -> 'status' -> 'nodeInfo' ->> 'kernelVersion', ''), coalesce(u.json -> 'status' -> 'nodeInfo' ->> 'osImage', ''), ${machine}, null, false, false, 0, 0
         from ${unwatchedNode} u join cluster c on c.id = u.cluster_id
        where ${inScope('u.cluster_id')}) host
     where ($2::text is null or cluster_id::text = $2) and ($3::text is null or (hostname, id) > ($3, $4)) and ($8::boolean is null or has_sensor = $8)
     order by hostname, id limit $5`,
    [placesIn(scope), filter.cluster ?? null, page.after?.hostname ?? null, page.after?.id ?? null, page.limit, now, awaySeconds, withSensor(filter)],
  );
}

const Counted = z.object({ n: z.number() });

export async function countNodes(db: Db, scope: Scope, filter: NodeFilter = {}): Promise<number> {
  const counted = await firstRow(
    db,
    Counted,
    `select (select count(*) from node n where coalesce($3::boolean, true) and ${inScope('n.cluster_id')} and ($2::text is null or n.cluster_id::text = $2) and ${livingNode})
       + (select count(*) from ${unwatchedNode} u where not coalesce($3::boolean, false) and ${inScope('u.cluster_id')} and ($2::text is null or u.cluster_id::text = $2)) as n`,
    [placesIn(scope), filter.cluster ?? null, withSensor(filter)],
  );
  return counted?.n ?? 0;
}

/** The last CoverageReport as hub/ingest keeps it. */
const Coverage = z.object({
  hooks: z.array(z.object({ eventClass: z.string(), hook: z.string(), attached: z.boolean(), reason: z.string().nullable(), misses: z.string().nullable() })),
  losses: z.array(z.object({ eventClass: z.string(), cause: z.string(), count: z.number() })),
  enforcement: z.object({ mechanism: z.string(), reason: z.string().nullable() }),
  policyGeneration: z.number(),
  policyProblems: z.array(z.string()),
  ruleProblems: z.array(z.string()),
  processesKnown: z.number(),
  processesKnownMax: z.number(),
  containersPending: z.number(),
  ringBytes: z.number(),
  ringFillBytesMax: z.number(),
  eventsSeen: z.number(),
  commandsRefused: z.number(),
  spoolBytes: z.number(),
  telemetryBatchesDropped: z.number(),
  rulesActive: z.number(),
  scopeCgroup: z.string().nullable(),
  detectionsPendingIdentity: z.number(),
  rssBytes: z.number(),
  // of sensors before 0.3 there is nothing of these
  canaryIntervalMs: z.number().default(0),
  ownedLosses: z.array(z.object({ containerId: z.string().nullable(), cgroupPath: z.string().nullable(), eventClass: z.string(), cause: z.string(), count: z.number() })).default([]),
  tables: z.array(z.object({ name: z.string(), place: z.string(), entries: z.number().nullable(), entriesMax: z.number().nullable(), bytes: z.number().nullable(), bytesMax: z.number(), dropped: z.number() })).default([]),
  ruleReach: z.array(z.object({ rule: z.string(), state: z.string(), reason: z.string() })).default([]),
});
export type SensorCoverage = z.infer<typeof Coverage>;

/** The last round of canaries as hub/ingest keeps it. */
const Canaries = z.object({
  intervalMs: z.number(),
  problem: z.string().nullable(),
  classes: z.array(z.object({ eventClass: z.string(), outcome: z.enum(['seen', 'missing', 'impossible']), reason: z.string().nullable().default(null), since: z.string(), seenAt: z.string().nullable() })),
});
export type SensorCanaries = z.infer<typeof Canaries>;

const SensorShape = z.object({
  id: z.string(),
  node_id: z.string(),
  cluster_id: z.string(),
  cluster_name: z.string(),
  hostname: z.string(),
  kernel: z.string(),
  distribution: z.string(),
  version: z.string(),
  joined_at: z.date(),
  last_seen_at: z.date().nullable(),
  connected: z.boolean(),
  clock_skew_ms: z.number().nullable(),
  certificate_expires_at: z.date().nullable(),
  coverage: Coverage.nullable(),
  reported_at: z.date().nullable(),
  canaries: Canaries.nullable(),
  canaries_at: z.date().nullable(),
  /** Records lost in the last hour, over all classes. */
  lost_recently: z.number(),
  /** Its cluster is in scope; otherwise only something that runs on its host is. */
  whole: z.boolean(),
});
export type SensorShape = z.infer<typeof SensorShape>;

/** What grows with the rules and containers of a node is read only where it is shown. */
const leanCoverage = `r.coverage - '{ownedLosses,tables,ruleReach}'::text[] as coverage`;

function sensorQuery(where: string, inReach = inScope('s.cluster_id'), coverage = leanCoverage): string {
  return `select s.id, s.node_id, s.cluster_id, c.name as cluster_name, n.hostname, n.kernel, n.distribution, s.version, s.joined_at, r.last_seen_at,
      coalesce(r.last_seen_at > $2::timestamptz - make_interval(secs => $3), false) as connected, r.clock_skew_ms,
      (select max(expires_at) from certificate k where k.sensor_id = s.id) as certificate_expires_at, ${coverage}, r.reported_at, r.canaries, r.canaries_at,
      (select coalesce(sum(i.lost), 0)::bigint from coverage_interval i where i.sensor_id = s.id and i.until > $2::timestamptz - interval '1 hour') as lost_recently, ${inScope('s.cluster_id')} as whole
    from sensor s join node n on n.id = s.node_id join cluster c on c.id = s.cluster_id join sensor_report r on r.sensor_id = s.id
   where ${inReach} and s.removed_at is null and s.kind = 'sensor' ${where}`;
}

/** All of them: an installation has one sensor a host. Bounded, since the contract does not page. */
export async function listSensors(db: Db, scope: Scope, now: Date): Promise<SensorShape[]> {
  return rows(db, SensorShape, sensorQuery('order by n.hostname, s.id limit 20000'), [placesIn(scope), now, awaySeconds]);
}

/** Those of hosts on which something in scope runs too: how completely it is seen. For that alone: they are not in scope themselves. */
export async function sensorsUnder(db: Db, scope: Scope, now: Date, whole = false): Promise<SensorShape[]> {
  return rows(db, SensorShape, sensorQuery('order by n.hostname, s.id limit 20000', hostInScope('s.cluster_id', 's.node_id'), whole ? 'r.coverage' : leanCoverage), [placesIn(scope), now, awaySeconds]);
}

export async function sensorById(db: Db, scope: Scope, id: string, now: Date): Promise<SensorShape | undefined> {
  return firstRow(db, SensorShape, sensorQuery('and s.id::text = $4', inScope('s.cluster_id'), 'r.coverage'), [placesIn(scope), now, awaySeconds, id]);
}

const CanaryReport = z.object({
  id: z.string(), hostname: z.string(), joined_at: z.date(), interval_ms: z.number(), canaries: Canaries.nullable(), canaries_at: z.date().nullable(),
});
export type CanaryReportShape = z.infer<typeof CanaryReport>;

/** The canaries of all sensors that have reported that they do any. */
export async function canaryReports(db: Db): Promise<CanaryReportShape[]> {
  return rows(
    db,
    CanaryReport,
    `select s.id, n.hostname, s.joined_at, coalesce((r.coverage ->> 'canaryIntervalMs')::int, 0) as interval_ms, r.canaries, r.canaries_at
       from sensor s join node n on n.id = s.node_id join sensor_report r on r.sensor_id = s.id
      where s.removed_at is null and s.kind = 'sensor' and (r.canaries is not null or coalesce((r.coverage ->> 'canaryIntervalMs')::int, 0) > 0) limit 20000`,
    [],
  );
}

const Gap = z.object({ kind: z.string(), what: z.string(), node_id: z.string(), hostname: z.string(), count: z.number(), last_at: z.date() });
export type GapShape = z.infer<typeof Gap>;

/** What was dropped, forgotten or refused since, by node and cause; the largest first. */
export async function recentGaps(db: Db, scope: Scope, since: Date): Promise<GapShape[]> {
  return rows(
    db,
    Gap,
    `select g.kind, g.what, coalesce(g.node_id::text, '') as node_id, coalesce(n.hostname, 'cluster part of ' || c.name) as hostname, sum(g.count)::bigint as count, max(g.last_at) as last_at
       from coverage_gap g join cluster c on c.id = g.cluster_id left join node n on n.id = g.node_id
      where ${inScope('g.cluster_id')} and g.last_at >= $2 group by 1, 2, 3, 4 order by count desc limit 200`,
    [placesIn(scope), since],
  );
}

const UnknownRecord = z.object({ field: z.number(), count: z.number(), hostname: z.string(), node_id: z.string() });

export async function unknownRecords(db: Db, scope: Scope, since: Date): Promise<z.infer<typeof UnknownRecord>[]> {
  return rows(
    db,
    UnknownRecord,
    `select u.field, u.count, n.hostname, n.id as node_id from unknown_record u join sensor s on s.id = u.sensor_id join node n on n.id = s.node_id
      where ${inScope('u.cluster_id')} and u.last_at >= $2 order by u.count desc limit 100`,
    [placesIn(scope), since],
  );
}
