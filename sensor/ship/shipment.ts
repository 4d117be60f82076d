/**
 * What waits to be shipped, gathered between two commits and taken as records of the two streams: detections and
 * verdicts, and everything else as telemetry. Order within telemetry matters to the hub: containers before what speaks of
 * them, the list of the living before those that started or ended after it.
 */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Container } from '@vedette/model/container';
import type { LoadedReport } from '@vedette/model/exposure-evidence';
import type { DetectionFound, VerdictFound } from '@vedette/model/finding';
import type { BehaviourKind } from '@vedette/model/baseline-words';
import type { CanaryRound } from '@vedette/model/canary';
import { lineage, type Execution } from '@vedette/model/process';
import {
  CanaryRoundSchema,
  ContainerEndedSchema,
  DetectionSchema,
  FieldSchema,
  RecordSchema,
  VerdictSchema,
  type ContextDropped,
  type CoverageReport,
  type EffectReport,
  type InventoryReport,
  type LiveProcesses,
  type Record as WireRecord,
  type TelemetryDropped,
} from '@vedette/model/wire/generated/record_pb';
import { DetectionBound } from './detection-bound.ts';
import { ExecutionFolder, FlowFolder, foldKeysMax } from './fold.ts';
import { LiveProcessReporter } from './live.ts';
import { wireLearned, type LearnedFacts } from './wire-behaviour.ts';
import { wireContainer, wireExecution, wireLoaded, wireNs, wireOrigin } from './wire.ts';

export class Shipment {
  readonly executions = new ExecutionFolder();
  readonly flows = new FlowFolder();
  readonly live = new LiveProcessReporter();
  readonly bound = new DetectionBound();
  #liveList: LiveProcesses | null = null;
  #detections: WireRecord[] = [];
  #reports: WireRecord[] = [];

  get hasDetections(): boolean {
    return this.#detections.length > 0;
  }

  /** What somebody may wait for: anything but counts and processes. */
  get hasReports(): boolean {
    return this.#reports.length > 0 || this.#liveList !== null;
  }

  /** A fold has as many keys as it may have: commit now. */
  get isFull(): boolean {
    return this.executions.keys >= foldKeysMax || this.flows.keys >= foldKeysMax;
  }

  executed(execution: Execution, pending: boolean, atBootNs: number, wallOffsetNs: number): void {
    this.executions.add(execution, pending, atBootNs, wallOffsetNs);
  }

  allLive(living: Iterable<Execution>, atBootNs: number): void {
    this.#liveList = this.live.tellAll(living, atBootNs);
  }

  /** Singly, or counted with alike ones when there are many. */
  detection(found: DetectionFound): void {
    if (this.bound.admits(found)) this.#detections.push(detectionRecord(found));
  }

  verdict(found: VerdictFound): void {
    const value = create(VerdictSchema, {
      verdictId: found.id,
      policy: found.policy,
      rule: found.rule,
      generation: BigInt(found.generation),
      mode: found.mode,
      action: found.action,
      applied: found.applied,
      origin: wireOrigin({ origin: found.origin, containerId: found.execution.containerId }),
      atBootNs: wireNs(found.atBootNs),
      tree: lineage(found.execution).map(wireExecution),
      containerId: found.execution.containerId ?? '',
      identityPending: found.identityPending,
      reason: found.reason ?? '',
    });
    this.#detections.push(record({ case: 'verdict', value }));
  }

  effect(value: EffectReport): void {
    this.#detections.push(record({ case: 'effect', value }));
  }

  /** By the way that detections go: what it shows is that they would arrive. */
  canaries(told: CanaryRound | null): void {
    if (told === null) return;
    const { round, atBootNs, classes, problem, intervalMs } = told;
    const value = create(CanaryRoundSchema, { round: BigInt(round), atBootNs: wireNs(atBootNs), intervalMs, classes: classes.map((one) => ({ ...one })), problem });
    this.#detections.push(record({ case: 'canaryRound', value }));
  }

  loaded(reports: readonly LoadedReport[]): void {
    for (const one of reports) this.#reports.push(record({ case: 'packagesLoaded', value: wireLoaded(one) }));
  }

  learned(reports: readonly LearnedFacts[], unseen: readonly BehaviourKind[]): void {
    for (const one of reports) this.#reports.push(record({ case: 'behaviour', value: wireLearned(one, unseen) }));
  }

  containerEnded(containerId: string, atBootNs: number): void {
    this.#reports.push(record({ case: 'containerEnded', value: create(ContainerEndedSchema, { containerId, endedBootNs: wireNs(atBootNs) }) }));
  }

  inventory(value: InventoryReport): void {
    this.#reports.push(record({ case: 'inventory', value }));
  }

  coverage(value: CoverageReport): void {
    this.#reports.push(record({ case: 'coverage', value }));
  }

  dropped(value: TelemetryDropped): void {
    this.#reports.push(record({ case: 'telemetryDropped', value }));
  }

  forgotten(value: ContextDropped): void {
    this.#reports.push(record({ case: 'contextDropped', value }));
  }

  /** A detection may name a container that the hub has not heard of: its containers go with it. */
  take(changedContainers: readonly Container[]): { detections: WireRecord[]; telemetry: WireRecord[] } {
    const containers = changedContainers.map((one) => record({ case: 'containerSeen', value: wireContainer(one) }));
    for (const { first, count, lastBootNs, varied } of this.bound.take()) this.#detections.push(detectionRecord(first, { count: BigInt(count), lastBootNs: wireNs(lastBootNs), varied: [...varied] }));
    const detections = this.#detections.length > 0 ? [...containers, ...this.#detections] : [];
    const telemetry: WireRecord[] = [...containers];
    if (this.#liveList !== null) telemetry.push(record({ case: 'liveProcesses', value: this.#liveList }));
    for (const value of this.live.takeEnded()) telemetry.push(record({ case: 'processEnded', value }));
    for (const value of this.live.takeStarted()) telemetry.push(record({ case: 'processStarted', value }));
    for (const value of this.executions.take()) telemetry.push(record({ case: 'executionCount', value }));
    for (const value of this.flows.take()) telemetry.push(record({ case: 'flowCount', value }));
    telemetry.push(...this.#reports);
    this.#liveList = null;
    this.#detections = [];
    this.#reports = [];
    return { detections, telemetry };
  }
}

function record(kind: NonNullable<MessageInitShape<typeof RecordSchema>['kind']>): WireRecord {
  return create(RecordSchema, { kind });
}

function detectionRecord(found: DetectionFound, alike: Pick<MessageInitShape<typeof DetectionSchema>, 'count' | 'lastBootNs' | 'varied'> = {}): WireRecord {
  const value = create(DetectionSchema, {
    detectionId: found.id,
    rule: found.rule,
    priority: found.priority,
    tags: [...found.tags],
    output: found.output,
    fields: found.fields.map((one) => create(FieldSchema, { name: one.name, value: one.value ?? '', missing: one.value === null })),
    atBootNs: wireNs(found.atBootNs),
    tree: lineage(found.execution).map(wireExecution),
    containerId: found.execution.containerId ?? '',
    identityPending: found.identityPending,
    eventClass: found.eventClass,
    ...alike,
  });
  return record({ case: 'detection', value });
}
