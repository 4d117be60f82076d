/** The workloads of a cluster as a list, and one of them with its pods and containers, each leading to what was seen of it. */
import type { ReactNode } from 'react';
import type { ClusterDetailView, PodContainerView, PodView, WorkloadView } from '@vedette/model/api/cluster-views';
import { useApi, usePages } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { BoneLines, Empty, Section, SidePanel } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Digest, Fields, ImageText, Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link } from '../../router.tsx';
import { exposedWord, podsWord, podWord, powerWords } from '../../view/clusters.ts';
import { hrefOf } from '../../view/url.ts';
import type { ClusterFilters, ClusterLink } from './cluster-filters.ts';
import { NotKnown } from './clusters.tsx';

/** Names in Kubernetes hold no slash. */
function keyOf(row: Pick<WorkloadView, 'namespace' | 'kind' | 'name'>): string {
  return `${row.namespace}/${row.kind}/${row.name}`;
}

function Exposed({ exposed }: { readonly exposed: WorkloadView['exposed'] }): ReactNode {
  const lines = [...exposed.by, ...exposed.inside.map((name) => `Service ${name}, from within the cluster`), ...(exposed.reason === null ? [] : [exposed.reason])];
  const word = exposed.state === 'unknown' ? <span className="hatched unknown-mark">unknown</span> : <span className={exposed.state === 'yes' ? 'strong' : 'quiet'}>{exposedWord(exposed)}</span>;
  return lines.length === 0 ? word : <Tip content={<span className="tip-lines">{lines.map((line) => <span key={line}>{line}</span>)}</span>}>{word}</Tip>;
}

function columnsOf(link: ClusterLink): readonly Column<WorkloadView>[] {
  return [
    { id: 'name', head: 'Workload', minPx: 140, grow: 3, keep: 10, cell: (row) => <Link to={link({ open: keyOf(row) })} tabIndex={-1} className="plain-link strong cut">{row.name}</Link> },
    { id: 'kind', head: 'Kind', minPx: 96, grow: 0, keep: 5, cell: (row) => <span className="quiet cut">{row.kind}</span> },
    { id: 'namespace', head: 'Namespace', minPx: 110, grow: 1, keep: 6, cell: (row) => <Link to={link({ namespace: row.namespace })} tabIndex={-1} className="plain-link quiet cut">{row.namespace}</Link> },
    { id: 'pods', head: 'Pods', minPx: 72, grow: 0, keep: 9, end: true, cell: (row) => <span className={row.running === row.pods ? '' : 'strong'}>{podsWord(row)}</span> },
    { id: 'image', head: 'Image', minPx: 150, grow: 4, keep: 4, cell: (row) => (row.images[0] === undefined ? <span className="faint">no pod</span> : <><ImageText image={row.images[0]} />{row.images.length === 1 ? null : <span className="faint small">+{row.images.length - 1}</span>}</>) },
    { id: 'exposed', head: 'Reachable', minPx: 104, grow: 0, keep: 8, cell: (row) => <Exposed exposed={row.exposed} /> },
    { id: 'powers', head: 'May use', minPx: 110, grow: 2, keep: 7, cell: (row) => <Powers one={row} /> },
  ];
}

function Powers({ one }: { readonly one: Pick<WorkloadView, 'privileged' | 'hostAccess'> }): ReactNode {
  const words = powerWords(one);
  return words.length === 0 ? <span className="faint">its containers</span> : <span className={`cut ${one.privileged ? 'strong' : ''}`} title={words.join(', ')}>{words.join(', ')}</span>;
}

export function WorkloadTable({ cluster, filters, link }: { readonly cluster: ClusterDetailView; readonly filters: ClusterFilters; readonly link: ClusterLink }): ReactNode {
  const query = { cluster: cluster.id, namespace: filters.namespace, search: filters.q };
  const list = usePages('listWorkloads', query);
  const isNarrowed = filters.namespace !== undefined || filters.q !== undefined;
  return (
    <Table
      key={JSON.stringify(query)} label="Workloads" kind="workload" noun={['workload', 'workloads']} list={list} columns={columnsOf(link)} keyOf={keyOf} linkOf={(row) => link({ open: keyOf(row) })} openKey={filters.open}
      empty={isNarrowed ? <Empty title="No workload matches" action={<Link to={link({ namespace: undefined, q: undefined })} className="button">Clear the filters</Link>}><p>Others exist; the filters above hide them.</p></Empty> : <NotKnown kind="Pod" cluster={cluster} />}
    />
  );
}

