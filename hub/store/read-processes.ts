/** Live processes and counted executions as people see them. */
import type { Scope } from '@vedette/model/access';
import { KubernetesUserView } from '@vedette/model/api/views';
import { fileOrigins } from '@vedette/model/policy';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const ProcessShape = z.object({
  node_id: z.string(),
  hostname: z.string(),
  container_name: z.string().nullable(),
  namespace: z.string().nullable(),
  workload: z.string().nullable(),
  boot_id: z.string(),
  tgid: z.number(),
  start_ns: z.string(),
  exec_id: z.number(),
  parent_tgid: z.number().nullable(),
  parent_start_ns: z.string().nullable(),
  parent_exec_id: z.number().nullable(),
  path: z.string(),
  filename: z.string().nullable(),
  arguments: z.array(z.string()),
  arguments_truncated: z.boolean(),
  uid: z.number(),
  command: z.string(),
  container_id: z.string(),
  has_terminal: z.boolean(),
  origin: z.enum(fileOrigins),
  started_at: z.date(),
  started_before_sensor: z.boolean(),
  working_directory: z.string().nullable(),
  kubernetes_users: z.array(KubernetesUserView),
});
export type ProcessShape = z.infer<typeof ProcessShape>;

export interface ProcessFilter {
  readonly node: string | undefined;
  /** A container id, or `host` for processes in none. */
  readonly container: string | undefined;
  readonly search: string | undefined;
  /** The one process of this key, as the contract writes it. */
  readonly key: string | undefined;
}

export interface ProcessPosition {
  readonly startedAt: Date;
  readonly nodeId: string;
  readonly tgid: number;
  readonly startNs: string;
  readonly execId: number;
}

const filtered = `($2::text is null or p.node_id::text = $2 or n.hostname = $2)
  and ($3::text is null or p.container_id = case when $3 = 'host' then '' else $3 end)
  and ($4::text is null or position(lower($4) in lower(concat_ws(' ', p.path, p.command, array_to_string(p.arguments, ' '), p.tgid::text,
    (select string_agg(u ->> 'user', ' ') from jsonb_array_elements(p.kubernetes_users) u)))) > 0)
  and ($5::text is null or (p.boot_id = $5 and p.tgid = $6::bigint and p.start_ns = $7::bigint and p.exec_id = $8::bigint))`;

/** boot-tgid-start-exec; what has not this form names no process. */
function partsOf(key: string | undefined): (string | null)[] {
  if (key === undefined) return [null, null, null, null];
  const [, boot, tgid, start, exec] = /^(.{1,100})-(\d{1,10})-(\d{1,18})-(\d{1,10})$/.exec(key) ?? [];
  return boot === undefined ? ['', '0', '0', '0'] : [boot, tgid ?? '0', start ?? '0', exec ?? '0'];
}

function filterValues(scope: Scope, filter: ProcessFilter): unknown[] {
  return [placesIn(scope), filter.node ?? null, filter.container ?? null, filter.search ?? null, ...partsOf(filter.key)];
}

export async function listProcesses(db: Db, scope: Scope, filter: ProcessFilter, page: { after: ProcessPosition | undefined; limit: number }): Promise<ProcessShape[]> {
  const { after } = page;
  return rows(
    db,
    ProcessShape,
    `select p.node_id, n.hostname, k.name as container_name, w.namespace, w.name as workload, p.boot_id, p.tgid, p.start_ns::text as start_ns, p.exec_id, p.parent_tgid, p.parent_start_ns::text as parent_start_ns,
        p.parent_exec_id, p.path, p.filename, p.arguments, p.arguments_truncated, p.uid, p.command, p.container_id, p.has_terminal, p.origin, p.started_at, p.started_before_sensor, p.working_directory, p.kubernetes_users
       from process_live p join node n on n.id = p.node_id left join container k on k.node_id = p.node_id and k.container_id = p.container_id left join workload w on w.id = k.workload_id
      where ${inScope('p.cluster_id', 'k.pod_namespace')} and ${filtered}
        and ($9::timestamptz is null or (p.started_at <= $9 and (p.started_at < $9 or (p.node_id, p.tgid, p.start_ns, p.exec_id) > ($10::uuid, $11::bigint, $12::bigint, $13::bigint))))
      order by p.started_at desc, p.node_id, p.tgid, p.start_ns, p.exec_id limit $14`,
    [...filterValues(scope, filter), after?.startedAt ?? null, after?.nodeId ?? null, after?.tgid ?? null, after?.startNs ?? null, after?.execId ?? null, page.limit],
  );
}

