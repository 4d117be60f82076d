/** Decisions of admission and exec sessions as people see them, the newest first. */
import type { Scope } from '@vedette/model/access';
import { admissionOutcomes } from '@vedette/model/admission-words';
import { AdmissionFindingView } from '@vedette/model/api/admissions';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const AdmissionShape = z.object({
  id: z.number(), cluster_id: z.string(), cluster_name: z.string(), first_at: z.date(), last_at: z.date(), count: z.number(), username: z.string(), operation: z.string(), kind: z.string(), namespace: z.string(),
  name: z.string(), workload_kind: z.string(), workload_name: z.string(), outcome: z.enum(admissionOutcomes), message: z.string(), warnings: z.array(z.string()), failed_open: z.string(),
  images: z.array(z.object({ reference: z.string(), digest: z.string(), factsAgeSeconds: z.number().default(0), findings: z.array(AdmissionFindingView) })),
  followed_by: z.array(z.string()),
});
export type AdmissionShape = z.infer<typeof AdmissionShape>;

export interface AdmissionFilter {
  readonly outcome: string | undefined;
  readonly cluster: string | undefined;
  readonly namespace: string | undefined;
  readonly policy: string | undefined;
  readonly search: string | undefined;
  readonly followUps: 'include' | 'exclude';
}
export interface NewestFirst {
  readonly at: Date;
  readonly id: number;
}
interface Page {
  readonly after: NewestFirst | undefined;
  readonly limit: number;
}

const byOutcome = '($2::text is null or a.outcome = $2)';
const byTheRest = `($3::text is null or a.cluster_id::text = $3) and ($4::text is null or a.namespace = $4) and ($5::text is null or $5 = any(a.policies))
  and ($6::text is null or position(lower($6) in lower(concat_ws(' ', a.namespace, a.kind, a.name, a.workload_name, a.username, a.message, a.images::text))) > 0)`;

/** `child` is of what the object of `owner` made, and says nothing that the decision about that does not. */
const follows = (child: string, owner: string): string => `(${owner}.cluster_id = ${child}.cluster_id and ${owner}.namespace = ${child}.namespace and ${owner}.kind = ${child}.workload_kind and ${owner}.name = ${child}.workload_name
  and ${owner}.kind <> ${child}.kind and ${owner}.outcome = ${child}.outcome and ${owner}.policies @> ${child}.policies
  and jsonb_path_query_array(${owner}.images, '$[*].reference') @> jsonb_path_query_array(${child}.images, '$[*].reference')
  and (jsonb_path_exists(${owner}.images, '$[*] ? (@.factsAgeSeconds > 0)') or not jsonb_path_exists(${child}.images, '$[*] ? (@.factsAgeSeconds > 0)')))`;
const byFollowing = `($7 = 'include' or not exists (select 1 from admission_decision p where ${follows('a', 'p')}))`;
/** What a Deployment makes is a ReplicaSet, and what that makes a Pod. */
const followedBy = `array(select f.kind from (
    select f.kind, f.id from admission_decision f where ${follows('f', 'a')}
    union select g.kind, g.id from admission_decision f join admission_decision g on ${follows('g', 'f')} where ${follows('f', 'a')}) f group by f.kind order by min(f.id)) as followed_by`;

function values(scope: Scope, { outcome, cluster, namespace, policy, search, followUps }: AdmissionFilter): unknown[] {
  return [placesIn(scope), outcome ?? null, cluster ?? null, namespace ?? null, policy ?? null, search ?? null, followUps];
}

