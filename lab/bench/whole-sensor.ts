/**
 * The whole sensor for the bench, shipping included, joined to a hub that sends it the bench's rules and says yes to all it delivers: the
 * real hub's database belongs on another machine, and here it would take the processors that are measured.
 */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import type { Command } from '@vedette/model/wire/generated/link_pb';
import { CommandSchema } from '@vedette/model/wire/generated/link_pb';
import { createAuthority } from '@vedette/link/transport/authority';
import { formatJoinToken } from '@vedette/link/transport/join-token';
import { SampleHub } from '@vedette/link/transport/hub-sample';
import { JoinedSensor } from '../product/joined-sensor.ts';
import { cpuNs } from './measured.ts';
import type { RuleText } from './loads.ts';

class BenchHub extends SampleHub {
  rules: readonly RuleText[] = [];
  /** Of what was delivered, as it arrives. */
  onBatch: (text: string) => void = () => undefined;

  override async deliver(...args: Parameters<SampleHub['deliver']>): ReturnType<SampleHub['deliver']> {
    const verdict = await super.deliver(...args);
    for (const one of this.applied.splice(0)) this.onBatch(one);
    return verdict;
  }

  override async *commands(_sensorId: string, _session: string, signal: AbortSignal): AsyncGenerator<Command> {
    yield create(CommandSchema, { sequence: 1n, kind: { case: 'rules', value: { generation: 1n, files: this.rules.map((one) => ({ ...one })) } } });
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
}

export class WholeSensor {
  readonly hub: BenchHub;
  #sensor: JoinedSensor;
  #hasJoined = false;

  private constructor(hub: BenchHub, place: string) {
    this.hub = hub;
    this.#sensor = new JoinedSensor({ state: join(place, 'sensor'), token: formatJoinToken(hub.token()) });
  }

  static async make(place: string, rules: readonly RuleText[]): Promise<WholeSensor> {
    mkdirSync(place, { recursive: true });
    chmodSync(place, 0o755);
    const hub = new BenchHub((await createAuthority(Date.now())).authority);
    hub.rules = rules;
    await hub.start();
    return new WholeSensor(hub, place);
  }

  /** Milliseconds until all hooks were attached and everything that was there before was taken in. */
  async start(): Promise<number> {
    const begun = performance.now();
    const before = this.#attachments();
    let attachedMs = 0;
    const started = this.#hasJoined ? this.#sensor.startAgain() : this.#sensor.start();
    while (attachedMs === 0 && performance.now() - begun < 30_000) {
      if (this.#attachments() > (this.#hasJoined ? before : 0)) attachedMs = performance.now() - begun;
      await sleep(10);
    }
    await started;
    this.#hasJoined = true;
    return attachedMs;
  }

  #attachments(): number {
    return this.#sensor.log().split('"message":"attached"').length - 1;
  }

  log(): string {
    return this.#sensor.log();
  }

  get sensorPid(): number {
    return this.#sensor.sensorPid;
  }

  /** Processor seconds of loader and sensor since they began. */
  cpuSeconds(): number {
    return (cpuNs(this.#sensor.loaderPid) + cpuNs(this.#sensor.sensorPid)) / 1e9;
  }

  rssMib(): { readonly loader: number; readonly sensor: number } {
    const of = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024;
    return { loader: of(this.#sensor.loaderPid), sensor: of(this.#sensor.sensorPid) };
  }

  async stop(): Promise<void> {
    await this.#sensor.stop();
  }

  async end(): Promise<void> {
    await this.stop();
    await this.hub.kill();
  }
}
