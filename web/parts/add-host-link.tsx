/** The ways to add a host or a cluster, for those who may: what an empty page offers. */
import type { ReactNode } from 'react';
import { Link } from '../router.tsx';
import { useMay, useSeesHosts } from '../session.tsx';
import { hrefOf } from '../view/url.ts';

export function AddHostLink(): ReactNode {
  const may = useMay('fleet');
  return useSeesHosts() && may ? <span className="row-flow"><Link to={hrefOf('/fleet', { add: 'cluster' })} className="button">Add a cluster</Link><Link to={hrefOf('/fleet', { add: 'host' })} className="button is-main">Add a host</Link></span> : null;
}
