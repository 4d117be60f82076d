import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { policyModes, type Policy, type PolicyMode, type RunAction } from '@vedette/model/policy';
import { checkPolicy } from './check.ts';
import { compileRunPolicies, type PolicyInForce } from './compile.ts';
import { unknownContainer, unknownExecution, type ContainerFacts } from './facts.ts';
import { kernelOrigins } from './kernel-form.ts';

interface Written {
  readonly mode?: PolicyMode;
  readonly rules: readonly (readonly [name: string, when: string, action?: RunAction])[];
  readonly containers?: Policy['spec']['scope']['containers'];
  readonly whenPending?: 'allow' | 'kill';
}

function policy(name: string, { mode = 'enforce', rules, containers, whenPending = 'allow' }: Written): PolicyInForce {
  const object: Policy = {
    apiVersion: 'vedette.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name },
    spec: {
      description: '',
      severity: 'high',
      mode: 'shadow',
      scope: containers === undefined ? {} : { containers },
      whenPending,
      rules: rules.map(([rule, when, run = 'kill']) => ({ name: rule, on: 'execution', when, actions: { run } })),
    },
  };
  const { checked, faults } = checkPolicy(object);
  deepEqual(faults, []);
  ok(checked !== null);
  return { policy: checked, mode };
}

const dropped = ['dropped', 'execution.file.origin == "dropped"'] as const;
const memory = ['memory', 'execution.file.origin == "memory"'] as const;
const web: ContainerFacts = { id: 'c1', name: 'web', image: 'nginx', digest: null, namespace: '' };

/** `kill|shadow|who decides each|undecided` on one line. */
function decided(policies: readonly PolicyInForce[], container: ContainerFacts): string {
  const { kill, shadow, byOrigin, undecided } = compileRunPolicies(policies, 1).decide(container);
  const by = Object.entries(byOrigin).map(([origin, rule]) => `${origin}=${rule.policy}/${rule.rule}`).sort();
  return [kill.join(), shadow.join(), by.join(), undecided.map((one) => `${one.policy}:${one.whenPending}`).join()].join('|');
}

const named = { names: ['web'] };
const rows: readonly (readonly [what: string, policies: readonly PolicyInForce[], container: ContainerFacts, decided: string])[] = [
  ['none', [], web, '|||'],
  ['one', [policy('a', { rules: [dropped, memory] })], web, 'dropped,memory||dropped=a/dropped,memory=a/memory|'],
  ['off', [policy('a', { mode: 'off', rules: [dropped] })], web, '|||'],
  ['shadow', [policy('a', { mode: 'shadow', rules: [dropped] })], web, '|dropped|dropped=a/dropped|'],
  ['enforce beats shadow', [policy('a', { mode: 'shadow', rules: [dropped, memory] }), policy('b', { rules: [dropped] })], web, 'dropped|memory|dropped=b/dropped,memory=a/memory|'],
  ['first name wins', [policy('b', { rules: [dropped] }), policy('a', { rules: [['x', dropped[1]], dropped] })], web, 'dropped||dropped=a/x|'],
  ['inform is not for the kernel', [policy('a', { rules: [['i', dropped[1], 'inform']] })], web, '|||'],
  ['out of scope', [policy('a', { containers: { names: ['db'] }, rules: [dropped] })], web, '|||'],
  ['in scope', [policy('a', { containers: named, rules: [dropped] })], web, 'dropped||dropped=a/dropped|'],
  ['pending scope, allow', [policy('a', { containers: named, rules: [dropped] })], unknownContainer, '|||a:allow'],
  ['pending scope, kill', [policy('a', { containers: named, whenPending: 'kill', rules: [dropped] })], unknownContainer, 'dropped||dropped=a/dropped|a:kill'],
  ['pending scope, kill in shadow', [policy('a', { mode: 'shadow', containers: named, whenPending: 'kill', rules: [dropped] })], unknownContainer, '|dropped|dropped=a/dropped|a:kill'],
  ['no scope needs no identity', [policy('a', { rules: [dropped] })], unknownContainer, 'dropped||dropped=a/dropped|'],
  ['pending condition, allow', [policy('a', { rules: [['c', 'execution.file.origin == "dropped" && container.name == "web"']] })], unknownContainer, '|||a:allow'],
  ['pending condition, kill', [policy('a', { whenPending: 'kill', rules: [['c', 'execution.file.origin == "dropped" && container.name == "web"']] })], unknownContainer, 'dropped||dropped=a/c|a:kill'],
  ['known condition', [policy('a', { rules: [['c', 'execution.file.origin == "dropped" && container.name != "web"']] })], web, '|||'],
];

