/**
 * Violations as assess keeps them: which images must be judged again, what is wrong with each workload × image now, and which
 * images must not run because of it. For the whole hub; what people read of them is in read-violations.ts.
 */
import { Exception } from '@vedette/model/exception';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';
import { nextGeneration } from './fleet.ts';

/** Images that these workloads run, or have a violation for: a workload that stopped is judged too. */
export async function queueImagesOf(db: Transaction, workloadIds: readonly number[]): Promise<void> {
  await run(
    db,
    `insert into violation_queue (cluster_id, image_id)
     select cluster_id, image_id from run where open and image_id is not null and workload_id = any($1::bigint[])
     union select cluster_id, image_id from violation where until is null and workload_id = any($1::bigint[]) order by 1, 2 on conflict do nothing`,
    [workloadIds],
  );
}

/** Images that run under one of these digests, by platform or index: where they come from is known otherwise now. */
export async function queueImagesByDigest(db: Transaction, digests: readonly string[]): Promise<void> {
  await run(
    db,
    `insert into violation_queue (cluster_id, image_id) select r.cluster_id, r.image_id from run r where r.open and r.image_id in (
       select id from image where digest = any($1::text[]) union select k.image_id from container k where k.index_digest = any($1::text[]) and k.ended_at is null)
      group by 1, 2 order by 1, 2 on conflict do nothing`,
    [digests.filter((one) => one !== '')],
  );
}

/** Everything that runs: policies or exceptions have changed, or time has passed that facts speak about. */
export async function queueAllImages(db: Db): Promise<number> {
  return run(
    db,
    `insert into violation_queue (cluster_id, image_id) select cluster_id, image_id from run where open and image_id is not null
     union select cluster_id, image_id from violation where until is null order by 1, 2 on conflict do nothing`,
  );
}

const Queued = z.object({ cluster_id: z.string(), image_id: z.number() });
export type QueuedImage = z.infer<typeof Queued>;

export async function takeQueuedImages(db: Transaction, limit: number): Promise<QueuedImage[]> {
  return rows(
    db,
    Queued,
    `delete from violation_queue q using (select cluster_id, image_id from violation_queue order by cluster_id, image_id limit $1 for update skip locked) t
      where q.cluster_id = t.cluster_id and q.image_id = t.image_id returning q.cluster_id, q.image_id`,
    [limit],
  );
}

const Digest = z.object({ digest: z.string() });

export async function digestOfImage(db: Db, imageId: number): Promise<string> {
  return (await firstRow(db, Digest, 'select digest from image where id = $1', [imageId]))?.digest ?? '';
}

const AcceptedBy = z.object({ exception: z.string(), owner: z.string(), reason: z.string(), expiresAt: z.string() });

const Wrong = z.object({
  workload_id: z.number(),
  policy: z.string(),
  rule: z.string(),
  severity: z.string(),
  severity_rank: z.number(),
  mode: z.string(),
  action: z.string(),
  verdict: z.string(),
  state: z.string(),
  reference: z.string().nullable(),
  index_digest: z.string().nullable(),
  reason: z.string(),
  fix: z.string().nullable(),
  evidence: z.array(z.string()),
  facts: z.unknown(),
  accepted_by: z.array(AcceptedBy),
});
/** What is wrong with one workload × image by one rule. */
export type Wrong = z.infer<typeof Wrong>;

export interface Difference {
  readonly opened: number;
  readonly changed: number;
  readonly closed: number;
}

const wrongOf = `jsonb_to_recordset($3::jsonb) r(workload_id bigint, policy text, rule text, severity text, severity_rank smallint, mode text, action text, verdict text, state text,
    reference text, index_digest text, reason text, fix text, evidence text[], facts jsonb, accepted_by jsonb)`;
const told = (of: string): string => ['severity', 'severity_rank', 'mode', 'action', 'verdict', 'state', 'reference', 'index_digest', 'reason', 'fix', 'evidence', 'accepted_by'].map((one) => `${of}.${one}`).join(', ');

