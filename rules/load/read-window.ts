/**
 * The key `vedette` of a rule: a sequence of events that must come before, or a number of them, within a time. Falco warns of
 * the key and loads the rule without it. Takes shapes and numbers; what conditions and fields mean is left to `window/plan.ts`.
 * Nothing in it is passed over: an unknown key is an error, since a rule that is half of what was meant fires too often.
 */
import type { PlacedText } from '../placed-text.ts';
import { placedText } from '../placed-text.ts';
import { ruleProblem, type Place } from '../problems.ts';
import type { Node } from './document.ts';
import { MapReader } from './map-reader.ts';

export interface WindowStepItem {
  readonly condition: PlacedText;
  /** Null: as the rule's. */
  readonly by: readonly PlacedText[] | null;
  readonly output: PlacedText | null;
  readonly place: Place;
}

export interface WindowItem {
  /** What must come before what the rule's condition matches; empty for a count. */
  readonly sequence: readonly WindowStepItem[];
  /** Null for a sequence. */
  readonly count: number | null;
  readonly distinct: PlacedText | null;
  readonly withinNs: number;
  readonly by: readonly PlacedText[];
  readonly place: Place;
}

export const stepsMax = 7;
export const byMax = 8;
export const countMax = 1000;
const withinMsMax = 24 * 3600 * 1000;
const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `500ms`, `10s`, `5m`, `1h`; null: it is no duration. */
export function durationMsOf(text: string): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,9})(ms|s|m|h)$/.exec(text.trim()) ?? [];
  const unitMs = unitsMs[unit];
  return unitMs === undefined ? null : Number(digits) * unitMs;
}

/** Null: there is none, or a problem was reported. */
export function readWindow(rule: MapReader): WindowItem | null {
  if (!rule.has('vedette')) return null;
  const node = rule.node('vedette');
  if (node?.kind !== 'map') {
    rule.report('window-invalid', 'vedette is a mapping: sequence or count, with within and by', node?.place ?? rule.placeOf('vedette'));
    return null;
  }
  const reader = new MapReader(node, null);
  const item = windowOf(reader);
  reader.finish(['sequence', 'count', 'distinct', 'within', 'by']);
  const report = (from: MapReader) => {
    for (const { code, message, place } of from.problems) rule.report(code === 'key-unknown' || code === 'item-invalid' ? 'window-invalid' : code, `in vedette: ${message}`, place);
  };
  report(reader);
  return item;
}

function windowOf(reader: MapReader): WindowItem | null {
  const refuse = (message: string, key: string): null => {
    reader.report('window-invalid', message, reader.placeOf(key));
    return null;
  };
  if (reader.has('sequence') === reader.has('count')) return refuse(reader.has('count') ? 'sequence and count cannot be used together' : 'say sequence or count', 'count');
  const withinText = reader.required('within');
  const withinMs = withinText === null ? null : durationMsOf(withinText);
  if (withinText === null) return null;
  if (withinMs === null || withinMs < 1 || withinMs > withinMsMax) return refuse(`within is a time from 1ms to 24h, such as 500ms, 10s, 5m or 1h, not ${JSON.stringify(withinText.slice(0, 40))}`, 'within');
  if (!reader.has('by')) return refuse('the key by is missing: the fields that must be equal, or [] for all events together', 'by');
  const by = fieldsOf(reader, 'by');
  if (by === null) return null;
  const common = { withinNs: withinMs * 1e6, by, place: reader.place };
  if (reader.has('count')) {
    const count = Number(reader.text('count')?.text ?? Number.NaN);
    if (!Number.isInteger(count) || count < 2 || count > countMax) return refuse(`count is a whole number from 2 to ${countMax}`, 'count');
    return { ...common, sequence: [], count, distinct: reader.has('distinct') ? reader.text('distinct') : null };
  }
  if (reader.has('distinct')) return refuse('distinct belongs to count', 'distinct');
  const sequence = sequenceOf(reader, by.length);
  return sequence === null ? null : { ...common, sequence, count: null, distinct: null };
}

function sequenceOf(reader: MapReader, fields: number): readonly WindowStepItem[] | null {
  const node = reader.node('sequence');
  if (node?.kind !== 'list' || node.items.length === 0 || node.items.length > stepsMax) {
    reader.report('window-invalid', `sequence is a list of 1 to ${stepsMax} steps; the rule's own condition is the last one, behind them`, node?.place ?? reader.place);
    return null;
  }
  const steps: WindowStepItem[] = [];
  for (const item of node.items) {
    const step = stepOf(reader, item, fields);
    if (step === null) return null;
    steps.push(step);
  }
  return steps;
}

/** A condition alone, or a mapping with one. */
function stepOf(reader: MapReader, node: Node, fields: number): WindowStepItem | null {
  if (node.kind === 'scalar' && node.value !== '') return { condition: placedText(node.value, node.locate), by: null, output: null, place: node.place };
  if (node.kind !== 'map') {
    reader.report('window-invalid', 'a step is a condition, or a mapping with condition, by and output', node.place);
    return null;
  }
  const step = new MapReader(node, null);
  if (!step.has('condition')) step.report('window-invalid', 'the step has no condition');
  const condition = step.text('condition');
  const by = step.has('by') ? fieldsOf(step, 'by') : null;
  const output = step.has('output') ? step.text('output') : null;
  if (by !== null && by.length !== fields) step.report('window-invalid', `a step has as many fields under by as the rule, which has ${fields}`, step.placeOf('by'));
  step.finish(['condition', 'by', 'output']);
  reader.problems.push(...step.problems.map((one) => ruleProblem(one.code === 'key-unknown' ? 'window-invalid' : one.code, one.message, one.place)));
  return condition === null || step.problems.some((one) => one.severity === 'error') ? null : { condition, by, output, place: node.place };
}

function fieldsOf(reader: MapReader, key: string): readonly PlacedText[] | null {
  const node = reader.node(key);
  if (node?.kind !== 'list' || node.items.length > byMax) {
    reader.report('window-invalid', `${key} is a list of at most ${byMax} fields`, node?.place ?? reader.placeOf(key));
    return null;
  }
  const fields: PlacedText[] = [];
  for (const item of node.items) {
    if (item.kind !== 'scalar' || item.value === '') {
      reader.report('window-invalid', `each entry of ${key} is a field`, item.place);
      return null;
    }
    fields.push(placedText(item.value, item.locate));
  }
  return fields;
}
