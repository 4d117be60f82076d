import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { problemLine, type RuleProblem } from './problems.ts';
import { loadRules, type LoadOptions, type RuleSet } from './ruleset.ts';
import { absentFields } from './subject.ts';
import { syntheticSuppliers, type SyntheticEvent } from './synthetic.ts';

const rule = (name: string, condition: string, more = '') => `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: o %proc.name\n  priority: INFO\n${more}`;

function load(...texts: readonly string[]): RuleSet {
  return loadRules(texts.map((text, index) => ({ name: `f${index + 1}.yaml`, text })));
}

function lines(rules: RuleSet, severity?: RuleProblem['severity']): readonly string[] {
  return rules.problems.filter((one) => severity === undefined || one.severity === severity).map(problemLine);
}

function matching(rules: RuleSet, event: SyntheticEvent): readonly string[] {
  return rules.bind(syntheticSuppliers).evaluate('exec', event).map((match) => match.rule.name);
}

const named = (name: string, more: SyntheticEvent = {}): SyntheticEvent => ({ processes: [{ name }, { name: 'parent' }], ...more });

test('all rules that match are reported, in order', () => {
  const rules = load(rule('one', 'evt.type = execve and proc.name = a') + rule('two', 'evt.type = execve') + rule('three', 'evt.type = connect'));
  deepEqual(lines(rules), []);
  deepEqual(matching(rules, named('a')), ['one', 'two']);
  deepEqual(matching(rules, named('b')), ['two']);
  deepEqual(rules.rules.map((one) => (one.reach.kind === 'fires' ? one.reach.on : null)), [['exec'], ['exec'], ['connect']]);
});

test('lists are text, macros are trees', () => {
  const rules = load(`
- list: shells
  items: [sh, bash]
- list: more
  items: [shells, "two words", zsh]
- list: none
  items: []
- macro: spawned
  condition: (evt.type in (execve, execveat))
- macro: shell_or_more
  condition: proc.name = x or proc.name in (more)
${rule('shell', 'spawned and not shell_or_more')}${rule('words', 'spawned and proc.name in (none, more, none, other, none)')}`);
  deepEqual(lines(rules), []);
  deepEqual(matching(rules, named('bash')), ['words']);
  deepEqual(matching(rules, named('two words')), ['words']);
  deepEqual(matching(rules, named('other')), ['shell', 'words']);
  deepEqual(matching(rules, named('x')), []);
});

test('later files change earlier ones', () => {
  const base = `- list: l\n  items: [a]\n- macro: m\n  condition: proc.name in (l)\n${rule('r', 'evt.type = execve and m')}`;
  const rows: readonly (readonly [change: string, matched: string, name: string])[] = [
    ['- list: l\n  items: [b]\n  override: { items: append }', 'ab', 'list append'],
    ['- list: l\n  items: [b]\n  override: { items: replace }', 'b', 'list replace'],
    ['- list: l\n  items: [b]\n  append: true', 'ab', 'list append, old'],
    ['- list: l\n  items: [c]', 'c', 'list again'],
    ['- macro: m\n  condition: or proc.name = b\n  override: { condition: append }', 'ab', 'macro append'],
    ['- macro: m\n  condition: proc.name = c', 'c', 'macro again'],
    ['- macro: m\n  condition: (m_new)\n- macro: m_new\n  condition: proc.name = c', '', 'macros see only earlier ones'],
    ['- rule: r\n  condition: or (evt.type = execve and proc.name = c)\n  override: { condition: append }', 'ac', 'condition append binds as written'],
    ['- rule: r\n  condition: and proc.name = c\n  append: true', '', 'condition append, old'],
    ['- rule: r\n  condition: evt.type = execve and proc.name = d\n  override: { condition: replace }', 'd', 'condition replace'],
    ['- rule: r\n  enabled: false\n  override: { enabled: replace }', '', 'off'],
    ['- rule: r\n  enabled: false', '', 'off, old'],
    [rule('r', 'evt.type = execve and proc.name = d'), 'd', 'rule again'],
  ];
  for (const [change, matched, name] of rows) {
    const rules = load(base, change);
    equal(['a', 'b', 'c', 'd'].filter((one) => matching(rules, named(one)).length > 0).join(''), matched, `${name}: ${lines(rules).join('; ')}`);
  }
});