/** Brings the violations of an image in a cluster to what they are now; only differences are written. */
export async function putViolations(db: Transaction, place: QueuedImage, wrong: readonly Wrong[], now: Date): Promise<Difference> {
  const values = [place.cluster_id, place.image_id, JSON.stringify(wrong), now];
  const closed = await run(
    db,
    `update violation v set state = 'closed', until = $4, state_since = $4, closed_reason = case
         when not exists (select 1 from run o where o.workload_id = v.workload_id and o.image_id = v.image_id and o.open) then 'it no longer runs'
         when exists (select 1 from container k where k.workload_id = v.workload_id and k.image_id = v.image_id and k.ended_at is null having bool_and(k.pod_sandbox))
           then 'it runs only as the sandbox of pods, and policies about images are asked of workloads'
         when not exists (select 1 from policy p where p.name = v.policy and p.mode <> 'off') then 'the policy is off or was removed'
         else 'the rule is kept now' end
      where v.cluster_id = $1 and v.image_id = $2 and v.until is null
        and not exists (select 1 from ${wrongOf} where r.workload_id = v.workload_id and r.policy = v.policy and r.rule = v.rule)`,
    values,
  );
  const changed = await run(
    db,
    `update violation v set severity = r.severity, severity_rank = r.severity_rank, mode = r.mode, action = r.action, verdict = r.verdict, state = r.state,
         state_since = case when (v.state, v.verdict) = (r.state, r.verdict) then v.state_since else $4 end, reference = r.reference, index_digest = r.index_digest,
         reason = r.reason, fix = r.fix, evidence = r.evidence, facts = r.facts, accepted_by = r.accepted_by
       from ${wrongOf} where v.cluster_id = $1 and v.image_id = $2 and v.until is null and r.workload_id = v.workload_id and r.policy = v.policy and r.rule = v.rule
        and (${told('v')}) is distinct from (${told('r')})`,
    values,
  );
  const opened = await run(
    db,
    `insert into violation (cluster_id, workload_id, image_id, policy, rule, stage, severity, severity_rank, mode, action, verdict, state, since, state_since, reference, index_digest,
         reason, fix, evidence, facts, accepted_by)
     select $1, r.workload_id, $2, r.policy, r.rule, 'run', r.severity, r.severity_rank, r.mode, r.action, r.verdict, r.state, $4, $4, r.reference, r.index_digest,
         r.reason, r.fix, r.evidence, r.facts, r.accepted_by
       from ${wrongOf} order by 2, 4, 5 on conflict do nothing`,
    values,
  );
  return { opened, changed, closed };
}

const ExceptionRow = z.object({
  name: z.string(),
  spec: z.record(z.string(), z.unknown()),
  approved_by: z.string().nullable(),
  approved_at: z.date().nullable(),
  approval_reference: z.string().nullable(),
});

/** All that stand, approved or not: one that does not count is named where it would have. Those that have no form are counted. */
export async function standingExceptions(db: Db): Promise<{ exceptions: Exception[]; unreadable: string[] }> {
  const found = await rows(db, ExceptionRow, 'select name, spec, approved_by, approved_at, approval_reference from exception where ended_at is null order by name');
  const exceptions: Exception[] = [];
  const unreadable: string[] = [];
  for (const one of found) {
    const { approved_by: by, approved_at: at, approval_reference: reference } = one;
    const approval = by === null || at === null ? {} : { approval: { by, at: at.toISOString(), ...(reference === null ? {} : { reference }) } };
    const read = Exception.safeParse({ apiVersion: 'vedette.dev/v1alpha1', kind: 'Exception', metadata: { name: one.name }, spec: { ...one.spec, ...approval } });
    if (read.success) exceptions.push(read.data);
    else unreadable.push(one.name);
  }
  return { exceptions, unreadable };
}

const Mark = z.object({ mark: z.string() });

/** Differs whenever what images are judged by differs: policies, or exceptions. */
export async function judgedBy(db: Db): Promise<string> {
  const found = await firstRow(
    db,
    Mark,
    `select concat_ws(' ', (select value from generation where kind = 'policies'), (select count(*) from exception), (select max(updated_at) from exception),
       (select max(ended_at) from exception), (select max(approved_at) from exception)) as mark`,
  );
  return found?.mark ?? '';
}

const Banned = z.object({
  platform_digest: z.string(),
  index_digest: z.string().nullable(),
  policy: z.string(),
  rule: z.string(),
  mode: z.enum(['shadow', 'enforce']),
  action: z.enum(['inform', 'kill']),
  reason: z.string(),
  references: z.array(z.string()),
});
export type BannedImage = z.infer<typeof Banned>;

/** The images of a cluster that must not run, or would not: one a rule, with the names under which it is wrong. Unknown bans nothing. */
export async function bannedImages(db: Db, clusterId: string): Promise<BannedImage[]> {
  return rows(
    db,
    Banned,
    `select i.digest as platform_digest, max(v.index_digest) as index_digest, v.policy, v.rule, v.mode, v.action, min(v.reason) as reason,
        case when bool_or(v.reference is null) then '{}'::text[] else array_agg(distinct v.reference) end as "references"
       from violation v join image i on i.id = v.image_id
      where v.until is null and v.state = 'open' and v.verdict = 'violated' and v.action = 'kill' and v.cluster_id = $1
      group by i.digest, v.policy, v.rule, v.mode, v.action order by i.digest, v.policy, v.rule`,
    [clusterId],
  );
}

/** The ban has changed if this text has: the generation of the whole set, which only grows. */
export async function newBanGeneration(db: Transaction): Promise<number> {
  return nextGeneration(db, 'image-verdicts');
}
