/**
 * The list of every list page: rows of one height, only the visible ones drawn, so 5,000 rows scroll like 50. Columns
 * leave by importance when there is no room. While it is read nothing moves: new rows wait under a bar. The keyboard
 * moves a cursor through it; each row is also a real link.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type MouseEvent, type ReactNode, type RefObject } from 'react';
import { useKeys } from '../keyboard.tsx';
import type { PagedList } from '../data.ts';
import { go } from '../router.tsx';
import { fitColumns, visibleRange, type ColumnSize } from '../view/held.ts';
import { countWords, plural } from '../view/numbers.ts';
import { useHeldRows, type HeldRows } from './held-rows.ts';
import { Bone } from './page.tsx';
import { ProblemBox } from './problem.tsx';
import './table.css';

export const rowPx = 32;
const headPx = 28;
const overscan = 10;
/** Less than this is not reading further down. */
const stillAtTopPx = 8;

export interface Column<Row> extends ColumnSize {
  readonly head: ReactNode;
  /** Share of the free width; 0 keeps the minimum. */
  readonly grow: number;
  readonly end?: boolean;
  readonly cell: (row: Row) => ReactNode;
}

export interface Choice {
  readonly chosen: ReadonlySet<string>;
  readonly toggle: (key: string) => void;
}

export interface TableProps<Row> {
  readonly label: string;
  readonly kind: string;
  readonly list: Pick<PagedList<Row>, 'rows' | 'total' | 'failure' | 'hasMore' | 'isFetchingMore' | 'changed' | 'more' | 'again'>;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  readonly linkOf?: (row: Row) => string;
  readonly openKey?: string | undefined;
  readonly choice?: Choice;
  readonly empty: ReactNode;
  /** One and many of them. */
  readonly noun: readonly [string, string];
  readonly skeletonRows?: number;
}

export function Table<Row>(props: TableProps<Row>): ReactNode {
  const { list, keyOf, openKey } = props;
  const root = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [scrolled, setScrolled] = useState(false);
  const columns = useFittingColumns(root, props.columns, props.choice !== undefined);
  const held = useHeldRows(list.rows, keyOf, scrolled || cursor !== null || openKey !== undefined);
  const range = useVisibleRange(root, held.rows?.length ?? 0, setScrolled);
  useCursorKeys(props, held, root, cursor, setCursor);
  useEffect(() => {
    if (list.hasMore && held.rows !== undefined && range.to >= held.rows.length - overscan) list.more();
  });
  const instead = list.failure !== null && held.rows === undefined ? <ProblemBox error={list.failure} again={list.again} /> : held.rows?.length === 0 && held.waiting === 0 ? props.empty : null;
  // The frame stays whatever stands in it: it is what is measured, and an empty list may fill by itself.
  if (instead !== null) return <div className="table-wrap" ref={root}>{instead}</div>;
  return (
    <div className="table-wrap" ref={root} data-testid={`table-${props.kind}`}>
      <div className="table" role="grid" aria-label={props.label} aria-rowcount={list.total ?? -1} aria-busy={held.rows === undefined} style={{ gridTemplateColumns: tracks(columns, props.choice !== undefined) }}>
        <Head columns={columns} choice={props.choice !== undefined} />
        {held.waiting > 0 || list.changed ? <News waiting={held.waiting} show={() => { root.current?.closest('.page-main')?.scrollTo({ top: 0 }); setCursor(null); held.release(); if (list.changed) list.again(); }} /> : null}
        {held.rows === undefined ? <Skeleton columns={columns} choice={props.choice !== undefined} rows={props.skeletonRows ?? 12} /> : <Rows {...props} columns={columns} held={held} rows={held.rows} range={range} cursor={cursor} setCursor={setCursor} />}
      </div>
      {held.rows === undefined ? null : <Foot shown={held.rows.length} total={list.total} hasMore={list.hasMore} noun={props.noun} />}
    </div>
  );
}

function tracks(columns: readonly ColumnSize[], choice: boolean): string {
  const sizes = (columns as readonly Column<unknown>[]).map((column) => (column.grow === 0 ? `${column.minPx}px` : `minmax(${column.minPx}px, ${column.grow}fr)`));
  return [...(choice ? ['28px'] : []), ...sizes].join(' ');
}

