/** Proposals as tables; that none hides what was confirmed, and that search and engine agree, as properties. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadRules } from '../ruleset.ts';
import { backTest } from './back-test.ts';
import { exceptionsYaml, listNames, type Atom } from './exception.ts';
import { holds, proposeExceptions } from './propose.ts';
import { foldKeyOf, keptFields, storedValue, variedBetween, type StoredDetection } from './stored.ts';

const rule = 'Read of sources';
const none: ReadonlySet<string> = new Set();

function row(fields: Readonly<Record<string, string | null>>, more: Partial<StoredDetection> = {}): StoredDetection {
  const all = Object.fromEntries(keptFields.map((name) => [name, null]));
  return { eventClass: 'open', fields: { ...all, ...fields }, varied: [], identityPending: false, inContainer: fields['container.image.repository'] !== undefined, count: 1, ...more };
}

const build = { 'proc.name': 'gcc', 'proc.exepath': '/usr/bin/gcc', 'proc.pname': 'make', 'user.name': 'root', 'container.image.repository': 'registry.test/builder', 'k8s.ns.name': 'ci' };

interface Case {
  readonly name: string;
  readonly noise: readonly StoredDetection[];
  readonly confirmed?: readonly StoredDetection[];
  readonly lists?: readonly string[];
  /** Atoms of each exception. */
  readonly proposes: readonly string[];
  readonly hidden: number;
}

const cases: readonly Case[] = [
  {
    name: 'all that agrees is asked for, of files their directory',
    noise: Array.from({ length: 40 }, (_, at) => row({ ...build, 'fd.name': `/src/linux/drivers/${at % 4}/f${at}.c` })),
    proposes: ['proc.name = gcc, proc.exepath = /usr/bin/gcc, proc.pname = make, user.name = root, fd.name startswith /src/linux/drivers/, container.image.repository = registry.test/builder, k8s.ns.name = ci'],
    hidden: 40,
  },
  {
    name: 'a few elsewhere are given up for the narrower form',
    noise: [...Array.from({ length: 95 }, (_, at) => row({ ...build, 'fd.name': `/src/a/f${at}` })), ...Array.from({ length: 5 }, (_, at) => row({ ...build, 'fd.name': `/etc/f${at}` }))],
    proposes: ['proc.name = gcc, proc.exepath = /usr/bin/gcc, proc.pname = make, user.name = root, fd.name startswith /src/a/, container.image.repository = registry.test/builder, k8s.ns.name = ci',
      'proc.name = gcc, proc.exepath = /usr/bin/gcc, proc.pname = make, user.name = root, fd.name startswith /etc/, container.image.repository = registry.test/builder, k8s.ns.name = ci'],
    hidden: 100,
  },
  {
    name: 'two programs are two exceptions',
    noise: [row({ ...build, 'proc.pname': 'a' }, { count: 70 }), row({ ...build, 'proc.name': 'ld', 'proc.exepath': '/usr/bin/ld', 'proc.pname': 'b' }, { count: 30 })],
    proposes: ['proc.name = gcc, proc.exepath = /usr/bin/gcc, proc.pname = a, user.name = root, container.image.repository = registry.test/builder, k8s.ns.name = ci',
      'proc.name = ld, proc.exepath = /usr/bin/ld, proc.pname = b, user.name = root, container.image.repository = registry.test/builder, k8s.ns.name = ci'],
    hidden: 100,
  },
  {
    name: 'what was confirmed is spared by a narrower one',
    noise: [row({ ...build, 'user.name': 'www', 'fd.name': '/srv/a' }, { count: 40 }), row({ ...build, 'user.name': 'app', 'fd.name': '/srv/a' }, { count: 60 })],
    confirmed: [row({ ...build, 'user.name': 'www', 'fd.name': '/srv/a' })],
    proposes: ['proc.name = gcc, proc.exepath = /usr/bin/gcc, proc.pname = make, user.name = app, fd.name = /srv/a, container.image.repository = registry.test/builder, k8s.ns.name = ci'],
    hidden: 60,
  },
  { name: 'exactly what was confirmed is not excepted', noise: [row(build, { count: 50 })], confirmed: [row(build)], proposes: [], hidden: 0 },
  { name: 'nor what may have been confirmed', noise: [row(build, { count: 50 })], confirmed: [row({}, { varied: [...keptFields] })], proposes: [], hidden: 0 },
  { name: 'nothing is proposed on an identity that was not known', noise: [row(build, { count: 50, identityPending: true })], proposes: [], hidden: 0 },
  { name: 'nor for a container whose image was not known yet', noise: [row({ ...build, 'container.image.repository': null }, { count: 50 })], proposes: [], hidden: 0 },
  { name: 'a namespace that was not told yet may be the one', noise: [row(build, { count: 50 })], confirmed: [row({ ...build, 'k8s.ns.name': null })], proposes: [], hidden: 0 },
  { name: 'nor on what was not stored', noise: [{ ...row({}), fields: {}, count: 50 }], proposes: [], hidden: 0 },
  { name: 'nor for whatever runs in an image', noise: Array.from({ length: 60 }, (_, at) => row({ ...build, 'proc.name': `p${at}`, 'proc.exepath': `/bin/p${at}`, 'proc.pname': `q${at}` })), proposes: [], hidden: 0 },
  { name: 'a value that is the name of a list is not used', noise: [row(build, { count: 50 })], lists: ['gcc', '/usr/bin/gcc', 'make'], proposes: [], hidden: 0 },
  { name: 'nor one that the language would read otherwise', noise: [row({ ...build, 'proc.name': 'a,(b)', 'proc.exepath': '/bin/"x"', 'proc.pname': 'c\\n' }, { count: 50 })], proposes: [], hidden: 0 },
  {
    name: 'on the host there is no image to ask for',
    noise: [row({ 'proc.name': 'backup', 'proc.exepath': '/usr/bin/backup', 'proc.pname': 'cron', 'user.name': 'root' }, { count: 9 })],
    proposes: ['proc.name = backup, proc.exepath = /usr/bin/backup, proc.pname = cron, user.name = root'],
    hidden: 9,
  },
  {
    name: 'folded ones are hidden by their directory, never by a name',
    noise: [row({ ...build, 'fd.name': '/src/x/one.c' }, { count: 500, varied: ['fd.name', 'evt.args'] })],
    proposes: ['proc.name = gcc, proc.exepath = /usr/bin/gcc, proc.pname = make, user.name = root, fd.name startswith /src/x/, container.image.repository = registry.test/builder, k8s.ns.name = ci'],
    hidden: 500,
  },
];

