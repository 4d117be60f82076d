/** What the address of a cluster's page holds. */
import { oneOf, text, type Values } from '../../view/url.ts';

export const clusterFilters = { tab: oneOf(['workloads', 'namespaces', 'nodes', 'watching'], 'workloads'), namespace: text(253), q: text(200), open: text(700) };
export type ClusterFilters = Values<typeof clusterFilters>;
export type ClusterLink = (change: Partial<ClusterFilters>) => string;
