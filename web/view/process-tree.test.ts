import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ExecutionView } from '@vedette/model/api/views';
import { processForest, timeAxis, treeLines, type Chain } from './process-tree.ts';

function execution(key: string, more: Partial<ExecutionView> = {}): ExecutionView {
  return {
    key, parentKey: null, pid: 1, path: `/bin/${key}`, filename: null, arguments: [key], argumentsTruncated: false, uid: 0, command: key, containerId: null,
    hasTerminal: false, origin: 'image', startedAt: '2026-11-23T06:14:00.000Z', endedAt: null, startedBeforeSensor: false, workingDirectory: null, ...more,
  };
}

function at(milliseconds: number): string {
  return new Date(Date.parse('2026-11-23T06:14:00.000Z') + milliseconds).toISOString();
}

const root = execution('init', { startedAt: at(-86_400_000) });
const java = execution('java', { startedAt: at(0) });
function attempt(n: number): Chain {
  const shell = execution(`sh${n}`, { path: '/bin/sh', startedAt: at(100 * n) });
  const curl = execution(`curl${n}`, { path: '/usr/bin/curl', startedAt: at(100 * n + 4) });
  return { eventId: `e${n}`, outcome: 'killed', tree: [root, java, shell, curl] };
}

test('one chain is one line a process, deeper and later each', () => {
  const lines = treeLines([attempt(1)]);
  assert.deepEqual(lines.map((line) => [line.execution.key, line.depth, line.parent, line.gapMs]), [['init', 0, null, null], ['java', 1, 0, 86_400_000], ['sh1', 2, 1, 100], ['curl1', 3, 2, 4]]);
  assert.deepEqual(lines.map((line) => line.offence?.outcome ?? null), [null, null, null, 'killed']);
  assert.deepEqual([lines[0]!.x, lines[3]!.x], [0, 1]);
});

test('alike siblings fold into the newest with their count, and open again', () => {
  const chains = [attempt(1), attempt(2), attempt(3)];
  const folded = treeLines(chains);
  assert.deepEqual(folded.map((line) => line.execution.key), ['init', 'java', 'sh3', 'curl3']);
  assert.equal(folded[2]!.fold?.count, 3);
  const open = treeLines(chains, new Set([folded[2]!.fold!.id]));
  assert.equal(open.length, 8);
  assert.deepEqual(open.filter((line) => line.fold !== null).map((line) => [line.execution.key, line.fold!.open]), [['sh1', true]]);
});

test('siblings with another outcome stay apart', () => {
  const survivor: Chain = { ...attempt(2), outcome: 'kill-failed' };
  assert.deepEqual(treeLines([attempt(1), survivor]).map((line) => line.execution.key), ['init', 'java', 'sh1', 'curl1', 'sh2', 'curl2']);
});

test('an execution that offended twice keeps the worse outcome', () => {
  const [first] = [attempt(1)];
  const lines = treeLines([{ ...first, outcome: 'seen', eventId: 'a' }, { ...first, outcome: 'kill-failed', eventId: 'b' }, { ...first, outcome: 'killed', eventId: 'c' }]);
  assert.deepEqual(lines.at(-1)!.offence, { outcome: 'kill-failed', eventIds: ['a', 'b', 'c'] });
});

const chains = fc.array(fc.array(fc.nat(7), { minLength: 1, maxLength: 6 }), { maxLength: 8 }).map((lists) =>
  lists.map((list, index): Chain => ({ eventId: `e${index}`, outcome: 'seen', tree: list.map((n) => execution(`p${n}`, { startedAt: at(n * 1000) })) })));

test('contradicting chains end, and parents stand above their children', () => {
  fc.assert(fc.property(chains, (list) => {
    const lines = treeLines(list);
    for (const [index, line] of lines.entries()) {
      assert.ok(line.x >= 0 && line.x <= 1);
      if (line.parent === null) assert.equal(line.depth, 0);
      else assert.ok(line.parent < index && lines[line.parent]!.depth === line.depth - 1);
    }
  }));
});

test('the time axis keeps the order of time', () => {
  fc.assert(fc.property(fc.array(fc.nat(1_000_000_000), { minLength: 1 }), (times) => {
    const axis = timeAxis(times);
    const sorted = [...axis].sort(([a], [b]) => a - b).map(([, place]) => place);
    for (let n = 1; n < sorted.length; n += 1) assert.ok(sorted[n]! > sorted[n - 1]!);
  }));
});

test('a forest shows every live process once, even in a loop', () => {
  const list = [execution('a', { pid: 2 }), execution('b', { parentKey: 'a', pid: 3 }), execution('c', { parentKey: 'gone', pid: 1 }), execution('d', { parentKey: 'e', pid: 9 }), execution('e', { parentKey: 'd', pid: 8 })];
  assert.deepEqual(processForest(list).map((line) => [line.execution.key, line.depth]), [['c', 0], ['a', 0], ['b', 1], ['e', 0], ['d', 1]]);
});