for (const one of cases) {
  test(one.name, () => {
    const proposed = proposeExceptions({ rule, noise: one.noise, confirmed: one.confirmed ?? [], lists: new Set(one.lists) });
    assert.deepEqual(proposed.map(({ atoms }) => atoms.map((atom) => `${atom.field} ${atom.comparator} ${atom.value}`).join(', ')), one.proposes);
    if (proposed.length > 0) assert.equal(backTest(rule, proposed, one.noise).hidden, one.hidden);
  });
}

const texts = {
  'proc.name': ['sh', 'gcc', 'tmux: server'], 'proc.exepath': ['/bin/sh', '/usr/bin/gcc'], 'proc.pname': ['make', 'cron'], 'user.name': ['root', 'app'],
  'fd.name': ['/a/b/c', '/a/b/d', '/a/e/f', '/g', '10.0.0.1:80->10.0.0.2:443'], 'container.image.repository': ['registry.test/a', 'b'], 'k8s.ns.name': ['ci'],
} as const;

const anyRow: fc.Arbitrary<StoredDetection> = fc.record({
  eventClass: fc.constantFrom('open', 'exec', 'connect', 'no-such-class'),
  fields: fc.record(Object.fromEntries(keptFields.map((name) => [name, fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...texts[name]) }, fc.constant(null))])), { requiredKeys: ['proc.name', 'proc.exepath'] }) as fc.Arbitrary<Record<string, string | null>>,
  varied: fc.oneof({ weight: 4, arbitrary: fc.constant<string[]>([]) }, fc.subarray([...keptFields, 'fd.directory'])),
  inContainer: fc.boolean(),
  identityPending: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
  count: fc.integer({ min: 1, max: 500 }),
});

