/**
 * `npm test`: everything that proves the product on this host, from types to a real kernel, containers, PostgreSQL and a
 * browser. Names given as arguments choose test files by part of their path (`npm test -- sensor/decode`).
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { missingDebian, node26, prepare, root, testing } from './machine.mjs';
import { testFiles } from './test-files.mjs';

const isRoot = process.getuid?.() === 0;
const chosen = process.argv.slice(2).filter((one) => !one.startsWith('-'));
await prepare('test Vedette', testing);
if (isRoot && missingDebian(testing).length > 0) {
  process.stderr.write(`✗ still missing after installing: ${missingDebian(testing).join(', ')}\n`);
  process.exit(1);
}

const bin = (name) => join(root, 'node_modules', '.bin', name);
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}:/usr/sbin:/sbin`, VEDETTE_TEST: '1' };
const files = testFiles(root);
const fits = (file) => chosen.length === 0 || chosen.some((one) => file.includes(one.replace(/^\.\//, '')));
const units = files.units.filter(fits);
const host = files.host.filter(fits);
if (units.length + host.length === 0) {
  process.stderr.write(`✗ no test file has ${chosen.join(' or ')} in its path\n`);
  process.exit(1);
}

const filesOf = (files) => `${files.length} ${files.length === 1 ? 'file' : 'files'}`;
const steps = [];
if (chosen.length === 0) {
  steps.push(['types of the pure packages', bin('tsc'), ['-p', 'tsconfig.pure.json']]);
  steps.push(['types of everything on Node', bin('tsc'), ['-p', 'tsconfig.node.json']]);
  steps.push(['types of the console', bin('tsc'), ['-p', 'tsconfig.web.json']]);
  steps.push(['lint', bin('oxlint'), ['--quiet']]);
}
if (units.length > 0) steps.push([`${filesOf(units)} of unit tests`, node26(), ['--test', '--test-concurrency=2', ...units]]);
if (host.length > 0) {
  // a hub or a console has a database, ports and a state directory of its own; what starts a sensor has the host to itself
  const startsSensors = (file) => /^(lab\/(kernel|containers|product)|sensor)\/|^lab\/browser\/console\./.test(file);
  const beside = host.filter((file) => !startsSensors(file));
  const alone = host.filter(startsSensors);
  if (isRoot && beside.length > 0) steps.push([`${filesOf(beside)} of tests with PostgreSQL and browsers, two at a time`, node26(), ['--test', '--test-concurrency=2', '--test-timeout=240000', ...beside]]);
  if (isRoot && alone.length > 0) steps.push([`${filesOf(alone)} of tests on this host's kernel, one at a time`, node26(), ['--test', '--test-concurrency=1', '--test-timeout=240000', ...alone]]);
  if (!isRoot) process.stdout.write(`! not root: ${filesOf(host)} of tests left out, which need root, this host's kernel, containers, database and browser\n`);
}

const begun = Date.now();
const failures = [];
for (const [what, command, args] of steps) {
  const started = Date.now();
  process.stdout.write(`\n▶ ${what}\n`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  process.stdout.write(`${status === 0 ? '✓' : '✗'} ${what} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
  if (status !== 0) failures.push(what);
}
process.stdout.write(`\n${failures.length === 0 ? '✓ all green' : `✗ failed: ${failures.join('; ')}`} in ${Math.round((Date.now() - begun) / 1000)} s\n`);
process.exit(failures.length === 0 ? 0 : 1);
