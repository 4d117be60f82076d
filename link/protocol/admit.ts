/**
 * The receiver's rule for batches: one high-water mark for each (sensor, epoch, stream), moved in the same transaction
 * as the content of the batches. At or below the mark: a duplicate, recognised and not applied. One above it: applied.
 * Anything else is a gap and nothing of the request is applied, because a mark that jumped would hide a loss for ever.
 */
export type Admission<B> =
  | { readonly kind: 'admitted'; readonly apply: readonly B[]; readonly duplicates: number; readonly watermark: number }
  | { readonly kind: 'gap'; readonly expected: number; readonly found: number; readonly watermark: number };

export function admit<B extends { readonly sequence: number }>(watermark: number, batches: readonly B[]): Admission<B> {
  const apply: B[] = [];
  let duplicates = 0;
  let reached = watermark;
  let previous: number | undefined;
  for (const batch of batches) {
    const outOfOrder = previous !== undefined && batch.sequence !== previous + 1;
    if (outOfOrder || !Number.isSafeInteger(batch.sequence) || batch.sequence < 1 || batch.sequence > reached + 1) {
      return { kind: 'gap', expected: previous === undefined ? watermark + 1 : previous + 1, found: batch.sequence, watermark };
    }
    previous = batch.sequence;
    if (batch.sequence <= reached) {
      duplicates += 1;
      continue;
    }
    reached = batch.sequence;
    apply.push(batch);
  }
  return { kind: 'admitted', apply, duplicates, watermark: reached };
}
