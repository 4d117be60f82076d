/**
 * Records of the pipe, whole ones at first, then broken: one of a recording, or one made up with every length as it must be;
 * then bytes turned over, lengths made up, ends cut off, pieces of another record put in. All from one source of chance.
 */
import { readFileSync } from 'node:fs';
import * as at from '@vedette/sensor/decode/layout';
import type { Chance } from './chance.ts';

/** Of each kind: the bytes before its texts, and where the lengths of those texts stand, two bytes each. */
interface Shape {
  readonly size: number;
  readonly lengths: readonly number[];
}

const execShape: Shape = { size: at.exec.size, lengths: [at.exec.pathBytes, at.exec.directoryBytes, at.exec.filenameBytes, at.exec.argumentBytes, at.exec.environmentBytes] };
const fileShape: Shape = { size: at.file.size, lengths: [at.file.pathBytes] };
const socketShape: Shape = { size: at.socket.size, lengths: [] };
const cgroupShape: Shape = { size: at.cgroup.size, lengths: [at.cgroup.pathBytes] };
const callShape: Shape = { size: at.call.size, lengths: [at.call.textBytes, at.call.textBytes + 2, at.call.entryBytes, at.call.entryBytes + 2, at.call.pathBytes, at.call.pathBytes + 2] };

const shapes: Readonly<Record<number, Shape>> = {
  [at.kinds.exec]: execShape, [at.kinds.process]: execShape,
  [at.kinds.fork]: { size: at.fork.size, lengths: [] }, [at.kinds.exit]: { size: at.exit.size, lengths: [] },
  [at.kinds.cgroupCreate]: cgroupShape, [at.kinds.cgroupRemove]: cgroupShape, [at.kinds.cgroupAttach]: cgroupShape,
  [at.kinds.openWrite]: fileShape, [at.kinds.openRead]: fileShape, [at.kinds.mapExec]: fileShape,
  [at.kinds.connect]: socketShape, [at.kinds.accept]: socketShape, [at.kinds.listen]: socketShape,
  [at.kinds.dns]: { size: at.dns.size, lengths: [at.dns.messageBytes] },
  [at.kinds.hello]: { size: at.hello.size, lengths: [at.hello.textBytes] }, [at.kinds.hook]: { size: at.hook.size, lengths: [at.hook.textBytes] },
  [at.kinds.snapshotEnd]: { size: at.header.size, lengths: [] }, [at.kinds.tick]: { size: at.tick.size, lengths: [] },
  [at.kinds.cgroupLoss]: { size: at.cgroupLoss.size, lengths: [] }, [at.kinds.canary]: { size: at.canary.size, lengths: [] },
  [at.kinds.table]: { size: at.table.size, lengths: [at.table.nameBytes] },
};

/** Kinds with a shape of their own; the others are calls, which have one. */
export const shapedKinds: ReadonlySet<number> = new Set(Object.keys(shapes).map(Number));

const kindsMax = Math.max(...Object.values(at.kinds));
const recordBytesMax = 16_384;
const pieces = ['etc\0', 'passwd\0', '/\0', '\0', '..\0', 'a b\0', '\xff\xfe\x80', '\xf0\x9f\x98', '-c\0', 'PATH=/bin\0', 'x'.repeat(255), '\x01\x00/run/docker.sock\0', '\x01\x00\x00@name', '\x02\x00\x01\xbb\x0a\x00\x00\x01', '\x0a\x00\x01\xbb'];
/** An answer of a name server with one question, one address, and a name that jumps. */
const dnsAnswer = Buffer.from('12348180000100020000000003777777047465737400000100010c00c00c00010001000000000004c0000207c00c001c0001000000000010'.padEnd(144, '0'), 'hex');
const edges = [0, 1, 7, 8, 15, 16, 255, 256, 4095, 4096, 16383, 16384, 32767, 65535];

export class Records {
  readonly #kept: readonly Buffer[];

  /** `recording`: a file of the pipe's bytes, whose records are material. */
  constructor(recording: string) {
    this.#kept = framesOf(readFileSync(recording).subarray(16)).map((frame) => frame.subarray(at.ringHeadBytes));
  }

