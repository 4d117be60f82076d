/**
 * What a cluster holds, kept told: each kind is listed and watched, pruned, folded, and becomes ClusterObjects records;
 * once a minute, and soon after something of it changed, a ClusterReport says how the watching goes. A kind that cannot
 * be watched is a problem in the report and holds nothing else up. Whole lists are said again from time to time, and at
 * once when records were lost on their way (`again`): the hub is then right whatever it missed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { ClusterObjectsSchema, ClusterReportSchema, RecordSchema, WatchStateSchema, type ClusterReport, type Record as WireRecord, type WatchState } from '@vedette/model/wire/generated/record_pb';
import { KindFold, objectBytesMax, type ObjectsSaid, type PrunedObject } from './fold.ts';
import { watchedKinds, type WatchedKind } from './kinds.ts';
import { agentFacts, networkVerdict, type AgentFacts } from './network-policy.ts';
import { prune, type JsonObject } from './prune.ts';

/** As much of a Kubernetes object as matters here. */
export interface WatchedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly resourceVersion: string };
}

export interface Target<T> {
  readonly path: string;
  readonly kind: string;
  readonly prune: (object: T) => T;
}

export interface Observer<T> {
  listed(objects: readonly T[]): void;
  changed(object: T): void;
  removed(object: T): void;
}

export interface Handler<T> extends Observer<T> {
  problem(sentence: string | null): void;
}

/** What the rest of the part says of itself, for the report. */
export interface PartFacts {
  readonly clusterUid: string;
  readonly kubernetesVersion: string;
  readonly nodesWithSensor: readonly string[];
  readonly admissionsAnswered: number;
  readonly admissionsFailedOpen: number;
  readonly admissionState: 'off' | 'registered' | 'not-registered';
  readonly admissionReason: string;
}

export interface WatchDoors<T extends WatchedObject> {
  /** Resolves when the signal is aborted. */
  readonly watch: (target: Target<T>, handler: Handler<T>, signal: AbortSignal) => Promise<void>;
  readonly report: (record: WireRecord, stream: 'detection' | 'telemetry') => Promise<void> | void;
  /** Who else in the part wants to see objects of a kind, as they are pruned. Told at once, whether or not the hub can be. */
  readonly observers?: Readonly<Record<string, Observer<T> | undefined>>;
  /** Why a kind cannot be watched; null: it can. Said when it changes. */
  readonly problem?: (kind: string, reason: string | null) => void;
  readonly part: () => PartFacts;
  readonly nowMs: () => number;
  readonly freshId: () => string;
}

export interface WatchTimes {
  /** Changes are gathered for so long. */
  readonly gatherMs: number;
  readonly reportMs: number;
  /** A changed report waits so long for more. */
  readonly reportSoonMs: number;
  readonly relistMs: number;
}
export const watchTimes: WatchTimes = { gatherMs: 1000, reportMs: 60_000, reportSoonMs: 5000, relistMs: 3_600_000 };

/** One kind: its fold, how its watching goes, and what is remembered for the verdict on the network. */
class KindWatch<T extends WatchedObject> {
  readonly kind: WatchedKind;
  readonly fold = new KindFold();
  readonly agents = new Map<string, AgentFacts>();
  problem = '';
  listedAtMs = 0;
  round = new AbortController();
  readonly #doors: WatchDoors<T>;
  #saying: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isListing = false;
  #isOutdated = false;

  constructor(kind: WatchedKind, doors: WatchDoors<T>) {
    this.kind = kind;
    this.#doors = doors;
  }

  get state(): WatchState {
    const problem = this.problem !== '' ? this.problem : this.fold.tooLarge === 0 ? '' : `${this.fold.tooLarge} too large to be sent (above ${objectBytesMax / 1024} KiB): ${this.fold.tooLargeExamples.join(', ')}`;
    return create(WatchStateSchema, { kind: this.kind.kind, synced: this.listedAtMs > 0 && this.problem === '', problem, syncedAtMs: BigInt(this.listedAtMs), objects: this.fold.objects });
  }

  async run(signal: AbortSignal, relistMs: number): Promise<void> {
    const target: Target<T> = {
      path: this.kind.path,
      kind: this.kind.kind,
      // The metadata that every object has stays whole in its form: labels, annotations and owners are there, if empty.
      prune: (object) => prune({ ...object, apiVersion: this.kind.apiVersion, kind: this.kind.kind }, this.kind.shape) as unknown as T,
    };
    while (!signal.aborted) {
      this.round = new AbortController();
      // Each kind at another time, so that a large cluster is not listed all at once.
      const timer = setTimeout(() => this.round.abort(), relistMs * (0.75 + Math.random() / 2));
      await this.#doors.watch(target, this.#handler(), AbortSignal.any([signal, this.round.signal]));
      clearTimeout(timer);
    }
  }

  #handler(): Handler<T> {
    const observer = this.#doors.observers?.[this.kind.kind];
    return {
      listed: (objects) => {
        observer?.listed(objects);
        this.listedAtMs = this.#doors.nowMs();
        this.agents.clear();
        for (const object of objects) this.#remember(object);
        const bites = this.fold.listed(objects.map(told), this.#doors.freshId());
        // Where nothing can be stored, one list waits and no second one behind it: it is asked for again when there is room.
        if (this.#waiting > 0 && this.#isListing) this.#isOutdated = true;
        else this.say(bites);
      },
      changed: (object) => {
        observer?.changed(object);
        this.#remember(object);
        this.fold.changed(told(object));
      },
      removed: (object) => {
        observer?.removed(object);
        this.agents.delete(`${object.metadata.namespace}/${object.metadata.name}`);
        this.fold.removed(told(object));
      },
      problem: (sentence) => {
        this.problem = sentence ?? '';
        this.#doors.problem?.(this.kind.kind, sentence);
      },
    };
  }

  #remember(object: T): void {
    if (this.kind.kind === 'DaemonSet') this.agents.set(`${object.metadata.namespace}/${object.metadata.name}`, agentFacts(object as unknown as JsonObject));
  }

