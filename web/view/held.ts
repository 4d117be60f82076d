/**
 * A list that is being read while the world changes. At the top of the list new rows simply appear; once the reader
 * has scrolled or chosen a row, nothing moves: values are renewed in place, new rows wait and are counted, and rows
 * that are gone stay where they were, marked, until the reader asks for the new list.
 */
export interface Held<Row> {
  readonly rows: readonly Row[];
  /** Keys of rows that are no longer in the fresh list. */
  readonly gone: ReadonlySet<string>;
  /** Rows that wait to be shown. */
  readonly waiting: number;
}

export function holdRows<Row>(shown: readonly Row[], fresh: readonly Row[], keyOf: (row: Row) => string, hold: boolean): Held<Row> {
  if (!hold) return { rows: fresh, gone: new Set(), waiting: 0 };
  const freshByKey = new Map(fresh.map((row) => [keyOf(row), row]));
  const gone = new Set<string>();
  const shownKeys = new Set<string>();
  const rows = shown.map((row) => {
    const key = keyOf(row);
    shownKeys.add(key);
    const renewed = freshByKey.get(key);
    if (renewed === undefined) gone.add(key);
    return renewed ?? row;
  });
  // A further page is not news: what follows the last row that is already shown was asked for by scrolling.
  const lastShown = fresh.findLastIndex((row) => shownKeys.has(keyOf(row)));
  const tail = lastShown === -1 ? [] : fresh.slice(lastShown + 1);
  return { rows: [...rows, ...tail], gone, waiting: lastShown === -1 ? fresh.length : fresh.slice(0, lastShown).filter((row) => !shownKeys.has(keyOf(row))).length };
}

/** Which rows are drawn of a long list with rows of one height. */
export function visibleRange(options: { readonly scrolledPx: number; readonly heightPx: number; readonly rowPx: number; readonly count: number; readonly overscan: number }): { readonly from: number; readonly to: number } {
  const { scrolledPx, heightPx, rowPx, count, overscan } = options;
  const first = Math.floor(scrolledPx / rowPx) - overscan;
  const last = Math.ceil((scrolledPx + heightPx) / rowPx) + overscan;
  const from = Math.max(0, Math.min(first, count));
  return { from, to: Math.max(from, Math.min(count, last)) };
}

export interface ColumnSize {
  readonly id: string;
  readonly minPx: number;
  /** Lower leaves first when there is no room; equal ones leave from the right. */
  readonly keep: number;
}

/** The columns that fit, in their order. The most important one always stays. */
export function fitColumns<Column extends ColumnSize>(columns: readonly Column[], widthPx: number): readonly Column[] {
  const kept = [...columns];
  const width = (): number => kept.reduce((sum, column) => sum + column.minPx, 0);
  while (kept.length > 1 && width() > widthPx) {
    const least = Math.min(...kept.map((column) => column.keep));
    kept.splice(kept.findLastIndex((column) => column.keep === least), 1);
  }
  return kept;
}
