/**
 * The frameworks that controls answer, and those of their requirements that a control may name: numbers and headings are facts
 * of their publishers, the short words beside a number are ours. A control that names a requirement which is not here is
 * refused, so that no report shows a number that nobody checked. Only what can be told from objects and processes is listed:
 * a framework asks more than this, and every view says so.
 */
import type { Control } from '@vedette/model/control';
import type { FrameworkId } from '@vedette/model/control-words';

export interface Framework {
  readonly id: FrameworkId;
  readonly title: string;
  /** Who publishes it, and which edition the numbers are of. */
  readonly source: string;
  readonly requirements: Readonly<Record<string, string>>;
}

const cis: Readonly<Record<string, string>> = {
  '1.2.1': 'API server: no anonymous requests',
  '1.2.2': 'API server: no static token file',
  '1.2.6': 'API server: authorization is not AlwaysAllow',
  '1.2.7': 'API server: the Node authorizer is used',
  '1.2.8': 'API server: RBAC is used',
  '1.2.14': 'API server: NodeRestriction is on',
  '1.2.15': 'API server: profiling is off',
  '1.2.16': 'API server: an audit log is written',
  '1.2.17': 'API server: audit logs are kept for 30 days',
  '1.2.27': 'API server: secrets are encrypted at rest',
  '2.2': 'etcd: clients are checked by certificate',
  '4.2.1': 'Kubelet: no anonymous requests',
  '4.2.2': 'Kubelet: authorization is not AlwaysAllow',
  '4.2.3': 'Kubelet: clients are checked by certificate',
  '4.2.4': 'Kubelet: the read-only port is closed',
  '4.2.5': 'Kubelet: idle streams end',
  '4.2.6': 'Kubelet: keeps its own iptables chains',
  '4.2.10': 'Kubelet: client certificates rotate',
  '4.2.13': 'Kubelet: the number of processes of a pod is bounded',
  '5.1.1': 'cluster-admin only where it is needed',
  '5.1.2': 'Few may read secrets',
  '5.1.3': 'No wildcards in roles',
  '5.1.4': 'Few may create pods',
  '5.1.5': 'Default service accounts are not used',
  '5.1.6': 'Service account tokens only where they are needed',
  '5.1.7': 'No use of the group system:masters',
  '5.1.8': 'Few may bind, impersonate or escalate',
  '5.1.9': 'Few may create persistent volumes',
  '5.1.10': 'Few may use the proxy of nodes',
  '5.1.11': 'Few may approve certificate requests',
  '5.1.12': 'Few may change admission webhooks',
  '5.1.13': 'Few may make service account tokens',
  '5.2.1': 'A policy mechanism is active for every namespace',
  '5.2.2': 'No privileged containers',
  '5.2.3': 'No process namespace of the host',
  '5.2.4': 'No IPC namespace of the host',
  '5.2.5': 'No network namespace of the host',
  '5.2.6': 'No privilege escalation',
  '5.2.7': 'No root containers',
  '5.2.8': 'No NET_RAW capability',
  '5.2.9': 'No added capabilities',
  '5.2.10': 'No capabilities assigned',
  '5.2.11': 'No Windows HostProcess containers',
  '5.2.12': 'No hostPath volumes',
  '5.2.13': 'No host ports',
  '5.3.1': 'The network plugin enforces NetworkPolicies',
  '5.3.2': 'Every namespace has NetworkPolicies',
  '5.4.1': 'Secrets as files, not as environment variables',
  '5.5.1': 'The provenance of images is checked at admission',
  '5.7.2': 'A seccomp profile is set',
  '5.7.3': 'Pods and containers have a security context',
  '5.7.4': 'The default namespace is not used',
};

/** The guide has no numbers: these are its headings. */
const nsa: Readonly<Record<string, string>> = {
  'Pod security: non-root containers': 'Applications do not run as root',
  'Pod security: immutable file systems': 'Containers cannot change their own files',
  'Pod security: secure images': 'Images are built and named so that what runs is known',
  'Pod security: enforcement': 'Dangerous settings of pods are refused',
  'Pod security: service account tokens': 'Tokens are mounted only where they are used',
  'Pod security: hardened environments': 'Kernel features are confined by seccomp, AppArmor or SELinux',
  'Network: namespaces': 'Namespaces separate workloads',
  'Network: policies': 'Traffic is denied unless it is allowed',
  'Network: resource policies': 'Resources of containers and namespaces are limited',
  'Network: control plane': 'The control plane is hardened',
  'Network: worker nodes': 'Worker nodes are separated from what need not reach them',
  'Network: encryption': 'Traffic is encrypted',
  'Network: secrets': 'Secrets are encrypted and reached by few',
  'Access: authentication': 'Nobody is let in unknown',
  'Access: RBAC': 'Everyone may do no more than they need',
  'Audit logging': 'What happens is recorded and watched',
  'Upgrading': 'Software is patched and current',
};

