import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { needs, whole, type Interest } from '@vedette/rules/interest';
import { loadRules, type RuleSet } from '@vedette/rules/ruleset';
import { syntheticSuppliers, type SyntheticEvent } from '@vedette/rules/synthetic';
import { kinds } from './decode/layout.ts';
import { interestTable, interestsMax, tableBytes, tablePieces } from './interest-table.ts';
import { isJudged, judge, judgeText } from './testing/judge.ts';
import { absolute } from './detect/call-paths.ts';
import { wantedKinds } from './wanted-kinds.ts';

const bit = (name: (typeof needs)[number]) => 1 << needs.indexOf(name);
const reading = bit('read') | bit('no-write');

function rulesOf(...conditions: readonly string[]): RuleSet {
  return loadRules([{ name: 'f', text: conditions.map((condition, index) => `- rule: r${index}\n  desc: d\n  output: o\n  priority: INFO\n  condition: ${JSON.stringify(condition)}\n`).join('') }]);
}

const split = (path: string) => path.split('/').filter((one) => one !== '');

test('an interest is judged by whole components and eight bytes', () => {
  const rows: readonly (readonly [condition: string, path: string, want: number])[] = [
    ['fd.name = /etc/shadow', '/etc/shadow', 2],
    ['fd.name = /etc/shadow', '/etc/shadow-', 0],
    ['fd.name = /etc/shadow', '/etc/x/shadow', 0],
    ['fd.name = /etc/shadow', '/tmp/shadow', 0],
    ['fd.name startswith /etc/cron', '/etc/cron.d/x', 2],
    ['fd.name startswith /etc/cron', '/etc/cro', 0],
    ['fd.name startswith /usr/share/longer', '/usr/share/other', 2],
    ['fd.filename = .bashrc', '/home/u/.bashrc', 2],
    ['fd.filename = .bashrc', '/home/u/x.bashrc', 0],
    ['fd.name endswith bash_history', '/root/.bash_history', 2],
    ['fd.name endswith _history', '/root/history', 0],
    ['fd.name glob "/home/*/.ssh/*"', '/home/u/.ssh/id', 2],
    ['fd.name glob "/home/*/.ssh/*"', '/home/u/ssh/id', 0],
    ['fd.directory = /dev', '/dev/x', 2],
    ['fd.directory = /dev', '/dev/x/y', 0],
    ['fd.name contains liblzma.so.5', '/usr/lib/liblzma.so.5.6.0', 2],
    ['fd.name contains liblzma.so.5', '/usr/lib/libc.so.6', 0],
    ['fd.name in (/, /etc/)', '/etc', 0],
    ['proc.name = x', '/anything', 1],
    ['proc.pname = x', '/anything', 1],
  ];
  for (const [condition, path, want] of rows) {
    const { bytes } = interestTable(rulesOf(`evt.type = open and fd.num >= 0 and evt.is_open_read = true and ${condition}`).interests(), 0n, 1);
    assert.equal(judge(bytes, kinds.openRead, { path: split(path), have: reading, text: 0 }), want, `${condition} on ${path}`);
  }
});

test('a path whose beginning is unknown is judged by all interests of its kind', () => {
  const { bytes } = interestTable(rulesOf('evt.type = open and fd.num >= 0 and fd.name = /etc/shadow').interests(), 0n, 1);
  assert.equal(judge(bytes, kinds.openRead, { path: null, have: reading, text: 0 }), 2);
  assert.equal(judge(bytes, kinds.mapExec, { path: null, have: 0, text: 0 }), 0, 'nobody wants mappings');
});

test('what does not fit is wanted whole, and named', () => {
  const many = rulesOf(`evt.type = open and fd.num >= 0 and fd.name in (${Array.from({ length: interestsMax + 1 }, (_, index) => `/dir${index}/name`).join(', ')})`);
  const crowded = interestTable(many.interests(), 0n, 1);
  assert.ok(!isJudged(crowded.bytes, kinds.openWrite));
  const insides = rulesOf(`evt.type = open and fd.num >= 0 and (${Array.from({ length: 9 }, (_, index) => `fd.name contains /in${index}/`).join(' or ')})`);
  const { bytes, pushed } = interestTable(insides.interests(), 0n, 1);
  assert.ok(!isJudged(bytes, kinds.openRead));
  assert.match(pushed.find((one) => one.kind === 'openRead')?.wholeFor.join() ?? '', /more names/);
  const all = interestTable(rulesOf('evt.type = open and evt.is_open_write = true and fd.num >= 0', 'evt.type = open and fd.num >= 0').interests(), 0n, 1);
  assert.deepEqual(all.pushed.find((one) => one.kind === 'openWrite')?.wholeFor, ['r1']);
});

