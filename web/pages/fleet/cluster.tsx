/** One cluster: what needs a person, its workloads, namespaces and nodes, and how the watching of each kind goes. */
import { useState, type ReactNode } from 'react';
import type { ClusterDetailView, NamespaceView, WatchView } from '@vedette/model/api/cluster-views';
import type { NodeView } from '@vedette/model/api/views';
import { useNow } from '../../clock.ts';
import { useApi, useChange, usePages, wholeList } from '../../data.ts';
import { FilterBar, FilterText } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Bone, BoneLines, Empty, Page, Tabs } from '../../parts/page.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Fields, Time } from '../../parts/text.tsx';
import { go, Link, useFilters } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { admissionWords, clusterNeeds, networkWords } from '../../view/clusters.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { hrefOf } from '../../view/url.ts';
import { clusterFilters, type ClusterLink } from './cluster-filters.ts';
import { ClusterState, Needs, NodeMarks, NotKnown } from './clusters.tsx';
import { WorkloadPanel, WorkloadTable } from './workloads.tsx';
import './clusters.css';
import './fleet.css';

export function ClusterPage({ params }: { readonly params: Readonly<Record<string, string>> }): ReactNode {
  const id = params['id'] ?? '';
  const { data, error, refetch } = useApi('getCluster', { params: { id } });
  const [filters, set, link] = useFilters(clusterFilters);
  const panel = filters.open === undefined || data === undefined ? null : <WorkloadPanel cluster={data} open={filters.open} closeTo={link({ open: undefined })} />;
  const above = <Link to="/fleet" className="back-link"><Icon name="back" size={12} />Fleet</Link>;
  if (data === undefined) return <Page title="Cluster" sentence={error === null ? <Bone width={360} height={18} /> : 'This cluster cannot be shown.'} above={above}>{error === null ? <BoneLines count={10} /> : <ProblemBox error={error} again={() => void refetch()} />}</Page>;
  return (
    <Page title="Cluster" sentence={<Sentence cluster={data} />} above={above} panel={panel} note={<span className="wrap-flow"><ClusterState cluster={data} />{data.version === null ? null : <span>Kubernetes {data.version.replace(/^v/, '')}</span>}<span>reported <Time at={data.reportedAt} absent="never" /></span></span>}>
      <Attention cluster={data} />
      <Tabs label="Of this cluster" kind="cluster-tab" chosen={filters.tab} tabs={[
        { id: 'workloads', label: 'Workloads', to: link({ tab: 'workloads', open: undefined }) },
        { id: 'namespaces', label: 'Namespaces', count: data.namespaces === null ? null : countWords(data.namespaces), to: link({ tab: 'namespaces', open: undefined }) },
        { id: 'nodes', label: 'Nodes', count: data.nodes === null ? null : countWords(data.nodes), to: link({ tab: 'nodes', open: undefined }) },
        { id: 'watching', label: 'Watching', count: data.watches.length === 0 ? null : `${data.watches.filter((watch) => watch.synced && watch.problem === null).length} of ${data.watches.length}`, to: link({ tab: 'watching', open: undefined }) },
      ]} />
      {filters.tab === 'workloads' ? (
        <>
          <FilterBar>
            <FilterText label="Namespace or name" value={filters.q} onChange={(q) => set({ q }, { replace: true })} />
            <label><span className="unseen">Namespace</span>
              <select className="input namespace-pick" value={filters.namespace ?? ''} onChange={(event) => set({ namespace: event.target.value === '' ? undefined : event.target.value })} data-testid="namespace">
                <option value="">All namespaces</option>
                {data.namespaceList.map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}
              </select>
            </label>
          </FilterBar>
          <WorkloadTable cluster={data} filters={filters} link={link} />
        </>
      ) : null}
      {filters.tab === 'namespaces' ? <Namespaces cluster={data} link={link} /> : null}
      {filters.tab === 'nodes' ? <Nodes cluster={data} /> : null}
      {filters.tab === 'watching' ? <Watching cluster={data} /> : null}
    </Page>
  );
}

