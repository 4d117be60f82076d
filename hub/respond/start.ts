/**
 * The step as the rest of the hub sees it: playbooks with their audit, trying one on what has happened, runs, and what people decide about them. Writes of
 * people go through the same rows as the engine's, so a decision counts once and survives a killed hub.
 */
import { randomUUID } from 'node:crypto';
import type { Scope } from '@vedette/model/access';
import type { PlaybookView, ResponseView, TriedEventView, TriedPlaybookView } from '@vedette/model/api/responses';
import { stepNatures, type Playbook } from '@vedette/model/playbook';
import type { PolicyMode } from '@vedette/model/policy';
import type { TextProblem } from '@vedette/model/problem';
import { parsePlaybooks, type CheckedPlaybook } from '@vedette/policy/playbook';
import { addAudit } from '../store/access.ts';
import type { Database, Transaction } from '../store/database.ts';
import { listPlaybooks, lockPlaybook, playbookNamed, putPlaybook, removePlaybook, setPlaybookMode } from '../store/playbooks.ts';
import { countResponses, listResponses, responseById, type ResponseFilter } from '../store/read-responses.ts';
import { recentResponseEvents, responseEvent, type ResponseEvent } from '../store/response-events.ts';
import { addResponseEffect, decideResponseStep, lockResponseRun, setResponseEffect, setResponseRun, setResponseStep, wantResponseEffect } from '../store/responses.ts';
import { playbookOf, ResponseEngine, type EngineOptions } from './engine.ts';
import { factsOf, runKey, subjectOf } from './events.ts';
import { planStep, tooMuch } from './plan.ts';
import { playbookView, responseView, whyNotDecide, type Person } from './views.ts';

/** Why a request of a person is not done. */
export type Refused = { readonly refused: 'not-found' | 'conflict' | 'forbidden' | 'invalid'; readonly detail?: string; readonly places?: readonly TextProblem[] };

export interface Responses {
  readonly engine: ResponseEngine;
  playbooks(): Promise<readonly PlaybookView[]>;
  playbook(name: string): Promise<PlaybookView | undefined>;
  putPlaybook(name: string, yaml: string, generation: number | undefined, actor: string): Promise<PlaybookView | Refused>;
  setMode(name: string, mode: PolicyMode, actor: string): Promise<PlaybookView | Refused>;
  removePlaybook(name: string, actor: string): Promise<Refused | null>;
  tryPlaybook(scope: Scope, yaml: string, event: string | undefined): Promise<TriedPlaybookView | Refused>;
  list(scope: Scope, person: Person, filter: ResponseFilter, page: { after: { createdAt: Date; id: number } | undefined; limit: number }): Promise<{ readonly items: readonly ResponseView[]; readonly total: number; readonly waiting: number }>;
  run(scope: Scope, person: Person, id: number): Promise<ResponseView | undefined>;
  start(scope: Scope, person: Person, playbook: string, event: string, dryRun: boolean): Promise<ResponseView | Refused>;
  decide(scope: Scope, person: Person, id: number, step: number, decision: 'approved' | 'rejected'): Promise<ResponseView | Refused>;
  cancel(scope: Scope, person: Person, id: number): Promise<ResponseView | Refused>;
  undo(scope: Scope, person: Person, id: number, effect: string): Promise<ResponseView | Refused>;
  seed(files: readonly { readonly name: string; readonly content: string }[]): Promise<void>;
}

const eventsTried = 200;
const eventsShown = 20;
const undoMs = 3_600_000;

export function readPlaybook(yaml: string): CheckedPlaybook | Refused {
  const { playbooks, problems } = parsePlaybooks('playbook', yaml);
  if (problems.length > 0) return { refused: 'invalid', detail: problems.slice(0, 10).map((one) => `Line ${one.line}, column ${one.column}: ${one.message}. ${one.advice}`).join(' '), places: problems.slice(0, 50).map(({ line, column, message, advice }) => ({ line, column, message, advice })) };
  const [checked, second] = playbooks;
  if (checked === undefined) return { refused: 'invalid', detail: 'The text holds no playbook.' };
  return second === undefined ? checked : { refused: 'invalid', detail: 'The text holds more than one playbook: put each under its own name.' };
}

