import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { answer, blockersOf, explain, verdictOn, type Answered, type Explained } from './explain.ts';
import { fieldTable } from './fields.ts';
import { needsOf } from './needs.ts';
import { loadRules } from './ruleset.ts';
import { syntheticSuppliers, type SyntheticEvent } from './synthetic.ts';

const ground = { table: fieldTable, absent: {} };

function explained(condition: string, definitions = ''): Explained {
  const text = `${definitions}- rule: r\n  desc: d\n  condition: ${JSON.stringify(condition)}\n  output: o\n  priority: INFO\n`;
  const [rule] = loadRules([{ name: 'f', text }], { keepTrees: true }).rules;
  ok(rule?.tree !== null && rule !== undefined, condition);
  const tree = explain(rule.tree, ground);
  ok(tree !== null);
  return tree;
}

function outline(node: Explained): string {
  return node.of.length === 0 ? node.label : `${node.label}(${node.of.map(outline).join(' | ')})`;
}

test('macros keep their names, lists are put in and cut', () => {
  const definitions = '- list: l\n  items: [a, b, c, d, e, f, g, h]\n- macro: m\n  condition: proc.name in (l) or proc.name = "x y"\n';
  equal(outline(explained('evt.type = execve and not m', definitions)), 'and(evt.type = execve | not(m(or(proc.name in (a, b, c, d, e, f, … 2 more) | proc.name = "x y"))))');
});

test('what becomes of each part on each event class, and why', () => {
  const tree = explained('evt.type in (execve, open) and (fd.containername = x or proc.tty != 0) and not proc.aenv contains y');
  const kinds = (node: Explained | undefined) => ['exec', 'open', 'connect'].map((one) => (node === undefined ? '' : verdictOn(node, one as 'exec').kind));
  deepEqual(kinds(tree), ['asked', 'asked', 'never']);
  deepEqual(kinds(tree.of[0]), ['always', 'always', 'never']);
  deepEqual(kinds(tree.of[1]?.of[0]), ['never', 'never', 'never']);
  deepEqual(kinds(tree.of[2]), ['always', 'always', 'always']);
  deepEqual(verdictOn(tree.of[2] ?? tree, 'exec').lacks, ['proc.aenv is not supplied on execve']);
  deepEqual(blockersOf(tree, 'connect').map((one) => one.label), ['evt.type in (execve, open)']);
  deepEqual(blockersOf(tree, 'exec'), []);
});

test('events that are known by their exact names are explained the same way', () => {
  const rule = loadRules([{ name: 'r', text: '- rule: r\n  desc: d\n  output: o\n  priority: DEBUG\n  condition: evt.type = openat and evt.type.is.openat = 1 and fd.name = x\n' }], { keepTrees: true, byName: true }).rules[0];
  const names = ['openat', 'open'];
  const table = new Map([...fieldTable, ['fd.name', { type: 'text', on: names }] as const]);
  const tree = rule?.tree == null ? null : explain(rule.tree, { table, absent: {}, byName: names });
  ok(tree !== null);
  deepEqual([...tree.on].map(([name, { kind }]) => [name, kind]), [['openat', 'asked'], ['open', 'never']]);
});

function decisive(node: Answered): readonly string[] {
  return [...(node.decided && node.node.kind === 'check' ? [`${node.node.label}: ${node.answer} (${node.values.join()})`] : []), ...node.of.flatMap(decisive)];
}

const bash: SyntheticEvent = { processes: [{ name: 'bash' }, { name: 'nginx' }, { name: 'init' }], fields: { 'proc.tty': 5, 'container.id': 'c' } };
const rows: readonly (readonly [condition: string, event: SyntheticEvent, answer: string, decided: readonly string[]])[] = [
  ['proc.name = bash and proc.tty = 0', bash, 'no', ['proc.tty = 0: no (proc.tty = 5)']],
  ['proc.name = bash or proc.tty = 0', bash, 'yes', ['proc.name = bash: yes (proc.name = "bash")']],
  ['proc.name = zsh or proc.tty = 0', bash, 'no', ['proc.name = zsh: no (proc.name = "bash")', 'proc.tty = 0: no (proc.tty = 5)']],
  ['proc.tty > 0 and not user.name = root', bash, 'yes', ['proc.tty > 0: yes (proc.tty = 5)', 'user.name = root: no (user.name = (missing))']],
  ['not (proc.tty = 5 and proc.name = bash)', bash, 'no', ['proc.tty = 5: yes (proc.tty = 5)', 'proc.name = bash: yes (proc.name = "bash")']],
  ['proc.aname = init', bash, 'yes', ['proc.aname = init: yes (proc.aname = "nginx", "init")']],
  ['proc.name = val(proc.pname)', bash, 'no', ['proc.name = val(proc.pname): no (proc.name = "bash",proc.pname = "nginx")']],
  ['fd.name = x or proc.tty = 1', bash, 'no', ['fd.name = x: no (fd.name = (not supplied here))', 'proc.tty = 1: no (proc.tty = 5)']],
  ['proc.tty = 5 and container.name = x', { ...bash, identityPending: true }, 'pending', ['container.name = x: pending (container.name = (missing))']],
];

test('with an event: each part answers, and those that decided are marked', () => {
  for (const [condition, event, expected, decided] of rows) {
    const root = answer(explained(condition), 'exec', event, ground, syntheticSuppliers);
    equal(root.answer, expected, condition);
    deepEqual(decisive(root), decided, condition);
  }
});

test('what a rule asks for by name', () => {
  const definitions = '- macro: m\n  condition: evt.type in (open, openat) and proc.name = concat(proc.pname, "x")\n';
  const text = `${definitions}- rule: r\n  desc: d\n  condition: m and not evt.arg.flags contains x and proc.aname[2] exists or evt.type = creat and proc.cwd = val(proc.exe)\n  output: o\n  priority: INFO\n`;
  const [rule] = loadRules([{ name: 'f', text }], { keepTrees: true }).rules;
  ok(rule !== undefined && rule.tree !== null);
  deepEqual(needsOf(rule.tree), { events: ['creat', 'open', 'openat'], fields: ['evt.arg.flags', 'proc.aname', 'proc.cwd', 'proc.exe', 'proc.name', 'proc.pname'] });
});
