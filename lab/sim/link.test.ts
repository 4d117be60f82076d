/**
 * The simulated link: a thousand fleets, each on its own seed. `SEED=n` runs one, `SEEDS=n` runs more. A failure names
 * its seed, which is the whole bug report. The mutations prove that the simulation can fail.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunResult } from './fleet.ts';
import { runFleet } from './fleet.ts';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutation.ts';

const only = process.env['SEED'];
const seeds = only === undefined ? range(1, Number(process.env['SEEDS'] ?? 1000)) : [Number(only)];
/** Each mutation is caught by one of so many seeds; the rarest showed itself in about one of thirty. */
const mutationSeeds = range(1, 200);

test(`${seeds.length} fleets: nothing doubled, nothing lost that was not counted, all come to rest`, (t) => {
  const sum: Record<string, number> = {};
  for (const seed of seeds) {
    for (const [what, count] of Object.entries(run(seed))) sum[what] = (sum[what] ?? 0) + Number(count);
  }
  t.diagnostic(JSON.stringify(sum));
  // A simulation in which nothing happens proves nothing.
  if (only === undefined) for (const what of ['dropped', 'lost', 'conflicts']) assert.ok((sum[what] ?? 0) > 0, `nothing was ${what}`);
});

test('a seed repeats exactly', () => {
  assert.deepEqual(runFleet(7), runFleet(7));
});

for (const mutation of mutations) {
  test(`the simulation catches: ${mutation}`, { skip: only !== undefined }, () => {
    assert.ok(mutationSeeds.some((seed) => isCaught(seed, mutation)), `no seed up to ${mutationSeeds.length} caught it`);
  });
}

function run(seed: number): RunResult {
  try {
    return runFleet(seed);
  } catch (error) {
    throw new Error(`SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function isCaught(seed: number, mutation: Mutation): boolean {
  try {
    runFleet(seed, mutation);
    return false;
  } catch {
    return true;
  }
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