export function startResponses(options: EngineOptions & { readonly settled: () => void }): Responses {
  const { database, now, changed } = options;
  const engine = new ResponseEngine(options);
  const shown = async (scope: Scope, person: Person, id: number): Promise<ResponseView | Refused> => {
    const run = await responseById(database, scope, id);
    return run === undefined ? { refused: 'not-found' } : responseView(run, person);
  };
  /** What a person does to a run that is in scope, then the run as it is. */
  const touch = async (scope: Scope, person: Person, id: number, work: (db: Transaction) => Promise<Refused | null>): Promise<ResponseView | Refused> => {
    const found = await responseById(database, scope, id);
    if (found === undefined) return { refused: 'not-found' };
    const refused = await database.transaction(work);
    if (refused !== null) return refused;
    changed(found.cluster_id, found.namespace);
    options.settled();
    return shown(scope, person, id);
  };
  return {
    engine,
    ...playbookDoor(database, now, () => options.settled()),
    async tryPlaybook(scope, yaml, event) {
      const checked = readPlaybook(yaml);
      if ('refused' in checked) return checked;
      return tried(database, scope, checked, event);
    },
    async list(scope, person, filter, page) {
      const [items, counts] = await Promise.all([listResponses(database, scope, filter, page), countResponses(database, scope, filter)]);
      return { items: items.map((one) => responseView(one, person)), ...counts };
    },
    async run(scope, person, id) {
      const found = await responseById(database, scope, id);
      return found === undefined ? undefined : responseView(found, person);
    },
    async start(scope, person, name, eventId, dryRun) {
      const row = await playbookNamed(database, name);
      const playbook = row === undefined ? undefined : playbookOf(row.yaml);
      if (row === undefined || playbook === undefined) return { refused: 'not-found', detail: `There is no playbook ${name}.` };
      const { on: trigger } = playbook.spec.trigger;
      const event = await responseEvent(database, scope, trigger, eventId);
      if (event === undefined) return { refused: 'not-found', detail: `There is no ${trigger} ${eventId} where you may respond.` };
      const open = await listResponses(database, scope, { state: 'open', playbook: name, trigger, event: event.id }, { after: undefined, limit: 1 });
      if (open.length > 0) return { refused: 'conflict', detail: `Response ${open[0]!.id} of this playbook is still under way for it.` };
      const id = await engine.begin({ playbook, yaml: row.yaml, trigger, event, dryRun: dryRun || playbook.spec.dryRun, startedBy: person.name, again: randomUUID() });
      options.settled();
      return id === undefined ? { refused: 'conflict' } : shown(scope, person, id);
    },
    decide: (scope, person, id, step, decision) => touch(scope, person, id, (db) => decide(db, person, id, step, decision, now())),
    cancel: (scope, person, id) => touch(scope, person, id, (db) => cancel(db, person, id, now())),
    undo: (scope, person, id, effect) => touch(scope, person, id, (db) => undo(db, person, id, effect, now())),
  };
}