  /** A record without its ring head. */
  whole(chance: Chance): Buffer {
    if (chance.below(4) === 0) return Buffer.from(chance.one(this.#kept));
    const kind = chance.below(20) === 0 ? chance.below(70) : 1 + chance.below(kindsMax);
    const shape = shapes[kind] ?? callShape;
    const tails: Buffer[] = [];
    for (let i = 0; i < shape.lengths.length; i += 1) tails.push(kind === at.kinds.dns ? dnsAnswer : this.#tail(chance));
    const record = Buffer.concat([Buffer.alloc(shape.size), ...tails]);
    // a few numbers of any size, wherever they fall
    for (let i = chance.below(24); i > 0; i -= 1) record[chance.below(shape.size)] = chance.below(256);
    record.writeUInt16LE(kind, 0);
    shape.lengths.forEach((place, index) => record.writeUInt16LE(tails[index]?.length ?? 0, place));
    // lengths of four bytes
    if (kind === at.kinds.hook) record.writeUInt16LE(0, at.hook.textBytes + 2);
    if (kind === at.kinds.table) record.writeUInt16LE(0, at.table.nameBytes + 2);
    if (kind === at.kinds.hello) record.writeUInt32LE(1 + chance.below(3), at.hello.schema);
    return record;
  }

  #tail(chance: Chance): Buffer {
    return Buffer.from(chance.times(chance.below(30) === 0 ? 60 : 5, () => chance.one(pieces)).join(''), 'latin1');
  }

  broken(chance: Chance, whole: Buffer): Buffer {
    let record = whole;
    for (let edit = chance.below(4); edit >= 0; edit -= 1) record = this.#edit(chance, record);
    return record.subarray(0, recordBytesMax);
  }

  #edit(chance: Chance, record: Buffer): Buffer {
    const place = chance.below(record.length + 1);
    switch (chance.below(7)) {
      case 0:
        if (place < record.length) record[place] = chance.below(256);
        return record;
      case 1:
        // where a length may stand: the second half of the fixed part
        if (record.length >= 2) record.writeUInt16LE(chance.one(edges), (chance.below(Math.min(record.length - 1, at.call.size)) >> 1) << 1);
        return record;
      case 2: {
        const lengths = record.length < 2 ? [] : (shapes[record.readUInt16LE(0)] ?? callShape).lengths;
        const length = lengths[chance.below(lengths.length + 1)];
        if (length !== undefined && length + 2 <= record.length) record.writeUInt16LE(chance.below(2) === 0 ? chance.one(edges) : (record.readUInt16LE(length) + chance.below(5) - 2) & 0xffff, length);
        return record;
      }
      case 3:
        return record.subarray(0, place);
      case 4: {
        const other = this.whole(chance);
        return Buffer.concat([record.subarray(0, place), other.subarray(chance.below(other.length + 1))]);
      }
      case 5:
        if (record.length >= 2) record.writeUInt16LE(chance.below(80), 0);
        return record;
      default:
        return Buffer.concat([record.subarray(0, place), record.subarray(Math.max(0, place - chance.below(64)))]);
    }
  }
}

/** A record with its ring head, padded as the ring pads. */
export function frameOf(record: Uint8Array, { isLoaders, isDiscarded }: { readonly isLoaders: boolean; readonly isDiscarded: boolean }): Buffer {
  const frame = Buffer.alloc(at.ringHeadBytes + ((record.length + 7) & ~7));
  frame.writeUInt32LE(record.length + (isDiscarded ? at.ringDiscarded : 0), 0);
  frame.writeUInt32LE(isLoaders ? at.fromLoader : 1, 4);
  frame.set(record, at.ringHeadBytes);
  return frame;
}

/** The frames of well-formed bytes; a last one that is cut is left out. */
export function framesOf(bytes: Buffer): readonly Buffer[] {
  const frames: Buffer[] = [];
  for (let from = 0; from + at.ringHeadBytes <= bytes.length; ) {
    const length = bytes.readUInt32LE(from) & 0x3fffffff;
    const end = from + at.ringHeadBytes + ((length + 7) & ~7);
    if (end > bytes.length) break;
    frames.push(bytes.subarray(from, from + at.ringHeadBytes + length));
    from = end;
  }
  return frames;
}
