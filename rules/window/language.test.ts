/** The key `vedette` of a rule as it is written: what is refused and where, what it means, and how a set of rules answers. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { EventClass } from '../events.ts';
import { problemLine } from '../problems.ts';
import { loadRules, type RuleSet } from '../ruleset.ts';
import { syntheticSuppliers, type SyntheticEvent } from '../synthetic.ts';
import type { Asking } from './gate.ts';
import { Windows } from './windows.ts';

function ruleOf(vedette: string, condition = 'evt.type = execve and proc.name = last'): RuleSet {
  return loadRules([{ name: 'r.yaml', text: `- rule: r\n  desc: d\n  condition: ${condition}\n  output: last %proc.name\n  priority: NOTICE\n  vedette: ${vedette}\n` }]);
}

const first = 'evt.type = openat and evt.is_open_write = true';

const faults: readonly (readonly [vedette: string, fault: RegExp])[] = [
  ['x', /^r\.yaml:6:12 error: rule "r": vedette is a mapping/],
  ['{}', /^r\.yaml:6:\d+ error: rule "r": in vedette: say sequence or count \[window-invalid\]/],
  [`{ sequence: [evt.type = openat], count: 3, within: 1s, by: [] }`, /sequence and count cannot be used together/],
  ['{ count: 3, by: [] }', /the key within is missing/],
  ['{ count: 3, within: 1, by: [] }', /^r\.yaml:6:24 error: .*within is a time from 1ms to 24h/],
  ['{ count: 3, within: 25h, by: [] }', /from 1ms to 24h/],
  ['{ count: 3, within: 0s, by: [] }', /from 1ms to 24h/],
  ['{ count: 3, within: 1s }', /the key by is missing: the fields that must be equal, or \[\] for all events together/],
  ['{ count: 1, within: 1s, by: [] }', /count is a whole number from 2 to 1000/],
  ['{ count: many, within: 1s, by: [] }', /^r\.yaml:6:14 error: .*count is a whole number/],
  ['{ count: 3, within: 1s, by: proc.pid }', /by is a list of at most 8 fields/],
  ['{ count: 3, within: 1s, by: [proc.pdi] }', /^r\.yaml:6:41 error: rule "r": there is no field proc\.pdi\. Did you mean .*proc\.pid/],
  ['{ count: 3, within: 1s, by: [proc.pid x] }', /expected nothing behind the field, found "x"/],
  ['{ count: 3, within: 1s, by: ["7"] }', /expected a field/],
  ['{ count: 3, within: 1s, by: [proc.aname] }', /proc\.aname stands for several values of one event/],
  ['{ count: 3, within: 1s, by: [], distinct: fd.ip }', /fd\.ip stands for several values/],
  ['{ count: 3, within: 1s, by: [], distnct: fd.name }', /^r\.yaml:6:44 error: .*"distnct" is not known and has no effect\. Did you mean distinct\? \[window-invalid\]/],
  ['{ sequence: [], within: 1s, by: [] }', /sequence is a list of 1 to 7 steps/],
  [`{ sequence: [${first}], within: 1s, by: [], distinct: fd.name }`, /distinct belongs to count/],
  [`{ sequence: [{ by: [] }], within: 1s, by: [] }`, /the step has no condition/],
  [`{ sequence: [{ condition: evt.type = openat, by: [fd.name] }], within: 1s, by: [] }`, /has as many fields under by as the rule, which has 0/],
  [`{ sequence: [{ condition: evt.type = openat, whith: x }], within: 1s, by: [] }`, /"whith" is not known/],
  ['{ sequence: [evt.type = openat and fd.nmae = x], within: 1s, by: [] }', /^r\.yaml:6:\d+ error: rule "r": there is no field fd\.nmae/],
  ['{ sequence: [evt.type = openat and (], within: 1s, by: [] }', /condition-invalid/],
  ['{ sequence: [no_such_macro], within: 1s, by: [] }', /macro-unknown/],
  ['{ sequence: [{ condition: evt.type = openat, output: "%no.such" }], within: 1s, by: [] }', /in the output: there is no field no\.such/],
];

test('what is not well formed is an error with its place, and the rule is left out', () => {
  for (const [vedette, fault] of faults) {
    const rules = ruleOf(vedette);
    ok(rules.problems.some((one) => one.severity === 'error' && fault.test(problemLine(one))), `${vedette}: ${rules.problems.map(problemLine).join('\n')}`);
    equal(rules.rules.length, 0, vedette);
  }
});

test('a rule is changed as a whole, not in its sequence', () => {
  const text = `- rule: r\n  desc: d\n  condition: evt.type = execve\n  output: o\n  priority: NOTICE\n  vedette: { count: 2, within: 1s, by: [] }\n`;
  const changed = loadRules([{ name: 'a', text }, { name: 'b', text: '- rule: r\n  tags: [x]\n  override: { tags: append }\n' }]);
  deepEqual([changed.problems, changed.rules[0]?.window?.count, changed.rules[0]?.tags], [[], 2, ['x']]);
  const refused = loadRules([{ name: 'a', text }, { name: 'b', text: '- rule: r\n  tags: [x]\n  vedette: { count: 3, within: 1s, by: [] }\n  override: { tags: append }\n' }]);
  match(refused.problems.map(problemLine).join(), /vedette cannot be changed by append or override/);
  equal(loadRules([{ name: 'a', text }, { name: 'b', text: text.replace(/ {2}vedette.*\n/, '') }]).rules[0]?.window, null, 'a whole rule replaces it');
});

test('a step that can never match here makes the rule dead, and says which; each step\'s events are wanted', () => {
  const sound = ruleOf(`{ sequence: [${first}], within: 1s, by: [proc.name] }`);
  deepEqual(sound.rules[0]?.reach, { kind: 'fires', on: ['open', 'openFailed', 'exec'], undecided: [] });
  deepEqual([...new Set(sound.interests().map((one) => one.eventClass))].sort(), [...(sound.rules[0]?.conditions.keys() ?? [])].sort());
  const dead = ruleOf('{ sequence: [evt.type = openat and evt.buffer contains x], within: 1s, by: [] }');
  match(dead.problems.map(problemLine).join(), /it can never match here: step 1 of its sequence can never match here: .*evt\.buffer/);
  const keyless = ruleOf(`{ sequence: [${first}], within: 1s, by: [fd.name] }`);
  match(keyless.problems.map(problemLine).join(), /it can never match here: fd\.name is not supplied on execve/);
});

interface Step {
  readonly atMs: number;
  readonly on: EventClass;
  readonly event: SyntheticEvent;
  readonly asking?: Asking;
}

function answers(rules: RuleSet, steps: readonly Step[]): readonly string[] {
  const bound = rules.bind(syntheticSuppliers);
  return steps.map(({ atMs, on, event, asking = {} }) => bound.evaluate(on, { ...event, timeNs: atMs * 1e6, fields: { 'evt.type': on === 'exec' ? 'execve' : 'openat', 'evt.time': `+${atMs}`, ...event.fields } }, asking)
    .map((one) => `${one.answer}${one.fired?.identityPending === true ? ' on pending identity' : ''}: ${one.output().text}; ${one.output().fields.filter(({ name }) => name.startsWith('vedette')).map(({ name, text }) => `${name}=${text}`).join('; ')}`).join());
}

const writes = (name: string, more: Partial<SyntheticEvent> = {}): SyntheticEvent => ({ processes: [{ name: 'curl', exepath: '/bin/curl', cmdline: 'curl x' }], ...more, fields: { 'fd.name': name, 'evt.is_open_write': true, ...more.fields } });
const runs = (exepath: string, more: Partial<SyntheticEvent> = {}): SyntheticEvent => ({ processes: [{ name: 'last', exepath }], ...more });

test('an alert holds what came before it, as the steps say it', () => {
  const rules = ruleOf(`{ sequence: [{ condition: ${first}, by: [fd.name] }], within: 1s, by: [proc.exepath] }`);
  deepEqual(answers(rules, [{ atMs: 0, on: 'open', event: writes('/x') }, { atMs: 1, on: 'open', event: writes('/y') }, { atMs: 900, on: 'exec', event: runs('/y') }, { atMs: 950, on: 'exec', event: runs('/y') }, { atMs: 1000, on: 'exec', event: runs('/x') }]), [
    '', '', 'match: last last; vedette.step[1]=+1 openat by /bin/curl: curl x, fd.name /y', '', 'match: last last; vedette.step[1]=+0 openat by /bin/curl: curl x, fd.name /x',
  ]);
  const own = ruleOf(`{ sequence: [{ condition: ${first}, by: [fd.name], output: "wrote %fd.name" }], within: 1s, by: [proc.exepath] }`);
  match(answers(own, [{ atMs: 5, on: 'open', event: writes('/x') }, { atMs: 6, on: 'exec', event: runs('/x') }])[1] ?? '', /vedette\.step\[1\]=\+5 wrote \/x$/);
});

test('an event without one of the values takes no part', () => {
  const rules = ruleOf(`{ sequence: [${first}], within: 1s, by: [proc.tty] }`);
  deepEqual(answers(rules, [{ atMs: 0, on: 'open', event: writes('/x') }, { atMs: 1, on: 'exec', event: runs('/x') }]), ['', '']);
  const given = { fields: { 'proc.tty': 4 } };
  equal(answers(rules, [{ atMs: 0, on: 'open', event: writes('/x', given) }, { atMs: 1, on: 'exec', event: runs('/x', given) }])[1]?.startsWith('match'), true);
});

test('equal values are equal as a whole: no two lists of them are taken for one', () => {
  const rules = ruleOf(`{ sequence: [{ condition: ${first}, by: [fd.name, proc.name] }], within: 1s, by: [proc.exepath, proc.cmdline] }`);
  deepEqual(answers(rules, [{ atMs: 0, on: 'open', event: { ...writes('/a1'), processes: [{ name: '2:b' }] } }, { atMs: 1, on: 'exec', event: { processes: [{ name: 'last', exepath: '/a', cmdline: '12:b' }] } }]), ['', '']);
});

test('a count has its number and those before; distinct values count once', () => {
  const rules = ruleOf('{ count: 3, within: 1s, by: [], distinct: proc.exepath }');
  deepEqual(answers(rules, ['/a', '/a', '/b', '/b', '/c', '/d'].map((path, index) => ({ atMs: index * 10, on: 'exec' as const, event: runs(path) }))).map((one) => one.split(',')[0]), ['', '', '', '', 'match: last last; vedette.count=3; vedette.step[1]=+0 execve by /a: <NA>', '']);
});

test('while an identity is not known, an event waits and is remembered only when it is decided; behind it wait the next', () => {
  const rules = ruleOf(`{ sequence: ["${first} and not container.image = ok"], within: 1s, by: [] }`);
  const inside = { fields: { 'container.id': 'c' }, identityPending: true };
  const pending = writes('/x', inside);
  deepEqual(answers(rules, [
    { atMs: 0, on: 'open', event: pending },
    { atMs: 1, on: 'exec', event: runs('/x', inside) },
    { atMs: 1, on: 'exec', event: runs('/x', inside), asking: { behind: new Set(['r']) } },
    { atMs: 0, on: 'open', event: pending, asking: { only: new Set(['r']), decided: true } },
    { atMs: 1, on: 'exec', event: runs('/x', inside), asking: { only: new Set(['r']), decided: true } },
  ]).map((one) => one.split(':')[0]), ['pending', '', 'pending', '', 'match on pending identity']);
  const known = { fields: { 'container.id': 'c', 'container.image': 'ok' } };
  deepEqual(answers(rules, [{ atMs: 0, on: 'open', event: writes('/x', known) }, { atMs: 1, on: 'exec', event: runs('/x', known) }]), ['', '']);
});

test('what rules remember outlives them when it is handed on', () => {
  const windows = new Windows();
  const vedette = `{ sequence: [${first}], within: 1s, by: [] }`;
  ruleOf(vedette).bind(syntheticSuppliers, { windows }).evaluate('open', { ...writes('/x'), timeNs: 1 });
  equal(ruleOf(vedette).bind(syntheticSuppliers, { windows }).evaluate('exec', { ...runs('/x'), timeNs: 2 }).length, 1);
});
