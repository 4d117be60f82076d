/**
 * A file of tests for rules → whether the rules do what it says. Each test is an event and what must come of it: `fires`
 * names all the rules that match (an empty list: none), `silent` names rules that must not, `pending` those that wait for
 * the container's identity; `output` is what the one rule that fires prints. For rules with a sequence or a count a test has
 * `events`, each `at` its time; what is said of the test is said of all of them together, and each may say what it alone
 * must fire. Everything faulty is told with its place.
 */
import type { FieldTable } from '../field-table.ts';
import { fieldTable } from '../fields.ts';
import { readDocuments, type Node } from '../load/document.ts';
import { MapReader } from '../load/map-reader.ts';
import { durationMsOf } from '../load/read-window.ts';
import { didYouMean, ruleProblem, type Place, type RuleProblem } from '../problems.ts';
import type { RuleSet } from '../ruleset.ts';
import { syntheticSuppliers } from '../synthetic.ts';
import { readEvent, type TrialEvent } from './event.ts';

interface Named {
  readonly name: string;
  readonly place: Place;
}

export interface RuleTest {
  readonly name: string;
  readonly place: Place;
  /** In the order in which they come. */
  readonly trials: readonly TimedTrial[];
  /** Null: whatever else fires. */
  readonly fires: readonly Named[] | null;
  readonly silent: readonly Named[];
  readonly pending: readonly Named[];
  readonly output: string | null;
}

export interface TimedTrial extends TrialEvent {
  /** What this event alone must fire; null: not said. */
  readonly fires: readonly Named[] | null;
  readonly place: Place;
}

export interface RuleTestFile {
  /** Rule files as they are written, from the folder of the test file. Empty: not said. */
  readonly rules: readonly string[];
  readonly tests: readonly RuleTest[];
  readonly problems: readonly RuleProblem[];
}

const testsMax = 10_000;
const eventsMax = 2000;

export function readRuleTests(file: string, text: string, table: FieldTable = fieldTable): RuleTestFile {
  const { roots, problems } = readDocuments(file, text);
  const [root] = roots;
  if (problems.length > 0 || root?.kind !== 'map') {
    const shape = ruleProblem('test-invalid', 'a test file is a mapping with rules and tests', root?.place ?? { file, line: 1, column: 1 });
    return { rules: [], tests: [], problems: problems.length > 0 ? problems : [shape] };
  }
  const reader = new MapReader(root, null);
  const rules = reader.has('rules') ? (reader.words('rules') ?? []) : [];
  const node = reader.node('tests');
  reader.finish([]);
  const found = [...reader.problems];
  if (node?.kind !== 'list' || node.items.length > testsMax) {
    return { rules: [], tests: [], problems: [...found, ruleProblem('test-invalid', `tests is a list of at most ${testsMax} tests`, node?.place ?? root.place)] };
  }
  const tests: RuleTest[] = [];
  for (const item of node.items) {
    const read = readTest(item, table);
    found.push(...read.problems);
    if (read.test !== null) tests.push(read.test);
  }
  return { rules: rules.map((word) => word.text), tests, problems: found };
}

function readTest(node: Node, table: FieldTable): { readonly test: RuleTest | null; readonly problems: readonly RuleProblem[] } {
  if (node.kind !== 'map') return { test: null, problems: [ruleProblem('test-invalid', 'a test is a mapping with name, event and fires or silent', node.place)] };
  const reader = new MapReader(node, null);
  const name = reader.required('name');
  const trials = reader.has('events') ? readEvents(reader, table) : readAlone(reader, table);
  const [fires, silent, pending] = [named(reader, 'fires'), named(reader, 'silent'), named(reader, 'pending')];
  const output = reader.text('output')?.text ?? null;
  reader.finish([]);
  if (fires === null && silent === null && pending === null && trials?.some((one) => one.fires !== null) !== true) reader.report('test-invalid', 'say what must come of it: fires, silent or pending');
  const usable = name !== null && trials !== null && !reader.failed && reader.problems.every((one) => one.code !== 'key-unknown');
  return { test: usable ? { name, place: node.place, trials, fires, silent: silent ?? [], pending: pending ?? [], output } : null, problems: reader.problems };
}

function named(reader: MapReader, key: string): readonly Named[] | null {
  const words = reader.has(key) ? reader.words(key) : null;
  return words === null ? null : words.map((word) => ({ name: word.text, place: word.place }));
}

function readAlone(reader: MapReader, table: FieldTable): readonly TimedTrial[] | null {
  const trial = readEvent(reader, table);
  return trial === null ? null : [{ ...trial, fires: null, place: reader.place }];
}

