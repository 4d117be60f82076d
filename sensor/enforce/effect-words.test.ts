import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EffectAct, EffectState } from './effect-book.ts';
import { meaningOf } from './effect-words.ts';

const spared = JSON.stringify({ before: { processes: 2, spared: [{ pid: 7, why: 'it is a life line of the host' }] }, killed: [9], killedCount: 1 });

const table: [act: EffectAct, undo: boolean, errno: number, owned: boolean, state: EffectState, holds: boolean, detail: RegExp, evidence?: string][] = [
  ['kill', false, 0, false, 'applied', false, /killed 1 process; spared 1: it is a life line/, spared],
  ['kill', false, 1, false, 'refused', false, /process 7 must be spared/, spared],
  ['kill', false, 3, false, 'not-needed', false, /gone/],
  ['kill', false, 3, true, 'applied', false, /before the sensor was restarted/],
  ['kill', false, 110, false, 'failed', false, /left/],
  ['freeze', false, 0, false, 'applied', true, /frozen/],
  ['freeze', false, 114, false, 'not-needed', false, /somebody else/],
  ['freeze', false, 114, true, 'applied', true, /frozen/],
  ['freeze', false, 110, false, 'failed', true, /not everybody/],
  ['freeze', true, 0, false, 'applied', false, /goes on/],
  ['freeze', true, 114, false, 'not-needed', false, /not frozen/],
  ['isolate', false, 0, false, 'applied', true, /cut off/],
  ['isolate', false, 95, false, 'refused', false, /no cgroup there/, '{"why":"no cgroup there"}'],
  ['isolate', false, 19, false, 'failed', false, /loader is gone/],
  ['isolate', false, 5, false, 'failed', true, /read back/],
  ['isolate', false, 12, false, 'failed', false, /error 12/],
  ['isolate', true, 0, false, 'applied', false, /again/],
  ['isolate', false, 1, false, 'refused', false, /loader refuses/, 'no json at all'],
];

for (const [act, undo, errno, owned, state, holds, detail, evidence] of table) {
  test(`${act}${undo ? ', taken back' : ''}: ${errno}${owned ? ', ours' : ''} is ${state}`, () => {
    const meaning = meaningOf({ act, undo, dryRun: false }, { errno, evidence: evidence ?? '{}' }, owned);
    assert.equal(meaning.state, state);
    assert.equal(meaning.holds, holds);
    assert.match(meaning.detail, detail);
  });
}

test('a dry run holds nothing and says what would be', () => {
  const { state, holds, detail } = meaningOf({ act: 'isolate', undo: false, dryRun: true }, { errno: 0, evidence: '{}' }, false);
  assert.deepEqual([state, holds], ['applied', false]);
  assert.match(detail, /would/);
});
