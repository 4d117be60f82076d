/**
 * Detections and verdicts as events, folded into incidents: same rule or policy, same container or process tree, within
 * a window of the last one. An event that the sensor reports a second time (same id) is recognised. Closed incidents
 * take up nothing: what happens afterwards opens a new one. Of an incident so many detections are rows of their own; what
 * comes after them is counted with alike ones, a row for each kind and day (noise.ts), so that no flood fills the store.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { countHours, foldDetections, type HourOf } from './noise.ts';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

export const incidentWindowMinutes = 60;

export interface IncidentFacts {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly containerId: string | null;
  readonly kind: 'detection' | 'verdict';
  readonly source: string;
  readonly rule: string | null;
  readonly severity: string;
  readonly severityRank: number;
  readonly title: string;
  readonly summary: string;
  readonly outcome: string;
  readonly nextAction: string;
  readonly attack: readonly string[];
  readonly foldKey: Buffer;
  /** The program that it is about; empty: not known. */
  readonly program: string;
  readonly words: readonly string[];
  readonly at: Date;
}

export interface EventFacts {
  readonly day: string;
  readonly findingId: string;
  readonly mode: string | null;
  readonly generation: number | null;
  readonly identityPending: boolean;
  readonly eventClass: string | null;
  readonly receivedAt: Date;
  readonly output: string;
  readonly fields: Readonly<Record<string, string | null>>;
  readonly tree: readonly unknown[];
  /** Of alike detections as one record; null: a verdict, which always stands for itself. */
  readonly alike: AlikeFacts | null;
}

export interface AlikeFacts {
  /** 1: this one alone. */
  readonly count: number;
  readonly lastAt: Date;
  readonly varied: readonly string[];
  /** The same for those that may be counted as one, within an incident. */
  readonly foldKey: Buffer;
}

/**
 * A workload whose containers come and go would make an incident for each: after so many within a day of one rule and
 * one program, what further containers do goes into the latest. Not what is worse than medium: there each container is a
 * case of its own, for people and for playbooks.
 */
export const incidentsOfWorkloadMax = 20;
const gatheredFromRank = 2;

/** Of one incident, detections that are rows of their own. */
export const singlesMax = 200;

/** What one record says: of which incident it is, and the event itself. */
export interface Finding {
  readonly incident: IncidentFacts;
  readonly event: EventFacts;
}

/** Of one rule or policy and one place, none further from the others than the window: what is folded at once. */
interface Together {
  readonly facts: IncidentFacts;
  readonly workloadId: number | null;
  readonly findings: Finding[];
  firstAt: Date;
  lastAt: Date;
}

/** What of the batch is of one incident. `singles`: how many it had before. */
interface OfIncident {
  readonly incident: z.infer<typeof Taken>;
  readonly findings: Finding[];
}

/**
 * The findings of one batch, all of one node. Whatever their number, an incident is written once and the counts once: a flood costs what its kinds
 * cost. Rows that other transactions take too are taken in one order everywhere (incidents by source, workload and program, then the counts by key).
 */
export async function addFindings(db: Transaction, findings: readonly Finding[]): Promise<void> {
  const fresh = await unseen(db, findings);
  if (fresh.length === 0) return;
  const incidents = new Map<number, OfIncident>();
  for (const together of gathered(fresh, await workloadsOf(db, fresh))) {
    for (const { incident, findings: of } of await foldIncident(db, together)) {
      const known = incidents.get(incident.id);
      if (known === undefined) incidents.set(incident.id, { incident, findings: [...of] });
      else known.findings.push(...of);
    }
  }
  const hours: HourOf[] = [];
  const made: EventRow[] = [];
  for (const { incident: { id, namespace, singles }, findings: of } of incidents.values()) {
    for (const { incident, event } of of) hours.push({ incident, namespace: namespace ?? '', count: event.alike?.count ?? 1 });
    const { single, folded } = divided(of, singles);
    made.push(...single.map((finding) => ({ incidentId: id, finding, foldKey: null })), ...(await foldDetections(db, id, folded)));
  }
  await addEvents(db, made);
  await countHours(db, hours, fresh[0]!.event.receivedAt);
}