function playbookDoor(database: Database, now: () => Date, changed: () => void): Pick<Responses, 'playbooks' | 'playbook' | 'putPlaybook' | 'setMode' | 'removePlaybook' | 'seed'> {
  const view = async (name: string): Promise<PlaybookView | Refused> => {
    const row = await playbookNamed(database, name);
    return row === undefined ? { refused: 'not-found' } : playbookView(row);
  };
  return {
    playbooks: async () => (await listPlaybooks(database)).map(playbookView),
    async playbook(name) {
      const row = await playbookNamed(database, name);
      return row === undefined ? undefined : playbookView(row);
    },
    async putPlaybook(name, yaml, generation, actor) {
      const checked = readPlaybook(yaml);
      if ('refused' in checked) return checked;
      const { metadata, spec } = checked.playbook;
      if (metadata.name !== name) return { refused: 'invalid', detail: `metadata.name is ${metadata.name}, the address says ${name}.` };
      const done = await database.transaction(async (db): Promise<Refused | null> => {
        const held = await lockPlaybook(db, name);
        const standing = held?.removed === false ? held : undefined;
        if (generation !== undefined && generation !== (standing?.generation ?? 0)) return { refused: 'conflict' };
        await putPlaybook(db, { name, yaml, description: spec.description, trigger: spec.trigger.on, mode: spec.mode }, { actor, shipped: false }, now());
        await addAudit(db, { actor, action: 'playbook.put', object: `playbook:${name}`, change: `playbook ${name} ${standing === undefined ? 'made' : 'written anew'}`, clusterId: null, detail: { before: standing?.yaml ?? null, after: yaml } }, now());
        return null;
      });
      if (done !== null) return done;
      changed();
      return view(name);
    },
    async setMode(name, mode, actor) {
      const done = await database.transaction(async (db): Promise<Refused | null> => {
        const held = await lockPlaybook(db, name);
        if (held === undefined || held.removed) return { refused: 'not-found' };
        if (held.mode === mode) return null;
        await setPlaybookMode(db, name, mode, actor, now());
        await addAudit(db, { actor, action: 'playbook.mode', object: `playbook:${name}`, change: `mode: ${held.mode} → ${mode}`, clusterId: null }, now());
        return null;
      });
      if (done !== null) return done;
      changed();
      return view(name);
    },
    async removePlaybook(name, actor) {
      const done = await database.transaction(async (db): Promise<Refused | null> => {
        const held = await lockPlaybook(db, name);
        if (held === undefined || held.removed) return { refused: 'not-found' };
        await removePlaybook(db, name, actor, now());
        await addAudit(db, { actor, action: 'playbook.delete', object: `playbook:${name}`, change: 'removed', clusterId: null, detail: { before: held.yaml } }, now());
        return null;
      });
      if (done === null) changed();
      return done;
    },
    async seed(files) {
      for (const file of files) {
        const checked = readPlaybook(file.content);
        if ('refused' in checked) throw new Error(`the shipped playbook ${file.name} cannot be used: ${checked.detail ?? ''}`);
        const { metadata, spec } = checked.playbook;
        await database.transaction(async (db) => {
          const held = await lockPlaybook(db, metadata.name);
          if (held !== undefined && (held.removed || held.edited || held.yaml === file.content)) return;
          // A newer text does not switch the mode that people chose.
          await putPlaybook(db, { name: metadata.name, yaml: file.content, description: spec.description, trigger: spec.trigger.on, mode: held?.mode ?? spec.mode }, { actor: 'Vedette', shipped: true }, now());
        });
      }
    },
  };
}

async function tried(database: Database, scope: Scope, { playbook, condition }: CheckedPlaybook, eventId: string | undefined): Promise<TriedPlaybookView | Refused> {
  const { on: trigger } = playbook.spec.trigger;
  const one = eventId === undefined ? undefined : await responseEvent(database, scope, trigger, eventId);
  if (eventId !== undefined && one === undefined) return { refused: 'not-found', detail: `There is no ${trigger} ${eventId} in your scope.` };
  const events = one === undefined ? await recentResponseEvents(database, scope, trigger, eventsTried) : [one];
  const views = events.map((event) => triedEvent(playbook, condition, event));
  const told = one === undefined ? views.filter((view) => view.answer !== 'no') : views;
  return { playbook: playbook.metadata.name, trigger, asked: events.length, matched: views.filter((view) => view.answer === 'yes').length, events: told.slice(0, eventsShown) };
}

function triedEvent(playbook: Playbook, condition: CheckedPlaybook['condition'], event: ResponseEvent): TriedEventView {
  const facts = factsOf(event);
  const subject = subjectOf(event);
  const answer = condition.evaluate(facts);
  const about = { key: runKey(playbook.metadata.name, playbook.spec.trigger.on, event), runId: '', title: event.title, facts, subject };
  return {
    id: event.id, title: event.title, cluster: event.cluster_name, namespace: event.namespace, workload: event.workload,
    answer: answer.value === 'unknown' ? 'unknown' : answer.value ? 'yes' : 'no',
    missing: answer.value === 'unknown' ? answer.missing : null,
    stopped: tooMuch(playbook, about),
    steps: playbook.spec.steps.map((step) => {
      const { effects, reason } = planStep(playbook, step, about);
      return { name: step.name, kind: step.kind, approver: step.approval?.by ?? null, targets: effects.map((effect) => effect.target), would: effects.slice(0, 10).map((effect) => effect.order), reason };
    }),
  };
}

