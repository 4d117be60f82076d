/** What the API says of the posture: how controls stand by framework and cluster, and each result with its evidence. */
import { z } from 'zod';
import { controlCategories, controlStates, frameworkIds, subjectKinds } from '../control-words.ts';
import { severities } from '../policy.ts';

const time = z.string();
export const ControlStateWord = z.enum(controlStates);
export const FrameworkWord = z.enum(frameworkIds);

/** Fractions are shown from these; there is no score. */
export const PostureCountsView = z.object({ failed: z.int(), noData: z.int(), accepted: z.int(), passed: z.int(), notApplicable: z.int() });
export type PostureCountsView = z.infer<typeof PostureCountsView>;

export const PostureDayView = z.object({ day: z.string(), failed: z.int(), noData: z.int(), accepted: z.int(), passed: z.int() });
export type PostureDayView = z.infer<typeof PostureDayView>;

export const PostureClusterView = z.object({
  id: z.string(),
  name: z.string(),
  isKubernetes: z.boolean(),
  evaluatedAt: time.nullable().describe('null: not evaluated yet'),
  dataAt: time.nullable().describe('When its objects were last confirmed'),
  cutOff: z.boolean().describe('It has not reported for a while: nothing of it is known now'),
  missing: z.array(z.string()).describe('What was not seen, and why'),
  controls: PostureCountsView,
  results: PostureCountsView,
});
export type PostureClusterView = z.infer<typeof PostureClusterView>;

export const RequirementView = z.object({ id: z.string(), about: z.string(), state: ControlStateWord, controls: PostureCountsView });
export const FrameworkView = z.object({ id: FrameworkWord, title: z.string(), source: z.string(), controls: PostureCountsView, requirements: z.array(RequirementView) });
export type FrameworkView = z.infer<typeof FrameworkView>;

export const PostureView = z.object({
  at: time,
  controls: PostureCountsView.describe('A control stands as its worst result'),
  results: PostureCountsView,
  clusters: z.array(PostureClusterView),
  frameworks: z.array(FrameworkView),
  history: z.array(PostureDayView).describe('Results by the day, the last 30; days before the first evaluation are left out'),
});
export type PostureView = z.infer<typeof PostureView>;

export const ControlView = z.object({
  name: z.string(),
  title: z.string(),
  severity: z.enum(severities),
  category: z.enum(controlCategories),
  subject: z.enum(subjectKinds),
  state: ControlStateWord,
  results: PostureCountsView,
  requirements: z.array(z.object({ framework: FrameworkWord, id: z.string() })),
});
export type ControlView = z.infer<typeof ControlView>;

export const ControlDetailView = ControlView.extend({
  why: z.string(),
  fix: z.string(),
  snippet: z.string().nullable(),
  appliesWhen: z.string().nullable(),
  failsWhen: z.string(),
  clusters: z.array(z.object({ id: z.string(), name: z.string(), cutOff: z.boolean(), results: PostureCountsView })),
  history: z.array(PostureDayView),
});
export type ControlDetailView = z.infer<typeof ControlDetailView>;

export const ControlResultView = z.object({
  id: z.string(),
  control: z.string(),
  title: z.string(),
  severity: z.enum(severities),
  cluster: z.string(),
  clusterName: z.string(),
  namespace: z.string().describe('Empty: the subject is one of the cluster'),
  type: z.string().describe('Deployment, RoleBinding, host; unseen: it stands for what was not seen'),
  name: z.string(),
  state: ControlStateWord,
  reason: z.string(),
  evidence: z.array(z.object({ fact: z.string(), value: z.string() })),
  accepted: z.object({ exception: z.string(), owner: z.string(), reason: z.string(), expiresAt: z.string() }).nullable(),
  since: time,
  lastKnown: z.object({ state: ControlStateWord, at: time.nullable() }).nullable().describe('While there is no data: what was known before, and until when'),
});
export type ControlResultView = z.infer<typeof ControlResultView>;

export const PostureChangeView = z.object({ id: z.string(), at: time, control: z.string(), clusterName: z.string(), namespace: z.string(), type: z.string(), name: z.string(), before: ControlStateWord.nullable(), after: ControlStateWord.nullable(), reason: z.string() });
export type PostureChangeView = z.infer<typeof PostureChangeView>;

/** A file to be kept: what the report endpoint answers instead of JSON. */
export interface ReportDocument {
  readonly type: string;
  readonly fileName: string;
  readonly chunks: AsyncIterable<string | Uint8Array>;
}
