/**
 * Incidents: what rules saw and what policies stopped, gathered by process tree. The list is filtered by the address,
 * renewed live without moving under the reader, and worked through by keyboard: j, k, Enter, x.
 */
import { useMemo, useState, type ReactNode } from 'react';
import type { Output } from '@vedette/model/api/table';
import type { IncidentView } from '@vedette/model/api/views';
import { shortId } from '@vedette/model/api/short-id';
import { useApi, usePages } from '../../data.ts';
import { AddHostLink } from '../../parts/add-host-link.tsx';
import { CoverageClause } from '../../parts/coverage-clause.tsx';
import { Chips, Choices, FilterBar, FilterText, type Chip } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { OutcomeMark, Severity, SeverityShape } from '../../parts/marks.tsx';
import { Bone, Empty, Page, SidePanel, Tiles, type Tile } from '../../parts/page.tsx';
import { Spark } from '../../parts/spark.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Command, Time } from '../../parts/text.tsx';
import { Link, useFilters } from '../../router.tsx';
import { countWords, plural } from '../../view/numbers.ts';
import { hrefOf, pathOf } from '../../view/url.ts';
import { containerWords, incidentSeverities, kindWords, outcomeWords, severityWords, stateWords } from '../../view/words.ts';
import { ChosenBar } from './chosen-bar.tsx';
import { incidentFilters } from './filters.ts';
import { IncidentDetail } from './detail.tsx';

const incidentKey = (row: IncidentView): string => row.id;

export function IncidentsPage(): ReactNode {
  const [filters, set, link] = useFilters(incidentFilters);
  const { state, severity, kind, outcome, verdict, source, container, q, open } = filters;
  const query = { state, severity, kind, outcome, verdict, source, container, search: q };
  const list = usePages('listIncidents', query);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const choice = useMemo(() => ({ chosen, toggle: (key: string) => setChosen((old) => (old.has(key) ? new Set([...old].filter((one) => one !== key)) : new Set([...old, key]))) }), [chosen]);
  const linkOf = (row: IncidentView): string => link({ open: row.id, event: undefined });
  const columns = useMemo(() => incidentColumns(linkOf), [link]);
  const filtered = [severity, kind, outcome, verdict, source, container, q].some((one) => one !== undefined);
  const panel = open === undefined ? null : (
    <SidePanel kind="Incident" icon="incidents" label={shortId(open)} closeTo={link({ open: undefined, event: undefined })} fullTo={pathOf('/incidents/:id', { id: open })} wide>
      <IncidentDetail id={open} event={filters.event} eventTo={(event) => link({ event })} />
    </SidePanel>
  );
  return (
    <Page title="Incidents" sentence={<Sentence />} panel={panel} actions={<NoiseLink />} note={<><span>Alike events of one process tree are folded into one incident.</span><CoverageClause /></>}>
      <SeverityTiles filters={filters} link={link} />
      <FilterBar>
        <FilterText label="Title, rule, command or workload" value={q} onChange={(value) => set({ q: value }, { replace: true })} />
        <Choices label="State" options={(['open', 'acknowledged', 'closed', 'all'] as const).map((one) => ({ id: one, label: one === 'all' ? 'All' : stateWords[one], to: link({ state: one }), chosen: state === one }))} />
        <Choices label="Found by" options={([['any', undefined, 'Any'], ['detection', 'detection', 'Rules'], ['verdict', 'verdict', 'Policies']] as const).map(([id, value, label]) => ({ id, label, to: link({ kind: value }), chosen: kind === value }))} />
        <Chips chips={chipsOf(filters, link)} clearTo={link(noChips)} />
      </FilterBar>
      <ChosenBar chosen={chosen} clear={() => setChosen(new Set())} />
      <Table key={JSON.stringify(query)} label="Incidents" kind="incident" noun={['incident', 'incidents']} list={list} columns={columns} keyOf={incidentKey} linkOf={linkOf} openKey={open} choice={choice} empty={<NoIncidents filtered={filtered} state={state} clearTo={hrefOf('/incidents', { state: state === 'open' ? undefined : state })} />} />
    </Page>
  );
}

function NoiseLink(): ReactNode {
  const { data, error } = useApi('listNoise', { query: { days: 1, limit: 1 } });
  if (data === undefined && error === null) return null;
  const over = data?.over ?? 0;
  return <Link to="/noise" className="button" data-testid="to-noise"><Icon name="live" size={14} />Noise{over === 0 ? '' : `: ${countWords(over)} over the budget`}</Link>;
}

type LinkTo = ReturnType<typeof useFilters<typeof incidentFilters>>[2];
type Filters = ReturnType<typeof useFilters<typeof incidentFilters>>[0];

