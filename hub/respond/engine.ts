/**
 * Playbooks at work: events begin runs, runs go on step by step, and effects are asked for. Everything is stored before it happens, so a hub that is killed
 * anywhere goes on where it was; what the hub calls itself is called after it was stored as asked, and what it does not know then it asks again
 * only where that does nothing twice. Sensors and cluster parts are given what is asked of them as whole sets until they report.
 */
import type { Playbook, PlaybookStep, TriggerKind } from '@vedette/model/playbook';
import { reportedState } from '@vedette/model/playbook-words';
import { parsePlaybooks, type CheckedPlaybook } from '@vedette/policy/playbook';
import type { ResponseFacts } from '@vedette/policy/playbook-facts';
import { addAudit } from '../store/access.ts';
import type { Database, Transaction } from '../store/database.ts';
import { listPlaybooks, type PlaybookRow } from '../store/playbooks.ts';
import { responseEvents, type ResponseEvent } from '../store/response-events.ts';
import {
  addResponseEffect, addResponseRun, askResponseEffect, countResponseRuns, lockResponseRun, noteResponseEvidence, openResponseRuns, setResponseEffect, setResponseRun, setResponseStep, type HeldRun, type ResponseEffectRow,
} from '../store/responses.ts';
import { eventState, factsOf, runKey, subjectOf } from './events.ts';
import { advance, settled, type Change, type Outcome, type Run } from './machine.ts';
import { planStep, tooMuch, type About, type EffectOrder } from './plan.ts';
import type { Subject } from './subject.ts';

const hourMs = 3_600_000;
const eventsMax = 1000;
const runsMax = 500;
/** What happened longer ago than this is not answered any more, also when the hub was away. */
const lookBackMs = 24 * hourMs;
const rememberedMax = 50_000;
const storeAgainMs = 500;

/** A call that the hub makes itself. `at` is the time of the effect and the same in every life, as all of it. */
export interface HubCall {
  readonly id: string;
  readonly undo: boolean;
  readonly order: EffectOrder;
  readonly at: Date;
  /** What was noted in a former life; of what is undone, the evidence of its doing. */
  readonly before: unknown;
  /** Stored before anything is changed. */
  readonly note: (evidence: object) => Promise<void>;
}

export interface EngineOptions {
  readonly database: Database;
  readonly now: () => Date;
  /** Another one for each life of the hub. */
  readonly life: string;
  /** Never throws. */
  readonly call: (call: HubCall) => Promise<Outcome>;
  /** What a call would do, without doing it. */
  readonly wouldCall: (call: HubCall) => unknown;
  /** A receiver's set has changed. */
  readonly commanded: (clusterId: string, nodeId: string | null) => void;
  readonly changed: (clusterId: string, namespace: string | null) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, data: Readonly<Record<string, unknown>>) => void;
}

interface InForce extends CheckedPlaybook {
  readonly row: PlaybookRow;
}

/** The playbook of a run as it was when the run began. */
export function playbookOf(yaml: string): Playbook | undefined {
  return parsePlaybooks('playbook', yaml).playbooks[0]?.playbook;
}

export function aboutOf(run: HeldRun['run']): About {
  return { key: run.dedupe, runId: String(run.id), title: run.title, facts: run.facts as ResponseFacts, subject: run.subject as unknown as Subject };
}

export class ResponseEngine {
  readonly #options: EngineOptions;
  /** Events that a playbook was asked about already. */
  readonly #considered = new Set<string>();
  readonly #inFlight = new Map<string, Promise<void>>();
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;
  begun = 0;
  effectsDone = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** One round: what has happened, then all open runs. */
  async round(): Promise<void> {
    await this.#answerEvents();
    await this.settle();
  }

