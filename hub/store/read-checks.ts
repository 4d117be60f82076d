/**
 * Checked images as people and explanations read them. Content has no cluster: a caller who may see the whole hub sees every check, others
 * those of images that run, or ran, in their clusters. What is known of an image from running it comes only from the runs in scope.
 */
import type { Scope } from '@vedette/model/access';
import { RuleResult, StoredFact } from '@vedette/model/api/checks';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { placesIn, inScope } from './scope.ts';

const Signatures = z.object({ items: z.array(z.object({ verified: StoredFact, signer: StoredFact })), incomplete: z.string().nullable() });
const Layers = z.array(z.object({ digest: z.string(), diffId: z.string(), sizeBytes: z.number(), packages: z.array(z.number()) }));

const CheckShape = z.object({
  id: z.number(), at: z.date(), received_at: z.date(), image_id: z.number(), platform_digest: z.string(), index_digest: z.string().nullable(), reference: z.string().nullable(), platform: z.string(),
  stage: z.string(), verdict: z.string(), failed: z.number(), warned: z.number(), packages: z.number(), repository: z.string().nullable(), commit: z.string().nullable(), run: z.string().nullable(),
  run_url: z.string().nullable(), principal: z.string().nullable(), pipeline: z.string(), vedette_version: z.string(), reported_by: z.string(), running: z.number(),
});
export type CheckShape = z.infer<typeof CheckShape>;

const columns = `k.id, k.at, k.received_at, k.image_id, k.platform_digest, k.index_digest, k.reference, k.platform, k.stage, k.verdict,
  (select count(*) from jsonb_array_elements(k.findings) f where f ->> 'effect' = 'stop') as failed, (select count(*) from jsonb_array_elements(k.findings) f where f ->> 'effect' = 'warn') as warned,
  cardinality(i.packages) as packages, k.repository, k.commit, k.run, k.run_url, k.principal, k.pipeline, k.vedette_version, k.reported_by,
  (select count(*) from container c where c.image_id = k.image_id and c.ended_at is null and ${inScope('c.cluster_id', 'c.pod_namespace')}) as running`;

const visible = `($1::jsonb is null or exists (select 1 from run r join workload w on w.id = r.workload_id where r.image_id = k.image_id and ${inScope('r.cluster_id', 'w.namespace')}))`;

export interface CheckFilter {
  readonly digest: string | undefined;
  readonly verdict: string | undefined;
  readonly repository: string | undefined;
  readonly commit: string | undefined;
  readonly search: string | undefined;
}

const filtered = `($2::text is null or $2 in (k.platform_digest, k.index_digest)) and ($3::text is null or k.verdict = $3) and ($4::text is null or k.repository = $4)
  and ($5::text is null or k.commit = $5) and ($6::text is null or position(lower($6) in lower(concat_ws(' ', k.reference, k.platform_digest, k.index_digest, k.repository, k.commit, k.principal))) > 0)`;

function filterValues(scope: Scope, filter: CheckFilter): unknown[] {
  return [placesIn(scope), filter.digest ?? null, filter.verdict ?? null, filter.repository ?? null, filter.commit ?? null, filter.search ?? null];
}

export async function listChecks(db: Db, scope: Scope, filter: CheckFilter, page: { after: { at: Date; id: number } | undefined; limit: number }): Promise<CheckShape[]> {
  return rows(
    db,
    CheckShape,
    `select ${columns} from image_check k join inventory i on i.id = k.inventory_id where ${visible} and ${filtered}
       and ($7::timestamptz is null or (k.at, k.id) < ($7, $8::bigint)) order by k.at desc, k.id desc limit $9`,
    [...filterValues(scope, filter), page.after?.at ?? null, page.after?.id ?? null, page.limit],
  );
}

const Counted = z.object({ n: z.number() });

