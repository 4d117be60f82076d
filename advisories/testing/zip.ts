/**
 * A zip archive from entries, for tests only: right by default, wrong wherever a test says so. Written from the format's
 * description (local headers, central directory, end record); no zip64.
 */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly content: string | Uint8Array;
  /** What the headers say instead of the truth. */
  readonly declared?: { readonly uncompressedBytes?: number; readonly crc?: number; readonly method?: number; readonly flags?: number };
  /** Where the central directory finds it: the number of another entry, whose bytes are then used twice. */
  readonly sameBytesAs?: number;
}

export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const entry of entries) {
    const content = Buffer.from(entry.content);
    const packed = deflateRawSync(content);
    const name = Buffer.from(entry.name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(entry.declared?.flags ?? 0x800, 2);
    fields.writeUInt16LE(entry.declared?.method ?? 8, 4);
    fields.writeUInt32LE(entry.declared?.crc ?? crc32(content), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(entry.declared?.uncompressedBytes ?? content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    if (entry.sameBytesAs === undefined) {
      const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), fields, name, packed]);
      offsets.push(offset);
      bodies.push(local);
      offset += local.length;
    } else {
      offsets.push(offsets[entry.sameBytesAs]!);
    }
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offsets.at(-1)!, 10);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002'), Buffer.from([20, 0]), fields, tail, name]));
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, central, end]);
}