  /** Every open run as far as it goes without waiting. One at a time: what is in flight is known only between two turns. */
  async settle(): Promise<void> {
    const turn = this.#turn.then(() => this.#settleOnce());
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  async #settleOnce(): Promise<void> {
    for (const id of await openResponseRuns(this.#options.database, runsMax)) {
      for (let steps = 0; steps < 100 && (await this.#advance(id)); steps += 1);
    }
  }

  /** Calls that are under way have ended and are stored. */
  async idle(): Promise<void> {
    await Promise.all(this.#inFlight.values());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.race([this.idle(), new Promise((resolve) => setTimeout(resolve, 3000).unref())]);
  }

  async #answerEvents(): Promise<void> {
    const { database, now, log } = this.#options;
    const inForce: InForce[] = [];
    for (const row of await listPlaybooks(database)) {
      if (row.mode === 'off') continue;
      const [checked] = parsePlaybooks(row.name, row.yaml).playbooks;
      if (checked === undefined) log('error', 'a stored playbook cannot be read', { playbook: row.name });
      else inForce.push({ ...checked, row });
    }
    for (const trigger of ['incident', 'violation', 'integrity'] as const satisfies readonly TriggerKind[]) {
      const ofTrigger = inForce.filter((one) => one.playbook.spec.trigger.on === trigger);
      if (ofTrigger.length === 0) continue;
      const oldest = Math.max(Math.min(...ofTrigger.map((one) => one.row.mode_since.getTime())), now().getTime() - lookBackMs);
      const events = await responseEvents(database, trigger, new Date(oldest), eventsMax);
      for (const event of events.reverse()) for (const one of ofTrigger) await this.#consider(one, trigger, event);
    }
  }

  async #consider({ playbook, condition, row }: InForce, trigger: TriggerKind, event: ResponseEvent): Promise<void> {
    const asked = `${row.name} ${row.generation} ${eventState(trigger, event)}`;
    if (this.#considered.has(asked)) return;
    const facts = factsOf(event);
    const answer = condition.evaluate(facts);
    if (answer.value === true) await this.begin({ playbook, yaml: row.yaml, trigger, event, dryRun: row.mode !== 'enforce' || playbook.spec.dryRun, startedBy: 'Vedette' });
    else if (answer.value === 'unknown') this.#options.log('info', 'a playbook did not answer: a fact that its condition asks for is not known', { playbook: row.name, event: event.id, missing: answer.missing });
    // Forgetting costs a second look, which the run's key makes harmless.
    if (this.#considered.size >= rememberedMax) this.#considered.clear();
    this.#considered.add(asked);
  }

  /** The run's id; undefined: there is one already for this event and place. `again`: by hand, apart from what ran before. */
  async begin(one: { playbook: Playbook; yaml: string; trigger: TriggerKind; event: ResponseEvent; dryRun: boolean; startedBy: string; again?: string }): Promise<number | undefined> {
    const { database, now } = this.#options;
    const { playbook, event, trigger } = one;
    const { name } = playbook.metadata;
    const dedupe = `${runKey(name, trigger, event)}${one.again === undefined ? '' : `\n${one.again}`}`;
    const subject = subjectOf(event);
    const facts = factsOf(event);
    const at = now();
    const id = await database.transaction(async (db) => {
      const recent = one.dryRun ? 0 : await countResponseRuns(db, name, new Date(at.getTime() - hourMs));
      const { perHour } = playbook.spec.blastRadius;
      const stopped = recent >= perHour ? `the playbook ran ${recent} times within an hour and is allowed ${perHour} (blastRadius.perHour): nothing was done` : tooMuch(playbook, { key: dedupe, runId: '', title: event.title, facts, subject });
      const made = await addResponseRun(
        db,
        {
          dedupe, playbook: name, yaml: one.yaml, clusterId: event.cluster_id, namespace: event.namespace, triggerKind: trigger, triggerId: event.id, title: event.title, facts, subject, dryRun: one.dryRun, startedBy: one.startedBy, stopped,
          steps: playbook.spec.steps.map((step) => ({ name: step.name, kind: step.kind, approver: step.approval?.by ?? null })),
        },
        at,
      );
      if (made !== undefined) await addAudit(db, { actor: one.startedBy, action: 'response.begin', object: `response:${made}`, change: stopped === null ? `the playbook ${name} began${one.dryRun ? ' (dry run)' : ''}: ${event.title}` : `the playbook ${name} was stopped: ${stopped}`, clusterId: event.cluster_id, namespace: event.namespace }, at);
      return made;
    });
    if (id === undefined) return undefined;
    this.begun += 1;
    this.#options.changed(event.cluster_id, event.namespace);
    return id;
  }

  /** Whether something changed that may let it go on at once. */
  async #advance(id: number): Promise<boolean> {
    const { database, now, life, commanded, changed } = this.#options;
    const at = now();
    const done = await database.transaction(async (db) => {
      const held = await lockResponseRun(db, id);
      if (held === undefined) return undefined;
      const playbook = playbookOf(held.run.yaml);
      if (playbook === undefined) throw new Error(`the playbook of response ${id} cannot be read`);
      const reports = held.effects.filter((one) => one.state === 'asked' && one.report !== null);
      for (const effect of reports) await this.#takeReport(db, effect, playbook, at);
      // What the reports have changed is looked at in the next turn.
      if (reports.length > 0) return { held, playbook, changes: [], ask: [], reports };
      const { changes, ask } = advance(snapshot(held), playbook.spec.steps, at.getTime(), life, (effect, undo) => this.#inFlight.has(flightOf(effect, undo)));
      for (const change of changes) await this.#apply(db, held, playbook, change, at);
      return { held, playbook, changes, ask, reports };
    });
    if (done === undefined) return false;
    const { held, playbook, changes, ask, reports } = done;
    for (const effect of reports) commanded(effect.cluster_id, effect.node_id);
    for (const one of ask) {
      const effect = held.effects.find((row) => row.id === one.id && row.undo === one.undo);
      const step = effect === undefined ? undefined : playbook.spec.steps[effect.step];
      if (effect !== undefined && step !== undefined) this.#start(held, effect, step);
    }
    for (const change of changes) {
      const effect = change.kind === 'effect' ? held.effects.find((row) => row.id === change.id && row.undo === change.undo) : undefined;
      if (effect !== undefined && effect.doer !== 'hub') commanded(effect.cluster_id, effect.node_id);
    }
    const moved = changes.length > 0 || reports.length > 0;
    if (moved) changed(held.run.cluster_id, held.run.namespace);
    return moved;
  }

  async #takeReport(db: Transaction, effect: ResponseEffectRow, playbook: Playbook, at: Date): Promise<void> {
    const { state, detail, evidence } = effect.report!;
    await storeOutcome(db, effect, playbook.spec.steps[effect.step]!, { kind: reportedState(state), detail, evidence }, at);
    this.effectsDone += 1;
  }

  async #apply(db: Transaction, { run, effects }: HeldRun, playbook: Playbook, change: Change, at: Date): Promise<void> {
    const { life } = this.#options;
    switch (change.kind) {
      case 'wait':
        await setResponseStep(db, run.id, change.step, { state: 'waiting', reason: null, deadline: new Date(change.deadlineMs) }, at);
        return setResponseRun(db, run.id, 'waiting', `waits for approval of the step ${playbook.spec.steps[change.step]?.name ?? ''}`, at);
      case 'plan':
        return this.#plan(db, run, playbook, change, at);
      case 'step':
        return setResponseStep(db, run.id, change.step, { state: change.state, reason: change.reason }, at);
      case 'run':
        await setResponseRun(db, run.id, change.state, change.reason, at);
        return addAudit(db, { actor: 'Vedette', action: 'response.end', object: `response:${run.id}`, change: change.reason === null ? change.state : `${change.state}: ${change.reason}`, clusterId: run.cluster_id, namespace: run.namespace }, at);
      case 'effect': {
        if (change.state === 'asked') return askResponseEffect(db, change.id, change.undo, life, at);
        await setResponseEffect(db, change.id, change.undo, { state: change.state, detail: change.detail, nextAt: null }, at);
        const row = effects.find((one) => one.id === change.id && one.undo === change.undo);
        return row === undefined ? undefined : auditEffect(db, row, change.state, change.detail ?? '', at);
      }
      default:
        return change satisfies never;
    }
  }

  async #plan(db: Transaction, run: HeldRun['run'], playbook: Playbook, change: Change & { kind: 'plan' }, at: Date): Promise<void> {
    const step = playbook.spec.steps[change.step]!;
    const { effects, reason } = planStep(playbook, step, aboutOf(run));
    if (effects.length === 0) await setResponseStep(db, run.id, change.step, { state: 'failed', reason }, at);
    else await setResponseStep(db, run.id, change.step, { state: 'running', reason: null, deadline: new Date(change.deadlineMs) }, at);
    await setResponseRun(db, run.id, 'running', null, at);
    for (const one of effects) {
      await addResponseEffect(db, { ...one, undo: false, runId: run.id, step: change.step, clusterId: run.cluster_id, namespace: run.namespace, command: one.order, dryRun: change.dryRun, expiresAt: new Date(change.deadlineMs), requestedBy: null }, at);
    }
  }

  /** The call and the storing of its end are one flight: nothing is asked for a second time while the end is not stored. */
  #start({ run, effects }: HeldRun, effect: ResponseEffectRow, step: PlaybookStep): void {
    const { call, wouldCall, database } = this.#options;
    const done = effect.undo ? effects.find((one) => one.id === effect.id && !one.undo) : undefined;
    const asked: HubCall = { id: effect.id, undo: effect.undo, order: effect.command as unknown as EffectOrder, at: effect.wanted_at, before: (effect.undo ? done?.evidence : effect.evidence) ?? null, note: (evidence) => noteResponseEvidence(database, effect.id, effect.undo, evidence) };
    const flight = flightOf(effect.id, effect.undo);
    const work = async (): Promise<void> => {
      const outcome: Outcome = effect.dry_run ? { kind: 'applied', detail: 'dry run: nothing was sent', evidence: { would: wouldCall(asked) } } : await call(asked);
      while (!this.#stopped) {
        try {
          await this.#store(run.id, effect, step, outcome);
          break;
        } catch (error) {
          this.#options.log('warn', 'the end of an effect could not be stored, and is stored again', { effect: effect.id, error: String(error) });
          await new Promise((resolve) => setTimeout(resolve, storeAgainMs));
        }
      }
    };
    this.#inFlight.set(flight, work().finally(() => this.#inFlight.delete(flight)));
  }

