/**
 * Runs of playbooks as the step respond keeps them, for the whole hub; what people read of them is in read-responses.ts. Whoever changes a run
 * or an effect of it holds the run's row, so that engine, reports and people never write over each other.
 */
import { effectStates, runStates, stepStates, type EffectState, type RunState, type StepState } from '@vedette/model/playbook';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

const RunRow = z.object({
  id: z.number(),
  dedupe: z.string(),
  playbook: z.string(),
  yaml: z.string(),
  cluster_id: z.string(),
  namespace: z.string().nullable(),
  trigger_kind: z.string(),
  title: z.string(),
  facts: z.record(z.string(), z.unknown()),
  subject: z.record(z.string(), z.unknown()),
  dry_run: z.boolean(),
  state: z.enum(runStates),
  started_by: z.string(),
});
export type ResponseRunRow = z.infer<typeof RunRow>;
const runColumns = 'id, dedupe, playbook, yaml, cluster_id, namespace, trigger_kind, title, facts, subject, dry_run, state, started_by';

const StepRow = z.object({
  number: z.number(),
  name: z.string(),
  kind: z.string(),
  state: z.enum(stepStates),
  decision: z.enum(['approved', 'rejected']).nullable(),
  decided_by: z.string().nullable(),
  approver: z.string().nullable(),
  deadline: z.date().nullable(),
});

const EffectRow = z.object({
  id: z.string(),
  undo: z.boolean(),
  run_id: z.number(),
  step: z.number(),
  cluster_id: z.string(),
  namespace: z.string().nullable(),
  node_id: z.string().nullable(),
  doer: z.string(),
  kind: z.string(),
  target: z.string(),
  command: z.record(z.string(), z.unknown()),
  dry_run: z.boolean(),
  state: z.enum(effectStates),
  detail: z.string().nullable(),
  evidence: z.unknown(),
  attempts: z.number(),
  next_at: z.date().nullable(),
  wanted_at: z.date(),
  asked_by: z.string().nullable(),
  expires_at: z.date(),
  report: z.object({ state: z.string(), detail: z.string(), evidence: z.unknown() }).nullable(),
});
export type ResponseEffectRow = z.infer<typeof EffectRow>;
export type ResponseStepRow = z.infer<typeof StepRow>;
const effectColumns = 'id, undo, run_id, step, cluster_id, namespace, node_id, doer, kind, target, command, dry_run, state, detail, evidence, attempts, next_at, wanted_at, asked_by, expires_at, report';

export interface NewRun {
  readonly dedupe: string;
  readonly playbook: string;
  readonly yaml: string;
  readonly clusterId: string;
  readonly namespace: string | null;
  readonly triggerKind: string;
  readonly triggerId: string;
  readonly title: string;
  readonly facts: object;
  readonly subject: object;
  readonly dryRun: boolean;
  readonly startedBy: string;
  readonly steps: readonly { readonly name: string; readonly kind: string; readonly approver: string | null }[];
  /** Ended before it began, and why. */
  readonly stopped: string | null;
}

const Id = z.object({ id: z.number() });

/** Undefined: there is a run of this playbook for this event and place already. */
export async function addResponseRun(db: Transaction, one: NewRun, now: Date): Promise<number | undefined> {
  const made = await firstRow(
    db,
    Id,
    `insert into response_run (dedupe, playbook, yaml, cluster_id, namespace, trigger_kind, trigger_id, title, facts, subject, dry_run, state, reason, started_by, created_at, updated_at, ended_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16) on conflict do nothing returning id`,
    [
      one.dedupe, one.playbook, one.yaml, one.clusterId, one.namespace, one.triggerKind, one.triggerId, one.title, JSON.stringify(one.facts), JSON.stringify(one.subject), one.dryRun,
      one.stopped === null ? 'running' : 'stopped', one.stopped, one.startedBy, now, one.stopped === null ? null : now,
    ],
  );
  if (made === undefined) return undefined;
  for (const [number, step] of one.steps.entries()) {
    await run(db, 'insert into response_step (run_id, number, cluster_id, name, kind, state, approver) values ($1, $2, $3, $4, $5, $6, $7)', [made.id, number, one.clusterId, step.name, step.kind, one.stopped === null ? 'pending' : 'skipped', step.approver]);
  }
  return made.id;
}

