/** A list held still while it is read: see `view/held.ts` for the rule; this keeps what is shown between renders. */
import { useEffect, useMemo, useReducer, useRef } from 'react';
import { holdRows, type Held } from '../view/held.ts';

/** More new rows at once than this is another list, not news. */
const arrivalsMax = 20;
const none: ReadonlySet<string> = new Set();

export interface HeldRows<Row> extends Omit<Held<Row>, 'rows'> {
  readonly rows: readonly Row[] | undefined;
  /** Keys that have just come in; they are shown to be new for a moment. */
  readonly arrived: ReadonlySet<string>;
  readonly release: () => void;
}

export function useHeldRows<Row>(fresh: readonly Row[] | undefined, keyOf: (row: Row) => string, hold: boolean): HeldRows<Row> {
  const shown = useRef<readonly Row[] | undefined>(undefined);
  const [released, release] = useReducer((count: number) => count + 1, 0);
  const releasedBefore = useRef(0);
  const held = useMemo((): Omit<HeldRows<Row>, 'release'> => {
    if (fresh === undefined) return { rows: undefined, gone: none, waiting: 0, arrived: none };
    const before = shown.current ?? [];
    const keep = hold && before.length > 0 && releasedBefore.current === released;
    return { ...holdRows(before, fresh, keyOf, keep), arrived: keep ? none : arrivals(before, fresh, keyOf) };
  }, [fresh, hold, keyOf, released]);
  useEffect(() => {
    shown.current = held.rows;
    releasedBefore.current = released;
  }, [held, released]);
  return { ...held, release };
}

function arrivals<Row>(before: readonly Row[], fresh: readonly Row[], keyOf: (row: Row) => string): ReadonlySet<string> {
  if (before.length === 0) return none;
  const known = new Set(before.map(keyOf));
  const lastKnown = fresh.findLastIndex((row) => known.has(keyOf(row)));
  const arrived = fresh.slice(0, lastKnown + 1).map(keyOf).filter((key) => !known.has(key));
  return arrived.length > arrivalsMax ? none : new Set(arrived);
}
