/** A node of Kubernetes that no sensor watches: what Kubernetes says of it, and what to do. */
import type { ReactNode } from 'react';
import type { NodeView } from '@vedette/model/api/views';
import { NextAction } from '../../parts/page.tsx';
import { Command, Fields } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { pathOf } from '../../view/url.ts';
import { clusterPath } from './clusters.tsx';

export function UnwatchedNode({ node }: { readonly node: NodeView }): ReactNode {
  return (
    <article data-testid="unwatched-node">
      <h2 className="panel-title">{node.hostname}</h2>
      <p className="quiet panel-lead">Kubernetes knows this node, and no sensor runs on it: what happens there is not seen.</p>
      <NextAction>
        <p>See whether the sensor’s pod is on the node, and why not:</p>
        <Command text={`kubectl get pods -A -l app.kubernetes.io/name=vedette,app.kubernetes.io/component=sensor --field-selector spec.nodeName=${node.hostname}`} />
        <Command text={`kubectl describe node ${node.hostname}`} />
        <p className="quiet">A taint that the sensor’s DaemonSet does not tolerate keeps its pod away; the chart’s value sensor.tolerations lets it in. A kernel older than 5.8 or without BTF cannot be watched.</p>
      </NextAction>
      <Fields items={[
        ['Cluster', <Link key="cluster" to={pathOf(clusterPath, { id: node.cluster })}>{node.clusterName}</Link>],
        ['Kernel', node.kernel === '' ? 'not told' : node.kernel],
        ['System', node.distribution === '' ? 'not told' : node.distribution],
        ['Architecture', node.architecture === '' ? 'not told' : node.architecture],
      ]} />
    </article>
  );
}
