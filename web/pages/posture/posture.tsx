/**
 * Posture: how the clusters are set up, against controls that answer known frameworks. Fractions instead of a score; what was
 * not seen stands beside every count, and a cluster that is silent has no data, whatever it said before.
 */
import { useMemo, type ReactNode } from 'react';
import type { ControlView, FrameworkView, PostureClusterView, PostureView } from '@vedette/model/api/posture-views';
import { controlCategories, controlStates, frameworkIds, type ControlCategory } from '@vedette/model/control-words';
import { addressOf } from '../../client.ts';
import { useApi, wholeList } from '../../data.ts';
import { AddHostLink } from '../../parts/add-host-link.tsx';
import { Chips, Choices, FilterBar, FilterText, type Chip } from '../../parts/filters.tsx';
import { Severity } from '../../parts/marks.tsx';
import { Bone, Empty, Page, Section, SidePanel, Tiles } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Time } from '../../parts/text.tsx';
import { Link, useFilters } from '../../router.tsx';
import { countWords, plural } from '../../view/numbers.ts';
import { applying, countOf, frameworkWords, fractionWords, stateWords } from '../../view/posture-words.ts';
import { pathOf } from '../../view/url.ts';
import { ControlDetail } from './control.tsx';
import { postureFilters } from './filters.ts';
import { CountsBar, FailedOverDays, StateMark, StateShape } from './marks.tsx';
import './posture.css';

type Filters = ReturnType<typeof useFilters<typeof postureFilters>>[0];
type LinkTo = ReturnType<typeof useFilters<typeof postureFilters>>[2];
const controlKey = (row: ControlView): string => row.name;
const categoryWords: Readonly<Record<ControlCategory, string>> = { workload: 'Workloads', rbac: 'Rights', network: 'Network', node: 'Nodes' };

export function PosturePage(): ReactNode {
  const [filters, set, link] = useFilters(postureFilters);
  const { framework, requirement, cluster, category, state, q, open } = filters;
  const summary = useApi('posture', { query: { cluster } }, { keep: true });
  const query = { framework, requirement: framework === undefined ? undefined : requirement, cluster, category, state, search: q };
  const controls = useApi('listControls', { query }, { keep: true });
  const linkOf = (row: ControlView): string => link({ open: row.name });
  const columns = useMemo(() => controlColumns(linkOf), [link]);
  const panel = open === undefined ? null : (
    <SidePanel kind="Control" icon="posture" label={open} closeTo={link({ open: undefined })} fullTo={pathOf('/posture/:name', { name: open })} wide>
      <ControlDetail name={open} cluster={cluster} />
    </SidePanel>
  );
  const nothing = summary.data !== undefined && summary.data.clusters.length === 0 && cluster === undefined;
  return (
    <Page title="Posture" sentence={<Sentence posture={summary.data} />} panel={panel} actions={nothing ? null : <Download filters={filters} />} note={nothing ? undefined : summary.data === undefined ? <span className="posture-note"><Bone width={360} /></span> : <FailedOverDays history={summary.data.history} />}>
      {summary.error !== null && summary.data === undefined ? <ProblemBox error={summary.error} again={() => void summary.refetch()} /> : null}
      {nothing ? <NothingYet /> : (
        <>
          <StateTiles posture={summary.data} filters={filters} link={link} />
          <div className="posture-ways"><ByFramework posture={summary.data} filters={filters} link={link} /><ByCluster posture={summary.data} filters={filters} link={link} /></div>
          <Requirements posture={summary.data} filters={filters} link={link} />
          <FilterBar>
            <FilterText label="Name, title or number" value={q} onChange={(value) => set({ q: value }, { replace: true })} />
            <Choices label="Category" options={[{ id: 'all', label: 'All', to: link({ category: undefined }), chosen: category === undefined }, ...controlCategories.map((one) => ({ id: one, label: categoryWords[one], to: link({ category: one }), chosen: category === one }))]} />
            <Chips chips={chipsOf(filters, summary.data, link)} clearTo={link({ framework: undefined, requirement: undefined, cluster: undefined, state: undefined })} />
          </FilterBar>
          <Table key={JSON.stringify(query)} label="Controls" kind="control" noun={['control', 'controls']} list={wholeList(worstFirst(controls.data?.items), controls)} columns={columns} keyOf={controlKey} linkOf={linkOf} openKey={open} skeletonRows={12}
            empty={<Empty title="No control matches" action={<Link to="/posture" className="button">Clear the filters</Link>}><p>Other controls exist; the filters above hide them.</p></Empty>} />
        </>
      )}
    </Page>
  );
}

const severities = ['critical', 'high', 'medium', 'low'];

