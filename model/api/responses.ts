/** Responses in the HTTP contract: playbooks, their runs, what a run did and waits for, and what people decide about it. */
import { z } from 'zod';
import { approverRoles, effectStates, runStates, stepKinds, stepStates, triggerKinds } from '../playbook.ts';
import { policyModes } from '../policy.ts';
import { pageQuery } from './page-query.ts';

const Time = z.iso.datetime();
const Count = z.int().min(0);
const text = z.string().min(1).max(300);

export const PlaybookStepView = z.object({ name: z.string(), kind: z.enum(stepKinds), approver: z.enum(approverRoles).nullable(), doer: z.enum(['sensor', 'cluster', 'hub']), undo: z.boolean(), dryRun: z.boolean() });
export const PlaybookView = z.object({
  name: z.string(),
  yaml: z.string(),
  description: z.string(),
  trigger: z.enum(triggerKinds),
  when: z.string(),
  mode: z.enum(policyModes),
  modeSince: Time,
  generation: Count,
  shipped: z.boolean(),
  steps: z.array(PlaybookStepView),
  maxTargets: Count,
  perHour: Count,
  updatedAt: Time,
  updatedBy: z.string(),
});
export type PlaybookView = z.infer<typeof PlaybookView>;

export const EffectUndoView = z.object({ state: z.enum(effectStates), detail: z.string().nullable(), evidence: z.unknown(), by: z.string().nullable(), wantedAt: Time, endedAt: Time.nullable() });
export const EffectView = z.object({
  id: z.string().describe('Decided before it happens; receivers know it again by this'),
  kind: z.enum(stepKinds),
  doer: z.enum(['sensor', 'cluster', 'hub']),
  target: z.string(),
  state: z.enum(effectStates),
  detail: z.string().nullable(),
  evidence: z.unknown().describe('What was read back, what stood there before'),
  dryRun: z.boolean(),
  attempts: Count,
  wantedAt: Time,
  askedAt: Time.nullable(),
  endedAt: Time.nullable(),
  canUndo: z.boolean(),
  later: z.array(z.object({ state: z.enum(effectStates), detail: z.string(), at: Time })).describe('What was said of it after its end: that its container is gone, that it holds again, that it ended by itself'),
  undo: EffectUndoView.nullable(),
});
export type EffectView = z.infer<typeof EffectView>;

export const ResponseStepView = z.object({
  number: Count,
  name: z.string(),
  kind: z.enum(stepKinds),
  state: z.enum(stepStates),
  reason: z.string().nullable(),
  approver: z.enum(approverRoles).nullable(),
  decision: z.enum(['approved', 'rejected']).nullable(),
  decidedBy: z.string().nullable(),
  decidedAt: Time.nullable(),
  beganAt: Time.nullable(),
  deadline: Time.nullable(),
  endedAt: Time.nullable(),
  effects: z.array(EffectView),
});
export type ResponseStepView = z.infer<typeof ResponseStepView>;

export const ResponseView = z.object({
  id: z.string(),
  playbook: z.string(),
  title: z.string(),
  trigger: z.enum(triggerKinds),
  triggerId: z.string(),
  cluster: z.string(),
  clusterId: z.string(),
  namespace: z.string().nullable(),
  workload: z.string().nullable(),
  dryRun: z.boolean(),
  state: z.enum(runStates),
  reason: z.string().nullable(),
  startedBy: z.string(),
  createdAt: Time,
  endedAt: Time.nullable(),
  steps: z.array(ResponseStepView),
  waiting: z.object({ step: Count, name: z.string(), approver: z.enum(approverRoles), mayDecide: z.boolean(), whyNot: z.string().nullable(), targets: z.array(z.string()) }).nullable(),
});
export type ResponseView = z.infer<typeof ResponseView>;

