import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileOrigins, type FileOrigin } from '@vedette/model/policy';
import { compileRunPolicies } from '@vedette/policy/compile';
import { explainVerdict } from '@vedette/policy/explain';
import { unknownContainer, unknownExecution, type ContainerFacts } from '@vedette/policy/facts';
import { parsePolicies } from '@vedette/policy/parse';

const { policies, problems } = parsePolicies('only-from-image.yaml', readFileSync(join(import.meta.dirname, 'only-from-image.yaml'), 'utf8'));
const [policy] = policies;
const container: ContainerFacts = { id: 'c0ffee', name: 'web', image: 'shop:1', digest: null, namespace: '' };

test('it is read without a word and starts in shadow', () => {
  deepEqual(problems, []);
  equal(policy?.policy.spec.mode, 'shadow');
});

test('what the kernel is told', () => {
  ok(policy !== undefined);
  const enforced = compileRunPolicies([{ policy, mode: 'enforce' }], 3).decide(container);
  deepEqual([enforced.kill, enforced.shadow, enforced.undecided], [['modified', 'dropped', 'memory'], [], []]);
  const shadowed = compileRunPolicies([{ policy, mode: 'shadow' }], 3).decide(container);
  deepEqual([shadowed.kill, shadowed.shadow], [[], ['modified', 'dropped', 'memory']]);
});

test('it needs no identity: it holds from the first moment of a container', () => {
  ok(policy !== undefined);
  deepEqual(compileRunPolicies([{ policy, mode: 'enforce' }], 1).decide(unknownContainer).kill, ['modified', 'dropped', 'memory']);
});

test('what is reported beside it, and what is left alone', () => {
  ok(policy !== undefined);
  const running = compileRunPolicies([{ policy, mode: 'enforce' }], 3);
  const rulesFor = (origin: FileOrigin) => running.judge({ execution: { ...unknownExecution, origin }, container }).map((one) => `${one.rule.rule} ${one.rule.action}`);
  deepEqual(Object.fromEntries(fileOrigins.map((origin) => [origin, rulesFor(origin)])), {
    host: [], image: [], modified: ['modified kill'], dropped: ['dropped kill'], memory: ['memory kill'], volume: ['volume inform'], unjudged: [],
  });
});

test('the words for people', () => {
  ok(policy !== undefined);
  const facts = { execution: { origin: 'dropped', path: '/tmp/miner', uid: 33, arguments: ['-o', 'pool'], parentPath: '/usr/sbin/nginx' }, container } as const;
  const verdict = { policy: 'only-from-image', rule: 'dropped', generation: 3, mode: 'enforce', action: 'kill', applied: true, identityPending: false, facts, message: policy.message } as const;
  deepEqual(explainVerdict(verdict), {
    summary: '/tmp/miner was killed before its first instruction in container web by the policy only-from-image.',
    message: '/tmp/miner was executed in web, but the image shop:1 does not vouch for it (origin: dropped). Find out what wrote it and who started it; if it belongs there, put it into the image.',
    fact: '/tmp/miner did not come with the image: it was written after the container started.',
    evidence: [
      'policy only-from-image, rule dropped, generation 3, mode enforce',
      'origin dropped, judged by the kernel when the program was executed',
      'image shop:1',
      'started by /usr/sbin/nginx, user 33',
      'arguments -o pool',
    ],
  });
});
