/**
 * The pods of the cluster by node, for the sensors there: who a pod is, which workload it belongs to at the top (a ReplicaSet
 * of a Deployment is the Deployment, a Job of a CronJob the CronJob), which containers it has. Fed by whoever watches; told as
 * whole sets per node, at once and after each change, gathered for a moment. Nothing is told before pods were listed once:
 * an empty set would say that there are none.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { PodContainerSchema, PodIdentitySchema, PodSetSchema, type PodIdentity, type PodSet } from '@vedette/model/wire/generated/link_pb';
import { z } from 'zod';
import type { KubernetesObject, OwnerReference } from '../kubernetes/objects.ts';

const Status = z.array(z.looseObject({ name: z.string(), containerID: z.string().default(''), imageID: z.string().default('') })).nullish().transform((all) => all ?? []);
const Containers = z.array(z.looseObject({ name: z.string(), image: z.string().default('') })).nullish().transform((all) => all ?? []);
const Pod = z.looseObject({
  spec: z.looseObject({ nodeName: z.string().default(''), serviceAccountName: z.string().default(''), containers: Containers, initContainers: Containers, ephemeralContainers: Containers }),
  status: z.looseObject({ phase: z.string().default(''), containerStatuses: Status, initContainerStatuses: Status, ephemeralContainerStatuses: Status }).nullish(),
});

/** What a pod is told as but for its owner's owner. */
interface Held {
  readonly node: string;
  readonly owner: OwnerReference | undefined;
  readonly identity: PodIdentity;
}

export const podKinds = ['Pod', 'ReplicaSet', 'Job'] as const;
export type PodKind = (typeof podKinds)[number];

const labelsMax = 64;

export class PodDirectory {
  readonly #pods = new Map<string, Held>();
  /** namespace/name → UID. */
  readonly #byName = new Map<string, string>();
  readonly #podsOfOwner = new Map<string, Set<string>>();
  readonly #podsOfNode = new Map<string, Set<string>>();
  /** UID of a ReplicaSet or Job → its own controller. */
  readonly #owners = new Map<PodKind, Map<string, OwnerReference>>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #gatherMs: number;
  #listed = false;
  #generation = 0;
  /** Pods without the form of a pod: counted, and not told. */
  malformed = 0;

  constructor(gatherMs = 250) {
    this.#gatherMs = gatherMs;
  }

  get isListed(): boolean {
    return this.#listed;
  }

  get size(): number {
    return this.#pods.size;
  }