test('pieces are the whole table, in order', () => {
  const { bytes } = interestTable([], 0n, 7);
  const all = Buffer.concat([...tablePieces(bytes)].map((one) => one.piece));
  assert.equal(all.length, tableBytes);
  assert.deepEqual([...tablePieces(bytes)].map((one) => one.at), Array.from({ length: Math.ceil(tableBytes / 4000) }, (_, index) => index * 4000));
});

const component = fc.constantFrom('etc', 'tmp', 'home', 'root', 'u', '.ssh', 'ssh', 'shadow', 'shadow-', 'a', 'b..', '.bash_history', 'authorized_keys', 'verylongname1', 'verylongname2', 'é', 'x.so');
const path = fc.array(component, { minLength: 1, maxLength: 5 }).map((all) => `/${all.join('/')}`);
const piece = fc.oneof(path, path.map((one) => `${one}/`), path.map((one) => one.slice(1)), path.chain((one) => fc.nat(one.length).map((at) => one.slice(at))), path.chain((one) => fc.nat(one.length).map((at) => one.slice(0, at))), component);
const glob = path.chain((one) => fc.array(fc.tuple(fc.nat(one.length), fc.constantFrom('*', '?', '*/', '[a-z]')), { maxLength: 3 }).map((cuts) => cuts.reduce((text, [at, sign]) => text.slice(0, at) + sign + text.slice(at + 1), one)));
const quoted = (text: string) => JSON.stringify(text);
const leaf = fc.oneof(
  fc.tuple(fc.constantFrom('fd.name', 'fd.nameraw', 'fd.filename', 'fd.directory', 'fs.path.name', 'evt.arg.name', 'basename(fd.name)'), fc.constantFrom('=', '!=', 'startswith', 'endswith', 'contains'), piece).map(([field, operator, value]) => `${field} ${operator} ${quoted(value)}`),
  fc.tuple(fc.constantFrom('fd.name', 'fd.filename'), glob).map(([field, value]) => `${field} glob ${quoted(value)}`),
  fc.tuple(fc.constantFrom('in', 'pmatch'), fc.array(piece, { minLength: 1, maxLength: 3 })).map(([operator, values]) => `fd.name ${operator} (${values.map(quoted).join(', ')})`),
  fc.constantFrom('evt.is_open_read = true', 'evt.is_open_write = true', 'evt.is_open_write = false', 'evt.is_open_create = true', 'container.id != host', 'container.id = host', 'not container.id = host', 'proc.name = sh', 'evt.arg.flags contains O_TRUNC'),
);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof({ maxDepth: 3 }, leaf, fc.tuple(fc.array(tie('condition'), { minLength: 2, maxLength: 3 }), fc.constantFrom(' and ', ' or ')).map(([of, by]) => `(${of.join(by)})`), tie('condition').map((of) => `not (${of})`)),
}));

interface Opened {
  readonly path: string;
  readonly access: 'read' | 'write' | 'both';
  readonly creates: boolean;
  readonly truncates: boolean;
  readonly inContainer: boolean;
  readonly name: string;
}

const opened: fc.Arbitrary<Opened> = fc.record({ path, access: fc.constantFrom('read', 'write', 'both'), creates: fc.boolean(), truncates: fc.boolean(), inContainer: fc.boolean(), name: fc.constantFrom('sh', 'cat') });

function eventOf(one: Opened): SyntheticEvent {
  const fields = Object.fromEntries(['fd.name', 'fd.nameraw', 'fs.path.name', 'fs.path.nameraw', 'evt.arg.name', 'evt.rawarg.name'].map((name) => [name, one.path]));
  return {
    processes: [{ name: one.name }],
    fields: {
      ...fields, 'fd.num': 3, 'evt.is_open_read': one.access !== 'write', 'evt.is_open_write': one.access !== 'read', 'evt.is_open_create': one.creates,
      'evt.arg.flags': one.truncates ? 'O_TRUNC|O_WRONLY' : 'O_RDONLY', 'container.id': one.inContainer ? 'c1' : 'host',
    },
  };
}

function haveOf(one: Opened): number {
  const access = one.access === 'read' ? reading : one.access === 'write' ? bit('write') : bit('read') | bit('write');
  return access | (one.creates ? bit('create') : 0) | (one.truncates ? bit('truncate') : 0) | (one.inContainer ? bit('container') : 0);
}