export const TriedStepView = z.object({ name: z.string(), kind: z.enum(stepKinds), approver: z.enum(approverRoles).nullable(), targets: z.array(z.string()), would: z.array(z.unknown()), reason: z.string().nullable().describe('Why there is nothing it could act on') });
export const TriedEventView = z.object({
  id: z.string(),
  title: z.string(),
  cluster: z.string(),
  namespace: z.string().nullable(),
  workload: z.string().nullable(),
  answer: z.enum(['yes', 'no', 'unknown']),
  missing: z.string().nullable().describe('Facts that the condition asks for and that are not known'),
  stopped: z.string().nullable().describe('Which limit would stop it'),
  steps: z.array(TriedStepView),
});
export type TriedEventView = z.infer<typeof TriedEventView>;
export const TriedPlaybookView = z.object({ playbook: z.string(), trigger: z.enum(triggerKinds), asked: Count.describe('Events that the condition was asked about, the newest ones'), matched: Count, events: z.array(TriedEventView) });
export type TriedPlaybookView = z.infer<typeof TriedPlaybookView>;

const name = z.object({ name: text });
const id = z.object({ id: text });

export const responseEndpoints = {
  listPlaybooks: { method: 'GET', path: '/api/v1/playbooks', summary: 'Playbooks', permission: 'view', output: z.object({ items: z.array(PlaybookView) }) },
  getPlaybook: { method: 'GET', path: '/api/v1/playbooks/{name}', summary: 'One playbook', permission: 'view', params: name, output: PlaybookView },
  putPlaybook: { method: 'PUT', path: '/api/v1/playbooks/{name}', summary: 'Make or replace a playbook from its YAML', permission: 'policy', params: name, body: z.strictObject({ yaml: z.string().max(65_536), generation: z.int().optional().describe('Of the version this replaces; refused when it changed meanwhile') }), output: PlaybookView },
  setPlaybookMode: { method: 'PUT', path: '/api/v1/playbooks/{name}/mode', summary: 'Switch a playbook off, to shadow (dry run) or to enforce', permission: 'policy', params: name, body: z.strictObject({ mode: z.enum(policyModes) }), output: PlaybookView },
  deletePlaybook: { method: 'DELETE', path: '/api/v1/playbooks/{name}', summary: 'Remove a playbook; runs that began go on', permission: 'policy', params: name, output: z.null(), status: 204 },
  tryPlaybook: {
    method: 'POST', path: '/api/v1/playbooks/try', summary: 'Ask a playbook about what has happened: which steps, which targets, what would be done; nothing is sent anywhere', permission: 'triage',
    body: z.strictObject({ yaml: z.string().max(65_536), event: text.optional().describe('Of this event alone, whatever its condition says; left out: of the newest ones') }), output: TriedPlaybookView,
  },

  listResponses: {
    method: 'GET', path: '/api/v1/responses', summary: 'Runs of playbooks, the newest first', permission: 'view',
    query: z.object({ ...pageQuery, state: z.enum([...runStates, 'all', 'open']).default('all'), playbook: text.optional(), trigger: z.enum(triggerKinds).optional(), event: text.optional().describe('Id of the incident or violation') }),
    output: z.object({ items: z.array(ResponseView), next: z.string().nullable(), total: Count.nullable(), waiting: Count.describe('Runs that wait for an approval') }),
  },
  getResponse: { method: 'GET', path: '/api/v1/responses/{id}', summary: 'One run with its steps and effects', permission: 'view', params: id, output: ResponseView },
  startResponse: { method: 'POST', path: '/api/v1/responses', summary: 'Run a playbook by hand on an event of its kind, whatever its condition and mode say', permission: 'policy', body: z.strictObject({ playbook: text, event: text, dryRun: z.boolean().default(false) }), output: ResponseView, status: 201 },
  decideStep: { method: 'POST', path: '/api/v1/responses/{id}/steps/{number}/decision', summary: 'Approve or reject a step that waits', permission: 'triage', params: z.object({ id: text, number: z.coerce.number().int().min(0).max(100) }), body: z.strictObject({ decision: z.enum(['approved', 'rejected']) }), output: ResponseView },
  cancelResponse: { method: 'POST', path: '/api/v1/responses/{id}/cancel', summary: 'Begin nothing more of a run; what was asked for is still awaited', permission: 'policy', params: id, output: ResponseView },
  undoEffect: { method: 'POST', path: '/api/v1/responses/{id}/effects/{effect}/undo', summary: 'Take back what an effect did', permission: 'policy', params: z.object({ id: text, effect: text }), output: ResponseView },
} as const;