test('what the kernel is told', () => {
  for (const [what, policies, container, expected] of rows) equal(decided(policies, container), expected, what);
});

test('judging in user space: certain before uncertain, enforced before shadowed, kill before inform', () => {
  const policies = compileRunPolicies([
    policy('a', { mode: 'shadow', rules: [['i', 'execution.uid == 0', 'inform'], dropped] }),
    policy('b', { rules: [['path', 'execution.file.path.startsWith("/tmp")', 'inform'], dropped] }),
    policy('c', { containers: named, rules: [dropped] }),
    policy('d', { mode: 'off', rules: [dropped] }),
  ], 5);
  const judged = (container: ContainerFacts, over = {}) => policies.judge({ execution: { ...unknownExecution, origin: 'dropped', uid: 0, ...over }, container }).map((one) => `${one.rule.policy}/${one.rule.rule} ${one.answer}${one.missing === null ? '' : `: ${one.missing}`}`);
  deepEqual(judged(web, { path: '/tmp/x' }), ['b/dropped holds', 'c/dropped holds', 'b/path holds', 'a/dropped holds', 'a/i holds']);
  deepEqual(judged(unknownContainer), ['b/dropped holds', 'a/dropped holds', 'a/i holds', 'c/dropped unknown: whether the container is in the scope of the policy', 'b/path unknown: execution.file.path']);
  deepEqual(judged(web, { origin: 'host' }), []);
  deepEqual(judged(web, { origin: 'unjudged' }), []);
});

test('rules keep their numbers, and a freed number is not given away at once', () => {
  const first = compileRunPolicies([policy('b', { rules: [dropped, memory] }), policy('a', { rules: [dropped] })], 1);
  const numbers = (set: typeof first) => Object.fromEntries(set.rules.map((one) => [`${one.policy}/${one.rule}`, one.number]));
  deepEqual(numbers(first), { 'a/dropped': 1, 'b/dropped': 2, 'b/memory': 3 });
  const second = compileRunPolicies([policy('0', { rules: [dropped] }), policy('b', { mode: 'shadow', rules: [memory] })], 2, first);
  deepEqual(numbers(second), { '0/dropped': 4, 'b/memory': 3 });
  deepEqual([second.ruleByNumber(3)?.mode, second.ruleByNumber(3)?.action, second.ruleByNumber(2), second.generation], ['shadow', 'kill', null, 2]);
  const third = compileRunPolicies([policy('z', { rules: [dropped] })], 3, second);
  deepEqual(numbers(third), { 'z/dropped': 1 });
});

const when = fc.constantFrom(dropped[1], memory[1], 'execution.file.origin != "image"', 'container.name == "web" && execution.file.origin in ["volume", "modified"]', '!(container.image == "nginx") && execution.file.origin == "dropped"');
const written = fc.record({
  mode: fc.constantFrom(...policyModes),
  rules: fc.array(fc.tuple(when, fc.constantFrom('kill' as const, 'inform' as const)), { minLength: 1, maxLength: 3 }).map((rules) => rules.map(([text, action], index) => [`r${index}`, text, action] as const)),
  containers: fc.constantFrom(undefined, named, { excludeImages: ['nginx'] }, { namespaces: ['shop'] }),
  whenPending: fc.constantFrom('allow' as const, 'kill' as const),
});
const text = fc.option(fc.constantFrom('web', 'db', 'nginx', 'shop', ''));
const anyContainer = fc.record({ id: fc.constant('c1'), name: text, image: text, digest: text, namespace: text });

test('the kernel kills what user space judges, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(written, { maxLength: 4 }), anyContainer, (policies, container) => {
      const set = compileRunPolicies(policies.map((one, index) => policy(`p${index}`, one)), 1);
      const decision = set.decide(container);
      const severe = new Set(policies.flatMap((one, index) => (one.whenPending === 'kill' ? [`p${index}`] : [])));
      for (const origin of kernelOrigins) {
        const judged = set.judge({ execution: { ...unknownExecution, origin }, container });
        const wants = (mode: string) => judged.some((one) => one.rule.mode === mode && one.rule.action === 'kill' && (one.answer === 'holds' || severe.has(one.rule.policy)));
        equal(decision.kill.includes(origin), wants('enforce'), origin);
        equal(decision.shadow.includes(origin), wants('shadow') && !wants('enforce'), origin);
        equal(decision.byOrigin[origin] !== undefined, wants('enforce') || wants('shadow'), origin);
      }
    }),
    { numRuns: 200 },
  );
});
