/**
 * Exceptions against stored detections, by the engine itself: the rule as one that always fires, with the exceptions
 * appended as they will be loaded. A detection is hidden, kept, or, where the answer depends on a value that is not
 * known, undecided: what is undecided counts as hidden wherever hiding would be harm, and as kept wherever it would be good.
 */
import { eventClasses, type EventClass } from '../events.ts';
import type { FieldSpec, FieldTable } from '../field-table.ts';
import { fieldTable } from '../fields.ts';
import { problemLine } from '../problems.ts';
import { loadRules } from '../ruleset.ts';
import type { Getters, Suppliers } from '../subject.ts';
import { exceptionsYaml, type NoiseException } from './exception.ts';
import { keptFields, storedDirectory, storedValue, type StoredDetection } from './stored.ts';

export type BackTestAnswer = 'hidden' | 'kept' | 'undecided';

export interface BackTested {
  readonly hidden: number;
  readonly kept: number;
  readonly undecided: number;
  /** Of each row. */
  readonly answers: readonly BackTestAnswer[];
}

const kept: ReadonlySet<string> = new Set(keptFields);
const classNames: ReadonlySet<string> = new Set(eventClasses);

interface Asked {
  readonly row: StoredDetection;
  /** All that is asked of a file's name holds for its whole directory. */
  readonly byDirectory: boolean;
}

/** Every field is read as it was stored, and none is the same by nature: what a stored event was, only it can tell. */
const storedTable: FieldTable = new Map(
  [...fieldTable].map(([name, spec]): [string, FieldSpec] => [name, name === 'evt.num' ? spec : kept.has(name) ? { type: 'text', on: eventClasses, identity: true } : { ...spec, identity: true }]),
);

/** No value that an exception names is, or begins, this one: of a missing value both comparators are false. */
const nothing = '\0';

/** Null: not known. */
function valueOf({ row, byDirectory }: Asked, name: string): string | number | null {
  if (name === 'evt.num') return 1;
  if (!kept.has(name)) return null;
  if (name === 'fd.name' && byDirectory && row.varied.includes(name) && storedDirectory(row) !== null) return row.fields[name] ?? null;
  const value = storedValue(row, name);
  return value.kind === 'is' ? value.text : value.kind === 'missing' ? nothing : null;
}

const suppliers: Suppliers<Asked> = {
  fields: Object.fromEntries([...fieldTable.keys()].map((name) => [name, (asked: Asked) => valueOf(asked, name)])) as unknown as Getters<Asked>,
  ancestors: () => 0,
  identityPending: () => true,
  timeNs: () => 0,
};

const always = (rule: string): string => `- rule: ${JSON.stringify(rule)}\n  desc: what was stored\n  condition: evt.num >= 0\n  output: stored\n  priority: DEBUG\n  warn_evttypes: false\n`;

/** Throws where the engine does not take the exceptions: they were made by this product. */
export function backTest(rule: string, exceptions: readonly NoiseException[], rows: readonly StoredDetection[]): BackTested {
  if (exceptions.length === 0) throw new RangeError('no exception to test');
  const each = exceptions.map((one) => answersOf(rule, one, rows));
  const answers = rows.map((_, index): BackTestAnswer => {
    const ofRow = each.map((one) => one[index]);
    return ofRow.includes('hidden') ? 'hidden' : ofRow.includes('undecided') ? 'undecided' : 'kept';
  });
  const sum = (of: BackTestAnswer): number => rows.reduce((total, row, index) => total + (answers[index] === of ? row.count : 0), 0);
  return { hidden: sum('hidden'), kept: sum('kept'), undecided: sum('undecided'), answers };
}

/** One at a time: whether a directory stands for the names in it is a matter of each. */
function answersOf(rule: string, exception: NoiseException, rows: readonly StoredDetection[]): readonly BackTestAnswer[] {
  const loaded = loadRules([{ name: 'stored.yaml', text: always(rule) }, { name: 'exceptions.yaml', text: exceptionsYaml(rule, [exception]) }], { fields: storedTable });
  const errors = loaded.problems.filter((one) => one.severity === 'error');
  if (errors.length > 0) throw new RangeError(errors.map(problemLine).join('; '));
  const bound = loaded.bind(suppliers);
  const byDirectory = exception.atoms.every((one) => one.field !== 'fd.name' || (one.comparator === 'startswith' && one.value.endsWith('/')));
  const words = { match: 'kept', pending: 'undecided', no: 'hidden' } as const;
  return rows.map((row) => {
    const eventClass: EventClass = classNames.has(row.eventClass) ? (row.eventClass as EventClass) : 'exec';
    return words[bound.evaluate(eventClass, { row, byDirectory })[0]?.answer ?? 'no'];
  });
}
