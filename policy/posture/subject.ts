/**
 * What controls speak about, as facts by name: a workload, a grant of rights, a node. The table is the whole environment of a
 * control's conditions; a fact that nobody put into a subject is unknown, never false. The makers beside this file fill the
 * facts in from objects and processes.
 */
import type { SubjectKind } from '@vedette/model/control-words';
import { unknown, type Fact, type FactEntry, type FactType, type FactValue, type ListEntry, type OpenList, type Vocabulary } from '../vocabulary.ts';
import type { KubeObject } from './json.ts';

export type Facts = Readonly<Record<string, Fact<FactValue>>>;

/** One entry of a list of a subject: a container of a workload, a rule of a grant. */
export interface Item {
  readonly sentence: string;
  readonly facts: Facts;
}

export interface Subject {
  readonly kind: SubjectKind;
  /** As people call its kind: Deployment, ClusterRoleBinding, kubelet. */
  readonly type: string;
  readonly namespace: string;
  readonly name: string;
  readonly facts: Facts;
  readonly lists: Readonly<Record<string, OpenList<Item>>>;
}

export interface HostProcess {
  readonly path: string;
  readonly arguments: readonly string[];
  readonly truncated: boolean;
  /** Empty: in none. */
  readonly containerId: string;
}

/** A host that a sensor watches. */
export interface HostView {
  readonly hostname: string;
  readonly kernel: string;
  readonly distribution: string;
  /** Why its processes are not known now; null: they are. */
  readonly unseen: string | null;
  readonly processes: readonly HostProcess[];
  /** `0.0.0.0:22`, for ports that something in no container listens on. */
  readonly listening: readonly string[];
}

/** Everything that is known of one cluster, or of the plain hosts together, at one moment. */
export interface ClusterView {
  readonly name: string;
  readonly isKubernetes: boolean;
  readonly objects: readonly KubeObject[];
  /** Why the objects of a kind are not all here; null: they are. */
  readonly incomplete: (kind: string) => string | null;
  readonly kubernetesVersion: Fact<string>;
  /** enforced, not-enforced. */
  readonly networkPolicies: Fact<string>;
  /** registered, not-registered, off. */
  readonly admission: Fact<string>;
  readonly hosts: readonly HostView[];
  readonly nowMs: number;
}

/** The same with its objects by kind and namespace: a cluster has many, and each is looked for often. */
export interface IndexedView extends ClusterView {
  /** Without a namespace: those of all. */
  of(kind: string, namespace?: string): readonly KubeObject[];
}

export function indexed(view: ClusterView): IndexedView {
  const byKind = Map.groupBy(view.objects, (one) => one.kind);
  const byPlace = Map.groupBy(view.objects, (one) => `${one.kind}\n${one.namespace}`);
  return { ...view, of: (kind, namespace) => (namespace === undefined ? byKind.get(kind) : byPlace.get(`${kind}\n${namespace}`)) ?? [] };
}

type Row = readonly [name: string, type: FactType, about: string];

const bool = (name: string, about: string): Row => [name, 'bool', about];
const text = (name: string, about: string): Row => [name, 'string', about];
const int = (name: string, about: string): Row => [name, 'int', about];
const texts = (name: string, about: string): Row => [name, 'list<string>', about];
const map = (name: string, about: string): Row => [name, 'map<string, string>', about];

function entry<S extends { readonly facts: Facts }>(prefix: string, [name, type, about]: Row): FactEntry<S> {
  return { name: `${prefix}.${name}`, type, about, read: ({ facts }) => facts[name] ?? unknown('it was not looked for') };
}

interface ListRow {
  readonly name: string;
  readonly itemType: string;
  readonly about: string;
  readonly fields: readonly Row[];
}

function vocabulary(root: string, rows: readonly Row[], lists: readonly ListRow[] = []): Vocabulary<Subject> {
  return {
    roots: [root],
    facts: rows.map((row) => entry<Subject>(root, row)),
    lists: lists.map(
      ({ name, itemType, about, fields }): ListEntry<Subject, unknown> => ({
        name: `${root}.${name}`,
        itemType,
        about,
        fields: fields.map((row) => entry<Item>(`${root}.${name}`, row)) as readonly FactEntry<unknown>[],
        read: (subject) => subject.lists[name] ?? { items: [], incomplete: 'it was not looked for' },
        sentence: (item) => (item as Item).sentence,
      }),
    ),
  };
}

