/**
 * What `vedette check --format sarif` writes, against the schema of SARIF 2.1.0 itself: an image that fails, one that passes, one about
 * which nothing is known, one with an exception. The structure that readers of it want beyond the schema is tested beside the command.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LayoutWriter } from '@vedette/inventory/oci/testing/layout';
import { projectRoot } from '../borders/borders.ts';
import { sarifProblems } from './sarif-schema.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-sarif-'));
after(() => rmSync(place, { recursive: true, force: true }));

function sarifOf(target: string, ...args: string[]): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, [join(projectRoot(), 'cli', 'main.ts'), 'check', target, '--platform', 'linux/amd64', '--format', 'sarif', ...args], { encoding: 'utf8', env: { ...process.env, VEDETTE_STATE: join(place, 'state') } });
  assert.ok(stdout !== '', stderr);
  return JSON.parse(stdout);
}

test('SARIF is valid by its schema, and the schema sees what is not', () => {
  const writer = new LayoutWriter(join(place, 'image'));
  writer.add({ layers: [[{ path: 'srv/node_modules/minimist/package.json', content: JSON.stringify({ name: 'minimist', version: '1.2.0' }) }, { path: 'usr/local/lib/python3/site-packages/x.dist-info/METADATA', content: '' }]], config: { User: '', Env: ['DB_PASSWORD=x'] } });
  const exception = join(place, 'exception.yaml');
  writeFileSync(exception, 'apiVersion: vedette.dev/v1alpha1\nkind: Exception\nmetadata: { name: x }\nspec: { scope: { policies: [no-root-user] }, reason: "a <b> & c", owner: o, approval: { by: carol, at: 2026-01-01 }, expiresAt: 2099-01-01 }\n');
  const policies = ['--policy', join(projectRoot(), 'content', 'policies', 'image')];
  for (const args of [[], ['--enforce'], ['--enforce', '--unknown', 'warn'], ['--enforce', '--exceptions', exception], ['--reference', 'registry.example.com/a b/../c'.replace(' ', '-').replace('../', '')]]) {
    const log = sarifOf(`oci:${writer.directory}`, ...policies, ...args);
    assert.deepEqual(sarifProblems(log), [], args.join(' '));
  }
  const log = sarifOf(`oci:${writer.directory}`, ...policies, '--enforce') as { runs: { results: { level: string }[] }[] };
  assert.ok(log.runs[0]!.results.length > 2);
  log.runs[0]!.results[0]!.level = 'catastrophic';
  assert.notDeepEqual(sarifProblems(log), []);
});
