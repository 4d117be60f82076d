import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExposureTracker, type ExposureChange, type PackageLookup } from './exposure.ts';

const reader = { tgid: 7, startBootNs: 1, execId: 2 };
const index: PackageLookup = {
  owners: (path) => (path.startsWith('/srv/app/node_modules/lodash/') ? [2] : path === '/usr/lib/libc.so.6' ? [0] : path === '/usr/bin/npm' ? [0, 1] : []),
};

function bits(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte, at) => [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => at * 8 + bit));
}

function used(tracker: ExposureTracker, path: string, at = 10): void {
  tracker.used('web', path, 'opened', '/usr/bin/node', reader, at);
}

test('what was used before the inventory counts when it arrives', () => {
  const tracker = new ExposureTracker();
  tracker.watch('web', 5, true);
  used(tracker, '/srv/app/node_modules/lodash/lodash.js');
  assert.deepEqual(tracker.takeReports(20), [], 'without an inventory there are no bits');
  tracker.inventory('web', 'sha256:a', index, 10);
  used(tracker, '/usr/bin/npm', 30);
  const [report] = tracker.takeReports(40);
  assert.ok(report);
  assert.deepEqual(bits(report.loaded), [0, 1, 2]);
  assert.deepEqual(report.evidence.map((one) => [one.packageIndex, one.path, one.atBootNs]), [[2, '/srv/app/node_modules/lodash/lodash.js', 10], [0, '/usr/bin/npm', 30], [1, '/usr/bin/npm', 30]]);
  assert.deepEqual([report.seenFromStart, report.recordsLost, report.observedFromBootNs, report.observedUntilBootNs], [true, 0, 5, 40]);
});

test('the same bit is reported once, and silence is reported every few seconds', () => {
  const tracker = new ExposureTracker();
  tracker.watch('web', 0, true);
  tracker.inventory('web', 'sha256:a', index, 10);
  used(tracker, '/usr/lib/libc.so.6');
  assert.equal(tracker.takeReports(1e9)[0]?.evidence.length, 1);
  used(tracker, '/usr/lib/libc.so.6');
  assert.deepEqual(tracker.takeReports(2e9), []);
  assert.equal(tracker.takeReports(7e9)[0]?.evidence.length, 0);
});

test('lost records and a full memory are said', () => {
  const tracker = new ExposureTracker();
  tracker.watch('web', 0, true);
  tracker.recordsLost('web', 5);
  tracker.recordsLost('web', 7);
  for (let i = 0; i < 32_768 + 3; i++) used(tracker, `/f${i}`);
  tracker.inventory('web', 'sha256:a', index, 10);
  assert.equal(tracker.takeReports(1)[0]?.recordsLost, 10);
});

test('another package list starts anew and says that something is missing', () => {
  const tracker = new ExposureTracker();
  tracker.watch('web', 0, true);
  tracker.inventory('web', 'sha256:a', index, 10);
  used(tracker, '/usr/lib/libc.so.6');
  tracker.takeReports(1);
  tracker.inventory('web', 'sha256:b', index, 12);
  const [report] = tracker.takeReports(2);
  assert.deepEqual([bits(report!.loaded), report!.recordsLost, report!.revision], [[], 1, 'sha256:b']);
});

test('a successor goes on from the changes, whatever had arrived', () => {
  for (const inventoried of [false, true]) {
    const before = new ExposureTracker();
    before.watch('web', 5, true);
    used(before, '/usr/lib/libc.so.6');
    if (inventoried) before.inventory('web', 'sha256:a', index, 10);
    before.recordsLost('web', 2);
    const changes = JSON.parse(JSON.stringify(before.takeChanges())) as ExposureChange[];
    const whole = JSON.parse(JSON.stringify(before.wholeState())) as ExposureChange[];
    for (const some of [changes, whole]) {
      const after = new ExposureTracker();
      for (const change of some) after.restore(change);
      used(after, '/srv/app/node_modules/lodash/x.js');
      after.inventory('web', 'sha256:a', index, 10);
      const [report] = after.takeReports(50);
      assert.deepEqual([bits(report!.loaded), report!.recordsLost, report!.seenFromStart], [[0, 2], 2, true]);
    }
  }
});