function worstFirst(rows: readonly ControlView[] | undefined): readonly ControlView[] | undefined {
  const rank = (row: ControlView): number => controlStates.indexOf(row.state) * 10 + severities.indexOf(row.severity);
  return rows?.toSorted((a, b) => rank(a) - rank(b) || b.results.failed - a.results.failed || (a.name < b.name ? -1 : 1));
}

function Sentence({ posture }: { readonly posture: PostureView | undefined }): ReactNode {
  if (posture === undefined) return <Bone width={460} height={18} />;
  if (posture.clusters.length === 0) return <>Nothing was evaluated yet, so nothing has passed.</>;
  const { controls } = posture;
  const cutOff = posture.clusters.filter((one) => one.cutOff);
  const all = applying(controls);
  const [only] = cutOff;
  return (
    <>
      <b>{countWords(controls.failed)}</b> of {plural(all, 'control')} {controls.failed === 1 ? 'fails' : 'fail'} somewhere, {countWords(controls.noData)} {controls.noData === 1 ? 'has' : 'have'} no data, {countWords(controls.passed)} passed.
      {only === undefined ? null : <> <b>{cutOff.length === 1 ? only.name : `${countWords(cutOff.length)} clusters`}</b> {cutOff.length === 1 ? 'is' : 'are'} cut off: no data now.</>}
    </>
  );
}

function Download({ filters: { framework, cluster } }: { readonly filters: Filters }): ReactNode {
  const to = (format: 'pdf' | 'html' | 'csv'): string => addressOf('postureReport', { query: { format, framework, cluster } });
  return <span className="row-flow posture-download"><span className="quiet">Report</span>{(['pdf', 'html', 'csv'] as const).map((format) => <a key={format} className="button" href={to(format)} download data-testid={`report-${format}`}>{format.toUpperCase()}</a>)}</span>;
}

function StateTiles({ posture, filters, link }: { readonly posture: PostureView | undefined; readonly filters: Filters; readonly link: LinkTo }): ReactNode {
  const counts = posture === undefined ? undefined : filters.framework === undefined ? posture.controls : posture.frameworks.find((one) => one.id === filters.framework)?.controls;
  return <Tiles label="Controls by how they stand" tiles={controlStates.map((state) => ({ id: state, label: <><StateShape state={state} size={10} />{stateWords[state]}</>, count: counts === undefined ? null : countWords(countOf(counts, state)), to: link({ state: filters.state === state ? undefined : state }), chosen: filters.state === state }))} />;
}

interface Way {
  readonly posture: PostureView | undefined;
  readonly filters: Filters;
  readonly link: LinkTo;
}

function ByFramework({ posture, filters, link }: Way): ReactNode {
  return (
    <Section title="By framework" aside="dark: failed, hatched: no data; controls passed" id="by-framework">
      {posture === undefined ? <WayBones /> : <ul className="ways">{posture.frameworks.map((one) => <WayLine key={one.id} chosen={filters.framework === one.id} to={link({ framework: filters.framework === one.id ? undefined : one.id, requirement: undefined })} name={one.title} counts={one.controls} title={one.source} />)}</ul>}
    </Section>
  );
}

/** As high as the frameworks will be, so that nothing below moves when they come. */
function WayBones(): ReactNode {
  return <ul className="ways">{frameworkIds.map((id) => <li key={id} className="way"><Bone width="80%" /></li>)}</ul>;
}

function WayLine({ chosen, to, name, counts, title, mark }: { readonly chosen: boolean; readonly to: string; readonly name: string; readonly counts: FrameworkView['controls']; readonly title?: string; readonly mark?: ReactNode }): ReactNode {
  return <li><Link to={to} className="way" {...(title === undefined ? {} : { title })} {...(chosen ? { 'aria-current': 'true' as const } : {})}><span className="cut way-name">{name}</span>{mark}<CountsBar counts={counts} /><span className="way-count">{fractionWords(counts)}</span></Link></li>;
}

function ByCluster({ posture, filters, link }: Way): ReactNode {
  return (
    <Section title="By cluster" aside="dark: failed, hatched: no data; results passed" id="by-cluster">
      {posture === undefined ? <WayBones /> : <ul className="ways">{posture.clusters.map((one) => <ClusterLine key={one.id} cluster={one} chosen={filters.cluster === one.id} to={link({ cluster: filters.cluster === one.id ? undefined : one.id })} />)}</ul>}
      {posture?.clusters.map((one) => <NotSeen key={one.id} cluster={one} />)}
    </Section>
  );
}

function ClusterLine({ cluster, chosen, to }: { readonly cluster: PostureClusterView; readonly chosen: boolean; readonly to: string }): ReactNode {
  return <WayLine chosen={chosen} to={to} name={cluster.name} counts={cluster.results} mark={cluster.cutOff ? <span className="unknown-mark hatched">cut off</span> : null} />;
}

