/**
 * Path components as the kernel side writes them (leaf first, each ended by NUL) to a path, with one string made at the
 * end: the bytes are put in order first.
 */
import type { RecordReader } from './records.ts';

const slash = 0x2f;
const scratch = Buffer.alloc(16384);

/** A component that holds a slash cannot exist; an empty one is a file system's own root and is left out. */
export function componentsToPath(reader: RecordReader, from: number, length: number, isAscii: boolean): string {
  const { bytes } = reader;
  let write = 0;
  let end = from + length;
  // a last component without its NUL was cut and counts
  if (length > 0 && bytes[end - 1] === 0) end -= 1;
  while (end > from) {
    let begin = end;
    while (begin > from && bytes[begin - 1] !== 0) begin -= 1;
    if (begin < end && !(end - begin === 1 && bytes[begin] === slash)) {
      scratch[write++] = slash;
      for (let i = begin; i < end; i++) scratch[write++] = bytes[i]!;
    }
    end = begin - 1;
  }
  if (write === 0) return '/';
  return scratch.toString(isAscii ? 'latin1' : 'utf8', 0, write);
}
