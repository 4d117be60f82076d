/**
 * Where the battery is played: a cgroup of the lab's own with a part for the host and one container (runc alone, on
 * overlay), watched by the real loader and sensor with the rules that ship and the official ones, and a mount, process and
 * network namespace for each act on the host, so that nothing it writes is left. After each act a barrier program is run;
 * its own detection comes behind all that the act led to, so no clock decides what belongs to which act.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadRules } from '@vedette/rules/ruleset';
import { projectRoot } from '../borders/borders.ts';
import { BareRunc } from '../containers/bare-runc.ts';
import { shopImage } from '../containers/image.ts';
import { run, type RunOptions, type RunResult } from '../containers/run.ts';
import { TestCgroup } from '../kernel/cgroup.ts';
import { probeFiles } from '../kernel/probe-build.ts';
import type { LabRun } from '../lab.ts';
import { DetectionFile, type DetectionLine, type LossLine } from './detections.ts';

const containerId = 'vedette-detect';
const sensorUser = 65534;
/** Each program on the host has a share of the detections of a rule, and there are more barriers than one share holds. */
const barrierPrograms = 8;
const barrierProgram = (place: string, index: number) => join(place, 'barriers', String(index), 'vd-barrier');
const barrierMsMax = 20_000;
const readyMsMax = 30_000;
/** Addresses that acts connect to: those of documentation, and the one that clouds answer on; on loopback, so nothing leaves. */
export const outside = '203.0.113.66';
export const metadata = '169.254.169.254';

const labRules = `
- rule: lab barrier
  desc: Everything before it was seen.
  condition: evt.type in (execve, execveat) and proc.name = vd-barrier
  output: "%proc.args"
  priority: DEBUG
- rule: lab identity
  desc: The image of the container is known.
  condition: evt.type in (execve, execveat) and proc.name = vd-identity and container.image.repository = registry.test/shop/cart
  output: "%container.name"
  priority: DEBUG
`;

export type RuleSetName = 'own' | 'official' | 'battery' | 'lab';

export interface ContainerOptions extends RunOptions {
  readonly capabilities?: readonly string[];
  readonly user?: string;
  /** With a terminal of its own. */
  readonly terminal?: boolean;
}

export interface HostOptions extends RunOptions {
  /** Shell, done in the namespaces before the act begins and not seen by the sensor. */
  readonly prepare?: string;
  readonly user?: string;
  /** As something that a person started who signed in; else as a service. */
  readonly signedIn?: boolean;
}

interface Sensor {
  readonly child: ChildProcess;
  readonly file: DetectionFile;
}

export class DetectScene {
  readonly lab: LabRun;
  readonly hasOfficial: boolean;
  /** The program of attack.c, on the host; in the container it is /usr/bin/attack. */
  readonly program: string;
  /** The lab's own directory, where actions may make things. */
  readonly place: string;
  readonly #host: TestCgroup;
  readonly #sets: ReadonlyMap<string, RuleSetName>;
  readonly #sensor: Sensor;
  readonly container: BareRunc;
  readonly #another: (id: string, command: readonly string[]) => BareRunc;
  #barriers = 0;
  readonly #found: DetectionLine[] = [];
  #losses: LossLine | null = null;

  constructor(made: { lab: LabRun; place: string; host: TestCgroup; sets: ReadonlyMap<string, RuleSetName>; sensor: Sensor; container: BareRunc; another: (id: string, command: readonly string[]) => BareRunc; program: string }) {
    this.lab = made.lab;
    this.place = made.place;
    this.#host = made.host;
    this.#sets = made.sets;
    this.#sensor = made.sensor;
    this.container = made.container;
    this.#another = made.another;
    this.program = made.program;
    this.hasOfficial = [...made.sets.values()].includes('official');
  }

  setOf(rule: string): RuleSetName {
    return this.#sets.get(rule) ?? 'lab';
  }

