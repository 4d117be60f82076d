/**
 * Incidents: what rules saw and what policies stopped, gathered by process tree. The list is filtered by the address,
 * renewed live without moving under the reader, and worked through by keyboard: j, k, Enter, x.
 */
import { useMemo, useState, type ReactNode } from 'react';
import type { IncidentView } from '@vedette/model/api/views';
import type { Severity as SeverityWord } from '@vedette/model/policy';
import { useApi, usePages } from '../../data.ts';
import { CoverageClause } from '../../parts/coverage-clause.tsx';
import { Chips, Choices, FilterBar, FilterText, type Chip } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { OutcomeMark, Severity, SeverityShape } from '../../parts/marks.tsx';
import { Bone, Empty, Page, SidePanel, Tiles, type Tile } from '../../parts/page.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Time } from '../../parts/text.tsx';
import { Link, useFilters } from '../../router.tsx';
import { shortId } from '../../view/cut.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { hrefOf, pathOf } from '../../view/url.ts';
import { kindWords, severityWords, stateWords } from '../../view/words.ts';
import { ChosenBar } from './chosen-bar.tsx';
import { incidentFilters } from './filters.ts';
import { IncidentDetail } from './detail.tsx';

const incidentKey = (row: IncidentView): string => row.id;

export function IncidentsPage(): ReactNode {
  const [filters, set, link] = useFilters(incidentFilters);
  const { state, severity, kind, container, q, open } = filters;
  const query = { state, severity, kind, container, search: q };
  const list = usePages('listIncidents', query);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const choice = useMemo(() => ({ chosen, toggle: (key: string) => setChosen((old) => (old.has(key) ? new Set([...old].filter((one) => one !== key)) : new Set([...old, key]))) }), [chosen]);
  const linkOf = (row: IncidentView): string => link({ open: row.id, event: undefined });
  const columns = useMemo(() => incidentColumns(linkOf), [link]);
  const filtered = severity !== undefined || kind !== undefined || container !== undefined || q !== undefined;
  const panel = open === undefined ? null : (
    <SidePanel kind="Incident" icon="incidents" label={shortId(open)} closeTo={link({ open: undefined, event: undefined })} fullTo={pathOf('/incidents/:id', { id: open })} wide>
      <IncidentDetail id={open} event={filters.event} eventTo={(event) => link({ event })} />
    </SidePanel>
  );
  return (
    <Page title="Incidents" sentence={<Sentence />} panel={panel} note={<><span>Alike events of one process tree are folded into one incident.</span><CoverageClause /></>}>
      <SeverityTiles filters={filters} link={link} />
      <FilterBar>
        <FilterText label="Title, rule, command or workload" value={q} onChange={(value) => set({ q: value }, { replace: true })} />
        <Choices label="State" options={(['open', 'acknowledged', 'closed', 'all'] as const).map((one) => ({ id: one, label: one === 'all' ? 'All' : stateWords[one], to: link({ state: one }), chosen: state === one }))} />
        <Choices label="Found by" options={([['any', undefined, 'Any'], ['detection', 'detection', 'Rules'], ['verdict', 'verdict', 'Policies']] as const).map(([id, value, label]) => ({ id, label, to: link({ kind: value }), chosen: kind === value }))} />
        <Chips chips={chipsOf(filters, link)} clearTo={link({ severity: undefined, container: undefined })} />
      </FilterBar>
      <ChosenBar chosen={chosen} clear={() => setChosen(new Set())} />
      <Table key={JSON.stringify(query)} label="Incidents" kind="incident" noun={['incident', 'incidents']} list={list} columns={columns} keyOf={incidentKey} linkOf={linkOf} openKey={open} choice={choice} empty={<NoIncidents filtered={filtered} state={state} clearTo={hrefOf('/incidents', { state: state === 'open' ? undefined : state })} />} />
    </Page>
  );
}

type LinkTo = ReturnType<typeof useFilters<typeof incidentFilters>>[2];
type Filters = ReturnType<typeof useFilters<typeof incidentFilters>>[0];

function useTotal(query: { readonly state?: 'open' | 'all'; readonly severity?: SeverityWord }): number | null | undefined {
  const { data } = useApi('listIncidents', { query: { ...query, limit: 1 } });
  return data === undefined ? undefined : data.total;
}

