/**
 * What this machine needs before the product, its tests or its labs can run: Debian packages, the npm packages of the
 * lock file (Node 26 among them), two system users. Plain JavaScript for any Node from 20 on and without dependencies,
 * because nothing is installed yet when it runs. It prints what it is going to do before it does it, shows while it does it
 * that it goes on, does it once, and without root says exactly what is missing.
 */
import { spawn, spawnSync } from 'node:child_process';
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
  chromium: { command: 'chromium', why: 'opens the console in tests' },
  'fonts-dejavu-core': { files: ['/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'], why: 'text in screenshots' },
  'fonts-liberation': { files: ['/usr/share/fonts/truetype/liberation', '/usr/share/fonts/truetype/liberation2'], why: 'text in screenshots' },
  skopeo: { command: 'skopeo', why: 'pushes and copies images' },
  nftables: { command: 'nft', why: "leads Services of the lab's clusters to their Pods" },
  iproute2: { command: 'ip', why: "makes the networks of the lab's clusters" },
  git: { command: 'git', why: 'clones the project for the fresh lab' },
};

export const running = ['clang', 'libbpf-dev', 'libelf-dev', 'zlib1g-dev', 'linux-libc-dev', 'passwd', 'bpftool'];
export const testing = [...running, 'runc', 'containerd', 'umoci', 'mmdebstrap', 'chromium', 'fonts-dejavu-core', 'fonts-liberation', 'skopeo', 'nftables', 'iproute2', 'git'];

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

/** Without root the parts run as the caller: users of their own would be nobody's. */
function missingUsers(wanted) {
  if (!isRoot || wanted.length === 0) return [];
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

const outputMax = 1 << 20;
const tickMs = 5000;
const lineMax = 90;

/** What a command said last, fit for one line of a terminal. */
function lastWords(output) {
  const line = (output.trimEnd().split(/[\r\n]/).at(-1) ?? '').replace(/[\x00-\x1f\x7f]/g, ' ').trim();
  return line.length > lineMax ? `${line.slice(0, lineMax)}…` : line;
}

/** Runs a command to its end, and every few seconds shows that it goes on. `output` is what it said, the end of it. */
async function run(command, args, options = {}) {
  const begun = Date.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-outputMax)));
  const tick = setInterval(() => say(`… ${Math.round((Date.now() - begun) / 1000)} s   ${lastWords(output)}`.trimEnd()), tickMs);
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += error.message;
      resolve(1);
    });
    child.on('close', (status) => resolve(status ?? 1));
  });
  clearInterval(tick);
  return { ok: code === 0, output };
}

/** Ends: what did not work, what was said about it, and what to do. */
function fail(what, output, todo) {
  const lines = output.trim().split('\n');
  // npm names the reason first, apt-get last
  const shown = lines.length > 18 ? [...lines.slice(0, 6), '…', ...lines.slice(-11)] : lines;
  process.stderr.write(`\n✗ ${what}:\n${shown.map((one) => `    ${one}`).join('\n')}\n  ${todo}\n`);
  process.exit(1);
}

async function installDebian(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const lists = existsSync('/var/lib/apt/lists') ? readdirSync('/var/lib/apt/lists') : [];
  const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...names], { env });
  const update = () => run('apt-get', ['update', '-o', 'DPkg::Lock::Timeout=300'], { env });
  if (!lists.some((one) => one.includes('_Packages'))) {
    const updated = await update();
    if (!updated.ok) fail('apt-get update failed', updated.output, 'Mend the package sources of this machine (/etc/apt) or its network, and try again.');
  }
  let result = await install();
  if (!result.ok) {
    // package lists that are too old name versions that are gone
    await update();
    result = await install();
  }
  if (!result.ok) fail(`apt-get could not install ${names.join(' ')}`, result.output, `What it says is to be mended, until this works: apt-get install ${names.join(' ')}. Then try again.`);
}

