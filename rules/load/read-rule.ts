/**
 * One `rule` item: a new rule, a change to an earlier one (`override`, or the deprecated `append`), or the deprecated
 * switch with only `enabled`. Requires what the language requires, checks shapes, leaves meaning to later steps.
 */
import type { RuleKeys, ExceptionItem, Item } from './item.ts';
import { priorities, priorityOf } from './item.ts';
import { MapReader } from './map-reader.ts';
import { readOverride } from './override.ts';
import { readWindow } from './read-window.ts';

const appendable = ['condition', 'output', 'desc', 'tags', 'exceptions'];
const replaceable = [...appendable, 'priority', 'capture', 'capture_duration', 'enabled', 'warn_evttypes', 'skip-if-unknown-filter'];
const required = ['condition', 'output', 'desc', 'priority'];
/** Recording a capture beside a detection is not ours to do; the keys are accepted so that files load unchanged. */
const withoutEffect = ['capture', 'capture_duration'];
const exceptionsMax = 1000;

export function readRule(reader: MapReader): Item | null {
  const name = reader.required('rule');
  const append = reader.flag('append') === true;
  const override = readOverride(reader, appendable, replaceable);
  if (append && override.size > 0) reader.report('override-invalid', 'append and override cannot be used together', reader.placeOf('append'));
  if (reader.has('append')) reader.report('deprecated', 'append is deprecated: write override with the keys to append', reader.placeOf('append'));
  const changes = append || override.size > 0;
  const keys = readKeys(reader, changes);
  reader.finish([...withoutEffect, ...replaceable, 'source']);
  if (changes && reader.has('vedette')) reader.report('override-invalid', 'vedette cannot be changed by append or override: write the whole rule again', reader.placeOf('vedette'));
  if (name === null) return null;
  const place = reader.place;
  if (append) return appendItem(reader, name, keys);
  if (override.size > 0) {
    for (const key of replaceable) {
      if (override.has(key) && !reader.has(key)) reader.report('override-invalid', `override names ${key}, but the item has no ${key}`, override.get(key)?.place);
      if (!override.has(key) && reader.has(key)) {
        reader.report('override-invalid', `${key} is given, but override does not say whether to append or to replace it`, reader.placeOf(key));
      }
    }
    const chosen = (mode: 'append' | 'replace') => [...override].filter(([, one]) => one.mode === mode).map(([key]) => key);
    return { kind: 'rule-change', name, append: pick(keys, chosen('append')), replace: pick(keys, chosen('replace')), place };
  }
  if (!required.some((key) => reader.has(key))) {
    if (keys.enabled === undefined) {
      reader.report('item-invalid', `a rule needs ${required.join(', ')}`);
      return null;
    }
    reader.report('deprecated', 'a rule with only enabled is deprecated: write override: { enabled: replace }');
    return { kind: 'rule-switch', name, enabled: keys.enabled, place };
  }
  for (const key of required) {
    if (!reader.has(key)) reader.report('item-invalid', `the key ${key} is missing`);
  }
  return { kind: 'rule', name, keys, place };
}

/** The old form appends the condition and the exceptions only. */
function appendItem(reader: MapReader, name: string, keys: RuleKeys): Item | null {
  if (keys.condition === undefined && keys.exceptions === undefined) {
    reader.report('item-invalid', 'an appended rule needs a condition or exceptions');
    return null;
  }
  return { kind: 'rule-change', name, append: pick(keys, ['condition', 'exceptions']), replace: {}, place: reader.place };
}

function readKeys(reader: MapReader, changes: boolean): RuleKeys {
  const condition = reader.text('condition');
  const output = reader.text('output');
  const description = reader.text('desc');
  const priorityText = reader.text('priority');
  const priority = priorityText === null ? null : priorityOf(priorityText.text);
  if (priorityText !== null && priority === null) {
    reader.report('item-invalid', `the priority must be one of ${priorities.join(', ')}`, reader.placeOf('priority'));
  }
  const tags = reader.words('tags');
  const exceptions = readExceptions(reader, changes);
  const enabled = reader.flag('enabled');
  const warnEventTypes = reader.flag('warn_evttypes');
  const skipIfUnknownFilter = reader.flag('skip-if-unknown-filter');
  const source = reader.text('source');
  const window = readWindow(reader);
  return {
    ...(condition === null ? {} : { condition }),
    ...(output === null ? {} : { output }),
    ...(description === null ? {} : { description: description.text.trim() }),
    ...(priority === null ? {} : { priority }),
    ...(tags === null ? {} : { tags: tags.map((tag) => tag.text) }),
    ...(exceptions === null ? {} : { exceptions }),
    ...(enabled === null ? {} : { enabled }),
    ...(warnEventTypes === null ? {} : { warnEventTypes }),
    ...(skipIfUnknownFilter === null ? {} : { skipIfUnknownFilter }),
    ...(source === null ? {} : { source: source.text }),
    ...(window === null ? {} : { window }),
  };
}

const keyNames: Readonly<Record<string, keyof RuleKeys>> = {
  'condition': 'condition',
  'output': 'output',
  'desc': 'description',
  'priority': 'priority',
  'tags': 'tags',
  'exceptions': 'exceptions',
  'enabled': 'enabled',
  'warn_evttypes': 'warnEventTypes',
  'skip-if-unknown-filter': 'skipIfUnknownFilter',
};

function pick(keys: RuleKeys, chosen: readonly string[]): RuleKeys {
  const wanted = new Set(chosen.map((key) => keyNames[key]));
  return Object.fromEntries(Object.entries(keys).filter(([key]) => wanted.has(key as keyof RuleKeys))) as RuleKeys;
}

function readExceptions(reader: MapReader, changes: boolean): readonly ExceptionItem[] | null {
  const node = reader.node('exceptions');
  if (node === null || node.kind === 'null') return null;
  if (node.kind !== 'list') {
    reader.report('exception-invalid', 'exceptions must be a list', node.place);
    return null;
  }
  if (node.items.length > exceptionsMax) {
    reader.report('too-many', `a rule has at most ${exceptionsMax} exceptions`, node.place);
    return null;
  }
  const found: ExceptionItem[] = [];
  for (const item of node.items) {
    if (item.kind !== 'map') {
      reader.report('exception-invalid', 'each exception is a mapping with name, fields, comps and values', item.place);
      continue;
    }
    const exception = new MapReader(item, null);
    const name = exception.required('name');
    const fields = exception.entry('fields');
    const comparators = exception.entry('comps');
    const values = exception.entry('values');
    exception.finish([]);
    for (const problem of exception.problems) reader.report(problem.code, `in an exception: ${problem.message}`, problem.place);
    if (name === null) continue;
    if (found.some((one) => one.name === name)) reader.report('exception-invalid', `two exceptions are called ${name}`, item.place);
    if (fields === null && !changes) reader.report('exception-invalid', `the exception ${name} has no fields`, item.place);
    if (values !== null && values.kind !== 'list') reader.report('exception-invalid', `the values of exception ${name} must be a list`, item.place);
    if (values === null && changes) reader.report('exception-empty', `the exception ${name} adds no values`, item.place);
    found.push({ name, fields, comparators, values: values?.kind === 'list' ? values.of : [], place: item.place });
  }
  return found;
}
