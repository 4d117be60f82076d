/**
 * The sensor's own state in the simulation, reduced to what the link's promise rests on: how many records of each
 * stream it has put into batches, the number of its last commit, and the drops it has not reported. Two slots in one
 * file, written in turn without a sync, so that the death of the process keeps it and a power failure may set it back.
 */
import { crc32 } from 'node:zlib';
import type { StreamName } from '@vedette/link/protocol/streams';
import type { DiskFile } from '@vedette/link/spool/disk';
import { DiskFailure, failed } from '@vedette/link/spool/disk';
import type { SimDisk } from './disk.ts';

export interface OwnerState {
  readonly machine: number;
  readonly commit: number;
  /** Records that are in committed batches, or were refused and counted. */
  readonly consumed: Readonly<Record<StreamName, number>>;
  readonly dropsBatches: number;
  readonly dropsRecords: number;
}

export interface OwnerFile {
  readonly state: OwnerState | undefined;
  write(state: OwnerState): DiskFailure | undefined;
  sync(): DiskFailure | undefined;
}

const slotBytes = 512;

export function openOwnerFile(disk: SimDisk): OwnerFile | DiskFailure {
  const file = disk.open('owner.state');
  if (failed(file)) return file;
  const bytes = file.read(0, slotBytes * 2);
  if (failed(bytes)) return bytes;
  const states = [slotOf(bytes, 0), slotOf(bytes, slotBytes)].filter((state) => state !== undefined);
  return {
    state: states.toSorted((a, b) => b.commit - a.commit)[0],
    write: (state) => writeSlot(file, state),
    sync: () => file.sync(),
  };
}

function writeSlot(file: DiskFile, state: OwnerState): DiskFailure | undefined {
  const slot = Buffer.alloc(slotBytes);
  const length = slot.write(JSON.stringify(state), 8);
  slot.writeUInt32BE(length, 4);
  slot.writeUInt32BE(crc32(slot.subarray(4, 8 + length)), 0);
  const written = file.write((state.commit % 2) * slotBytes, slot);
  if (failed(written)) return written;
  return written === slotBytes ? undefined : new DiskFailure('ENOSPC', 'the owner file was written only in part');
}

function slotOf(bytes: Uint8Array, offset: number): OwnerState | undefined {
  const slot = Buffer.from(bytes.subarray(offset, offset + slotBytes));
  if (slot.length < 8) return undefined;
  const end = 8 + slot.readUInt32BE(4);
  if (end > slot.length || crc32(slot.subarray(4, end)) !== slot.readUInt32BE(0)) return undefined;
  return JSON.parse(slot.toString('utf8', 8, end)) as OwnerState;
}
