import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ExceptionSetSchema, PolicySetSchema } from '@vedette/model/wire/generated/link_pb';
import type { ImageFacts } from '@vedette/policy/image-facts';
import { unknown } from '@vedette/policy/vocabulary';
import { Judge, unaskedImage, type Decision } from './judge.ts';
import { readReview, type WorkloadReview } from './review.ts';
import { Rulebook } from './rulebook.ts';
import { critical, imageFacts, podReview, policyYaml, templateReview } from './testing/reviews.ts';

const reference = 'registry.test/shop/cart:1';
const bad = imageFacts(reference, { vulnerabilities: { items: [critical], incomplete: null } });
const noCritical = policyYaml('no-critical', { when: 'image.vulnerabilities.exists(v, v.severity == "critical")' });
const exception = {
  apiVersion: 'vedette.dev/v1alpha1', kind: 'Exception', metadata: { name: 'until-monday' },
  spec: { scope: { policies: ['no-critical'], vulnerabilities: ['CVE-2026-0001'] }, reason: 'r', owner: 'shop', approval: { by: 'carol', at: '2026-01-01' }, expiresAt: '2027-01-01' },
};

function book(policies: readonly string[], mode = 'enforce', exceptions: readonly unknown[] = []): Rulebook {
  const rulebook = new Rulebook(mkdtempSync(join(tmpdir(), 'vedette-admit-')));
  rulebook.setExceptions(create(ExceptionSetSchema, { exceptions: exceptions.map((one) => ({ name: 'e', yaml: JSON.stringify(one) })) }));
  rulebook.setPolicies(create(PolicySetSchema, { policies: policies.map((yaml, index) => ({ name: `p${index}`, yaml, mode })) }));
  return rulebook;
}

function workload(review: object): WorkloadReview {
  const read = readReview(JSON.stringify(review));
  assert.ok(read.ok && read.review.is === 'workload');
  return read.review;
}

interface Wish {
  readonly facts?: ImageFacts;
  readonly policies?: readonly string[];
  readonly mode?: string;
  readonly exceptions?: readonly unknown[];
  readonly failurePolicy?: 'Ignore' | 'Fail';
  readonly review?: object;
  readonly nowMs?: number;
  readonly ageMs?: number | null;
}

async function decide({ facts = bad, policies = [noCritical], mode, exceptions, failurePolicy = 'Ignore', review = podReview(reference), ageMs = null, nowMs = Date.parse('2026-06-01') }: Wish): Promise<Decision> {
  const rulebook = book(policies, mode, exceptions);
  const judge = new Judge({ rules: () => rulebook.rules, image: async () => ({ facts, digest: 'sha256:x', problem: '', ageMs }), nowMs: () => nowMs, failurePolicy });
  return judge.decide(workload(review), 100);
}

const rootRule = policyYaml('not-root', { when: 'image.runsAsRoot' });
const rows: readonly (readonly [what: string, wish: Wish, allowed: boolean, said: RegExp])[] = [
  ['denied, with policy, fact, fix and how to except it', {}, false, /^Vedette refuses Pod shop\/cart\. Container main: registry\.test\/shop\/cart:1 was refused at deployment by the policy no-critical\. CVE-2026-0001 \(critical\) in lodash 4\.17\.15 .*Fix: upgrade lodash 4\.17\.15 to 4\.17\.21\. To except it: an approved Exception for no-critical\/rule/],
  ['denied by what was known while the hub is away', { ageMs: 35 * 60_000 }, false, /in lodash 4\.17\.15 .* This is what the hub said 35 minutes ago: it does not answer now\. Fix: /],
  ['warned by what was known while the hub is away', { ageMs: 7 * 3_600_000, policies: [policyYaml('w', { when: 'image.vulnerabilities.exists(v, true)', action: 'warn' })] }, true, /^vedette w: container main, as known 7 hours ago: CVE-2026-0001/],
  ['clean', { facts: imageFacts(reference) }, true, /^$/],
  ['shadow never denies', { mode: 'shadow' }, true, /^$/],
  ['off says nothing', { mode: 'off' }, true, /^$/],
  ['no policy', { policies: [] }, true, /^$/],
  ['accepted by an exception', { exceptions: [exception] }, true, /^$/],
  ['an exception that has expired', { exceptions: [exception], nowMs: Date.parse('2027-06-01') }, false, /no-critical/],
  ['a policy without rules at deployment', { policies: [noCritical.replace('deploy: deny', 'build: fail')] }, true, /^$/],
  ['warned', { policies: [policyYaml('w', { when: 'image.vulnerabilities.exists(v, true)', action: 'warn' })] }, true, /^vedette w: container main: CVE-2026-0001/],
  ['informed', { policies: [policyYaml('w', { when: 'image.vulnerabilities.exists(v, true)', action: 'inform' })] }, true, /^$/],
  ['unknown and Ignore: a warning, and open', { facts: imageFacts(reference, { runsAsRoot: unknown('nobody looked') }), policies: [rootRule] }, true, /^vedette not-root: container main: Not known: image\.runsAsRoot \(nobody looked\)/],
  ['unknown and Fail', { facts: imageFacts(reference, { runsAsRoot: unknown('nobody looked') }), policies: [rootRule], failurePolicy: 'Fail' }, false, /because what the rule asks is not known, by the policy not-root/],
  ['the workload', { policies: [policyYaml('w', { when: 'workload.privileged && workload.namespace == "shop"', message: '{{ workload.container }} of {{ workload.kind }} is privileged' })], review: podReview(reference, { spec: { containers: [{ name: 'main', image: reference, securityContext: { privileged: true } }] } }) }, false, /main of Pod is privileged\. The workload is in the namespace shop \(workload\.namespace\); the container is privileged \(workload\.privileged\)/],
  ['a workload that is not', { policies: [policyYaml('w', { when: 'workload.privileged' })] }, true, /^$/],
  ['a Deployment', { review: templateReview('Deployment', reference) }, false, /^Vedette refuses Deployment shop\/cart\./],
  ['an init container', { policies: [policyYaml('w', { when: 'workload.containerType == "init"' })], review: podReview(reference, { spec: { initContainers: [{ name: 'first', image: 'x' }] } }) }, false, /Container first/],
];
for (const [what, wish, allowed, said] of rows) {
  test(`a decision: ${what}`, async () => {
    const decision = await decide(wish);
    assert.equal(decision.allowed, allowed);
    assert.match(allowed ? decision.warnings.join() : decision.message, said);
    assert.ok(decision.warnings.every((one) => one.length <= 120 && /^[\x20-\x7e]+$/.test(one)));
    assert.ok(decision.message.length <= 3000);
  });
}

