/**
 * The Falco project's own rule files, where they lie beside the repository (VEDETTE_SHARED, or ../shared): for each rule which events and
 * fields it needs and which hook of this sensor they come from, as a table that is kept (golden/official-rules.txt; UPDATE_GOLDEN=1 writes
 * it again). All of them compile, and one that cannot match says why. Without the files the kept table itself is checked: no rule of it
 * is dead without a reason.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventNames, type EventClass } from '@vedette/rules/events';
import { readsByClass } from '@vedette/rules/reads';
import { loadRules } from '@vedette/rules/ruleset';
import { absentFields } from '@vedette/rules/subject';
import { suppliers } from './detect/subject.ts';

const folder = join(process.env['VEDETTE_SHARED'] ?? join(import.meta.dirname, '..', '..', 'shared'), 'data', 'falco-rules');
const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.yaml')).sort() : [];
const golden = join(import.meta.dirname, 'golden', 'official-rules.txt');
const skip = names.length === 0 ? `no rule files in ${folder}` : false;

/** Hooks by the class that the loader names: open-failed, map-exec. */
function hooksByClass(): Map<string, string> {
  const text = readFileSync(join(import.meta.dirname, 'probe', 'loader', 'hooks.c'), 'utf8');
  const own = [...text.matchAll(/\.event_class = "([\w-]+)", ?\s*\.hook = "([^"]+)"/g)].map(([, name = '', hook = '']) => [name, hook] as const);
  const through = [...text.matchAll(/VD_THROUGH\(VD_\w+, "([\w-]+)"/g)].map(([, name = '']) => [name, 'tp_btf/sys_exit'] as const);
  return new Map([...own, ...through]);
}

const hooks = hooksByClass();

function hookOf(eventClass: EventClass): string {
  const name = eventClass.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return hooks.get(name) ?? '(none)';
}

function table(): string {
  const absent = { fields: absentFields(suppliers({ hostname: '', userName: () => null })) };
  const lines: string[] = [];
  for (const name of names) {
    const set = loadRules([{ name, text: readFileSync(join(folder, name), 'utf8') }], { absent });
    assert.deepEqual(set.problems.filter((one) => one.severity === 'error'), [], name);
    lines.push(`# ${name}: ${set.rules.length} rules`);
    for (const rule of set.rules) {
      lines.push('', `${rule.name}${rule.enabled ? '' : ' (off by default)'}`);
      if (rule.reach.kind === 'cannot-fire') lines.push(`  cannot fire: ${rule.reach.reasons.join('; ')}`);
      for (const { eventClass, fields } of readsByClass(rule.conditions)) lines.push(`  ${eventClass} [${eventNames[eventClass].join(' ')}] from ${hookOf(eventClass)}: ${fields.join(' ')}`);
      if (rule.reach.kind === 'fires') for (const one of rule.reach.undecided) lines.push(`  note: ${one}`);
    }
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

test('every class of events has a hook', () => {
  for (const eventClass of Object.keys(eventNames) as EventClass[]) assert.notEqual(hookOf(eventClass), '(none)', eventClass);
});

test('what each official rule needs and where it comes from is what the table says', { skip }, () => {
  const made = table();
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, made);
  assert.equal(made, readFileSync(golden, 'utf8'), 'UPDATE_GOLDEN=1 writes the table again');
});

test('no rule of the table is dead without a reason', () => {
  const rules = readFileSync(golden, 'utf8').split('\n\n').filter((one) => !one.startsWith('#') && one.trim() !== '');
  assert.ok(rules.length >= 56, String(rules.length));
  for (const one of rules) assert.match(one, / from (tp|raw_tp|tp_btf)|cannot fire: \w/);
  assert.ok(rules.filter((one) => one.includes('cannot fire: ')).length <= 2, 'more rules are dead than were');
});
