import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExceptionState } from '@vedette/model/api/checks';
import { exceptionOrder, exceptionParts, exceptionWords, factLine, modeSentenceFor, newExceptionText, verdictWords } from './stage-words.ts';

test('a verdict in a word', () => {
  const rows: readonly [Parameters<typeof verdictWords>[0], string, string][] = [
    [{ answer: 'kept', effect: 'none', effectIfEnforced: 'none', mode: 'enforce' }, 'Passes', 'good'],
    [{ answer: 'accepted', effect: 'none', effectIfEnforced: 'none', mode: 'shadow' }, 'Accepted by an exception', 'good'],
    [{ answer: 'broken', effect: 'stop', effectIfEnforced: 'stop', mode: 'enforce' }, 'Stops', 'bad'],
    [{ answer: 'unknown', effect: 'stop', effectIfEnforced: 'stop', mode: 'enforce' }, 'Stops, since it is not known', 'unknown'],
    [{ answer: 'broken', effect: 'none', effectIfEnforced: 'stop', mode: 'shadow' }, 'Would stop', 'quiet'],
    [{ answer: 'broken', effect: 'none', effectIfEnforced: 'warn', mode: 'off' }, 'Would warn', 'quiet'],
    [{ answer: 'broken', effect: 'inform', effectIfEnforced: 'inform', mode: 'enforce' }, 'Recorded', 'quiet'],
  ];
  for (const [verdict, word, look] of rows) assert.deepEqual(verdictWords(verdict), { word, look });
});

test('what a mode means depends on where the policy speaks', () => {
  assert.equal(modeSentenceFor('enforce', ['build', 'deploy']), 'Pipelines fail where it is broken, workloads are refused at admission.');
  assert.equal(modeSentenceFor('enforce', ['run']), 'Sensors act: an execution that a kill rule matches is killed before it runs.');
  assert.match(modeSentenceFor('shadow', ['build', 'run']), /Nothing is stopped/);
  assert.equal(modeSentenceFor('off', ['run']), 'Sensors do not decide anything by this policy.');
});

test('exceptions are summed up by what is to be done', () => {
  assert.deepEqual(exceptionParts([]), ['No exception counts']);
  assert.deepEqual(exceptionParts(['active', 'expiring', 'expired', 'unapproved', 'ended']), ['2 exceptions count', '1 expires within 14 days', '1 has expired', '1 waits for approval']);
  assert.deepEqual([...exceptionOrder].sort(), (Object.keys(exceptionWords) as ExceptionState[]).sort());
  assert.match(newExceptionText('p', '2026-12-31'), /policies: \[p\][\s\S]*expiresAt: 2026-12-31/);
});

test('facts as lines', () => {
  assert.deepEqual([{ value: ['a', 'b'] }, { value: [] }, { value: { k: 'v' } }, { value: {} }, { value: false }, { absent: true } as const, { unknown: 'why' }, { unknown: '' }].map((one) => Object.values(factLine(one)).join(' ')), [
    'a, b known', 'none absent', 'k=v known', 'none absent', 'false known', 'none absent', 'why unknown', 'not known unknown',
  ]);
});
