/** `vedette up`: hub and sensor on this host, built when needed, kept running until told to stop. */
import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, styleText } from 'node:util';
import { buildConsole, type Built } from '../build.ts';
import { hubPart, localJoinToken, takeFirstSignIn, type HubReady } from '../hub-part.ts';
import { takeInstance } from '../instance.ts';
import type { LogLine } from '../log-file.ts';
import { hasJoined, keepJoinToken, sensorPart } from '../sensor-part.ts';
import type { Part } from '../part.ts';
import { sentenceOf, SensorWords, type Sentence } from '../sensor-words.ts';
import { startAdvice } from '../start-advice.ts';
import { isRoot, prepareRoot, stateDirectory, type StateDirectory } from '../state-directory.ts';
import { complain, say, sayMarked, UsageError, wholeNumber, type CliCommand } from './command.ts';

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
  'canaries': { type: 'string' },
  'canary-grace': { type: 'string' },
} as const;

/** The console is not kept from a person for longer than this while the sensor has not said what it sees. */
const sensorPatienceMs = 5000;

type Values = ReturnType<typeof parseArgs<{ options: typeof flags }>>['values'];

/** Options that only loader and hub read, checked here so that nothing is built or started for a mistake. */
function checkPartOptions(values: Values): void {
  wholeNumber(values['dead-man'], '--dead-man', 1, 2_592_000);
  wholeNumber(values.canaries, '--canaries', 1, 3600);
  wholeNumber(values['canary-grace'], '--canary-grace', 1, 3600);
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
  --canaries SECONDS        from one round of canaries to the next (180)
  --canary-grace SECONDS    a sensor without canaries for two rounds and this long is silent (15)
  DATABASE_URL              a PostgreSQL (16 or newer) instead of the embedded one
  VEDETTE_CONTENT           policies/, rules/ and playbooks/ in place of the shipped ones
  VEDETTE_STATE             where state is kept (${stateDirectory().root})`,
  examples: ['vedette up', 'PORT=8000 vedette up', 'vedette up --link-host 0.0.0.0 --link-name hub.example.org'],
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: flags, strict: true });
    const port = wholeNumber(values.port ?? (process.env['PORT'] || undefined), 'the port', 1, 65_534) ?? 7420;
    const linkPort = wholeNumber(values['link-port'], '--link-port', 1, 65_535) ?? port + 1;
    checkPartOptions(values);
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
  readonly #sensorWords = new SensorWords({ kernel: release(), logFile: `${this.#state.root}/log/sensor.log`, withInfo: false });
  readonly #sensorKnown = Promise.withResolvers<void>();
  #hubSaid = false;
  #isReadySaid = false;
  #isSensorKnown = false;
  #stopping = false;

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
      ...(this.#values['canary-grace'] === undefined ? {} : { canaryGraceSeconds: Number(this.#values['canary-grace']) }),
      onLine: (line) => this.#ofHub(line),
      onReady: (ready) => void this.#hubReady(ready),
      onGivenUp: (reason) => this.#giveUp(`the hub did not start: ${startAdvice(reason, { console: this.#port, link: this.#linkPort })}`),
    });
    this.#parts.push(hub);
    hub.start();
    const code = await this.#ended.promise;
    this.#stopping = true;
    if (code === 0) say('\n  stopping');
    for (const part of this.#parts) part.letEnd();
    for (const part of this.#parts.toReversed()) await part.stop();
    instance.release();
    if (code === 0) say('  stopped');
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
    if (!this.#values['no-sensor']) {
      await this.#startSensor();
      await Promise.race([this.#sensorKnown.promise, this.#ended.promise, sleep(sensorPatienceMs, undefined, { ref: false })]);
    }
    if (!this.#stopping) this.#sayReady(ready);
  }

  #sayReady(ready: HubReady): void {
    const address = styleText('bold', ready.url);
    this.#isReadySaid = true;
    say('');
    if (this.#values['no-sensor']) say(`  The console; no sensor watches this host (--no-sensor).   ${address}`);
    else if (this.#sensorWords.sees === true) say(`  Vedette is watching this host.   ${address}`);
    else if (this.#sensorWords.sees === false) bad(`Vedette is not watching this host, for the reason above. The console: ${address}`);
    else bad(`The sensor has not said yet whether it sees this host. The console: ${address}`);
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
      ...(values.canaries === undefined ? {} : { canarySeconds: Number(values.canaries) }),
      onLine: (line) => this.#ofSensor(this.#sensorWords.read(line), line.level),
      onGivenUp: (reason) => this.#ofSensor(this.#sensorWords.refused(`${reason}. The hub goes on without it`), 'error'),
    });
    if (this.#stopping) return;
    this.#parts.push(part);
    part.start();
  }

  #ofSensor(said: Sentence | null, level: string): void {
    const { sees } = this.#sensorWords;
    if (said !== null && !this.#isUsual(level)) sayMarked(said.mark, said.text);
    if (sees === null) return;
    if (this.#isReadySaid && !this.#isSensorKnown) say(`  ${sees ? 'Vedette is watching this host.' : 'Vedette is not watching this host.'}`);
    this.#isSensorKnown = true;
    this.#sensorKnown.resolve();
  }

  /** While everything ends, that something else has ended is no news; the log has it. */
  #isUsual(level: string): boolean {
    return this.#stopping && level === 'warn';
  }

  #ofHub(line: LogLine): void {
    const said = sentenceOf('hub', line);
    if (said !== null && !this.#isUsual(line.level)) sayMarked(said.mark, said.text);
  }

  #giveUp(reason: string): void {
    complain(`  ${styleText('red', '✗')} ${reason}\n    the whole log: ${this.#state.root}/log/hub.log`);
    this.#ended.resolve(2);
  }
}

function good(text: string): void {
  sayMarked('good', text);
}

function bad(text: string): void {
  sayMarked('warning', text);
}