  /** One after the other, in the order of the calls: a change that was gathered before a list must not come after it. */
  say(bites: readonly ObjectsSaid[]): void {
    this.#waiting += 1;
    this.#isListing ||= bites.some((bite) => bite.listEnds);
    this.#saying = this.#saying.then(async () => {
      await this.#say(bites);
      this.#waiting -= 1;
      if (this.#waiting > 0) return;
      this.#isListing = false;
      if (this.#isOutdated) this.round.abort();
      this.#isOutdated = false;
    });
  }

  /** What was handed over is not stored yet. */
  get isSaying(): boolean {
    return this.#waiting > 0;
  }

  async #say(bites: readonly ObjectsSaid[]): Promise<void> {
    for (const bite of bites) {
      const value = create(ClusterObjectsSchema, { apiVersion: this.kind.apiVersion, kind: this.kind.kind, changed: [...bite.changed], removed: [...bite.removed], listId: bite.listId, listEnds: bite.listEnds, listObjects: bite.listObjects, seenAtMs: BigInt(this.#doors.nowMs()) });
      await this.#doors.report(create(RecordSchema, { kind: { case: 'clusterObjects', value } }), 'telemetry');
    }
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** The object without its version, which is told beside it, and without the empty parts of its metadata. */
function told(object: WatchedObject): PrunedObject {
  const { resourceVersion = '', name = '', namespace = '', uid = '', ...metadata } = object.metadata;
  const place = namespace === '' ? {} : { namespace };
  return { namespace, name, uid, resourceVersion, content: { ...object, metadata: { name, ...place, uid, ...Object.fromEntries(Object.entries(metadata).filter(([, value]) => !isEmpty(value))) } } };
}

export class ClusterWatch<T extends WatchedObject> {
  readonly #doors: WatchDoors<T>;
  readonly #times: WatchTimes;
  readonly #kinds: readonly KindWatch<T>[];
  #saidReport = '';
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #isReporting = false;

  constructor(doors: WatchDoors<T>, times: WatchTimes = watchTimes, kinds: readonly WatchedKind[] = watchedKinds) {
    this.#doors = doors;
    this.#times = times;
    this.#kinds = kinds.map((kind) => new KindWatch(kind, doors));
  }

  /** Resolves when the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#kinds.map((kind) => kind.run(signal, this.#times.relistMs)), this.#tell(signal)]);
  }

  /** Everything is listed and said anew: records were lost. */
  again(): void {
    for (const kind of this.#kinds) kind.round.abort();
  }

  /** For whoever in the part must know: NetworkPolicy effects say whether they are enforced. */
  get network(): ReturnType<typeof networkVerdict> {
    const sets = this.#kinds.find(({ kind }) => kind.kind === 'DaemonSet');
    const nodes = this.#kinds.find(({ kind }) => kind.kind === 'Node');
    if (sets?.state.synced !== true || nodes?.state.synced !== true) return { enforcement: 'unknown', evidence: 'DaemonSets or nodes cannot be watched.' };
    return networkVerdict([...sets.agents.values()], nodes.fold.objects, this.#doors.part().kubernetesVersion);
  }

  get report(): ClusterReport {
    const part = this.#doors.part();
    const { enforcement, evidence } = this.network;
    return create(ClusterReportSchema, {
      clusterUid: part.clusterUid,
      kubernetesVersion: part.kubernetesVersion,
      watches: this.#kinds.map((kind) => kind.state),
      nodesWithSensor: [...part.nodesWithSensor].sort(),
      admissionsAnswered: BigInt(part.admissionsAnswered),
      admissionsFailedOpen: BigInt(part.admissionsFailedOpen),
      admissionState: part.admissionState,
      admissionReason: part.admissionReason,
      networkPolicyEnforcement: enforcement,
      networkPolicyEvidence: evidence,
      atMs: BigInt(this.#doors.nowMs()),
      objectsDropped: BigInt(this.#kinds.reduce((sum, kind) => sum + kind.fold.tooLarge, 0)),
    });
  }

  async #tell(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const kind of this.#kinds) if (kind.fold.isPending && !kind.isSaying) kind.say(kind.fold.flush());
      this.#tellReport();
      await sleep(this.#times.gatherMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #tellReport(): void {
    if (this.#isReporting) return;
    const { report } = this;
    const now = this.#doors.nowMs();
    const signature = JSON.stringify([report.watches.map(({ kind, synced, problem }) => [kind, synced, problem]), report.nodesWithSensor, report.admissionState, report.admissionReason, report.networkPolicyEnforcement, report.networkPolicyEvidence, report.kubernetesVersion]);
    const isDue = now - this.#saidAtMs >= this.#times.reportMs || (signature !== this.#saidReport && now - this.#saidAtMs >= this.#times.reportSoonMs);
    if (!isDue) return;
    this.#saidReport = signature;
    this.#saidAtMs = now;
    this.#isReporting = true;
    void Promise.resolve(this.#doors.report(create(RecordSchema, { kind: { case: 'clusterReport', value: report } }), 'telemetry')).then(() => {
      this.#isReporting = false;
    });
  }
}