const Counted = z.object({ n: z.number() });

/** Runs of this playbook since then that were allowed to begin. */
export async function countResponseRuns(db: Db, playbook: string, since: Date): Promise<number> {
  return (await firstRow(db, Counted, "select count(*) as n from response_run where playbook = $1 and created_at > $2 and state <> 'stopped' and not dry_run", [playbook, since]))?.n ?? 0;
}

/** Runs that have not ended, and ended ones of which an effect has not. */
export async function openResponseRuns(db: Db, limit: number): Promise<number[]> {
  const found = await rows(db, Id, 'select id from response_run where ended_at is null union select run_id from response_effect where ended_at is null order by 1 limit $1', [limit]);
  return found.map((one) => one.id);
}

export interface HeldRun {
  readonly run: ResponseRunRow;
  readonly steps: readonly ResponseStepRow[];
  readonly effects: readonly ResponseEffectRow[];
}

/** The run with all of it, held until the transaction ends. */
export async function lockResponseRun(db: Transaction, id: number): Promise<HeldRun | undefined> {
  const held = await firstRow(db, RunRow, `select ${runColumns} from response_run where id = $1 for update`, [id]);
  if (held === undefined) return undefined;
  const steps = await rows(db, StepRow, 'select number, name, kind, state, decision, decided_by, approver, deadline from response_step where run_id = $1 order by number', [id]);
  const effects = await rows(db, EffectRow, `select ${effectColumns} from response_effect where run_id = $1 order by step, undo, id`, [id]);
  return { run: held, steps, effects };
}

export async function setResponseRun(db: Transaction, id: number, state: RunState, reason: string | null, now: Date): Promise<void> {
  const ended = state !== 'running' && state !== 'waiting';
  await run(db, 'update response_run set state = $2, reason = $3, updated_at = $4, ended_at = case when $5 then coalesce(ended_at, $4) end where id = $1', [id, state, reason, now, ended]);
}

export async function setResponseStep(db: Transaction, runId: number, number: number, change: { state: StepState; reason: string | null; deadline?: Date }, now: Date): Promise<void> {
  const ended = !['pending', 'waiting', 'running'].includes(change.state);
  await run(
    db,
    `update response_step set state = $3, reason = $4, deadline = coalesce($5, deadline), began_at = case when $3 in ('waiting', 'running') then coalesce(began_at, $6) else began_at end,
       ended_at = case when $7 then $6::timestamptz end where run_id = $1 and number = $2`,
    [runId, number, change.state, change.reason, change.deadline ?? null, now, ended],
  );
}

export async function decideResponseStep(db: Transaction, runId: number, number: number, decision: 'approved' | 'rejected', by: string, now: Date): Promise<void> {
  await run(db, 'update response_step set decision = $3, decided_by = $4, decided_at = $5 where run_id = $1 and number = $2', [runId, number, decision, by, now]);
}

export interface NewEffect {
  readonly id: string;
  readonly undo: boolean;
  readonly runId: number;
  readonly step: number;
  readonly clusterId: string;
  readonly namespace: string | null;
  readonly nodeId: string | null;
  readonly doer: string;
  readonly kind: string;
  readonly target: string;
  readonly command: object;
  readonly dryRun: boolean;
  readonly expiresAt: Date;
  readonly requestedBy: string | null;
}

/** False: it is there already. */
export async function addResponseEffect(db: Transaction, one: NewEffect, now: Date): Promise<boolean> {
  const made = await run(
    db,
    `insert into response_effect (id, undo, run_id, step, cluster_id, namespace, node_id, doer, kind, target, command, dry_run, state, wanted_at, expires_at, requested_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'wanted', $13, $14, $15) on conflict do nothing`,
    [one.id, one.undo, one.runId, one.step, one.clusterId, one.namespace, one.nodeId, one.doer, one.kind, one.target, JSON.stringify(one.command), one.dryRun, now, one.expiresAt, one.requestedBy],
  );
  return made === 1;
}

/** An undo that failed may be wanted again. */
export async function wantResponseEffect(db: Transaction, id: string, undo: boolean, expiresAt: Date, by: string, now: Date): Promise<void> {
  await run(db, "update response_effect set state = 'wanted', detail = null, attempts = 0, next_at = null, wanted_at = $3, asked_at = null, asked_by = null, expires_at = $4, ended_at = null, requested_by = $5 where id = $1 and undo = $2", [id, undo, now, expiresAt, by]);
}

