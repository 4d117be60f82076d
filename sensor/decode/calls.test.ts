/** The names of calls against the table that the kernel programs are made from, and its numbers against the system's headers. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callKinds } from '@vedette/model/event';
import { classShapes } from '@vedette/rules/events';
import { callNames } from './calls.ts';
import { callKindOf } from './call-event.ts';
import { kinds } from './layout.ts';

const table = readFileSync(join(import.meta.dirname, '..', 'probe', 'calls.h'), 'utf8');
const rows = [...table.matchAll(/^VD_CALL\((\w+), VD_(\w+), (-?\d+), (-?\d+), (-?\d+), /gm)].map(([, name = '', kind = '', x86 = '', i386 = '', arm = '']) => ({ name, kind, numbers: [x86, i386, arm].map(Number) }));
const headers = ['/usr/include/x86_64-linux-gnu/asm/unistd_64.h', '/usr/include/x86_64-linux-gnu/asm/unistd_32.h', '/usr/include/asm-generic/unistd.h'];

test('names are in the order of the rows', () => {
  assert.deepEqual(callNames.slice(1), rows.map((one) => one.name));
});

test('every kind of call has a number, and a class of the rules', () => {
  for (const one of callKinds) {
    assert.equal(callKindOf(kinds[one]), one);
    assert.ok(one === 'connectUnix' || one in classShapes, one);
  }
  const used = new Set(rows.map((one) => one.kind.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())));
  const others = [...used].filter((one) => !(callKinds as readonly string[]).includes(one));
  assert.deepEqual(others, ['accept'], 'accepted connections have a record of their own');
});

test('numbers fit into the look-up, and none is there twice', () => {
  for (const at of [0, 1, 2]) {
    const numbers = rows.map((one) => one.numbers[at]!).filter((one) => one >= 0);
    assert.ok(numbers.every((one) => one < 512));
    assert.equal(numbers.length, new Set(numbers).size);
  }
});

for (const [at, header] of headers.entries()) {
  test(`numbers are those of ${header}`, { skip: !existsSync(header) }, () => {
    const known = new Map([...readFileSync(header, 'utf8').matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)/gm)].map(([, name = '', number = '']) => [name, Number(number)]));
    for (const { name, numbers } of rows) if (known.has(name) && numbers[at] !== -1) assert.equal(numbers[at], known.get(name), name);
  });
}