test('override of the other keys', () => {
  const rules = load(rule('r', 'evt.type = execve', '  tags: [x]\n'), `- rule: r
  output: and %proc.pname
  desc: more
  tags: [x, y]
  priority: CRITICAL
  override: { output: append, desc: append, tags: append, priority: replace }`);
  deepEqual(lines(rules), []);
  const [match] = rules.bind(syntheticSuppliers).evaluate('exec', named('a'));
  ok(match !== undefined);
  equal(match.output().text, 'o a and parent');
  deepEqual([match.rule.description, match.rule.tags, match.rule.priority], ['d more', ['x', 'y'], 'critical']);
});

const faults: readonly (readonly [text: string, line: RegExp])[] = [
  ['- rule: [', /^f1\.yaml:\d+:\d+ error: this is not YAML/],
  ['hello: world', /^f1\.yaml:1:1 error: a rule file is a list/],
  ['- 5', /^f1\.yaml:1:3 error: each item must be a mapping/],
  ['- rule: a', /^f1\.yaml:1:3 error: rule "a": a rule needs condition, output, desc, priority/],
  ['- rule: a\n  condition: x\n  output: y\n  desc: z', /the key priority is missing/],
  [rule('a', 'evt.type = execve').replace('INFO', 'LOUD'), /^f1\.yaml:5:3 error: rule "a": the priority must be one of/],
  [rule('a', 'evt.type = execve').replace('INFO', ''), /priority is empty/],
  [rule('a', 'evt.type = execve', '  enabled: maybe\n'), /enabled must be true or false/],
  [rule('a', 'evt.type = execve', '  enabeld: true\n'), /^f1\.yaml:6:3 warning: .*"enabeld" is not known.*Did you mean enabled/],
  [rule('a', 'evt.type = execve', '  desc: again\n'), /^f1\.yaml:6:3 warning: .*desc is given twice/],
  [rule('a', 'evt.type = execve', '  source: k8s_audit\n'), /warning: rule "a": its source "k8s_audit" is not supplied/],
  ['- foo: bar', /warning: this item is none of rule, macro, list/],
  ['- macro: a-b\n  condition: proc.name = x', /cannot be the name of a macro/],
  ['- list: a b\n  items: []', /cannot be the name of a list/],
  ['- list: a\n  items: [[x]]', /each entry of items must be a word/],
  ['- list: a\n  items: x', /items must be a list/],
  ['- list: a\n  items: [x]\n  override: { items: append }', /no earlier list a/],
  ['- macro: a\n  condition: or x.y = z\n  append: true', /no earlier macro a/],
  ['- rule: a\n  condition: or x.y = z\n  override: { condition: append }', /no earlier rule a/],
  [`${rule('a', 'evt.type = execve')}- rule: a\n  condition: and x\n  append: true\n  override: { condition: append }`, /append and override cannot be used together/],
  [`${rule('a', 'evt.type = execve')}- rule: a\n  desc: x\n  output: y\n  override: { desc: append }`, /output is given, but override does not say/],
  [`${rule('a', 'evt.type = execve')}- rule: a\n  desc: x\n  override: { desc: append, output: append }`, /override names output, but the item has no output/],
  [`${rule('a', 'evt.type = execve')}- rule: a\n  priority: INFO\n  override: { priority: append }`, /priority cannot be appended to/],
  [`${rule('a', 'evt.type = execve')}- rule: a\n  source: x\n  override: { source: replace }`, /source cannot be overridden/],
  [`${rule('a', 'evt.type = execve')}- rule: a\n  desc: x\n  override: { desc: prepend }`, /must be append or replace/],
  ['- required_engine_version: 99', /requires version 0\.99\.0 of the rule language; this engine has 0\.63\.0/],
  ['- required_engine_version: soon', /neither a number nor a version/],
  ['- required_plugin_versions:\n    - name: json\n      version: 0.7.0', /requires the plugin json 0\.7\.0/],
  [rule('a', 'evt.type = execve and nonsense'), /^f1\.yaml:3:36 error: rule "a": there is no macro or list nonsense/],
  [rule('a', '>\n    evt.type = execve\n    and proc.nmae = x'), /^f1\.yaml:5:9 error: rule "a": there is no field proc\.nmae/],
  [rule('a', '"evt.type = \\"execve\\" and proc.nmae = x"'), /^f1\.yaml:3:41 error: rule "a": there is no field/],
  ['- macro: m\n  condition: proc.name = m and m\n' + rule('a', 'm'), /the macro m is defined only after|the macro m uses itself/],
  ['- macro: m\n  condition: proc.name =\n' + rule('a', 'm'), /^f1\.yaml:2:\d+ error: macro m: expected a value/],
  [rule('a', 'evt.type = execve').replace('%proc.name', '%'), /^f1\.yaml:4:13 error: rule "a": in the output: a % must be followed/],
  [rule('a', 'evt.type = execve').replace('%proc.name', '%proc.nam'), /in the output: there is no field proc\.nam.*proc\.name/],
  [rule('a', 'evt.type = getpid'), /^f1\.yaml:1:3 warning: rule "a": it can never match here: it needs the event getpid/],
  [rule('a', 'evt.type = open and fd.containername contains x'), /never match here: fd\.containername is not supplied on openat/],
  [rule('a', 'evt.type = connect and evt.dir = ">"'), /never match here: evt\.dir is always "<" here/],
  [rule('a', 'evt.num = 0'), /never match here: its condition can never be true/],
  [rule('a', 'evt.type = listen and fd.num = 3'), /the value of fd\.num is not known on listen/],
  [rule('a', 'evt.type = execve and not fd.lip.name = x'), /note: rule "a": fd\.lip\.name has no value here, so its exclusion never applies/],
  [rule('a', 'evt.type = execve and (proc.name = a or proc.aenv contains x)'), /note: rule "a": proc\.aenv has no value here, so its check never holds/],
  [rule('a', 'evt.type = execveat'), /note: rule "a": execveat is not told from execve here/],
  [rule('a', 'proc.name = a'), /warning: rule "a": it names no event type/],
];

