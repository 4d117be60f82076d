/**
 * Baselines: what each image does in each workload. What has something outside of it stands first, since that is what somebody has to look at;
 * where nobody looked stands beside what was learned.
 */
import { useMemo, type ReactNode } from 'react';
import { shortId } from '@vedette/model/api/short-id';
import type { BaselineView } from '@vedette/model/api/baselines';
import { baselineStates } from '@vedette/model/baseline-words';
import { useApi, usePages } from '../../data.ts';
import { AddHostLink } from '../../parts/add-host-link.tsx';
import { Chips, Choices, FilterBar, FilterText, type Chip } from '../../parts/filters.tsx';
import { Bone, Empty, Page, Tiles, type Tile } from '../../parts/page.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { ImageText, Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link, useFilters } from '../../router.tsx';
import { baselineStateSentences, baselineStateWords, blindWords, learnedCount, workloadWords } from '../../view/baseline-words.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { lengthWords } from '../../view/time.ts';
import { pathOf } from '../../view/url.ts';
import { baselineFilters } from './filters.ts';
import './baselines.css';

type Filters = ReturnType<typeof useFilters<typeof baselineFilters>>[0];
type LinkTo = ReturnType<typeof useFilters<typeof baselineFilters>>[2];
const keyOf = (row: BaselineView): string => row.id;
const linkOf = (row: BaselineView): string => pathOf('/baselines/:id', { id: row.id });

export function BaselinesPage(): ReactNode {
  const [filters, set, link] = useFilters(baselineFilters);
  const { state, outside, image, q } = filters;
  const query = { state, outside, image, search: q };
  const list = usePages('listBaselines', query);
  const columns = useMemo(() => baselineColumns(), []);
  const chips: readonly Chip[] = image === undefined ? [] : [{ id: 'image', name: 'image', value: shortId(image), withoutTo: link({ image: undefined }) }];
  const filtered = [outside, image, q].some((one) => one !== undefined) || state !== 'all';
  return (
    <Page title="Baselines" sentence={<Sentence />} note={<Note />}>
      <StateTiles filters={filters} link={link} />
      <FilterBar>
        <FilterText label="Workload or image" value={q} onChange={(value) => set({ q: value }, { replace: true })} />
        <Choices label="State" options={([...baselineStates, 'all'] as const).map((one) => ({ id: one, label: one === 'all' ? 'All' : baselineStateWords[one], to: link({ state: one }), chosen: state === one }))} />
        <Chips chips={chips} clearTo={link({ image: undefined })} />
      </FilterBar>
      <Table key={JSON.stringify(query)} label="Baselines" kind="baseline" noun={['baseline', 'baselines']} list={list} columns={columns} keyOf={keyOf} linkOf={linkOf} empty={<NoBaselines filtered={filtered} clearTo={link({ state: 'all', outside: undefined, image: undefined, q: undefined })} />} />
    </Page>
  );
}

function useCounts(): { readonly learn: number; readonly watch: number; readonly enforce: number; readonly outside: number; readonly withoutImage: number } | undefined {
  const { data } = useApi('listBaselines', { query: { limit: 1 } }, { keep: true });
  return data === undefined ? undefined : { ...data.states, withoutImage: data.withoutImage };
}

function Sentence(): ReactNode {
  const counts = useCounts();
  if (counts === undefined) return <Bone width={320} height={18} />;
  const { learn, watch, enforce, outside } = counts;
  if (learn + watch + enforce === 0) return <>Nothing was learned yet.</>;
  if (outside > 0) return <>Of <b>{plural(outside, 'baseline')}</b> something was seen outside.</>;
  if (watch + enforce === 0) return <><b>{plural(learn, 'baseline')}</b> still {learn === 1 ? 'learns' : 'learn'}.</>;
  return <>Nothing was seen outside of a baseline.</>;
}

function Note(): ReactNode {
  const without = useCounts()?.withoutImage ?? 0;
  return <><span>Learned by itself; every line can be read, edited and exported.</span>{without === 0 ? null : <span className="unknown-mark hatched">{plural(without, 'running container')} without a known image can have none</span>}</>;
}

const tileNotes = { learn: 'all is taken in', watch: 'what is new is told', enforce: 'and stopped where it can' } as const;