function Sentence({ cluster }: { readonly cluster: ClusterDetailView }): ReactNode {
  const where = cluster.nodes === null ? 'on nodes that are not known' : `on ${plural(cluster.nodes, 'node')}`;
  const seen = cluster.nodesWithoutSensor === 0 ? '.' : cluster.nodesWithoutSensor === cluster.nodes ? '; none has a sensor.' : `; ${cluster.nodesWithoutSensor} of them ${cluster.nodesWithoutSensor === 1 ? 'has' : 'have'} no sensor.`;
  if (cluster.pods === null) return <>What <b>{cluster.name}</b> runs is not known yet.</>;
  return <><b>{cluster.name}</b> {cluster.state === 'connected' ? 'runs' : 'last said that it runs'} <b>{plural(cluster.pods, 'pod')}</b> {where}{seen}</>;
}

function Attention({ cluster }: { readonly cluster: ClusterDetailView }): ReactNode {
  const needs = clusterNeeds(cluster, useNow());
  if (needs.length === 0) return null;
  return <div className="cluster is-alone" data-testid="cluster-needs"><Needs needs={needs} /></div>;
}

const namespaceKey = (row: NamespaceView): string => row.name;

function Namespaces({ cluster, link }: { readonly cluster: ClusterDetailView; readonly link: ClusterLink }): ReactNode {
  const to = (row: NamespaceView): string => link({ tab: 'workloads', namespace: row.name });
  const columns: readonly Column<NamespaceView>[] = [
    { id: 'name', head: 'Namespace', minPx: 160, grow: 3, keep: 9, cell: (row) => <Link to={to(row)} tabIndex={-1} className="plain-link strong cut">{row.name}</Link> },
    { id: 'pods', head: 'Pods', minPx: 64, grow: 0, keep: 8, end: true, cell: (row) => countWords(row.pods) },
    { id: 'privileged', head: 'Privileged', minPx: 80, grow: 0, keep: 6, end: true, cell: (row) => (row.podsPrivileged === 0 ? <span className="faint">0</span> : <span className="strong">{countWords(row.podsPrivileged)}</span>) },
    { id: 'security', head: 'Pod security enforced', minPx: 140, grow: 2, keep: 5, cell: (row) => row.podSecurity ?? <span className="faint">nothing</span> },
    { id: 'since', head: 'Known since', minPx: 96, grow: 0, keep: 2, end: true, cell: (row) => <Time at={row.since} /> },
  ];
  return <Table label="Namespaces" kind="namespace" noun={['namespace', 'namespaces']} list={wholeList(cluster.namespaceList, { error: null, refetch: () => undefined })} columns={columns} keyOf={namespaceKey} linkOf={to} empty={<NotKnown kind="Namespace" cluster={cluster} />} />;
}

const nodeKey = (row: NodeView): string => row.id;

function Nodes({ cluster }: { readonly cluster: ClusterDetailView }): ReactNode {
  const list = usePages('listNodes', { cluster: cluster.id });
  const to = (row: NodeView): string => (row.state === 'no-sensor' ? hrefOf('/fleet', { open: row.id, cluster: cluster.id }) : hrefOf('/live', { node: row.id }));
  const columns: readonly Column<NodeView>[] = [
    { id: 'name', head: 'Node', minPx: 160, grow: 3, keep: 9, cell: (row) => <><Icon name="host" size={14} /><Link to={to(row)} tabIndex={-1} className="plain-link strong cut">{row.hostname}</Link></> },
    { id: 'state', head: 'Sensor', minPx: 110, grow: 1, keep: 8, cell: (row) => (row.state === 'connected' ? <span className="quiet">connected</span> : <span className="hatched unknown-mark">{row.state === 'away' ? 'away' : 'no sensor'}</span>) },
    { id: 'containers', head: 'Containers', minPx: 80, grow: 0, keep: 6, end: true, cell: (row) => (row.state === 'no-sensor' ? <span className="faint">not seen</span> : countWords(row.containers)) },
    { id: 'kernel', head: 'Kernel', minPx: 120, grow: 2, keep: 4, cell: (row) => <span className="cut quiet">{row.kernel}</span> },
    { id: 'system', head: 'System', minPx: 140, grow: 2, keep: 3, cell: (row) => <span className="cut quiet">{row.distribution}</span> },
    { id: 'seen', head: 'Last seen', minPx: 88, grow: 0, keep: 2, end: true, cell: (row) => <Time at={row.lastSeenAt} /> },
  ];
  return <Table label="Nodes" kind="node" noun={['node', 'nodes']} list={list} columns={columns} keyOf={nodeKey} linkOf={to} empty={<NotKnown kind="Node" cluster={cluster} />} />;
}

