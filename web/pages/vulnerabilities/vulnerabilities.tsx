/**
 * Vulnerabilities of what runs now, ranked by a score whose parts are shown, never by severity alone: what is loaded
 * stands above what only lies there, and what is not known is never counted as clean.
 */
import { useMemo, type ReactNode } from 'react';
import type { Output } from '@vedette/model/api/table';
import type { VulnerabilityView } from '@vedette/model/api/views';
import { shortId } from '@vedette/model/api/short-id';
import { useApi, usePages } from '../../data.ts';
import { CoverageClause } from '../../parts/coverage-clause.tsx';
import { Chips, Choices, FilterBar, FilterText, type Chip } from '../../parts/filters.tsx';
import { LoadedBar, Severity, SeverityShape } from '../../parts/marks.tsx';
import { Bone, Empty, Page, SidePanel, Tiles, type Tile } from '../../parts/page.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Command, Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link, useFilters } from '../../router.tsx';
import { scoreWords } from '../../view/meters.ts';
import { countWords, listWords } from '../../view/numbers.ts';
import { pathOf } from '../../view/url.ts';
import { severityOrder, severityWords, syncCommand } from '../../view/words.ts';
import { VulnerabilityDetail } from './detail.tsx';
import { vulnerabilityFilters } from './filters.ts';

type Filters = ReturnType<typeof useFilters<typeof vulnerabilityFilters>>[0];
type LinkTo = ReturnType<typeof useFilters<typeof vulnerabilityFilters>>[2];
const vulnerabilityKey = (row: VulnerabilityView): string => row.id;

export function VulnerabilitiesPage(): ReactNode {
  const [filters, set, link] = useFilters(vulnerabilityFilters);
  const { severity, loaded, container, q, open } = filters;
  const query = { severity, loaded, container, search: q };
  const list = usePages('listVulnerabilities', query);
  const linkOf = (row: VulnerabilityView): string => link({ open: row.id });
  const columns = useMemo(() => vulnerabilityColumns(linkOf), [link]);
  const filtered = severity !== undefined || loaded !== undefined || container !== undefined || q !== undefined;
  const panel = open === undefined ? null : (
    <SidePanel kind="Vulnerability" icon="vulnerabilities" label={open} closeTo={link({ open: undefined })} fullTo={pathOf('/vulnerabilities/:id', { id: open })} wide>
      <VulnerabilityDetail id={open} />
    </SidePanel>
  );
  const loadedOptions = [['any', undefined, 'Any'], ['yes', 'yes', 'Loaded'], ['unknown', 'unknown', 'Unknown'], ['not-seen', 'not-seen', 'Not seen yet'], ['no', 'no', 'Not loaded']] as const;
  return (
    <Page title="Vulnerabilities" sentence={<Sentence />} panel={panel} note={<><span>Loaded: a process executed, mapped or opened a file of the package.</span><CoverageClause /></>}>
      <SeverityTiles filters={filters} link={link} />
      <FilterBar>
        <FilterText label="Id, package or text" value={q} onChange={(value) => set({ q: value }, { replace: true })} />
        <Choices label="Loaded" options={loadedOptions.map(([id, value, label]) => ({ id, label, to: link({ loaded: value }), chosen: loaded === value }))} />
        <Chips chips={chipsOf(filters, link)} clearTo={link({ severity: undefined, container: undefined })} />
      </FilterBar>
      <Table key={JSON.stringify(query)} label="Vulnerabilities" kind="vulnerability" noun={['vulnerability', 'vulnerabilities']} list={list} columns={columns} keyOf={vulnerabilityKey} linkOf={linkOf} openKey={open} empty={<NoVulnerabilities filtered={filtered} />} />
    </Page>
  );
}

/** One question for the sentence and, while nothing narrows the list, for the tiles too. */
function useFacets(query: { readonly loaded?: Filters['loaded']; readonly container?: string | undefined; readonly search?: string | undefined }): Output<'listVulnerabilities'> | undefined {
  return useApi('listVulnerabilities', { query: { ...query, facets: 'include', limit: 1 } }, { keep: true }).data;
}

function Sentence(): ReactNode {
  const found = useFacets({});
  const feeds = useApi('listFeeds', {}).data;
  if (found === undefined || feeds === undefined) return <Bone width={440} height={18} />;
  if (feeds.items.length === 0) return <>No advisories are loaded, so vulnerabilities are <b>unknown</b>, not absent.</>;
  const all = found.total ?? 0;
  const loaded = found.facets?.loaded.yes ?? 0;
  if (all === 0) return <>No known vulnerability in what runs now.</>;
  if (all === 1) return <>The one vulnerability in what runs now is {loaded === 1 ? '' : 'not seen to be '}<b>loaded</b> by a process.</>;
  return <><b>{loaded === 0 ? 'None' : countWords(loaded)}</b> of {countWords(all)} vulnerabilities in what runs now {loaded < 2 ? 'is' : 'are'} {loaded === 0 ? 'seen to be ' : ''}<b>loaded</b> by a process.</>;
}

