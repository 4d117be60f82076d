import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fitColumns, holdRows, visibleRange } from './held.ts';

const keyOf = (row: string): string => row[0]!;

test('at the top the fresh list is the list', () => {
  assert.deepEqual(holdRows(['a1'], ['b1', 'a2'], keyOf, false), { rows: ['b1', 'a2'], gone: new Set(), waiting: 0 });
});

test('while it is read nothing moves: values renew, new rows wait, gone rows stay', () => {
  const held = holdRows(['a1', 'b1', 'c1'], ['x1', 'c2', 'y1', 'a2'], keyOf, true);
  assert.deepEqual(held.rows, ['a2', 'b1', 'c2']);
  assert.deepEqual([...held.gone], ['b']);
  assert.equal(held.waiting, 2);
});

test('a further page is appended and not counted as news', () => {
  assert.deepEqual(holdRows(['a1', 'b1'], ['a1', 'b1', 'c1', 'd1'], keyOf, true), { rows: ['a1', 'b1', 'c1', 'd1'], gone: new Set(), waiting: 0 });
});

test('holding never reorders or drops what is shown', () => {
  const rows = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 2 }), { selector: keyOf, maxLength: 12 });
  fc.assert(fc.property(rows, rows, (shown, fresh) => {
    const held = holdRows(shown, fresh, keyOf, true);
    assert.deepEqual(held.rows.slice(0, shown.length).map(keyOf), shown.map(keyOf));
    const freshKeys = new Set(fresh.map(keyOf));
    for (const key of held.gone) assert.ok(!freshKeys.has(key));
  }));
});

test('the drawn range covers what is visible', () => {
  assert.deepEqual(visibleRange({ scrolledPx: 0, heightPx: 320, rowPx: 32, count: 5000, overscan: 4 }), { from: 0, to: 14 });
  assert.deepEqual(visibleRange({ scrolledPx: -500, heightPx: 320, rowPx: 32, count: 5000, overscan: 0 }), { from: 0, to: 0 });
  fc.assert(fc.property(fc.nat(200_000), fc.nat(2000), fc.nat(5000), (scrolledPx, heightPx, count) => {
    const { from, to } = visibleRange({ scrolledPx, heightPx, rowPx: 32, count, overscan: 3 });
    assert.ok(from >= 0 && from <= to && to <= count);
  }));
});

test('columns leave by importance, then from the right', () => {
  const columns = [{ id: 'a', minPx: 100, keep: 9 }, { id: 'b', minPx: 100, keep: 1 }, { id: 'c', minPx: 100, keep: 5 }, { id: 'd', minPx: 100, keep: 1 }];
  const ids = (width: number): string => fitColumns(columns, width).map((one) => one.id).join('');
  assert.deepEqual([400, 399, 299, 199, 0].map(ids), ['abcd', 'abc', 'ac', 'a', 'a']);
});
