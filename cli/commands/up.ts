/** `vedette up`: hub and sensor on this host, built when needed, kept running until told to stop. */
import { release } from 'node:os';
import { parseArgs, styleText } from 'node:util';
import { buildConsole, type Built } from '../build.ts';
import { hubPart, localJoinToken, takeFirstSignIn, type HubReady } from '../hub-part.ts';
import { takeInstance } from '../instance.ts';
import type { LogLine } from '../log-file.ts';
import { hasJoined, keepJoinToken, sensorPart } from '../sensor-part.ts';
import type { Part } from '../part.ts';
import { startAdvice } from '../start-advice.ts';
import { isRoot, prepareRoot, stateDirectory, type StateDirectory } from '../state-directory.ts';
import { complain, say, UsageError, wholeNumber, type CliCommand } from './command.ts';

const flags = {
  'host': { type: 'string' },
  'port': { type: 'string' },
  'link-host': { type: 'string' },
  'link-port': { type: 'string' },
  'link-name': { type: 'string', multiple: true },
  'no-sensor': { type: 'boolean' },
  'cgroup': { type: 'string' },
  'containerd-socket': { type: 'string', multiple: true },
  'ring-bytes': { type: 'string' },
  'life-lines': { type: 'string' },
  'dead-man': { type: 'string' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof flags }>>['values'];

/** Options that only the loader reads, checked here so that nothing is built or started for a mistake. */
function checkLoaderOptions(values: Values): void {
  wholeNumber(values['dead-man'], '--dead-man', 1, 2_592_000);
  const ring = wholeNumber(values['ring-bytes'], '--ring-bytes', 65_536, 1 << 30);
  if (ring !== undefined && (ring & (ring - 1)) !== 0) throw new UsageError(`--ring-bytes must be a power of two from 65536 to ${1 << 30}, not ${ring}`);
}

export const up: CliCommand = {
  name: 'up',
  summary: 'Run hub and sensor on this host',
  usage: 'vedette up [--port N] [--host ADDRESS] [--cgroup PATH] [--no-sensor] …',
  details: `  --host ADDRESS            address of the console and API (127.0.0.1)
  --port N                  port of the console and API (PORT, else 7420)
  --link-host ADDRESS       address that sensors of other hosts reach (127.0.0.1)
  --link-port N             port of the link (port of the console + 1)
  --link-name NAME          name or address in join tokens; may be repeated
  --no-sensor               only the hub
  --cgroup PATH             the sensor sees only this cgroup
  --containerd-socket PATH  a further containerd to ask; may be repeated
  --ring-bytes N            size of the kernel's ring, a power of two (8388608)
  --life-lines NAMES        further programs that may never be killed, by commas
  --dead-man SECONDS        enforcement ends by itself after this long
  DATABASE_URL              a PostgreSQL (16 or newer) instead of the embedded one
  VEDETTE_STATE             where state is kept (${stateDirectory().root})`,
  examples: ['vedette up', 'PORT=8000 vedette up', 'vedette up --link-host 0.0.0.0 --link-name hub.example.org'],
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: flags, strict: true });
    const port = wholeNumber(values.port ?? (process.env['PORT'] || undefined), 'the port', 1, 65_534) ?? 7420;
    const linkPort = wholeNumber(values['link-port'], '--link-port', 1, 65_535) ?? port + 1;
    checkLoaderOptions(values);
    return await new Up(values, port, linkPort).run();
  },
};

class Up {
  readonly #values: Values;
  readonly #port: number;
  readonly #linkPort: number;
  readonly #state: StateDirectory = stateDirectory();
  readonly #ended = Promise.withResolvers<number>();
  readonly #parts: Part[] = [];
  #sensorSaid = false;
  #hubSaid = false;

  constructor(values: Values, port: number, linkPort: number) {
    this.#values = values;
    this.#port = port;
    this.#linkPort = linkPort;
  }