export async function countChecks(db: Db, scope: Scope, filter: CheckFilter): Promise<number> {
  return (await firstRow(db, Counted, `select count(*) as n from image_check k where ${visible} and ${filtered}`, filterValues(scope, filter)))?.n ?? 0;
}

const CheckDetailShape = CheckShape.extend({
  inventory_id: z.number(),
  findings: z.array(RuleResult),
  facts: z.record(z.string(), StoredFact),
  signatures: Signatures,
  layers: Layers,
  packages_incomplete: z.string().nullable(),
  problems: z.array(z.string()),
  policies: z.array(z.object({ name: z.string(), source: z.enum(['file', 'hub']) })),
  advisories_revision: z.string().nullable(),
  advisories_age_days: z.number().nullable(),
});
export type CheckDetailShape = z.infer<typeof CheckDetailShape>;

const details = `${columns}, k.inventory_id, k.findings, k.facts, k.signatures, k.layers, k.packages_incomplete, k.problems, k.policies, k.advisories_revision, k.advisories_age_days`;

export async function checkById(db: Db, scope: Scope, id: number): Promise<CheckDetailShape | undefined> {
  return firstRow(db, CheckDetailShape, `select ${details} from image_check k join inventory i on i.id = k.inventory_id where ${visible} and k.id = $2`, [placesIn(scope), id]);
}

/** The latest check of an image, by the digest of its platform or of its index. */
export async function latestCheckOf(db: Db, scope: Scope, digest: string): Promise<CheckDetailShape | undefined> {
  return firstRow(
    db,
    CheckDetailShape,
    `select ${details} from image_check k join inventory i on i.id = k.inventory_id where ${visible} and (k.platform_digest = $2 or k.index_digest = $2) order by k.at desc, k.id desc limit 1`,
    [placesIn(scope), digest],
  );
}

const RunningImage = z.object({ image_id: z.number(), platform_digest: z.string(), index_digest: z.string().nullable(), reference: z.string().nullable(), inventory_id: z.number().nullable(), distribution: z.string().nullable(), problems: z.array(z.string()) });
export type RunningImageShape = z.infer<typeof RunningImage>;

/** What sensors in scope have told of an image that runs, or ran. */
export async function runningImage(db: Db, scope: Scope, digest: string): Promise<RunningImageShape | undefined> {
  return firstRow(
    db,
    RunningImage,
    `select c.image_id, m.digest as platform_digest, c.index_digest, c.image_name as reference, c.inventory_id, i.distribution, c.inventory_problems as problems
       from container c join image m on m.id = c.image_id left join inventory i on i.id = c.inventory_id
      where ${inScope('c.cluster_id', 'c.pod_namespace')} and (m.digest = $2 or c.index_digest = $2) order by c.inventory_id is null, c.started_at desc limit 1`,
    [placesIn(scope), digest],
  );
}

const PackageRow = z.object({ ecosystem: z.string(), name: z.string(), version: z.string(), path: z.string() });
export type PackageRowShape = z.infer<typeof PackageRow>;

const inventoryVisible = `($1::jsonb is null or exists (select 1 from run r join workload w on w.id = r.workload_id where r.inventory_id = i.id and ${inScope('r.cluster_id', 'w.namespace')})
  or exists (select 1 from image_check k join run r on r.image_id = k.image_id join workload w on w.id = r.workload_id where k.inventory_id = i.id and ${inScope('r.cluster_id', 'w.namespace')}))`;

/** In the order of the list: a place is the number of a package. */
export async function packagesOfInventory(db: Db, scope: Scope, inventoryId: number): Promise<PackageRowShape[]> {
  return rows(
    db,
    PackageRow,
    `select p.ecosystem, p.name, p.version, u.path from inventory i cross join lateral unnest(i.packages, i.paths) with ordinality as u(package_id, path, place)
       join package p on p.id = u.package_id where ${inventoryVisible} and i.id = $2 order by u.place`,
    [placesIn(scope), inventoryId],
  );
}
