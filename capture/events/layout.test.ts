/** The table of events: whole, and true where it can be checked by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownEventNames } from '@vedette/rules/syscalls';
import { layouts } from './layout.ts';
import { syscallNames } from './syscall-names.ts';

test('every number up to the last has its place', () => {
  assert.equal(layouts.length, 430);
  const holes = layouts.flatMap((one, code) => (one === null ? [code] : []));
  assert.ok(holes.every((code) => code % 2 === 1), 'only exit events may be missing');
  assert.equal(layouts.every((one, code) => one === null || one.code === code), true);
});

const facts: readonly (readonly [code: number, newest: number, name: string, parameters: string])[] = [
  [5, 5, 'close', 'res fd'],
  [7, 7, 'read', 'res data fd size'],
  [23, 23, 'connect', 'res tuple fd addr'],
  [103, 307, 'openat', 'fd dirfd name flags mode dev ino fullpath'],
  [109, 301, 'unlink', 'res path'],
  [125, 367, 'dup', 'res oldfd'],
  [249, 389, 'accept4', 'fd tuple queuepct queuelen queuemax flags'],
  [99, 277, 'mkdir', 'res path mode'],
  [169, 169, 'ptrace', 'res addr data request pid'],
  [189, 189, 'sendfile', 'res offset out_fd in_fd size'],
  [297, 369, 'bpf', 'fd cmd'],
];

for (const [code, newest, name, parameters] of facts) {
  test(`${code} is ${name}`, () => {
    const one = layouts[code];
    assert.equal(one?.newest, newest);
    assert.equal(one?.name, name);
    assert.equal(one?.parameters.map((parameter) => parameter.name).join(' '), parameters);
  });
}

test('old versions of an execution keep the places of what they had', () => {
  const newest = layouts[293];
  for (const code of [13, 155, 173, 215, 231, 283, 289]) {
    const one = layouts[code];
    assert.equal(one?.newest, 293);
    const places = one?.own.filter((place) => place >= 0) ?? [];
    assert.deepEqual([...places].sort((a, b) => a - b), Array.from({ length: one?.storedMax ?? 0 }, (_, index) => index), `${code}`);
    assert.equal(one?.parameters.length, newest?.parameters.length);
  }
});

test('a descriptor that an event is about is one of its parameters', () => {
  for (const one of layouts) {
    if (one === null || one.fdAt < 0) continue;
    assert.equal(one.parameters[one.fdAt]?.type, 'fd', one.name);
  }
});

test('names of events are names that rules may write', () => {
  const odd = [...new Set(layouts.flatMap((one) => (one === null || one.kind === 'meta' || one.kind === 'plugin' ? [] : [one.name])))].filter((name) => !knownEventNames.has(name));
  assert.deepEqual(odd, []);
});

test('system calls by their numbers', () => {
  assert.equal(syscallNames[0], 'unknown');
  assert.equal(syscallNames[3], 'read');
  assert.equal(syscallNames[5], 'open');
  assert.equal(syscallNames.length, 449);
  assert.equal(new Set(syscallNames).size, 449);
});
