/** Records in order, encoded and cut into the batches that a spool takes. */
import { create, toBinary } from '@bufbuild/protobuf';
import { BatchPayloadSchema, RecordSchema, type Record as WireRecord } from '@vedette/model/wire/generated/record_pb';

/** Well below the spool's bound on one entry, so that a batch of whole records always fits. */
const batchBytesMax = 512 * 1024;

export interface BatchHead {
  readonly bootId: string;
  readonly wallOffsetNs: number;
  readonly nowBootNs: number;
}

export interface EncodedBatch {
  readonly payload: Uint8Array;
  readonly records: number;
  readonly firstBootNs: bigint;
  readonly lastBootNs: bigint;
}

/** BatchPayload.records: field 3, length-delimited. */
const recordTag = (3 << 3) | 2;

/**
 * Records in order, cut into batches of at most `batchBytesMax`; a single larger record has a batch of its own. Each is
 * encoded once: a message whose repeated field is appended by hand to its encoded head is the same bytes.
 */
export function* batchesOf(content: BatchHead, records: readonly WireRecord[]): Generator<EncodedBatch> {
  const now = BigInt(Math.round(content.nowBootNs));
  const head = toBinary(BatchPayloadSchema, create(BatchPayloadSchema, { bootId: content.bootId, wallOffsetNs: BigInt(Math.round(content.wallOffsetNs)) }));
  let pieces: Uint8Array[] = [head];
  let bytes = 0;
  let count = 0;
  const whole = (): EncodedBatch => ({ payload: Buffer.concat(pieces), records: count, firstBootNs: now, lastBootNs: now });
  for (const record of records) {
    const encoded = toBinary(RecordSchema, record);
    if (bytes + encoded.length > batchBytesMax && count > 0) {
      yield whole();
      pieces = [head];
      bytes = 0;
      count = 0;
    }
    pieces.push(lengthPrefix(encoded.length), encoded);
    bytes += encoded.length;
    count += 1;
  }
  if (count > 0) yield whole();
}

/** The field's tag and the length as a varint (Protocol Buffers encoding, wire type 2). */
function lengthPrefix(length: number): Uint8Array {
  const out = [recordTag];
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
  out.push(rest);
  return Uint8Array.from(out);
}
