import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normaliseArguments, normalisePath, normaliseText } from './normalise.ts';

const rows: readonly (readonly [string, string])[] = [
  ['--port=8080', '--port=<n>'],
  ['python3.11', 'python3.<n>'],
  ['sda1', 'sda1'],
  ['sha256', 'sha256'],
  ['10s', '<n>s'],
  ['192.168.1.7', '<n>.<n>.<n>.<n>'],
  ['2026-11-23T10:00:00Z', '<n>-<n>-<n>T10:<n>:<n>Z'],
  ['550e8400-e29b-41d4-a716-446655440000', '<uuid>'],
  ['pod-550E8400-E29B-41D4-A716-446655440000.log', 'pod-<uuid>.log'],
  ['0xdeadbeef', '<hex>'],
  ['3f2504e04f89', '<hex>'],
  ['deadbeef', 'deadbeef'],
  ['facade', 'facade'],
  ['tmp.aBcdEfGhIj', 'tmp.<temp>'],
  ['tmpq3k_x8ab', 'tmp<temp>'],
  ['tmpfile', 'tmpfile'],
  ['tmpfs', 'tmpfs'],
  ['build-aB3dE9', 'build-<temp>'],
  ['OpenSSL', 'OpenSSL'],
  ['--password=hunter2', '--password=<secret>'],
  ['DB_PASSWORD=hunter2', 'DB_PASSWORD=<secret>'],
  ['https://user:pass@example.com/x', 'https://<secret>@example.com/x'],
  ['--api-key=abc&x=y', '--api-key=<secret>&x=y'],
  ['plain', 'plain'],
  ['', ''],
];

test('what varies is taken out of a text', () => {
  for (const [given, wanted] of rows) assert.equal(normaliseText(given), wanted, given);
});

test('arguments lose the name, keep their order, hide what follows an option for a secret', () => {
  assert.deepEqual(normaliseArguments(['sh', '-c', 'sleep 10']), ['-c', 'sleep <n>']);
  assert.deepEqual(normaliseArguments(['psql', '--password', 'hunter2', '-h', 'db1']), ['--password', '<secret>', '-h', 'db1']);
  assert.deepEqual(normaliseArguments(['x'], true), ['…']);
  assert.equal(normaliseArguments(['x', ...Array.from({ length: 40 }, () => 'a')]).length, 33);
  assert.deepEqual(normaliseArguments([]), []);
});

test('a star in a name is no pattern', () => {
  assert.equal(normalisePath('/tmp/**'), '/tmp/<star><star>');
  assert.equal(normalisePath('/var/log/app-2026-11-23.log'), '/var/log/app-<n>-<n>-<n>.log');
  assert.equal(normalisePath('/proc/123/oom_score_adj'), '/proc/<n>/oom_score_adj');
});

const texts = fc.oneof(fc.string({ maxLength: 400 }), fc.stringMatching(/^[-a-zA-Z0-9_.=:/@<>]{0,300}$/), fc.array(fc.constantFrom('tmp', '<', '>', 'n', '1', 'a', 'F', '-', '=', 'token', '0x', '://', '@', 'password', '<secret>', '<temp>', '.'), { maxLength: 30 }).map((all) => all.join('')));

test('doing it twice is doing it once', () => {
  fc.assert(fc.property(texts, (text) => {
    const once = normaliseText(text);
    assert.equal(normaliseText(once), once);
    const path = normalisePath(text);
    assert.equal(normalisePath(path), path);
  }), { numRuns: 3000 });
});
