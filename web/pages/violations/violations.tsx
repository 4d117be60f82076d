/**
 * Violations: images that run against a policy, or may. They open when what is known of an image changes and close when it is
 * right again, without anybody deploying anything. The list is filtered by the address; unknown stands beside violated.
 */
import { useMemo, type ReactNode } from 'react';
import type { Output } from '@vedette/model/api/table';
import type { ViolationView } from '@vedette/model/api/views';
import { shortId } from '@vedette/model/api/short-id';
import { useApi, usePages } from '../../data.ts';
import { AddHostLink } from '../../parts/add-host-link.tsx';
import { CoverageClause } from '../../parts/coverage-clause.tsx';
import { Chips, Choices, FilterBar, FilterText, type Chip } from '../../parts/filters.tsx';
import { Severity, SeverityShape } from '../../parts/marks.tsx';
import { Bone, Empty, Page, SidePanel, Tiles, type Tile } from '../../parts/page.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { ImageText, Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link, useFilters } from '../../router.tsx';
import { countWords, plural } from '../../view/numbers.ts';
import { hrefOf, pathOf } from '../../view/url.ts';
import { followsSentence, followsShort, violationStateWords } from '../../view/violation-words.ts';
import { incidentSeverities, severityWords } from '../../view/words.ts';
import { ViolationDetail } from './detail.tsx';
import { violationFilters } from './filters.ts';

type Filters = ReturnType<typeof useFilters<typeof violationFilters>>[0];
type LinkTo = ReturnType<typeof useFilters<typeof violationFilters>>[2];
const violationKey = (row: ViolationView): string => row.id;

export function ViolationsPage(): ReactNode {
  const [filters, set, link] = useFilters(violationFilters);
  const { state, severity, verdict, policy, image, q, open } = filters;
  const query = { state, severity, verdict, policy, image, search: q };
  const list = usePages('listViolations', query);
  const linkOf = (row: ViolationView): string => link({ open: row.id });
  const columns = useMemo(() => violationColumns(linkOf), [link]);
  const filtered = [severity, verdict, policy, image, q].some((one) => one !== undefined);
  const panel = open === undefined ? null : (
    <SidePanel kind="Violation" icon="violations" label={open} closeTo={link({ open: undefined })} fullTo={pathOf('/violations/:id', { id: open })} wide>
      <ViolationDetail id={open} />
    </SidePanel>
  );
  return (
    <Page title="Violations" sentence={<Sentence />} panel={panel} note={<><span>What runs is judged again whenever advisories, policies, exceptions or what is loaded change.</span><CoverageClause /></>}>
      <SeverityTiles filters={filters} link={link} />
      <FilterBar>
        <FilterText label="Policy, image, workload or reason" value={q} onChange={(value) => set({ q: value }, { replace: true })} />
        <Choices label="State" options={(['open', 'accepted', 'closed', 'all'] as const).map((one) => ({ id: one, label: one === 'all' ? 'All' : violationStateWords[one], to: link({ state: one }), chosen: state === one }))} />
        <Choices label="Verdict" options={([['any', undefined, 'Any'], ['violated', 'violated', 'Violated'], ['unknown', 'unknown', 'Unknown']] as const).map(([id, value, label]) => ({ id, label, to: link({ verdict: value }), chosen: verdict === value }))} />
        <Chips chips={chipsOf(filters, link)} clearTo={link({ severity: undefined, policy: undefined, image: undefined })} />
      </FilterBar>
      <Table key={JSON.stringify(query)} label="Violations" kind="violation" noun={['violation', 'violations']} list={list} columns={columns} keyOf={violationKey} linkOf={linkOf} openKey={open} empty={<NoViolations filtered={filtered} state={state} clearTo={hrefOf('/violations', { state: state === 'open' ? undefined : state })} />} />
    </Page>
  );
}

function useFacets(query: { readonly state?: Filters['state']; readonly verdict?: Filters['verdict']; readonly policy?: string | undefined; readonly image?: string | undefined; readonly search?: string | undefined }): Output<'listViolations'> | undefined {
  return useApi('listViolations', { query: { ...query, facets: 'include', limit: 1 } }, { keep: true }).data;
}

function Sentence(): ReactNode {
  const open = useFacets({ state: 'open' });
  const sensors = useApi('coverage', {}).data?.sensorsTotal;
  if (open === undefined || sensors === undefined) return <Bone width={380} height={18} />;
  const { violated = 0, unknown = 0 } = open.facets?.verdict ?? {};
  if (violated + unknown === 0) return sensors === 0 ? <>No sensor has joined, so nothing that runs can be judged.</> : <>Nothing that is seen runs against a policy.</>;
  const rest = unknown === 0 ? '' : violated === 0 ? '' : <>, and of <b>{countWords(unknown)}</b> more it is not known</>;
  if (violated === 0) return <>Nothing is known to run against a policy, but of <b>{plural(unknown, 'workload and rule', 'workloads and rules')}</b> it is not known.</>;
  return <><b>{plural(violated, 'violation')}</b> {violated === 1 ? 'is' : 'are'} open{rest}.</>;
}

