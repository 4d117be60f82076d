import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { executionKey, lineage } from '@vedette/model/process';
import { execEvent, exitEvent, forkEvent } from '../testing/events.ts';
import { ProcessMemory, ProcessRecall, type TableChange } from './memory.ts';
import { ProcessTable } from './process-table.ts';

const init = { tgid: 1, startBootNs: 1, execId: 1 };

/** init → shell → (fork, exec) child. */
function family(table: ProcessTable) {
  table.exec(execEvent({ kind: 'process', ...init, tid: 1, path: '/sbin/init', parent: { tgid: 0, startBootNs: 0, execId: 0 } }));
  table.fork(forkEvent({ tgid: 10, startBootNs: 100, execId: 1, parent: init }));
  const shell = table.exec(execEvent({ tgid: 10, startBootNs: 100, execId: 2, path: '/bin/sh', parent: init }));
  const shellRef = { tgid: 10, startBootNs: 100, execId: 2 };
  table.fork(forkEvent({ tgid: 11, startBootNs: 200, execId: 2, parent: shellRef }));
  const child = table.exec(execEvent({ tgid: 11, startBootNs: 200, execId: 3, path: '/tmp/x', parent: shellRef }));
  return { shell, child };
}

test('a tree keeps ancestors that exited', () => {
  const table = new ProcessTable();
  const { child } = family(table);
  table.exit(exitEvent({ tgid: 10, startBootNs: 100, execId: 2, timeBootNs: 300, exitCode: 3 }));
  assert.deepEqual(lineage(child).map((one) => one.path), ['/sbin/init', '/bin/sh', '/tmp/x']);
  assert.equal(child.parent?.exitedBootNs, 300);
  assert.equal(child.parent?.exitCode, 3);
  assert.equal(table.size, 2);
  assert.equal(table.exit(exitEvent({ tgid: 10, startBootNs: 100 })), null, 'the second report of one exit is nothing new');
});

test('a fork runs its parent program until it executes its own', () => {
  const table = new ProcessTable();
  const { shell } = family(table);
  const fork = table.fork(forkEvent({ tgid: 12, startBootNs: 250, execId: 2, parent: { tgid: 10, startBootNs: 100, execId: 2 } }));
  assert.equal(fork.path, '/bin/sh');
  assert.equal(fork.parent, shell);
  assert.ok(fork.isFork);
});

test('a pid that is used again is another process, also when the exit was lost', () => {
  const table = new ProcessTable();
  family(table);
  const again = table.exec(execEvent({ tgid: 10, startBootNs: 9000, execId: 2, path: '/bin/other', parent: init }));
  assert.equal(table.current(10, 9000), again);
  assert.equal(table.find({ tgid: 10, startBootNs: 100, execId: 2 })?.exitedBootNs, 9000);
});

test('a late record of an earlier owner of a pid does not end the living one', () => {
  const table = new ProcessTable();
  const living = table.exec(execEvent({ tgid: 10, startBootNs: 9000, execId: 2, path: '/bin/living' }));
  const late = table.exec(execEvent({ tgid: 10, startBootNs: 100, execId: 2, path: '/bin/late' }));
  assert.equal(table.current(10, 9000), living);
  assert.equal(living.exitedBootNs, 0);
  assert.equal(late.exitedBootNs, 9000);
  assert.equal(table.find({ tgid: 10, startBootNs: 100, execId: 2 }), late, 'and is still found by its own records');
  assert.equal(table.formerOwner({ tgid: 10, startBootNs: 100, execId: 2 }), null);
});

test('what the snapshot does not have any more has ended', () => {
  const table = new ProcessTable();
  const { child } = family(table);
  const ended = table.endAllBut((one) => one === child, 500);
  assert.deepEqual(ended.map((one) => one.path).sort(), ['/bin/sh', '/sbin/init']);
  assert.equal(table.size, 1);
});

test('the table is bounded, and what it forgets is counted', () => {
  const table = new ProcessTable(3);
  for (let i = 0; i < 10; i++) table.exec(execEvent({ tgid: 100 + i, startBootNs: i + 1, execId: 2 }));
  assert.equal(table.size, 3);
  assert.equal(table.forgotten, 7);
});

test('a successor finds the living and their ancestors, and nothing of what came and went', () => {
  const table = new ProcessTable();
  const memory = new ProcessMemory();
  const { shell, child } = family(table);
  for (const one of table.living()) memory.started(one);
  for (let i = 0; i < 1000; i++) {
    const short = table.exec(execEvent({ tgid: 5000 + i, startBootNs: 5000 + i, execId: 2, parent: { tgid: 10, startBootNs: 100, execId: 2 } }));
    memory.started(short);
    table.exit(exitEvent({ tgid: 5000 + i, startBootNs: 5000 + i }));
    memory.ended(short);
  }
  table.exit(exitEvent({ tgid: 10, startBootNs: 100, timeBootNs: 700 }));
  memory.ended(shell);
  const changes = JSON.parse(JSON.stringify(memory.take())) as TableChange[];
  assert.equal(changes.filter((one) => one.of === 'started').length, 3, 'init, shell and child once each; the short-lived ones never');
  const recall = new ProcessRecall();
  for (const change of changes) recall.apply(change);
  const found = recall.byKey.get(executionKey(child));
  assert.ok(found);
  assert.deepEqual(lineage(found).map((one) => [one.path, one.exitedBootNs]), [['/sbin/init', 0], ['/bin/sh', 700], ['/tmp/x', 0]]);
});

test('any order of forks, executions and exits leaves a table without ghosts', () => {
  const act = fc.record({ what: fc.constantFrom('fork', 'exec', 'exit'), tgid: fc.integer({ min: 2, max: 8 }), start: fc.integer({ min: 1, max: 3 }), exec: fc.integer({ min: 1, max: 3 }), parent: fc.integer({ min: 1, max: 8 }) });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const table = new ProcessTable(5);
      for (const one of acts) {
        const subject = { tgid: one.tgid, startBootNs: one.start, execId: one.exec };
        const parent = { tgid: one.parent, startBootNs: one.start, execId: 1 };
        if (one.what === 'fork') table.fork(forkEvent({ ...subject, parent }));
        else if (one.what === 'exec') table.exec(execEvent({ ...subject, parent }));
        else table.exit(exitEvent(subject));
      }
      assert.ok(table.size <= 5);
      for (const execution of table.living()) {
        assert.equal(execution.exitedBootNs, 0);
        assert.ok(lineage(execution).length <= 32);
        assert.equal(table.current(execution.tgid, execution.startBootNs), execution);
      }
    }),
  );
});