function Head<Row>({ columns, choice }: { readonly columns: readonly Column<Row>[]; readonly choice: boolean }): ReactNode {
  return (
    <div className="table-head" role="row">
      {choice ? <span role="columnheader"><span className="unseen">Chosen</span></span> : null}
      {columns.map((column) => <span key={column.id} role="columnheader" className={`cell ${column.end === true ? 'is-end' : ''}`}>{column.head}</span>)}
    </div>
  );
}

interface RowsProps<Row> extends TableProps<Row> {
  readonly held: HeldRows<Row>;
  readonly rows: readonly Row[];
  readonly range: { readonly from: number; readonly to: number };
  readonly cursor: string | null;
  readonly setCursor: (key: string | null) => void;
}

function Rows<Row>(props: RowsProps<Row>): ReactNode {
  const { rows, range, held, keyOf, cursor } = props;
  const drawn = rows.slice(range.from, range.to);
  const cursorDrawn = cursor !== null && drawn.some((row) => keyOf(row) === cursor);
  return (
    <>
      {range.from === 0 ? null : <div className="table-space" role="presentation" style={{ height: `${range.from * rowPx}px` }} />}
      {drawn.map((row, index) => {
        const key = keyOf(row);
        return <OneRow key={key} {...props} row={row} rowKey={key} index={range.from + index} tabbable={cursorDrawn ? key === cursor : index === 0} gone={held.gone.has(key)} arrived={held.arrived.has(key)} />;
      })}
      {range.to >= rows.length ? null : <div className="table-space" role="presentation" style={{ height: `${(rows.length - range.to) * rowPx}px` }} />}
    </>
  );
}

interface OneRowProps<Row> extends RowsProps<Row> {
  readonly row: Row;
  readonly rowKey: string;
  readonly index: number;
  readonly tabbable: boolean;
  readonly gone: boolean;
  readonly arrived: boolean;
}

function OneRow<Row>({ row, rowKey, index, tabbable, gone, arrived, columns, kind, linkOf, openKey, choice, setCursor }: OneRowProps<Row>): ReactNode {
  const open = (event: MouseEvent): void => {
    if (linkOf === undefined || event.defaultPrevented || (getSelection()?.toString() ?? '') !== '') return;
    if (event.target instanceof Element && event.target.closest('button, a, input, label') !== null) return;
    if (event.metaKey || event.ctrlKey) window.open(linkOf(row), '_blank', 'noopener');
    else go(linkOf(row));
  };
  const state = [openKey === rowKey ? 'is-open' : '', gone ? 'is-gone' : '', arrived ? 'is-new' : '', linkOf === undefined ? '' : 'is-link'].join(' ');
  return (
    <div role="row" className={`table-row ${state}`} aria-rowindex={index + 2} aria-selected={openKey === rowKey || choice?.chosen.has(rowKey) === true} tabIndex={tabbable ? 0 : -1} data-testid={`row-${kind}`} data-key={rowKey} onClick={open} onFocus={(event) => { if (event.target === event.currentTarget) setCursor(rowKey); }} {...(gone ? { title: 'No longer in this list' } : {})}>
      {choice === undefined ? null : <span role="gridcell" className="cell"><input type="checkbox" tabIndex={-1} aria-label="Choose this row" checked={choice.chosen.has(rowKey)} onChange={() => choice.toggle(rowKey)} /></span>}
      {columns.map((column) => <span key={column.id} role="gridcell" className={`cell ${column.end === true ? 'is-end' : ''}`}>{column.cell(row)}</span>)}
    </div>
  );
}

function Skeleton<Row>({ columns, choice, rows }: { readonly columns: readonly Column<Row>[]; readonly choice: boolean; readonly rows: number }): ReactNode {
  return Array.from({ length: rows }, (_, index) => (
    <div key={index} role="row" className="table-row" data-testid="skeleton" style={{ opacity: Math.max(0.25, 1 - index * 0.07) }}>
      {choice ? <span role="gridcell" className="cell" /> : null}
      {columns.map((column, place) => <span key={column.id} role="gridcell" className={`cell ${column.end === true ? 'is-end' : ''}`}><Bone width={column.grow === 0 ? Math.min(56, column.minPx * 0.6) : `${35 + ((index * 17 + place * 29) % 45)}%`} /></span>)}
    </div>
  ));
}

function News({ waiting, show }: { readonly waiting: number; readonly show: () => void }): ReactNode {
  return (
    <div className="table-news" role="row"><span role="gridcell">
      <button type="button" className="button" onClick={show} data-testid="news">{waiting > 0 ? `${countWords(waiting)} new` : 'The list has changed'} · show from the top</button>
    </span></div>
  );
}