/** Each tile counts what choosing it would list. */
function SeverityTiles({ filters, link }: { readonly filters: Filters; readonly link: LinkTo }): ReactNode {
  const { state, verdict, policy, image, q } = filters;
  const facets = useFacets({ state, verdict, policy, image, search: q })?.facets;
  const tiles = incidentSeverities.map((severity): Tile => {
    const chosen = filters.severity === severity;
    return { id: severity, label: <><SeverityShape severity={severity} size={10} />{severityWords[severity]}</>, count: facets ? countWords(facets.severity[severity]) : null, to: link({ severity: chosen ? undefined : severity }), chosen };
  });
  return <Tiles label="Violations by severity" tiles={tiles} />;
}

function violationColumns(linkOf: (row: ViolationView) => string): readonly Column<ViolationView>[] {
  return [
    { id: 'severity', head: 'Severity', minPx: 92, grow: 0, keep: 9, cell: (row) => <Severity severity={row.severity} /> },
    { id: 'workload', head: 'Workload', minPx: 170, grow: 3, keep: 10, cell: (row) => <Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut" title={row.workload}>{row.workload}</Link> },
    { id: 'reason', head: 'What is wrong', minPx: 220, grow: 6, keep: 8, cell: (row) => <span className="cut" title={row.reason}>{row.reason}</span> },
    { id: 'follows', head: 'What follows', minPx: 128, grow: 0, keep: 7, cell: (row) => <FollowsMark row={row} /> },
    { id: 'policy', head: 'Policy', minPx: 168, grow: 1, keep: 6, cell: (row) => <span className="cut quiet" title={`${row.policy}, rule ${row.rule}`}>{row.policy}</span> },
    { id: 'image', head: 'Image', minPx: 168, grow: 2, keep: 3, cell: (row) => (row.image === null ? <span className="cut quiet" title={row.platformDigest}>{shortId(row.platformDigest)}</span> : <ImageText image={row.image} />) },
    { id: 'where', head: 'On', minPx: 110, grow: 1, keep: 2, cell: (row) => <span className="cut quiet">{row.hostnames.length === 0 ? 'nothing now' : row.hostnames.length === 1 ? row.hostnames[0] : plural(row.hostnames.length, 'host')}</span> },
    { id: 'since', head: 'Since', minPx: 88, grow: 0, keep: 5, end: true, cell: (row) => <Time at={row.stateSince} /> },
  ];
}

export function FollowsMark({ row }: { readonly row: ViolationView }): ReactNode {
  const words = followsShort(row);
  const className = words === 'unknown' ? 'unknown-mark hatched' : words === 'stopped' ? 'strong' : 'quiet';
  return <Tip content={followsSentence(row)}><span className={className}>{words}</span></Tip>;
}

function chipsOf(filters: Filters, link: LinkTo): readonly Chip[] {
  const chips: Chip[] = [];
  if (filters.severity !== undefined) chips.push({ id: 'severity', name: 'severity', value: severityWords[filters.severity].toLowerCase(), withoutTo: link({ severity: undefined }) });
  if (filters.policy !== undefined) chips.push({ id: 'policy', name: 'policy', value: filters.policy, withoutTo: link({ policy: undefined }) });
  if (filters.image !== undefined) chips.push({ id: 'image', name: 'image', value: shortId(filters.image), withoutTo: link({ image: undefined }) });
  return chips;
}

function NoViolations({ filtered, state, clearTo }: { readonly filtered: boolean; readonly state: string; readonly clearTo: string }): ReactNode {
  const sensors = useApi('coverage', {}).data?.sensorsTotal;
  if (filtered) return <Empty title="No violation matches" action={<Link to={clearTo} className="button">Clear the filters</Link>}><p>Other violations may exist; the filters above hide them.</p></Empty>;
  const shown = <p>Here stand workloads whose image breaks a rule with an action at run time, and those of which it is not known: a feed, a policy or an exception changes, and what runs is judged again.</p>;
  if (sensors === 0) {
    return <Empty title="No sensor has joined yet" action={<AddHostLink />}>{shown}<p>For that a host needs a sensor: one command on the host, and about a minute.</p></Empty>;
  }
  return <Empty title={state === 'open' ? 'No violation is open' : 'None of these'} action={<Link to="/policies" className="button">Policies</Link>}>{shown}<p>Only policies in shadow or enforced speak, and only by rules about images with an action for run.</p></Empty>;
}
