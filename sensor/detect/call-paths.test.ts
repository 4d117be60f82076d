import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { callEvent } from '../testing/events.ts';
import { executionOf } from '../testing/things.ts';
import { normalised, pathOf } from './call-paths.ts';

/** Name by name, as the kernel walks. */
function walked(path: string): string {
  const names: string[] = [];
  for (const one of path.split('/')) {
    if (one === '..') names.pop();
    else if (one !== '' && one !== '.') names.push(one);
  }
  while (names[0] === 'proc' && (names[1] === 'self' || names[1] === 'thread-self') && names[2] === 'root') names.splice(0, 3);
  return `/${names.join('/')}`;
}

test('a path is normalised name by name, also where there seems to be nothing to do', () => {
  const part = fc.constantFrom('a', 'b', '.hidden', '..', '.', '', '...', 'proc', 'self', 'thread-self', 'root', 'a.b', 'b.');
  fc.assert(fc.property(fc.array(part), fc.boolean(), (parts, isAbsolute) => {
    const path = `${isAbsolute ? '/' : ''}${parts.join('/')}`;
    assert.equal(normalised(path), walked(path));
  }));
});

test('a path that was asked for before is that of the same event from the same directory only', () => {
  const execution = executionOf({ workingDirectory: '/one' });
  const event = callEvent({ callKind: 'rename', call: 'rename', texts: ['a', 'b'], paths: ['', ''] });
  assert.deepEqual([pathOf(event, 0, execution), pathOf(event, 1, execution)], ['/one/a', '/one/b']);
  execution.workingDirectory = '/two';
  assert.deepEqual([pathOf(event, 0, execution), pathOf(event, 1, execution)], ['/two/a', '/two/b']);
  assert.equal(pathOf({ ...event, texts: ['c', 'b'] }, 0, execution), '/two/c');
});
