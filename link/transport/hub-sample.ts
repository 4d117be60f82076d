/**
 * A hub for the tests of the transport: the real rules over memory, and a listener on a loopback port that can be
 * killed and started again on the same port with the same memory, as after a crash of a hub whose database lives on.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import type { Command } from '@vedette/model/wire/generated/link_pb';
import { CommandSchema } from '@vedette/model/wire/generated/link_pb';
import { admit } from '../protocol/admit.ts';
import type { SessionState } from '../protocol/hello.ts';
import { holdsSession, judgeDelivery, judgeHello } from '../protocol/hello.ts';
import type { Authority, IssuedCertificate } from './authority.ts';
import { createAuthority } from './authority.ts';
import type { DeliverVerdict, HelloSaid, HelloVerdict, HubHandlers, JoinAttempt, Joined } from './hub-handlers.ts';
import { createJoinToken, hashJoinSecret } from './join-token.ts';
import type { JoinToken } from './join-token.ts';
import { createHubServer, type HubServer } from './hub-server.ts';
import { linkServerBounds, type LinkServerBounds } from './server.ts';
import type { DeliverWords } from './wire.ts';

interface SampleSensor {
  state: SessionState | undefined;
  removed: boolean;
  readonly watermarks: Map<string, number>;
}

export class SampleHub implements HubHandlers {
  readonly authority: Authority;
  readonly sensors = new Map<string, SampleSensor>();
  readonly tokens = new Set<string>();
  /** Every batch that was applied, in order: `stream sequence payload`. */
  readonly applied: string[] = [];
  readonly issued: IssuedCertificate[] = [];
  readonly faults: unknown[] = [];
  readonly said: HelloSaid[] = [];
  listeners = 0;
  duplicates = 0;
  /** The hub's clock runs this far ahead of the test's. */
  aheadMs = 0;
  /** Between the transaction and its answer. */
  beforeAnswer: () => Promise<void> = async () => {};
  #server: HubServer | undefined;
  #port = 0;
  #wake = Promise.withResolvers<void>();
  #pushes = 0;

  constructor(authority: Authority) {
    this.authority = authority;
  }

  static async create(): Promise<SampleHub> {
    return new SampleHub((await createAuthority(Date.now())).authority);
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  nowMs = (): number => Date.now() + this.aheadMs;

  async start(bounds: Partial<LinkServerBounds> = {}, serverAheadMs = 0): Promise<void> {
    const certificate = await this.authority.signServer(['127.0.0.1', '::1', 'localhost'], Date.now() + serverAheadMs);
    this.#server = createHubServer({
      handlers: this, authorities: [this.authority], certificate, nowMs: this.nowMs, onFault: (error) => this.faults.push(error),
      bounds: { ...linkServerBounds, closeMsMax: 0, ...bounds },
    });
    this.#port = (await this.#server.listen(this.#port, '127.0.0.1')).port;
  }

  get server(): HubServer {
    return this.#server!;
  }

  /** Connections are cut, wherever they are; memory stays. */
  async kill(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  token(): JoinToken {
    const token = createJoinToken(this.url, this.authority.fingerprint);
    this.tokens.add(hashJoinSecret(token.secret));
    return token;
  }

  /** Every listener is sent a command. */
  push(): void {
    this.#pushes += 1;
    const before = this.#wake;
    this.#wake = Promise.withResolvers();
    before.resolve();
  }

  remove(sensorId: string): void {
    this.sensors.get(sensorId)!.removed = true;
    this.push();
  }

  async join(attempt: JoinAttempt, certify: (sensorId: string) => Promise<IssuedCertificate>): Promise<Joined | undefined> {
    if (!this.tokens.delete(hashJoinSecret(attempt.tokenSecret))) return undefined;
    const sensorId = randomUUID();
    this.issued.push(await certify(sensorId));
    this.sensors.set(sensorId, { state: undefined, removed: false, watermarks: new Map() });
    return { sensorId, nodeId: randomUUID(), clusterId: randomUUID() };
  }

  async mayRelay(_partId: string, sensorId: string): Promise<'may' | 'may-not' | 'part-removed'> {
    return this.sensors.has(sensorId) ? 'may' : 'may-not';
  }

  async clusterOfPart(): Promise<string> {
    return randomUUID();
  }

  async hello(sensorId: string, said: HelloSaid): Promise<HelloVerdict> {
    const sensor = this.sensors.get(sensorId);
    if (sensor === undefined || sensor.removed) return { kind: 'removed' };
    this.said.push(said);
    const judgement = judgeHello(sensor.state, said, { schemaVersionMin: 1, chance: randomBytes(16).toString('hex') });
    if (judgement.kind !== 'accepted') return judgement;
    sensor.state = judgement.state;
    const watermarks = ['detection', 'telemetry'].map((stream) => ({ stream, sequence: sensor.watermarks.get(`${said.epoch} ${stream}`) ?? 0 }));
    await this.beforeAnswer();
    return { kind: 'accepted', session: judgement.session, watermarks };
  }

  async deliver(sensorId: string, delivery: DeliverWords): Promise<DeliverVerdict> {
    const sensor = this.sensors.get(sensorId);
    if (sensor === undefined || sensor.removed) return { kind: 'removed' };
    const judgement = judgeDelivery(sensor.state, delivery);
    if (judgement.kind === 'stale') return judgement;
    sensor.state = judgement.state;
    const key = `${delivery.epoch} ${delivery.stream}`;
    const admission = admit(sensor.watermarks.get(key) ?? 0, delivery.batches);
    if (admission.kind === 'gap') return { kind: 'gap', watermark: admission.watermark, reason: 'A gap.' };
    for (const { sequence, payload } of admission.apply) this.applied.push(`${delivery.stream} ${sequence} ${Buffer.from(payload).toString()}`);
    this.duplicates += admission.duplicates;
    sensor.watermarks.set(key, admission.watermark);
    await this.beforeAnswer();
    return { kind: 'accepted', watermark: admission.watermark, duplicates: admission.duplicates };
  }

  async *commands(sensorId: string, session: string, signal: AbortSignal): AsyncGenerator<Command> {
    const sensor = this.sensors.get(sensorId);
    if (!holdsSession(sensor?.state, session)) return;
    this.listeners += 1;
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    try {
      for (let sequence = 1n; !signal.aborted; sequence += 1n) {
        if (sensor?.removed === true) {
          yield create(CommandSchema, { sequence, kind: { case: 'leave', value: { reason: 'Removed by a test.' } } });
          return;
        }
        yield create(CommandSchema, { sequence, kind: { case: 'rules', value: { generation: BigInt(this.#pushes), files: [] } } });
        await Promise.race([this.#wake.promise, aborted]);
      }
    } finally {
      this.listeners -= 1;
    }
  }

  async renew(sensorId: string, certify: () => Promise<IssuedCertificate>): Promise<'renewed' | 'removed'> {
    if (this.sensors.get(sensorId)?.removed !== false) return 'removed';
    this.issued.push(await certify());
    return 'renewed';
  }
}
