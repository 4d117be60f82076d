/**
 * Commands to sensors and cluster parts: the whole set of policies, of rules, of effects, of images that must not run and of baselines when a sensor connects and whenever
 * they change, a sign of life in between, and the farewell when it was removed. Always whole sets, so that a sensor that missed one is right
 * again after the next; several changes at once are one push. A newer stream of a sensor ends its older one.
 */
import { create } from '@bufbuild/protobuf';
import { holdsSession, type SessionState } from '@vedette/link/protocol/hello';
import { BaselineSetSchema, CommandSchema, ExceptionSetSchema, ImageVerdictSchema, ImageVerdictSetSchema, type BaselineSet, type Command } from '@vedette/model/wire/generated/link_pb';
import type { Database } from '../store/database.ts';
import { currentGeneration, speakingSensor } from '../store/fleet.ts';
import { executionPolicySet, policySet, ruleSet } from '../store/read-policies.ts';
import { baselinesInForce } from '../store/baselines.ts';
import { bannedImages, standingExceptions } from '../store/violations.ts';
import { effectSetOf, type Receiver } from './effects.ts';

const keepAliveMs = 15_000;
/** Of one sensor: the ones that were watched last come first. */
const baselinesMax = 2000;
const baselineBytesMax = 8 << 20;
type Kind = Command['kind'];

interface Listener {
  policies: boolean;
  rules: boolean;
  effects: boolean;
  imageVerdicts: boolean;
  /** Of a sensor. */
  baselines: boolean;
  /** Of a cluster part: sensors judge nothing that can be excepted by themselves. */
  exceptions: boolean;
  readonly receiver: Receiver;
  leave: boolean;
  ended: boolean;
  wake: () => void;
}

export interface CommandDoors {
  readonly database: Database;
  readonly now: () => Date;
  /** A sensor has come or gone. */
  readonly changed: (clusterId: string) => void;
}

export class Commands {
  readonly #doors: CommandDoors;
  readonly #listeners = new Map<string, Listener>();
  sent = 0;

  constructor(doors: CommandDoors) {
    this.#doors = doors;
  }