function StateTiles({ filters, link }: { readonly filters: Filters; readonly link: LinkTo }): ReactNode {
  const counts = useCounts();
  const tiles = [
    ...baselineStates.map((state): Tile => ({ id: state, label: baselineStateWords[state], count: counts === undefined ? null : countWords(counts[state]), note: tileNotes[state], to: link({ state: filters.state === state ? 'all' : state }), chosen: filters.state === state })),
    { id: 'outside', label: 'Something outside', count: counts === undefined ? null : countWords(counts.outside), note: 'seen and not taken in', to: link({ outside: filters.outside === 'only' ? undefined : 'only' }), chosen: filters.outside === 'only' },
  ];
  return <Tiles label="Baselines by state" tiles={tiles} />;
}

function baselineColumns(): readonly Column<BaselineView>[] {
  return [
    { id: 'workload', head: 'Workload', minPx: 180, grow: 3, keep: 10, cell: (row) => <Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut" title={workloadWords(row)}>{workloadWords(row)}</Link> },
    { id: 'image', head: 'Image', minPx: 180, grow: 3, keep: 6, cell: (row) => (row.image === null ? <span className="cut quiet" title={row.platformDigest}>{shortId(row.platformDigest)}</span> : <ImageText image={row.image} />) },
    { id: 'state', head: 'State', minPx: 84, grow: 0, keep: 9, cell: (row) => <BaselineState state={row.state} /> },
    { id: 'outside', head: 'Outside', minPx: 72, grow: 0, keep: 8, end: true, cell: (row) => (row.outside === 0 ? <span className="faint">none</span> : <span className="strong number">{countWords(row.outside)}</span>) },
    { id: 'learned', head: 'Learned', minPx: 72, grow: 0, keep: 7, end: true, cell: (row) => <Tip content={`${plural(row.counts.execution, 'execution')}, ${plural(row.counts.peer, 'peer')}, ${plural(row.counts.file, 'written file')}, ${plural(row.counts.capability, 'capability', 'capabilities')}`}><span className="number">{countWords(learnedCount(row))}</span></Tip> },
    { id: 'watched', head: 'Watched', minPx: 96, grow: 0, keep: 4, end: true, cell: (row) => <span className="quiet nowrap">{lengthWords(Math.round(row.watchedSeconds))}</span> },
    { id: 'blind', head: 'Not seen', minPx: 150, grow: 1, keep: 5, cell: (row) => <Blind row={row} /> },
    { id: 'runs', head: 'Runs', minPx: 52, grow: 0, keep: 3, end: true, cell: (row) => <span className={row.runs === 0 ? 'faint' : 'number'}>{countWords(row.runs)}</span> },
    { id: 'changed', head: 'Changed', minPx: 92, grow: 0, keep: 2, end: true, cell: (row) => <Time at={row.changedAt} /> },
  ];
}

export function BaselineState({ state }: { readonly state: BaselineView['state'] }): ReactNode {
  return <Tip content={baselineStateSentences[state]}><span className={`baseline-state is-${state}`}>{baselineStateWords[state]}</span></Tip>;
}

function Blind({ row }: { readonly row: BaselineView }): ReactNode {
  if (row.blind.intervals === 0) return <span className="faint">nothing known</span>;
  const words = row.blind.reasons.map((one) => blindWords[one]).join(', ');
  return <span className="unknown-mark hatched cut" title={words}>{words}</span>;
}

function NoBaselines({ filtered, clearTo }: { readonly filtered: boolean; readonly clearTo: string }): ReactNode {
  const sensors = useApi('coverage', {}).data?.sensorsTotal;
  if (filtered) return <Empty title="No baseline matches" action={<Link to={clearTo} className="button">Clear the filters</Link>}><p>Other baselines may exist; the filters above hide them.</p></Empty>;
  const shown = <p>Here stands what each image does in each workload: programs with their arguments, peers, written files, capabilities. First it is learned, then watched.</p>;
  if (sensors === 0) return <Empty title="No sensor has joined yet" action={<AddHostLink />}>{shown}<p>For that a host needs a sensor: one command on the host, and about a minute.</p></Empty>;
  return <Empty title="Nothing was learned yet">{shown}<p>The first container of an image that a sensor sees begins one, within seconds. Containers of which nobody knows the image can have none.</p></Empty>;
}
