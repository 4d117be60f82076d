/**
 * A sender's way into its fleet: joins once, then keeps delivering from the spools. While there is no hub, nothing to join
 * with or no network everything waits in the spool, and the reason is a sentence that the log shows once. What was refused
 * is tried ever more rarely, since a hub limits attempts by address; another token is tried at once. Whoever was removed from
 * its fleet waits for a token again.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from '@vedette/model/wire/generated/link_pb';
import type { Spools } from '../spool/spools.ts';
import type { LinkClient, NodeFactsInit } from './client.ts';
import { readCredentials, removeCredentials, writeCredentials, type Credentials } from './credentials.ts';
import { joinFleet, type JoinOptions, type JoinOutcome } from './join.ts';
import { parseJoinToken } from './join-token.ts';
import { runSender, type LinkState, type RunningSender } from './run-sender.ts';

const lookAgainMsUsual = 2000;
const refusedRetryMsMax = 60_000;

/** One look at what there is to join with. */
export type Joining =
  | { readonly kind: 'not-yet'; readonly problem: string }
  /** `by`: what is tried, so that another one is tried at once. */
  | { readonly kind: 'with'; readonly by: string; readonly join: () => Promise<JoinOutcome> };

export interface UplinkOptions {
  readonly directory: string;
  readonly joining: () => Joining;
  readonly spools: Spools;
  readonly schemaVersion: number;
  readonly node: () => NodeFactsInit;
  readonly log: (level: 'info' | 'warn', sentence: string) => void;
  readonly onCommand: (command: Command) => void;
  readonly onJoined?: (credentials: Credentials) => void;
  readonly onRenewed?: (credentials: Credentials) => void;
  /** The hub removed it. */
  readonly onRemoved?: () => void;
  readonly client?: (credentials: Credentials) => LinkClient;
  /** What it is called in the log; sensor. */
  readonly called?: string;
  /** How often it looks for something to join with; 2000. */
  readonly lookAgainMs?: number | undefined;
}

/** With a one-time token that somebody puts into a file. */
export function tokenJoining(file: string, facts: () => Omit<JoinOptions, 'token'>): Joining {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch {
    return { kind: 'not-yet', problem: 'waiting for a join token' };
  }
  const parsed = parseJoinToken(text);
  return parsed.kind === 'refused' ? { kind: 'not-yet', problem: parsed.reason } : { kind: 'with', by: text, join: () => joinFleet({ token: parsed.token, ...facts() }) };
}

interface Refused {
  readonly by: string;
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
    return this.#options.lookAgainMs ?? lookAgainMsUsual;
  }

  #lookAgain(): void {
    if (!this.#stopped) this.#retry = setTimeout(() => void this.#begin(), this.#lookAgainMs);
  }

  /** null: joined and running. */
  async #join(): Promise<string | null> {
    const joining = this.#options.joining();
    if (joining.kind === 'not-yet') return joining.problem;
    const { by } = joining;
    const before = this.#refused?.by === by ? this.#refused : null;
    if (before !== null && performance.now() < before.notBeforeMs) return before.problem;
    const outcome = await joining.join();
    if (outcome.kind === 'refused') {
      const times = (before?.times ?? 0) + 1;
      const waitMs = Math.min(refusedRetryMsMax, this.#lookAgainMs * 2 ** times);
      this.#refused = { by, problem: `joining was refused: ${outcome.reason}`, times, notBeforeMs: performance.now() + waitMs };
      return this.#refused.problem;
    }
    this.#refused = null;
    const failure = writeCredentials(this.#options.directory, outcome.credentials);
    if (failure !== undefined) return failure;
    this.#say('info', `joined as ${this.#options.called ?? 'sensor'} ${outcome.credentials.sensorId}`);
    this.#run(outcome.credentials);
    return null;
  }

  #run(credentials: Credentials): void {
    if (this.#stopped) return;
    const { directory, spools, schemaVersion, node, onCommand, onJoined, onRenewed, onRemoved, client } = this.#options;
    onJoined?.(credentials);
    this.#sender = runSender({
      spools,
      credentials,
      keepCredentials: (fresh) => {
        onRenewed?.(fresh);
        return writeCredentials(directory, fresh);
      },
      forgetCredentials: () => {
        removeCredentials(directory);
        onRemoved?.();
        this.#lookAgain();
      },
      node,
      schemaVersion,
      clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
      random: () => Math.random(),
      freshNonce: () => randomBytes(16).toString('hex'),
      onCommand,
      onState: (state) => {
        if (state.connected) this.#say('info', 'connected to the hub');
        else if (state.sentence !== undefined && !this.#stopped) this.#say('warn', state.sentence);
      },
      ...(client === undefined ? {} : { client }),
    });
  }

  #say(level: 'info' | 'warn', sentence: string): void {
    if (sentence === this.#said) return;
    this.#said = sentence;
    this.#options.log(level, sentence);
  }
}
