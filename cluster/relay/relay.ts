/**
 * The relay of this cluster as it lives: gets its certificate from the hub (again at the half of its life, and kept on the
 * disk), listens, knows which sensors are connected and on which nodes, and pushes to each what is known of its node's
 * pods. Which node a sensor is on is the hub's word, or the voucher's when it joined here; a sensor's own word is not asked.
 */
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { createRelay, keepRelayCertificate, keptRelayCertificate, relayRenewMs, type Relay, type RelayCertificate } from '@vedette/link/transport/relay';
import type { Vouching } from '@vedette/link/transport/relay-routes';
import type { LocalCommand } from '@vedette/link/transport/relayed-commands';
import type { Upstream } from '@vedette/link/transport/upstream';
import type { ExecSession, PodSet } from '@vedette/model/wire/generated/link_pb';
import type { Log } from '../log.ts';
import { SessionMail } from './session-mail.ts';
import type { TrustSaid } from './trust.ts';

export interface ClusterRelayOptions {
  readonly stateDirectory: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Where sensors reach it; empty: at this pod's own address. */
  readonly url: string;
  readonly upstream: Upstream;
  readonly vouch: (token: string) => Promise<Vouching>;
  /** The pods of a node, now and after each change. */
  readonly pods: (node: string, signal: AbortSignal) => AsyncIterable<PodSet>;
  readonly trust: (trust: TrustSaid) => void;
  readonly log: Log;
  /** How often it looks whether the certificate is to be renewed, or is still missing. */
  readonly tendMs?: number;
}

const placesMax = 50_000;

export class ClusterRelay {
  readonly #options: ClusterRelayOptions;
  readonly #file: string;
  /** Sensor → name of its node. */
  readonly #places = new Map<string, string>();
  readonly #connected = new Set<string>();
  readonly #waiting = new Map<string, () => void>();
  readonly #mail = new SessionMail();
  #certificate: RelayCertificate | undefined;
  #relay: Relay | undefined;
  #timer: NodeJS.Timeout | undefined;
  #said = '';
  #stopped = false;
  port = 0;

  constructor(options: ClusterRelayOptions) {
    this.#options = options;
    this.#file = path.join(options.stateDirectory, 'relay.json');
  }

  get isListening(): boolean {
    return this.#relay !== undefined;
  }

  get connections(): number {
    return this.#relay?.connections ?? 0;
  }

  get nodesWithSensor(): string[] {
    return [...new Set([...this.#connected].flatMap((sensorId) => this.#places.get(sensorId) ?? []))].toSorted();
  }

  /** Whether a sensor of the node has taken it in time. */
  pushSession(node: string, session: ExecSession, waitMs: number): Promise<boolean> {
    return this.#mail.push(node, session, waitMs);
  }

  async start(): Promise<void> {
    this.#certificate = keptRelayCertificate(this.#file, Date.now());
    await this.#tend();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#relay?.close();
  }

  async #tend(): Promise<void> {
    const { upstream, log, tendMs = 5000 } = this.#options;
    const isDue = this.#certificate === undefined || relayRenewMs(this.#certificate) < Date.now() || this.#trustsOthers(this.#certificate);
    if (isDue) {
      const answer = await upstream.certifyRelay();
      if (this.#stopped) return;
      if ('kind' in answer) {
        if (answer.reason !== this.#said) log('warn', 'the hub gives no certificate for the relay', { reason: answer.reason });
        this.#said = answer.reason;
      } else {
        this.#said = '';
        this.#certificate = answer;
        keepRelayCertificate(this.#file, answer);
        this.#relay?.replace(answer);
        if (this.#relay !== undefined) this.#tellTrust(answer);
      }
    }
    if (this.#certificate !== undefined && this.#relay === undefined) await this.#open(this.#certificate);
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#tend(), tendMs);
  }

  /** The hub has told of another authority since, with the part's own certificate. */
  #trustsOthers({ authoritiesPem }: RelayCertificate): boolean {
    const { authoritiesPem: now } = this.#options.upstream.credentials;
    return now.some((one) => !authoritiesPem.some((known) => known.trim() === one.trim()));
  }

  async #open(certificate: RelayCertificate): Promise<void> {
    const { upstream, vouch, listen, log } = this.#options;
    const relay = createRelay({
      certificate,
      upstream,
      vouch,
      nowMs: () => Date.now(),
      onFault: (error) => log('error', 'a fault of our own on the relay', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      placed: (sensorId, node) => this.#placed(sensorId, node),
      connected: (sensorId, isConnected) => {
        if (isConnected) this.#connected.add(sensorId);
        else this.#connected.delete(sensorId);
      },
      local: (sensorId, signal) => this.#local(sensorId, signal),
    });
    const { port } = await relay.listen(listen.port, listen.host);
    this.#relay = relay;
    this.port = port;
    log('info', 'the relay listens', { port, serverName: certificate.serverName });
    this.#tellTrust(certificate);
  }

  #tellTrust({ serverName, authoritiesPem }: RelayCertificate): void {
    const { url, trust } = this.#options;
    trust({ relayUrl: url === '' ? `https://${ownAddress()}:${this.port}` : url, serverName, authoritiesPem });
  }

  #placed(sensorId: string, node: string): void {
    if (this.#places.size >= placesMax && !this.#places.has(sensorId)) this.#places.delete(this.#places.keys().next().value ?? '');
    this.#places.set(sensorId, node);
    this.#waiting.get(sensorId)?.();
  }

  async *#local(sensorId: string, signal: AbortSignal): AsyncGenerator<LocalCommand> {
    const node = this.#places.get(sensorId) ?? (await this.#place(sensorId, signal));
    if (node === undefined) return;
    yield* this.#mail.beside(node, this.#options.pods(node, signal), signal);
  }

  /** A sensor that was there before this process: its next hello says where it is. */
  async #place(sensorId: string, signal: AbortSignal): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(sensorId, resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    if (this.#waiting.get(sensorId) === resolve) this.#waiting.delete(sensorId);
    return this.#places.get(sensorId);
  }
}

function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const own = all.find((one) => !one.internal && one.family === 'IPv4') ?? all.find((one) => !one.internal && one.scopeid === 0);
  const address = own?.address ?? '127.0.0.1';
  return address.includes(':') ? `[${address}]` : address;
}
