/** Losses by whose they were: the kernel's counts go on, are forgotten and begin anew, and nothing is told twice or lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CgroupLossEvent } from '@vedette/model/event';
import { CgroupLosses } from './cgroup-losses.ts';

function loss(cgroup: number, lost: number, eventClass = 'open-write', cause = 'share'): CgroupLossEvent {
  return { kind: 'cgroup-loss', timeBootNs: 1, cgroup, lost, of: { eventClass, cause } };
}

const flooder = { path: '/c/flooder', container: { id: 'flooder' } };

test('counts of one cgroup are its last, those of two cgroups of a container add up', () => {
  const losses = new CgroupLosses();
  assert.deepEqual(losses.told(loss(5, 10), flooder), ['flooder', 10]);
  assert.deepEqual(losses.told(loss(5, 12), flooder), ['flooder', 12]);
  assert.deepEqual(losses.told(loss(6, 3), flooder), ['flooder', 15]);
  assert.deepEqual(losses.told(loss(7, 2, 'connect'), { path: '/system.slice/x', container: null }), ['', 0]);
  assert.deepEqual(losses.largest(10), [
    { containerId: 'flooder', cgroupPath: '/c/flooder', eventClass: 'open-write', cause: 'share', count: 15 },
    { containerId: '', cgroupPath: '/system.slice/x', eventClass: 'connect', cause: 'share', count: 2 },
  ]);
});

test('what the kernel forgot or a new ring began anew is kept', () => {
  const losses = new CgroupLosses();
  losses.told(loss(5, 10), flooder);
  assert.deepEqual(losses.told(loss(5, 4), flooder), ['flooder', 14]);
  losses.newRing();
  assert.deepEqual(losses.told(loss(5, 1), flooder), ['flooder', 15]);
  assert.equal(losses.largest(10)[0]?.count, 15);
});

test('the name that a cgroup had first stays, and the rest is one row a class and cause', () => {
  const losses = new CgroupLosses();
  losses.told(loss(5, 10), flooder);
  losses.told(loss(5, 11), null);
  losses.told(loss(6, 5), { path: '/a', container: null });
  losses.told(loss(7, 4), { path: '/b', container: null });
  losses.told(loss(8, 8, 'connect'), flooder);
  assert.deepEqual(losses.largest(2).map((one) => [one.containerId, one.cgroupPath, one.eventClass, one.count]), [['flooder', '/c/flooder', 'open-write', 11], ['flooder', '/c/flooder', 'connect', 8], ['', '…', 'open-write', 9]]);
});

test('records of schema 1 are of all classes at once', () => {
  const losses = new CgroupLosses();
  losses.told({ kind: 'cgroup-loss', timeBootNs: 1, cgroup: 5, lost: 3, of: null }, flooder);
  assert.deepEqual(losses.largest(5).map((one) => [one.eventClass, one.cause, one.count]), [['all', 'unknown', 3]]);
});
