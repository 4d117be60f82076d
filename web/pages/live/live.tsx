/**
 * Live: what runs now, from host to container to process to package. Every step is in the address, so a pasted link
 * opens the same place; the container's panel stands beside the list.
 */
import type { ReactNode } from 'react';
import type { NodeView } from '@vedette/model/api/views';
import { shortId } from '@vedette/model/api/short-id';
import { useApi, usePages } from '../../data.ts';
import { CoverageClause } from '../../parts/coverage-clause.tsx';
import { Chips, FilterBar, FilterText, Choices, type Chip } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Bone, Page, Tabs } from '../../parts/page.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link, useFilters } from '../../router.tsx';
import { countWords, plural } from '../../view/numbers.ts';
import { ContainerPanel } from './container.tsx';
import { ContainerTable, ProcessTable } from './tables.tsx';
import { liveFilters, type Link as LinkTo, type LiveFilters } from './filters.ts';
import { ProcessPanel } from './process-panel.tsx';
import './live.css';

export function LivePage(): ReactNode {
  const [filters, set, link] = useFilters(liveFilters);
  const nodes = usePages('listNodes', {}, { pageSize: 200 });
  const node = nodes.rows?.find((one) => one.id === filters.node);
  const closeTo = link({ open: undefined, process: undefined, tab: 'overview', loaded: undefined, package: undefined });
  const panel = filters.open !== undefined
    ? <ContainerPanel id={filters.open} filters={filters} link={link} set={set} closeTo={closeTo} />
    : filters.process !== undefined ? <ProcessPanel processKey={filters.process} closeTo={closeTo} link={link} /> : null;
  return (
    <Page title="Live" sentence={<Sentence node={node} />} panel={panel} note={nodes.rows === undefined ? <Bone width={260} /> : <Crumbs node={node} filters={filters} link={link} />}>
      <div className="live">
        <Hosts nodes={nodes.rows} chosen={filters.node} link={link} choose={(id) => set({ node: id })} />
        <div className="live-main">
          <Tabs label="What to list" kind="view" chosen={filters.view} tabs={[
            { id: 'containers', label: 'Containers', to: link({ view: 'containers', container: undefined, process: undefined }) },
            { id: 'processes', label: 'Processes', to: link({ view: 'processes', open: undefined, tab: 'overview' }) },
          ]} />
          <FilterBar>
            <FilterText label={filters.view === 'containers' ? 'Name, image or id' : 'Path, argument or name'} value={filters.q} onChange={(q) => set({ q }, { replace: true })} />
            {filters.view === 'containers' ? <><EndedChoice filters={filters} link={link} /><SandboxChoice filters={filters} link={link} /></> : <WhereChoice filters={filters} link={link} />}
            <Chips chips={chipsOf(filters, link)} clearTo={link({ image: undefined, container: undefined })} />
          </FilterBar>
          {filters.view === 'containers' ? <ContainerTable filters={filters} link={link} /> : <ProcessTable filters={filters} link={link} />}
        </div>
      </div>
    </Page>
  );
}

function Sentence({ node }: { readonly node: NodeView | undefined }): ReactNode {
  const counts = useApi('risk', {}).data?.counts;
  const connected = useApi('coverage', {}).data?.sensorsConnected;
  if (node?.state === 'no-sensor') return <><b>{node.hostname}</b> has no sensor: what runs there is not seen.</>;
  if (node !== undefined) {
    return <><b>{node.hostname}</b> runs {plural(node.processes, 'process', 'processes')} and {node.containers === 0 ? 'no container' : plural(node.containers, 'container')}{node.connected ? '.' : '; its sensor is not connected, so this is the last that was seen.'}</>;
  }
  if (counts === undefined || connected === undefined) return <Bone width={420} height={18} />;
  if (counts.hosts === 0) return <>Nothing is watched yet.</>;
  return <><b>{plural(counts.processes, 'process', 'processes')}</b> and <b>{counts.containers === 0 ? 'no container' : plural(counts.containers, 'container')}</b> {connected === 0 ? <>ran on {plural(counts.hosts, 'host')} when a sensor was last heard; none is connected.</> : <>run on {plural(counts.hosts, 'host')}.</>}</>;
}

function Crumbs({ node, filters, link }: { readonly node: NodeView | undefined; readonly filters: LiveFilters; readonly link: LinkTo }): ReactNode {
  const step = <Icon name="expand" size={12} />;
  return (
    <nav className="crumbs" aria-label="Where you are">
      <Link to={link({ node: undefined, container: undefined, open: undefined, process: undefined })}>All hosts</Link>
      {filters.node === undefined ? null : <>{step}<Link to={link({ container: undefined, open: undefined, process: undefined })}>{node?.hostname ?? shortId(filters.node)}</Link></>}
      {filters.container === undefined ? null : <>{step}<span>{filters.container === 'host' ? 'in no container' : shortId(filters.container)}</span></>}
      {filters.open === undefined ? null : <>{step}<span>container {shortId(filters.open)}</span></>}
      {filters.open !== undefined && filters.tab !== 'overview' ? <>{step}<span>{filters.tab}</span></> : null}
      {filters.node === undefined && filters.open === undefined ? <span className="crumbs-clause"><CoverageClause /></span> : null}
    </nav>
  );
}