export function WorkloadPanel({ cluster, open, closeTo }: { readonly cluster: ClusterDetailView; readonly open: string; readonly closeTo: string }): ReactNode {
  const [namespace = '', kind = '', name = ''] = open.split('/');
  const { data, error, refetch } = useApi('listWorkloads', { query: { cluster: cluster.id, namespace, kind, name } });
  const workload = data?.items[0];
  return (
    <SidePanel kind={kind === '' ? 'Workload' : kind} icon="package" label={name} closeTo={closeTo}>
      {workload !== undefined ? <Loaded workload={workload} /> : error !== null ? <ProblemBox error={error} again={() => void refetch()} /> : data === undefined ? <BoneLines count={10} /> : <Empty title="It is gone" action={<Link to={closeTo} className="button">Close</Link>}><p>{kind} {name} is no longer in namespace {namespace} of {cluster.name}.</p></Empty>}
    </SidePanel>
  );
}

function Loaded({ workload }: { readonly workload: WorkloadView }): ReactNode {
  const { exposed } = workload;
  return (
    <article data-testid="workload">
      <h2 className="panel-title">{workload.name}</h2>
      <p className="quiet panel-lead">{workload.kind} in namespace {workload.namespace} of {workload.clusterName}</p>
      <Fields items={[
        ['Reachable', <span key="exposed" className="stack"><Exposed exposed={exposed} />{exposed.by.length === 0 ? null : <span className="quiet">{exposed.by.join(', ')}</span>}</span>],
        ['May use', <Powers key="powers" one={workload} />],
        ['Service account', workload.serviceAccounts.length === 0 ? <span key="none" className="faint">none known</span> : workload.serviceAccounts.join(', ')],
        ['Images', workload.images.length === 0 ? <span key="none" className="faint">no pod</span> : <span key="images" className="stack">{workload.images.map((image) => <ImageText key={image} image={image} whole />)}</span>],
        ['Digests', workload.digests.length === 0 ? <span key="none" className="faint">not told by the runtime</span> : <span key="digests" className="stack">{workload.digests.map((digest) => <Digest key={digest} digest={digest} />)}</span>],
      ]} />
      <Pods workload={workload} />
    </article>
  );
}

function Pods({ workload }: { readonly workload: WorkloadView }): ReactNode {
  const { cluster, namespace, kind, name } = workload;
  const { data, error, refetch } = useApi('listPods', { query: { cluster, namespace, workloadKind: kind, workload: name, limit: 100 } });
  const more = (data?.total ?? 0) - (data?.items.length ?? 0);
  return (
    <Section title="Pods" aside={podsWord(workload)} id="pods">
      {data !== undefined ? <ul>{data.items.map((pod) => <Pod key={pod.uid} pod={pod} />)}</ul> : error !== null ? <ProblemBox error={error} again={() => void refetch()} /> : <BoneLines count={3} />}
      {data?.items.length === 0 ? <p className="quiet">It has no pod now.</p> : null}
      {more > 0 ? <p className="quiet">{more} more are not listed here.</p> : null}
    </Section>
  );
}

function Pod({ pod }: { readonly pod: PodView }): ReactNode {
  return (
    <li className="pod" data-testid="pod">
      <p className="pod-head"><span className="strong wrap-anywhere">{pod.name}</span><span className={pod.phase === 'Running' ? 'quiet' : 'strong'}>{podWord(pod)}</span>{pod.node === null ? <span className="quiet">on no node yet</span> : <span className="quiet">on {pod.node}</span>}{pod.startedAt === null ? null : <span className="quiet">since <Time at={pod.startedAt} age /></span>}</p>
      <ul className="pod-containers">{pod.containers.map((one) => <Container key={`${one.role}${one.name}`} container={one} />)}</ul>
    </li>
  );
}

function Container({ container }: { readonly container: PodContainerView }): ReactNode {
  const seen = container.containerId !== null && container.watched ? <Link to={hrefOf('/live', { open: container.containerId, ended: container.state === 'terminated' ? 'include' : undefined })} className="row-flow nowrap"><Icon name="live" size={14} />live</Link> : container.state === 'running' ? <Tip content="No sensor has reported this container: what happens in it is not seen."><span className="hatched unknown-mark">not seen</span></Tip> : <span className="faint nowrap">{container.reason ?? container.state}</span>;
  return <li className="pod-container"><span className="cut">{container.name}{container.role === 'main' ? '' : <span className="faint"> {container.role}</span>}</span><ImageText image={container.image} />{seen}</li>;
}