function readEvents(reader: MapReader, table: FieldTable): readonly TimedTrial[] | null {
  const node = reader.node('events');
  if (reader.has('event')) reader.report('test-invalid', 'a test has event or events, not both', reader.placeOf('event'));
  if (node?.kind !== 'list' || node.items.length === 0 || node.items.length > eventsMax) {
    reader.report('test-invalid', `events is a list of 1 to ${eventsMax} events`, node?.place ?? reader.place);
    return null;
  }
  const trials: TimedTrial[] = [];
  let lastMs = 0;
  for (const item of node.items) {
    const read = item.kind === 'map' ? readTimed(new MapReader(item, null), table, lastMs) : { trial: null, problems: [ruleProblem('test-invalid', 'each of the events is a mapping', item.place)], atMs: lastMs };
    reader.problems.push(...read.problems);
    lastMs = read.atMs;
    if (read.trial !== null) trials.push(read.trial);
  }
  return reader.failed ? null : trials;
}

interface ReadTimed {
  readonly trial: TimedTrial | null;
  readonly problems: readonly RuleProblem[];
  readonly atMs: number;
}

/** Without `at` it comes when the one before did. */
function readTimed(reader: MapReader, table: FieldTable, lastMs: number): ReadTimed {
  const at = reader.text('at')?.text;
  const atMs = at === undefined ? lastMs : durationMsOf(at);
  if (atMs === null) reader.report('test-invalid', 'at is a time such as 0s, 1500ms or 2m', reader.placeOf('at'));
  const trial = readEvent(reader, table);
  const fires = named(reader, 'fires');
  reader.finish([]);
  const problems = reader.problems.map((one) => (one.code === 'key-unknown' ? ruleProblem('test-invalid', one.message, one.place) : one));
  if (trial === null || atMs === null) return { trial: null, problems, atMs: lastMs };
  const fields = { 'evt.time': `+${atMs / 1000}s`, ...trial.event.fields };
  return { trial: { ...trial, event: { ...trial.event, fields, timeNs: atMs * 1e6 }, fires, place: reader.place }, problems, atMs };
}

export interface TestResult {
  readonly test: RuleTest;
  /** Why it failed; empty: it passed. */
  readonly failures: readonly { readonly message: string; readonly place: Place; readonly rule: string | null }[];
}

export function runRuleTest(test: RuleTest, rules: RuleSet): TestResult {
  const failures: { message: string; place: Place; rule: string | null }[] = [];
  const fail = (message: string, place: Place, rule: string | null = null) => failures.push({ message, place, rule });
  const bound = rules.bind(syntheticSuppliers);
  const each = test.trials.map(({ eventClass, event }) => bound.evaluate(eventClass, event));
  const matches = each.flat();
  const fired = matches.filter((one) => one.answer === 'match');
  const waiting = matches.filter((one) => one.answer === 'pending').map((one) => one.rule.name);
  for (const { name, place } of [...(test.fires ?? []), ...test.silent, ...test.pending, ...test.trials.flatMap((one) => one.fires ?? [])]) {
    const rule = rules.rules.find((one) => one.name === name);
    if (rule === undefined) fail(`there is no rule ${JSON.stringify(name)}.${didYouMean(name, rules.rules.map((one) => one.name))}`, place);
    else if (!rule.enabled) fail(`the rule ${JSON.stringify(name)} is switched off`, place, name);
  }
  if (failures.length > 0) return { test, failures };
  for (const { name, place } of test.fires ?? []) {
    if (!fired.some((one) => one.rule.name === name)) fail(`${JSON.stringify(name)} must fire${waiting.includes(name) ? ', but it waits for the identity of the container' : ', but is silent'}`, place, name);
  }
  for (const { rule } of fired) {
    const place = test.silent.find((one) => one.name === rule.name)?.place ?? (test.fires !== null && !test.fires.some((one) => one.name === rule.name) ? test.place : null);
    if (place !== null) fail(`${JSON.stringify(rule.name)} must be silent, but fires`, place, rule.name);
  }
  test.trials.forEach((trial, index) => {
    if (trial.fires === null) return;
    const wanted = new Set(trial.fires.map((one) => one.name));
    const got = new Set((each[index] ?? []).filter((one) => one.answer === 'match').map((one) => one.rule.name));
    for (const { name, place } of trial.fires) if (!got.has(name)) fail(`${JSON.stringify(name)} must fire on event ${index + 1}, but is silent`, place, name);
    for (const name of got) if (!wanted.has(name)) fail(`${JSON.stringify(name)} must be silent on event ${index + 1}, but fires`, trial.place, name);
  });
  for (const { name, place } of test.pending) if (!waiting.includes(name)) fail(`${JSON.stringify(name)} must wait for the identity of the container, but ${fired.some((one) => one.rule.name === name) ? 'fires' : 'is silent'}`, place, name);
  if (test.output !== null) {
    const printed = fired.map((one) => one.output().text);
    if (!printed.includes(test.output)) fail(`the output must be ${JSON.stringify(test.output)}, not ${printed.map((one) => JSON.stringify(one)).join(' or ') || 'nothing, for nothing fires'}`, test.place);
  }
  return { test, failures };
}
