/**
 * Who is this container? Asks the runtimes that this host has, the likeliest first, and asks again for a few seconds,
 * since a runtime may write its state after it made the cgroup. In the end there is always an answer: what was found, or
 * *image unknown* with the reason in a sentence.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerIdentity, RuntimeName } from '@vedette/model/container';
import { ContainerdSource } from './containerd.ts';
import { CriSource } from './cri.ts';
import { podmanIdentity, runcIdentity } from './state-files.ts';
import { sentenceOf } from './socket-client.ts';

export interface RuntimePlaces {
  readonly containerdSockets: readonly string[];
  readonly crioSocket: string;
  readonly podmanStorages: readonly string[];
  readonly runcStates: readonly string[];
}

export const usualPlaces: RuntimePlaces = {
  containerdSockets: ['/run/containerd/containerd.sock', '/run/k3s/containerd/containerd.sock'],
  crioSocket: '/run/crio/crio.sock',
  podmanStorages: ['/var/lib/containers/storage'],
  runcStates: ['/run/runc', '/run/crun', '/run/containerd/runc/default', '/run/containerd/runc/k8s.io'],
};

interface Asked {
  readonly runtime: RuntimeName;
  ask(id: string, cgroupPath: string): Promise<ContainerIdentity | null>;
}

const attemptDelaysMs = [0, 100, 250, 500, 1000, 2000];

export class Identifier {
  readonly #sources: Asked[] = [];

  constructor(places: RuntimePlaces) {
    for (const socket of places.containerdSockets) {
      let source: ContainerdSource | null = null;
      this.#sources.push({
        runtime: 'containerd',
        ask: async (id, path) => (existsSync(socket) ? await (source ??= new ContainerdSource(socket)).identify(id, path) : null),
      });
    }
    let crio: CriSource | null = null;
    this.#sources.push({
      runtime: 'crio',
      ask: async (id) => (existsSync(places.crioSocket) ? await (crio ??= new CriSource(places.crioSocket, 'crio')).identify(id) : null),
    });
    for (const storage of places.podmanStorages) this.#sources.push({ runtime: 'podman', ask: (id) => podmanIdentity(storage, id) });
    for (const state of places.runcStates) this.#sources.push({ runtime: 'runc', ask: (id, path) => runcIdentity(state, id, path) });
  }

  /** Never rejects. `hint`: the runtime that the cgroup's name gives away. `stillThere` ends the asking early. */
  async identify(id: string, cgroupPath: string, hint: RuntimeName | null, stillThere: () => boolean): Promise<ContainerIdentity> {
    const ordered = [...this.#sources].sort((a, b) => Number(b.runtime === hint) - Number(a.runtime === hint));
    const failures = new Set<string>();
    for (const delayMs of attemptDelaysMs) {
      if (delayMs > 0) await sleep(delayMs);
      failures.clear();
      for (const source of ordered) {
        try {
          const found = await source.ask(id, cgroupPath);
          if (found !== null) return found;
        } catch (error) {
          failures.add(`${source.runtime} could not be asked (${sentenceOf(error)})`);
        }
      }
      if (!stillThere()) break;
    }
    const reason = failures.size > 0 ? [...failures].join('; ') : 'no container runtime on this host knows this container';
    return unknownIdentity(id, hint, reason);
  }
}

function unknownIdentity(id: string, runtime: RuntimeName | null, imageReason: string): ContainerIdentity {
  return {
    runtime,
    name: id,
    imageName: null,
    indexDigest: null,
    platformDigest: null,
    imageReason,
    labels: {},
    mounts: [],
    podName: null,
    podNamespace: null,
    podUid: null,
    privileged: false,
  };
}
