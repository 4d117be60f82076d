/** The clusters of the fleet as cards: how each is reached, its nodes one mark each, and what to do where something is missing. */
import type { ReactNode } from 'react';
import type { ClusterView } from '@vedette/model/api/cluster-views';
import { useNow } from '../../clock.ts';
import { Icon } from '../../parts/icons.tsx';
import { Empty } from '../../parts/page.tsx';
import { Time } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { clusterNeeds, inOrderOfNeed, nodeMarks, nodeWords, type Need } from '../../view/clusters.ts';
import { plural } from '../../view/numbers.ts';
import { pathOf } from '../../view/url.ts';
import './clusters.css';

export const clusterPath = '/fleet/cluster/:id';

interface CardsProps {
  readonly clusters: readonly ClusterView[];
  readonly chosen: string | undefined;
  /** The table below, narrowed to one cluster. */
  readonly narrowTo: (id: string | undefined) => string;
}

export function ClusterCards({ clusters, chosen, narrowTo }: CardsProps): ReactNode {
  const now = useNow();
  return (
    <ul className="clusters" aria-label="Clusters" data-testid="clusters">
      {inOrderOfNeed(clusters, now).map((cluster) => <Card key={cluster.id} cluster={cluster} chosen={cluster.id === chosen} to={narrowTo(cluster.id === chosen ? undefined : cluster.id)} />)}
    </ul>
  );
}

function Card({ cluster, chosen, to }: { readonly cluster: ClusterView; readonly chosen: boolean; readonly to: string }): ReactNode {
  const needs = clusterNeeds(cluster, useNow());
  const isKubernetes = cluster.kind === 'kubernetes';
  return (
    <li className="cluster" data-state={cluster.state} data-testid="cluster" data-key={cluster.id} {...(chosen ? { 'aria-current': 'true' as const } : {})}>
      <p className="cluster-head">
        {isKubernetes ? <Link to={pathOf(clusterPath, { id: cluster.id })} className="plain-link strong cut">{cluster.name}</Link> : <span className="strong cut">{cluster.name}</span>}
        <ClusterState cluster={cluster} />
      </p>
      <Link to={to} className="cluster-nodes" title={chosen ? 'Show the sensors of all clusters' : 'Show only its sensors below'}>
        <NodeMarks cluster={cluster} />
        <span className="small">{isKubernetes ? nodeWords(cluster) : `${cluster.sensors === 0 ? 'nothing has joined yet' : plural(cluster.sensors, 'plain host')}${cluster.sensors === cluster.sensorsConnected ? '' : `, ${cluster.sensors - cluster.sensorsConnected} away`}`}</span>
      </Link>
      {isKubernetes ? <p className="small quiet wrap-flow"><span>{cluster.pods === null ? 'pods not known' : plural(cluster.pods, 'pod')}</span><span>{cluster.version === null ? 'version not known' : `Kubernetes ${cluster.version.replace(/^v/, '')}`}</span>{cluster.reportedAt === null ? null : <span>reported <Time at={cluster.reportedAt} /></span>}</p> : null}
      <Needs needs={needs} />
    </li>
  );
}

export function ClusterState({ cluster }: { readonly cluster: ClusterView }): ReactNode {
  if (cluster.state === 'connected') return <span className="quiet small">connected</span>;
  return <span className="hatched unknown-mark">{cluster.state === 'silent' ? 'silent' : 'nothing reported'}</span>;
}

export function NodeMarks({ cluster }: { readonly cluster: ClusterView }): ReactNode {
  const { marks, more } = nodeMarks(cluster);
  return (
    <span className="node-marks" aria-hidden="true">
      {marks.map((mark, index) => <span key={index} className={`node-mark is-${mark} ${mark === 'no-sensor' ? 'hatched' : ''}`} />)}
      {more === 0 ? null : <span className="small faint">+{more}</span>}
    </span>
  );
}

export function Needs({ needs }: { readonly needs: readonly Need[] }): ReactNode {
  if (needs.length === 0) return null;
  return (
    <ul className="cluster-needs">
      {needs.map((need) => <li key={need.what}><Icon name="incidents" size={14} /><span><span className="strong">{need.what}</span>{need.step === null ? null : <span className="quiet"> {need.step}</span>}</span></li>)}
    </ul>
  );
}

/** An empty list of a kind, and whether that means something. */
export function NotKnown({ kind, cluster }: { readonly kind: string; readonly cluster: ClusterView }): ReactNode {
  const problem = cluster.watches.find((watch) => watch.kind === kind)?.problem ?? null;
  return <Empty title={`No ${kind.toLowerCase()} is known`}><p>{problem === null ? 'The cluster part has not told any yet.' : `They cannot be watched: ${problem}`}</p></Empty>;
}
