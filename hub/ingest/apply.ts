/**
 * Applies one batch inside the transaction that moves its watermark: decodes the payload, gives every kind of record
 * to what stores it, counts what it refuses and what it does not know. Order is kept within each family of records
 * (containers, processes, findings); families do not depend on each other, since they refer by the sensor's own ids.
 */
import { fromBinary } from '@bufbuild/protobuf';
import type { LiveTopic } from '@vedette/model/api/table';
import { BatchPayloadSchema, type BatchPayload, type LiveProcesses, type Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import { addExecutions, addFlows } from '../store/counts.ts';
import type { Transaction } from '../store/database.ts';
import { addFindings, policyWords, type Finding, type PolicyWords } from '../store/findings.ts';
import { addGap, countUnknownRecord } from '../store/intake.ts';
import { addProcesses, endProcesses, keepOnlyProcesses, processesHeld } from '../store/processes.ts';
import { admissionDecided, sessionSeen } from './admissions.ts';
import { BehaviourFold } from './behaviours.ts';
import { kernelNs, list, RefusedRecord, text } from './clean.ts';
import { clusterObjectsSaid, clusterReported } from './clusters.ts';
import { effectReported } from './effects.ts';
import { liveProcess, refOf } from './execution.ts';
import { ExecutionFold, FlowFold, ProcessFold } from './fold.ts';
import { canariesCame } from './canaries.ts';
import { contextDropped, coverageReported, detected, judged, telemetryDropped } from './happenings.ts';
import type { Origin } from './origin.ts';
import { containerEnded, containersBegin, containerSeen, inventoryReported, packagesLoaded } from './reports.ts';

const payloadBytesMax = 16 * 1024 * 1024;
const recordsMax = 200_000;
const aliveMax = 200_000;
const processesHeldMax = 200_000;

/** The payload is not one that this contract can read; the batch is counted as rejected and the stream goes on. */
export class UnreadableBatch extends Error {}

export interface Applied {
  readonly topics: ReadonlySet<LiveTopic>;
  /** What changed in containers, by the runtime's id: who sees only their namespaces is told of these alone. */
  readonly inContainers: ReadonlyMap<string, ReadonlySet<LiveTopic>>;
  readonly recordsByKind: ReadonlyMap<string, number>;
  readonly refused: ReadonlyMap<string, number>;
}

type Kind = NonNullable<WireRecord['kind']['case']>;

const topicOf: { [K in Kind]: LiveTopic | null } = {
  processStarted: 'processes',
  processEnded: 'processes',
  executionCount: 'processes',
  containerSeen: 'containers',
  containerEnded: 'containers',
  inventory: 'containers',
  packagesLoaded: 'containers',
  coverage: 'sensors',
  detection: 'incidents',
  verdict: 'incidents',
  flowCount: null,
  liveProcesses: 'processes',
  telemetryDropped: 'sensors',
  contextDropped: 'sensors',
  clusterObjects: 'clusters',
  clusterReport: 'clusters',
  admission: 'admissions',
  execSession: 'admissions',
  effect: 'responses',
  behaviour: 'baselines',
  canaryRound: 'sensors',
};

/** Who may report what; everything that is not here is a sensor's. */
const kindsOfPart: { readonly [K in Kind]?: readonly Origin['part'][] } = {
  clusterObjects: ['cluster'],
  clusterReport: ['cluster'],
  admission: ['cluster'],
  execSession: ['cluster'],
  effect: ['cluster', 'sensor'],
  telemetryDropped: ['cluster', 'sensor'],
};

export function readPayload(bytes: Uint8Array): BatchPayload {
  if (bytes.byteLength > payloadBytesMax) throw new UnreadableBatch(`a payload of more than ${payloadBytesMax} bytes`);
  let payload: BatchPayload;
  try {
    payload = fromBinary(BatchPayloadSchema, bytes);
  } catch {
    throw new UnreadableBatch('a payload that is not Protobuf of this contract');
  }
  if (payload.records.length > recordsMax) throw new UnreadableBatch(`more than ${recordsMax} records`);
  if (!/^[0-9a-f-]{1,64}$/.test(payload.bootId)) throw new UnreadableBatch('a payload without a boot id');
  return payload;
}

/** The number and bytes of a kind that this hub does not know. */
function unknownKind(record: WireRecord): { field: number; sample: Uint8Array } {
  const found = record.$unknown?.[0];
  return { field: found?.no ?? 0, sample: found?.data ?? new Uint8Array() };
}

/** That a container is still watched is no news to anybody who looks at a page. */
function isQuiet({ kind }: WireRecord): boolean {
  return kind.case === 'behaviour' && kind.value.behaviours.length === 0;
}

class Application {
  readonly executions = new ExecutionFold();
  readonly flows = new FlowFold();
  readonly processes = new ProcessFold();
  readonly behaviours = new BehaviourFold();
  readonly findings: Finding[] = [];
  readonly topics = new Set<LiveTopic>();
  readonly inContainers = new Map<string, Set<LiveTopic>>();
  readonly byKind = new Map<string, number>();
  readonly refused = new Map<string, number>();
  readonly unknown = new Map<number, { count: number; sample: Uint8Array }>();
  readonly #policies = new Map<string, PolicyWords | undefined>();
  readonly #db: Transaction;
  readonly #origin: Origin;

  constructor(db: Transaction, origin: Origin) {
    this.#db = db;
    this.#origin = origin;
  }

  async record(record: WireRecord): Promise<void> {
    const kind = record.kind.case;
    if (kind === undefined) {
      const { field, sample } = unknownKind(record);
      this.unknown.set(field, { count: (this.unknown.get(field)?.count ?? 0) + 1, sample });
      return;
    }
    this.byKind.set(kind, (this.byKind.get(kind) ?? 0) + 1);
    try {
      await this.#dispatch(record);
      const topic = topicOf[kind];
      if (topic !== null && !isQuiet(record)) this.#touched(topic, record);
    } catch (error) {
      if (!(error instanceof RefusedRecord)) throw error;
      this.refuse(error.message);
    }
  }

  #touched(topic: LiveTopic, { kind }: WireRecord): void {
    this.topics.add(topic);
    const containerId = kind.case === 'processStarted' ? kind.value.execution?.containerId : kind.value !== undefined && 'containerId' in kind.value ? kind.value.containerId : undefined;
    if (containerId === undefined || containerId === '') return;
    const topics = this.inContainers.get(containerId) ?? new Set();
    this.inContainers.set(containerId, topics.add(topic));
  }

  refuse(reason: string): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }

  async #dispatch({ kind }: WireRecord): Promise<void> {
    const [db, origin] = [this.#db, this.#origin];
    if (kind.case !== undefined && !(kindsOfPart[kind.case] ?? ['sensor']).includes(origin.part)) {
      throw new RefusedRecord(`a record of the kind ${kind.case} from a ${origin.part === 'cluster' ? 'cluster part' : 'sensor'}, which may not report it`);
    }
    switch (kind.case) {
      case 'processStarted':
        return this.#processStarted(kind.value.execution);
      case 'processEnded':
        return this.processes.end(refOf(kind.value.ref));
      case 'liveProcesses':
        return this.#liveProcesses(kind.value);
      case 'executionCount':
        return this.executions.add(kind.value, origin);
      case 'flowCount':
        return this.flows.add(kind.value, origin);
      case 'containerSeen':
        return containerSeen(db, kind.value, origin);
      case 'containerEnded':
        return containerEnded(db, kind.value, origin);
      case 'inventory':
        return inventoryReported(db, kind.value, origin);
      case 'packagesLoaded':
        return packagesLoaded(db, kind.value, origin);
      case 'coverage':
        return coverageReported(db, kind.value, origin);
      case 'canaryRound':
        return canariesCame(db, kind.value, origin);
      case 'detection':
        this.findings.push(detected(kind.value, origin));
        return;
      case 'verdict':
        this.findings.push(judged(kind.value, origin, await this.#wordsOf(kind.value.policy)));
        return;
      case 'telemetryDropped':
        return telemetryDropped(db, kind.value, origin);
      case 'contextDropped':
        return contextDropped(db, kind.value, origin);
      case 'admission':
        return admissionDecided(db, kind.value, origin);
      case 'execSession':
        return sessionSeen(db, kind.value, origin);
      case 'clusterObjects':
        return clusterObjectsSaid(db, kind.value, origin, (reason) => this.refuse(reason));
      case 'behaviour':
        return this.behaviours.add(db, kind.value, origin);
      case 'effect':
        return effectReported(db, kind.value, origin);
      case 'clusterReport':
        return clusterReported(db, kind.value, origin);
      case undefined:
        return;
      default:
        return kind satisfies never;
    }
  }

  /** Asked once a batch: a storm of verdicts is of few policies. */
  async #wordsOf(policy: string): Promise<PolicyWords | undefined> {
    if (!this.#policies.has(policy)) this.#policies.set(policy, await policyWords(this.#db, text(policy, 100)));
    return this.#policies.get(policy);
  }

  #processStarted(execution: Parameters<typeof liveProcess>[0] | undefined): void {
    if (execution === undefined) throw new RefusedRecord('a process start without execution');
    if (execution.exitedBootNs === 0n) this.processes.start(liveProcess(execution, this.#origin));
  }

  async #liveProcesses(record: LiveProcesses): Promise<void> {
    if (!this.#origin.isCurrentBoot) return;
    const alive = list(record.alive, aliveMax, 'live processes').map(refOf);
    await this.flushProcesses();
    await keepOnlyProcesses(this.#db, this.#origin, alive, kernelNs(record.atBootNs, 'a time'));
  }

  async flushProcesses(): Promise<void> {
    const { started, ended } = this.processes.take();
    if (!this.#origin.isCurrentBoot) return;
    await endProcesses(this.#db, this.#origin, ended);
    if (started.length > 0 && (await processesHeld(this.#db, this.#origin.nodeId)) + started.length > processesHeldMax) {
      this.refused.set(`more than ${processesHeldMax} live processes on one node`, started.length);
      return;
    }
    await addProcesses(this.#db, this.#origin, started);
  }
}

export async function applyPayload(db: Transaction, payload: BatchPayload, origin: Origin): Promise<Applied> {
  const application = new Application(db, origin);
  await containersBegin(db, payload.records, origin);
  for (const record of payload.records) await application.record(record);
  await application.flushProcesses();
  await addExecutions(db, origin, application.executions.rows());
  await addFlows(db, origin, application.flows.rows());
  await addFindings(db, application.findings);
  await application.behaviours.apply(db, origin, (reason) => application.refuse(reason));
  for (const [reason, count] of application.refused) await addGap(db, origin, 'record-rejected', reason, count, origin.receivedAt);
  for (const [field, { count, sample }] of application.unknown) {
    await countUnknownRecord(db, origin, field, count, sample, origin.receivedAt);
    application.byKind.set('unknown', (application.byKind.get('unknown') ?? 0) + count);
  }
  if (application.refused.size > 0) application.topics.add('sensors');
  return { topics: application.topics, inContainers: application.inContainers, recordsByKind: application.byKind, refused: application.refused };
}