const nist: Readonly<Record<string, string>> = {
  '4.1.2': 'Images: configuration defects',
  '4.1.4': 'Images: embedded clear-text secrets',
  '4.1.5': 'Images: use of untrusted images',
  '4.2.2': 'Registries: stale images',
  '4.3.1': 'Orchestrator: unbounded administrative access',
  '4.3.2': 'Orchestrator: unauthorized access',
  '4.3.3': 'Orchestrator: poorly separated traffic between containers',
  '4.3.4': 'Orchestrator: mixing of workload sensitivity levels',
  '4.3.5': 'Orchestrator: node trust',
  '4.4.1': 'Containers: vulnerabilities within the runtime',
  '4.4.2': 'Containers: unbounded network access',
  '4.4.3': 'Containers: insecure runtime configurations',
  '4.4.4': 'Containers: application vulnerabilities',
  '4.4.5': 'Containers: rogue containers',
  '4.5.1': 'Host: large attack surface',
  '4.5.2': 'Host: shared kernel',
  '4.5.3': 'Host: vulnerabilities of the operating system',
  '4.5.4': 'Host: improper access rights of users',
  '4.5.5': 'Host: tampering with the file system',
};

const pci: Readonly<Record<string, string>> = {
  '1.3.1': 'Inbound traffic to the cardholder data environment is restricted',
  '1.3.2': 'Outbound traffic from it is restricted',
  '1.4.1': 'Controls stand between trusted and untrusted networks',
  '2.2.1': 'Components follow a configuration standard',
  '2.2.4': 'Only needed services, protocols and functions are on',
  '2.2.6': 'Security parameters prevent misuse',
  '2.2.7': 'Administrative access is encrypted',
  '3.5.1': 'Stored account data cannot be read',
  '4.2.1': 'Data is encrypted on open networks',
  '6.3.3': 'Components have current security patches',
  '7.2.1': 'A model of access control is defined',
  '7.2.2': 'Access follows the job and the least privilege',
  '7.2.5': 'Accounts of applications have the least privilege',
  '8.2.2': 'Shared accounts are the exception',
  '8.3.1': 'Access is authenticated',
  '8.6.2': 'Secrets of application accounts are not written into files or code',
  '10.2.1': 'Audit logs are on',
  '10.5.1': 'Audit logs are kept',
  '11.5.1': 'Intrusions are detected',
};

export const frameworks: readonly Framework[] = [
  { id: 'cis-kubernetes-1.10', title: 'CIS Kubernetes Benchmark 1.10', source: 'Center for Internet Security, benchmark 1.10.0', requirements: cis },
  { id: 'pss', title: 'Pod Security Standards', source: 'Kubernetes documentation, levels baseline and restricted', requirements: { baseline: 'Known privilege escalations are prevented', restricted: 'Pods follow current hardening practice' } },
  { id: 'nsa-cisa', title: 'NSA/CISA Kubernetes Hardening Guide', source: 'National Security Agency and CISA, version 1.2, August 2022', requirements: nsa },
  { id: 'nist-800-190', title: 'NIST SP 800-190', source: 'NIST, Application Container Security Guide, September 2017, section 4', requirements: nist },
  { id: 'pci-dss-4.0', title: 'PCI DSS 4.0', source: 'PCI Security Standards Council, version 4.0', requirements: pci },
];

export function frameworkOf(id: FrameworkId): Framework {
  return frameworks.find((one) => one.id === id)!;
}

/** The requirements of one framework that a control answers. */
export function requirementsOf({ spec: { mappings } }: Control, id: FrameworkId): readonly string[] {
  const named = mappings[id];
  return named === undefined ? [] : typeof named === 'string' ? [named] : named;
}