  async #store(runId: number, effect: ResponseEffectRow, step: PlaybookStep, outcome: Outcome): Promise<void> {
    const { database, now, changed } = this.#options;
    await database.transaction(async (db) => {
      const held = await lockResponseRun(db, runId);
      const row = held?.effects.find((one) => one.id === effect.id && one.undo === effect.undo);
      if (row?.state === 'asked') await storeOutcome(db, row, step, outcome, now());
    });
    this.effectsDone += 1;
    changed(effect.cluster_id, effect.namespace);
  }
}

const flightOf = (id: string, undo: boolean): string => `${id} ${undo}`;

function snapshot({ run, steps, effects }: HeldRun): Run {
  return {
    state: run.state,
    dryRun: run.dry_run,
    steps: steps.map((one) => ({ number: one.number, state: one.state, decision: one.decision, decidedBy: one.decided_by, deadlineMs: one.deadline?.getTime() ?? null })),
    effects: effects.map((one) => ({ id: one.id, undo: one.undo, step: one.step, state: one.state, detail: one.detail, attempts: one.attempts, nextAtMs: one.next_at?.getTime() ?? null, askedBy: one.asked_by })),
  };
}

/** In the transaction that holds the run. */
async function storeOutcome(db: Transaction, row: ResponseEffectRow, step: PlaybookStep, outcome: Outcome, at: Date): Promise<void> {
  const next = settled(outcome, step, { attempts: row.attempts, undo: row.undo, expiresAtMs: row.expires_at.getTime() }, at.getTime());
  const state = row.dry_run && (next.state === 'applied' || next.state === 'not-needed') ? 'would-apply' : next.state;
  await setResponseEffect(db, row.id, row.undo, { state, detail: next.detail, nextAt: next.nextAtMs === null ? null : new Date(next.nextAtMs), evidence: outcome.evidence }, at);
  if (state !== 'wanted') await auditEffect(db, row, state, next.detail, at);
}

async function auditEffect(db: Transaction, row: ResponseEffectRow, state: string, detail: string, at: Date): Promise<void> {
  await addAudit(db, { actor: 'Vedette', action: row.undo ? 'response.undo' : 'response.effect', object: `response:${row.run_id}`, change: `${row.kind} of ${row.target}${row.undo ? ', taken back' : ''}: ${state}${detail === '' ? '' : ` (${detail})`}`, clusterId: row.cluster_id, namespace: row.namespace, detail: { effect: row.id } }, at);
}
