/** Calls of kinds that nobody wants are not reported, and what is wanted changes while the programs run. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { kinds } from '@vedette/sensor/decode/layout';
import type { EventClass } from '@vedette/rules/events';
import { whole } from '@vedette/rules/interest';
import { interestTable, tablePieces } from '@vedette/sensor/interest-table';
import { makeCalls } from './calls.ts';
import { LoaderBench } from './loader-bench.ts';

let loader: LoaderBench;
let place: string;

before(async () => {
  loader = await LoaderBench.start(['--user', '65534:65534', '--dead-man', '60']);
  place = join(loader.place, 'calls-place');
  mkdirSync(place);
});
after(async () => await loader.stop());

let generation = 0;

/** These classes whole, and no others. */
async function want(...classes: readonly (EventClass & keyof typeof kinds)[]): Promise<void> {
  const bits = classes.reduce((all, one) => all | 1n << BigInt(kinds[one]), 0n);
  const { bytes } = interestTable(classes.map((eventClass) => ({ by: 'test', eventClass, any: [whole], repeat: 'each' })), bits, (generation += 1));
  let last = 0;
  for (const piece of tablePieces(bytes)) last = loader.post({ do: 'setInterests', ...piece });
  assert.equal((await loader.replyTo(last)).status, 0);
}

/** setsid is wanted all the time and made last: when it is there, so is all before it. */
test('only what is wanted is reported, and again other things when that changes', async () => {
  await want('symlink', 'setsid');
  await makeCalls(loader.cgroup, place, ['mkdir', 'symlink', 'ptrace-refused', 'setsid']);
  const first = await loader.seen((counts) => (counts['setsid'] ?? 0) >= 1);
  assert.deepEqual(first, { symlink: 1, setsid: 1 });

  await want('ptrace', 'rmdir', 'setsid');
  await makeCalls(loader.cgroup, place, ['symlink-refused', 'rmdir', 'mkdirat', 'rmdirat', 'unlinkat', 'ptrace-refused', 'setsid']);
  const second = await loader.seen((counts) => (counts['setsid'] ?? 0) >= 2);
  assert.deepEqual(second, { symlink: 1, setsid: 2, rmdir: 1, unlinkat: 1, ptrace: 1 }, 'of unlinkat only the one that removed a directory');
});
