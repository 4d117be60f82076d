/**
 * The link record on the disk: one file with two slots of fixed size, written alternately in place, so that a torn
 * write leaves the older slot whole and a full disk does not stop a sensor from delivering what would make room again
 * (on file systems that overwrite in place). Every write is synced: the record decides whether a sensor is taken for
 * a copy of itself.
 */
import { crc32 } from 'node:zlib';
import type { LinkRecord, StreamRecord } from '../protocol/streams.ts';
import { streamNames } from '../protocol/streams.ts';
import type { Disk, DiskFile } from './disk.ts';
import { DiskFailure, failed } from './disk.ts';

const fileName = 'link.record';
const slotBytes = 1024;
const headerBytes = 16;

export interface RecordFile {
  /** Undefined when there is none, or when neither slot can be read. */
  readonly record: LinkRecord | undefined;
  /** A file was there, and no slot of it could be used. */
  readonly broken: boolean;
  write(record: LinkRecord): DiskFailure | undefined;
  close(): void;
}

export function openRecordFile(disk: Disk): RecordFile | DiskFailure {
  const file = disk.open(fileName);
  if (failed(file)) return file;
  const bytes = file.read(0, slotBytes * 2);
  if (failed(bytes)) {
    file.close();
    return bytes;
  }
  const slots = [decodeSlot(bytes, 0), decodeSlot(bytes, slotBytes)];
  const newest = slots.toSorted((a, b) => (b?.generation ?? -1) - (a?.generation ?? -1))[0];
  let generation = newest?.generation ?? 0;
  return {
    record: newest?.record,
    broken: bytes.length > 0 && newest === undefined,
    write(record) {
      // The slot of the newest good generation is never touched, whatever happened to the writes since.
      const failure = writeSlot(file, disk, generation + 1, record);
      if (failure === undefined) generation += 1;
      return failure;
    },
    close: () => file.close(),
  };
}

function writeSlot(file: DiskFile, disk: Disk, generation: number, record: LinkRecord): DiskFailure | undefined {
  const slot = encodeSlot(generation, record);
  const written = file.write((generation % 2) * slotBytes, slot);
  if (failed(written)) return written;
  if (written !== slot.length) return new DiskFailure('ENOSPC', 'The link record was written only in part.');
  return file.sync() ?? (generation === 1 ? disk.syncDirectory() : undefined);
}

function encodeSlot(generation: number, record: LinkRecord): Uint8Array {
  const text = Buffer.from(JSON.stringify({ version: 1, ...record }), 'utf8');
  if (text.length > slotBytes - headerBytes) throw new RangeError(`the link record has ${text.length} bytes`);
  const slot = Buffer.alloc(slotBytes);
  slot.writeUInt32BE(text.length, 4);
  slot.writeBigUInt64BE(BigInt(generation), 8);
  text.copy(slot, headerBytes);
  slot.writeUInt32BE(crc32(slot.subarray(4, headerBytes + text.length)), 0);
  return slot;
}

function decodeSlot(bytes: Uint8Array, offset: number): { generation: number; record: LinkRecord } | undefined {
  const slot = Buffer.from(bytes.subarray(offset, offset + slotBytes));
  if (slot.length < headerBytes) return undefined;
  // The checksum ends with the text and not with the slot: a file cut short and filled with zeros by a later write
  // must not bring an older record back.
  const end = headerBytes + slot.readUInt32BE(4);
  if (end > slot.length || crc32(slot.subarray(4, end)) !== slot.readUInt32BE(0)) return undefined;
  const record = recordOf(slot.toString('utf8', headerBytes, end));
  return record === undefined ? undefined : { generation: Number(slot.readBigUInt64BE(8)), record };
}

function recordOf(text: string): LinkRecord | undefined {
  // The checksum has vouched for the bytes; what is left to fear is a version that we do not know.
  const value = JSON.parse(text) as LinkRecord & { version?: unknown };
  if (value.version !== 1) return undefined;
  const stream = ({ shift, from, offered, lost }: StreamRecord): StreamRecord => ({ shift, from, offered, lost });
  const [detection, telemetry] = streamNames.map((name) => stream(value.streams[name]));
  return {
    epoch: value.epoch, session: value.session, delivering: value.delivering,
    streams: { detection: detection!, telemetry: telemetry! },
  };
}