function SeverityTiles({ filters, link }: { readonly filters: Filters; readonly link: LinkTo }): ReactNode {
  const facets = useFacets({ loaded: filters.loaded, container: filters.container, search: filters.q })?.facets;
  const noFeeds = useApi('listFeeds', {}).data?.items.length === 0;
  const tiles = severityOrder.map((severity): Tile => {
    const chosen = filters.severity === severity;
    // Without advisories a zero would be a lie.
    const count = noFeeds ? '?' : facets ? countWords(facets.severity[severity]) : null;
    return { id: severity, label: <><SeverityShape severity={severity} size={10} />{severityWords[severity]}</>, count, to: link({ severity: chosen ? undefined : severity }), chosen };
  });
  return <Tiles label="Vulnerabilities by severity" tiles={tiles} />;
}

function vulnerabilityColumns(linkOf: (row: VulnerabilityView) => string): readonly Column<VulnerabilityView>[] {
  return [
    { id: 'severity', head: 'Severity', minPx: 92, grow: 0, keep: 8, cell: (row) => <Severity severity={row.severity} /> },
    { id: 'id', head: 'Vulnerability', minPx: 158, grow: 0, keep: 10, cell: (row) => <Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut" title={row.aliases.length === 0 ? row.id : `${row.id}, also ${row.aliases.join(', ')}`}>{row.id}</Link> },
    { id: 'packages', head: 'Package', minPx: 186, grow: 2, keep: 7, cell: (row) => <span className="cut" title={row.packages.join(', ')}>{listWords(row.packages, 1)}</span> },
    { id: 'summary', head: 'Summary', minPx: 160, grow: 5, keep: 2, cell: (row) => <span className="cut quiet" title={row.summary ?? undefined}>{row.summary ?? 'no summary'}</span> },
    { id: 'loaded', head: 'Loaded in runs', minPx: 128, grow: 0, keep: 9, cell: (row) => <><LoadedBar loaded={row.loaded} /><span>{countWords(row.loaded.yes)} <span className="faint">of {countWords(row.workloads)}</span></span></> },
    { id: 'exploited', head: 'Exploited', minPx: 84, grow: 0, keep: 5, cell: (row) => <Exploited exploited={row.exploited} /> },
    { id: 'fix', head: 'Fixed in', minPx: 104, grow: 1, keep: 4, cell: (row) => (row.fixedIn.length === 0 ? <span className="faint">no fix known</span> : <span className="cut mono" title={row.fixedIn.join(', ')}>{listWords(row.fixedIn, 1)}</span>) },
    { id: 'first', head: 'First seen', minPx: 88, grow: 0, keep: 1, end: true, cell: (row) => <Time at={row.firstSeen} /> },
    { id: 'score', head: 'Score', minPx: 56, grow: 0, keep: 6, end: true, cell: (row) => <span className="strong">{scoreWords(row.score)}</span> },
  ];
}

export function Exploited({ exploited }: { readonly exploited: boolean | null }): ReactNode {
  if (exploited === null) return <Tip content="No feed of exploited vulnerabilities is loaded."><span className="unknown-mark hatched">unknown</span></Tip>;
  return exploited ? <span className="strong">yes</span> : <Tip content="Not in the list of known exploited vulnerabilities."><span className="faint">not listed</span></Tip>;
}

function chipsOf(filters: Filters, link: LinkTo): readonly Chip[] {
  const chips: Chip[] = [];
  if (filters.severity !== undefined) chips.push({ id: 'severity', name: 'severity', value: severityWords[filters.severity].toLowerCase(), withoutTo: link({ severity: undefined }) });
  if (filters.container !== undefined) chips.push({ id: 'container', name: 'container', value: shortId(filters.container), withoutTo: link({ container: undefined }) });
  return chips;
}

function NoVulnerabilities({ filtered }: { readonly filtered: boolean }): ReactNode {
  const feeds = useApi('listFeeds', {}).data;
  if (filtered) return <Empty title="No vulnerability matches" action={<Link to="/vulnerabilities" className="button">Clear the filters</Link>}><p>Others may exist; the filters above hide them.</p></Empty>;
  if (feeds !== undefined && feeds.items.length === 0) {
    return (
      <Empty title="No advisories are loaded" action={<Link to="/advisories" className="button is-main">How to load them</Link>}>
        <p>Here stand the vulnerabilities of everything that runs, with what is known of each: is the package only present, or has a process loaded it?</p>
        <p>For that the hub needs advisory feeds. One command on the hub brings them in:</p>
        <Command text={syncCommand} />
      </Empty>
    );
  }
  return <Empty title="No known vulnerability in what runs now" action={<Link to="/coverage" className="button">What is not seen</Link>}><p>Everything that was scanned was matched against the advisories. What was not scanned is listed under coverage.</p></Empty>;
}
