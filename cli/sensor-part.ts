/** How the sensor is started: by its loader as root, or alone and blind when there can be no loader. */
import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProbe, buildSensor, contentDirectory, probeObject, projectRoot } from './build.ts';
import { followLog, type LogLine } from './log-file.ts';
import { Part } from './part.ts';
import { refusalOf } from './sensor-words.ts';
import { isRoot, ownFolder, serviceUser, type StateDirectory } from './state-directory.ts';

export interface SensorPartOptions {
  readonly state: StateDirectory;
  readonly joinTokenFile?: string;
  readonly cgroup?: string;
  readonly containerdSockets?: readonly string[];
  readonly ringBytes?: string;
  readonly lifeLines?: string;
  readonly deadManSeconds?: string;
  readonly canarySeconds?: number;
  readonly onLine: (line: LogLine) => void;
  /** The loader will not stay: why, in a sentence. */
  readonly onGivenUp: (reason: string) => void;
}

/**
 * What the sensor runs under: a small young generation and one garbage collecting thread, for memory, and sparing until it has begun
 * (sensor/give-back.ts). With 5,000 processes alive and the official rules it takes 101 MiB so, and took 170 without the last and the
 * environment below; a generation of 1 MiB saved nothing more and cost time in a storm, and without V8's threads there is more to keep.
 */
export const sensorNodeFlags: readonly string[] = ['--max-semi-space-size=2', '--single-threaded-gc', '--optimize-for-size'];
/** Threads that each keep a heap of their own would hold on to what they once needed, and so would the one heap that only ever grows. */
export const sensorEnvironment = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '16384', MALLOC_TRIM_THRESHOLD_: '131072' };

/** So long may pass between the loader's last words and its end. */
const refusalMs = 1000;

/** Sockets that belong to a group the sensor must be in to ask a runtime; membership is root-equivalent, see docs. */
const usualSockets = ['/run/containerd/containerd.sock', '/run/k3s/containerd/containerd.sock', '/run/crio/crio.sock'];

function socketGroups(sockets: readonly string[]): string[] {
  const groups = new Set<number>();
  for (const one of sockets) {
    const status = statSync(one, { throwIfNoEntry: false });
    if (status?.isSocket() === true) groups.add(status.gid);
  }
  return [...groups].flatMap((gid) => ['--group', String(gid)]);
}

export async function sensorPart(options: SensorPartOptions): Promise<Part> {
  const { state, cgroup } = options;
  const user = serviceUser('vedette-sensor');
  ownFolder(state.sensor, user);
  const sockets = options.containerdSockets ?? [];
  const config = {
    stateDirectory: state.sensor,
    rulesDirectory: join(contentDirectory(), 'rules'),
    ...(options.canarySeconds === undefined ? {} : { canaryMs: options.canarySeconds * 1000 }),
    ...(cgroup === undefined ? {} : { scopeCgroup: cgroup }),
    ...(options.joinTokenFile === undefined ? {} : { joinTokenFile: options.joinTokenFile }),
    ...(sockets.length === 0 ? {} : { containerdSockets: [...usualSockets.slice(0, 2), ...sockets] }),
  };
  // at once: the compiler is asked for its version while the sensor's sources are read
  const [probe, program] = await Promise.all([
    isRoot ? buildProbe(state.build) : { ok: false as const, reason: 'not started as root: kernel programs need CAP_BPF and CAP_PERFMON' },
    sensorProgram(options),
  ]);
  const sensor = (more: object) => [process.execPath, ...sensorNodeFlags, program.main, '--config', JSON.stringify({ ...config, ...program.config, ...more })];
  const [command = '', ...args] = probe.ok
    ? [
        join(probe.directory, 'vedette-loader'),
        '--object',
        probeObject(probe.directory),
        ...(user === null ? [] : ['--user', `${user.uid}:${user.gid}`]),
        ...socketGroups([...usualSockets, ...sockets]),
        ...(cgroup === undefined ? [] : ['--cgroup', cgroup]),
        ...(options.ringBytes === undefined ? [] : ['--ring-bytes', options.ringBytes]),
        ...(options.lifeLines === undefined ? [] : ['--life-lines', options.lifeLines]),
        ...(options.deadManSeconds === undefined ? [] : ['--dead-man', options.deadManSeconds]),
        '--',
        ...sensor({}),
      ]
    : sensor({ blindReason: probe.reason.split('\n')[0]! });
  const spoken = new LoaderWords(options.onLine);
  return new Part({
    name: 'sensor',
    command,
    args,
    env: sensorEnvironment,
    onStderr: (stream) => followLog(stream, join(state.root, 'log'), 'sensor', (line) => spoken.add(line)),
    onEnded: ({ code, signal, times }) => {
      if (probe.ok && (code === 2 || code === 3)) {
        options.onGivenUp(refusalOf(spoken.take(), code));
        return null;
      }
      spoken.release();
      options.onLine({ level: 'error', message: `${probe.ok ? 'the loader' : 'it'} ended (${signal ?? code}); it is started again${probe.ok ? ', and what was in the ring is lost' : ''}` });
      return Math.min(30_000, 500 * 2 ** Math.min(times, 8));
    },
  });
}

/** What the loader says is held for a moment: when it ends then, that was why, and is said once. */
class LoaderWords {
  readonly #onLine: (line: LogLine) => void;
  #held: LogLine[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(onLine: (line: LogLine) => void) {
    this.#onLine = onLine;
  }

  add(line: LogLine): void {
    const isSensors = line['part'] !== undefined;
    if (isSensors) {
      this.release();
      this.#onLine(line);
      return;
    }
    this.#held.push(line);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.release(), refusalMs).unref();
  }

  release(): void {
    for (const line of this.#held.splice(0)) this.#onLine(line);
    clearTimeout(this.#timer);
  }

  take(): string[] {
    clearTimeout(this.#timer);
    return this.#held.splice(0).map((one) => one.message);
  }
}

/** As built; as source, which weighs more and does the same, where it could not be built. */
async function sensorProgram({ state, onLine }: SensorPartOptions): Promise<{ readonly main: string; readonly config: { readonly scannerProgram?: string } }> {
  const built = await buildSensor(state.build);
  if (built.ok) return { main: join(built.directory, 'sensor.mjs'), config: { scannerProgram: join(built.directory, 'scanner.mjs') } };
  onLine({ level: 'warn', message: `the sensor runs from its sources, with more memory, because it could not be built: ${built.reason.split('\n')[0]!}` });
  return { main: join(projectRoot, 'sensor', 'main.ts'), config: {} };
}

/** The token lies where the sensor's user can read it, and nobody else. */
export function keepJoinToken(state: StateDirectory, token: string): string {
  const path = join(state.sensor, 'join-token');
  ownFolder(state.sensor, serviceUser('vedette-sensor'));
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
  return path;
}

export function hasJoined(state: StateDirectory): boolean {
  return existsSync(join(state.sensor, 'credentials.json'));
}
