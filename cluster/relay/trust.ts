/**
 * The ConfigMap that tells the sensors of this cluster whom to believe: the authorities of the hub, the name that the relay
 * proves itself by, and where it listens. Nothing in it is secret; who may write it may redirect sensors, so only the
 * cluster part may. Written again until the API server has taken it, and when it changed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Log } from '../log.ts';

export interface TrustSaid {
  readonly relayUrl: string;
  readonly serverName: string;
  readonly authoritiesPem: readonly string[];
}

export class TrustWriter {
  readonly #kubernetes: Kubernetes;
  readonly #place: { readonly namespace: string; readonly name: string };
  readonly #log: Log;
  #round = new AbortController();
  written = false;

  constructor(kubernetes: Kubernetes, place: { readonly namespace: string; readonly name: string }, log: Log) {
    this.#kubernetes = kubernetes;
    this.#place = place;
    this.#log = log;
  }

  say(trust: TrustSaid): void {
    this.#round.abort();
    this.#round = new AbortController();
    void this.#write(trust, this.#round.signal);
  }

  stop(): void {
    this.#round.abort();
  }

  async #write({ relayUrl, serverName, authoritiesPem }: TrustSaid, signal: AbortSignal): Promise<void> {
    const { namespace, name } = this.#place;
    const data = { 'relay-url': relayUrl, 'server-name': serverName, 'authorities.pem': authoritiesPem.map((one) => `${one.trim()}\n`).join('') };
    let said = '';
    for (let waitMs = 1000; !signal.aborted; waitMs = Math.min(30_000, waitMs * 2)) {
      const answer = await this.#kubernetes.apply(`/api/v1/namespaces/${namespace}/configmaps/${name}`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data });
      if (signal.aborted) return;
      if (answer.kind === 'ok') {
        this.written = true;
        return;
      }
      if (answer.message !== said) this.#log('warn', 'the sensors cannot be told whom to believe', { configMap: `${namespace}/${name}`, reason: answer.reason, error: answer.message });
      said = answer.message;
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
