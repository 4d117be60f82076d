/**
 * What this machine needs before the product, its tests or its labs can run: Debian packages, the npm packages of the
 * lock file (Node 26 among them), two system users. Plain JavaScript for any Node from 20 on and without dependencies,
 * because nothing is installed yet when it runs. It prints what it is going to do before it does it, does it once, and
 * without root says exactly what is missing.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isRoot = process.getuid?.() === 0;
const nodeMin = 20;

/** A Debian package, how to see that it is there, and what it is for. `file` may be one of several places. */
const debian = {
  clang: { command: 'clang', why: 'compiles the kernel programs and the loader' },
  'libbpf-dev': { files: ['/usr/include/bpf/libbpf.h'], why: 'loads the kernel programs' },
  'libelf-dev': { files: ['/usr/include/libelf.h'], why: 'needed by libbpf' },
  'zlib1g-dev': { files: ['/usr/include/zlib.h'], why: 'needed by libbpf' },
  'linux-libc-dev': { files: ['/usr/include/linux/bpf.h'], why: 'declares the kernel interface' },
  passwd: { command: 'useradd', why: 'makes the system users' },
  bpftool: { command: 'bpftool', why: 'reads the type information of compiled programs' },
  runc: { command: 'runc', why: 'runs containers' },
  containerd: { command: 'containerd', why: 'runs containers as Kubernetes does' },
  umoci: { command: 'umoci', why: 'makes OCI images' },
  mmdebstrap: { command: 'mmdebstrap', why: 'makes root file systems' },
  'uidmap': { command: 'newuidmap', why: 'user namespaces in container tests' },
  chromium: { command: 'chromium', why: 'opens the console in tests' },
  'fonts-dejavu-core': { files: ['/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'], why: 'text in screenshots' },
  'fonts-liberation': { files: ['/usr/share/fonts/truetype/liberation', '/usr/share/fonts/truetype/liberation2'], why: 'text in screenshots' },
  git: { command: 'git', why: 'clones the project for the fresh lab' },
};

export const running = ['clang', 'libbpf-dev', 'libelf-dev', 'zlib1g-dev', 'linux-libc-dev', 'passwd', 'bpftool'];
export const testing = [...running, 'runc', 'containerd', 'umoci', 'mmdebstrap', 'chromium', 'fonts-dejavu-core', 'fonts-liberation', 'git'];

const users = ['vedette-hub', 'vedette-sensor'];

function hasCommand(name) {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((one) => one !== '' && existsSync(join(one, name)));
}

export function missingDebian(wanted) {
  return wanted.filter((name) => {
    const one = debian[name];
    return one.command !== undefined ? !hasCommand(one.command) : !one.files.some((file) => existsSync(file));
  });
}

function missingUsers() {
  const known = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : '';
  return users.filter((name) => !known.split('\n').some((line) => line.startsWith(`${name}:`)));
}

/** The state of node_modules is that of the lock file when the stamp says so. */
function lockStamp() {
  return createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).update(readFileSync(join(root, 'package.json'))).digest('hex');
}

const stampFile = join(root, 'node_modules', '.vedette-installed');

function npmIsCurrent() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lockStamp() && existsSync(node26());
}

export function node26() {
  return join(root, 'node_modules', 'node', 'bin', 'node');
}

function say(line) {
  process.stdout.write(`  ${line}\n`);
}

function run(command, args, options = {}) {
  return spawnSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 64 << 20, ...options });
}

function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

function fail(what, result) {
  process.stderr.write(`\n✗ ${what}\n${lastLines(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`, 15)}\n`);
  process.exit(1);
}

function installDebian(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const lists = existsSync('/var/lib/apt/lists') ? readdirSync('/var/lib/apt/lists') : [];
  const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...names], { env });
  const update = () => run('apt-get', ['update', '-o', 'DPkg::Lock::Timeout=300'], { env });
  if (!lists.some((one) => one.includes('_Packages'))) {
    const updated = update();
    if (updated.status !== 0) fail('apt-get update failed', updated);
  }
  let result = install();
  if (result.status !== 0) {
    // package lists that are too old name versions that are gone
    update();
    result = install();
  }
  if (result.status !== 0) fail(`apt-get could not install ${names.join(' ')}`, result);
}

function installNpm() {
  const npm = process.env.npm_execpath;
  // not `npm ci`: it insists on lock entries for every platform's optional packages, and registries that mirror only some
  // of them cannot give those; the lock file pins every version all the same, and --no-save leaves it as it is
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: root, env: { ...process.env, NODE_ENV: '' } };
  const result = npm !== undefined && existsSync(npm) ? run(process.execPath, [npm, ...args], options) : run('npm', args, options);
  if (result.status !== 0) fail('npm install failed', result);
  if (!existsSync(node26()) || run(node26(), ['--version']).status !== 0) {
    fail('npm installed its packages but not Node 26: the install script of the package "node" was blocked. Allow it (package.json lists it under allowScripts) and try again', result);
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, lockStamp());
}

function makeUsers(names) {
  for (const name of names) {
    const result = run('useradd', ['--system', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', name], {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    });
    if (result.status !== 0) fail(`the system user ${name} could not be made`, result);
  }
}

/** Ends with what to type when this Node is too old to go on with. */
function requireNode() {
  if (Number(process.versions.node.split('.')[0]) >= nodeMin) return;
  const how = `${isRoot ? '' : 'as root: '}npm install --global node@${nodeMin}`;
  process.stderr.write(`✗ Vedette needs Node ${nodeMin} or newer to start with (it brings Node 26 for itself); this is ${process.version}. To have it, ${how}\n`);
  process.exit(1);
}

/** A step that may take a minute is named before it begins. */
function step(what, act) {
  const started = Date.now();
  process.stdout.write(`▶ ${what}\n`);
  act();
  process.stdout.write(`✓ ${what} (${Math.round((Date.now() - started) / 1000)} s)\n`);
}

/**
 * Brings the machine to where `wanted` can run. Returns what is still missing (only without root), as sentences.
 * Says nothing at all when there is nothing to do.
 */
export function prepare(purpose, wanted) {
  requireNode();
  const packages = missingDebian(wanted);
  const accounts = missingUsers();
  const npm = !npmIsCurrent();
  const isDebian = existsSync('/usr/bin/apt-get');
  if (packages.length === 0 && accounts.length === 0 && !npm) return [];

  process.stdout.write(`\nTo ${purpose}, this machine still needs:\n`);
  for (const name of packages) say(`Debian package ${name.padEnd(18)} ${debian[name].why}`);
  for (const name of accounts) say(`system user    ${name.padEnd(18)} runs ${name === 'vedette-hub' ? 'the hub and its database' : 'the sensor'} without root`);
  if (npm) say('npm packages of package-lock.json, with Node 26 among them, into node_modules');

  const missing = [];
  const started = Date.now();
  if (packages.length > 0) {
    if (isRoot && isDebian) step('installing Debian packages', () => installDebian(packages));
    else missing.push(`not ${isRoot ? 'a Debian system' : 'root'}, so these could not be installed: ${packages.join(', ')}. As root: apt-get install ${packages.join(' ')}`);
  }
  if (accounts.length > 0) {
    if (isRoot) makeUsers(accounts);
    else missing.push('not root: hub and sensor run as you, and the sensor sees only what you may see');
  }
  if (npm) step('installing npm packages', installNpm);
  process.stdout.write(`✓ done in ${Math.round((Date.now() - started) / 1000)} s\n\n`);
  for (const one of missing) process.stdout.write(`! ${one}\n`);
  return missing;
}