  async run(): Promise<number> {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => this.#ended.resolve(0));
    say('');
    good(`node ${process.versions.node}`);
    if (!isRoot) bad('not root: the sensor cannot load kernel programs and sees only what you may see');
    prepareRoot(this.#state);
    const instance = await takeInstance(this.#state.root);
    if (instance.kind === 'taken') {
      complain(`  Vedette already runs on ${this.#state.root} as process ${instance.pid}. Stop that one, or give this one a state of its own (VEDETTE_STATE) and another port.`);
      return 2;
    }
    const built = await buildConsole(this.#state.build);
    this.#sayBuilt(built);
    const hub = hubPart({
      state: this.#state,
      consoleDirectory: built.ok ? built.directory : null,
      host: this.#values.host ?? '127.0.0.1',
      port: this.#port,
      linkHost: this.#values['link-host'] ?? '127.0.0.1',
      linkPort: this.#linkPort,
      linkNames: this.#values['link-name'] ?? [],
      ...(process.env['DATABASE_URL'] ? { databaseUrl: process.env['DATABASE_URL'] } : {}),
      localJoin: true,
      onLine: (line) => this.#onLine('hub', line),
      onReady: (ready) => void this.#hubReady(ready),
      onGivenUp: (reason) => this.#giveUp(`the hub did not start: ${startAdvice(reason, { console: this.#port, link: this.#linkPort })}`),
    });
    this.#parts.push(hub);
    hub.start();
    const code = await this.#ended.promise;
    if (code === 0) say('\n  stopping');
    for (const part of this.#parts.toReversed()) await part.stop();
    instance.release();
    return code;
  }

  #sayBuilt(built: Built): void {
    if (built.ok) good(built.fresh ? 'console built' : 'console');
    else bad(`the console could not be built, the API works without it:\n${built.reason}`);
  }

  /** Said once; a hub that was started again is only named in the log. */
  async #hubReady(ready: HubReady): Promise<void> {
    if (this.#hubSaid) return;
    this.#hubSaid = true;
    good(`PostgreSQL ${process.env['DATABASE_URL'] ? 'of DATABASE_URL' : `embedded, in ${this.#state.hub}/postgres`}`);
    if (!this.#values['no-sensor']) await this.#startSensor();
    say('');
    say(`  Vedette is watching this host.   ${styleText('bold', ready.url)}`);
    const first = takeFirstSignIn(this.#state);
    if (first !== null) say(`  First sign-in: ${first.user} / ${styleText('bold', first.password)}   (shown once)`);
    else say('  Sign in with the password that the first start showed.');
    say('  Add a host: Fleet → Add a host in the console');
    say('  Advisories: vedette advisories sync --from DIRECTORY|URL');
    say('');
  }

  async #startSensor(): Promise<void> {
    const token = hasJoined(this.#state) ? null : localJoinToken(this.#state);
    const values = this.#values;
    const part = await sensorPart({
      state: this.#state,
      ...(token === null ? {} : { joinTokenFile: keepJoinToken(this.#state, token) }),
      ...(values.cgroup === undefined ? {} : { cgroup: values.cgroup }),
      ...(values['containerd-socket'] === undefined ? {} : { containerdSockets: values['containerd-socket'] }),
      ...(values['ring-bytes'] === undefined ? {} : { ringBytes: values['ring-bytes'] }),
      ...(values['life-lines'] === undefined ? {} : { lifeLines: values['life-lines'] }),
      ...(values['dead-man'] === undefined ? {} : { deadManSeconds: values['dead-man'] }),
      onLine: (line) => this.#onLine('sensor', line),
      onGivenUp: (reason) => bad(`the sensor does not run: ${reason}. The hub goes on without it.`),
    });
    this.#parts.push(part);
    part.start();
  }

  #onLine(part: string, line: LogLine): void {
    if (part === 'sensor' && line.message === 'attached' && !this.#sensorSaid) {
      this.#sensorSaid = true;
      const missing = line['missing'] as string[];
      good(`sensor on kernel ${release()}: ${String(line['attached'])} hooks, ${String(line['rules'])} rules${missing.length > 0 ? `; not seen here: ${missing.join(', ')}` : ''}`);
      return;
    }
    if (line.level !== 'error' && line.level !== 'warn') return;
    const more = ['reason', 'error', 'line'].map((one) => line[one]).filter((one) => typeof one === 'string');
    bad(`${part}: ${[line.message, ...more].join(': ')}`);
  }

  #giveUp(reason: string): void {
    complain(`  ${styleText('red', '✗')} ${reason}\n    the whole log: ${this.#state.root}/log/hub.log`);
    this.#ended.resolve(2);
  }
}

function good(text: string): void {
  say(`  ${styleText('green', '✓')} ${text}`);
}

function bad(text: string): void {
  say(`  ${styleText('yellow', '!')} ${text}`);
}