const Counted = z.object({ n: z.number() });
const countMax = 10_000;

/** Null when there are more than is worth counting. */
export async function countProcesses(db: Db, scope: Scope, filter: ProcessFilter): Promise<number | null> {
  const found = await firstRow(
    db,
    Counted,
    `select count(*) as n from (select 1 from process_live p join node n on n.id = p.node_id left join container k on k.node_id = p.node_id and k.container_id = p.container_id where ${inScope('p.cluster_id', 'k.pod_namespace')} and ${filtered} limit ${countMax + 1}) seen`,
    filterValues(scope, filter),
  );
  const n = found?.n ?? 0;
  return n > countMax ? null : n;
}

const ExecutionShape = z.object({
  hour: z.date(),
  node_id: z.string(),
  hostname: z.string(),
  namespace: z.string().nullable(),
  workload: z.string().nullable(),
  container_id: z.string(),
  path: z.string(),
  parent_path: z.string(),
  uid: z.number(),
  origin: z.enum(fileOrigins),
  identity_pending: z.boolean(),
  count: z.number(),
  first_seen: z.date(),
  last_seen: z.date(),
  sample: z.unknown(),
  key: z.string(),
  day: z.string(),
});
export type ExecutionShape = z.infer<typeof ExecutionShape>;

export interface ExecutionFilter {
  readonly node: string | undefined;
  readonly container: string | undefined;
  /** Exact, or with `*` as the only wildcard. */
  readonly path: string | undefined;
  readonly parentPath: string | undefined;
  readonly from: Date | undefined;
  readonly to: Date | undefined;
}

export interface ExecutionPosition {
  readonly lastSeen: Date;
  readonly nodeId: string;
  readonly key: string;
  readonly day: string;
}

/** `*` as the only wildcard, as in policies. */
function likePattern(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`).replaceAll('*', '%');
}

const executionsFiltered = `($2::text is null or x.node_id::text = $2 or n.hostname = $2)
  and ($3::text is null or x.container_id = case when $3 = 'host' then '' else $3 end)
  and ($4::text is null or x.path like $4) and ($5::text is null or x.parent_path like $5)
  and ($6::timestamptz is null or x.last_seen >= $6) and ($7::timestamptz is null or x.first_seen <= $7)`;

function executionValues(scope: Scope, filter: ExecutionFilter): unknown[] {
  const pattern = (text: string | undefined): string | null => (text === undefined ? null : likePattern(text));
  return [placesIn(scope), filter.node ?? null, filter.container ?? null, pattern(filter.path), pattern(filter.parentPath), filter.from ?? null, filter.to ?? null];
}

export async function listExecutions(db: Db, scope: Scope, filter: ExecutionFilter, page: { after: ExecutionPosition | undefined; limit: number }): Promise<ExecutionShape[]> {
  const { after } = page;
  return rows(
    db,
    ExecutionShape,
    `select x.hour, x.node_id, n.hostname, w.namespace, w.name as workload, x.container_id, x.path, x.parent_path, x.uid, x.origin, x.identity_pending, x.count, x.first_seen, x.last_seen,
        x.sample, encode(x.key, 'hex') as key, x.day::text as day
       from execution_hour x join node n on n.id = x.node_id
       left join container k on k.node_id = x.node_id and k.container_id = x.container_id left join workload w on w.id = k.workload_id
      where ${inScope('x.cluster_id', 'k.pod_namespace')} and ${executionsFiltered}
        and ($8::timestamptz is null or (x.last_seen <= $8 and (x.last_seen < $8 or (x.node_id, x.key, x.day) > ($9::uuid, decode($10, 'hex'), $11::date))))
      order by x.last_seen desc, x.node_id, x.key, x.day limit $12`,
    [...executionValues(scope, filter), after?.lastSeen ?? null, after?.nodeId ?? null, after?.key ?? null, after?.day ?? null, page.limit],
  );
}

const Sums = z.object({ n: z.number(), sum: z.number() });

/** Rows and executions that match, over all pages. */
export async function sumExecutions(db: Db, scope: Scope, filter: ExecutionFilter): Promise<{ rows: number; executions: number }> {
  const found = await firstRow(
    db,
    Sums,
    `select count(*) as n, coalesce(sum(x.count), 0)::bigint as sum from execution_hour x join node n on n.id = x.node_id
       left join container k on k.node_id = x.node_id and k.container_id = x.container_id where ${inScope('x.cluster_id', 'k.pod_namespace')} and ${executionsFiltered}`,
    executionValues(scope, filter),
  );
  return { rows: found?.n ?? 0, executions: found?.sum ?? 0 };
}
