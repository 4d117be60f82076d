/** What does not fit into the ring is counted, never silently missing; what an interest names gets in. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KernelEvent } from '@vedette/model/event';
import { act, actsProgram } from './acts.ts';
import { TestCgroup } from './cgroup.ts';
import { Recording } from './recording.ts';

function lost(events: readonly KernelEvent[], eventClass: string): number {
  const tick = events.findLast((one) => one.kind === 'tick');
  return tick?.losses.filter((one) => one.eventClass === eventClass).reduce((sum, one) => sum + one.count, 0) ?? 0;
}

test('a flood of opens into a ring that is too small: arrived and lost add up, and executions still arrive', async () => {
  const cgroup = new TestCgroup();
  const place = mkdtempSync(join(tmpdir(), 'vedette-loss-'));
  const recording = await Recording.start(cgroup, ['--ring-bytes', '65536']);
  try {
    const path = join(place, 'flood');
    const storms = [1, 2].map(async () => await act(cgroup, ['open-many', path, '60000', 'creat']));
    await act(cgroup, ['execs', actsProgram(), '200', '0']);
    await Promise.all(storms);
    const events = await recording.settle();
    // each of the three programs also opens the cgroup.procs of every further hierarchy once it is in scope
    const others = 3 * (cgroup.procs.length - 1);
    const arrived = events.filter((one) => one.kind === 'open-write').length;
    const missing = lost(events, 'open-write');
    assert.equal(arrived + missing, 120_000 + others);
    assert.ok(missing > 0, 'nothing was lost: the flood was too small to prove anything');
    const executed = events.filter((one) => one.kind === 'exec' && one.arguments[2] === 'exit').length;
    assert.equal(executed + lost(events, 'exec'), 200);
    assert.equal(executed, 200, 'executions use the reserve that floods may not');
    const byCause = new Map(events.flatMap((one) => (one.kind === 'cgroup-loss' && one.of?.eventClass === 'open-write' ? [[`${one.cgroup} ${one.of.cause}`, one.lost] as const] : [])));
    assert.equal([...byCause.values()].reduce((sum, one) => sum + one, 0), missing, 'the loss is known by cgroup, class and cause');
    assert.equal(new Set([...byCause.keys()].map((key) => key.split(' ')[0])).size, 1, 'and nobody else lost anything');
  } finally {
    await recording.stop();
    cgroup.remove();
    rmSync(place, { recursive: true, force: true });
  }
});
