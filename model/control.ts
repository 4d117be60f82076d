/**
 * One control of the posture, `vedette.dev/v1alpha1 kind Control`: about which kind of subject it speaks, when it applies,
 * when it fails, what is shown as evidence, what to do, and which requirements of the known frameworks it answers. This file
 * is its shape only; `policy/posture` checks the conditions and the numbers.
 */
import { z } from 'zod';
import { controlCategories, subjectKinds } from './control-words.ts';
import { resourceName, severities } from './policy.ts';

const requirements = z.array(z.string().min(1).max(100)).min(1).max(20);
const condition = z.string().min(1).max(4096);

export const Control = z.strictObject({
  apiVersion: z.literal('vedette.dev/v1alpha1'),
  kind: z.literal('Control'),
  metadata: z.strictObject({ name: resourceName }),
  spec: z.strictObject({
    title: z.string().min(1).max(200).describe('What holds when it is passed'),
    why: z.string().min(1).max(2000),
    severity: z.enum(severities),
    category: z.enum(controlCategories),
    subject: z.enum(subjectKinds),
    appliesWhen: condition.optional().describe('CEL over the facts of one subject; left out: to every subject of the kind'),
    failsWhen: condition.describe('CEL over the facts of one subject; while it cannot be answered there is no data'),
    evidence: z.string().min(1).max(500).describe('One sentence of what was found, with {{ fact }} and {{ found }}'),
    fix: z.string().min(1).max(1000),
    snippet: z.string().max(2000).optional().describe('A piece of YAML that shows the fix'),
    mappings: z.strictObject({
      'cis-kubernetes-1.10': requirements.optional(),
      pss: z.enum(['baseline', 'restricted']).optional(),
      'nsa-cisa': requirements.optional(),
      'nist-800-190': requirements.optional(),
      'pci-dss-4.0': requirements.optional(),
    }),
  }),
});
export type Control = z.infer<typeof Control>;
