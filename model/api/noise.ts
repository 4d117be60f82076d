/** The part of the API about noise and about rule files of people; table.ts takes it in. */
import { z } from 'zod';
import { severities } from '../policy.ts';
import { pageQuery } from './page-query.ts';
import type { Endpoint } from './table.ts';
import { pageOf } from './views.ts';

const text = z.string().min(1).max(300);
const Count = z.int().min(0);
const Time = z.string();

/** So many detections of a rule in a workload a day, unless somebody sets another number. */
export const noiseBudgetDefault = 100;

export const NoiseView = z.object({
  rule: z.string(),
  severity: z.enum(severities),
  cluster: z.string(),
  place: z.string().describe('Of the workload or host: for proposals'),
  namespace: z.string().nullable(),
  workload: z.string().nullable().describe('null: the host itself, or a container that is not known any more'),
  workloadKind: z.string().nullable(),
  hostname: z.string().nullable(),
  containers: Count,
  lastDay: Count.describe('In the last 24 hours'),
  total: Count.describe('In the whole time'),
  peakHour: Count.describe('In the loudest hour'),
  over: z.boolean().describe('More in the last 24 hours than the budget'),
});
export type NoiseView = z.infer<typeof NoiseView>;

export const NoiseBudgetView = z.object({ perDay: Count, isDefault: z.boolean(), updatedAt: Time.nullable(), updatedBy: z.string().nullable() });
export type NoiseBudgetView = z.infer<typeof NoiseBudgetView>;

const Sample = z.object({ incident: z.string(), at: Time, count: Count, output: z.string() });

export const NoiseProposalView = z.object({
  rule: z.string(),
  since: Time,
  until: Time,
  detections: Count.describe('Stored ones of this place in this time that nobody confirmed'),
  isCut: z.boolean().describe('There are more than were looked at; the newest were'),
  confirmed: Count.describe('Detections of the rule, wherever they were, in incidents that somebody confirmed'),
  confirmedIncidents: Count,
  confirmedNotStored: Count.describe('Confirmed incidents whose detections are no longer stored: nothing can be tried on them'),
  sentence: z.string().describe('What it does, or why there is none'),
  yaml: z.string().nullable().describe('null: none is proposed'),
  file: z.string().nullable().describe('A name for it as a rule file'),
  appliedAs: z.string().nullable().describe('The rule file that has these very exceptions already'),
  exceptions: z.array(z.object({ name: z.string(), words: z.string(), hidden: Count })),
  hidden: Count,
  kept: Count,
  undecided: Count.describe('The answer depends on what was not stored; counted as not hidden'),
  samples: z.object({ hidden: z.array(Sample), kept: z.array(Sample) }),
});
export type NoiseProposalView = z.infer<typeof NoiseProposalView>;

export const RuleFileView = z.object({ name: z.string(), yaml: z.string(), rules: z.array(z.string()).describe('Rules that it has or changes'), updatedAt: Time, updatedBy: z.string(), warnings: z.array(z.string()) });
export type RuleFileView = z.infer<typeof RuleFileView>;

const fileName = z.object({ name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}\.yaml$/, 'lower case letters, digits, . _ -, and .yaml at the end') });

export const noiseEndpoints = {
  listNoise: { method: 'GET', path: '/api/v1/noise', summary: 'How often rules speak in which workload: the loudest of the last day first', permission: 'view', query: z.object({ ...pageQuery, days: z.coerce.number().int().min(1).max(90).default(7), rule: text.optional(), search: z.string().max(200).optional(), over: z.enum(['only', 'any']).default('any').describe('Only what is over the budget') }), output: pageOf(NoiseView).extend({ budget: NoiseBudgetView, over: Count.describe('How many are over the budget, of all'), since: Time }) },
  noiseBudget: { method: 'GET', path: '/api/v1/noise/budget', summary: 'How many detections of a rule in a workload a day are within the budget', permission: 'view', output: NoiseBudgetView },
  setNoiseBudget: { method: 'PUT', path: '/api/v1/noise/budget', summary: 'Set the noise budget', permission: 'policy', body: z.strictObject({ perDay: z.int().min(1).max(1_000_000) }), output: NoiseBudgetView },
  proposeExceptions: { method: 'GET', path: '/api/v1/noise/proposal', summary: 'The narrowest exceptions that hide most of the noise of a rule in a workload and nothing confirmed, tried on stored detections', permission: 'policy', query: z.object({ rule: text, place: z.string().regex(/^(w\d{1,15}|h[0-9a-f-]{36})$/).optional().describe('As the list of noise names it; none: wherever the rule spoke'), days: z.coerce.number().int().min(1).max(90).default(7) }), output: NoiseProposalView },
  listRuleFiles: { method: 'GET', path: '/api/v1/rule-files', summary: 'Rule files of people, loaded after the shipped ones', permission: 'view', output: z.object({ items: z.array(RuleFileView) }) },
  putRuleFile: { method: 'PUT', path: '/api/v1/rule-files/{name}', summary: 'Make or replace a rule file; all sensors load it', permission: 'policy', params: fileName, body: z.strictObject({ yaml: z.string().min(1).max(200_000) }), output: RuleFileView },
  deleteRuleFile: { method: 'DELETE', path: '/api/v1/rule-files/{name}', summary: 'Remove a rule file; all sensors load the rules without it', permission: 'policy', params: fileName, output: z.null(), status: 204 },
} as const satisfies Record<string, Endpoint>;
