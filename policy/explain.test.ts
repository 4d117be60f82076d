import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { explainVerdict, type VerdictToExplain } from './explain.ts';
import { unknownContainer, unknownExecution } from './facts.ts';
import { fillMessage, parseMessage } from './message.ts';

const verdict: VerdictToExplain = {
  policy: 'p', rule: 'r', generation: 4, mode: 'enforce', action: 'kill', applied: true, identityPending: false, message: null,
  facts: {
    execution: { origin: 'memory', path: '/memfd:x\n\u202e', uid: 0, arguments: [], parentPath: null },
    container: { id: 'c0ffeec0ffeec0ffee', name: 'web', image: 'nginx', digest: 'sha256:aa', namespace: '' },
  },
};

test('the summary says what was done', () => {
  const rows: readonly (readonly [over: Partial<VerdictToExplain>, summary: RegExp])[] = [
    [{}, /^\/memfd:x\\u000a\\u202e was killed before its first instruction in container web by the policy p\.$/],
    [{ applied: false }, /should have been killed, but the signal could not be sent, in container web/],
    [{ mode: 'shadow' }, /would have been killed before its first instruction/],
    [{ action: 'inform' }, /was reported in container web/],
  ];
  for (const [over, summary] of rows) ok(summary.test(explainVerdict({ ...verdict, ...over }).summary), explainVerdict({ ...verdict, ...over }).summary);
});

test('what is not known is called unknown', () => {
  const { summary, fact, evidence } = explainVerdict({ ...verdict, identityPending: true, facts: { execution: unknownExecution, container: { ...unknownContainer, id: 'c0ffeec0ffeec0ffee' } } });
  equal(summary, 'A program whose path is not known was killed before its first instruction in container c0ffeec0ffee by the policy p.');
  equal(fact, 'A program whose path is not known has an origin that is not known.');
  deepEqual(evidence.slice(1), ['origin unknown, judged by the kernel when the program was executed', 'image unknown', 'started by a program whose path is not known, user unknown', "decided before the container's identity was known"]);
});

test('messages are filled in, and their values cannot break out', () => {
  const parsed = parseMessage('{{execution.file.path}} by {{ execution.uid }} in {{ container.digest }}: { {{ execution.arguments }} }');
  ok(parsed.ok);
  equal(fillMessage(parsed.parts, { ...verdict.facts, execution: { ...verdict.facts.execution, arguments: ['{{ container.id }}', 'b'] } }), '/memfd:x\\u000a\\u202e by 0 in sha256:aa: { {{ container.id }} b }');
  equal(fillMessage(parsed.parts, { execution: { ...unknownExecution, path: 'x'.repeat(1000) }, container: unknownContainer }).length < 400, true);
});
