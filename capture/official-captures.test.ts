/**
 * Real recordings and the Falco project's own rules, where they lie beside the repository (VEDETTE_SHARED, or ../shared):
 * as many events as Falco 0.44.1 counts in each, and the alerts that it gives. Without them the tests are skipped and say so.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { loadReplay } from './replay.ts';

const data = join(process.env['VEDETTE_SHARED'] ?? join(import.meta.dirname, '..', '..', 'shared'), 'data');
const captures = join(data, 'captures');
const rulesAt = join(data, 'falco-rules');
const rules = existsSync(rulesAt) ? readdirSync(rulesAt).filter((name) => name.endsWith('.yaml')).sort().map((name) => ({ name, text: readFileSync(join(rulesAt, name), 'utf8') })) : [];

const expected: readonly (readonly [name: string, events: number, alerts: readonly string[]])[] = [
  ['curl_google.scap', 939, []],
  ['curl_google_comments.scap', 939, []],
  ['single_ipv6_conn.scap', 1714, []],
  ['test_ipv6_client.scap', 293, ['Unexpected UDP Traffic']],
  ['sample.scap', 390, []],
];

const known = existsSync(captures) ? readdirSync(captures, { recursive: true, encoding: 'utf8' }) : [];

for (const [name, events, alerts] of expected) {
  const found = known.find((one) => one === name || one.endsWith(`/${name}`)) ?? known.find((one) => one.endsWith(`${name}.gz`));
  const skip = found === undefined || rules.length === 0 ? 'the recordings and rule files are not beside the repository (VEDETTE_SHARED)' : false;
  test(`${name}: ${events} events`, { skip }, () => {
    const bytes = readFileSync(join(captures, found ?? ''));
    const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
    const seen: string[] = [];
    const replay = loadReplay(rules).start((alert) => seen.push(alert.rule));
    for (let at = 0; at < plain.length; at += 65_537) replay.push(plain.subarray(at, at + 65_537));
    const result = replay.finish();
    assert.equal(result.problem, null);
    assert.equal(result.events, events);
    assert.equal(result.brokenEvents + result.unknownEvents, 0);
    assert.deepEqual(seen, alerts);
  });
}