  /** The names of all rules of a set. */
  rulesOf(set: RuleSetName): string[] {
    return [...this.#sets].filter(([, one]) => one === set).map(([name]) => name);
  }

  /** Runs on the host, in the lab's cgroup and in namespaces of its own; /etc, /root, /home, /usr and /var are copies on write. */
  async onHost(command: readonly string[], options: HostOptions = {}): Promise<RunResult> {
    const { prepare = 'true', user, signedIn = false, ...rest } = options;
    const as = user === undefined ? [] : ['setpriv', '--reuid', user, '--regid', user, '--clear-groups'];
    const script = `PROGRAM=${this.program}\n${sandbox}\n${prepare}\necho ${signedIn ? 1000 : 0xffffffff} > /proc/self/loginuid\n${this.#enter()}\nexec "$@"`;
    return await run('unshare', ['--mount', '--pid', '--net', '--fork', '--mount-proc', '--propagation', 'private', 'sh', '-e', '-c', script, 'sandbox', ...as, ...command], { accept: anyCode, timeoutMs: 30_000, ...rest });
  }

  /** Runs in the container, let in by runc from a shell of the host, all of which the sensor sees. */
  async inContainer(command: readonly string[], options: ContainerOptions = {}): Promise<RunResult> {
    const { capabilities = [], user, terminal = false, ...rest } = options;
    const exec = ['runc', 'exec', ...capabilities.flatMap((one) => ['--cap', one]), ...(user === undefined ? [] : ['--user', user]), ...(terminal ? ['--tty'] : []), containerId, ...command];
    const script = `${this.#enter()}\nexec "$@"`;
    const whole = terminal ? ['script', '--quiet', '--return', '--command', exec.map((one) => `'${one.replaceAll("'", "'\\''")}'`).join(' '), '/dev/null'] : exec;
    return await run('sh', ['-e', '-c', script, 'enter', ...whole], { accept: anyCode, timeoutMs: 30_000, ...rest });
  }

  /** A second container of the same image, in the lab's cgroup; not started. */
  anotherContainer(id: string, command: readonly string[]): BareRunc {
    return this.#another(id, command);
  }

  /** Shell in the container's root, mounts and processes, from outside of what the sensor watches. */
  async prepareInContainer(script: string): Promise<RunResult> {
    return await run('nsenter', ['--target', String(this.container.pid()), '--mount', '--pid', '--root', '--wd', '/bin/sh', '-e', '-c', script]);
  }

  /** What was detected because of the act, the lab's own rules left out. */
  async during(what: string, act: () => Promise<unknown>): Promise<DetectionLine[]> {
    const before = await this.#barrier();
    if (before.length > 0) this.lab.report.progress(`between two acts, before "${what}": ${before.map((one) => one.rule).join(', ')}`);
    await act();
    return await this.#barrier();
  }

  /** What the sensor lost until the last barrier, and what is wrong with its rules. */
  get losses(): LossLine | null {
    return this.#losses;
  }

  /** cgroup.procs files of the host's part. */
  get hostProcs(): readonly string[] {
    return this.#host.procs;
  }

  #enter(): string {
    return this.#host.procs.map((one) => `echo $$ > ${one}`).join('\n');
  }

