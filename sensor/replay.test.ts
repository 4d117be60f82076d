/** Replaying a recording that a kernel made (kept in golden/, made anew by lab/kernel/replay.host.test.ts), and bad ones. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import * as at from './decode/layout.ts';
import { readRuleFiles, replay, type ReplaySummary } from './replay.ts';

const goldenFolder = join(import.meta.dirname, 'golden');
const golden = readFileSync(join(goldenFolder, 'scoped.vdr'));
const shipped = await readRuleFiles([join(import.meta.dirname, '..', 'content', 'rules', 'execution', 'shell-in-container.yaml')]);
const place = mkdtempSync(join(tmpdir(), 'vedette-replay-'));
after(() => rmSync(place, { recursive: true, force: true }));

type Rules = Parameters<typeof replay>[1]['rules'];

async function replayed(bytes: Uint8Array, rules: Rules = shipped): Promise<{ summary: ReplaySummary; records: unknown[] }> {
  const path = join(place, 'recording');
  writeFileSync(path, bytes);
  const records: unknown[] = [];
  const summary = await replay(path, { rules, policies: [], onRecord: (json) => void records.push(json) });
  return { summary, records };
}

/** Where each record begins, the first behind the magic. */
function recordStarts(): number[] {
  const out: number[] = [];
  for (let from = 16; from < golden.length; from += ((golden.readUInt32LE(from) & 0x3fffffff) + at.ringHeadBytes + 7) & ~7) out.push(from);
  return out;
}

/** The same recording with another hello: of another schema or machine. */
function withHello(schema: number, architecture: string): Buffer {
  const length = golden.readUInt32LE(16);
  const hello = golden.subarray(24, 24 + length);
  const texts = hello.toString('utf8', at.hello.size, at.hello.size + hello.readUInt16LE(at.hello.textBytes)).split('\0');
  const text = Buffer.from([texts[0], texts[1], architecture, ...texts.slice(3)].join('\0'));
  const fixed = Buffer.from(hello.subarray(0, at.hello.size));
  fixed.writeUInt16LE(text.length, at.hello.textBytes);
  fixed.writeUInt32LE(schema, at.hello.schema);
  const record = Buffer.concat([fixed, text]);
  const head = Buffer.from(golden.subarray(16, 24));
  head.writeUInt32LE(record.length, 0);
  const [, second = golden.length] = recordStarts();
  return Buffer.concat([golden.subarray(0, 16), head, record, Buffer.alloc((8 - (record.length % 8)) % 8), golden.subarray(second)]);
}

test('a recording of a kernel gives the same events and findings every time', async () => {
  const { summary, records } = await replayed(golden);
  const text = `${JSON.stringify({ summary, records }, null, 1)}\n`;
  const path = join(goldenFolder, 'scoped.json');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'));
  assert.deepEqual((await replayed(golden)).records, records);
});

test('the recording that is kept says nothing of the host that it was made on', () => {
  const text = golden.toString('latin1');
  assert.ok(!/\/(home|root|work|tmp|srv)\b/.test(text));
  const paths = new Set(text.match(/\/[a-z][\w./-]{2,}/g));
  for (const one of paths) assert.match(one, /^\/(usr\/)?(bin|lib|lib64)\/|^\/etc\/(passwd|ld\.so)|^\/vedette-replay-scope|^\/(lib64|syscalls|sched_process|cgroup_|task|inet_)/, one);
});

test('rules that wait for an identity are decided at the end, and marked', async () => {
  const rules = [{ name: 'x.yaml', text: '- rule: By image\n  desc: of a test\n  condition: evt.type = execve and container.image startswith registry\n  output: "%container.name"\n  priority: NOTICE\n' }];
  const { records } = await replayed(golden, rules);
  const found = records as { detection: { rule: string; identityPending: boolean } }[];
  assert.ok(found.length > 0);
  for (const one of found) assert.deepEqual([one.detection.rule, one.detection.identityPending], ['By image', true]);
});

test('what is no recording, or none for this sensor, is refused in a sentence', async () => {
  const cases: [what: string, bytes: Uint8Array, reason: RegExp][] = [
    ['nothing', Buffer.alloc(0), /is not a recording of Vedette's sensor/],
    ['less than the magic', golden.subarray(0, 9), /is not a recording/],
    ['something else', Buffer.from('#!/bin/sh\necho this is a script and no recording\n'), /is not a recording/],
    ['another format of ours', Buffer.concat([Buffer.from('VEDETTE-RECORD9\n'), golden.subarray(16)]), /is not a recording/],
    ['another schema', withHello(99, 'x86_64'), /has schema 99, and this sensor reads up to 2: replay it with the version that recorded it/],
    ['a machine with another byte order', withHello(1, 's390x'), /was recorded on "s390x", and this sensor reads recordings of x86_64 and aarch64/],
    ['no hello', Buffer.concat([golden.subarray(0, 16), golden.subarray(recordStarts()[1])]), /does not begin as a recording does/],
  ];
  for (const [what, bytes, reason] of cases) await assert.rejects(replayed(bytes), reason, what);
});

test('a recording of the other architecture that we know replays to the same', async () => {
  const { records } = await replayed(golden);
  for (const machine of ['x86_64', 'aarch64']) {
    const other = await replayed(withHello(1, machine));
    assert.equal(other.summary.architecture, machine);
    assert.deepEqual(other.records, records);
  }
});

test('a recording that ends in the middle gives what it has and says so', async () => {
  const starts = recordStarts();
  const cases: [what: string, bytes: Uint8Array, problem: RegExp | null][] = [
    ['all of it', golden, null],
    ['cut between records', golden.subarray(0, starts.at(-1)), null],
    ['cut in a record', golden.subarray(0, starts.at(-1)! + 40), /^it ends in the middle of a record: 40 bytes of it are there$/],
    ['cut in a head', golden.subarray(0, starts.at(-1)! + 3), /in the middle of a record: 3 bytes/],
    ['only the magic', golden.subarray(0, 16), /^it holds no record at all$/],
    ['garbage behind', Buffer.concat([golden, Buffer.alloc(16, 0xff)]), /^what follows in the file is no record/],
  ];
  for (const [what, bytes, problem] of cases) {
    const { summary } = await replayed(bytes);
    assert.equal(summary.complete, problem === null, what);
    if (problem !== null) assert.match(summary.problem!, problem, what);
  }
});

test('a recording that was damaged anywhere is a sentence or a summary, never a crash', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: golden.length - 1 }), fc.uint8Array({ minLength: 1, maxLength: 12 }), async (from, bytes) => {
      const damaged = Buffer.from(golden);
      Buffer.from(bytes).copy(damaged, from);
      const outcome = await replayed(damaged).catch((error: unknown) => error);
      if (outcome instanceof Error) assert.match(outcome.message, /recording|schema|recorded on/);
    }),
    { numRuns: 60 },
  );
});
