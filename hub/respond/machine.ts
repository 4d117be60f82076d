/**
 * A run of a playbook as a pure state machine: run, steps, effects and the time → what changes next. It is asked again after each change and
 * after each start of the hub, so it rests on nothing but what is stored. Invariants, held by tests at every crash point: an effect
 * is asked for only after it is stored as asked; what can be done only once is never asked for twice; a run that was begun ends.
 */
import { stepNatures, type EffectState, type PlaybookStep, type RunState, type StepState } from '@vedette/model/playbook';

export interface Effect {
  readonly id: string;
  readonly undo: boolean;
  readonly step: number;
  readonly state: EffectState;
  readonly detail: string | null;
  readonly attempts: number;
  readonly nextAtMs: number | null;
  /** The life of the hub that asked; null: not asked. */
  readonly askedBy: string | null;
}

export interface Step {
  readonly number: number;
  readonly state: StepState;
  readonly decision: 'approved' | 'rejected' | null;
  readonly decidedBy: string | null;
  readonly deadlineMs: number | null;
}

export interface Run {
  readonly state: RunState;
  readonly dryRun: boolean;
  readonly steps: readonly Step[];
  readonly effects: readonly Effect[];
}

/** One thing to store. `plan`: the effects of the step are stored with it, wanted. */
export type Change =
  | { readonly kind: 'wait'; readonly step: number; readonly deadlineMs: number }
  | { readonly kind: 'plan'; readonly step: number; readonly deadlineMs: number; readonly dryRun: boolean }
  | { readonly kind: 'step'; readonly step: number; readonly state: StepState; readonly reason: string | null }
  | { readonly kind: 'effect'; readonly id: string; readonly undo: boolean; readonly state: EffectState; readonly detail: string | null; readonly nextAtMs: number | null }
  | { readonly kind: 'run'; readonly state: RunState; readonly reason: string | null };

/** Of the hub's own calls: whom to ask now. What sensors and cluster parts do is asked for by being stored as asked. */
export interface Ask {
  readonly id: string;
  readonly undo: boolean;
}

export interface Advance {
  readonly changes: readonly Change[];
  readonly ask: readonly Ask[];
}

const endedSteps: ReadonlySet<StepState> = new Set(['done', 'failed', 'rejected', 'timed-out', 'skipped']);
const good: ReadonlySet<EffectState> = new Set(['applied', 'not-needed', 'would-apply']);
export const isOpen = (state: EffectState): boolean => state === 'wanted' || state === 'asked';

export const undecidedDetail = 'the hub was ended while it sent this, and nobody can be asked whether it arrived: look there, and send it by hand if it did not';

/** `life`: of this hub; `inFlight`: effects that it is asking for right now. Retry waits double. */
export function advance(run: Run, steps: readonly PlaybookStep[], nowMs: number, life: string, inFlight: (id: string, undo: boolean) => boolean): Advance {
  const changes: Change[] = [];
  const ask: Ask[] = [];
  for (const effect of run.effects) {
    const step = steps[effect.step];
    if (step === undefined || !isOpen(effect.state)) continue;
    settle(effect, step, { nowMs, life, inFlight: inFlight(effect.id, effect.undo) }, changes, ask);
  }
  if (changes.length === 0 && (run.state === 'running' || run.state === 'waiting')) changes.push(...advanceSteps(run, steps, nowMs));
  return { changes, ask };
}

function settle(effect: Effect, step: PlaybookStep, at: { nowMs: number; life: string; inFlight: boolean }, changes: Change[], ask: Ask[]): void {
  const { doer, again } = stepNatures[step.kind];
  const { id, undo } = effect;
  if (effect.state === 'wanted') {
    if (effect.nextAtMs === null || effect.nextAtMs <= at.nowMs) changes.push({ kind: 'effect', id, undo, state: 'asked', detail: null, nextAtMs: null });
    return;
  }
  if (doer !== 'hub' || at.inFlight) return;
  // Asked by a hub that is no more, or stored as asked a moment ago by this one and not begun.
  if (effect.askedBy === at.life || again === 'repeat') ask.push({ id, undo });
  else changes.push({ kind: 'effect', id, undo, state: 'undecided', detail: undecidedDetail, nextAtMs: null });
}

