/** Containers and their packages as people see them. */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const ContainerShape = z.object({
  pk: z.number(),
  container_id: z.string(),
  node_id: z.string(),
  hostname: z.string(),
  cluster_id: z.string(),
  name: z.string(),
  namespace: z.string().nullable(),
  workload: z.string().nullable(),
  workload_id: z.number().nullable(),
  runtime: z.string(),
  identity: z.string(),
  identity_reason: z.string().nullable(),
  image_name: z.string().nullable(),
  index_digest: z.string().nullable(),
  platform_digest: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  mounts: z.array(z.object({ destination: z.string(), source: z.string(), kind: z.string(), readOnly: z.boolean() })),
  root_filesystem: z.string().nullable(),
  started_at: z.date(),
  ended_at: z.date().nullable(),
  seen_from_start: z.boolean(),
  privileged: z.boolean(),
  pod_sandbox: z.boolean(),
  processes: z.number(),
  inventory_id: z.number().nullable(),
  packages: z.number().nullable(),
  inventory_problems: z.array(z.string()),
  packages_loaded: z.number().nullable(),
  severities: z.array(z.number()).nullable(),
  unfed: z.number().nullable(),
  pod_name: z.string().nullable(),
  pod_namespace: z.string().nullable(),
});
export type ContainerShape = z.infer<typeof ContainerShape>;

const columns = `k.id as pk, k.container_id, k.node_id, n.hostname, k.cluster_id, k.name, w.namespace, w.name as workload, k.workload_id, k.runtime, k.identity, k.identity_reason,
  k.image_name, k.index_digest, k.platform_digest, k.labels, k.mounts, k.root_filesystem, k.started_at, k.ended_at, k.seen_from_start, k.privileged, k.pod_sandbox,
  (select count(*) from process_live p where p.container_id = k.container_id and p.node_id = k.node_id) as processes,
  k.inventory_id, cardinality(i.packages) as packages, k.inventory_problems,
  length(replace(o.loaded::text, '0', '')) as packages_loaded,
  case when t.inventory_id is not null then array[t.critical, t.high, t.medium, t.low, t.unknown] end as severities, t.unfed, k.pod_name, k.pod_namespace`;
const joins = `from container k join node n on n.id = k.node_id left join workload w on w.id = k.workload_id left join inventory i on i.id = k.inventory_id
  left join inventory_stat t on t.inventory_id = k.inventory_id left join observation o on o.container_pk = k.id and o.inventory_id = k.inventory_id`;

export interface ContainerFilter {
  readonly node: string | undefined;
  readonly image: string | undefined;
  readonly search: string | undefined;
  readonly ended: boolean;
  /** Containers that only hold a pod's namespaces. */
  readonly sandboxes: 'include' | 'exclude' | 'only';
}

const filtered = `($2::text is null or k.node_id::text = $2 or n.hostname = $2)
  and ($3::text is null or k.image_name = $3 or starts_with(k.platform_digest, $3) or starts_with(k.index_digest, $3))
  and ($4::text is null or position(lower($4) in lower(concat_ws(' ', k.name, w.namespace, w.name, k.image_name, k.container_id, n.hostname))) > 0)
  and ($5 or k.ended_at is null)
  and ($6 = 'include' or k.pod_sandbox = ($6 = 'only'))`;

function filterValues(scope: Scope, filter: ContainerFilter): unknown[] {
  return [placesIn(scope), filter.node ?? null, filter.image ?? null, filter.search ?? null, filter.ended, filter.sandboxes];
}

export async function listContainers(db: Db, scope: Scope, filter: ContainerFilter, page: { after: { startedAt: Date; pk: number } | undefined; limit: number }): Promise<ContainerShape[]> {
  return rows(
    db,
    ContainerShape,
    `select ${columns} ${joins} where ${inScope('k.cluster_id', 'k.pod_namespace')} and ${filtered}
        and ($7::timestamptz is null or (k.started_at <= $7 and (k.started_at < $7 or k.id < $8)))
      order by k.started_at desc, k.id desc limit $9`,
    [...filterValues(scope, filter), page.after?.startedAt ?? null, page.after?.pk ?? null, page.limit],
  );
}

const Counted = z.object({ n: z.number() });

