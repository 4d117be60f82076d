import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicies } from './parse.ts';

const good = `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata:
  name: no-new-files
  labels: { tier: 1 }
spec:
  description: Nothing new may run.
  severity: high
  attack: [T1105]
  scope:
    containers:
      names: ["web-*"]
  rules:
    - name: dropped
      on: execution
      when: execution.file.origin == "dropped"
      actions: { run: kill }
  message: "{{ execution.file.path }} is new"
`;

const lines = (text: string) => parsePolicies('p.yaml', text).problems.map((one) => `${one.line}:${one.column} ${one.policy ?? '-'} ${one.message} ${one.advice}`);

test('a policy is read, with what it leaves out filled in', () => {
  const { policies, problems } = parsePolicies('p.yaml', good);
  deepEqual(problems, []);
  const [one] = policies;
  ok(one !== undefined);
  deepEqual([one.policy.spec.mode, one.policy.spec.whenPending, one.policy.metadata.labels], ['shadow', 'allow', { tier: '1' }]);
  deepEqual(one.rules.map((rule) => rule.kernel.kind), ['kernel']);
});

const faults: readonly (readonly [change: (text: string) => string, line: RegExp])[] = [
  [(text) => text.replace('severity: high', 'severity: huge'), /^8:3 no-new-files spec\.severity: /],
  [(text) => text.replace('  severity: high\n', ''), /^6:1 no-new-files spec\.severity: /],
  [(text) => text.replace('severity: high', 'severity: high\n  urgency: 1'), /^9:3 no-new-files the key "urgency" is not known here Remove it/],
  [(text) => text.replace('name: no-new-files', 'name: No New Files'), /^4:3 No New Files metadata\.name: must be a DNS label/],
  [(text) => text.replace('T1105', 'X1'), /^9:12 no-new-files spec\.attack\.0: must be an ATT&CK technique/],
  [(text) => text.replace('kind: Policy', 'kind: Rule'), /^2:1 no-new-files kind: /],
  [(text) => text.replace('"dropped"', '"droped"'), /^16:38 no-new-files "droped" is not an origin The origins are host, image/],
  [(text) => text.replace('when: execution', 'when: >-\n        container.name == "x" ||\n        execution').replace('"dropped"', '"droped"'), /^18:34 no-new-files "droped" is not an origin/],
  [(text) => text.replace('execution.file.origin == "dropped"', 'execution.uid == 0'), /^17:18 no-new-files the rule dropped asks for kill, .*no atom for execution\.uid Use inform/],
  [(text) => text.replace('"dropped"', '"unjudged"'), /^17:18 .*what cannot be judged is not killed/],
  [(text) => text.replace('{{ execution.file.path }}', '{{ execution.file.hash }}'), /^18:13 no-new-files there is no fact "execution\.file\.hash" The facts are/],
  [(text) => text.replace('{{ execution.file.path }}', '{{ execution'), /a \{\{ is not closed/],
  [(text) => text.replace('  message', '    - { name: dropped, on: execution, when: "false", actions: { run: inform } }\n  message'), /^18:9 no-new-files two rules are called dropped/],
  [(text) => text.replace('kind: Policy', 'kind: Policy\nkind: Policy'), /^2:1 no-new-files the key kind is given twice Keep one/],
  [() => 'just text', /^1:1 - the document: /],
  [() => 'a: [', /^\d+:\d+ - this is not YAML/],
];

test('faults are told with line, column and what to do; the other documents are read', () => {
  const other = good.replace('no-new-files', 'other');
  for (const [change, line] of faults) {
    const broken = change(good);
    ok(lines(broken).some((one) => line.test(one)), `${broken}\n→ ${lines(broken).join('\n')}`);
    equal(parsePolicies('p.yaml', broken).policies.length, 0);
    if (!broken.startsWith('a: [')) equal(parsePolicies('p.yaml', `${broken}\n---\n${other}`).policies.length, 1);
  }
});

test('several documents; no name twice', () => {
  equal(parsePolicies('p.yaml', `${good}---\n${good.replace('no-new-files', 'second')}---\n`).policies.length, 2);
  ok(lines(`${good}---\n${good}`).some((one) => one.startsWith('23:3 no-new-files two policies of this file are called no-new-files')));
  deepEqual(parsePolicies('p.yaml', ''), { policies: [], problems: [] });
});