function Hosts({ nodes, chosen, link, choose }: { readonly nodes: readonly NodeView[] | undefined; readonly chosen: string | undefined; readonly link: LinkTo; readonly choose: (id: string | undefined) => void }): ReactNode {
  return (
    <>
      <nav className="hosts" aria-label="Hosts">
        <p className="hosts-head small quiet">Hosts</p>
        <Link to={link({ node: undefined })} className="host" {...(chosen === undefined ? { 'aria-current': 'true' as const } : {})}><Icon name="fleet" size={14} /><span className="cut">All hosts</span></Link>
        {nodes === undefined ? [0, 1, 2].map((index) => <span key={index} className="host"><Bone width="70%" /></span>) : nodes.map((node) => <Host key={node.id} node={node} to={link({ node: node.id })} chosen={node.id === chosen} />)}
      </nav>
      <label className="hosts-narrow"><span className="unseen">Host</span>
        <select className="input" value={chosen ?? ''} onChange={(event) => choose(event.target.value === '' ? undefined : event.target.value)}>
          <option value="">All hosts</option>
          {nodes?.map((node) => <option key={node.id} value={node.id}>{node.hostname}</option>)}
        </select>
      </label>
    </>
  );
}

function Host({ node, to, chosen }: { readonly node: NodeView; readonly to: string; readonly chosen: boolean }): ReactNode {
  const words = node.state === 'no-sensor' ? `${node.distribution}, kernel ${node.kernel}. No sensor runs there: nothing of it is seen.` : `${node.distribution}, kernel ${node.kernel}, ${node.architecture}. ${plural(node.processes, 'process', 'processes')}, ${plural(node.containers, 'container')}.${node.connected ? '' : ' Its sensor is not connected.'}`;
  return (
    <Tip content={words} className="host-tip">
      <Link to={to} className="host" data-testid="host" data-key={node.id} {...(chosen ? { 'aria-current': 'true' as const } : {})}>
        <Icon name="host" size={14} /><span className="cut">{node.hostname}</span>
        {node.connected ? <span className="faint small host-count">{countWords(node.containers)}</span> : <span className="host-away small">{node.state === 'away' ? 'away' : 'no sensor'}</span>}
      </Link>
    </Tip>
  );
}

function EndedChoice({ filters, link }: { readonly filters: LiveFilters; readonly link: LinkTo }): ReactNode {
  return <Choices label="Running or ended" options={[{ id: 'running', label: 'Running', to: link({ ended: undefined }), chosen: filters.ended === undefined }, { id: 'ended', label: 'Also ended', to: link({ ended: 'include' }), chosen: filters.ended === 'include' }]} />;
}

/** What is not listed is counted here: half of what runs in a cluster is the sandboxes of its pods. */
function SandboxChoice({ filters, link }: { readonly filters: LiveFilters; readonly link: LinkTo }): ReactNode {
  const { node, image, q, ended, sandboxes } = filters;
  const { data } = useApi('listContainers', { query: { node, image, search: q, ended: ended ?? 'exclude', sandboxes: 'only', limit: 1 } }, { keep: true });
  const count = data?.total ?? 0;
  if (count === 0 && sandboxes === undefined) return null;
  return (
    <Choices label="Pod sandboxes" options={[
      { id: 'hidden', label: sandboxes === undefined ? `${plural(count, 'pod sandbox', 'pod sandboxes')} hidden` : 'Hide pod sandboxes', to: link({ sandboxes: undefined }), chosen: sandboxes === undefined },
      { id: 'include', label: 'Shown', to: link({ sandboxes: 'include' }), chosen: sandboxes === 'include' },
      { id: 'only', label: 'Only these', to: link({ sandboxes: 'only' }), chosen: sandboxes === 'only' },
    ]} />
  );
}

function WhereChoice({ filters, link }: { readonly filters: LiveFilters; readonly link: LinkTo }): ReactNode {
  return <Choices label="Where it runs" options={[{ id: 'anywhere', label: 'Anywhere', to: link({ container: undefined }), chosen: filters.container === undefined }, { id: 'host', label: 'On the host itself', to: link({ container: 'host' }), chosen: filters.container === 'host' }]} />;
}

function chipsOf(filters: LiveFilters, link: LinkTo): readonly Chip[] {
  const chips: Chip[] = [];
  if (filters.image !== undefined) chips.push({ id: 'image', name: 'image', value: filters.image, withoutTo: link({ image: undefined }) });
  if (filters.container !== undefined && filters.container !== 'host') chips.push({ id: 'container', name: 'container', value: shortId(filters.container), withoutTo: link({ container: undefined }) });
  return chips;
}
