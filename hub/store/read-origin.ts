/**
 * Where images came from, as people and policies read it. An image is shown only through a container in the reader's scope; who may see everything also
 * sees what was checked or asked for and does not run. Facts and verdicts are content: they are read by the ids that a scoped read gave.
 */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const ImageShape = z.object({
  id: z.number(), reference: z.string(), digest: z.string(), platform: z.string(), problem: z.string().nullable(), asked_at: z.date().nullable(), next_at: z.date(),
  digests: z.array(z.string()), said: z.record(z.string(), z.unknown()), containers: z.number(), workloads: z.number(), checks: z.number(),
});
export type OriginImageShape = z.infer<typeof ImageShape>;

const placed = `origin_name m join container k on k.image_name = m.name and coalesce(k.index_digest, k.platform_digest, '') = m.digest and ${inScope('k.cluster_id', 'k.pod_namespace')}`;
const columns = `o.id, o.reference, o.digest, o.platform, o.problem, o.asked_at, o.next_at, o.digests, o.said, here.containers, here.workloads,
  (select count(*) from image_check c where c.platform_digest = any(o.digests || o.digest) or c.index_digest = any(o.digests || o.digest)) as checks`;
const counted = `cross join lateral (select count(*) filter (where k.ended_at is null) as containers, count(distinct k.workload_id) filter (where k.ended_at is null) as workloads,
  count(*) as ever from ${placed} where m.image_id = o.id) here`;
const visible = '($1::jsonb is null or here.ever > 0)';

export interface ImageFilter {
  readonly search: string | undefined;
  readonly verdict: string | undefined;
  readonly running: boolean;
}

/** A tag that admission or a person asked for, which means what a row with its digest says already, or of which nothing else is known: one image is one row. */
const saidByDigest = `(o.digest = '' and here.ever = 0 and exists (select 1 from origin_image d where d.reference = o.reference and d.digest <> ''
  and (cardinality(o.digests) = 0 or o.digests && (d.digests || d.digest))))`;
const filtered = `${visible} and not ${saidByDigest} and ($2::text is null or position(lower($2) in lower(concat_ws(' ', o.reference, o.digest))) > 0) and (not $4 or here.containers > 0)
  and ($3::text is null or exists (select 1 from origin_verdict v where v.image_id = o.id and v.kind = $3 and v.state = 'violated' and v.until is null))`;

function filterValues(scope: Scope, filter: ImageFilter): unknown[] {
  return [placesIn(scope), filter.search ?? null, filter.verdict ?? null, filter.running];
}

export async function listOriginImages(db: Db, scope: Scope, filter: ImageFilter, page: { after: { reference: string; id: number } | undefined; limit: number }): Promise<OriginImageShape[]> {
  return rows(
    db,
    ImageShape,
    `select ${columns} from origin_image o ${counted} where ${filtered} and ($5::text is null or (o.reference, o.id) > ($5, $6::bigint)) order by o.reference, o.id limit $7`,
    [...filterValues(scope, filter), page.after?.reference ?? null, page.after?.id ?? null, page.limit],
  );
}

const Counted = z.object({ n: z.number() });

export async function countOriginImages(db: Db, scope: Scope, filter: ImageFilter): Promise<number> {
  return (await firstRow(db, Counted, `select count(*) as n from origin_image o ${counted} where ${filtered}`, filterValues(scope, filter)))?.n ?? 0;
}

export async function originImage(db: Db, scope: Scope, id: number): Promise<OriginImageShape | undefined> {
  return firstRow(db, ImageShape, `select ${columns} from origin_image o ${counted} where ${visible} and o.id = $2`, [placesIn(scope), id]);
}

/** By reference, digest (its own, the index's or the platform's) or both; what runs first, then the newest. */
export async function originImageNamed(db: Db, scope: Scope, named: { readonly reference: string | null; readonly digest: string | null }): Promise<OriginImageShape | undefined> {
  return firstRow(
    db,
    ImageShape,
    `select ${columns} from origin_image o ${counted} where ${visible} and ($2::text is null or o.reference = $2) and ($3::text is null or o.digest = $3 or o.digests @> array[$3])
      order by here.containers desc, o.wanted_at desc, o.id desc limit 1`,
    [placesIn(scope), named.reference, named.digest],
  );
}

