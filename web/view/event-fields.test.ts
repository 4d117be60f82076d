import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsInOrder } from './event-fields.ts';

const rows: readonly (readonly [names: readonly string[], labels: readonly string[]])[] = [
  [[], []],
  [['proc.name', 'fd.name'], ['fd.name', 'proc.name']],
  [['vedette.step[1]', 'fd.name'], ['Before it', 'fd.name']],
  [['vedette.step[10]', 'vedette.step[2]', 'proc.name', 'vedette.step[1]', 'vedette.count'], ['Before it, 1', 'Before it, 2', 'Before it, 10', 'proc.name', 'Counted']],
];

test('what came before an event is told first, in order', () => {
  for (const [names, labels] of rows) assert.deepEqual(fieldsInOrder(names).map((one) => one.label), labels);
});
