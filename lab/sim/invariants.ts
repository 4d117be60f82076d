/**
 * What must be true of a fleet: while it runs (bounds), and after everything has drained (nothing lost that was not
 * counted, a copy never harms the original). Doubling and order are checked by the hub at each delivery.
 */
import { senderView } from '@vedette/link/protocol/sender';
import { streamNames } from '@vedette/link/protocol/streams';
import type { Fleet } from './fleet.ts';
import type { SimMachine } from './machine.ts';
import { simSenderBounds, simSpoolBounds } from './machine.ts';

export function checkBounds(machine: SimMachine): void {
  const { process } = machine;
  if (process === undefined) return;
  for (const stream of streamNames) {
    if (process.spools.bytes(stream) > Math.max(simSpoolBounds.bytesMax[stream], process.bytesAtBoot[stream])) throw new Error(`the ${stream} spool is beyond its bound`);
    const { activity, next, last, stream: record } = process.sender.lanes[stream];
    if (activity.kind === 'storing') {
      const bytes = activity.batches.reduce((sum, { payload }) => sum + payload.length, 0);
      if (bytes > simSenderBounds.deliverBytesMax && activity.batches.length > 1) throw new Error('a load is beyond its bound');
    }
    if (next > last + 1 && record.offered < next - 1) throw new Error('the sender stands beyond what it may have delivered');
  }
}

export function isDrained(machine: SimMachine, fleet: Fleet): boolean {
  const { process } = machine;
  if (process === undefined) return false;
  if (process.sender.phase.kind === 'refused') return true;
  if (process.sender.phase.kind !== 'ready') return false;
  // Of several machines with one identity only the winner can drain; the others must have been refused.
  if (hasUndecidedRival(machine, fleet)) return false;
  const consumed = streamNames.every((stream) => process.owner.consumed[stream] === machine.made[stream]);
  return consumed && streamNames.every((stream) => process.sender.lanes[stream].next > process.sender.lanes[stream].last);
}

/** Whether another machine with this identity has not been refused yet. */
export function hasUndecidedRival(machine: SimMachine, fleet: Fleet): boolean {
  return fleet.machines.some((other) => other !== machine && other.sensor === machine.sensor && other.process?.sender.phase.kind !== 'refused');
}

export function checkEnd(fleet: Fleet): { lost: number; conflicts: number } {
  let lost = 0;
  let conflicts = 0;
  for (const machine of fleet.machines) {
    const refused = machine.process?.sender.phase.kind !== 'ready';
    if (refused) conflicts += 1;
    const alone = fleet.machines.every((other) => other === machine || other.sensor !== machine.sensor);
    if (refused && alone) throw new Error(`machine ${machine.index} is alone and was taken for a copy`);
    lost += checkMachine(fleet, machine, alone);
  }
  return { lost, conflicts };
}

/** Yields the batches that the machine counts as lost. */
function checkMachine(fleet: Fleet, machine: SimMachine, alone: boolean): number {
  const { hub, profile } = fleet;
  const process = machine.process!;
  const view = senderView(process.sender);
  // What a refused copy holds back is still there. Between two attempts it may be saying hello at this instant.
  const spooled = process.sender.phase.kind === 'ready' ? new Set<number>() : machine.spooledIds();
  const missing = missingIds(fleet, machine, spooled);
  const lost = view.streams.detection.lost + view.streams.telemetry.lost;
  const lossPossible = profile.restores || profile.rot || profile.diskErrors;
  if (missing.size > 0 && !lossPossible) throw new Error(`machine ${machine.index} lost record ${[...missing][0]} without any fault that may lose it`);
  const batchesMissing = machine.batches.filter((ids) => ids.some((id) => missing.has(id))).length;
  // Rot of the last entry's own header cannot be told from a torn write; a power failure takes batches nobody counts.
  const uncounted = fleet.rots;
  if (alone && !profile.powerLoss && !profile.wipes && batchesMissing > lost + uncounted) {
    throw new Error(`machine ${machine.index} misses ${batchesMissing} batches and counts ${lost}`);
  }
  const exact = alone && !profile.powerLoss && !profile.wipes && !profile.rot && !profile.diskErrors;
  const stray = [...missing].find((id) => !hub.takenBack.has(id));
  if (exact && stray !== undefined) throw new Error(`machine ${machine.index} lost record ${stray}, which no restore took back`);
  if (exact && batchesMissing !== lost) throw new Error(`machine ${machine.index} misses ${batchesMissing} batches and counts ${lost}`);
  const dropsTold = hub.dropsReportedBy(machine.index) + process.owner.dropsBatches;
  if (exact && lost === 0 && hub.restores === 0 && dropsTold !== machine.droppedBatches) {
    throw new Error(`machine ${machine.index} dropped ${machine.droppedBatches} batches and told of ${dropsTold}`);
  }
  return lost;
}

function missingIds(fleet: Fleet, machine: SimMachine, spooled: ReadonlySet<number>): Set<number> {
  const missing = new Set<number>();
  for (const stream of streamNames) {
    const consumed = machine.process!.owner.consumed[stream];
    for (let n = 1; n <= consumed; n += 1) {
      const id = machine.idOf(stream, n);
      if (fleet.hub.has(id) || spooled.has(id) || machine.excused.has(id)) continue;
      if (machine.dropped.has(id)) {
        if (stream === 'detection') throw new Error(`machine ${machine.index} dropped a detection`);
        continue;
      }
      missing.add(id);
    }
  }
  return missing;
}