test('an open that a rule matches is never filtered out', () => {
  let [matched, filtered] = [0, 0];
  fc.assert(
    fc.property(fc.array(condition, { minLength: 1, maxLength: 3 }), fc.array(opened, { minLength: 1, maxLength: 20 }), (conditions, opens) => {
      const rules = rulesOf(...conditions.map((one) => `evt.type = open and fd.num >= 0 and ${one}`));
      assert.deepEqual(rules.problems.filter((one) => one.severity === 'error'), []);
      const { bytes } = interestTable(rules.interests(), wantedKinds(() => true), 1);
      const bound = rules.bind(syntheticSuppliers);
      for (const one of opens) {
        const kind = one.access === 'read' ? kinds.openRead : kinds.openWrite;
        const want = isJudged(bytes, kind) ? judge(bytes, kind, { path: split(one.path), have: haveOf(one), text: 0, name: one.name }) : 2;
        const matches = bound.evaluate('open', eventOf(one)).length > 0;
        if (matches) matched += 1;
        if (want === 0) filtered += 1;
        assert.ok(!matches || want > 0, `${conditions.join(' | ')} matches ${JSON.stringify(one)}`);
        assert.ok(want === 0 || judge(bytes, kind, { path: null, have: haveOf(one), text: 0, name: one.name }) > 0 || !isJudged(bytes, kind), 'what is wanted is wanted with an unknown beginning');
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(matched > 1000 && filtered > 1000, `${matched} matched, ${filtered} filtered`);
});

test('what is enough for the first is still each when another wants it so', () => {
  const first: Interest = { by: 'exposure', eventClass: 'open', any: [{ ...whole, needs: ['container'] }], repeat: 'first' };
  const { bytes } = interestTable([first, { ...first, by: 'other', repeat: 'each' }], 0n, 1);
  assert.equal(judge(bytes, kinds.openRead, { path: ['a'], have: bit('container') | reading, text: 0 }), 3);
  assert.equal(judge(bytes, kinds.openRead, { path: ['a'], have: reading, text: 0 }), 0);
});

const texts = fc.array(fc.oneof({ weight: 4, arbitrary: component }, fc.constantFrom('.', '..', '', 'proc/self/root', 'proc/thread-self/root/.', 'self/root')), { minLength: 1, maxLength: 6 });
const given = fc.tuple(fc.constantFrom('/', '', '//', '/proc/self/root/'), texts, fc.constantFrom('', '/')).map(([start, all, end]) => start + all.join('/') + end).filter((one) => one !== '');
const callLeaf = fc.oneof(
  fc.tuple(fc.constantFrom('evt.arg.path', 'fs.path.name', 'evt.rawarg.path', 'fs.path.nameraw'), fc.constantFrom('=', 'startswith', 'endswith', 'contains', 'glob'), fc.oneof(piece, given)).map(([field, operator, value]) => `${field} ${operator} ${quoted(value)}`),
  fc.array(fc.oneof(piece, given), { minLength: 1, maxLength: 3 }).map((values) => `evt.arg.path pmatch (${values.map(quoted).join(', ')})`),
);

test('a call that a rule matches by its path, whatever it was given, is never filtered out', () => {
  let [matched, filtered] = [0, 0];
  fc.assert(
    fc.property(fc.array(callLeaf, { minLength: 1, maxLength: 3 }), fc.constantFrom(' and ', ' or '), fc.array(fc.tuple(given, fc.oneof(path, fc.constantFrom('/', '/proc'))), { minLength: 1, maxLength: 20 }), (leaves, by, calls) => {
      const rules = rulesOf(`evt.type = unlink and (${leaves.join(by)})`);
      const { bytes } = interestTable(rules.interests(), wantedKinds(() => true), 1);
      const bound = rules.bind(syntheticSuppliers);
      for (const [raw, base] of calls) {
        const made = absolute(raw, base);
        const fields = { 'evt.arg.path': made, 'fs.path.name': made, 'evt.rawarg.path': raw, 'fs.path.nameraw': raw };
        const want = isJudged(bytes, kinds.unlink) ? judgeText(bytes, kinds.unlink, { given: raw, base: split(base) }) : 2;
        const matches = bound.evaluate('unlink', { fields }).length > 0;
        if (matches) matched += 1;
        if (want === 0) filtered += 1;
        assert.ok(!matches || want > 0, `${leaves.join(by)} matches ${raw} from ${base}`);
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(matched > 300 && filtered > 1000, `${matched} matched, ${filtered} filtered`);
});