/** What is missing is one line until it is wanted. */
function NotSeen({ cluster }: { readonly cluster: PostureClusterView }): ReactNode {
  if (cluster.missing.length === 0 && !cluster.cutOff) return null;
  return (
    <details className="not-seen small">
      <summary className="quiet">{cluster.cutOff ? <>{cluster.name}: no data since <Time at={cluster.dataAt} absent="ever" /></> : <>{cluster.name}: what is not seen</>}</summary>
      <ul className="plain-list quiet">{cluster.missing.map((words) => <li key={words}>{words}</li>)}</ul>
    </details>
  );
}

function Requirements({ posture, filters, link }: Way): ReactNode {
  const framework = posture?.frameworks.find((one) => one.id === filters.framework);
  if (framework === undefined) return null;
  return (
    <Section title={framework.title} aside="requirements that controls answer; it asks more than these" id="requirements">
      <ul className="requirements">{framework.requirements.map((one) => {
        const chosen = filters.requirement === one.id;
        return <li key={one.id}><Link to={link({ requirement: chosen ? undefined : one.id })} className="requirement" {...(chosen ? { 'aria-current': 'true' as const } : {})}><StateShape state={one.state} /><span className="strong requirement-id">{one.id}</span><span className="cut quiet" title={one.about}>{one.about}</span><span className="faint nowrap">{fractionWords(one.controls)}</span></Link></li>;
      })}</ul>
    </Section>
  );
}

function controlColumns(linkOf: (row: ControlView) => string): readonly Column<ControlView>[] {
  return [
    { id: 'state', head: 'Stands', minPx: 128, grow: 0, keep: 9, cell: (row) => <StateMark state={row.state} /> },
    { id: 'severity', head: 'Severity', minPx: 92, grow: 0, keep: 7, cell: (row) => <Severity severity={row.severity} /> },
    { id: 'title', head: 'Control', minPx: 200, grow: 4, keep: 10, cell: (row) => <Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut" title={row.title}>{row.title}</Link> },
    { id: 'category', head: 'About', minPx: 84, grow: 0, keep: 3, cell: (row) => <span className="quiet">{categoryWords[row.category]}</span> },
    { id: 'failed', head: 'Failed', minPx: 60, grow: 0, keep: 8, end: true, cell: (row) => <span className={row.results.failed === 0 ? 'faint' : 'strong'}>{countWords(row.results.failed)}</span> },
    { id: 'none', head: 'No data', minPx: 64, grow: 0, keep: 6, end: true, cell: (row) => <span className={row.results.noData === 0 ? 'faint' : ''}>{countWords(row.results.noData)}</span> },
    { id: 'share', head: 'Subjects', minPx: 112, grow: 0, keep: 5, cell: (row) => <CountsBar counts={row.results} /> },
    { id: 'answers', head: 'Answers', minPx: 150, grow: 1, keep: 2, cell: (row) => <span className="cut faint" title={row.requirements.map((one) => `${frameworkWords[one.framework]} ${one.id}`).join(', ')}>{row.requirements.map((one) => `${frameworkWords[one.framework]} ${one.id}`).join(', ')}</span> },
  ];
}

function chipsOf(filters: Filters, posture: PostureView | undefined, link: LinkTo): readonly Chip[] {
  const chips: Chip[] = [];
  if (filters.framework !== undefined) chips.push({ id: 'framework', name: 'framework', value: frameworkWords[filters.framework], withoutTo: link({ framework: undefined, requirement: undefined }) });
  if (filters.framework !== undefined && filters.requirement !== undefined) chips.push({ id: 'requirement', name: 'requirement', value: filters.requirement, withoutTo: link({ requirement: undefined }) });
  if (filters.cluster !== undefined) chips.push({ id: 'cluster', name: 'cluster', value: posture?.clusters.find((one) => one.id === filters.cluster)?.name ?? filters.cluster, withoutTo: link({ cluster: undefined }) });
  if (filters.state !== undefined) chips.push({ id: 'state', name: 'stands', value: stateWords[filters.state].toLowerCase(), withoutTo: link({ state: undefined }) });
  return chips;
}

function NothingYet(): ReactNode {
  return (
    <Empty title="No cluster and no host is known yet" action={<AddHostLink />}>
      <p>Here stands how your clusters and hosts are set up, against controls for workloads, rights, network and nodes. Each answers requirements of CIS, the Pod Security Standards, NSA/CISA, NIST SP 800-190 and PCI DSS, with evidence, a remedy, and a report for auditors.</p>
      <p>The controls begin with the first sensor or the first cluster part that joins. Until then nothing has passed.</p>
    </Empty>
  );
}
