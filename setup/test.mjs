/**
 * `npm test`: everything that proves the product on this host, from types to a real kernel, containers, PostgreSQL and a
 * browser. Names given as arguments choose test files by part of their path (`npm test -- sensor/decode`).
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
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

function hasRoom(directory) {
  const bytesMin = 4 * 2 ** 30;
  if (!existsSync(directory) || freemem() < bytesMin) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= bytesMin;
}

const bin = (name) => join(root, 'node_modules', '.bin', name);
// what all files of one run share: compiled sources, an empty database to copy, and the place of their own databases, which is memory where there is enough
const shared = mkdtempSync(join(hasRoom('/dev/shm') ? '/dev/shm' : tmpdir(), 'vedette-run-'));
chmodSync(shared, 0o755);
process.on('exit', () => rmSync(shared, { recursive: true, force: true }));
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}:/usr/sbin:/sbin`, VEDETTE_TEST: '1', VEDETTE_TEST_RUN: shared, NODE_COMPILE_CACHE: join(shared, 'compiled') };
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
const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout', `--test-reporter=${join(root, 'setup', 'slow-files.mjs')}`, '--test-reporter-destination=stdout'];
/** Each lane is files for a runner of its own, all lanes at the same time. */
const testFilesStep = (what, atOnce, lanes, more = []) => {
  const filled = lanes.filter((lane) => lane.length > 0);
  if (filled.length > 0) steps.push([`${filesOf(filled.flat())} of ${what}`, node26(), ...filled.map((lane) => ['--test', `--test-concurrency=${atOnce}`, ...reporters, ...more, ...lane])]);
};
testFilesStep('unit tests', 2, [units]);
if (isRoot) {
  // a hub or a console has a database, ports and a state directory of its own
  const startsSensors = (file) => /^(lab\/(kernel|containers|product)|sensor)\/|^lab\/browser\/console\./.test(file);
  // these mostly wait for what must happen, and count no records that a busy machine could lose; of sensors that see everything a kernel takes one
  const seesAll = (file) => /^lab\/(containers\/|product\/no-btf\.)/.test(file);
  const mostlyWaits = (file) => !seesAll(file) && /^lab\/(product\/|kernel\/(canary|dead-man|effect-end|replay|scoped-container)\.)/.test(file);
  const hostSeconds = ['--test-timeout=240000'];
  testFilesStep('tests with PostgreSQL and browsers, two at a time', 2, [host.filter((file) => !startsSensors(file))], hostSeconds);
  testFilesStep("tests on this host's kernel that mostly wait, two at a time", 1, [host.filter(seesAll), host.filter(mostlyWaits)], hostSeconds);
  testFilesStep("tests that have this host's kernel to themselves, one at a time", 1, [host.filter((file) => startsSensors(file) && !seesAll(file) && !mostlyWaits(file))], hostSeconds);
} else if (host.length > 0) process.stdout.write(`! not root: ${filesOf(host)} of tests left out, which need root, this host's kernel, containers, database and browser\n`);

const begun = Date.now();
const failures = [];
const running = new Set();
const end = (signal) => {
  for (const child of running) child.kill(signal);
  process.exit(130);
};
process.once('SIGINT', end).once('SIGTERM', end);

/** Beside others, what it says is shown when it has ended, so that it stays together. */
const run = async (command, args, isAlone) => {
  const child = spawn(command, args, { cwd: root, stdio: ['inherit', isAlone ? 'inherit' : 'pipe', 'inherit'], env });
  running.add(child);
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => (said += text));
  const status = await new Promise((resolve) => child.once('error', () => resolve(1)).once('close', resolve));
  running.delete(child);
  process.stdout.write(said);
  return status;
};
for (const [what, command, ...lanes] of steps) {
  const started = Date.now();
  process.stdout.write(`\n▶ ${what}\n`);
  const statuses = await Promise.all(lanes.map((args) => run(command, args, lanes.length === 1)));
  const isGreen = statuses.every((one) => one === 0);
  process.stdout.write(`${isGreen ? '✓' : '✗'} ${what} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
  if (!isGreen) failures.push(what);
}
process.stdout.write(`\n${failures.length === 0 ? '✓ all green' : `✗ failed: ${failures.join('; ')}`} in ${Math.round((Date.now() - begun) / 1000)} s\n`);
process.exit(failures.length === 0 ? 0 : 1);