export async function originImageOfContainer(db: Db, scope: Scope, containerPk: number): Promise<OriginImageShape | undefined> {
  return firstRow(
    db,
    ImageShape,
    `select ${columns} from origin_image o ${counted} where ${visible} and o.id = (select m.image_id from ${placed} where k.id = $2 limit 1)`,
    [placesIn(scope), containerPk],
  );
}

const Place = z.object({ cluster: z.string(), namespace: z.string().nullable(), workload: z.string().nullable(), node_id: z.string(), hostname: z.string(), container_id: z.string(), name: z.string(), started_at: z.date() });
export type OriginPlace = z.infer<typeof Place>;

export async function placesOfOriginImage(db: Db, scope: Scope, id: number, limit: number): Promise<OriginPlace[]> {
  return rows(
    db,
    Place,
    `select c.name as cluster, w.namespace, w.name as workload, k.node_id, n.hostname, k.container_id, k.name, k.started_at
       from ${placed} join cluster c on c.id = k.cluster_id join node n on n.id = k.node_id left join workload w on w.id = k.workload_id
      where m.image_id = $2 and k.ended_at is null order by c.name, w.namespace, w.name, k.started_at desc, k.id limit $3`,
    [placesIn(scope), id, limit],
  );
}

const Violation = z.object({
  cluster_id: z.string(), cluster: z.string(), workload_id: z.number().nullable(), namespace: z.string().nullable(), workload: z.string().nullable(), image_id: z.number(), reference: z.string(), digest: z.string(),
  kind: z.string(), sentence: z.string(), action: z.string().nullable(), expected: z.string().nullable(), found: z.string().nullable(), unconfirmed: z.string().nullable(), since: z.date(), checked_at: z.date(), containers: z.number(),
});
export type IntegrityViolation = z.infer<typeof Violation>;

/** What is wrong with where the images of running workloads came from, one row a workload, image and kind; since when both were so. */
export async function integrityViolations(db: Db, scope: Scope, limit = 500): Promise<IntegrityViolation[]> {
  return rows(
    db,
    Violation,
    `select k.cluster_id, c.name as cluster, k.workload_id, w.namespace, w.name as workload, o.id as image_id, o.reference, o.digest, v.kind, v.sentence, v.action, v.expected, v.found,
        v.unconfirmed, greatest(v.since, min(k.started_at)) as since, v.checked_at, count(*) as containers
       from origin_verdict v join origin_image o on o.id = v.image_id join ${placed} on m.image_id = o.id join cluster c on c.id = k.cluster_id left join workload w on w.id = k.workload_id
      where v.until is null and v.state = 'violated' and k.ended_at is null
      group by k.cluster_id, c.name, k.workload_id, w.namespace, w.name, o.id, v.image_id, v.kind, v.since
      order by since desc, o.id, v.kind limit $2`,
    [placesIn(scope), limit],
  );
}

const Unasked = z.object({ running: z.number(), unknown: z.number() });

/** How many images run, and of how many of them some verdict is not known: what "no violation" is worth. */
export async function integrityCompleteness(db: Db, scope: Scope): Promise<z.infer<typeof Unasked>> {
  const found = await firstRow(
    db,
    Unasked,
    `select count(distinct o.id) as running, count(distinct o.id) filter (where o.asked_at is null or exists (select 1 from origin_verdict v where v.image_id = o.id and v.until is null and v.state = 'unknown')) as unknown
       from origin_image o join ${placed} on m.image_id = o.id where k.ended_at is null`,
    [placesIn(scope)],
  );
  return found ?? { running: 0, unknown: 0 };
}

const Risk = z.object({
  count: z.number(), unknown: z.number(), image_id: z.number().nullable(), reference: z.string().nullable(), sentence: z.string().nullable(), namespace: z.string().nullable(), workload: z.string().nullable(), open_sentence: z.string().nullable(),
});
export type OriginRiskShape = z.infer<typeof Risk>;

