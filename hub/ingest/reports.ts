/** Containers, package lists and loading, applied in the order in which the sensor said them. */
import { isImageDigest } from '@vedette/model/ids';
import { IdentityState, LoadEvidenceKind, RuntimeKind, type ContainerEnded, type ContainerSeen, type InventoryReport, type PackagesLoaded, type Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import {
  beginContainers, closeRunIfEmpty, containersLiving, endContainer, imageOf, lockContainer, lockContainers, openRun, putContainer, queueAssessment, workloadOf, type HeldContainer,
} from '../store/containers.ts';
import type { Transaction } from '../store/database.ts';
import { inventoryNamed, inventoryOf, listOf, setImageInventory, setOwnInventory, takeImageInventory } from '../store/inventories.ts';
import { addEvidence, loadIntoRun, putObservation, setRunInventory, type EvidenceFact } from '../store/loading.ts';
import { containerIdIn, count, list, RefusedRecord, text, textOrNull, wallTime } from './clean.ts';
import type { Origin } from './origin.ts';

const containersLivingMax = 10_000;
const packagesMax = 100_000;

const runtimes: Partial<Record<RuntimeKind, string>> = {
  [RuntimeKind.CONTAINERD]: 'containerd',
  [RuntimeKind.CRIO]: 'cri-o',
  [RuntimeKind.DOCKER]: 'docker',
  [RuntimeKind.PODMAN]: 'podman',
  [RuntimeKind.RUNC]: 'runc',
};
const identities: Partial<Record<IdentityState, string>> = {
  [IdentityState.KNOWN]: 'known',
  [IdentityState.IMAGE_UNKNOWN]: 'image-unknown',
};
const evidenceKinds: Partial<Record<LoadEvidenceKind, string>> = {
  [LoadEvidenceKind.EXECUTED]: 'executed',
  [LoadEvidenceKind.MAPPED]: 'mapped',
  [LoadEvidenceKind.OPENED]: 'opened',
};

/** A pod belongs to the workload that made it, as the API server says; until somebody has said it, a pod is one of its own. A container of a plain host one of that host; pending ones have none yet. */
async function workloadFor(db: Transaction, record: ContainerSeen, origin: Origin): Promise<number | null> {
  if (identities[record.identity] === undefined) return null;
  if (record.podName !== '') {
    const owned = record.workloadKind !== '' && record.workloadName !== '';
    const kind = owned ? text(record.workloadKind, 63) : '';
    return workloadOf(db, { clusterId: origin.clusterId, nodeId: null, namespace: text(record.podNamespace, 253), kind, name: text(owned ? record.workloadName : record.podName, 253) });
  }
  const name = record.name === '' ? record.containerId.slice(0, 12) : text(record.name, 256);
  return workloadOf(db, { clusterId: origin.clusterId, nodeId: origin.nodeId, namespace: '', kind: '', name });
}

async function store(db: Transaction, record: ContainerSeen, origin: Origin, place: { workloadId: number | null; imageId: number | null }): Promise<number> {
  const labels = Object.entries(record.labels);
  list(labels, 256, 'labels');
  return putContainer(db, {
    clusterId: origin.clusterId,
    nodeId: origin.nodeId,
    containerId: record.containerId,
    ...place,
    bootId: origin.bootId,
    runtime: runtimes[record.runtime] ?? 'unknown',
    identity: identities[record.identity] ?? 'pending',
    identityReason: textOrNull(record.identityReason, 500),
    name: text(record.name, 256),
    imageName: textOrNull(record.imageName, 512),
    indexDigest: isImageDigest(record.indexDigest) ? record.indexDigest : null,
    platformDigest: isImageDigest(record.platformDigest) ? record.platformDigest : null,
    labels: Object.fromEntries(labels.map(([name, value]) => [text(name, 256), text(value, 4096)])),
    mounts: list(record.mounts, 512, 'mounts').map((mount) => ({
      destination: text(mount.destination, 4096),
      source: text(mount.source, 4096),
      kind: text(mount.kind, 64),
      readOnly: mount.readOnly,
    })),
    cgroupPath: textOrNull(record.cgroupPath, 4096),
    rootFilesystem: textOrNull(record.rootFilesystem, 64),
    podName: textOrNull(record.podName, 253),
    podNamespace: textOrNull(record.podNamespace, 253),
    podUid: textOrNull(record.podUid, 64),
    privileged: record.privileged,
    podSandbox: record.podSandbox,
    startedAt: wallTime(record.startedBootNs, origin),
    endedAt: origin.isCurrentBoot ? null : origin.receivedAt,
    seenFromStart: record.seenFromStart,
  });
}

/**
 * To be called before the first of a batch: what the batch says of containers is locked in one order, whatever the order of its records. Batches that only
 * say what a container does wait for no other node.
 */
export async function containersBegin(db: Transaction, records: readonly WireRecord[], origin: Origin): Promise<void> {
  const ids = new Set<string>();
  const digests: string[] = [];
  let concernsOthers = false;
  for (const { kind } of records) {
    if (kind.case !== 'containerSeen' && kind.case !== 'containerEnded' && kind.case !== 'inventory' && kind.case !== 'packagesLoaded' && kind.case !== 'behaviour') continue;
    ids.add(kind.value.containerId);
    concernsOthers ||= kind.case !== 'behaviour';
    if (kind.case === 'containerSeen' && isImageDigest(kind.value.platformDigest)) digests.push(kind.value.platformDigest);
  }
  if (concernsOthers) await beginContainers(db, origin.clusterId, digests);
  if (ids.size > 1) await lockContainers(db, origin.nodeId, [...ids]);
}

export async function containerSeen(db: Transaction, record: ContainerSeen, origin: Origin): Promise<void> {
  const containerId = containerIdIn(record.containerId);
  const before = await lockContainer(db, origin.nodeId, containerId);
  if (before === undefined && (await containersLiving(db, origin.nodeId)) >= containersLivingMax) throw new RefusedRecord(`more than ${containersLivingMax} living containers on one node`);
  const workloadId = await workloadFor(db, record, origin);
  const imageId = isImageDigest(record.platformDigest) ? await imageOf(db, record.platformDigest) : null;
  const pk = await store(db, record, origin, { workloadId, imageId });
  await leaveRun(db, before, { workloadId, imageId }, origin);
  if (workloadId === null || !origin.isCurrentBoot) return;
  const inventoryId = before?.inventory_own === true ? before.inventory_id : ((await takeImageInventory(db, pk)) ?? before?.inventory_id ?? null);
  await openRun(db, { clusterId: origin.clusterId, workloadId, imageId, inventoryId }, wallTime(record.startedBootNs, origin), origin.receivedAt);
  await queueAssessment(db, 'workload', [workloadId]);
}

/** A container whose identity became known, or changed, is no longer part of the run it was counted in. */
async function leaveRun(db: Transaction, before: HeldContainer | undefined, now: { workloadId: number | null; imageId: number | null }, origin: Origin): Promise<void> {
  if (before === undefined || before.workload_id === null) return;
  if (before.workload_id === now.workloadId && before.image_id === now.imageId) return;
  await closeRunIfEmpty(db, before.workload_id, before.image_id, origin.receivedAt);
  await queueAssessment(db, 'workload', [before.workload_id]);
}

export async function containerEnded(db: Transaction, record: ContainerEnded, origin: Origin): Promise<void> {
  const held = await lockContainer(db, origin.nodeId, containerIdIn(record.containerId));
  if (held === undefined) throw new RefusedRecord('the end of a container that was not reported');
  const at = wallTime(record.endedBootNs, origin);
  await endContainer(db, held.id, at);
  if (held.workload_id === null) return;
  await closeRunIfEmpty(db, held.workload_id, held.image_id, at);
  await queueAssessment(db, 'workload', [held.workload_id]);
}

export async function inventoryReported(db: Transaction, record: InventoryReport, origin: Origin): Promise<void> {
  const held = await lockContainer(db, origin.nodeId, containerIdIn(record.containerId));
  if (held === undefined) throw new RefusedRecord('an inventory of a container that was not reported');
  const packages = list(record.packages, packagesMax, 'packages');
  const inventory = await inventoryOf(db, {
    revision: text(record.revision, 128),
    distribution: text(record.distribution, 256),
    packages: packages.map((one) => ({
      ecosystem: text(one.ecosystem, 128),
      name: text(one.name, 512),
      version: text(one.version, 512),
      source_name: text(one.sourceName, 512),
      source_version: text(one.sourceVersion, 512),
    })),
    paths: packages.map((one) => text(one.path, 4096)),
  });
  const problems = record.problems.slice(0, 100).map((problem) => text(problem, 500));
  if (record.problems.length > problems.length) problems.push(`and ${record.problems.length - problems.length} more problems`);
  if (record.truncated) problems.push('A bound was met while scanning: packages may be missing.');
  const use = { inventoryId: inventory.id, revision: text(record.revision, 128), problems, at: wallTime(record.scannedBootNs, origin) };
  await setOwnInventory(db, held.id, use);
  const touched = held.image_id === null ? [] : await setImageInventory(db, origin.clusterId, held.image_id, use);
  touched.push({ workload_id: held.workload_id, image_id: held.image_id });
  for (const { workload_id: workloadId, image_id: imageId } of touched) {
    if (workloadId === null) continue;
    await setRunInventory(db, { workloadId, imageId }, inventory.id);
    await queueAssessment(db, 'workload', [workloadId]);
  }
  await queueAssessment(db, 'inventory', [inventory.id]);
}

/** Bit n is the n-th bit of the bytes, least significant first. */
export function bitsOf(bytes: Uint8Array, length: number): string {
  let bits = '';
  for (let index = 0; index < length; index += 1) bits += (((bytes[index >> 3] ?? 0) >> (index & 7)) & 1) === 1 ? '1' : '0';
  return bits;
}

export async function packagesLoaded(db: Transaction, record: PackagesLoaded, origin: Origin): Promise<void> {
  const held = await lockContainer(db, origin.nodeId, containerIdIn(record.containerId));
  if (held === undefined) throw new RefusedRecord('loading in a container that was not reported');
  const inventoryId = await inventoryNamed(db, held.id, origin.clusterId, text(record.revision, 128));
  if (inventoryId === undefined) throw new RefusedRecord('loading by a package list that was not reported');
  const { packages } = await listOf(db, inventoryId);
  const bits = bitsOf(record.loaded, packages.length);
  await putObservation(
    db,
    {
      containerPk: held.id,
      clusterId: origin.clusterId,
      inventoryId,
      bits,
      from: wallTime(record.observedFromBootNs, origin),
      until: wallTime(record.observedUntilBootNs, origin),
      seenFromStart: record.seenFromStart,
      recordsLost: count(record.recordsLost, 'a count of lost records'),
    },
    origin.receivedAt,
  );
  if (held.workload_id === null) return;
  const isNew = await loadIntoRun(db, { workloadId: held.workload_id, imageId: held.image_id }, inventoryId, bits, origin.receivedAt);
  const facts = evidenceOf(record, bits, origin);
  await addEvidence(db, { clusterId: origin.clusterId, workloadId: held.workload_id, inventoryId }, facts);
  await queueAssessment(db, isNew ? 'workload' : 'observation', [held.workload_id]);
}

function evidenceOf(record: PackagesLoaded, bits: string, origin: Origin): Record<string, EvidenceFact> {
  const facts: Record<string, EvidenceFact> = {};
  for (const one of list(record.evidence, packagesMax, 'pieces of evidence')) {
    const kind = evidenceKinds[one.kind];
    if (kind === undefined || bits[one.packageIndex] !== '1') continue;
    facts[String(one.packageIndex)] ??= { kind, path: text(one.path, 1024), reader: text(one.readerPath, 1024), at: wallTime(one.atBootNs, origin).toISOString() };
  }
  return facts;
}
