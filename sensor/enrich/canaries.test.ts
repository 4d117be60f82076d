/** Whose acts are a canary's, when a round is over, and what is said of what did not come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CanaryEvent, CgroupEvent, ForkEvent, Subject } from '@vedette/model/event';
import { Canaries } from './canaries.ts';

const second = 1e9;

function told(phase: 'begins' | 'ended', more: Partial<CanaryEvent> = {}): CanaryEvent {
  return { kind: 'canary', timeBootNs: 2 * second, round: 7, phase, tgid: 100, cgroupV1: 55, cgroupV2: -66, problem: 0, done: phase === 'ended' ? ['exec', 'fork', 'open-write'] : [], impossible: [], ...more };
}

function by(tgid: number, cgroupV1: number, cgroupV2 = 0): Subject {
  return { timeBootNs: 2 * second, tgid, tid: tgid, startBootNs: 1, execId: 1, uid: 0, cgroupV1, cgroupV2 };
}

function begun(): Canaries {
  const canaries = new Canaries();
  canaries.asked(7, 60_000, second);
  canaries.told(told('begins'));
  return canaries;
}

test('only who has both the id and the cgroup is the canary', () => {
  const canaries = begun();
  const table: readonly (readonly [subject: Subject, is: boolean])[] = [
    [by(100, 55), true], [by(100, 0, -66), true], [by(101, 55), false], [by(100, 56), false], [by(100, 0, 0), false],
  ];
  for (const [subject, is] of table) assert.equal(canaries.isOf(subject, 'exec'), is, JSON.stringify(subject));
});

test('its child is its own too, and that of somebody else is not', () => {
  const canaries = begun();
  const fork = (tgid: number, parent: number, cgroup: number): ForkEvent => ({ ...by(tgid, cgroup), kind: 'fork', parent: { tgid: parent, startBootNs: 1, execId: 1 }, pidInNamespace: 1, mountNamespace: 1, command: 'x', isKernelThread: false, cloneFlags: 0 });
  assert.equal(canaries.isChild(fork(200, 99, 55)), false);
  assert.equal(canaries.isChild(fork(201, 100, 1)), false);
  assert.equal(canaries.isChild(fork(202, 100, 55)), true);
  assert.equal(canaries.isOf(by(202, 55), 'exit'), true);
  assert.equal(canaries.isOf(by(201, 55), 'exit'), false);
});

test('a round ends as soon as everything has come', () => {
  const canaries = begun();
  canaries.isOf(by(100, 55), 'exec');
  canaries.isOf(by(100, 55), 'open-write');
  canaries.told(told('ended'));
  assert.equal(canaries.take(2.1 * second), null, 'the fork is still awaited');
  canaries.isOf(by(100, 55), 'fork');
  const round = canaries.take(2.2 * second);
  assert.deepEqual(round?.classes.map((one) => one.outcome), ['seen', 'seen', 'seen']);
  assert.deepEqual([round?.problem, round?.round, round?.intervalMs, canaries.isActive], ['', 7, 60_000, false]);
});

test('what has not come in its time is missing by name, and what cannot be done is no alarm', () => {
  const canaries = begun();
  canaries.isOf(by(100, 55), 'exec');
  canaries.told(told('ended', { impossible: [{ eventClass: 'dns', errno: 13 }] }));
  assert.equal(canaries.take(6 * second), null);
  const round = canaries.take(7.5 * second);
  assert.deepEqual(round?.classes.map((one) => [one.eventClass, one.outcome]), [['exec', 'seen'], ['fork', 'missing'], ['open-write', 'missing'], ['dns', 'impossible']]);
  assert.match(round?.classes[3]?.reason ?? '', /errno 13/);
});

test('a loader that does nothing is said, and the word of another round is not heard', () => {
  const canaries = new Canaries();
  canaries.asked(8, 60_000, second);
  canaries.told(told('begins'));
  assert.equal(canaries.isOf(by(100, 55), 'exec'), false);
  assert.equal(canaries.take(15 * second), null);
  assert.deepEqual(canaries.take(17 * second), { round: 8, intervalMs: 60_000, atBootNs: 17 * second, classes: [], problem: 'the loader did not do it' });
});

test('the cgroups of a canary are made by the loader', () => {
  const canaries = new Canaries();
  canaries.asked(7, 60_000, second);
  const made = (tgid: number, path: string): CgroupEvent => ({ ...by(tgid, 1), kind: 'cgroup-create', cgroup: 55, parentCgroup: 1, path, takenForContainer: false, presentAtStart: false, command: 'x' });
  canaries.cgroup(made(9, '/vedette-canary'), 42);
  canaries.cgroup(made(42, '/other'), 42);
  canaries.told(told('begins'));
  canaries.told(told('ended', { done: ['cgroup-create'] }));
  assert.equal(canaries.take(2.1 * second), null);
  canaries.cgroup(made(42, '/scope/vedette-canary'), 42);
  assert.deepEqual(canaries.take(2.2 * second)?.classes.map((one) => one.outcome), ['seen']);
});