function Sentence(): ReactNode {
  const open = useTotal({ state: 'open' });
  const critical = useTotal({ state: 'open', severity: 'critical' });
  if (open === undefined || critical === undefined) return <Bone width={380} height={18} />;
  if (open === null) return <>Incidents that are open now, the latest first.</>;
  if (open === 0) return <>No incident is open.</>;
  return <><b>{plural(open, 'incident')}</b> {open === 1 ? 'is' : 'are'} open{critical === null || critical === 0 ? ', none of them critical.' : <>, <b>{countWords(critical)} critical</b>.</>}</>;
}

function SeverityTiles({ filters, link }: { readonly filters: Filters; readonly link: LinkTo }): ReactNode {
  const totals = { critical: useTotal({ state: 'open', severity: 'critical' }), high: useTotal({ state: 'open', severity: 'high' }), medium: useTotal({ state: 'open', severity: 'medium' }), low: useTotal({ state: 'open', severity: 'low' }) };
  const tiles = (['critical', 'high', 'medium', 'low'] as const).map((severity): Tile => {
    const total = totals[severity];
    const chosen = filters.severity === severity;
    return { id: severity, label: <><SeverityShape severity={severity} size={10} />{severityWords[severity]}</>, count: total === undefined ? null : total === null ? '?' : countWords(total), to: link({ severity: chosen ? undefined : severity }), chosen };
  });
  return <Tiles label="Open incidents by severity" tiles={tiles} />;
}

function incidentColumns(linkOf: (row: IncidentView) => string): readonly Column<IncidentView>[] {
  return [
    { id: 'severity', head: 'Severity', minPx: 92, grow: 0, keep: 9, cell: (row) => <Severity severity={row.severity} /> },
    { id: 'title', head: 'Incident', minPx: 220, grow: 8, keep: 10, cell: (row) => <Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut" title={row.title}>{row.title}</Link> },
    { id: 'outcome', head: 'Outcome', minPx: 172, grow: 0, keep: 8, cell: (row) => <OutcomeMark outcome={row.outcome} /> },
    { id: 'where', head: 'Where', minPx: 190, grow: 3, keep: 7, cell: (row) => <Where row={row} /> },
    { id: 'source', head: 'Found by', minPx: 210, grow: 2, keep: 3, cell: (row) => <span className="cut quiet" title={row.source}>{kindWords[row.kind]}: {row.source}</span> },
    { id: 'count', head: 'Times', minPx: 56, grow: 0, keep: 5, end: true, cell: (row) => countWords(row.count) },
    { id: 'assignee', head: 'Assignee', minPx: 80, grow: 0, keep: 4, cell: (row) => (row.assignee === null ? <span className="faint">nobody</span> : <span className="cut">{row.assignee}</span>) },
    { id: 'last', head: 'Last', minPx: 92, grow: 0, keep: 6, end: true, cell: (row) => <Time at={row.lastSeen} /> },
  ];
}

function Where({ row }: { readonly row: IncidentView }): ReactNode {
  const inContainer = row.containerId !== null;
  return <><Icon name={inContainer ? 'container' : 'host'} size={14} /><span className="cut">{inContainer ? <>{row.containerName ?? shortId(row.containerId!)} <span className="faint">on {row.hostname}</span></> : row.hostname}</span></>;
}

function chipsOf(filters: Filters, link: LinkTo): readonly Chip[] {
  const chips: Chip[] = [];
  if (filters.severity !== undefined) chips.push({ id: 'severity', name: 'severity', value: severityWords[filters.severity].toLowerCase(), withoutTo: link({ severity: undefined }) });
  if (filters.container !== undefined) chips.push({ id: 'container', name: 'container', value: shortId(filters.container), withoutTo: link({ container: undefined }) });
  return chips;
}

function NoIncidents({ filtered, state, clearTo }: { readonly filtered: boolean; readonly state: string; readonly clearTo: string }): ReactNode {
  if (filtered) return <Empty title="No incident matches" action={<Link to={clearTo} className="button">Clear the filters</Link>}><p>Other incidents may exist; the filters above hide them.</p></Empty>;
  return (
    <Empty title={state === 'open' ? 'No incident is open' : 'No incident yet'} action={<Link to="/policies" className="button">Policies</Link>}>
      <p>Here stands what rules saw and what policies stopped or would have stopped, with the process tree behind it.</p>
      <p>See one come in: in any container run <code className="mono">cp /bin/true /tmp/x &amp;&amp; /tmp/x</code>. It was not in the image, so the policy for such files speaks.</p>
    </Empty>
  );
}
