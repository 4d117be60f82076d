/** Decisions of admission and exec sessions, as the API shows them. */
import { z } from 'zod';
import { admissionOutcomes, admissionVerdicts } from '../admission-words.ts';
import { policyModes } from '../policy.ts';

const Time = z.iso.datetime();
const Count = z.int().min(0);

export const AdmissionFindingView = z.object({
  policy: z.string(),
  rule: z.string(),
  mode: z.enum(policyModes),
  action: z.string().describe('deny, warn, inform'),
  verdict: z.enum(admissionVerdicts),
  sentence: z.string(),
  fix: z.string().nullable(),
  exception: z.string().nullable().describe('Name of the exception that accepts it'),
});

export const AdmissionView = z.object({
  id: z.string(),
  at: Time.describe('The last time; the first is in `since`'),
  since: Time,
  count: Count.describe('The same was asked and answered so often'),
  cluster: z.string(),
  clusterName: z.string(),
  namespace: z.string(),
  kind: z.string(),
  name: z.string(),
  workload: z.string().describe('Who made it, as Kind/name; itself where nobody did'),
  operation: z.string(),
  user: z.string(),
  outcome: z.enum(admissionOutcomes),
  message: z.string().nullable(),
  warnings: z.array(z.string()),
  failedOpen: z.string().nullable().describe('Why it could not be judged'),
  images: z.array(z.object({ reference: z.string(), digest: z.string().nullable(), factsAgeSeconds: Count.nullable().describe('So old was what was judged by: the hub did not answer then; null: it did, or nothing was known'), findings: z.array(AdmissionFindingView) })),
  followedBy: z.array(z.string()).describe('Kinds of what it made, of which the same was answered about the same images'),
});
export type AdmissionView = z.infer<typeof AdmissionView>;

export const AdmissionFacetsView = z.object({ denied: Count, 'failed-open': Count, warned: Count, 'would-deny': Count, informed: Count, allowed: Count });
export type AdmissionFacetsView = z.infer<typeof AdmissionFacetsView>;

export const ExecSessionView = z.object({
  id: z.string(),
  sessionId: z.string(),
  at: Time,
  cluster: z.string(),
  clusterName: z.string(),
  namespace: z.string(),
  pod: z.string(),
  container: z.string(),
  user: z.string(),
  groups: z.array(z.string()),
  command: z.array(z.string()),
  attached: z.boolean(),
});
export type ExecSessionView = z.infer<typeof ExecSessionView>;
