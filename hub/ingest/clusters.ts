/**
 * What a cluster part says of its cluster, to rows. An object is JSON with bounds on size, depth and number; one that breaks a bound is refused alone and counted.
 */
import type { ClusterObject, ClusterObjects, ClusterReport } from '@vedette/model/wire/generated/record_pb';
import { countObjects, currentList, endList, putClusterReport, putObjects, removeObjects, type ClusterReportShape, type ObjectKind, type ObjectRow } from '../store/cluster-objects.ts';
import type { Transaction } from '../store/database.ts';
import { dropPodsWithoutObject, putPod, removePods } from '../store/pods.ts';
import { count, list, plausible, RefusedRecord, text, textOrNull } from './clean.ts';
import type { Origin } from './origin.ts';
import { controllerOf, jsonObject, podRow } from './pod.ts';

const objectBytesMax = 256 * 1024;
const objectsOfRecordMax = 5000;
const depthMax = 64;
/** Of one cluster. */
const objectsMax = 500_000;
const watchesMax = 100;
const nodesMax = 20_000;

/** JSON that jsonb can hold: no NUL, no half surrogates, bounded depth. */
export function cleanJson(value: unknown, depth = 0): unknown {
  if (depth > depthMax) throw new RefusedRecord('a cluster object that is nested too deeply');
  if (typeof value === 'string') return text(value, objectBytesMax);
  if (Array.isArray(value)) return value.map((one) => cleanJson(one, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [text(name, 1024), cleanJson(one, depth + 1)]));
}

function parsed(bytes: Uint8Array): unknown {
  if (bytes.byteLength > objectBytesMax) throw new RefusedRecord('a cluster object that is too large');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new RefusedRecord('a cluster object that is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RefusedRecord('a cluster object that is no object');
  return cleanJson(value);
}

interface Read {
  readonly row: ObjectRow;
  readonly json: unknown;
}

function read(object: ClusterObject): Read {
  if (object.name === '' || object.uid === '') throw new RefusedRecord('a cluster object without name or uid');
  const json = parsed(object.json);
  const owner = controllerOf(jsonObject(json)['metadata']);
  return { json, row: { namespace: text(object.namespace, 253), name: text(object.name, 253), uid: text(object.uid, 64), ownerKind: owner.kind, ownerName: owner.name, json: JSON.stringify(json) } };
}

/** The last of those with one key; one statement cannot write a row twice. */
function lastOfEach(objects: readonly Read[]): Read[] {
  return [...new Map(objects.map((one) => [JSON.stringify([one.row.namespace, one.row.name]), one])).values()];
}

/** What became of the record: reasons of objects that were refused, by how many. */
export async function clusterObjectsSaid(db: Transaction, record: ClusterObjects, origin: Origin, refused: (reason: string) => void): Promise<void> {
  if (!/^[A-Za-z]{1,63}$/.test(record.kind) || !/^[a-z0-9./-]{1,120}$/.test(record.apiVersion)) throw new RefusedRecord('cluster objects of an impossible kind');
  list(record.changed, objectsOfRecordMax, 'objects in one record');
  list(record.removed, objectsOfRecordMax, 'objects in one record');
  const of: ObjectKind = { clusterId: origin.clusterId, kind: record.kind, apiVersion: record.apiVersion };
  const now = origin.receivedAt;
  const objects: Read[] = [];
  for (const object of record.changed) {
    try {
      objects.push(read(object));
    } catch (error) {
      if (!(error instanceof RefusedRecord)) throw error;
      refused(error.message);
    }
  }
  const listId = await currentList(db, of, text(record.listId, 64), record.changed.length, now);
  if (objects.length > 0 && (await countObjects(db, of.clusterId)) + objects.length > objectsMax) throw new RefusedRecord(`more than ${objectsMax} objects in one cluster`);
  const last = lastOfEach(objects);
  await putObjects(db, of, listId, last.map((one) => one.row), now);
  const removed = record.removed.map((key) => ({ namespace: text(key.namespace, 253), name: text(key.name, 253) }));
  await removeObjects(db, of, removed);
  const isWhole = !record.listEnds || record.listId === '' || (await endList(db, of, listId, record.listObjects, now));
  if (!isWhole) refused('a list of cluster objects of which a part is missing');
  if (record.kind !== 'Pod' || record.apiVersion !== 'v1') return;
  for (const one of last) await putPod(db, of.clusterId, podRow(one.row, one.json));
  if (removed.length > 0) await removePods(db, of.clusterId, removed);
  if (record.listEnds) await dropPodsWithoutObject(db, of.clusterId);
}

const admissionStates: Record<string, ClusterReportShape['admission']['state']> = { off: 'off', registered: 'registered', 'not-registered': 'not-registered' };
const enforcements: Record<string, ClusterReportShape['networkPolicy']['enforcement']> = { enforced: 'enforced', 'not-enforced': 'not-enforced', unknown: 'unknown' };

export async function clusterReported(db: Transaction, record: ClusterReport, origin: Origin): Promise<void> {
  const report: ClusterReportShape = {
    uid: text(record.clusterUid, 64),
    kubernetesVersion: text(record.kubernetesVersion, 100),
    watches: list(record.watches, watchesMax, 'watches').map((watch) => ({
      kind: text(watch.kind, 63),
      synced: watch.synced,
      problem: textOrNull(watch.problem, 500),
      syncedAt: watch.syncedAtMs <= 0n ? null : plausible(Number(watch.syncedAtMs), origin.receivedAt).toISOString(),
      objects: watch.objects,
    })),
    nodesWithSensor: list(record.nodesWithSensor, nodesMax, 'nodes').map((name) => text(name, 253)),
    admission: { state: admissionStates[record.admissionState] ?? 'off', reason: textOrNull(record.admissionReason, 500), answered: count(record.admissionsAnswered, 'a count of admissions'), failedOpen: count(record.admissionsFailedOpen, 'a count of admissions') },
    networkPolicy: { enforcement: enforcements[record.networkPolicyEnforcement] ?? 'unknown', evidence: textOrNull(record.networkPolicyEvidence, 500) },
    objectsDropped: count(record.objectsDropped, 'a count of objects'),
  };
  await putClusterReport(db, origin.clusterId, report, origin.receivedAt);
}
