/**
 * What is watched in a cluster, and which fields of each kind leave it. Never Secrets, never ConfigMaps, nothing through
 * the kubelet. A field that is missing here is not known at the hub: add it when something needs it.
 */
import type { Shape } from './prune.ts';

export interface WatchedKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly path: string;
  readonly shape: Shape;
}

const headerNames: Shape = { path: true, port: true, host: true, scheme: true, httpHeaders: [{ name: true }] };
const handler: Shape = { exec: true, httpGet: headerNames, tcpSocket: true, sleep: true };
const probe: Shape = { exec: true, httpGet: headerNames, tcpSocket: true, grpc: true, periodSeconds: true, initialDelaySeconds: true };

const container: Shape = {
  name: true, image: true, imagePullPolicy: true, command: true, args: true, workingDir: true, ports: true,
  env: [{ name: true, valueFrom: { secretKeyRef: true, configMapKeyRef: true, fieldRef: true, resourceFieldRef: true } }],
  envFrom: true, resources: true, volumeMounts: true, volumeDevices: true, securityContext: true, stdin: true, tty: true, restartPolicy: true, targetContainerName: true,
  livenessProbe: probe, readinessProbe: probe, startupProbe: probe, lifecycle: { postStart: handler, preStop: handler },
};

/** Of most kinds of volume the names matter; of those that can carry credentials only that they are there. */
const volume: Shape = {
  name: true, hostPath: true, secret: true, configMap: true, projected: true, emptyDir: true, persistentVolumeClaim: true, downwardAPI: true, image: true, nfs: true, ephemeral: {},
  csi: { driver: true, readOnly: true }, flexVolume: { driver: true }, gitRepo: {}, azureFile: { secretName: true }, cephfs: {}, cinder: {}, fc: {}, glusterfs: {}, iscsi: {}, rbd: {}, awsElasticBlockStore: {}, gcePersistentDisk: {}, azureDisk: {}, portworxVolume: {}, quobyte: {}, scaleIO: {}, storageos: {}, vsphereVolume: {},
};

const podSpec: Shape = {
  containers: [container], initContainers: [container], ephemeralContainers: [container], volumes: [volume],
  serviceAccountName: true, automountServiceAccountToken: true, hostNetwork: true, hostPID: true, hostIPC: true, hostUsers: true, shareProcessNamespace: true, securityContext: true,
  nodeName: true, nodeSelector: true, tolerations: true, runtimeClassName: true, priorityClassName: true, restartPolicy: true, imagePullSecrets: true, os: true, schedulerName: true,
};

const template: Shape = { metadata: { labels: true, annotations: 'annotations' }, spec: podSpec };

const containerState: Shape = { waiting: { reason: true }, running: {}, terminated: { reason: true, exitCode: true, signal: true } };
const containerStatus: Shape = { name: true, containerID: true, image: true, imageID: true, state: containerState };

/** Readiness, conditions and restart counts come and go without changing what runs: they are left out. */
const podStatus: Shape = { phase: true, reason: true, podIP: true, podIPs: true, hostIP: true, startTime: true, containerStatuses: [containerStatus], initContainerStatuses: [containerStatus], ephemeralContainerStatuses: [containerStatus] };

const core = '/api/v1';
const apps = '/apis/apps/v1';
const batch = '/apis/batch/v1';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const network = '/apis/networking.k8s.io/v1';
const webhook: Shape = { name: true, clientConfig: { url: true, service: true }, rules: true, failurePolicy: true, matchPolicy: true, namespaceSelector: true, objectSelector: true, sideEffects: true, timeoutSeconds: true };

export const watchedKinds: readonly WatchedKind[] = [
  {
    apiVersion: 'v1', kind: 'Node', path: `${core}/nodes`,
    shape: { spec: { unschedulable: true, taints: true, podCIDR: true, podCIDRs: true, providerID: true }, status: { nodeInfo: true, addresses: true, capacity: true, allocatable: true, conditions: [{ type: true, status: true, reason: true }] } },
  },
  { apiVersion: 'v1', kind: 'Namespace', path: `${core}/namespaces`, shape: { status: { phase: true } } },
  { apiVersion: 'v1', kind: 'Pod', path: `${core}/pods`, shape: { spec: podSpec, status: podStatus } },
  { apiVersion: 'apps/v1', kind: 'Deployment', path: `${apps}/deployments`, shape: { spec: { replicas: true, selector: true, strategy: { type: true }, paused: true, template }, status: { replicas: true, readyReplicas: true } } },
  // Old revisions are what a roll back chooses from: their images tell which is good.
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', path: `${apps}/replicasets`, shape: { spec: { replicas: true, selector: true, template: { metadata: { labels: true }, spec: { containers: [{ name: true, image: true }], initContainers: [{ name: true, image: true }] } } }, status: { replicas: true } } },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', path: `${apps}/statefulsets`, shape: { spec: { replicas: true, selector: true, serviceName: true, template }, status: { replicas: true, readyReplicas: true, currentRevision: true, updateRevision: true } } },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', path: `${apps}/daemonsets`, shape: { spec: { selector: true, template }, status: { desiredNumberScheduled: true, numberReady: true } } },
  { apiVersion: 'batch/v1', kind: 'Job', path: `${batch}/jobs`, shape: { spec: { selector: true, suspend: true, completions: true, parallelism: true, template }, status: { active: true, succeeded: true, failed: true, startTime: true, completionTime: true } } },
  { apiVersion: 'batch/v1', kind: 'CronJob', path: `${batch}/cronjobs`, shape: { spec: { schedule: true, timeZone: true, suspend: true, concurrencyPolicy: true, jobTemplate: { spec: { template } } } } },
  { apiVersion: 'v1', kind: 'Service', path: `${core}/services`, shape: { spec: { type: true, selector: true, ports: true, clusterIP: true, externalIPs: true, externalName: true, loadBalancerIP: true, loadBalancerSourceRanges: true, externalTrafficPolicy: true, internalTrafficPolicy: true }, status: { loadBalancer: true } } },
  { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', path: `${network}/ingresses`, shape: { spec: { ingressClassName: true, rules: true, tls: true, defaultBackend: true }, status: { loadBalancer: true } } },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', path: `${network}/networkpolicies`, shape: { spec: true } },
  { apiVersion: 'v1', kind: 'ServiceAccount', path: `${core}/serviceaccounts`, shape: { automountServiceAccountToken: true, secrets: [{ name: true }], imagePullSecrets: [{ name: true }] } },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', path: `${rbac}/roles`, shape: { rules: true } },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', path: `${rbac}/clusterroles`, shape: { rules: true, aggregationRule: true } },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', path: `${rbac}/rolebindings`, shape: { subjects: true, roleRef: true } },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', path: `${rbac}/clusterrolebindings`, shape: { subjects: true, roleRef: true } },
  { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', path: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', shape: { webhooks: [webhook] } },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', path: '/apis/policy/v1/poddisruptionbudgets', shape: { spec: true } },
  { apiVersion: 'v1', kind: 'ResourceQuota', path: `${core}/resourcequotas`, shape: { spec: true } },
  { apiVersion: 'v1', kind: 'LimitRange', path: `${core}/limitranges`, shape: { spec: true } },
];