export async function listAdmissions(db: Db, scope: Scope, filter: AdmissionFilter, { after, limit }: Page): Promise<AdmissionShape[]> {
  return rows(
    db,
    AdmissionShape,
    `select a.id, a.cluster_id, c.name as cluster_name, a.first_at, a.last_at, a.count, a.username, a.operation, a.kind, a.namespace, a.name, a.workload_kind, a.workload_name, a.outcome, a.message, a.warnings, a.failed_open, a.images, ${followedBy}
       from admission_decision a join cluster c on c.id = a.cluster_id where ${inScope('a.cluster_id', 'a.namespace')} and ${byOutcome} and ${byTheRest} and ${byFollowing}
        and ($8::timestamptz is null or (a.last_at <= $8 and (a.last_at < $8 or a.id < $9))) order by a.last_at desc, a.id desc limit $10`,
    [...values(scope, filter), after?.at ?? null, after?.id ?? null, limit],
  );
}

const Facets = z.object({ 'total': z.number(), 'denied': z.number(), 'failed-open': z.number(), 'warned': z.number(), 'would-deny': z.number(), 'informed': z.number(), 'allowed': z.number() });

/** How many there are with each outcome, under the other filters; repeats of one decision are one. */
export async function facetsOfAdmissions(db: Db, scope: Scope, filter: AdmissionFilter): Promise<z.infer<typeof Facets>> {
  const counts = admissionOutcomes.map((one) => `count(*) filter (where a.outcome = '${one}') as "${one}"`).join(', ');
  const found = await firstRow(db, Facets, `select count(*) filter (where ${byOutcome}) as total, ${counts} from admission_decision a where ${inScope('a.cluster_id', 'a.namespace')} and ${byTheRest} and ${byFollowing}`, values(scope, filter));
  return found ?? { 'total': 0, 'denied': 0, 'failed-open': 0, 'warned': 0, 'would-deny': 0, 'informed': 0, 'allowed': 0 };
}

const FailedOpen = z.object({ cluster_name: z.string(), n: z.number(), reason: z.string(), last_at: z.date() });

export type FailedOpenShape = z.infer<typeof FailedOpen>;

/** What was let in without having been judged since then, a row a cluster. */
export async function failedOpenSince(db: Db, scope: Scope, since: Date): Promise<FailedOpenShape[]> {
  return rows(
    db,
    FailedOpen,
    `select c.name as cluster_name, sum(a.count) as n, (array_agg(a.failed_open order by a.last_at desc))[1] as reason, max(a.last_at) as last_at
       from admission_decision a join cluster c on c.id = a.cluster_id where ${inScope('a.cluster_id', 'a.namespace')} and a.outcome = 'failed-open' and a.last_at >= $2 group by c.name order by c.name`,
    [placesIn(scope), since],
  );
}

const SessionShape = z.object({
  id: z.number(), session_id: z.string(), at: z.date(), cluster_id: z.string(), cluster_name: z.string(), namespace: z.string(), pod: z.string(), container: z.string(), username: z.string(), groups: z.array(z.string()), command: z.array(z.string()), attached: z.boolean(),
});
export type SessionShape = z.infer<typeof SessionShape>;

export interface SessionFilter {
  readonly cluster: string | undefined;
  readonly namespace: string | undefined;
  readonly user: string | undefined;
  readonly pod: string | undefined;
}

export async function listExecSessions(db: Db, scope: Scope, { cluster, namespace, user, pod }: SessionFilter, { after, limit }: Page): Promise<SessionShape[]> {
  return rows(
    db,
    SessionShape,
    `select e.id, e.session_id, e.at, e.cluster_id, c.name as cluster_name, e.namespace, e.pod, e.container, e.username, e.groups, e.command, e.attached from exec_session e join cluster c on c.id = e.cluster_id
      where ${inScope('e.cluster_id', 'e.namespace')} and ($2::text is null or e.cluster_id::text = $2) and ($3::text is null or e.namespace = $3) and ($4::text is null or e.username = $4) and ($5::text is null or e.pod = $5)
        and ($6::timestamptz is null or (e.at <= $6 and (e.at < $6 or e.id < $7))) order by e.at desc, e.id desc limit $8`,
    [placesIn(scope), cluster ?? null, namespace ?? null, user ?? null, pod ?? null, after?.at ?? null, after?.id ?? null, limit],
  );
}
