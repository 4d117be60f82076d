/**
 * The specification of a pod as a reviewed object carries it → its containers with what policies ask of each: which image, and
 * how the workload and the container are set up. Kubernetes' own defaults are said where the object leaves them out.
 * Refuses what has not the form of a pod, and more containers than any pod has.
 */
import { known, absent } from '@vedette/policy/vocabulary';
import type { WorkloadFacts } from '@vedette/policy/workload-facts';
import { z } from 'zod';

const containersMax = 500;
const text = z.string().max(4096);
const texts = z.array(text).max(200);

function listed<T extends z.ZodType>(item: T, most = containersMax) {
  return z.array(item).max(most).nullish().transform((all) => all ?? []);
}

const Seccomp = z.object({ type: text.default('') }).nullish();
const ContainerSecurity = z.object({
  privileged: z.boolean().nullish(),
  allowPrivilegeEscalation: z.boolean().nullish(),
  runAsNonRoot: z.boolean().nullish(),
  runAsUser: z.number().nullish(),
  readOnlyRootFilesystem: z.boolean().nullish(),
  capabilities: z.object({ add: texts.nullish(), drop: texts.nullish() }).nullish(),
  seccompProfile: Seccomp,
});
const Container = z.object({
  name: text.default(''),
  image: text.default(''),
  securityContext: ContainerSecurity.nullish(),
  ports: listed(z.object({ hostPort: z.number().nullish(), protocol: text.nullish() }), 1000),
});
export const PodSpec = z.object({
  containers: listed(Container),
  initContainers: listed(Container),
  ephemeralContainers: listed(Container),
  serviceAccountName: text.nullish(),
  automountServiceAccountToken: z.boolean().nullish(),
  hostNetwork: z.boolean().nullish(),
  hostPID: z.boolean().nullish(),
  hostIPC: z.boolean().nullish(),
  securityContext: z.object({ runAsNonRoot: z.boolean().nullish(), runAsUser: z.number().nullish(), seccompProfile: Seccomp }).nullish(),
  volumes: listed(z.object({ hostPath: z.object({ path: text.default('') }).nullish() }), 2000),
});
export type PodSpec = z.output<typeof PodSpec>;

export const Labels = z.record(z.string().max(512), z.string().max(512)).nullish().transform((labels) => labels ?? {});

export interface PodTemplate {
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

export interface WorkloadName {
  readonly kind: string;
  readonly namespace: string;
  /** Empty: it is yet to be given one. */
  readonly name: string;
}

export interface ReviewedContainer {
  readonly name: string;
  readonly image: string;
  readonly facts: WorkloadFacts;
}

export function containersOf(template: PodTemplate, workload: WorkloadName): ReviewedContainer[] {
  const { spec } = template;
  const all = [
    ...spec.containers.map((one) => ['container', one] as const),
    ...spec.initContainers.map((one) => ['init', one] as const),
    ...spec.ephemeralContainers.map((one) => ['ephemeral', one] as const),
  ];
  const shared = sharedFacts(template, workload);
  return all.map(([type, one]) => ({ name: one.name, image: one.image, facts: { ...shared, ...containerFacts(one, spec), container: known(one.name), containerType: known(type) } }));
}

type Shared = Pick<WorkloadFacts, 'kind' | 'name' | 'namespace' | 'labels' | 'serviceAccount' | 'hostNetwork' | 'hostPid' | 'hostIpc' | 'hostPaths' | 'serviceAccountToken'>;
type OfContainer = Omit<WorkloadFacts, keyof Shared | 'container' | 'containerType'>;

function sharedFacts({ labels, spec }: PodTemplate, { kind, namespace, name }: WorkloadName): Shared {
  return {
    kind: known(kind),
    name: name === '' ? absent : known(name),
    namespace: known(namespace),
    labels: known(labels),
    serviceAccount: known(orElse(spec.serviceAccountName, 'default')),
    hostNetwork: known(spec.hostNetwork ?? false),
    hostPid: known(spec.hostPID ?? false),
    hostIpc: known(spec.hostIPC ?? false),
    hostPaths: known(spec.volumes.flatMap((one) => (one.hostPath == null ? [] : [one.hostPath.path]))),
    serviceAccountToken: known(spec.automountServiceAccountToken ?? true),
  };
}

function containerFacts({ securityContext, ports }: PodSpec['containers'][number], spec: PodSpec): OfContainer {
  const own = securityContext ?? {};
  const ofPod = spec.securityContext ?? {};
  const privileged = own.privileged ?? false;
  const added = (own.capabilities?.add ?? []).map(capability);
  const seccomp = own.seccompProfile?.type ?? ofPod.seccompProfile?.type ?? '';
  return {
    privileged: known(privileged),
    // The kubelet cannot withhold it from whoever is privileged or may mount.
    allowPrivilegeEscalation: known(privileged || added.includes('SYS_ADMIN') || (own.allowPrivilegeEscalation ?? true)),
    runAsNonRoot: known(own.runAsNonRoot ?? ofPod.runAsNonRoot ?? false),
    runAsUser: known(own.runAsUser ?? ofPod.runAsUser ?? -1),
    readOnlyRootFilesystem: known(own.readOnlyRootFilesystem ?? false),
    capabilitiesAdded: known(added),
    capabilitiesDropped: known((own.capabilities?.drop ?? []).map(capability)),
    seccomp: seccomp === '' ? absent : known(seccomp),
    hostPorts: known(ports.flatMap((one) => (one.hostPort == null || one.hostPort === 0 ? [] : [`${one.hostPort}/${one.protocol ?? 'TCP'}`]))),
  };
}

/** `CAP_NET_ADMIN` and `net_admin` are one. */
function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

function orElse(value: string | null | undefined, otherwise: string): string {
  return value == null || value === '' ? otherwise : value;
}
