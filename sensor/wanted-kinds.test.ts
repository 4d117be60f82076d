import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventClass } from '@vedette/rules/events';
import { kinds } from './decode/layout.ts';
import { classesWithoutHook, wantedKinds } from './wanted-kinds.ts';

const always = ['setuid', 'setgid', 'capset', 'setsid', 'setpgid', 'chdir', 'chroot'] as const;
const rows: readonly (readonly [classes: readonly EventClass[], kinds: readonly (keyof typeof kinds)[]])[] = [
  [[], []],
  [['exec', 'fork'], []],
  [['open'], ['symlink', 'link', 'mount', 'umount']],
  [['symlink', 'ptrace'], ['symlink', 'ptrace']],
  [['connect'], ['connectUnix', 'dns']],
  [['setuid'], []],
];

for (const [classes, expected] of rows) {
  test(`rules on ${classes.join(', ') || 'nothing'} want these calls, and what keeps processes true`, () => {
    const bits = wantedKinds((one) => classes.includes(one));
    const found = Object.entries(kinds).filter(([, number]) => number < 64 && ((bits >> BigInt(number)) & 1n) === 1n).map(([name]) => name);
    assert.deepEqual(found.sort(), [...always, ...expected].sort());
  });
}

test('a class is without a hook when all that the loader has for it are not attached', () => {
  const hook = (eventClass: string, attached: boolean) => ({ eventClass, attached });
  assert.deepEqual([...classesWithoutHook([hook('accept', false), hook('accept', true), hook('open-failed', false), hook('calls', false)])], ['openFailed']);
  assert.deepEqual([...classesWithoutHook([])], [], 'of a recording without hooks nothing is said');
});
