import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { KernelEvent } from '@vedette/model/event';
import { BlindWatch, parseStat } from './blind.ts';

const rest = 'S 7 40 12 34816 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 9';

test('a process by its stat, whatever it calls itself', () => {
  for (const name of ['cat', 'a b', '(x)', 'x) S 1 1', ') (', '', '\n', ':-)']) {
    assert.deepEqual(parseStat(`4711 (${name}) ${rest}\n`), { command: name, parentTgid: 7, sessionId: 12, terminal: 34816, startBootNs: 1_234_560_000_000, hasEnded: false }, name);
  }
  for (const text of ['', '4711', '4711 (cat', '4711 (cat) S 1', '4711 (cat) S 7 40 12 34816 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 many']) assert.equal(parseStat(text), null, text);
  fc.assert(fc.property(fc.string(), (text) => void parseStat(text)));
});

test('a process that has ended is still in /proc until its parent asks for it; a leader that left its threads behind lives', () => {
  const cases: [state: string, threads: number, hasEnded: boolean][] = [['S', 1, false], ['R', 3, false], ['Z', 1, true], ['Z', 0, true], ['X', 0, true], ['Z', 2, false]];
  for (const [state, threads, hasEnded] of cases) {
    const text = `4711 (cat) ${rest.replace('S', state).replace(' 20 0 1 0 ', ` 20 0 ${threads} 0 `)}`;
    assert.equal(parseStat(text)?.hasEnded, hasEnded, text);
  }
});

test('it lists what lives, says of every class that it is not seen, and finds itself and its child', async () => {
  const child = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
  const events: KernelEvent[] = [];
  const watch = new BlindWatch((event) => events.push(event));
  try {
    watch.start('no privileges');
    const [hello] = events;
    assert.ok(hello?.kind === 'hello');
    assert.deepEqual([hello.problem, hello.ringEpoch, hello.bootId], ['no privileges', 0, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()]);
    assert.match(hello.architecture, /^(x86_64|aarch64)$/, 'as the loader would name it');
    const hooks = events.flatMap((one) => (one.kind === 'hook' ? [one] : []));
    assert.ok(hooks.length >= 9 && hooks.every((one) => !one.attached && one.reason === 'no privileges' && one.misses === 'everything'));
    const processes = events.flatMap((one) => (one.kind === 'process' ? [one] : []));
    const own = processes.find((one) => one.tgid === process.pid);
    const theirs = processes.find((one) => one.tgid === child.pid);
    assert.ok(own && theirs);
    assert.deepEqual(theirs.parent, { tgid: own.tgid, startBootNs: own.startBootNs, execId: 0 });
    assert.deepEqual(theirs.arguments, ['/bin/sleep', '60']);
    assert.deepEqual(events.slice(-2).map((one) => one.kind), ['tick', 'snapshot-end']);
  } finally {
    watch.stop();
    child.kill();
  }
});

test('what starts is listed at the next look and what ended is said to have ended, whether its parent asks for it or not', async () => {
  const events: KernelEvent[] = [];
  const watch = new BlindWatch((event) => events.push(event), 20);
  const neglectful = spawn('/bin/sh', ['-c', 'sleep 300 & echo $!; exec sleep 301'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const asked = spawn('/bin/sleep', ['302'], { stdio: 'ignore' });
  const kindsOf = (tgid: number | undefined) => events.flatMap((one) => ((one.kind === 'process' || one.kind === 'exit') && one.tgid === tgid ? [one.kind] : []));
  const until = async (isTrue: () => boolean) => {
    for (let attempt = 0; attempt < 500 && !isTrue(); attempt++) await sleep(10);
    assert.ok(isTrue());
  };
  try {
    const child = Number(String((await once(neglectful.stdout, 'data'))[0]));
    watch.start('no privileges');
    assert.deepEqual([child, asked.pid].map(kindsOf), [['process'], ['process']]);
    process.kill(child);
    asked.kill();
    await until(() => kindsOf(asked.pid).includes('exit') && kindsOf(child).includes('exit'));
    assert.match(readFileSync(`/proc/${child}/stat`, 'utf8'), /\) Z /, 'nobody has asked for it');
    assert.deepEqual([child, asked.pid].map(kindsOf), [['process', 'exit'], ['process', 'exit']]);
    assert.deepEqual(kindsOf(neglectful.pid), ['process']);
  } finally {
    watch.stop();
    neglectful.kill();
    asked.kill();
  }
});
