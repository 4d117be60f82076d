import { deepEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { eventClasses } from './events.ts';
import { derivedFields, fieldTable, suppliedFields } from './fields.ts';
import { knownFields } from './fields-known.ts';
import { sourcesOf } from './source.ts';
import { findField } from './field-table.ts';

test('a field stands in one place of the table only', () => {
  const names = [...Object.keys(suppliedFields), ...Object.keys(derivedFields), ...Object.keys(knownFields)];
  deepEqual(names.length, new Set(names).size);
  deepEqual(fieldTable.size, names.length);
});

test('a derived field has a value exactly where the table says so', () => {
  for (const [name, spec] of Object.entries(derivedFields)) {
    const found = findField(fieldTable, name, null);
    ok(found.ok, name);
    for (const eventClass of eventClasses) {
      const sources = sourcesOf(found.field, { table: fieldTable, eventClass, absent: {} });
      const expected = spec.on.includes(eventClass) || spec.facts?.[eventClass] !== undefined;
      deepEqual(sources.length > 0, expected, `${name} on ${eventClass}`);
    }
  }
});

test('every supplied field says what it is', () => {
  for (const [name, { description }] of Object.entries(suppliedFields)) ok(description.length > 5, name);
});
