/** A record reader over given bytes, which lie where the test wants them: records are aligned, their texts are not. */
import { RecordReader } from '../decode/records.ts';

export function readerOf(bytes: Uint8Array, at = 0): RecordReader {
  const whole = new Uint8Array((at + bytes.length + 7) & ~7);
  whole.set(bytes, at);
  return new RecordReader(whole);
}
