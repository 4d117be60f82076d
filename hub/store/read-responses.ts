/** Runs of playbooks as people see them, each with its steps and effects. */
import type { Scope } from '@vedette/model/access';
import { effectStates, runStates, stepKinds, stepStates, triggerKinds } from '@vedette/model/playbook';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const StepShape = z.object({
  run_id: z.number(), number: z.number(), name: z.string(), kind: z.enum(stepKinds), state: z.enum(stepStates), reason: z.string().nullable(), approver: z.enum(['analyst', 'operator', 'admin']).nullable(),
  decision: z.enum(['approved', 'rejected']).nullable(), decided_by: z.string().nullable(), decided_at: z.date().nullable(), began_at: z.date().nullable(), deadline: z.date().nullable(), ended_at: z.date().nullable(),
});
const EffectShape = z.object({
  run_id: z.number(), step: z.number(), id: z.string(), undo: z.boolean(), kind: z.enum(stepKinds), doer: z.enum(['sensor', 'cluster', 'hub']), target: z.string(), state: z.enum(effectStates), detail: z.string().nullable(), evidence: z.unknown(), dry_run: z.boolean(),
  attempts: z.number(), wanted_at: z.date(), asked_at: z.date().nullable(), ended_at: z.date().nullable(), requested_by: z.string().nullable(),
  later: z.array(z.object({ state: z.string(), detail: z.string(), at: z.string() })),
});
const RunShape = z.object({
  id: z.number(), dedupe: z.string(), playbook: z.string(), yaml: z.string(), title: z.string(), trigger_kind: z.enum(triggerKinds), trigger_id: z.string(), cluster_id: z.string(), cluster_name: z.string(), namespace: z.string().nullable(),
  facts: z.record(z.string(), z.unknown()), subject: z.record(z.string(), z.unknown()), dry_run: z.boolean(), state: z.enum(runStates), reason: z.string().nullable(), started_by: z.string(), created_at: z.date(), ended_at: z.date().nullable(),
});
export type ResponseStepShape = z.infer<typeof StepShape>;
export type ResponseEffectShape = z.infer<typeof EffectShape>;
export type ResponseShape = z.infer<typeof RunShape> & { readonly steps: readonly ResponseStepShape[]; readonly effects: readonly ResponseEffectShape[] };

export interface ResponseFilter {
  readonly state: string;
  readonly playbook: string | undefined;
  readonly trigger: string | undefined;
  readonly event: string | undefined;
}

const selection = `select r.id, r.dedupe, r.playbook, r.yaml, r.title, r.trigger_kind, r.trigger_id, r.cluster_id, c.name as cluster_name, r.namespace, r.facts, r.subject, r.dry_run, r.state, r.reason, r.started_by, r.created_at, r.ended_at
  from response_run r join cluster c on c.id = r.cluster_id`;
const filtered = `($2 = 'all' or r.state = $2 or ($2 = 'open' and r.ended_at is null)) and ($3::text is null or r.playbook = $3) and ($4::text is null or r.trigger_kind = $4) and ($5::text is null or r.trigger_id = $5)`;
const valuesOf = (scope: Scope, filter: ResponseFilter): unknown[] => [placesIn(scope), filter.state, filter.playbook ?? null, filter.trigger ?? null, filter.event ?? null];

export async function listResponses(db: Db, scope: Scope, filter: ResponseFilter, page: { after: { createdAt: Date; id: number } | undefined; limit: number }): Promise<ResponseShape[]> {
  const found = await rows(
    db,
    RunShape,
    `${selection} where ${inScope('r.cluster_id', 'r.namespace')} and ${filtered} and ($6::timestamptz is null or (r.created_at, r.id) < ($6, $7)) order by r.created_at desc, r.id desc limit $8`,
    [...valuesOf(scope, filter), page.after?.createdAt ?? null, page.after?.id ?? null, page.limit],
  );
  return whole(db, found);
}

export async function responseById(db: Db, scope: Scope, id: number): Promise<ResponseShape | undefined> {
  const found = await rows(db, RunShape, `${selection} where ${inScope('r.cluster_id', 'r.namespace')} and r.id = $2`, [placesIn(scope), id]);
  return (await whole(db, found))[0];
}

/** Their runs were found in scope. */
async function whole(db: Db, runs: readonly z.infer<typeof RunShape>[]): Promise<ResponseShape[]> {
  const ids = runs.map((one) => one.id);
  const [steps, effects] = await Promise.all([
    rows(db, StepShape, 'select run_id, number, name, kind, state, reason, approver, decision, decided_by, decided_at, began_at, deadline, ended_at from response_step where run_id = any($1::bigint[]) order by run_id, number', [ids]),
    rows(db, EffectShape, 'select run_id, step, id, undo, kind, doer, target, state, detail, evidence, dry_run, attempts, wanted_at, asked_at, ended_at, requested_by, later from response_effect where run_id = any($1::bigint[]) order by run_id, step, target, id', [ids]),
  ]);
  return runs.map((run) => ({ ...run, steps: steps.filter((one) => one.run_id === run.id), effects: effects.filter((one) => one.run_id === run.id) }));
}

const Counts = z.object({ total: z.number(), waiting: z.number() });

export async function countResponses(db: Db, scope: Scope, filter: ResponseFilter): Promise<z.infer<typeof Counts>> {
  const found = await firstRow(db, Counts, `select count(*) filter (where ${filtered}) as total, count(*) filter (where r.state = 'waiting') as waiting from response_run r where ${inScope('r.cluster_id', 'r.namespace')}`, valuesOf(scope, filter));
  return found ?? { total: 0, waiting: 0 };
}
