import { deepEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { eventClasses } from './events.ts';
import { derivedFields, fieldTable, suppliedFields } from './fields.ts';
import { knownFields } from './fields-known.ts';
import { sourcesOf } from './source.ts';
import { findField, type FieldSpec } from './field-table.ts';

test('what supplies a field and what the language says of it agree', () => {
  const ours = new Set(['proc.is_container_init']);
  for (const [name, spec] of Object.entries<FieldSpec>({ ...derivedFields, ...suppliedFields })) {
    const known = knownFields.get(name);
    if (known === undefined) {
      ok(ours.has(name), `${name} stands only in one of the tables`);
      continue;
    }
    const facts = (one: FieldSpec) => [one.type, one.argument ?? 'none', one.notOnRight ?? false, one.notTransformed ?? false];
    deepEqual(facts(spec), facts(known), name);
  }
  for (const name of Object.keys(suppliedFields)) ok(!(name in derivedFields), name);
});

/** As many as the language has; more where it has grown. */
const fieldsOfTheLanguage: Readonly<Record<string, number>> = { evt: 57 + 18, fd: 46, fs: 6, fdlist: 6, proc: 90, user: 6, group: 2, util: 1 };

test('every field of the language is known, with a description', () => {
  const counts = new Map<string, number>();
  for (const [name, spec] of fieldTable) {
    ok((spec.description ?? knownFields.get(name)?.description ?? '').length > 0, name);
    const [prefix = ''] = name.split('.');
    const family = prefix === 'thread' ? 'proc' : prefix === 'syscall' ? 'evt' : prefix;
    counts.set(family, (counts.get(family) ?? 0) + 1);
  }
  for (const [family, least] of Object.entries(fieldsOfTheLanguage)) ok((counts.get(family) ?? 0) >= least, `${family}: ${counts.get(family)} of ${least}`);
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
