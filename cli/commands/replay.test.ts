/** `vedette replay` as a person meets it: alerts as lines, the summary beside them, what is broken and the exit code. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CaptureWriter } from '@vedette/capture/testing/writer';
import { runCli, type CliRun } from '../cli-sample.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-replay-'));
after(() => rmSync(place, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(place, name), content);
  return join(place, name);
}

const writer = new CaptureWriter().machine('web-1').threads([{ tid: 10, comm: 'cat' }]);
writer.event(307, [3, -100, '/etc/shadow', 1, 0], { tid: 10, timeNs: 1_700_000_000_000_000_001n }).event(307, [4, -100, '/etc/hosts', 1, 0], { tid: 10 });
const bytes = writer.bytes();
const capture = file('a.scap', bytes);

const rule = (name: string, condition: string, tags: string) =>
  `- rule: ${name}\n  desc: d\n  priority: WARNING\n  tags: [${tags}]\n  output: read by %proc.name (file=%fd.name number=%evt.num)\n  condition: ${condition}\n`;
const rules = file('rules.yaml', rule('Shadow', 'evt.type = openat and fd.name = /etc/shadow', 'files, secret') + rule('Any', 'evt.type in (open, openat)', 'files') + rule('Never', 'evt.type = ptrace', 'process'));

async function replay(...args: string[]): Promise<CliRun> {
  return await runCli(['replay', ...args]);
}

test('one line of JSON an alert, with the keys of Falco', async () => {
  const { code, out, complaint } = await replay(capture, '--rules', rules, '--output', 'json');
  assert.equal(code, 0, complaint);
  const alerts = out.trim().split('\n').map((line): unknown => JSON.parse(line));
  assert.deepEqual(alerts[0], {
    hostname: 'web-1',
    output: '22:13:20.000000001: Warning read by cat (file=/etc/shadow number=1)',
    output_fields: { 'evt.num': 1, 'evt.time': 1_700_000_000_000_000_000, 'fd.name': '/etc/shadow', 'proc.name': 'cat' },
    priority: 'Warning',
    rule: 'Shadow',
    source: 'syscall',
    tags: ['files', 'secret'],
    time: '2023-11-14T22:13:20.000000001Z',
  });
  assert.match(out, /"evt\.time":1700000000000000001/, 'exact, whatever JavaScript makes of it');
  assert.deepEqual(alerts.map((one) => (one as { rule: string }).rule), ['Shadow', 'Any', 'Any']);
  assert.match(complaint, /^2 events/m);
  assert.match(complaint, /2 {2}Any\n +1 {2}Shadow/);
  assert.match(complaint, /1 rule could not match anything in this capture:\n {2}Never: the recording holds no ptrace/);
});

const chosen: readonly (readonly [what: string, args: readonly string[], lines: number])[] = [
  ['a tag', ['-t', 'secret'], 1],
  ['without a tag', ['-T', 'secret'], 2],
  ['without a name', ['-D', 'An'], 1],
  ['a tag and without a name', ['-t', 'files', '-D', 'Shadow'], 2],
];

for (const [what, args, lines] of chosen) {
  test(`rules chosen by ${what}`, async () => {
    const { code, out } = await replay(capture, '--rules', rules, ...args, '--summary', 'none');
    assert.equal(code, 0);
    assert.equal(out.trim().split('\n').length, lines, out);
    assert.match(out, /^22:13:20\.0\d+: Warning read by cat/);
  });
}

test('compressed, and a directory of rules', async () => {
  mkdirSync(join(place, 'rules.d'));
  file('rules.d/10.yaml', rule('Shadow', 'fd.name = /etc/shadow', 'files'));
  const { code, out, complaint } = await replay(file('a.scap.gz', gzipSync(bytes)), '--rules', join(place, 'rules.d'), '--summary', 'json');
  assert.equal(code, 0, complaint);
  assert.equal(out.trim().split('\n').length, 1);
  const summary = JSON.parse(complaint) as { events: number; alertsByRule: Record<string, number>; problem: unknown };
  assert.deepEqual([summary.events, summary.alertsByRule, summary.problem], [2, { Shadow: 1 }, null]);
});

test('sequences and counts by the time of the recording, with what came before', async () => {
  const counting = `${rule('Two reads', 'evt.type = openat', 'files')}  vedette: { count: 2, within: 1s, by: [proc.pid] }\n`;
  const ordered = `${rule('In order', 'evt.type = openat and fd.name = /etc/hosts', 'files')}  vedette: { sequence: [evt.type = openat and fd.name = /etc/shadow], within: 1s, by: [proc.pid] }\n`;
  const never = `${rule('Never', 'evt.type = openat and fd.name = /etc/hosts', 'files')}  vedette: { sequence: [evt.type = chmod], within: 1s, by: [proc.pid] }\n`;
  const { code, out, complaint } = await replay(capture, '--rules', file('windows.yaml', counting + ordered + never), '--output', 'json');
  assert.equal(code, 0, complaint);
  const alerts = out.trim().split('\n').map((line) => JSON.parse(line) as { rule: string; output_fields: Record<string, unknown> });
  assert.deepEqual(alerts.map((one) => [one.rule, one.output_fields['evt.num'], one.output_fields['vedette.count']]), [['Two reads', 2, 2], ['In order', 2, undefined]]);
  assert.match(String(alerts[1]?.output_fields['vedette.step[1]']), /^2023-11-14T22:13:20\.000000001(Z|\+0000) openat by .*, proc\.pid 10$/);
  assert.match(complaint, /Never: step 1: the recording holds no chmod/);
});

const broken: readonly (readonly [what: string, name: string, content: Buffer | string, code: number, lines: number, sentence: RegExp])[] = [
  ['cut off', 'cut.scap', bytes.subarray(0, -9), 1, 2, /ends inside a block: its last \d+ bytes are only the beginning of one \(at byte \d+; what stands before it was used\)/],
  ['cut off in its compression', 'cut.scap.gz', gzipSync(bytes).subarray(0, -8), 1, 3, /the compression is broken: unexpected end of file/],
  ['text', 'no.scap', 'this is no capture at all', 2, 0, /not a capture/],
  ['empty', 'empty.scap', '', 2, 0, /the file is empty/],
];

for (const [what, name, content, code, lines, sentence] of broken) {
  test(`a capture that is ${what}`, async () => {
    const run = await replay(file(name, content), '--rules', rules);
    assert.equal(run.code, code, run.out + run.complaint);
    assert.match(run.complaint, sentence);
    assert.equal(run.out.split('\n').length - 1, lines, run.out);
  });
}

const refused: readonly (readonly [what: string, args: readonly string[], sentence: RegExp])[] = [
  ['no capture', ['--rules', rules], /say which capture to read/],
  ['no rules', [capture], /say by which rules/],
  ['no such capture', [join(place, 'none.scap'), '--rules', rules], /there is no file .*none\.scap/],
  ['no such rule file', [capture, '--rules', join(place, 'none.yaml')], /there is no rule file/],
  ['two captures', [capture, capture, '--rules', rules], /one capture at a time/],
  ['another format', [capture, '--rules', rules, '--output', 'xml'], /--output must be text, json, not xml/],
  ['an option that is none', [capture, '--rules', rules, '--fast'], /--fast/],
];

for (const [what, args, sentence] of refused) {
  test(`refused: ${what}`, async () => {
    const { code, complaint } = await replay(...args);
    assert.equal(code, 2);
    assert.match(complaint, sentence);
  });
}

test('a rule with an error is left out and said, the others are asked', async () => {
  const mixed = file('mixed.yaml', rule('Any', 'evt.type = openat', 'files') + rule('Odd', 'no.such.field = 1', 'files'));
  const { code, out, complaint } = await replay(capture, '--rules', mixed, '--summary', 'none');
  assert.equal(code, 1);
  assert.equal(out.trim().split('\n').length, 2);
  assert.match(complaint, /no\.such\.field/);
});
