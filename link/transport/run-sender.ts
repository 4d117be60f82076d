/**
 * Runs the pure state machine against a real hub, a real spool and real time: effects become calls, what comes of them
 * becomes events, in the order they happen. It also syncs the spool, keeps the certificate fresh, and hands out
 * commands. Nothing here decides anything about delivery; that is all in `link/protocol`.
 */
import type { Command } from '@vedette/model/wire/generated/link_pb';
import { advance, senderView, startSender } from '../protocol/sender.ts';
import type { Sender } from '../protocol/sender.ts';
import type { HelloAnswer, SenderBounds, SenderEffect, SenderEvent, SenderView } from '../protocol/sender-words.ts';
import { senderBounds } from '../protocol/sender-words.ts';
import type { Spools } from '../spool/spools.ts';
import type { LinkClient, NodeFactsInit } from './client.ts';
import { createLinkClient } from './client.ts';
import type { Credentials } from './credentials.ts';
import { Renewal } from './renewal.ts';

export interface RunSenderOptions {
  readonly spools: Spools;
  readonly credentials: Credentials;
  /** Stores renewed credentials; yields why that failed. */
  readonly keepCredentials: (credentials: Credentials) => string | undefined;
  /** The hub removed this sensor: forget them. */
  readonly forgetCredentials: () => void;
  readonly node: () => NodeFactsInit;
  readonly schemaVersion: number;
  readonly clock: { readonly monotonicMs: () => number; readonly wallMs: () => number };
  /** In [0, 1), for the jitter of waits. */
  readonly random: () => number;
  /** 32 hex digits from a cryptographic source. */
  readonly freshNonce: () => string;
  readonly onCommand: (command: Command) => void;
  /** Something worth showing has changed; positions move without it. */
  readonly onState: (state: LinkState) => void;
  readonly client?: (credentials: Credentials) => LinkClient;
  readonly bounds?: SenderBounds;
  readonly renewRetryMs?: number;
}

/** For the coverage page. */
export interface LinkState extends SenderView {
  readonly connected: boolean;
  readonly certificateNotAfterMs: number;
  readonly renewalSentence: string | undefined;
  /** Why the spool could not be synced the last time. */
  readonly diskSentence: string | undefined;
}

export interface RunningSender {
  state(): LinkState;
  /** Ends the connection; what is in the spool stays there. */
  stop(): void;
}

const tendMs = 500;

export function runSender(options: RunSenderOptions): RunningSender {
  const runner = new Runner(options);
  runner.start();
  return runner;
}

class Runner implements RunningSender {
  readonly #options: RunSenderOptions;
  readonly #sender: Sender;
  readonly #renewal: Renewal;
  readonly #queue: SenderEvent[] = [];
  #advancing = false;
  #client: { readonly connection: number; readonly calls: LinkClient } | undefined;
  #nonce = '';
  #wake: NodeJS.Timeout | undefined;
  #tending: NodeJS.Timeout | undefined;
  #diskSentence: string | undefined;
  #shown = '';