async function decide(db: Transaction, person: Person, id: number, number: number, decision: 'approved' | 'rejected', at: Date): Promise<Refused | null> {
  const held = await lockResponseRun(db, id);
  const step = held?.steps.find((one) => one.number === number);
  const approval = held === undefined ? undefined : playbookOf(held.run.yaml)?.spec.steps[number]?.approval;
  if (held === undefined || step === undefined || approval == null) return { refused: 'not-found' };
  if (step.state !== 'waiting' || step.decision !== null || held.run.state !== 'waiting') return { refused: 'conflict', detail: 'This step does not wait for a decision any more.' };
  const whyNot = whyNotDecide(held.run, approval, person);
  if (whyNot !== null) return { refused: 'forbidden', detail: `${whyNot.slice(0, 1).toUpperCase()}${whyNot.slice(1)}.` };
  await decideResponseStep(db, id, number, decision, person.name, at);
  await addAudit(db, { actor: person.name, action: `response.${decision === 'approved' ? 'approve' : 'reject'}`, object: `response:${id}`, change: `the step ${step.name} of ${held.run.playbook} was ${decision}`, clusterId: held.run.cluster_id, namespace: held.run.namespace }, at);
  return null;
}

async function cancel(db: Transaction, person: Person, id: number, at: Date): Promise<Refused | null> {
  const held = await lockResponseRun(db, id);
  if (held === undefined) return { refused: 'not-found' };
  if (held.run.state !== 'running' && held.run.state !== 'waiting') return { refused: 'conflict', detail: 'This run has ended already.' };
  for (const step of held.steps) if (['pending', 'waiting', 'running'].includes(step.state)) await setResponseStep(db, id, step.number, { state: 'skipped', reason: `cancelled by ${person.name}` }, at);
  for (const effect of held.effects) if (effect.state === 'wanted' && !effect.undo) await setResponseEffect(db, effect.id, false, { state: 'refused', detail: `cancelled by ${person.name} before it was asked for`, nextAt: null }, at);
  await setResponseRun(db, id, 'cancelled', `cancelled by ${person.name}`, at);
  await addAudit(db, { actor: person.name, action: 'response.cancel', object: `response:${id}`, change: 'cancelled', clusterId: held.run.cluster_id, namespace: held.run.namespace }, at);
  return null;
}

async function undo(db: Transaction, person: Person, id: number, effectId: string, at: Date): Promise<Refused | null> {
  const held = await lockResponseRun(db, id);
  const effect = held?.effects.find((one) => one.id === effectId && !one.undo);
  if (held === undefined || effect === undefined) return { refused: 'not-found' };
  const kind = effect.kind as keyof typeof stepNatures;
  if (!stepNatures[kind].undo) return { refused: 'invalid', detail: `What ${kind} did cannot be taken back.` };
  if (effect.state !== 'applied' || effect.dry_run) return { refused: 'conflict', detail: 'Only what was applied can be taken back.' };
  const before = held.effects.find((one) => one.id === effectId && one.undo);
  const expiresAt = new Date(at.getTime() + undoMs);
  if (before === undefined) await addResponseEffect(db, { id: effectId, undo: true, runId: id, step: effect.step, clusterId: effect.cluster_id, namespace: effect.namespace, nodeId: effect.node_id, doer: effect.doer, kind, target: effect.target, command: effect.command, dryRun: false, expiresAt, requestedBy: person.name }, at);
  else if (before.state === 'failed' || before.state === 'refused') await wantResponseEffect(db, effectId, true, expiresAt, person.name, at);
  else return { refused: 'conflict', detail: 'It was or is being taken back already.' };
  await addAudit(db, { actor: person.name, action: 'response.undo', object: `response:${id}`, change: `${kind} of ${effect.target} is to be taken back`, clusterId: effect.cluster_id, namespace: effect.namespace, detail: { effect: effectId } }, at);
  return null;
}