test('faults are told with file, line and column, and the rest loads', () => {
  for (const [text, line] of faults) {
    const rules = load(text, rule('good', 'evt.type = execve'));
    ok(lines(rules).some((one) => line.test(one)), `${text}\n→ ${lines(rules).join('\n→ ')}`);
    ok(rules.rules.some((one) => one.name === 'good'));
  }
});

test('a file that asks for more than the engine has is refused whole', () => {
  const rules = load(`${rule('early', 'evt.type = execve')}- required_engine_version: 0.64.0\n`, rule('good', 'evt.type = execve'));
  deepEqual(rules.rules.map((one) => one.name), ['good']);
  for (const version of ['57', '0.57.0', '"0.63.0"']) equal(load(`- required_engine_version: ${version}\n${rule('r', 'evt.type = execve')}`).rules.length, 1, version);
  const plugins = '- required_plugin_versions:\n    - name: other\n      version: 1.0.0\n      alternatives: [{ name: container, version: 0.4.0 }]\n';
  equal(load(plugins + rule('r', 'evt.type = execve')).rules.length, 1);
});

test('exceptions', () => {
  const more = `  exceptions:
    - name: tuples
      fields: [proc.name, proc.pname]
      comps: [=, startswith]
      values:
        - [a, par]
        - [b, "two words"]
    - name: single
      fields: proc.args
      values: [x, "y z", words]
    - name: compound
      fields: proc.cwd
      comps: startswith anyof
      values: [/tmp, /var]
    - name: empty
      fields: [proc.name]
`;
  const text = `- list: words\n  items: [w1, w2]\n${rule('r', 'evt.type = execve or evt.type = connect', more)}`;
  const append = '- rule: r\n  exceptions:\n    - name: tuples\n      values: [[c, parent]]\n    - name: new\n      fields: [proc.name, proc.tty]\n      comps: [in, =]\n      values: [[[d, e], 5]]\n  override: { exceptions: append }\n';
  const rules = load(text);
  const changed = load(text, append);
  deepEqual(lines(rules), []);
  deepEqual(lines(changed), []);
  const rows: readonly (readonly [event: SyntheticEvent, before: boolean, after: boolean])[] = [
    [named('a'), false, false],
    [named('b'), true, true],
    [named('c'), true, false],
    [named('d', { fields: { 'proc.tty': 5 } }), true, false],
    [named('d', { fields: { 'proc.tty': 6 } }), true, true],
    [named('z', { arguments: ['y', 'z'] }), false, false],
    [named('z', { arguments: ['w2'] }), false, false],
    [named('z', { fields: { 'proc.cwd': '/var/x/' } }), false, false],
    [named('z'), true, true],
  ];
  for (const [event, before, after] of rows) {
    deepEqual([matching(rules, event).length > 0, matching(changed, event).length > 0], [before, after], JSON.stringify(event));
  }
});

