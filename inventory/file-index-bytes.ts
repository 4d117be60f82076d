/**
 * A file index ↔ bytes, little endian: magic, format, the three counts, then for each of the two tables its high halves, low
 * halves and owners, and a CRC-32 over everything before it. Bytes come from another process or from disk, so reading
 * checks everything a lookup relies on (lengths, order, owners below the count) and refuses with a sentence.
 */
import { crc32 } from 'node:zlib';
import { FileIndex, type HashTable } from './file-index.ts';

const magic = 0x49464456; // "VDFI"
const format = 1;
const headerBytes = 20;
const trailerBytes = 4;
const bytesPerEntry = 12;
/** Also the bound of what is read: 2,000,000 entries are 24 MB. */
export const entriesMax = 4_000_000;
export const packagesMax = 1_000_000;

export interface IndexRefusal {
  readonly refused: string;
}

export function encodeFileIndex(index: FileIndex): Uint8Array {
  const { packages, files, folders } = index.tables;
  const bytes = new Uint8Array(headerBytes + bytesPerEntry * (files.owner.length + folders.owner.length) + trailerBytes);
  const view = new DataView(bytes.buffer);
  const header = [magic, format, packages, files.owner.length, folders.owner.length];
  header.forEach((value, at) => view.setUint32(at * 4, value, true));
  let at = headerBytes;
  for (const table of [files, folders]) {
    for (const column of [table.high, table.low, table.owner]) {
      for (const value of column) {
        view.setUint32(at, value, true);
        at += 4;
      }
    }
  }
  view.setUint32(at, crc32(bytes.subarray(0, at)), true);
  return bytes;
}

export function decodeFileIndex(bytes: Uint8Array): FileIndex | IndexRefusal {
  if (bytes.length < headerBytes + trailerBytes) return { refused: 'the file index is shorter than its header' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): number => view.getUint32(at * 4, true);
  if (word(0) !== magic) return { refused: 'this is not a file index' };
  if (word(1) !== format) return { refused: `the file index has format ${word(1)}, and ${format} is read here` };
  const [packages, files, folders] = [word(2), word(3), word(4)];
  if (packages > packagesMax || files + folders > entriesMax) return { refused: 'the file index is larger than any that is written' };
  const length = headerBytes + bytesPerEntry * (files + folders) + trailerBytes;
  if (bytes.length !== length) return { refused: `the file index has ${bytes.length} bytes, and its header says ${length}` };
  if (crc32(bytes.subarray(0, length - trailerBytes)) !== view.getUint32(length - trailerBytes, true)) {
    return { refused: 'the checksum of the file index does not fit' };
  }
  const fileTable = readTable(view, headerBytes, files);
  const folderTable = readTable(view, headerBytes + bytesPerEntry * files, folders);
  for (const table of [fileTable, folderTable]) {
    if (!isOrdered(table)) return { refused: 'the file index is not in order' };
    if (table.owner.some((owner) => owner >= packages)) return { refused: 'the file index names a package that does not exist' };
  }
  return new FileIndex({ packages, files: fileTable, folders: folderTable });
}

function readTable(view: DataView, start: number, count: number): HashTable {
  const column = (number: number): Uint32Array =>
    Uint32Array.from({ length: count }, (_, at) => view.getUint32(start + 4 * (number * count + at), true));
  return { high: column(0), low: column(1), owner: column(2) };
}

function isOrdered({ high, low }: HashTable): boolean {
  for (let at = 1; at < high.length; at += 1) {
    if ((high[at]! - high[at - 1]! || low[at]! - low[at - 1]!) <= 0) return false;
  }
  return true;
}
