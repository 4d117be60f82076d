/** Baselines over HTTP: views, and the endpoints that read, promote, accept, export and replace them. */
import { z } from 'zod';
import { Behaviour } from '../baseline.ts';
import { baselineStates, blindReasons } from '../baseline-words.ts';
import { pageQuery } from './page-query.ts';

export const BlindView = z.object({
  reason: z.enum(blindReasons),
  sentence: z.string(),
  since: z.string(),
  until: z.string(),
  count: z.int().describe('Lost or cut records; 0: not counted'),
  containerId: z.string().nullable(),
});

export const BaselineView = z.object({
  id: z.string(),
  cluster: z.string(),
  clusterName: z.string(),
  namespace: z.string().nullable(),
  workloadKind: z.string().nullable(),
  workload: z.string(),
  hostname: z.string().nullable().describe('Of a workload of a plain host'),
  image: z.string().nullable().describe('A name that its containers give it'),
  platformDigest: z.string(),
  state: z.enum(baselineStates),
  stateAt: z.string(),
  stateBy: z.string(),
  createdAt: z.string(),
  changedAt: z.string(),
  generation: z.int(),
  counts: z.object({ execution: z.int(), file: z.int(), peer: z.int(), capability: z.int() }),
  outside: z.int().describe('Behaviours that were seen and do not belong to it'),
  watchedSeconds: z.number(),
  watchedUntil: z.string().nullable(),
  quietSeconds: z.number().describe('Watched since something new was learned'),
  learnHours: z.number().describe('So long without anything new ends learning by itself'),
  wholeStart: z.boolean().describe('A container was watched from its first process on, without loss'),
  blind: z.object({ intervals: z.int(), seconds: z.number(), reasons: z.array(z.enum(blindReasons)) }),
  cut: z.int().describe('Behaviours for which there was no room'),
  runs: z.int().describe('Containers of it that run now'),
});
export type BaselineView = z.infer<typeof BaselineView>;

export const BehaviourView = z.object({
  key: z.string(),
  text: z.string(),
  behaviour: Behaviour,
  standing: z.enum(['learned', 'written', 'outside']),
  program: z.string(),
  firstSeen: z.string(),
  containerId: z.string().nullable(),
  hostname: z.string().nullable(),
});
export type BehaviourView = z.infer<typeof BehaviourView>;

export const BaselineDetailView = BaselineView.extend({
  behaviours: z.array(BehaviourView),
  outsideBehaviours: z.array(BehaviourView.extend({ expected: z.string().describe('What the baseline holds nearby') })),
  blindIntervals: z.array(BlindView).describe('The latest, at most a hundred'),
  history: z.array(z.object({ at: z.string(), state: z.enum(baselineStates), by: z.string(), reason: z.string() })),
  enforcement: z.object({
    possible: z.boolean(),
    stops: z.array(z.string()),
    cannotStop: z.array(z.object({ what: z.string(), missing: z.string() })),
  }),
});
export type BaselineDetailView = z.infer<typeof BaselineDetailView>;

const text = z.string().min(1).max(300);
const id = z.object({ id: text });

export const baselineEndpoints = {
  listBaselines: {
    method: 'GET', path: '/api/v1/baselines', summary: 'Learned behaviour of images in workloads: what has something outside of it first', permission: 'view',
    query: z.object({ ...pageQuery, state: z.enum([...baselineStates, 'all']).default('all'), cluster: text.optional(), namespace: text.optional(), workload: text.optional(), image: text.optional().describe('A digest, of the platform or the index'), outside: z.enum(['only']).optional(), search: z.string().max(200).optional() }),
    output: z.object({ items: z.array(BaselineView), next: z.string().nullable(), total: z.int().nullable(), states: z.object({ learn: z.int(), watch: z.int(), enforce: z.int(), outside: z.int() }), withoutImage: z.int().describe('Running containers that can have no baseline, since nobody knows which image they are of') }),
  },
  getBaseline: { method: 'GET', path: '/api/v1/baselines/{id}', summary: 'One baseline: what belongs to it, what was seen outside, where nobody looked', permission: 'view', params: id, output: BaselineDetailView },
  exportBaseline: { method: 'GET', path: '/api/v1/baselines/{id}/export', summary: 'One baseline as YAML, to read, keep, edit and put back', permission: 'view', params: id, output: z.string(), type: 'application/yaml; charset=utf-8' },
  setBaselineState: {
    method: 'PUT', path: '/api/v1/baselines/{id}/state', summary: 'Let a baseline learn, watch or enforce', permission: 'policy', params: id,
    body: z.strictObject({ state: z.enum(baselineStates) }), output: BaselineView,
  },
  acceptBehaviours: {
    method: 'POST', path: '/api/v1/baselines/{id}/accept', summary: 'Take what was seen outside into the baseline', permission: 'policy', params: id,
    body: z.strictObject({ keys: z.union([z.array(z.string().regex(/^[0-9a-f]{64}$/)).min(1).max(1000), z.literal('all')]) }), output: BaselineDetailView,
  },
  putBaseline: {
    method: 'PUT', path: '/api/v1/baselines/{id}', summary: 'Replace what belongs to a baseline by what its YAML says', permission: 'policy', params: id,
    body: z.strictObject({ yaml: z.string().max(4_000_000), generation: z.int().optional().describe('Of the version this replaces; refused when it changed meanwhile') }), output: BaselineDetailView, bodyBytesMax: 5_000_000,
  },
} as const;
