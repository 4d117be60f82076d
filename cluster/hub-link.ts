/**
 * The cluster part's one way to the hub: joins with a token, sends its own records, and carries the relay. The relay lives as
 * long as the membership does: a part that was removed stops to pass anything on, and begins anew when it has joined again.
 */
import path from 'node:path';
import type { Spools } from '@vedette/link/spool/spools';
import { tokenJoining, Uplink, type Joining } from '@vedette/link/transport/uplink';
import type { Credentials } from '@vedette/link/transport/credentials';
import { failureOf } from '@vedette/link/transport/failure';
import { Upstream } from '@vedette/link/transport/upstream';
import type { Command } from '@vedette/model/wire/generated/link_pb';
import type { HubAnswers } from './admit/image-knowledge.ts';
import type { ClusterConfig } from './config.ts';
import type { Log } from './log.ts';
import { partFacts } from './part-facts.ts';
import type { ClusterRelay } from './relay/relay.ts';

/** Of the record contract that this part speaks. */
const schemaVersion = 1;
const drainMs = 2000;

export interface HubLinkOptions {
  readonly config: ClusterConfig;
  readonly spools: Spools;
  readonly facts: { readonly uid: string; readonly kubernetesVersion: string; readonly name: string };
  readonly log: Log;
  readonly onCommand: (command: Command) => void;
  readonly relay: (upstream: Upstream) => ClusterRelay;
  readonly onStopped: () => void;
}

export class HubLink {
  readonly #options: HubLinkOptions;
  readonly #uplink: Uplink;
  #upstream: Upstream | undefined;
  #relay: ClusterRelay | undefined;

  constructor(options: HubLinkOptions) {
    this.#options = options;
    const { config, spools, log, onCommand } = options;
    this.#uplink = new Uplink({
      directory: path.join(config.stateDirectory, 'link'),
      joining: () => this.#joining(),
      spools,
      schemaVersion,
      node: partFacts,
      log,
      onCommand,
      called: 'cluster part',
      client: (credentials) => this.#upstreamFor(credentials).linkClient(credentials),
      onJoined: (credentials) => {
        const upstream = this.#upstreamFor(credentials);
        this.#relay = this.#options.relay(upstream);
        void this.#relay.start().catch((error: unknown) => log('error', 'the relay does not listen', { error: error instanceof Error ? error.message : String(error) }));
      },
      onRemoved: () => void this.#leave(),
    });
    this.#uplink.start();
  }

  get relay(): ClusterRelay | undefined {
    return this.#relay;
  }

  get credentials(): Credentials | undefined {
    return this.#upstream?.credentials;
  }

  /** What the hub knows of these images, at most six. */
  async imageFacts(references: readonly string[], waitMs: number): Promise<HubAnswers> {
    if (this.#upstream === undefined || !this.isConnected) return { kind: 'unanswered', reason: 'the hub is away' };
    try {
      const { images } = await this.#upstream.link.imageFacts({ images: references.map((reference) => ({ reference })) }, { timeoutMs: waitMs });
      return { kind: 'answered', images: images.map(({ digest, factsJson, learnedAtMs, problem }) => ({ digest, factsJson, learnedAtMs: Number(learnedAtMs), problem })) };
    } catch (error) {
      return { kind: 'unanswered', reason: failureOf(error).reason };
    }
  }

  get isConnected(): boolean {
    return this.#uplink.state?.connected === true;
  }

  async stop(): Promise<void> {
    await this.#relay?.stop();
    this.#options.onStopped();
    const deadline = performance.now() + drainMs;
    while (this.isConnected && !this.#uplink.isDrained && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    this.#uplink.stop();
    this.#upstream?.close();
  }

  async #leave(): Promise<void> {
    this.#options.log('warn', 'the hub has removed this cluster part: it waits for another token');
    const [relay, upstream] = [this.#relay, this.#upstream];
    this.#relay = undefined;
    this.#upstream = undefined;
    await relay?.stop();
    upstream?.close();
  }

  #joining(): Joining {
    const { config, facts } = this.#options;
    if (config.joinTokenFile === undefined) return { kind: 'not-yet', problem: 'this cluster part has not joined a hub: give it a token (Fleet → Add a cluster in the console)' };
    return tokenJoining(config.joinTokenFile, () => ({ node: partFacts(), cluster: facts }));
  }

  #upstreamFor(credentials: Credentials): Upstream {
    this.#upstream ??= new Upstream(credentials);
    return this.#upstream;
  }
}