/** Before anything happens. */
export async function askResponseEffect(db: Transaction, id: string, undo: boolean, life: string, now: Date): Promise<void> {
  await run(db, "update response_effect set state = 'asked', attempts = attempts + 1, asked_at = $4, asked_by = $3, next_at = null, report = null, later = '[]' where id = $1 and undo = $2 and state = 'wanted'", [id, undo, life, now]);
}

export async function setResponseEffect(db: Transaction, id: string, undo: boolean, change: { state: EffectState; detail: string | null; nextAt: Date | null; evidence?: unknown }, now: Date): Promise<void> {
  const ended = change.state !== 'wanted' && change.state !== 'asked';
  await run(
    db,
    'update response_effect set state = $3, detail = $4, next_at = $5, evidence = case when $6::jsonb is null then evidence else $6::jsonb end, ended_at = case when $7 then $8::timestamptz end where id = $1 and undo = $2',
    [id, undo, change.state, change.detail, change.nextAt, change.evidence === undefined || change.evidence === null ? null : JSON.stringify(change.evidence), ended, now],
  );
}

const commandsMax = 1000;

/** What a receiver is to do, or has not reported: of the sensor of this node, or of the part of this cluster. The oldest first. */
export async function effectsAskedOf(db: Db, receiver: { kind: 'sensor' | 'cluster'; clusterId: string; nodeId: string }): Promise<ResponseEffectRow[]> {
  return rows(
    db,
    EffectRow,
    `select ${effectColumns} from response_effect where ended_at is null and state = 'asked' and report is null and doer = $1 and cluster_id = $2 and ($1 = 'cluster' or node_id::text = $3) order by asked_at, id limit ${commandsMax}`,
    [receiver.kind, receiver.clusterId, receiver.nodeId],
  );
}

const Reported = z.object({ run_id: z.number(), cluster_id: z.string(), namespace: z.string().nullable(), kind: z.string(), target: z.string(), is_later: z.boolean(), later_before: z.number() });
/** Whether this report has the words of the one in $6. */
const isSaid = (report: string): string => `((${report}) ->> 'state', (${report}) ->> 'detail') = ($6::jsonb ->> 'state', $6::jsonb ->> 'detail')`;

/** Of one effect; after that the last one is replaced. */
export const laterReportsMax = 20;

/**
 * The first report is kept for the engine. What is said after it is kept beside it, unless it was said before: `is_later`. Undefined: nothing
 * of this id was asked of this receiver.
 */
export async function reportResponseEffect(
  db: Transaction,
  receiver: { kind: 'sensor' | 'cluster'; clusterId: string; nodeId: string },
  effect: { id: string; undo: boolean },
  report: { state: string; detail: string; evidence: unknown; at: string },
): Promise<z.infer<typeof Reported> | undefined> {
  return firstRow(
    db,
    Reported,
    `update response_effect e set report = case when e.state = 'asked' and e.report is null then $6::jsonb else e.report end,
        later = case when o.is_later then case when o.later_before < ${laterReportsMax} then e.later else e.later - -1 end || jsonb_build_array($6::jsonb) else e.later end
       from (select id, undo, jsonb_array_length(later) as later_before,
               state <> 'wanted' and not dry_run and report is not null and not ${isSaid('report')} and (later = '[]' or not ${isSaid('later -> -1')}) as is_later
               from response_effect where id = $4 and undo = $5 and doer = $1 and cluster_id = $2 and ($1 = 'cluster' or node_id::text = $3) for update) o
      where e.id = o.id and e.undo = o.undo returning e.run_id, e.cluster_id, e.namespace, e.kind, e.target, o.is_later, o.later_before`,
    [receiver.kind, receiver.clusterId, receiver.nodeId, effect.id, effect.undo, JSON.stringify(report)],
  );
}

/** What stands there before an effect, while it is asked for. */
export async function noteResponseEvidence(db: Db, id: string, undo: boolean, evidence: object): Promise<void> {
  await run(db, "update response_effect set evidence = $3 where id = $1 and undo = $2 and state = 'asked'", [id, undo, JSON.stringify(evidence)]);
}
