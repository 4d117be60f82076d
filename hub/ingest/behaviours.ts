/**
 * What sensors have learned of containers → baselines. A container of which nobody knows yet which image or workload it is of waits with what it did.
 * What may have been missed becomes an interval with its reason: before the sensor, between two rings, lost records, kinds without a hook, bounds that
 * were met. Reports of one batch are applied in the order of their baselines, so that two sensors cannot block each other.
 */
import { Behaviour } from '@vedette/model/baseline';
import type { BlindReason } from '@vedette/model/baseline-words';
import type { Behaviour as WireBehaviour, BehaviourReport } from '@vedette/model/wire/generated/record_pb';
import { addBlind, keepWaiting, placeBlind, putWatch, takeWaiting, watchedOnNode, type HeldWatch } from '../store/baseline-watches.ts';
import { addWatchedTime, lockBaseline, uniteBehaviours, type HeldBaseline, type SeenBehaviour } from '../store/baselines.ts';
import { lockContainer, podWithoutOwner, type HeldContainer } from '../store/containers.ts';
import type { Transaction } from '../store/database.ts';
import { addGap } from '../store/intake.ts';
import { containerIdIn, count, kernelNs, list, RefusedRecord, text, wallTime } from './clean.ts';
import type { Origin } from './origin.ts';

const behavioursMax = 20_000;
/** So long a pod may wait for the word of who owns it; after it, it is a workload of its own. */
const ownerWaitMs = 60_000;

interface Waiting {
  readonly report: BehaviourReport;
  readonly held: HeldContainer;
}

export class BehaviourFold {
  readonly #reports: Waiting[] = [];

  async add(db: Transaction, report: BehaviourReport, origin: Origin): Promise<void> {
    list(report.behaviours, behavioursMax, 'behaviours');
    const held = await lockContainer(db, origin.nodeId, containerIdIn(report.containerId));
    if (held === undefined) throw new RefusedRecord('behaviour of a container that was not reported');
    this.#reports.push({ report, held });
  }

  async apply(db: Transaction, origin: Origin, refuse: (reason: string) => void): Promise<void> {
    const ordered = this.#reports.toSorted((a, b) => (a.held.workload_id ?? 0) - (b.held.workload_id ?? 0) || (a.held.image_id ?? 0) - (b.held.image_id ?? 0));
    for (const { report, held } of ordered) await applyReport(db, report, held, origin, refuse);
  }
}

async function applyReport(db: Transaction, report: BehaviourReport, held: HeldContainer, origin: Origin, refuse: (reason: string) => void): Promise<void> {
  const seen = seenOf(report, origin, refuse);
  const facts = {
    containerPk: held.id,
    clusterId: origin.clusterId,
    session: kernelNs(report.session, 'a session'),
    since: wallTime(report.observedFromBootNs, origin),
    until: wallTime(report.observedUntilBootNs, origin),
    seenFromStart: report.seenFromStart,
    lost: count(report.recordsLost, 'a count of lost records'),
    cut: count(report.behavioursCut, 'a count of behaviours'),
  };
  const { before, last } = await putWatch(db, facts);
  const baseline = await baselineOf(db, held, origin, facts.until);
  await markBlind(db, { report, held, before, last, facts, baselineId: baseline?.id ?? null });
  const wholeStart = facts.seenFromStart && facts.lost === 0;
  if (baseline === undefined) {
    const left = await keepWaiting(db, held.id, seen, wholeStart);
    if (left === 0) return;
    await addBlind(db, { containerPk: held.id, baselineId: null, reason: 'identity-pending', since: before?.until ?? facts.since, until: facts.until, count: left, detail: '' });
    await addGap(db, origin, 'context-dropped', 'behaviours of a container of which nobody knows the image', left, origin.receivedAt);
    return;
  }
  await placeBlind(db, held.id, baseline.id);
  const all = [...(await takeWaiting(db, held.id)), ...seen];
  const isNews = await uniteBehaviours(db, baseline, all, { nodeId: origin.nodeId, containerId: report.containerId }, origin.receivedAt);
  const from = Math.max((before?.until ?? facts.since).getTime(), baseline.watched_until?.getTime() ?? 0);
  await addWatchedTime(db, baseline.id, { until: facts.until, seconds: Math.max(0, facts.until.getTime() - from) / 1000, isNews, wholeStart });
}