  /** As watchResource wants its handler, but for `problem`. */
  handler(kind: PodKind): { listed(objects: readonly KubernetesObject[]): void; changed(object: KubernetesObject): void; removed(object: KubernetesObject): void } {
    const one = (object: KubernetesObject): void => (kind === 'Pod' ? this.#pod(object) : this.#owner(kind, object));
    return {
      listed: (objects) => {
        const present = new Set(objects.map((object) => object.metadata.uid));
        if (kind === 'Pod') for (const uid of this.#pods.keys()) if (!present.has(uid)) this.#forget(uid);
        if (kind !== 'Pod') for (const uid of this.#owned(kind).keys()) if (!present.has(uid)) this.#owned(kind).delete(uid);
        for (const object of objects) one(object);
        if (kind !== 'Pod' || this.#listed) return;
        this.#listed = true;
        for (const node of this.#listeners.keys()) this.#touched(node);
      },
      changed: one,
      removed: (object) => {
        if (kind === 'Pod') this.#forget(object.metadata.uid);
        else this.#owned(kind).delete(object.metadata.uid);
      },
    };
  }

  /** A pod by its name, and where it is. */
  find(namespace: string, name: string): { readonly node: string; readonly uid: string; readonly containers: PodIdentity['containers'] } | undefined {
    const held = this.#pods.get(this.#byName.get(`${namespace}/${name}`) ?? '');
    return held === undefined ? undefined : { node: held.node, uid: held.identity.uid, containers: held.identity.containers };
  }

  set(node: string): PodSet {
    const pods = [...(this.#podsOfNode.get(node) ?? [])].flatMap((uid) => {
      const held = this.#pods.get(uid);
      return held === undefined ? [] : [this.#told(held)];
    });
    this.#generation += 1;
    return create(PodSetSchema, { generation: BigInt(this.#generation), pods });
  }

  /** The whole set of the node now and after each change, until the signal. */
  async *sets(node: string, signal: AbortSignal): AsyncGenerator<PodSet> {
    let wake = Promise.withResolvers<void>();
    const touched = (): void => wake.resolve();
    const listeners = this.#listeners.get(node) ?? new Set();
    this.#listeners.set(node, listeners);
    listeners.add(touched);
    signal.addEventListener('abort', touched, { once: true });
    try {
      while (!signal.aborted) {
        if (this.#listed) yield this.set(node);
        await wake.promise;
        await sleep(this.#gatherMs, undefined, { signal }).catch(() => undefined);
        wake = Promise.withResolvers();
      }
    } finally {
      signal.removeEventListener('abort', touched);
      listeners.delete(touched);
      if (listeners.size === 0 && this.#listeners.get(node) === listeners) this.#listeners.delete(node);
    }
  }

  #owned(kind: PodKind): Map<string, OwnerReference> {
    const known = this.#owners.get(kind) ?? new Map<string, OwnerReference>();
    this.#owners.set(kind, known);
    return known;
  }

  #touched(node: string): void {
    for (const listener of this.#listeners.get(node) ?? []) listener();
  }

  #owner(kind: PodKind, object: KubernetesObject): void {
    const { uid } = object.metadata;
    const above = controllerOf(object);
    const owned = this.#owned(kind);
    if (owned.get(uid)?.uid === above?.uid) return;
    if (above === undefined) owned.delete(uid);
    else owned.set(uid, above);
    const nodes = new Set([...(this.#podsOfOwner.get(uid) ?? [])].map((pod) => this.#pods.get(pod)?.node ?? ''));
    for (const node of nodes) this.#touched(node);
  }

  #pod(object: KubernetesObject): void {
    const { uid } = object.metadata;
    const read = heldOf(object);
    if (read === undefined) {
      this.malformed += 1;
      return;
    }
    // not scheduled yet, or done: no container of it runs anywhere
    if (read === 'nowhere') return this.#forget(uid);
    const before = this.#pods.get(uid);
    if (before !== undefined && before.node !== read.node) this.#forget(uid);
    this.#pods.set(uid, read);
    this.#byName.set(`${read.identity.namespace}/${read.identity.name}`, uid);
    setOf(this.#podsOfNode, read.node).add(uid);
    if (read.owner !== undefined) setOf(this.#podsOfOwner, read.owner.uid).add(uid);
    if (before === undefined || JSON.stringify(before) !== JSON.stringify(read)) this.#touched(read.node);
  }

  #forget(uid: string): void {
    const held = this.#pods.get(uid);
    if (held === undefined) return;
    this.#pods.delete(uid);
    const name = `${held.identity.namespace}/${held.identity.name}`;
    // a pod that took its name is there already
    if (this.#byName.get(name) === uid) this.#byName.delete(name);
    drop(this.#podsOfNode, held.node, uid);
    if (held.owner !== undefined) drop(this.#podsOfOwner, held.owner.uid, uid);
    this.#touched(held.node);
  }

  #told({ owner, identity }: Held): PodIdentity {
    const top = owner === undefined ? undefined : (this.#owners.get('ReplicaSet')?.get(owner.uid) ?? this.#owners.get('Job')?.get(owner.uid) ?? owner);
    const workload = top === undefined ? { workloadKind: 'Pod', workloadName: identity.name, workloadUid: identity.uid } : { workloadKind: top.kind, workloadName: top.name, workloadUid: top.uid };
    return { ...identity, ...workload };
  }
}

function heldOf(object: KubernetesObject): Held | 'nowhere' | undefined {
  const parsed = Pod.safeParse(object);
  if (!parsed.success) return undefined;
  const { spec, status } = parsed.data;
  if (spec.nodeName === '' || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 'nowhere';
  const statuses = new Map([...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])].map((one) => [one.name, one]));
  const { metadata } = object;
  const containers = [...spec.containers, ...spec.initContainers, ...spec.ephemeralContainers].map(({ name, image }) =>
    create(PodContainerSchema, { name, image, containerId: (statuses.get(name)?.containerID ?? '').replace(/^[a-z0-9-]+:\/\//, ''), imageId: statuses.get(name)?.imageID ?? '' }),
  );
  const owner = controllerOf(object);
  const identity = create(PodIdentitySchema, {
    // the kubelet runs a static pod under a UID of its own, which its mirror remembers
    uid: metadata.annotations['kubernetes.io/config.mirror'] ?? metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    serviceAccount: spec.serviceAccountName,
    labels: Object.fromEntries(Object.entries(metadata.labels).slice(0, labelsMax)),
    containers,
    revision: metadata.labels['pod-template-hash'] ?? metadata.labels['controller-revision-hash'] ?? '',
  });
  return { node: spec.nodeName, owner: owner?.kind === 'Node' ? undefined : owner, identity };
}

function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences.find((one) => one.controller === true);
}

function setOf(sets: Map<string, Set<string>>, key: string): Set<string> {
  const known = sets.get(key) ?? new Set<string>();
  sets.set(key, known);
  return known;
}

function drop(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
}