export async function countContainers(db: Db, scope: Scope, filter: ContainerFilter): Promise<number> {
  const found = await firstRow(
    db,
    Counted,
    `select count(*) as n from container k join node n on n.id = k.node_id left join workload w on w.id = k.workload_id where ${inScope('k.cluster_id', 'k.pod_namespace')} and ${filtered}`,
    filterValues(scope, filter),
  );
  return found?.n ?? 0;
}

/** By the runtime's id. Two nodes that were cloned with running containers share one: the living, then the newest is meant. */
export async function containerById(db: Db, scope: Scope, containerId: string): Promise<ContainerShape | undefined> {
  return firstRow(db, ContainerShape, `select ${columns} ${joins} where ${inScope('k.cluster_id', 'k.pod_namespace')} and k.container_id = $2 order by k.ended_at is null desc, k.started_at desc limit 1`, [
    placesIn(scope),
    containerId,
  ]);
}

const ObservationShape = z.object({ observed_seconds: z.number(), seen_from_start: z.boolean(), records_lost: z.number(), observed_until: z.date() });
export type ObservationShape = z.infer<typeof ObservationShape>;

/** What this container's sensor reported of loading; undefined when nothing, or by another package list. */
export async function observationOf(db: Db, scope: Scope, containerPk: number): Promise<ObservationShape | undefined> {
  return firstRow(
    db,
    ObservationShape,
    `select extract(epoch from o.observed_until - o.observed_from)::float8 as observed_seconds, o.seen_from_start, o.records_lost, o.observed_until
       from observation o join container k on k.id = o.container_pk and k.inventory_id = o.inventory_id where ${inScope('k.cluster_id', 'k.pod_namespace')} and o.container_pk = $2`,
    [placesIn(scope), containerPk],
  );
}

const PackageShape = z.object({
  position: z.number(),
  ecosystem: z.string(),
  name: z.string(),
  version: z.string(),
  path: z.string(),
  loaded: z.boolean(),
  fact: z.object({ kind: z.string(), path: z.string(), reader: z.string(), at: z.string() }).nullable(),
  first_seen: z.date().nullable(),
  vulnerabilities: z.array(z.string()),
});
export type PackageShape = z.infer<typeof PackageShape>;

export interface PackageFilter {
  readonly loaded: boolean | undefined;
  readonly search: string | undefined;
}

const packagesOfContainer = `from container k join inventory i on i.id = k.inventory_id
  left join observation o on o.container_pk = k.id and o.inventory_id = k.inventory_id
  cross join lateral unnest(i.packages, i.paths) with ordinality as u(package_id, path, place)
  join package p on p.id = u.package_id
  cross join lateral (select case when length(o.loaded) >= u.place then get_bit(o.loaded, u.place::int - 1) = 1 else false end as loaded) bit
 where (${inScope('k.cluster_id', 'k.pod_namespace')}) and k.id = $2
   and ($3::boolean is null or bit.loaded = $3)
   and ($4::text is null or position(lower($4) in lower(concat_ws(' ', p.name, p.version, u.path))) > 0)`;

export async function containerPackages(db: Db, scope: Scope, containerPk: number, filter: PackageFilter, page: { after: number | undefined; limit: number }): Promise<PackageShape[]> {
  return rows(
    db,
    PackageShape,
    `select u.place as position, p.ecosystem, p.name, p.version, u.path, bit.loaded, e.facts -> (u.place - 1)::text as fact,
        (select r.first_seen from run r where r.workload_id = k.workload_id and r.image_id is not distinct from k.image_id and r.open) as first_seen,
        array(select v.name from inventory_finding f join vuln v on v.id = f.vuln_id where f.inventory_id = i.id and f.position = u.place - 1 order by v.points desc, v.name) as vulnerabilities
       ${packagesOfContainer.replace('cross join lateral unnest', 'left join load_evidence e on e.workload_id = k.workload_id and e.inventory_id = k.inventory_id cross join lateral unnest')}
       and u.place > $5 order by u.place limit $6`,
    [placesIn(scope), containerPk, filter.loaded ?? null, filter.search ?? null, page.after ?? 0, page.limit],
  );
}

export async function countContainerPackages(db: Db, scope: Scope, containerPk: number, filter: PackageFilter): Promise<number> {
  const found = await firstRow(db, Counted, `select count(*) as n ${packagesOfContainer}`, [placesIn(scope), containerPk, filter.loaded ?? null, filter.search ?? null]);
  return found?.n ?? 0;
}
