/** Configuration, log lines, content and first-start files. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { answeredHosts, readConfig } from './config.ts';
import { samplePolicy } from './hub-sample.ts';
import { makeLog } from './log.ts';
import { readPolicy } from './policy-reader.ts';
import { Rounds } from './rounds.ts';
import { readContent, writeSecretFile } from './state.ts';
import { isTrouble } from './store/postgres.ts';

test('configuration: defaults are loopback, mistakes are named', () => {
  const config = readConfig({ stateDirectory: 'x' });
  assert.deepEqual([config.api.host, config.api.port, config.link.host, path.isAbsolute(config.stateDirectory)], ['127.0.0.1', 7420, '127.0.0.1', true]);
  assert.throws(() => readConfig({ stateDirectory: 'x', api: { port: 70_000 } }), /api\.port/);
  assert.throws(() => readConfig({ stateDirectory: 'x', user: { uid: 0, gid: 1 } }), /user\.uid/);
  assert.throws(() => readConfig({ stateDirectory: 'x', typo: 1 } as never), /typo/);
});

test('host names that are answered', () => {
  const api = readConfig({ stateDirectory: 'x' }).api;
  assert.deepEqual([...(answeredHosts(api) ?? [])], ['127.0.0.1', 'localhost', '[::1]']);
  assert.equal(answeredHosts({ ...api, host: '0.0.0.0' }), undefined);
  assert.deepEqual([...(answeredHosts({ ...api, host: '0.0.0.0', hosts: ['Hub.example'] }) ?? [])], ['hub.example']);
});

test('log lines are JSON, from the level on', () => {
  const lines: string[] = [];
  const log = makeLog('info', (line) => lines.push(line));
  log('debug', 'no');
  log('warn', 'yes', { n: 1 });
  assert.equal(lines.length, 1);
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.deepEqual([line['level'], line['part'], line['message'], line['n']], ['warn', 'hub', 'yes', 1]);
});

test('what PostgreSQL says at every start and stop is no trouble', () => {
  const usual = ['FATAL:  the database system is starting up', 'FATAL:  the database system is shutting down', 'FATAL:  the database system is not yet accepting connections', 'FATAL:  terminating connection due to administrator command', 'LOG:  x', 'DETAIL:  ERROR', ''];
  for (const line of usual) assert.equal(isTrouble(line), false, line);
  for (const line of ['ERROR:  canceling autovacuum', 'FATAL:  could not write to file: No space left on device', 'PANIC:  x', 'ERROR:  he said "the database system is starting up"']) assert.equal(isTrouble(line), true, line);
});

test('content is read in order; a secret file is the owner’s alone', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'vedette-content-'));
  await mkdir(path.join(directory, 'rules', 'a'), { recursive: true });
  await writeFile(path.join(directory, 'rules', 'z.yaml'), 'z');
  await writeFile(path.join(directory, 'rules', 'a', 'b.yml'), 'b');
  await writeFile(path.join(directory, 'rules', 'a', 'b.test.ts'), '');
  assert.deepEqual(await readContent(directory), { policies: [], rules: [{ name: 'a/b.yml', content: 'b' }, { name: 'z.yaml', content: 'z' }], controls: [], playbooks: [] });
  assert.deepEqual(await readContent(undefined), { policies: [], rules: [], controls: [], playbooks: [] });
  const file = path.join(directory, 'secret.json');
  await writeSecretFile(file, { a: 1 }, undefined);
  await writeSecretFile(file, { a: 2 }, undefined);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await readFile(file, 'utf8'), '{"a":2}\n');
  await rm(directory, { recursive: true });
});

test('a policy text holds one policy that can be used', () => {
  const read = readPolicy(samplePolicy('p'));
  assert.ok('policy' in read);
  assert.deepEqual(read.policy.kernelForm, [{ rule: 'not-from-image', action: 'kill', form: 'when the origin of the file is modified, dropped, memory', problem: null }]);
  for (const [yaml, words] of [['', /no policy/], [`${samplePolicy('a')}---\n${samplePolicy('b')}`, /more than one/], ['kind: Pod', /Line 1/], [samplePolicy('p').replace('execution.file.origin in', 'execution.file.path in'), /kernel/], ['a: [', /Line/]] as const) {
    const wrong = readPolicy(yaml);
    assert.ok('problems' in wrong && words.test(wrong.problems.join(' ')), JSON.stringify(wrong));
  }
});

test('rounds go on after a failure and stop when told', async () => {
  const said: string[] = [];
  const rounds = new Rounds((_level, message) => said.push(message));
  let runs = 0;
  const third = Promise.withResolvers<void>();
  rounds.every('x', 1, async () => {
    runs += 1;
    if (runs === 3) third.resolve();
    if (runs < 3) throw new Error('once more');
  });
  await third.promise;
  await rounds.stop();
  const before = runs;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(runs, before);
  assert.deepEqual(said, ['the round "x" failed', 'the round "x" failed']);
});