test('exceptions that are not well formed', () => {
  const exception = (text: string) => rule('r', 'evt.type = execve', `  exceptions:\n    - ${text}\n`);
  const rows: readonly (readonly [text: string, fault: RegExp])[] = [
    [exception('{ name: e }'), /exception e has no fields/],
    [exception('{ fields: [proc.name] }'), /in an exception: the key name is missing/],
    [exception('{ name: e, fields: [proc.name], comps: [=, =] }'), /1 fields and 2 comparators/],
    [exception('{ name: e, fields: [proc.name], comps: [like] }'), /like is not a comparator/],
    [exception('{ name: e, fields: proc.name, comps: = }'), /needs a comparator that takes a list/],
    [exception('{ name: e, fields: [proc.name, proc.tty], values: [[a]] }'), /must be a list of 2/],
    [exception('{ name: e, fields: proc.name, values: [[a]] }'), /words, not lists/],
    [exception('{ name: e, fields: [proc.nmae], values: [[a]] }'), /^f1\.yaml:7:\d+ error: .*no field proc\.nmae/],
    [`${exception('{ name: e, fields: proc.name }')}- rule: r\n  exceptions:\n    - { name: e, fields: proc.name, values: [a] }\n  override: { exceptions: append }`, /only values can be added/],
  ];
  for (const [text, fault] of rows) ok(lines(load(text), 'error').some((one) => fault.test(one)), `${text}\n→ ${lines(load(text)).join('\n')}`);
});

test('skip-if-unknown-filter skips for unknown names only', () => {
  const more = '  skip-if-unknown-filter: true\n';
  const skipped = load(rule('r', 'evt.type = execve and no.such = x', more));
  deepEqual([skipped.rules.length, lines(skipped, 'error').length], [0, 0]);
  ok(lines(skipped, 'warning').some((one) => /no field no\.such.*skipped, as it asks to be/.test(one)));
  ok(lines(load(rule('r', 'evt.type = execve and proc.tty = x', more)), 'error').length > 0);
});

test('selection: minimum priority, and switches in order', () => {
  const text = rule('Run a shell', 'evt.type = execve', '  tags: [x]\n') + rule('off', 'evt.type = execve', '  enabled: false\n').replace('INFO', 'ERROR');
  const rows: readonly (readonly [options: LoadOptions, enabled: readonly string[]])[] = [
    [{}, ['Run a shell']],
    [{ minimumPriority: 'error', switches: [{ enable: true, rule: '*' }] }, ['off']],
    [{ switches: [{ enable: false, rule: '*' }, { enable: true, tag: 'x' }] }, ['Run a shell']],
    [{ switches: [{ enable: true, rule: 'o*' }, { enable: false, tag: 'x' }] }, ['off']],
    [{ switches: [{ enable: false, rule: 'Run ? shell' }] }, ['Run a shell']],
  ];
  for (const [options, enabled] of rows) deepEqual(loadRules([{ name: 'f', text }], options).enabled.map((one) => one.name), enabled);
});

test('what this node lacks is part of the answer', () => {
  const text = rule('connects', 'evt.type = connect') + rule('terminal', 'evt.type = execve and proc.tty != 0');
  const suppliers = { ...syntheticSuppliers, fields: { ...syntheticSuppliers.fields, 'proc.tty': null } };
  const rules = loadRules([{ name: 'f', text }], { absent: { classes: new Set(['connect']), fields: absentFields(suppliers) } });
  deepEqual(lines(rules).map((one) => one.replace(/^.*never match here: /, '')), ['this node does not see connect, which is outgoing connections: no hook is attached [cannot-fire]', 'proc.tty is not supplied on execve [cannot-fire]']);
  deepEqual(rules.bind(suppliers).looksAt('exec'), false);
});

