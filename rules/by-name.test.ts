/** Rules asked by the exact name of an event: which of them a name reaches, and what keeps the others from it. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { bindByName } from './by-name.ts';
import type { FieldTable } from './field-table.ts';
import type { Getters } from './subject.ts';
import { loadRules } from './ruleset.ts';

interface Event {
  readonly fd?: string;
  readonly result?: number;
}

const names = ['open', 'openat', 'read'];
const table: FieldTable = new Map([
  ['evt.type', { type: 'text', on: names }],
  ['evt.rawres', { type: 'number', on: names }],
  ['fd.name', { type: 'text', on: names }],
  ['proc.name', { type: 'text', on: [] }],
]);
const getters: Readonly<Record<string, (event: Event) => string | number | null>> = { 'fd.name': (event) => event.fd ?? null, 'evt.rawres': (event) => event.result ?? null, 'evt.type': () => null };

function rulesOf(...conditions: readonly string[]) {
  const text = conditions.map((condition, index) => `- rule: ${index}\n  desc: d\n  priority: NOTICE\n  output: "%evt.type %fd.name"\n  condition: ${JSON.stringify(condition)}\n`).join('');
  const ruleset = loadRules([{ name: 'r', text }], { fields: table, byName: true });
  deepEqual(ruleset.problems.filter((one) => one.severity === 'error'), []);
  return bindByName<Event>(ruleset, { fields: getters as unknown as Getters<Event>, ancestors: () => 0, identityPending: () => false, timeNs: () => 0 });
}

const conditions = ['evt.type = openat', 'evt.type in (open, openat)', 'evt.type != read', 'fd.name startswith /etc', 'evt.type = mseal', 'proc.name = x', 'not proc.name = x'];

const reached: readonly (readonly [name: string, matching: readonly string[]])[] = [
  ['open', ['1', '2', '3']],
  ['openat', ['0', '1', '2', '3']],
  ['read', ['3']],
  // Rare names are asked as any other.
  ['mseal', ['2', '3', '4']],
];

for (const [name, matching] of reached) {
  test(`${name} reaches the rules that its name fits`, () => {
    const rules = rulesOf(...conditions);
    const found = rules.evaluate(name, names.includes(name) ? name : 'read', { fd: '/etc/x' });
    deepEqual(found.map((one) => one.rule.name).filter((one) => one !== '6'), matching);
    equal(rules.looksAt(name, 'read'), true);
  });
}

test('the output says the name', () => {
  const rules = rulesOf('evt.type = openat');
  equal(rules.evaluate('openat', 'openat', { fd: '/a' })[0]?.output().text.endsWith('/a'), true);
});

test('what a configuration adds to outputs is added here too', () => {
  const text = '- rule: r\n  desc: d\n  priority: NOTICE\n  output: o\n  condition: evt.type = openat and static.site = north\n';
  const ruleset = loadRules([{ name: 'r', text }], { fields: table, byName: true, staticFields: { site: 'north' }, appendOutput: [{ extraOutput: 'site=%static.site', extraFields: ['fd.name'] }] });
  deepEqual(ruleset.problems, []);
  const found = bindByName<Event>(ruleset, { fields: getters as unknown as Getters<Event>, ancestors: () => 0, identityPending: () => false, timeNs: () => 0 }).evaluate('openat', 'openat', { fd: '/x' });
  deepEqual(found.map((one) => [one.output().text, one.output().fields.map(({ name, value }) => `${name}=${value}`)]), [['o site=north', ['static.site=north', 'fd.name=/x']]]);
});

test('what could not be met says why', () => {
  const rules = rulesOf(...conditions);
  rules.evaluate('openat', 'openat', {});
  const unmet = rules.unmet().map(({ rule, reasons }) => [rule.name, ...reasons]);
  deepEqual(unmet.slice(0, 2), [['4', 'the recording holds no mseal'], ['5', 'proc.name is not in a recording']]);
});
