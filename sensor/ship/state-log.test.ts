import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { StateLog, type StateLogEntry } from './state-log.ts';

const made: string[] = [];
after(() => made.forEach((one) => rmSync(one, { recursive: true, force: true })));

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'vedette-state-log-'));
  made.push(path);
  return path;
}

function entry(commit: number, changes: unknown[] = []): StateLogEntry {
  return { commit, ringEpoch: 5, ringPosition: commit * 64, bootId: 'boot', changes };
}

test('what was appended is found again, in order', () => {
  const place = directory();
  const { log } = StateLog.open(place);
  for (let i = 1; i <= 20; i++) log.append(entry(i, [{ text: 'ä\n"x"', i }]));
  log.close();
  const { log: again, recovered } = StateLog.open(place);
  assert.deepEqual(recovered.entries.map((one) => one.commit), Array.from({ length: 20 }, (_, i) => i + 1));
  assert.equal(recovered.cutBytes, 0);
  again.close();
});

test('a line that was torn anywhere is cut, and the log goes on', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), (cut) => {
      const place = directory();
      const { log } = StateLog.open(place);
      log.append(entry(1, ['first']));
      const whole = statSync(join(place, 'state.log')).size;
      log.append(entry(2, ['x'.repeat(300)]));
      log.close();
      const size = statSync(join(place, 'state.log')).size;
      truncateSync(join(place, 'state.log'), Math.max(whole, size - cut));
      const { log: again, recovered } = StateLog.open(place);
      assert.deepEqual(recovered.entries.map((one) => one.commit), [1]);
      again.append(entry(3));
      again.close();
      assert.deepEqual(StateLog.open(place).recovered.entries.map((one) => one.commit), [1, 3]);
    }),
    { numRuns: 40 },
  );
});

test('a damaged line ends the log there, and garbage is no log', () => {
  const place = directory();
  const { log } = StateLog.open(place);
  for (let i = 1; i <= 3; i++) log.append(entry(i));
  log.close();
  const path = join(place, 'state.log');
  const bytes = readFileSync(path);
  const second = bytes.indexOf(0x0a) + 30;
  bytes[second] = bytes[second]! ^ 1;
  writeFileSync(path, bytes);
  assert.deepEqual(StateLog.open(place).recovered.entries.map((one) => one.commit), [1]);
  const other = directory();
  writeFileSync(join(other, 'state.log'), 'not a log at all\n');
  assert.deepEqual(StateLog.open(other).recovered.entries, []);
});

test('rewriting replaces everything by the whole state', () => {
  const place = directory();
  const { log } = StateLog.open(place);
  for (let i = 1; i <= 10; i++) log.append(entry(i, ['y'.repeat(1000)]));
  log.rewrite(entry(10, ['all']));
  log.append(entry(11));
  log.close();
  const { recovered } = StateLog.open(place);
  assert.deepEqual(recovered.entries.map((one) => one.commit), [10, 11]);
  appendFileSync(join(place, 'state.log'), 'x');
  assert.equal(StateLog.open(place).recovered.cutBytes, 1);
});