const FindingId = z.object({ finding_id: z.string() });

/** Without what is there already, and what the batch says twice. */
async function unseen(db: Transaction, findings: readonly Finding[]): Promise<Finding[]> {
  const byId = new Map<string, Finding>();
  for (const one of findings) if (!byId.has(one.event.findingId)) byId.set(one.event.findingId, one);
  const [first] = findings;
  if (first === undefined) return [];
  const known = await rows(db, FindingId, 'select finding_id from event where node_id = $1 and finding_id = any($2) and day >= $3::date - 7', [first.incident.nodeId, [...byId.keys()], first.event.day]);
  for (const { finding_id: id } of known) byId.delete(id);
  return [...byId.values()];
}

const Workload = z.object({ container_id: z.string(), workload_id: z.number() });

async function workloadsOf(db: Transaction, findings: readonly Finding[]): Promise<Map<string, number>> {
  const containers = [...new Set(findings.flatMap(({ incident }) => (incident.containerId === null ? [] : [incident.containerId])))];
  if (containers.length === 0) return new Map();
  const found = await rows(db, Workload, 'select container_id, workload_id from container where node_id = $1 and container_id = any($2) and workload_id is not null', [findings[0]!.incident.nodeId, containers]);
  return new Map(found.map((one) => [one.container_id, one.workload_id]));
}

function gathered(findings: readonly Finding[], workloads: ReadonlyMap<string, number>): Together[] {
  const latest = new Map<string, Together>();
  const all: Together[] = [];
  for (const finding of findings) {
    const { containerId, foldKey } = finding.incident;
    const key = foldKey.toString('hex');
    const before = latest.get(key);
    if (before !== undefined && isWithin(before, finding)) {
      take(before, finding);
      continue;
    }
    const together = alone(finding, containerId === null ? null : (workloads.get(containerId) ?? null));
    latest.set(key, together);
    all.push(together);
  }
  // incidents of a workload are those of several nodes; the sort is stable
  return inOrder(all);
}