test('what was let in without being known says so, and what shadow would do is in the findings', async () => {
  const open = await decide({ facts: unaskedImage(reference, 'the hub is away').facts });
  assert.deepEqual([open.allowed, open.failedOpen], [true, 'no-critical/rule: Not known: image.vulnerabilities (the hub is away).']);
  assert.equal((await decide({ mode: 'shadow', facts: unaskedImage(reference, 'the hub is away').facts })).failedOpen, '', 'shadow would not have refused');
  const shadow = await decide({ mode: 'shadow' });
  assert.deepEqual(shadow.images[0]?.verdicts.map(({ verdict }) => [verdict.mode, verdict.action, verdict.answer, verdict.effect, verdict.effectIfEnforced]), [['shadow', 'deny', 'broken', 'none', 'stop']]);
});

test('verdicts are kept while nothing changes: not over other rules, another workload, or an exception that ends', async () => {
  let nowMs = Date.parse('2026-12-31T23:59:58Z');
  const rulebook = book([noCritical], 'enforce', [{ ...exception, spec: { ...exception.spec, expiresAt: '2026-12-31T23:59:59Z' } }]);
  const known = { facts: bad, digest: '', problem: '', ageMs: null };
  const judge = new Judge({ rules: () => rulebook.rules, image: async () => known, nowMs: () => nowMs, failurePolicy: 'Ignore' });
  const allowed = async (): Promise<boolean> => (await judge.decide(workload(podReview(reference)), 100)).allowed;
  assert.equal(await allowed(), true);
  nowMs += 6000;
  assert.equal(await allowed(), false);
  rulebook.setPolicies(create(PolicySetSchema, { policies: [] }));
  assert.equal(await allowed(), true);
  rulebook.setPolicies(create(PolicySetSchema, { policies: [{ name: 'w', yaml: policyYaml('w', { when: 'workload.namespace == "a"' }), mode: 'enforce' }] }));
  const inNamespace = async (namespace: string): Promise<boolean> => (await judge.decide(workload(podReview(reference, { namespace })), 100)).allowed;
  assert.deepEqual([await inNamespace('b'), await inNamespace('a'), await inNamespace('b')], [true, false, true]);
});

test('rules are kept on the disk, and what cannot be read is named', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-admit-'));
  assert.equal(new Rulebook(directory).isKnown, false);
  const first = new Rulebook(directory);
  first.setPolicies(create(PolicySetSchema, { policies: [{ name: 'a', yaml: noCritical, mode: 'enforce' }, { name: 'b', yaml: 'kind: Nonsense', mode: 'enforce' }, { name: 'c', yaml: noCritical, mode: 'sometimes' }] }));
  const again = new Rulebook(directory);
  assert.deepEqual([again.isKnown, again.rules.policies.length, again.problems.length > 1], [true, 1, true]);
});