const containers: ListRow = {
  name: 'containers',
  itemType: 'Container',
  about: 'its containers, those that only prepare it included',
  fields: [
    text('name', 'in the pod'), text('image', 'as it is written'), text('role', 'container, init or ephemeral'),
    bool('privileged', 'has every right of the host'), bool('mayEscalate', 'a program may get more rights than its parent: true unless it is forbidden'),
    bool('runsAsRoot', 'unknown where the image decides'), bool('nonRootRequired', 'runAsNonRoot is set, here or for the pod'),
    bool('writableRoot', 'the root file system can be written'), texts('capabilitiesAdded', 'as they are written'), texts('capabilitiesDropped', 'as they are written'),
    texts('capabilitiesDangerous', 'added ones beyond those that the baseline level allows'), text('seccomp', 'RuntimeDefault, Localhost, Unconfined; empty: none is set'),
    text('appArmor', 'RuntimeDefault, Localhost, Unconfined; empty: none is set'), text('procMount', 'Default, Unmasked; empty: none is set'), bool('hostProcess', 'a Windows HostProcess container'),
    texts('hostPorts', 'ports of the node that it takes'), text('memoryLimit', 'empty: none'), text('cpuLimit', 'empty: none'), text('memoryRequest', 'empty: none'),
    bool('livenessProbe', 'it has one'), bool('readinessProbe', 'it has one'), bool('secretsInEnvironment', 'a variable is filled from a Secret'),
    texts('secretNames', 'variables with a value of their own that are named as a secret'), bool('pinned', 'the image is named by digest'), text('tag', 'empty: none, which is latest'),
    texts('mountsWritableHostPaths', 'paths of the node that it may write'),
  ],
};

const grantRules: ListRow = {
  name: 'rules',
  itemType: 'GrantedRule',
  about: 'the rules of the role',
  fields: [texts('apiGroups', ''), texts('resources', ''), texts('verbs', ''), texts('resourceNames', 'empty: all'), texts('urls', 'paths outside of resources')],
};

const grantSubjects: ListRow = {
  name: 'subjects',
  itemType: 'GrantSubject',
  about: 'who gets the rights',
  fields: [text('kind', 'User, Group, ServiceAccount'), text('name', ''), text('namespace', 'of a service account'), bool('everyone', 'system:anonymous, system:unauthenticated or system:authenticated'), bool('ofKubernetes', 'a user, group or account that Kubernetes brings')],
};