  async #barrier(): Promise<DetectionLine[]> {
    const mark = `mark-${++this.#barriers}`;
    await run('sh', ['-e', '-c', `${this.#enter()}\nexec ${barrierProgram(this.place, this.#barriers % barrierPrograms)} ${mark}`]);
    const deadline = performance.now() + barrierMsMax;
    while (performance.now() < deadline) {
      if (this.#heard().some((one) => one.rule === 'lab barrier' && one.output === mark)) return this.#found.splice(0).filter((one) => this.setOf(one.rule) !== 'lab');
      if (this.#sensor.child.exitCode !== null) throw new Error(`the sensor ended; see ${join(this.place, 'sensor.log')}`);
      await sleep(10);
    }
    throw new Error(`the barrier ${mark} was not detected within ${barrierMsMax} ms; see ${join(this.place, 'sensor.log')}`);
  }

  /** Until the sensor knows the image of the container: what comes then waits for nothing. */
  async known(container: BareRunc): Promise<void> {
    const deadline = performance.now() + readyMsMax;
    while (performance.now() < deadline) {
      await run('runc', ['exec', container.id, '/usr/bin/vd-identity'], { accept: anyCode });
      await sleep(100);
      if (this.#heard().some((one) => one.rule === 'lab identity' && one.output === container.id && !one.identityPending)) return;
    }
    throw new Error(`the sensor did not know the container within ${readyMsMax} ms; see ${join(this.place, 'sensor.log')}`);
  }

  /** All lines since the last barrier. */
  #heard(): readonly DetectionLine[] {
    for (const line of this.#sensor.file.take()) {
      if (line.kind === 'detection') this.#found.push(line);
      else this.#losses = line;
    }
    return this.#found;
  }
}

const anyCode = Array.from({ length: 256 }, (_, code) => code);

/** Everything that an act could spoil is covered by a copy on write before it begins. */
const sandbox = `
mkdir -p /tmp/vedette-sandbox
mount -t tmpfs sandbox /tmp/vedette-sandbox
mount -t tmpfs sandbox /dev/shm
for one in etc root home usr var opt; do
  mkdir -p /tmp/vedette-sandbox/$one/upper /tmp/vedette-sandbox/$one/work
  mount -t overlay overlay -o lowerdir=/$one,upperdir=/tmp/vedette-sandbox/$one/upper,workdir=/tmp/vedette-sandbox/$one/work /$one
done
ip link set lo up
ip address add ${outside}/32 dev lo
ip address add ${metadata}/32 dev lo
`.trim();

/** Programs in the image of the container: the lab's own, and such as stand in for others (attack.c). */
const imagePrograms = [
  'attack', 'vd-identity', 'nginx', 'php-fpm8.2', 'java', 'nc', 'socat', '.cache-update', 'iptables', 'nmap', 'masscan', 'amicontained', 'kubectl', 'ssh', 'chisel', 'curl', 'wget', 'rclone', 'scp',
  'xmrig', 'helper', 'reboot', 'rotatelogs',
];

function buildProgram(place: string): string {
  const program = join(place, 'attack');
  execFileSync('clang', ['-O1', '-static', '-o', program, join(projectRoot(), 'lab', 'detect', 'attack.c')], { stdio: ['ignore', 'inherit', 'inherit'] });
  return program;
}

/** The layer on top of the image, with the lab's own programs. */
function layer(place: string, program: string, more: readonly string[]): string {
  const directory = join(place, 'layer', 'usr', 'bin');
  mkdirSync(directory, { recursive: true });
  for (const one of [...imagePrograms, ...more]) linkSync(program, join(directory, one));
  return join(place, 'layer');
}

function yamlBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && one.name.endsWith('.yaml') && !one.name.endsWith('.test.yaml'))
    .map((one) => join(one.parentPath, one.name))
    .sort();
}

/** The Falco project's own rule files, where they lie beside the checkout; empty: not there. */
export function officialRuleFiles(): string[] {
  const folder = join(process.env['VEDETTE_SHARED'] ?? join(projectRoot(), '..', 'shared'), 'data', 'falco-rules');
  return existsSync(folder) ? yamlBelow(folder).reverse() : [];
}

export function ownRuleFiles(): string[] {
  return yamlBelow(join(projectRoot(), 'content', 'rules'));
}

function namesIn(files: readonly string[]): string[] {
  return loadRules(files.map((name) => ({ name, text: readFileSync(name, 'utf8') }))).rules.map((one) => one.name);
}