const anyAtoms: fc.Arbitrary<readonly Atom[]> = fc.subarray([...keptFields], { minLength: 1 }).chain((fields) =>
  fc.tuple(...fields.map((field) => fc.oneof(
    fc.constantFrom(...texts[field]).map((value): Atom => ({ field, comparator: '=', value })),
    ...(field === 'fd.name' ? [fc.constantFrom('/a/', '/a/b/', '/a/e/').map((value): Atom => ({ field, comparator: 'startswith', value }))] : []),
  ))));

test('a proposal never hides what was confirmed, and never what may have been', () => {
  fc.assert(fc.property(fc.array(anyRow, { minLength: 1, maxLength: 25 }), fc.array(anyRow, { maxLength: 6 }), (noise, confirmed) => {
    const proposed = proposeExceptions({ rule, noise, confirmed, lists: none });
    if (proposed.length === 0 || confirmed.length === 0) return;
    assert.deepEqual(new Set(backTest(rule, proposed, confirmed).answers), new Set(['kept']));
  }), { numRuns: 300 });
});

test('the search answers as the engine does', () => {
  const words = { yes: 'hidden', no: 'kept', unknown: 'undecided' } as const;
  fc.assert(fc.property(anyAtoms, fc.array(anyRow, { minLength: 1, maxLength: 12 }), (atoms, rows) => {
    const { answers } = backTest(rule, [{ rule, name: 'tried', atoms }], rows);
    assert.deepEqual(answers, rows.map((one) => words[holds(atoms, one)]));
  }), { numRuns: 500 });
});

test('what is proposed loads without a word, on the rule as it is, and hides there what it hid here', () => {
  const noise = Array.from({ length: 20 }, (_, at) => row({ ...build, 'proc.name': 'tmux: server', 'fd.name': `/src/${at}` }));
  const [exception] = proposeExceptions({ rule, noise, confirmed: [], lists: none });
  assert.ok(exception !== undefined);
  const text = `- rule: ${rule}\n  desc: d\n  condition: evt.type in (open, openat) and fd.name startswith /src\n  output: "%fd.name"\n  priority: NOTICE\n`;
  const loaded = loadRules([{ name: 'a.yaml', text }, { name: 'b.yaml', text: exceptionsYaml(rule, [exception], ['a heading']) }]);
  assert.deepEqual(loaded.problems.map((one) => one.message), []);
});

test('fold keys and what varies', () => {
  const one = { ...build, 'fd.name': '/a/b/c', 'evt.args': 'x' };
  const cases: readonly [Readonly<Record<string, string | null>>, isAlike: boolean, varied: readonly string[]][] = [
    [one, true, []],
    [{ ...one, 'fd.name': '/a/b/d' }, true, ['fd.name']],
    [{ ...one, 'evt.args': 'y' }, true, ['evt.args']],
    [{ ...one, 'fd.name': '/a/e' }, false, ['fd.name', 'fd.directory'].sort()],
    [{ ...one, 'proc.exepath': '/tmp/gcc' }, false, ['proc.exepath']],
  ];
  for (const [other, isAlike, varied] of cases) {
    assert.equal(foldKeyOf(one) === foldKeyOf(other), isAlike, JSON.stringify(other));
    assert.deepEqual(variedBetween(one, other), varied);
  }
});

test('lists by name, and values by what is known of them', () => {
  assert.deepEqual([...listNames(['- list: shells\n  items: [sh]\n- required_engine_version: 1\n- macro: m\n', '-   list: "apt_binaries"\n'])], ['shells', 'apt_binaries']);
  assert.deepEqual(storedValue(row({ 'proc.name': null }), 'proc.name'), { kind: 'missing' });
  assert.deepEqual(storedValue(row({ 'proc.name': 'a\\tb' }), 'proc.name'), { kind: 'unknown' });
});