/** Workloads × images that run and have one of these verdicts against them; those of which one is not known, with a reason of one; the newest. */
export async function originRisk(db: Db, scope: Scope, kinds: readonly string[]): Promise<OriginRiskShape | undefined> {
  return firstRow(
    db,
    Risk,
    `with running as (select distinct k.workload_id, k.image_id, m.image_id as origin_id from ${placed} where k.ended_at is null and k.workload_id is not null),
      judged as (
        select r.workload_id, r.image_id, o.id, o.reference, v.state, v.sentence, v.since,
            case when o.problem is not null then o.problem when o.asked_at is null then 'it has not been asked about yet' when v.state = 'unknown' then v.sentence end as open
          from running r join origin_image o on o.id = r.origin_id left join origin_verdict v on v.image_id = o.id and v.kind = any($2) and v.until is null),
      worst as (select j.*, w.namespace, w.name from judged j join workload w on w.id = j.workload_id where j.state = 'violated' order by j.since desc, j.id limit 1),
      violated as (select distinct workload_id, image_id from judged where state = 'violated')
     select (select count(*) from violated) as count,
        (select count(*) from (select distinct workload_id, image_id from judged where open is not null except select * from violated) u) as unknown,
        (select id from worst) as image_id, (select reference from worst) as reference, (select sentence from worst) as sentence, (select namespace from worst) as namespace, (select name from worst) as workload,
        (select open from judged where open is not null order by id limit 1) as open_sentence`,
    [placesIn(scope), kinds],
  );
}

const Process = z.object({
  node_id: z.string(), hostname: z.string(), boot_id: z.string(), tgid: z.number(), start_ns: z.string(), exec_id: z.number(), path: z.string(), command: z.string(), uid: z.number(), container_id: z.string(), origin: z.string(), started_at: z.date(), container_pk: z.number().nullable(),
});
export type TracedProcess = z.infer<typeof Process>;

export interface ProcessNamed {
  readonly node: string | null;
  readonly boot: string | null;
  readonly pid: number;
  /** In nanoseconds since boot, and how exact that is. */
  readonly startNs: { readonly from: string; readonly until: string } | null;
  readonly execId: number | null;
}

/** The newest execution of the process; by node (id or name) or boot. */
export async function tracedProcess(db: Db, scope: Scope, named: ProcessNamed): Promise<TracedProcess | undefined> {
  return firstRow(
    db,
    Process,
    `select p.node_id, n.hostname, p.boot_id, p.tgid, p.start_ns::text as start_ns, p.exec_id, p.path, p.command, p.uid, p.container_id, p.origin, p.started_at, k.id as container_pk
       from process_live p join node n on n.id = p.node_id left join container k on k.node_id = p.node_id and k.container_id = p.container_id and p.container_id <> ''
      where ${inScope('p.cluster_id', 'k.pod_namespace')} and p.tgid = $2 and ($3::text is null or p.node_id::text = $3 or n.hostname = $3) and ($4::text is null or (p.boot_id = $4 and n.boot_id = $4))
        and ($5::bigint is null or (p.start_ns >= $5 and p.start_ns < $6::bigint)) and ($7::bigint is null or p.exec_id = $7)
      order by p.start_ns desc, p.exec_id desc limit 1`,
    [placesIn(scope), named.pid, named.node, named.boot, named.startNs?.from ?? null, named.startNs?.until ?? null, named.execId],
  );
}

const Package = z.object({ position: z.number(), inventory_id: z.number(), ecosystem: z.string(), name: z.string(), version: z.string(), how: z.enum(['evidence', 'folder']), at: z.string().nullable() });
export type PackageOfFile = z.infer<typeof Package>;

/** The package that a file of a container belongs to: by the sensor's evidence of loading, or by the folder that the package lies in. */
export async function packageOfFile(db: Db, scope: Scope, containerPk: number, path: string): Promise<PackageOfFile | undefined> {
  return firstRow(
    db,
    Package,
    `select found.position, i.id as inventory_id, p.ecosystem, p.name, p.version, found.how, found.at
       from container k join inventory i on i.id = k.inventory_id cross join lateral (
         select e.key::int as position, 'evidence' as how, e.value ->> 'at' as at, 1000000 as weight
           from load_evidence l cross join lateral jsonb_each(l.facts) e where l.workload_id = k.workload_id and l.inventory_id = i.id and e.value ->> 'path' = $3
         union all
         select u.place::int - 1, 'folder', null, length(u.path) from unnest(i.paths) with ordinality u(path, place) where u.path <> '' and starts_with($3, u.path || '/')
         order by 4 desc limit 1) found
       join package p on p.id = i.packages[found.position + 1]
      where ${inScope('k.cluster_id', 'k.pod_namespace')} and k.id = $2 limit 1`,
    [placesIn(scope), containerPk, path],
  );
}