async function startSensor(place: string, cgroup: TestCgroup, files: readonly string[], isDeaf: boolean): Promise<Sensor> {
  const { object, loader } = await probeFiles();
  const state = join(place, 'state');
  const out = join(place, 'detections');
  mkdirSync(state);
  writeFileSync(out, '');
  for (const one of [state, out]) chownSync(one, sensorUser, sensorUser);
  const config = { stateDirectory: state, scopeCgroup: cgroup.name };
  const log = join(place, 'sensor.log');
  writeFileSync(log, '');
  const child = spawn('sh', ['-c', `exec "$@" 2>> ${log}`, 'sh', loader, '--object', object, '--user', `${sensorUser}:${sensorUser}`, '--cgroup', cgroup.path, '--', process.execPath, join(projectRoot(), 'lab', 'detect', 'sensor.ts'), JSON.stringify(config), out, isDeaf ? 'without-calls' : 'all', ...files], { stdio: ['ignore', 'ignore', 'inherit'] });
  const deadline = performance.now() + readyMsMax;
  while (!readFileSync(log, 'utf8').includes('"message":"attached"')) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`the sensor did not attach:\n${readFileSync(log, 'utf8').slice(-2000)}`);
    await sleep(50);
  }
  return { child, file: new DetectionFile(out) };
}

export interface SceneWish {
  /** Names of programs that the image of the container has besides its own. */
  readonly programs?: readonly string[];
  /** In place of the rules that ship. */
  readonly rules?: readonly string[];
  /** Files of rules of a battery's own. */
  readonly more?: readonly string[];
}

export async function withScene(lab: LabRun, play: (scene: DetectScene) => Promise<void>, wish: SceneWish = {}): Promise<void> {
  const stops: (() => void | Promise<void>)[] = [];
  const place = lab.place;
  try {
    lab.report.say('Setting the scene');
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    chmodSync(place, 0o755);
    const image = await shopImage();
    const program = buildProgram(place);
    for (let index = 0; index < barrierPrograms; index++) {
      mkdirSync(dirname(barrierProgram(place, index)), { recursive: true });
      linkSync(program, barrierProgram(place, index));
    }
    const own = (wish.rules ?? ownRuleFiles()).filter((one) => lab.sabotage !== 'rules' || !one.includes('/credential-access/'));
    const official = officialRuleFiles();
    const more = wish.more ?? [];
    if (official.length === 0) lab.report.progress('the official rules are not there: only ours are asked');
    const labFile = join(place, 'lab-rules.yaml');
    writeFileSync(labFile, labRules);
    const sets = new Map<string, RuleSetName>([...namesIn(official).map((one) => [one, 'official'] as const), ...namesIn(own).map((one) => [one, 'own'] as const), ...namesIn(more).map((one) => [one, 'battery'] as const)]);
    const cgroup = new TestCgroup();
    stops.push(() => cgroup.remove());
    const host = cgroup.child('host');
    lab.report.progress('the sensor with both rule sets, and a container of a bare runc');
    const sensor = await startSensor(place, cgroup, [...official, ...own, ...more, labFile], lab.sabotage === 'sensor');
    stops.push(async () => await ended(sensor.child));
    const layers = [layer(place, program, wish.programs ?? [])];
    const another = (id: string, command: readonly string[]) => new BareRunc({ directory: join(place, id), id, image, overlay: true, layers, command, cgroup: `/${cgroup.name}/runc-${id}.scope` });
    const container = another(containerId, ['/usr/bin/node', '/srv/app/main.js']);
    stops.push(async () => await container.stop());
    await container.start();
    await addressesIn(container.pid());
    const scene = new DetectScene({ lab, place, host, sets, sensor, container, another, program });
    await scene.known(container);
    await play(scene);
  } finally {
    for (const stop of stops.toReversed()) await Promise.resolve(stop()).catch((error: unknown) => process.stderr.write(`stopping: ${error instanceof Error ? error.message : String(error)}\n`));
  }
}

async function addressesIn(pid: number): Promise<void> {
  for (const one of [outside, metadata]) await run('nsenter', ['--target', String(pid), '--net', 'ip', 'address', 'add', `${one}/32`, 'dev', 'lo']);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await end;
}
