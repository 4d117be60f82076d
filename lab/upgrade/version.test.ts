/** The product says one version, wherever it says one: manifests and what they ask of each other, the lock file, the chart. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { version } from '@vedette/model/version';
import { projectRoot } from '../borders/borders.ts';

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

function read(path: string): string {
  return readFileSync(join(projectRoot(), path), 'utf8');
}

const own = JSON.parse(read('package.json')) as Manifest;
const folders = ['', ...(own.workspaces ?? [])];

/** Of a manifest, or of what the lock file says of it: every version of ours. */
function said(manifest: Manifest | undefined): (string | undefined)[] {
  return [manifest?.version, ...Object.entries(manifest?.dependencies ?? {}).flatMap(([name, wanted]) => (name.startsWith('@vedette/') ? [wanted] : []))];
}

test('every manifest is of this version, and asks for this version of the others', () => {
  for (const folder of folders) {
    for (const one of said(JSON.parse(read(join(folder, 'package.json'))) as Manifest)) assert.equal(one, version, `${folder}/package.json`);
  }
});

test('the lock file agrees', () => {
  const lock = JSON.parse(read('package-lock.json')) as { version: string; packages: Readonly<Record<string, Manifest>> };
  assert.equal(lock.version, version);
  for (const folder of folders) for (const one of said(lock.packages[folder])) assert.equal(one, version, `package-lock.json, ${folder}`);
});

test('the chart installs this version', () => {
  const chart = read('deploy/chart/Chart.yaml');
  assert.deepEqual([/^version: (.*)$/m.exec(chart)?.[1], /^appVersion: (.*)$/m.exec(chart)?.[1]], [version, version]);
});

test('the changelog has it, released or to be released', () => {
  assert.match(read('CHANGELOG.md'), new RegExp(`^## (?:Unreleased|${version.replaceAll('.', '\\.')}\\b)`, 'm'));
});
