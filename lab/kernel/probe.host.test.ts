/** Real system calls on this kernel, and what the kernel programs report of each. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ExecEvent, FileEvent, KernelEvent, SocketEvent } from '@vedette/model/event';
import { act, actsProgram } from './acts.ts';
import { TestCgroup } from './cgroup.ts';
import { run } from '../containers/run.ts';
import { Recording } from './recording.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-probe-'));
const cgroup = new TestCgroup();
let recording: Recording;

before(async () => {
  recording = await Recording.start(cgroup);
});
after(async () => {
  await recording.stop();
  cgroup.remove();
  rmSync(place, { recursive: true, force: true });
});

function execs(events: readonly KernelEvent[]): ExecEvent[] {
  return events.filter((one): one is ExecEvent => one.kind === 'exec');
}

function files(events: readonly KernelEvent[], kind: FileEvent['kind'], path: string): FileEvent[] {
  return events.filter((one): one is FileEvent => one.kind === kind && one.path === path);
}

test('exec: path, arguments, working directory, parent, exit code', async () => {
  const program = join(place, 'hello');
  copyFileSync(actsProgram(), program);
  symlinkSync(program, join(place, 'alias'));
  const marker = `marker-${process.pid}`;
  await act(cgroup, ['exec', join(place, 'alias'), '-', 'exit', '3', marker], [3], place);
  const events = await recording.until('the exec', (one) => one.kind === 'exec' && one.arguments.includes(marker));
  const event = execs(events).find((one) => one.arguments.includes(marker))!;
  assert.equal(event.path, program, 'the path is what the kernel resolved, not the alias');
  assert.equal(event.filename, join(place, 'alias'));
  assert.equal(event.workingDirectory, place);
  assert.deepEqual(event.arguments, [join(place, 'alias'), '-', 'exit', '3', marker]);
  assert.equal(event.uid, 0);
  assert.equal(event.isScript, false);
  assert.notEqual(event.inodeLow, 0);
  const exit = (await recording.until('the exit', (one) => one.kind === 'exit' && one.tgid === event.tgid)).find((one) => one.kind === 'exit' && one.tgid === event.tgid);
  assert.ok(exit?.kind === 'exit');
  assert.deepEqual([exit.exitCode, exit.signal, exit.startBootNs], [3, 0, event.startBootNs]);
});

test('a process that executes twice has two executions', async () => {
  await act(cgroup, ['exec', actsProgram(), '-', 'exec', actsProgram(), '-', 'exit', '0', 'twice']);
  const events = await recording.until('the second exec', (one) => one.kind === 'exec' && one.arguments.at(-1) === 'twice' && one.arguments[2] === 'exit');
  const last = execs(events).find((one) => one.arguments.at(-1) === 'twice' && one.arguments[2] === 'exit')!;
  const first = execs(events).find((one) => one.tgid === last.tgid && one.arguments[2] === 'exec' && one.execId < last.execId);
  assert.ok(first);
  assert.equal(first.startBootNs, last.startBootNs);
  assert.equal(first.execId + 1, last.execId);
});

test('a script names its interpreter as path and itself as filename', async () => {
  const script = join(place, 'script');
  writeFileSync(script, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  await act(cgroup, ['exec', script]);
  const events = await recording.until('the script', (one) => one.kind === 'exec' && one.filename === script);
  const event = execs(events).find((one) => one.filename === script)!;
  assert.equal(event.isScript, true);
  assert.match(event.path, /\/(da|ba)?sh$/);
});

test('a program that exists only in memory is told from a file', async () => {
  await act(cgroup, ['memory', actsProgram()], [2]);
  const events = await recording.until('the memfd', (one) => one.kind === 'exec' && one.path.startsWith('/memfd:payload'));
  assert.equal(execs(events).find((one) => one.path.startsWith('/memfd:payload'))!.isUnlinked, true);
});

test('arguments that are too long are cut and say so', async () => {
  await act(cgroup, ['exec', actsProgram(), '-', 'exit', '0', 'long'.repeat(3000)]);
  const events = await recording.until('the cut exec', (one) => one.kind === 'exec' && one.argumentsTruncated);
  assert.ok(execs(events).find((one) => one.argumentsTruncated)!.arguments.at(-1)!.length > 3000);
});

test('a signal ends a process', async () => {
  await run(actsProgram(), [cgroup.procs.join(','), 'signal', '15'], { accept: [128] });
  await recording.until('the exit by signal', (one) => one.kind === 'exit' && one.signal === 15);
});

for (const how of ['creat', 'open', ...(process.arch === 'x64' ? ['open-old'] : []), 'openat2']) {
  test(`open for writing by ${how}, each time`, async () => {
    mkdirSync(join(place, 'deep', 'er'), { recursive: true });
    const path = join(place, 'deep', 'er', `written-by-${how}`);
    await act(cgroup, ['open', join(place, 'deep', '..', 'deep', 'er', '.', `written-by-${how}`), how]);
    await act(cgroup, ['open', path, how]);
    const events = await recording.settle();
    assert.equal(files(events, 'open-write', path).length, 2);
  });
}

test('open for reading: the first by each executable, then never again', async () => {
  const path = join(place, 'read-me');
  writeFileSync(path, 'x');
  await act(cgroup, ['open-many', path, '50', 'read']);
  await act(cgroup, ['open', path, 'read']);
  const other = join(place, 'other-reader');
  copyFileSync(actsProgram(), other);
  await act(cgroup, ['exec', other, '-', 'open', path, 'read']);
  const events = await recording.settle();
  assert.equal(files(events, 'open-read', path).length, 2, 'one for each reader');
});

test('the first executable mapping of a file', async () => {
  const path = join(place, 'library.so');
  writeFileSync(path, Buffer.alloc(8192));
  await act(cgroup, ['map', path]);
  await act(cgroup, ['map', path]);
  const events = await recording.settle();
  assert.equal(files(events, 'map-exec', path).length, 1);
});

test('a very deep path is cut on the side of the root and says so', async () => {
  let deep = place;
  for (let i = 0; i < 60; i++) deep = join(deep, `directory-number-${i}`);
  mkdirSync(deep, { recursive: true });
  await act(cgroup, ['open', join(deep, 'leaf'), 'creat']);
  const events = await recording.settle();
  const event = events.find((one): one is FileEvent => one.kind === 'open-write' && one.path.endsWith('/leaf'));
  assert.ok(event?.pathTruncated);
  assert.ok(event.path.startsWith('…/'));
});

for (const [name, port, local] of [['tcp4', 42401, '127.0.0.1'], ['tcp6', 42402, '::1']] as const) {
  test(`${name}: listen, connect and accept with both ends`, async () => {
    await act(cgroup, [name, String(port)]);
    const events = (await recording.settle()).filter((one): one is SocketEvent => (one.kind === 'connect' && one.remotePort === port) || ((one.kind === 'accept' || one.kind === 'listen') && one.localPort === port));
    assert.deepEqual(events.map((one) => one.kind).sort(), ['accept', 'connect', 'listen']);
    const mapped = local === '::1' ? [...Array.from({ length: 15 }, () => 0), 1] : [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1];
    for (const one of events) {
      assert.deepEqual([...one.localAddress], mapped, one.kind);
      assert.equal(one.protocol, 6);
      assert.equal(one.family, local === '::1' ? 10 : 2);
      assert.equal(one.result, 0);
    }
  });
}

test('a refused connection is reported with its error and its peer', async () => {
  await act(cgroup, ['refused', '42499']);
  const events = await recording.until('the refused connection', (one) => one.kind === 'connect' && one.remotePort === 42499);
  const event = events.find((one): one is SocketEvent => one.kind === 'connect' && one.remotePort === 42499)!;
  assert.equal(event.result, -111);
});

test('cgroups: made, joined, removed', async () => {
  const child = cgroup.child('inner');
  await act(child, ['exit', '0']);
  child.remove();
  const events = await recording.settle();
  const ofChild = events.filter((one) => one.kind.startsWith('cgroup-') && 'path' in one && one.path === `/${cgroup.name}/inner`);
  const kinds = new Set(ofChild.map((one) => one.kind));
  assert.deepEqual([...kinds].sort(), ['cgroup-attach', 'cgroup-create', 'cgroup-remove']);
});

test('nothing of what happens outside of the scope is recorded', async () => {
  const outside = join(place, 'outside');
  await run(actsProgram(), ['-', 'open', outside, 'creat']);
  await run('/bin/true', ['outside-marker']);
  const events = await recording.settle();
  assert.equal(files(events, 'open-write', outside).length, 0);
  assert.ok(!execs(events).some((one) => one.arguments.includes('outside-marker')));
});

test('a second sensor without a scope refuses to start and says why', async () => {
  await assert.rejects(Recording.start(null), /another Vedette sensor is loaded in this kernel[\s\S]*--cgroup PATH/);
});

test('every hook of this machine is reported, with what it misses', async () => {
  const hooks = recording.read().filter((one) => one.kind === 'hook');
  assert.ok(hooks.length >= 15);
  for (const one of hooks) assert.ok(one.attached || one.reason !== '', `${one.hook} is not attached and says no reason`);
  for (const one of ['exec', 'fork', 'exit', 'open', 'cgroup-create', 'process-snapshot']) {
    assert.ok(hooks.some((hook) => hook.eventClass === one && hook.attached), `${one} is not seen on this machine`);
  }
});
