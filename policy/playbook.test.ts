import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fillFor, parsePlaybooks } from './playbook.ts';

const text = (more: { when?: string; trigger?: string; steps?: string; spec?: string } = {}): string => `apiVersion: vedette.dev/v1alpha1
kind: Playbook
metadata: {name: p}
spec:
  description: One.
${more.spec ?? ''}  trigger: {on: ${more.trigger ?? 'incident'}, when: '${more.when ?? 'incident.severity == "critical"'}'}
  steps:
${more.steps ?? '    - {name: a, kind: freeze}'}
`;

test('what is left out has a value: off, one target, ten an hour, no approval, five minutes, three more tries', () => {
  const { playbooks, problems } = parsePlaybooks('f', text());
  assert.deepEqual(problems, []);
  const { spec } = playbooks[0]!.playbook;
  assert.deepEqual([spec.mode, spec.blastRadius, spec.dryRun], ['off', { maxTargets: 1, perHour: 10 }, false]);
  assert.deepEqual(spec.steps[0], { name: 'a', kind: 'freeze', approval: null, timeout: 300, retry: { times: 3, backoff: 5 }, continueOnFailure: false, dryRun: false, with: {} });
});

test('times, approvals and numbers are read from text', () => {
  const { playbooks, problems } = parsePlaybooks('f', text({ spec: '  blastRadius: {maxTargets: 7, perHour: 2}\n', steps: '    - {name: a, kind: kill, timeout: 2m, retry: {times: 1, backoff: 10s}, continueOnFailure: true, approval: {by: admin, timeout: 1h, notStarter: false}, with: {what: container}}' }));
  assert.deepEqual(problems, []);
  const { steps, blastRadius } = playbooks[0]!.playbook.spec;
  assert.deepEqual([blastRadius, steps[0]?.approval, steps[0]?.timeout, steps[0]?.retry], [{ maxTargets: 7, perHour: 2 }, { by: 'admin', notStarter: false, timeout: 3600 }, 120, { times: 1, backoff: 10 }]);
});

for (const { name, given, expected } of [
  { name: 'a fact of another trigger', given: text({ when: 'violation.policy == "x"' }), expected: /violation/ },
  { name: 'a word that a fact never is', given: text({ when: 'incident.severity == "urgent"' }), expected: /urgent/ },
  { name: 'a condition that is no answer', given: text({ when: 'incident.title' }), expected: /not true or false/ },
  { name: 'two steps of one name', given: text({ steps: '    - {name: a, kind: freeze}\n    - {name: a, kind: kill}' }), expected: /two steps are called a/ },
  { name: 'a message with a fact that there is not', given: text({ steps: '    - {name: a, kind: slack, with: {integration: c, text: "{{ incident.colour }}"}}' }), expected: /no fact "incident.colour"/ },
  { name: 'a step without what it needs', given: text({ steps: '    - {name: a, kind: webhook}' }), expected: /with/ },
  { name: 'a key that is not known', given: text({ steps: '    - {name: a, kind: freeze, force: true}' }), expected: /the key "force" is not known here/ },
  { name: 'a time that is none', given: text({ steps: '    - {name: a, kind: freeze, timeout: soon}' }), expected: /must be a time such as 30s/ },
  { name: 'no limit at all', given: text({ spec: '  blastRadius: {maxTargets: 0}\n' }), expected: /from 1 to 1000/ },
  { name: 'a line break in a subject', given: text({ steps: '    - {name: a, kind: email, with: {integration: m, to: [a@b], subject: "x\\ny", text: t}}' }), expected: /must be one line/ },
  { name: 'no steps', given: text({ steps: '    []' }), expected: /steps/ },
]) {
  test(`refused, with its place: ${name}`, () => {
    const { playbooks, problems } = parsePlaybooks('f', given);
    assert.equal(playbooks.length, 0);
    assert.match(problems.map((one) => one.message).join('\n'), expected);
    assert.ok(problems.every((one) => one.line >= 1 && one.column >= 1 && one.advice !== ''));
  });
}

test('a fact that is not known is unknown in a condition and said in a message; names from outside stay on their line', () => {
  const [checked] = parsePlaybooks('f', text({ when: 'pod.name == "x"', steps: '    - {name: a, kind: slack, with: {integration: c, text: "{{ incident.title }} in {{ pod.name }}"}}' })).playbooks;
  assert.equal(checked?.condition.evaluate({}).value, 'unknown');
  assert.equal(fillFor(checked!.playbook, '{{ incident.title }} in {{ pod.name }}', { 'incident.title': 'a\r\nBcc: x' }), 'a\\u000d\\u000aBcc: x in (unknown)');
});

test('whatever the text: problems or a playbook, never a fault', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), fc.nat(400), (noise, position) => {
    const whole = text();
    const { problems } = parsePlaybooks('f', `${whole.slice(0, position)}${noise}${whole.slice(position)}`);
    assert.ok(problems.every((one) => one.message !== ''));
  }));
});