const watchKey = (row: WatchView): string => row.kind;

function Watching({ cluster }: { readonly cluster: ClusterDetailView }): ReactNode {
  const columns: readonly Column<WatchView>[] = [
    { id: 'kind', head: 'Kind', minPx: 150, grow: 1, keep: 9, cell: (row) => <span className={`cut ${row.problem === null ? '' : 'strong'}`}>{row.kind}</span> },
    { id: 'objects', head: 'Objects', minPx: 72, grow: 0, keep: 7, end: true, cell: (row) => (row.syncedAt === null ? <span className="faint">?</span> : countWords(row.objects)) },
    { id: 'state', head: 'State', minPx: 180, grow: 5, keep: 8, cell: (row) => (row.problem !== null ? <span className="cut" title={row.problem}>{row.problem}</span> : row.synced ? <span className="quiet">up to date</span> : <span className="hatched unknown-mark">not listed yet</span>) },
    { id: 'listed', head: 'Listed', minPx: 88, grow: 0, keep: 3, end: true, cell: (row) => <Time at={row.syncedAt} /> },
  ];
  return (
    <div className="stack">
      <Fields items={[
        ['Network policies', <span key="network"><span className="strong">{networkWords(cluster)}</span>{cluster.networkPolicy?.evidence === undefined || cluster.networkPolicy.evidence === null ? null : <span className="quiet"> {cluster.networkPolicy.evidence}</span>}</span>],
        ['Admission', admissionWords(cluster)],
        ['Cluster part', cluster.partVersion === null ? 'not joined' : <span key="part">version {cluster.partVersion}, heard <Time at={cluster.heardAt} /></span>],
        ['Sensors', <span key="sensors" className="row-flow"><NodeMarks cluster={cluster} />{cluster.sensorsConnected} of {plural(cluster.sensors, 'sensor')} connected</span>],
        ['Too large to send', cluster.objectsDropped === 0 ? 'nothing' : plural(cluster.objectsDropped, 'object')],
        ['Cluster UID', cluster.uid === null ? 'not told yet' : <code key="uid" className="mono">{cluster.uid}</code>],
      ]} />
      <Table label="Watched kinds" kind="watch" noun={['kind', 'kinds']} list={wholeList(cluster.watches, { error: null, refetch: () => undefined })} columns={columns} keyOf={watchKey} empty={<Empty title="Nothing is watched yet"><p>The cluster part has not reported.</p></Empty>} />
      <Remove cluster={cluster} />
    </div>
  );
}

function Remove({ cluster }: { readonly cluster: ClusterDetailView }): ReactNode {
  const may = useMay('fleet');
  const [asking, setAsking] = useState(false);
  const remove = useChange('removeCluster', ['listClusters', 'listSensors', 'listNodes', 'coverage', 'risk']);
  if (!may) return null;
  return (
    <div className="sensor-remove">
      <button type="button" className="button" onClick={() => setAsking(true)} data-testid="remove-cluster"><Icon name="bin" size={14} />Remove this cluster</button>
      {asking ? (
        <Dialog title={`Remove ${cluster.name}?`} onClose={() => setAsking(false)}>
          <p>Its cluster part and {cluster.sensors === 0 ? 'its sensors' : plural(cluster.sensors, 'sensor')} are refused from now on, and what it runs is forgotten. Policies stop acting there when the chart is uninstalled: <code className="mono">helm uninstall vedette -n vedette</code></p>
          <p className="quiet">To undo: add the cluster again; it comes back as the same one. Incidents and the audit log are kept.</p>
          <FormProblem error={remove.error} />
          <DialogActions>
            <button type="button" className="button" onClick={() => setAsking(false)}>Keep it</button>
            <button type="button" className="button is-grave" disabled={remove.isPending} onClick={() => remove.mutate({ params: { id: cluster.id } }, { onSuccess: () => go('/fleet') })}>Remove {cluster.name}</button>
          </DialogActions>
        </Dialog>
      ) : null}
    </div>
  );
}