/** One question for the sentence and, while nothing narrows the list, for the tiles too. */
function useFacets(query: { readonly state?: Filters['state']; readonly kind?: Filters['kind']; readonly outcome?: Filters['outcome']; readonly verdict?: Filters['verdict']; readonly source?: string | undefined; readonly container?: string | undefined; readonly search?: string | undefined }): Output<'listIncidents'> | undefined {
  return useApi('listIncidents', { query: { ...query, facets: 'include', limit: 1 } }, { keep: true }).data;
}

function Sentence(): ReactNode {
  const open = useFacets({ state: 'open' });
  const sensors = useApi('coverage', {}).data?.sensorsTotal;
  if (open === undefined || sensors === undefined) return <Bone width={380} height={18} />;
  const total = open.total ?? 0;
  if (total === 0) return sensors === 0 ? <>No sensor has joined, so no incident can be seen.</> : <>No incident is open.</>;
  const critical = open.facets?.severity.critical ?? 0;
  return <><b>{plural(total, 'incident')}</b> {total === 1 ? 'is' : 'are'} open{critical === 0 ? (total === 1 ? ', not critical.' : ', none of them critical.') : critical === total ? <>, <b>{total === 1 ? 'and it is critical' : 'all of them critical'}</b>.</> : <>, <b>{countWords(critical)} critical</b>.</>}</>;
}

/** Each tile counts what choosing it would list, and shows how many of that severity began on each of the last days. */
function SeverityTiles({ filters, link }: { readonly filters: Filters; readonly link: LinkTo }): ReactNode {
  const { state, kind, outcome, verdict, source, container, q } = filters;
  const facets = useFacets({ state, kind, outcome, verdict, source, container, search: q })?.facets;
  const tiles = incidentSeverities.map((severity): Tile => {
    const chosen = filters.severity === severity;
    return {
      id: severity, label: <><SeverityShape severity={severity} size={10} />{severityWords[severity]}</>, count: facets ? countWords(facets.severity[severity]) : null,
      beside: facets ? <Spark counts={facets.days.map((day) => day[severity])} /> : null, to: link({ severity: chosen ? undefined : severity }), chosen,
    };
  });
  return <Tiles label="Incidents by severity" tiles={tiles} />;
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
  return <><Icon name={inContainer ? 'container' : 'host'} size={14} /><span className="cut">{inContainer ? <>{containerWords({ workload: row.workload, name: row.containerName, id: row.containerId! }).title} <span className="faint">on {row.hostname}</span></> : row.hostname}</span></>;
}

const noChips = { severity: undefined, outcome: undefined, verdict: undefined, source: undefined, container: undefined };

function chipsOf(filters: Filters, link: LinkTo): readonly Chip[] {
  const chips: Chip[] = [];
  if (filters.severity !== undefined) chips.push({ id: 'severity', name: 'severity', value: severityWords[filters.severity].toLowerCase(), withoutTo: link({ severity: undefined }) });
  if (filters.outcome !== undefined) chips.push({ id: 'outcome', name: 'outcome', value: outcomeWords[filters.outcome].toLowerCase(), withoutTo: link({ outcome: undefined }) });
  if (filters.verdict !== undefined) chips.push({ id: 'verdict', name: 'judged', value: filters.verdict === 'confirmed' ? 'confirmed' : 'false positive', withoutTo: link({ verdict: undefined }) });
  if (filters.source !== undefined) chips.push({ id: 'source', name: 'found by', value: filters.source, withoutTo: link({ source: undefined }) });
  if (filters.container !== undefined) chips.push({ id: 'container', name: 'container', value: shortId(filters.container), withoutTo: link({ container: undefined }) });
  return chips;
}

function NoIncidents({ filtered, state, clearTo }: { readonly filtered: boolean; readonly state: string; readonly clearTo: string }): ReactNode {
  const sensors = useApi('coverage', {}).data?.sensorsTotal;
  if (filtered) return <Empty title="No incident matches" action={<Link to={clearTo} className="button">Clear the filters</Link>}><p>Other incidents may exist; the filters above hide them.</p></Empty>;
  const shown = <p>Here stands what rules saw and what policies stopped or would have stopped, with the process tree behind it.</p>;
  if (sensors === 0) {
    return (
      <Empty title="No sensor has joined yet" action={<AddHostLink />}>
        {shown}
        <p>For that a host needs a sensor: one command on the host, and about a minute.</p>
      </Empty>
    );
  }
  return (
    <Empty title={state === 'open' ? 'No incident is open' : 'No incident yet'} action={<Link to="/policies" className="button">Policies</Link>}>
      {shown}
      <p>See one come in: in any container run this. The file was not in the image, so the policy for such files speaks.</p>
      <Command text="cp /bin/true /tmp/x && /tmp/x" />
    </Empty>
  );
}