test('macros that double at each level are refused, not unfolded', () => {
  const macros = Array.from({ length: 40 }, (_, index) => `- macro: m${index}\n  condition: ${index === 0 ? 'proc.name = a' : `m${index - 1} or m${index - 1}`}\n`).join('');
  ok(lines(load(macros + rule('r', 'm39')), 'error').some((one) => one.includes('more than 100000 checks')));
});

test('aliases do not unfold a small file into a large one', () => {
  const levels = Array.from({ length: 12 }, (_, index) => `- &l${index} [${Array.from({ length: 10 }, () => (index === 0 ? 'x' : `*l${index - 1}`)).join(', ')}]\n`).join('');
  ok(lines(load(levels), 'error').some((one) => /aliases|values|nested/.test(one)));
  ok(lines(load('['.repeat(200_000)), 'error').length > 0);
});

test('no text makes loading or asking throw', () => {
  const text = `- list: l\n  items: [a, "b c"]\n- macro: m\n  condition: proc.name in (l)\n${rule('r', '>\n    evt.type in (execve) and not m\n    and basename(proc.exepath) != val(proc.name)', '  exceptions: [{ name: e, fields: [proc.name, proc.tty], comps: [in, "="], values: [[[a], 1]] }]\n')}`;
  const piece = fc.constantFrom('"', "'", '(', ')', '[', ']', '{', '}', ':', '- ', '\n', '  ', '%', '\\', '&a ', '*a ', '!!x ', '|', '>', ' and ', ' or ', 'not ', ' in ', '\u0000', '\ud800', 'val(', 'len(', '~', '#', '---\n', '');
  const edit = fc.record({ at: fc.nat(text.length), drop: fc.nat(12), piece });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
      const broken = edits.reduce((current, one) => current.slice(0, one.at) + one.piece + current.slice(one.at + one.drop), text);
      const rules = load(broken);
      rules.interests();
      for (const match of rules.bind(syntheticSuppliers).evaluate('exec', named('z'))) match.output();
    }),
    { numRuns: 300 },
  );
});

test('what unfolds is bounded, and told', () => {
  const list = (name: string, items: string) => `- list: ${name}\n  items: [${items}]\n`;
  const rows: readonly (readonly [text: string, told: RegExp])[] = [
    [list('l', Array.from({ length: 40_000 }, (_, index) => `item${index}`).join(', ')) + Array.from({ length: 100 }, (_, index) => rule(`r${index}`, 'proc.name in (l)')).join(''), /all of them together|too long/],
    [`- macro: m\n  condition: ${Array.from({ length: 2000 }, (_, index) => `proc.tty = ${index}`).join(' or ')}\n` + Array.from({ length: 60 }, (_, index) => rule(`r${index}`, 'evt.type = execve and m')).join(''), /all rules together have more than 100000 checks/],
    [rule('r', 'evt.type = execve') + '- rule: r\n  condition: or proc.tty = 1\n  override: { condition: append }\n'.repeat(1500), /appended to at most 1000 times/],
    [rule('r', `${'no.such = 1 or '.repeat(500)}proc.name = a`), /there is no field no\.such/],
    [rule('r', `${'a or not (b and '.repeat(700)}c${')'.repeat(700)}`), /nested more than 1000 deep/],
  ];
  for (const [text, told] of rows) {
    const errors = lines(load(text), 'error');
    ok(errors.some((one) => told.test(one)), `${text.slice(0, 60)}: ${errors.slice(0, 3).join('\n')}`);
    ok(errors.length <= 5001);
  }
});

test('nesting up to the bound works in every step', () => {
  const deep = 'proc.name = a or not (proc.tty = 1 and '.repeat(330);
  const rules = load(rule('r', `evt.type = execve and (${deep}proc.name = b${')'.repeat(330)})`));
  deepEqual(lines(rules, 'error'), []);
  rules.interests();
  equal(matching(rules, named('a')).length, 1);
});