function Foot({ shown, total, hasMore, noun: [one, many] }: { readonly shown: number; readonly total: number | null; readonly hasMore: boolean; readonly noun: readonly [string, string] }): ReactNode {
  const words = hasMore ? `${countWords(shown)} of ${total === null ? 'more' : countWords(total)} ${many}, more as you scroll` : `${shown > 1 ? 'All ' : ''}${plural(shown, one, many)}`;
  return <p className="table-foot small faint" data-testid="table-foot">{words}</p>;
}

function useFittingColumns<Row>(root: RefObject<HTMLDivElement | null>, columns: readonly Column<Row>[], choice: boolean): readonly Column<Row>[] {
  const [width, setWidth] = useState<number | null>(null);
  useLayoutEffect(() => {
    const element = root.current;
    if (element === null) return undefined;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [root]);
  return width === null ? columns : fitColumns(columns, width - (choice ? 28 : 0));
}

function scrollerOf(element: HTMLElement | null): HTMLElement | null {
  return element?.closest<HTMLElement>('.panel, .page-main') ?? null;
}

function useVisibleRange(root: RefObject<HTMLDivElement | null>, count: number, setScrolled: (scrolled: boolean) => void): { readonly from: number; readonly to: number } {
  const [range, setRange] = useState({ from: 0, to: 60 });
  const measure = useCallback(() => {
    const scroller = scrollerOf(root.current);
    if (scroller === null || root.current === null) return;
    const scrolledPx = scroller.getBoundingClientRect().top - root.current.getBoundingClientRect().top - headPx;
    const next = visibleRange({ scrolledPx, heightPx: scroller.clientHeight, rowPx, count, overscan });
    setRange((old) => (old.from === next.from && old.to === next.to ? old : next));
    setScrolled(scroller.scrollTop > stillAtTopPx);
  }, [root, count, setScrolled]);
  useLayoutEffect(() => {
    measure();
    const scroller = scrollerOf(root.current);
    scroller?.addEventListener('scroll', measure, { passive: true });
    window.addEventListener('resize', measure);
    return () => {
      scroller?.removeEventListener('scroll', measure);
      window.removeEventListener('resize', measure);
    };
  }, [measure, root]);
  return range;
}

function useCursorKeys<Row>(props: TableProps<Row>, held: HeldRows<Row>, root: RefObject<HTMLDivElement | null>, cursor: string | null, setCursor: (key: string | null) => void): void {
  const { keyOf, linkOf, openKey, choice } = props;
  const rows = held.rows ?? [];
  const at = rows.findIndex((row) => keyOf(row) === (cursor ?? openKey));
  const move = (step: number): boolean => {
    const next = Math.max(0, Math.min(rows.length - 1, at === -1 ? 0 : at + step));
    const row = rows[next];
    if (row === undefined) return false;
    setCursor(keyOf(row));
    if (openKey !== undefined && linkOf !== undefined) go(linkOf(row), { replace: true });
    focusRow(root.current, next, keyOf(row));
    return true;
  };
  useKeys((action) => {
    const row = rows[at];
    switch (action.kind) {
      case 'next': return move(1);
      case 'previous': return move(-1);
      case 'open':
        if (row === undefined || linkOf === undefined) return false;
        go(linkOf(row));
        return true;
      case 'select':
        if (row === undefined || choice === undefined) return false;
        choice.toggle(keyOf(row));
        return true;
      default: return false;
    }
  });
}

function focusRow(root: HTMLDivElement | null, index: number, key: string): void {
  const scroller = scrollerOf(root);
  if (root === null || scroller === null) return;
  const top = root.getBoundingClientRect().top - scroller.getBoundingClientRect().top + headPx + index * rowPx;
  if (top < headPx) scroller.scrollTop += top - headPx;
  else if (top + rowPx > scroller.clientHeight) scroller.scrollTop += top + rowPx - scroller.clientHeight + 8;
  const focus = (): boolean => {
    const row = root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
    row?.focus({ preventScroll: true });
    return row !== null;
  };
  // At once where it is drawn, since Enter may follow within a frame; what was scrolled to is drawn a frame or two later.
  if (!focus()) requestAnimationFrame(() => requestAnimationFrame(focus));
}