async function installNpm() {
  const npm = process.env.npm_execpath;
  // not `npm ci`: it insists on lock entries for every platform's optional packages, and registries that mirror only some
  // of them cannot give those; the lock file pins every version all the same, and --no-save leaves it as it is
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: root, env: { ...process.env, NODE_ENV: '' } };
  const { ok, output } = npm !== undefined && existsSync(npm) ? await run(process.execPath, [npm, ...args], options) : await run('npm', args, options);
  if (!ok) fail('npm install failed', output, 'Usually the registry cannot be reached ("npm config get registry" names it), or the disk is full. Try again when that is mended.');
  if (!node26Runs()) {
    fail('npm installed its packages but not Node 26', output, 'The install script of the package "node" did not run. Allow install scripts (npm config get ignore-scripts; package.json lists those needed under allowScripts) and try again.');
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, lockStamp());
}

function node26Runs() {
  return existsSync(node26()) && spawnSync(node26(), ['--version']).status === 0;
}

async function makeUsers(names) {
  for (const name of names) {
    const { ok, output } = await run('useradd', ['--system', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', name], {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    });
    if (!ok) fail(`the system user ${name} could not be made`, output, `Make it by hand: useradd --system --shell /usr/sbin/nologin ${name}`);
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
async function step(what, act) {
  const started = Date.now();
  process.stdout.write(`▶ ${what}\n`);
  await act();
  process.stdout.write(`✓ ${what} (${Math.round((Date.now() - started) / 1000)} s)\n`);
}

/** Why packages could not be installed by this, and what would. */
function notInstalled(packages, isDebian) {
  if (!isDebian) return `not a Debian system, so these could not be installed: ${packages.join(', ')}. Install what they are called here`;
  return `not root, so these could not be installed: ${packages.join(', ')}. As root: apt-get install ${packages.join(' ')}`;
}

/**
 * Brings the machine to where `wanted` can run. Returns what is still missing, as sentences, which are also printed.
 * Says nothing at all when there is nothing to do.
 */
export async function prepare(purpose, wanted) {
  requireNode();
  const packages = missingDebian(wanted);
  const accounts = missingUsers(wanted);
  const npm = !npmIsCurrent();
  const isDebian = existsSync('/usr/bin/apt-get');
  if (packages.length === 0 && accounts.length === 0 && !npm) return [];

  process.stdout.write(`\nTo ${purpose}, this machine still needs:\n`);
  for (const name of packages) say(`Debian package ${name.padEnd(18)} ${debian[name].why}`);
  for (const name of accounts) say(`system user    ${name.padEnd(18)} runs ${name === 'vedette-hub' ? 'the hub and its database' : 'the sensor'} without root`);
  if (npm) say('npm packages of package-lock.json, with Node 26 among them, into node_modules');

  const started = Date.now();
  const canInstall = isRoot && isDebian;
  if (packages.length > 0 && canInstall) await step('installing Debian packages', () => installDebian(packages));
  if (accounts.length > 0) await makeUsers(accounts);
  if (npm) await step('installing npm packages', installNpm);
  if (canInstall || npm) process.stdout.write(`✓ done in ${Math.round((Date.now() - started) / 1000)} s\n`);
  const missing = packages.length > 0 && !canInstall ? [notInstalled(packages, isDebian)] : [];
  for (const one of missing) process.stdout.write(`! ${one}\n`);
  process.stdout.write('\n');
  return missing;
}

/**
 * npm keeps options for itself that do not stand behind "--": they would have no effect, and nobody would say so.
 * Ends with what to type when one of `names` was given like that.
 */
export function refuseSwallowed(script, names) {
  const kept = (name) => process.env[`npm_config_${name.replaceAll('-', '_')}`];
  // npm reads --no-x as x being false
  const swallowed = names.filter((one) => (one.startsWith('no-') ? kept(one.slice(3)) === '' : kept(one) !== undefined));
  if (swallowed.length === 0) return;
  process.stderr.write(`✗ npm took ${swallowed.map((one) => `--${one}`).join(' and ')} for itself. Options stand behind "--": npm ${script} -- --${swallowed[0]} …\n`);
  process.exit(2);
}
