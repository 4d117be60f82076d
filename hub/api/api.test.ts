/** The pure parts of the API: attempts, cursors, passwords, static files, metrics, the document. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { ProblemDocument } from '@vedette/model/api/views';
import { Problem } from '@vedette/model/problem';
import * as fc from 'fast-check';
import { z } from 'zod';
import { FailedAttempts } from './attempts.ts';
import { cursorInteger, cursorText, decodeCursor, encodeCursor, pageOf } from './cursor.ts';
import { metricsText } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { hashPassword, isPassword, makePassword } from './passwords.ts';
import { problemDocument } from './server.ts';
import { readStaticFiles, staticFileFor } from './static-files.ts';

test('failures block an address and a user for the window, and the table is bounded', () => {
  const attempts = new FailedAttempts({ perAddress: 3, perUser: 2, windowMs: 1000, keysMax: 10 });
  attempts.failed('a', 'u', 0);
  assert.equal(attempts.isBlocked('a', 'u', 0), false);
  attempts.failed('b', 'u', 100);
  assert.equal(attempts.isBlocked('c', 'u', 500), true, 'the user, from anywhere');
  assert.equal(attempts.isBlocked('c', 'u', 1101), false, 'after the window');
  attempts.failed('a', 'v', 200);
  attempts.failed('a', 'w', 300);
  assert.equal(attempts.isBlocked('a', 'anyone', 400), true, 'the address, as anyone');
  attempts.succeeded('a', 'w');
  assert.equal(attempts.isBlocked('a', 'anyone', 400), false);
  for (let index = 0; index < 1000; index += 1) attempts.failed(`x${index}`, `y${index}`, 500);
  assert.equal(attempts.isBlocked('x999', 'nobody', 500), false);
});

test('cursors come back as they went, and anything else is refused', () => {
  const shape = z.tuple([cursorText, cursorInteger]);
  fc.assert(fc.property(fc.string({ maxLength: 50 }).filter((text) => !text.includes('\0')), fc.integer(), (text, number) => assert.deepEqual(decodeCursor(encodeCursor([text, number]), shape), [text, number])));
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        decodeCursor(text, shape);
      } catch (error) {
        assert.ok(error instanceof Problem && error.code === 'invalid-request');
      }
    }),
  );
  const page = pageOf([1, 2, 3], 2, String, (row) => [row], 9);
  assert.deepEqual({ ...page, next: decodeCursor(page.next ?? undefined, z.tuple([cursorInteger])) }, { items: ['1', '2'], next: [2], total: 9 });
  assert.equal(pageOf([1, 2], 2, String, (row) => [row], null).next, null);
});

test('passwords', async () => {
  const hash = await hashPassword('correct horse');
  assert.match(hash, /^\$argon2id\$v=19\$m=65536,t=3,p=1\$/);
  assert.equal(await isPassword('correct horse', hash), true);
  assert.equal(await isPassword('correct horsf', hash), false);
  assert.equal(await isPassword('x', 'not a hash'), false);
  for (let index = 0; index < 50; index += 1) assert.match(makePassword(), /^([a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}$/);
});

test('a flood of password checks is refused and not queued without end', async () => {
  const many = await Promise.allSettled(Array.from({ length: 40 }, () => hashPassword('x')));
  const refused = many.filter((one) => one.status === 'rejected');
  assert.ok(refused.length >= 20 && refused.length < 40, `${refused.length} refused`);
});

test('static files: only what is in the directory, types, hashes, the console’s own routes', async () => {
  const outside = await mkdtemp(path.join(os.tmpdir(), 'vedette-static-'));
  const directory = path.join(outside, 'dist');
  await mkdir(path.join(directory, 'assets'), { recursive: true });
  await writeFile(path.join(outside, 'secret.txt'), 'secret');
  await writeFile(path.join(directory, 'index.html'), '<!doctype html>');
  await writeFile(path.join(directory, 'assets', 'main-BhX1ab_9.js'), `//${'x'.repeat(3000)}`);
  await symlink(path.join(outside, 'secret.txt'), path.join(directory, 'link.txt'));
  const files = await readStaticFiles(directory);
  assert.deepEqual([...files.keys()].sort(), ['/assets/main-BhX1ab_9.js', '/index.html']);
  const script = staticFileFor(files, '/assets/main-BhX1ab_9.js');
  assert.ok(script?.immutable === true && script.gzipped !== undefined && script.gzipped.length < 200);
  assert.equal(staticFileFor(files, '/incidents/4')?.type, 'text/html; charset=utf-8');
  assert.equal(staticFileFor(files, '/')?.immutable, false);
  for (const wrong of ['/assets/none.js', '/../secret.txt', '/link.txt', '/assets/../../secret.txt', '/favicon.ico']) assert.equal(staticFileFor(files, wrong), undefined, wrong);
  await rm(outside, { recursive: true });
});

test('metrics in the text format', () => {
  const text = metricsText([{ name: 'vedette_hub_x_total', help: 'X', kind: 'counter', samples: [{ labels: { reason: 'a"b\\c\nd' }, value: 3 }, { value: 1 }] }]);
  assert.equal(text, '# HELP vedette_hub_x_total X\n# TYPE vedette_hub_x_total counter\nvedette_hub_x_total{reason="a\\"b\\\\c\\nd"} 3\nvedette_hub_x_total 1\n');
});

test('the OpenAPI document has no schema that JSON Schema cannot say', () => {
  const text = JSON.stringify(openApiDocument('1'));
  assert.ok(text.length > 20_000);
  assert.ok(!text.includes('"schema":{}'), 'an empty schema says nothing');
});

test('a refused text names its places, beside the sentence', async () => {
  const places = [{ line: 3, column: 5, message: 'there is no such fact', advice: 'Use execution.file.origin.' }];
  const problem = new Problem('policy-invalid', 'Line 3, column 5: there is no such fact.', places);
  const document = problemDocument(problem, undefined);
  assert.deepEqual(ProblemDocument.parse(document).problems, places);
  assert.equal('problems' in problemDocument(new Problem('policy-invalid'), undefined), false);
  assert.equal(problemDocument(new Problem('question-too-long'), undefined).status, 503);
});