  get connected(): string[] {
    return [...this.#listeners.keys()];
  }

  policiesChanged(): void {
    for (const listener of this.#listeners.values()) this.#wake(listener, 'policies');
  }

  rulesChanged(): void {
    for (const listener of this.#listeners.values()) this.#wake(listener, 'rules');
  }

  /** To the sensors of these clusters: which images must not run is said cluster by cluster. */
  imageVerdictsChanged(clusterIds: readonly string[]): void {
    for (const listener of this.#listeners.values()) if (clusterIds.includes(listener.receiver.clusterId)) this.#wake(listener, 'imageVerdicts');
  }

  /** To the sensors of these clusters. */
  baselinesChanged(clusterIds: readonly string[]): void {
    for (const listener of this.#listeners.values()) if (listener.receiver.kind === 'sensor' && clusterIds.includes(listener.receiver.clusterId)) this.#wake(listener, 'baselines');
  }

  /** Of the sensor of this node, or, null, of the part of this cluster. */
  effectsChanged(clusterId: string, nodeId: string | null): void {
    for (const listener of this.#listeners.values()) {
      const { kind, clusterId: cluster, nodeId: node } = listener.receiver;
      if (nodeId === null ? kind === 'cluster' && cluster === clusterId : kind === 'sensor' && node === nodeId) this.#wake(listener, 'effects');
    }
  }

  /** To cluster parts, which judge at admission. */
  exceptionsChanged(): void {
    for (const listener of this.#listeners.values()) if (listener.receiver.kind === 'cluster') this.#wake(listener, 'exceptions');
  }

  removed(sensorId: string): void {
    const listener = this.#listeners.get(sensorId);
    if (listener !== undefined) this.#wake(listener, 'leave');
  }

  close(): void {
    for (const listener of this.#listeners.values()) this.#wake(listener, 'ended');
  }

  #wake(listener: Listener, what: 'policies' | 'rules' | 'effects' | 'imageVerdicts' | 'baselines' | 'exceptions' | 'leave' | 'ended'): void {
    listener[what] = true;
    listener.wake();
  }

  /** `session` in hex. Ends when the signal does, when the hub stops, or when a newer stream takes its place. */
  async *stream(sensorId: string, session: string, signal: AbortSignal): AsyncGenerator<Command> {
    const sensor = await speakingSensor(this.#doors.database, sensorId);
    let sequence = 0n;
    const command = (kind: Kind): Command => {
      sequence += 1n;
      this.sent += 1;
      return create(CommandSchema, { sequence, kind });
    };
    if (sensor === undefined || sensor.removed) {
      yield command(await this.#leave());
      return;
    }
    if (!holdsSession((sensor.link_state ?? undefined) as SessionState | undefined, session)) return;

    const listener: Listener = { policies: true, rules: true, effects: true, imageVerdicts: true, baselines: sensor.kind === 'sensor', exceptions: sensor.kind === 'cluster', receiver: { kind: sensor.kind, clusterId: sensor.cluster_id, nodeId: sensor.node_id }, leave: false, ended: false, wake: () => undefined };
    const before = this.#listeners.get(sensorId);
    if (before !== undefined) this.#wake(before, 'ended');
    this.#listeners.set(sensorId, listener);
    const abort = (): void => this.#wake(listener, 'ended');
    signal.addEventListener('abort', abort, { once: true });
    this.#doors.changed(sensor.cluster_id);
    let hadEffects = false;
    // of an older stream the sensor may still hold some
    let hadBaselines = true;
    try {
      while (!listener.ended && !signal.aborted) {
        if (listener.leave) {
          yield command(await this.#leave());
          return;
        }
        // before the policies that they are from, so that nothing is judged without them
        if (listener.exceptions) {
          listener.exceptions = false;
          yield command(await this.#exceptions());
        } else if (listener.policies) {
          listener.policies = false;
          yield command(await this.#policies(listener.receiver.kind === 'cluster'));
        } else if (listener.rules) {
          listener.rules = false;
          yield command(await this.#rules());
        } else if (listener.effects) {
          listener.effects = false;
          const effects = await effectSetOf(this.#doors.database, listener.receiver);
          // Nobody has to be told that there was never anything.
          if (effects.length > 0 || hadEffects) yield command({ case: 'effects', value: { $typeName: 'vedette.link.v1.EffectSet', effects } });
          hadEffects = effects.length > 0;
        } else if (listener.imageVerdicts) {
          listener.imageVerdicts = false;
          yield command(await this.#imageVerdicts(listener.receiver.clusterId));
        } else if (listener.baselines) {
          listener.baselines = false;
          const baselines = await this.#baselines(listener.receiver);
          if (baselines.baselinesJson.length > 0 || hadBaselines) yield command({ case: 'baselines', value: baselines });
          hadBaselines = baselines.baselinesJson.length > 0;
        } else if (!(await wokenWithin(listener, keepAliveMs))) {
          yield command({ case: 'keepAlive', value: { $typeName: 'vedette.link.v1.KeepAlive', hubTimeMs: BigInt(this.#doors.now().getTime()) } });
        }
      }
    } finally {
      signal.removeEventListener('abort', abort);
      if (this.#listeners.get(sensorId) === listener) this.#listeners.delete(sensorId);
      this.#doors.changed(sensor.cluster_id);
    }
  }

  /** A cluster part judges images before they run, a sensor what is executed. */
  async #policies(isPart: boolean): Promise<Kind> {
    const { database } = this.#doors;
    // The number first: a change in between gives a newer set under an older number, and the push after it puts it right.
    const generation = BigInt(await currentGeneration(database, 'policies'));
    const policies = (await (isPart ? policySet(database) : executionPolicySet(database))).map((one) => ({ $typeName: 'vedette.link.v1.PolicyText' as const, ...one }));
    return { case: 'policies', value: { $typeName: 'vedette.link.v1.PolicySet', generation, policies } };
  }

  async #rules(): Promise<Kind> {
    const { database } = this.#doors;
    const generation = BigInt(await currentGeneration(database, 'rules'));
    const files = (await ruleSet(database)).map((one) => ({ $typeName: 'vedette.link.v1.RuleFile' as const, name: one.name, text: one.content }));
    return { case: 'rules', value: { $typeName: 'vedette.link.v1.RuleSet', generation, files } };
  }

  async #imageVerdicts(clusterId: string): Promise<Kind> {
    const { database } = this.#doors;
    const generation = BigInt(await currentGeneration(database, 'image-verdicts'));
    const verdicts = (await bannedImages(database, clusterId)).map((one) =>
      create(ImageVerdictSchema, {
        platformDigest: one.platform_digest, indexDigest: one.index_digest ?? '', policy: one.policy, rule: one.rule, mode: one.mode, action: one.action, reason: one.reason,
        // An image is judged for a cluster as a whole, so every namespace of it is meant.
        imagePatterns: one.references,
      }));
    return { case: 'imageVerdicts', value: create(ImageVerdictSetSchema, { generation, verdicts }) };
  }

  async #baselines({ clusterId, nodeId }: Receiver): Promise<BaselineSet> {
    const { database } = this.#doors;
    const generation = BigInt(await currentGeneration(database, 'baselines'));
    const baselinesJson: string[] = [];
    let [room, leftOut] = [baselineBytesMax, 0];
    for (const one of await baselinesInForce(database, clusterId, nodeId ?? '', baselinesMax)) {
      const json = JSON.stringify({ platformDigest: one.platform_digest, namespace: one.namespace, workloadKind: one.workload_kind, workload: one.workload, state: one.state, behaviours: one.behaviours });
      room -= json.length;
      if (room >= 0) baselinesJson.push(json);
      else leftOut += 1;
    }
    return create(BaselineSetSchema, { generation, baselinesJson, leftOut });
  }

  /** As JSON, which is YAML too. */
  async #exceptions(): Promise<Kind> {
    const { database, now } = this.#doors;
    const { exceptions } = await standingExceptions(database);
    const texts = exceptions.map((one) => ({ name: one.metadata.name, yaml: JSON.stringify(one) }));
    return { case: 'exceptions', value: create(ExceptionSetSchema, { generation: BigInt(now().getTime()), exceptions: texts }) };
  }

  async #leave(): Promise<Kind> {
    return { case: 'leave', value: { $typeName: 'vedette.link.v1.LeaveCommand', reason: 'This sensor was removed from the fleet.' } };
  }
}

/** Whether something is to be done before the time is over. */
async function wokenWithin(listener: Listener, milliseconds: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), milliseconds);
  listener.wake = () => resolve(true);
  if (listener.policies || listener.rules || listener.effects || listener.imageVerdicts || listener.baselines || listener.exceptions || listener.leave || listener.ended) resolve(true);
  const woken = await promise;
  clearTimeout(timer);
  listener.wake = () => undefined;
  return woken;
}