function advanceSteps(run: Run, steps: readonly PlaybookStep[], nowMs: number): Change[] {
  for (const held of run.steps) {
    const step = steps[held.number];
    if (step === undefined) continue;
    if (endedSteps.has(held.state)) {
      if (held.state === 'done' || held.state === 'skipped' || step.continueOnFailure) continue;
      return finish(run, held.number, held.state === 'rejected' ? 'cancelled' : 'failed', `${step.name}: ${held.state === 'rejected' ? `rejected by ${held.decidedBy ?? 'somebody'}` : held.state === 'timed-out' ? 'it took too long' : 'it failed'}`);
    }
    return advanceStep(run, held, step, nowMs);
  }
  const broken = run.steps.filter((one) => one.state === 'failed' || one.state === 'timed-out' || one.state === 'rejected').map((one) => steps[one.number]?.name ?? '');
  return [{ kind: 'run', state: broken.length === 0 ? 'done' : 'failed', reason: broken.length === 0 ? null : `not done: ${broken.join(', ')}` }];
}

function finish(run: Run, after: number, state: RunState, reason: string): Change[] {
  const skipped = run.steps.filter((one) => one.number > after && !endedSteps.has(one.state)).map((one): Change => ({ kind: 'step', step: one.number, state: 'skipped', reason: null }));
  return [...skipped, { kind: 'run', state, reason }];
}

function advanceStep(run: Run, held: Step, step: PlaybookStep, nowMs: number): Change[] {
  const dryRun = run.dryRun || step.dryRun;
  const begin: Change = { kind: 'plan', step: held.number, deadlineMs: nowMs + step.timeout * 1000, dryRun };
  const end = (state: StepState, reason: string | null): Change[] => [{ kind: 'step', step: held.number, state, reason }];
  switch (held.state) {
    case 'pending':
      // What is only tried needs nobody's word.
      return step.approval === null || dryRun ? [begin] : [{ kind: 'wait', step: held.number, deadlineMs: nowMs + step.approval.timeout * 1000 }];
    case 'waiting':
      if (held.decision === 'approved') return [begin];
      if (held.decision === 'rejected') return end('rejected', `rejected by ${held.decidedBy ?? 'somebody'}`);
      return held.deadlineMs !== null && nowMs >= held.deadlineMs ? end('timed-out', 'nobody approved it in time') : [];
    case 'running':
      return advanceRunning(run.effects.filter((one) => one.step === held.number && !one.undo), held, nowMs, end);
    default:
      return [];
  }
}

function advanceRunning(effects: readonly Effect[], held: Step, nowMs: number, end: (state: StepState, reason: string | null) => Change[]): Change[] {
  if (effects.length === 0) return end('failed', 'there was nothing that it could act on');
  const open = effects.filter((one) => isOpen(one.state));
  const bad = effects.filter((one) => !isOpen(one.state) && !good.has(one.state));
  if (open.length === 0) return bad.length === 0 ? end('done', null) : end('failed', bad[0]?.detail ?? 'it could not be done');
  if (held.deadlineMs === null || nowMs < held.deadlineMs) return [];
  const notBegun = open.filter((one) => one.state === 'wanted').map((one): Change => ({ kind: 'effect', id: one.id, undo: false, state: 'refused', detail: 'not begun in time', nextAtMs: null }));
  return [...notBegun, ...end('timed-out', 'it has not ended in time; what was asked for is still awaited')];
}

/** How a call of the hub ended. `unanswered`: it may have been done. */
export type Outcome =
  | { readonly kind: 'applied' | 'not-needed'; readonly detail: string; readonly evidence: unknown }
  | { readonly kind: 'refused' | 'failed' | 'unanswered'; readonly detail: string; readonly evidence: unknown };

/** What is stored after a call, or a report: a failure that may be tried again is wanted again, later. */
export function settled(outcome: Outcome, step: PlaybookStep, effect: { readonly attempts: number; readonly undo: boolean; readonly expiresAtMs: number }, nowMs: number): { state: EffectState; detail: string; nextAtMs: number | null } {
  const { again } = stepNatures[step.kind];
  const { detail } = outcome;
  if (outcome.kind === 'applied' || outcome.kind === 'not-needed' || outcome.kind === 'refused') return { state: outcome.kind, detail, nextAtMs: null };
  if (outcome.kind === 'unanswered' && again === 'once') return { state: 'undecided', detail: `${detail}; nobody can be asked whether it arrived: look there, and send it by hand if it did not`, nextAtMs: null };
  const nextAtMs = nowMs + Math.min(3_600_000, step.retry.backoff * 1000 * 2 ** Math.max(0, effect.attempts - 1));
  const mayAgain = effect.attempts <= step.retry.times && nextAtMs < effect.expiresAtMs;
  return mayAgain ? { state: 'wanted', detail: `${detail}; tried again`, nextAtMs } : { state: 'failed', detail, nextAtMs: null };
}
