/** Calls of kinds that nobody wants are not reported, and what is wanted changes while the programs run. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { kinds } from '@vedette/sensor/decode/layout';
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

const bit = (kind: keyof typeof kinds) => 1n << BigInt(kinds[kind]);

/** setsid is wanted all the time and made last: when it is there, so is all before it. */
test('only what is wanted is reported, and again other things when that changes', async () => {
  assert.equal((await loader.send({ do: 'setKinds', kinds: bit('symlink') | bit('setsid') })).status, 0);
  await makeCalls(loader.cgroup, place, ['mkdir', 'symlink', 'ptrace-refused', 'setsid']);
  const first = await loader.seen((counts) => (counts['setsid'] ?? 0) >= 1);
  assert.deepEqual(first, { symlink: 1, setsid: 1 });

  assert.equal((await loader.send({ do: 'setKinds', kinds: bit('ptrace') | bit('rmdir') | bit('setsid') })).status, 0);
  await makeCalls(loader.cgroup, place, ['symlink-refused', 'rmdir', 'mkdirat', 'rmdirat', 'unlinkat', 'ptrace-refused', 'setsid']);
  const second = await loader.seen((counts) => (counts['setsid'] ?? 0) >= 2);
  assert.deepEqual(second, { symlink: 1, setsid: 2, rmdir: 1, unlinkat: 1, ptrace: 1 }, 'of unlinkat only the one that removed a directory');
});
