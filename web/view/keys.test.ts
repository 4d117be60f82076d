import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinations, noKeys, pressKey, type Press } from './keys.ts';

function press(key: string, more: Partial<Press> = {}): Press {
  return { key, withModifier: false, inField: false, onControl: false, ...more };
}

test('single keys', () => {
  const table: [string, string | null][] = [['/', 'search'], ['?', 'help'], ['j', 'next'], ['k', 'previous'], ['x', 'select'], ['Enter', 'open'], ['Escape', 'close'], ['q', null]];
  for (const [key, kind] of table) assert.equal(pressKey(noKeys, press(key)).action?.kind ?? null, kind);
});

test('g and a letter goes to a page; another key forgets the g', () => {
  const after = pressKey(noKeys, press('g'));
  assert.equal(after.action, null);
  for (const one of destinations) assert.deepEqual(pressKey(after.state, press(one.key)).action, { kind: 'go', to: one.name });
  assert.deepEqual(pressKey(after.state, press('z')), { state: noKeys, action: null });
});

test('fields keep their keys, except Escape; modifiers are the browser\'s', () => {
  assert.equal(pressKey(noKeys, press('j', { inField: true })).action, null);
  assert.deepEqual(pressKey(noKeys, press('Escape', { inField: true })).action, { kind: 'close' });
  assert.equal(pressKey(noKeys, press('/', { withModifier: true })).action, null);
  assert.equal(pressKey(noKeys, press('Enter', { onControl: true })).action, null);
});

test('no two pages have one letter', () => {
  assert.equal(new Set(destinations.map((one) => one.key)).size, destinations.length);
});

test('the pages of a group stand together', () => {
  const groups = destinations.map((one) => one.group).filter((group, at, all) => group !== all[at - 1]);
  assert.equal(new Set(groups).size, groups.length);
});
