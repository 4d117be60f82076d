/**
 * The ValidatingWebhookConfiguration of this cluster part: what the API server is to ask it, where, and what follows when it does
 * not answer. Written when the part is ready and again every quarter of a minute, so that whatever was changed or removed is put
 * right; removed when admission is off. It belongs to the part's ClusterRole, so that uninstalling takes it along: a webhook
 * that nobody answers must not be left behind. Exec and attach have an entry of their own that can never block.
 */
import type { Kubernetes, KubernetesProblem } from '../kubernetes/client.ts';

export interface AdmissionPlace {
  readonly name: string;
  readonly form: 'service' | 'url';
  /** Of the form `url`. */
  readonly urlHost: string;
  readonly port: number;
  readonly namespace: string;
  readonly failurePolicy: 'Ignore' | 'Fail';
  readonly timeoutSeconds: number;
  readonly excludedNamespaces: readonly string[];
}

export interface Registration {
  readonly place: AdmissionPlace;
  readonly bundle: string;
  readonly secret: string;
}

const base = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const apiVersion = 'admissionregistration.k8s.io/v1';
export const alwaysExcluded = ['kube-system', 'kube-public', 'kube-node-lease'] as const;
const sessionSeconds = 2;

export function workloadsPath(secret: string): string {
  return `/admit/${secret}/workloads`;
}
export function sessionsPath(secret: string): string {
  return `/admit/${secret}/sessions`;
}

interface Owner {
  readonly uid: string;
}

export function configurationOf({ place, bundle, secret }: Registration, owner: Owner | undefined): Record<string, unknown> {
  const { name, failurePolicy, timeoutSeconds } = place;
  const excluded = [...new Set([...alwaysExcluded, place.namespace, ...place.excludedNamespaces])];
  const client = (path: string) => ({ caBundle: Buffer.from(bundle).toString('base64'), ...clientOf(place, path) });
  const both = { admissionReviewVersions: ['v1'], sideEffects: 'NoneOnDryRun', matchPolicy: 'Equivalent', objectSelector: {} };
  const rule = (apiGroup: string, resources: readonly string[]) => ({ apiGroups: [apiGroup], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources, scope: 'Namespaced' });
  return {
    apiVersion,
    kind: 'ValidatingWebhookConfiguration',
    metadata: {
      name,
      labels: { 'app.kubernetes.io/managed-by': 'vedette' },
      ...(owner === undefined ? {} : { ownerReferences: [{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name, uid: owner.uid, blockOwnerDeletion: false }] }),
    },
    webhooks: [
      {
        ...both,
        name: 'workloads.admission.vedette.dev',
        clientConfig: client(workloadsPath(secret)),
        failurePolicy,
        timeoutSeconds,
        namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: excluded }] },
        rules: [
          rule('', ['pods', 'pods/ephemeralcontainers', 'replicationcontrollers']),
          rule('apps', ['deployments', 'statefulsets', 'daemonsets', 'replicasets']),
          rule('batch', ['jobs', 'cronjobs']),
        ],
      },
      {
        ...both,
        name: 'sessions.admission.vedette.dev',
        clientConfig: client(sessionsPath(secret)),
        // in every namespace, and never in anybody's way
        failurePolicy: 'Ignore',
        timeoutSeconds: sessionSeconds,
        namespaceSelector: {},
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CONNECT'], resources: ['pods/exec', 'pods/attach'], scope: 'Namespaced' }],
      },
    ],
  };
}

function clientOf({ form, urlHost, port, name, namespace }: AdmissionPlace, path: string): Record<string, unknown> {
  switch (form) {
    case 'service':
      return { service: { namespace, name, path, port: 443 } };
    case 'url':
      return { url: `https://${urlHost.includes(':') ? `[${urlHost}]` : urlHost}:${port}${path}` };
    default:
      return form satisfies never;
  }
}

/** For which names the certificate is to be. */
export function servingNames({ form, urlHost, name, namespace }: AdmissionPlace): string[] {
  return form === 'service' ? [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`] : [urlHost];
}

/** Null: it stands as wanted. */
export async function register(kubernetes: Kubernetes, registration: Registration): Promise<KubernetesProblem | null> {
  const { name } = registration.place;
  const owner = await kubernetes.get(`/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`);
  if (owner.kind === 'problem' && owner.status !== 404 && owner.status !== 403) return owner;
  const wanted = configurationOf(registration, owner.kind === 'ok' ? { uid: owner.value.metadata.uid } : undefined);
  const answer = await kubernetes.apply(`${base}/${name}`, wanted);
  return answer.kind === 'problem' ? answer : null;
}

/** Null: there is none any more. */
export async function unregister(kubernetes: Kubernetes, name: string): Promise<KubernetesProblem | null> {
  const answer = await kubernetes.delete(`${base}/${name}`);
  return answer.kind === 'problem' && answer.status !== 404 ? answer : null;
}