async function baselineOf(db: Transaction, held: HeldContainer, origin: Origin, until: Date): Promise<HeldBaseline | undefined> {
  const { workload_id: workloadId, image_id: imageId } = held;
  if (workloadId === null || imageId === null) return undefined;
  if (until.getTime() - held.started_at.getTime() < ownerWaitMs && (await podWithoutOwner(db, held.id))) return undefined;
  return lockBaseline(db, { clusterId: origin.clusterId, workloadId, imageId }, origin.receivedAt);
}

interface Watched {
  readonly report: BehaviourReport;
  readonly held: HeldContainer;
  readonly before: HeldWatch | undefined;
  readonly last: HeldWatch | undefined;
  readonly facts: { readonly since: Date; readonly until: Date; readonly seenFromStart: boolean; readonly lost: number; readonly cut: number };
  readonly baselineId: number | null;
}

async function markBlind(db: Transaction, { report, held, before, last, facts, baselineId }: Watched): Promise<void> {
  const mark = (reason: BlindReason, since: Date, until: Date, number: number, detail = ''): Promise<void> =>
    addBlind(db, { containerPk: held.id, baselineId, reason, since, until: until < since ? since : until, count: number, detail });
  if (before === undefined) {
    if (last !== undefined) await mark('not-watched', last.until, facts.since, 0);
    if (last === undefined && !facts.seenFromStart) await mark('started-before', held.started_at < facts.since ? held.started_at : facts.since, facts.since, 0);
  }
  const lost = facts.lost - (before?.lost ?? 0);
  if (lost > 0) await mark('records-lost', before?.until ?? facts.since, facts.until, lost);
  const cut = facts.cut - (before?.cut ?? 0);
  if (cut > 0) await mark('bound-met', before?.until ?? facts.since, facts.until, cut);
  for (const kind of report.unseen.slice(0, 8)) await mark('hook-missing', before?.until ?? facts.since, facts.until, 0, text(kind, 40));
}

function seenOf(report: BehaviourReport, origin: Origin, refuse: (reason: string) => void): SeenBehaviour[] {
  return report.behaviours.flatMap((one): SeenBehaviour[] => {
    const parsed = Behaviour.safeParse(plainBehaviour(one));
    if (!parsed.success) {
      refuse('a behaviour of impossible form');
      return [];
    }
    return [{ behaviour: parsed.data, program: text(one.program, 1024), firstSeen: wallTime(one.firstBootNs, origin).toISOString() }];
  });
}

function plainBehaviour(one: WireBehaviour): unknown {
  switch (one.kind) {
    case 'execution':
      return { kind: one.kind, path: text(one.path, 4096), arguments: one.anyArguments ? null : one.arguments.slice(0, 64).map((word) => text(word, 1024)), parent: text(one.parent, 4096), user: one.user, origin: one.origin };
    case 'file':
      return { kind: one.kind, path: text(one.path, 4096) };
    case 'peer':
      return { kind: one.kind, direction: one.direction, protocol: text(one.protocol, 16), port: one.anyPort ? null : one.port, name: one.name === '' ? null : text(one.name, 256), address: one.address === '' ? null : text(one.address, 64) };
    case 'capability':
      return { kind: one.kind, capability: text(one.capability, 64) };
    default:
      return null;
  }
}

/** What a sensor could not store is missing from every container that it watched then. */
export async function learningDropped(db: Transaction, since: Date, until: Date, records: number, origin: Origin): Promise<void> {
  if (origin.part !== 'sensor') return;
  for (const one of await watchedOnNode(db, origin.nodeId, since)) await addBlind(db, { containerPk: one.container_pk, baselineId: one.baseline_id, reason: 'telemetry-dropped', since, until, count: records, detail: '' });
}
