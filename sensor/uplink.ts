/**
 * The sensor's side of the link: joins once with a token, then keeps delivering from the spools. While there is no hub, no
 * token or no network everything waits in the spool, and the reason is a sentence that the log shows once. A token that was
 * refused is tried ever more rarely, since a hub limits attempts by address; another token is tried at once. A sensor that
 * was removed from its fleet waits for a token again.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readCredentials, removeCredentials, writeCredentials, type Credentials } from '@vedette/link/transport/credentials';
import { joinFleet } from '@vedette/link/transport/join';
import { parseJoinToken } from '@vedette/link/transport/join-token';
import { runSender, type LinkState, type RunningSender } from '@vedette/link/transport/run-sender';
import type { Spools } from '@vedette/link/spool/spools';
import type { Command } from '@vedette/model/wire/generated/link_pb';
import { schema } from './decode/layout.ts';
import type { Log } from './log.ts';
import { nodeFacts } from './node-facts.ts';

const lookAgainMs = 2000;
const refusedRetryMsMax = 60_000;

export interface UplinkOptions {
  readonly directory: string;
  readonly joinTokenFile: string | undefined;
  readonly spools: Spools;
  readonly bootId: string;
  readonly log: Log;
  readonly onCommand: (command: Command) => void;
  /** How often it looks for a token; 2000. */
  readonly lookAgainMs?: number;
}

/** A token that was refused, or a hub that did not answer. */
interface Refused {
  readonly text: string;
  readonly problem: string;
  readonly times: number;
  readonly notBeforeMs: number;
}

export class Uplink {
  readonly #options: UplinkOptions;
  #sender: RunningSender | null = null;
  #retry: NodeJS.Timeout | undefined;
  #refused: Refused | null = null;
  #said = '';
  #stopped = false;

  constructor(options: UplinkOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#begin();
  }

  get state(): LinkState | null {
    return this.#sender?.state() ?? null;
  }

  /** Everything that was published has been stored by the hub. */
  get isDrained(): boolean {
    const state = this.state;
    return state === null || Object.values(state.streams).every((one) => one.delivered >= one.last);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#sender?.stop();
  }

  async #begin(): Promise<void> {
    const found = readCredentials(this.#options.directory);
    if (found.kind === 'joined') return this.#run(found.credentials);
    const problem = found.kind === 'broken' ? found.reason : await this.#join();
    if (problem === null || this.#stopped) return;
    this.#say('warn', problem);
    this.#lookAgain();
  }

  get #lookAgainMs(): number {
    return this.#options.lookAgainMs ?? lookAgainMs;
  }

  #lookAgain(): void {
    if (!this.#stopped) this.#retry = setTimeout(() => void this.#begin(), this.#lookAgainMs);
  }

  /** null: joined and running. */
  async #join(): Promise<string | null> {
    const { joinTokenFile, directory, bootId } = this.#options;
    if (joinTokenFile === undefined) return 'this sensor has not joined a hub: records wait in the spool (vedette join TOKEN)';
    let text: string;
    try {
      text = readFileSync(joinTokenFile, 'utf8').trim();
    } catch {
      return 'waiting for a join token';
    }
    const before = this.#refused?.text === text ? this.#refused : null;
    if (before !== null && performance.now() < before.notBeforeMs) return before.problem;
    const parsed = parseJoinToken(text);
    if (parsed.kind === 'refused') return parsed.reason;
    const outcome = await joinFleet({ token: parsed.token, node: nodeFacts(bootId) });
    if (outcome.kind === 'refused') {
      const times = (before?.times ?? 0) + 1;
      const waitMs = Math.min(refusedRetryMsMax, this.#lookAgainMs * 2 ** times);
      this.#refused = { text, problem: `joining was refused: ${outcome.reason}`, times, notBeforeMs: performance.now() + waitMs };
      return this.#refused.problem;
    }
    this.#refused = null;
    const failure = writeCredentials(directory, outcome.credentials);
    if (failure !== undefined) return failure;
    this.#say('info', `joined as sensor ${outcome.credentials.sensorId}`);
    this.#run(outcome.credentials);
    return null;
  }

  #run(credentials: Credentials): void {
    if (this.#stopped) return;
    const { directory, spools, bootId, onCommand } = this.#options;
    this.#sender = runSender({
      spools,
      credentials,
      keepCredentials: (fresh) => writeCredentials(directory, fresh),
      forgetCredentials: () => {
        removeCredentials(directory);
        this.#lookAgain();
      },
      node: () => nodeFacts(bootId),
      schemaVersion: schema,
      clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
      random: () => Math.random(),
      freshNonce: () => randomBytes(16).toString('hex'),
      onCommand,
      onState: (state) => {
        if (state.connected) this.#say('info', 'connected to the hub');
        else if (state.sentence !== undefined && !this.#stopped) this.#say('warn', state.sentence);
      },
    });
  }

  #say(level: 'info' | 'warn', sentence: string): void {
    if (sentence === this.#said) return;
    this.#said = sentence;
    this.#options.log(level, sentence);
  }
}