export const vocabularies: Readonly<Record<SubjectKind, Vocabulary<Subject>>> = {
  workload: vocabulary('workload', [
    text('type', 'Deployment, DaemonSet, CronJob … of the topmost owner'), text('name', ''), text('namespace', ''), bool('ofSystem', 'in kube-system, kube-public or kube-node-lease'),
    map('labels', 'of its pods'), int('replicas', 'wanted; of what has none, 1'), text('serviceAccount', 'its pods run under'), bool('tokenMounted', 'a token of the account is in its containers'),
    bool('hostNetwork', ''), bool('hostPid', ''), bool('hostIpc', ''), bool('sharesProcesses', 'its containers see each other’s processes'), texts('hostPaths', 'of the node that it mounts'),
    texts('volumeTypes', 'kinds of its volumes'), texts('volumesBeyondRestricted', 'kinds of volumes that the restricted level does not allow'), texts('unsafeSysctls', 'kernel parameters that are not separate for each pod'), texts('seLinuxCustom', 'SELinux user, role or type of its own'),
    bool('ingressRestricted', 'a NetworkPolicy selects its pods for incoming traffic'), bool('egressRestricted', 'a NetworkPolicy selects its pods for outgoing traffic'),
    bool('runsOnControlPlane', 'it tolerates the taint of control plane nodes'),
  ], [containers]),
  grant: vocabulary('grant', [
    text('type', 'RoleBinding, ClusterRoleBinding'), text('name', ''), text('namespace', 'empty: the whole cluster'), text('role', 'that it grants'), text('roleType', 'Role, ClusterRole'), bool('wholeCluster', 'it is a ClusterRoleBinding'),
    bool('ofKubernetes', 'it came with Kubernetes, or everyone it names did'),
  ], [grantRules, grantSubjects]),
  'service-account': vocabulary('account', [
    text('name', ''), text('namespace', ''), bool('isDefault', 'the one that pods get which name none'), bool('mountsToken', 'pods get its token unless they refuse'), texts('grants', 'roles that are granted to it by name'), int('workloads', 'that run under it'),
    bool('ofSystem', 'in a namespace of Kubernetes itself'),
  ]),
  namespace: vocabulary('ns', [
    text('name', ''), map('labels', ''), bool('ofSystem', 'kube-system, kube-public, kube-node-lease'), text('podSecurity', 'level that is enforced; empty: none'), bool('deniesIngress', 'a NetworkPolicy for all its pods allows no incoming traffic by itself'), bool('deniesEgress', 'the same for outgoing traffic'),
    int('networkPolicies', 'in it'), int('workloads', 'in it'), bool('hasQuota', 'a ResourceQuota is in it'), bool('hasLimits', 'a LimitRange is in it'),
  ]),
  service: vocabulary('service', [text('name', ''), text('namespace', ''), text('type', 'ClusterIP, NodePort, LoadBalancer, ExternalName'), texts('ports', '80/TCP'), texts('nodePorts', '30080/TCP'), texts('externalIps', ''), texts('sourceRanges', 'that a load balancer lets in'), bool('internal', 'a load balancer of the provider’s internal kind')]),
  ingress: vocabulary('ingress', [text('name', ''), text('namespace', ''), text('class', ''), texts('hosts', ''), texts('hostsWithoutTls', 'that no TLS entry names'), bool('hasTls', 'it has a TLS entry'), bool('anyHost', 'a rule for every host, or for a wildcard')]),
  node: vocabulary('node', [
    text('name', ''), text('kubeletVersion', ''), int('minorsBehind', 'minor versions that the kubelet is behind the API server'), bool('supported', 'its minor version still gets patches'), text('runtime', 'containerd://2.0.1'),
    text('kernel', ''), text('distribution', ''), bool('hasSensor', 'a sensor of this hub watches it'), bool('controlPlane', 'it is one of the control plane'), bool('controlPlaneTainted', 'ordinary pods do not get onto it'), bool('ready', ''),
    text('anonymousAuth', 'of the kubelet'), text('authorizationMode', 'of the kubelet'), text('readOnlyPort', 'of the kubelet'), text('clientCaFile', 'of the kubelet; empty: none'), text('streamingIdleTimeout', 'of the kubelet'), text('iptablesChains', 'of the kubelet'), text('rotateCertificates', 'of the kubelet'), text('podPidsLimit', 'of the kubelet'), text('protectKernelDefaults', 'of the kubelet'),
    bool('sshServer', 'sshd runs on it'), text('sshRootLogin', 'PermitRootLogin of sshd, lower case; empty: no sshd'), text('sshPasswordLogin', 'PasswordAuthentication of sshd, lower case; empty: no sshd'), texts('exposed', 'ports that programs outside of containers listen on for others'), texts('cleartextExposed', 'those of protocols that send passwords unencrypted'),
    bool('isKubernetes', 'it is a node of a cluster'),
  ]),
  component: vocabulary('component', [text('name', 'kube-apiserver, etcd …'), text('node', ''), map('arguments', 'without the leading dashes'), texts('authorizationModes', 'of the API server'), texts('admissionPlugins', 'that are switched on by name'), bool('apiServer', 'it is one')]),
  cluster: vocabulary('cluster', [
    text('version', 'of Kubernetes'), bool('supported', 'its minor version still gets patches'), text('networkPolicies', 'enforced, not-enforced'), text('admission', 'registered, not-registered, off'), int('nodesWithoutSensor', ''), int('workloadsInDefault', 'in the namespace default'),
    bool('isKubernetes', ''),
  ]),
};

export const systemNamespaces: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);