function inOrder(all: readonly Together[]): Together[] {
  const keyed = all.map((together) => ({ together, key: together.facts.kind === 'detection' ? JSON.stringify([together.facts.source, together.workloadId, together.facts.program]) : '~' }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map((one) => one.together);
}

function alone(finding: Finding, workloadId: number | null): Together {
  return { facts: finding.incident, workloadId, findings: [finding], firstAt: finding.incident.at, lastAt: lastAtOf(finding) };
}

function lastAtOf({ incident, event }: Finding): Date {
  return event.alike?.lastAt ?? incident.at;
}

function isWithin(together: Together, finding: Finding): boolean {
  const windowMs = incidentWindowMinutes * 60_000;
  return finding.incident.at.getTime() - together.lastAt.getTime() <= windowMs && together.firstAt.getTime() - lastAtOf(finding).getTime() <= windowMs;
}

function take(together: Together, finding: Finding): void {
  together.findings.push(finding);
  if (finding.incident.at < together.firstAt) together.firstAt = finding.incident.at;
  if (lastAtOf(finding) > together.lastAt) together.lastAt = lastAtOf(finding);
}

/** What one incident began with may be gathered with others of its workload: each program for itself. */
function byProgram(together: Together): Together[] {
  const programs = new Map<string, Together>();
  for (const finding of together.findings) {
    const known = programs.get(finding.incident.program);
    if (known === undefined) programs.set(finding.incident.program, alone(finding, together.workloadId));
    else take(known, finding);
  }
  return inOrder([...programs.values()]);
}

function isSingle({ event: { alike } }: Finding): boolean {
  return alike !== null && alike.count === 1;
}

/** `singles`: how many the incident had before. */
function divided(findings: readonly Finding[], singles: number): { single: Finding[]; folded: Finding[] } {
  let left = singlesMax - singles;
  const [single, folded]: [Finding[], Finding[]] = [[], []];
  for (const one of findings) {
    if (one.event.alike === null || (isSingle(one) && left > 0)) single.push(one);
    else folded.push(one);
    if (isSingle(one)) left -= 1;
  }
  return { single, folded };
}

const Taken = z.object({ id: z.number(), singles: z.number(), namespace: z.string().nullable() });
const Id = z.object({ id: z.number() });

async function foldIncident(db: Transaction, together: Together): Promise<OfIncident[]> {
  const open = await openIncident(db, together);
  if (open !== undefined) return [await addTo(db, open, together)];
  const out: OfIncident[] = [];
  for (const one of byProgram(together)) {
    const begun = out.length === 0 ? undefined : await openIncident(db, one);
    const workloadKey = begun === undefined ? workloadKeyOf(one) : null;
    const taking = begun ?? (workloadKey === null ? undefined : await latestOfWorkload(db, workloadKey, one.facts));
    out.push(taking === undefined ? await newIncident(db, one, workloadKey) : await addTo(db, taking, one));
  }
  return out;
}

async function openIncident(db: Transaction, { facts, firstAt, lastAt }: Together): Promise<z.infer<typeof Taken> | undefined> {
  return firstRow(
    db,
    Taken,
    `select id, singles, namespace from incident where fold_key = $1 and state <> 'closed' and last_seen >= $2::timestamptz - make_interval(mins => $3) and first_seen <= $4::timestamptz + make_interval(mins => $3)
      order by last_seen desc limit 1 for update`,
    [facts.foldKey, firstAt, incidentWindowMinutes, lastAt],
  );
}

/** What an incident says after these: how many, the words of the latest, the worst of severities. */
function summed(findings: readonly Finding[]): { count: number; singles: number; latest: IncidentFacts; worst: IncidentFacts } {
  return {
    count: findings.reduce((sum, { event }) => sum + (event.alike?.count ?? 1), 0),
    singles: findings.filter(isSingle).length,
    latest: findings.reduce((one, other) => (other.incident.at >= one.incident.at ? other : one)).incident,
    worst: findings.reduce((one, other) => (other.incident.severityRank < one.incident.severityRank ? other : one)).incident,
  };
}

async function addTo(db: Transaction, incident: z.infer<typeof Taken>, { findings, firstAt, lastAt }: Together): Promise<OfIncident> {
  const { count, singles, latest, worst } = summed(findings);
  await run(
    db,
    `update incident set count = count + $6, first_seen = least(first_seen, $2), last_seen = greatest(last_seen, $7),
        summary = case when $10 >= last_seen then $3 else summary end,
        severity = case when $5 < severity_rank then $4 else severity end, severity_rank = least(severity_rank, $5),
        singles = greatest(singles, least(singles + $8, $9))
      where id = $1`,
    [incident.id, firstAt, latest.summary, worst.severity, worst.severityRank, count, lastAt, singles, singlesMax, latest.at],
  );
  return { incident, findings };
}

async function newIncident(db: Transaction, { facts, findings, firstAt, lastAt }: Together, workloadKey: Buffer | null): Promise<OfIncident> {
  const { count, singles, latest, worst } = summed(findings);
  const made = await rows(
    db,
    Taken.omit({ singles: true }),
    `insert into incident (cluster_id, namespace, node_id, container_id, kind, source, rule, severity, severity_rank, title, summary, outcome, next_action, attack, fold_key, first_seen, last_seen, count, singles, workload_key, search)
     values ($1, (select nullif(k.pod_namespace, '') from container k where k.node_id = $2 and k.container_id = $3),
       $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $17, $18, $19, $20,
       array_to_tsvector($16::text[] || array(select lower(k.name) from container k where k.node_id = $2 and k.container_id = $3 and k.name <> ''))) returning id, namespace`,
    [
      facts.clusterId, facts.nodeId, facts.containerId, facts.kind, facts.source, facts.rule, worst.severity, worst.severityRank, facts.title, latest.summary, facts.outcome, facts.nextAction,
      facts.attack, facts.foldKey, firstAt, facts.words, lastAt, count, Math.min(singles, singlesMax), workloadKey,
    ],
  );
  return { incident: { ...made[0]!, singles: 0 }, findings };
}

/** Of a detection in a workload: same rule, same workload, same program. */
function workloadKeyOf({ facts, workloadId }: Together): Buffer | null {
  if (facts.kind !== 'detection' || workloadId === null) return null;
  return createHash('sha256').update(JSON.stringify([facts.source, workloadId, facts.program])).digest();
}

async function latestOfWorkload(db: Transaction, workloadKey: Buffer, facts: IncidentFacts): Promise<z.infer<typeof Taken> | undefined> {
  if (facts.severityRank < gatheredFromRank) return undefined;
  const before = await rows(db, Id, `select id from incident where workload_key = $1 and last_seen >= $2::timestamptz - interval '24 hours' limit $3`, [workloadKey, facts.at, incidentsOfWorkloadMax]);
  if (before.length < incidentsOfWorkloadMax) return undefined;
  return firstRow(db, Taken, `select id, singles, namespace from incident where workload_key = $1 and state <> 'closed' and verdict is null and last_seen >= $2::timestamptz - interval '24 hours' order by last_seen desc limit 1 for update`, [workloadKey, facts.at]);
}

export interface EventRow {
  readonly incidentId: number;
  readonly finding: Finding;
  /** Of alike ones as one row; null: it stands for itself. */
  readonly foldKey: Buffer | null;
}

const eventsAtOnce = 500;

async function addEvents(db: Transaction, made: readonly EventRow[]): Promise<void> {
  for (let from = 0; from < made.length; from += eventsAtOnce) {
    await run(
      db,
      `insert into event (day, cluster_id, node_id, container_id, incident_id, kind, finding_id, source, rule, severity, outcome, mode, generation, identity_pending, event_class, at, received_at, output, fields, tree,
         count, last_at, varied, fold_key)
       select day, cluster_id, node_id, container_id, incident_id, kind, finding_id, source, rule, severity, outcome, mode, generation, identity_pending, event_class, at, received_at, output, fields, tree,
         count, last_at, varied, decode(fold_key, 'hex')
        from jsonb_to_recordset($1::jsonb) r(place integer, day date, cluster_id uuid, node_id uuid, container_id text, incident_id bigint, kind text, finding_id text, source text, rule text, severity text, outcome text,
          mode text, generation bigint, identity_pending boolean, event_class text, at timestamptz, received_at timestamptz, output text, fields jsonb, tree jsonb, count bigint, last_at timestamptz, varied text[], fold_key text)
        order by place`,
      [JSON.stringify(made.slice(from, from + eventsAtOnce).map(eventOf))],
    );
  }
}

function eventOf({ incidentId, finding: { incident, event }, foldKey }: EventRow, place: number): Record<string, unknown> {
  return {
    place, day: event.day, cluster_id: incident.clusterId, node_id: incident.nodeId, container_id: incident.containerId, incident_id: incidentId, kind: incident.kind, finding_id: event.findingId,
    source: incident.source, rule: incident.rule, severity: incident.severity, outcome: incident.outcome, mode: event.mode, generation: event.generation, identity_pending: event.identityPending,
    event_class: event.eventClass, at: incident.at, received_at: event.receivedAt, output: event.output, fields: event.fields, tree: event.tree,
    count: event.alike?.count ?? 1, last_at: foldKey === null ? null : (event.alike?.lastAt ?? null), varied: event.alike?.varied ?? [], fold_key: foldKey?.toString('hex') ?? null,
  };
}

const PolicyWordsRow = z.object({ severity: z.string(), attack: z.array(z.string()), description: z.string() });
export type PolicyWords = z.infer<typeof PolicyWordsRow>;

/** What a verdict's policy says of itself now; undefined when it was removed meanwhile. */
export async function policyWords(db: Db, name: string): Promise<PolicyWords | undefined> {
  return firstRow(db, PolicyWordsRow, 'select severity, attack, description from policy where name = $1', [name]);
}