  constructor(options: RunSenderOptions) {
    const { spools, bounds } = options;
    this.#options = options;
    this.#sender = startSender({ record: spools.record, last: spools.last(), bounds: bounds ?? senderBounds });
    this.#renewal = new Renewal({
      credentials: options.credentials,
      connect: (credentials) => this.#connect(credentials),
      keep: options.keepCredentials,
      onRenewed: () => this.#send({ kind: 'credentials-renewed' }),
      ...(options.renewRetryMs === undefined ? {} : { retryMs: options.renewRetryMs }),
    });
  }

  start(): void {
    this.#options.spools.onPublished((stream, last) => this.#send({ kind: 'spooled', stream, last }));
    this.#tending = setInterval(() => void this.#tend(), tendMs);
    this.#send({ kind: 'tick' });
  }

  state(): LinkState {
    const view = senderView(this.#sender);
    return {
      ...view,
      connected: view.phase === 'ready',
      certificateNotAfterMs: this.#renewal.notAfterMs,
      renewalSentence: this.#renewal.sentence,
      diskSentence: this.#diskSentence,
    };
  }

  stop(): void {
    this.#end('The sensor is stopping.');
  }

  #end(reason: string): void {
    clearInterval(this.#tending);
    clearTimeout(this.#wake);
    this.#options.spools.onPublished(() => {});
    this.#send({ kind: 'stopped', reason });
  }

  async #tend(): Promise<void> {
    const { spools, clock } = this.#options;
    const failure = await spools.syncWhenDue(clock.monotonicMs());
    this.#diskSentence = failure === undefined ? undefined : `The spool cannot be synced: ${failure.message}`;
    await this.#renewal.tend(clock.wallMs());
    this.#show();
  }

  #send(event: SenderEvent): void {
    this.#queue.push(event);
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const moment = { nowMs: this.#options.clock.monotonicMs(), chance: this.#options.random() };
        for (const effect of advance(this.#sender, next, moment)) this.#perform(effect);
      }
    } finally {
      this.#advancing = false;
    }
    this.#show();
  }

  #perform(effect: SenderEffect): void {
    switch (effect.kind) {
      case 'store':
      case 'load':
      case 'release': {
        const answer = this.#options.spools.perform(effect);
        if (answer !== undefined) this.#queue.push(answer);
        return;
      }
      case 'wake':
        clearTimeout(this.#wake);
        this.#wake = setTimeout(() => this.#send({ kind: 'tick' }), effect.afterMs);
        return;
      case 'connect':
        this.#client = { connection: effect.connection, calls: this.#connect(this.#renewal.credentials) };
        return;
      case 'disconnect':
        this.#client?.calls.close();
        this.#client = undefined;
        return;
      case 'hello':
        void this.#hello(effect);
        return;
      case 'deliver':
        void this.#deliver(effect);
        return;
      case 'open-commands':
        void this.#listen(effect.connection, effect.session);
        return;
      default:
        return effect satisfies never;
    }
  }

  #connect(credentials: Credentials): LinkClient {
    return (this.#options.client ?? createLinkClient)(credentials);
  }

  /** Undefined when the machine has given this connection up meanwhile. */
  #calls(connection: number): LinkClient | undefined {
    return this.#client?.connection === connection ? this.#client.calls : undefined;
  }

  async #hello(effect: Extract<SenderEffect, { kind: 'hello' }>): Promise<void> {
    const { connection, epoch, session, again } = effect;
    const { freshNonce, schemaVersion, clock, node } = this.#options;
    if (!again || this.#nonce === '') this.#nonce = freshNonce();
    const words = { epoch, session, nonce: this.#nonce, schemaVersion, sentAtMs: clock.wallMs() };
    const answer = await this.#calls(connection)?.hello(words, node());
    if (answer === undefined) return;
    if (answer.kind !== 'failed') return this.#send({ kind: 'hello-answered', connection, answer });
    if (answer.scope !== 'admission') return this.#send({ kind: 'connection-lost', connection, reason: answer.reason });
    const refused: HelloAnswer = { kind: 'refused', refusal: 'not-admitted', reason: answer.reason };
    this.#send({ kind: 'hello-answered', connection, answer: refused });
  }

  async #deliver(effect: Extract<SenderEffect, { kind: 'deliver' }>): Promise<void> {
    const { connection, request, stream, epoch, session, batches } = effect;
    const answer = await this.#calls(connection)?.deliver({ epoch, session, stream, batches });
    if (answer === undefined) return;
    if (answer.kind !== 'failed') return this.#send({ kind: 'deliver-answered', request, stream, answer });
    if (answer.scope === 'request') return this.#send({ kind: 'deliver-failed', request, stream, reason: answer.reason });
    this.#send({ kind: 'connection-lost', connection, reason: answer.reason });
  }

  async #listen(connection: number, session: string): Promise<void> {
    const end = await this.#calls(connection)?.commands(session, (command) => {
      if (this.#client?.connection !== connection) return;
      this.#send({ kind: 'commands-heard', connection });
      if (command.kind.case === 'leave') this.#leave(command.kind.value.reason);
      // Apart from the stream: what the owner throws is its own bug and must not look like one of the connection.
      queueMicrotask(() => this.#options.onCommand(command));
    });
    if (end === undefined) return;
    const { reason, stale } = end;
    this.#send(end.broken ? { kind: 'connection-lost', connection, reason } : { kind: 'commands-ended', connection, reason, stale });
  }

  #leave(reason: string): void {
    this.#options.forgetCredentials();
    this.#end(reason === '' ? 'This sensor was removed from the fleet.' : reason);
  }

  #show(): void {
    const state = this.state();
    const shown = JSON.stringify([state.phase, state.refusal, state.sentence, state.certificateNotAfterMs, state.renewalSentence, state.diskSentence]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#options.onState(state);
  }
}
