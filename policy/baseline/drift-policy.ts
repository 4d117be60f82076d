/**
 * Baselines that are enforced, as policies for the kernel: one for each origin of an executed file, whose scope are the containers whose baseline
 * does not know that origin. So life lines, shadow, dead man, pending identity and verdicts are those of every policy. Pure.
 */
import { checkPolicy } from '../check.ts';
import type { PolicyInForce } from '../compile.ts';
import type { ContainerFacts } from '../facts.ts';
import type { InScope } from '../scope.ts';
import { driftOrigins, type DriftOrigin } from './enforcement.ts';

export const driftPolicyName = 'baseline';

export function driftPolicies(scopeOf: (container: ContainerFacts, origin: DriftOrigin) => InScope): PolicyInForce[] {
  return driftOrigins.flatMap((origin): PolicyInForce[] => {
    const { checked } = checkPolicy({
      apiVersion: 'vedette.dev/v1alpha1', kind: 'Policy', metadata: { name: driftPolicyName },
      spec: {
        description: 'Programs that did not come with the image, where its baseline knows none.', severity: 'high', attack: ['T1105'], mode: 'enforce', scope: {}, whenPending: 'allow',
        rules: [{ name: `drift-${origin}`, on: 'execution', when: `execution.file.origin == "${origin}"`, actions: { run: 'kill' } }],
      },
    });
    return checked === null ? [] : [{ policy: { ...checked, scope: (container) => scopeOf(container, origin) }, mode: 'enforce' }];
  });
}
