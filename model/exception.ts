/**
 * The one exception object, `vedette.dev/v1alpha1`: which findings of which policies are accepted on which images, and which
 * failed controls of the posture on which subjects; why, whose it is, who approved it and until when. This file is its shape
 * only; `policy/exceptions.ts` says whether it counts. It never lasts for ever: an expiry is required.
 */
import { z } from 'zod';
import { policyStages, resourceName } from './policy.ts';

const patterns = z.array(z.string().min(1).max(256)).min(1).max(200);

/** RFC 3339 with a time zone, or a day, which ends with it in UTC. */
const moment = z.string().regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/, 'must be a day (2026-12-31) or a time with its zone (2026-12-31T18:00:00Z)');

export const Exception = z.strictObject({
  apiVersion: z.literal('vedette.dev/v1alpha1'),
  kind: z.literal('Exception'),
  metadata: z.strictObject({ name: resourceName }),
  spec: z.strictObject({
    scope: z
      .strictObject({
        policies: patterns.optional().describe('Names of policies, or policy/rule'),
        controls: patterns.optional().describe('Names of controls of the posture'),
        subjects: patterns.optional().describe('With controls: namespace/name or namespace/Deployment/name; left out: every subject'),
        clusters: patterns.optional().describe('With controls: names of clusters; left out: every cluster'),
        images: patterns.optional().describe('As in the scope of a policy; left out: every image'),
        stages: z.array(z.enum(policyStages)).min(1).optional().describe('Left out: every stage'),
        vulnerabilities: patterns.optional().describe('CVE or any other name; left out: the whole rule is accepted'),
        packages: patterns.optional().describe('Names of packages; left out: the whole rule is accepted'),
      })
      .refine((scope) => scope.policies !== undefined || scope.controls !== undefined, 'needs policies or controls')
      .describe('What is accepted. `*` is the only wildcard'),
    reason: z.string().min(1).max(2000),
    owner: z.string().min(1).max(200).describe('Who answers for it and will remove it'),
    approval: z.strictObject({ by: z.string().min(1).max(200), at: moment, reference: z.string().max(500).optional() }).optional().describe('Without one it does not count'),
    expiresAt: moment,
  }),
});
export type Exception = z.infer<typeof Exception>;
