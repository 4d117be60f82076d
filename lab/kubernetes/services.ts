/**
 * The kube-proxy of a node: it leads the addresses of Services to their Pods, for Pods and for this machine itself, where the
 * API server needs it to call a webhook that is named as a Service. In nftables mode, since everything is then in two
 * tables with a name (ip and ip6 kube-proxy) that can be removed whole. Those names are one machine's: see Slot.claimServices.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from './daemon.ts';
import type { KubernetesNode } from './node.ts';

const readyMs = 30_000;

export async function startServices(node: KubernetesNode): Promise<Daemon> {
  const { cluster } = node;
  const loopback = cluster.slot.loopback(node.index);
  const path = join(node.directory, 'kube-proxy.json');
  writeFileSync(path, JSON.stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration',
    mode: 'nftables', hostnameOverride: node.name, bindAddress: node.address,
    healthzBindAddress: `${loopback}:10256`, metricsBindAddress: `${loopback}:10249`,
    clientConnection: { kubeconfig: await node.config('kube-proxy', 'system:kube-proxy', ['system:node-proxier']) },
    clusterCIDR: cluster.slot.podNetwork, detectLocalMode: 'ClusterCIDR',
    // the limits of connection tracking are the machine's, not a lab's
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    nftables: { syncPeriod: '30s', minSyncPeriod: '100ms' },
  }));
  const daemon = node.daemon('kube-proxy', cluster.tools.kubernetes['kube-proxy'], [`--config=${path}`]);
  // it calls itself healthy before the first rule is in the kernel
  await daemon.ready(async () => await cluster.isReadyByService(), readyMs);
  return daemon;
}
