/**
 * A container as the sensor knows it: first by its cgroup, at its first record; then by what the local runtime says of
 * it. Until the runtime has answered it is *pending*, and nothing that depends on its name or image is decided.
 */
import type { CgroupKey } from './event.ts';

export type RuntimeName = 'containerd' | 'crio' | 'docker' | 'podman' | 'runc';

export interface ContainerMount {
  readonly destination: string;
  readonly source: string;
  readonly kind: string;
  readonly readOnly: boolean;
}

/** What a runtime says. Absent knowledge is null or empty, and `imageReason` says why the image is not known. */
export interface ContainerIdentity {
  readonly runtime: RuntimeName | null;
  readonly name: string;
  readonly imageName: string | null;
  /** `imageName` is the one that the pod's specification asks for, not one of several that the image has on the node. */
  readonly imageNameAsked?: true;
  readonly indexDigest: string | null;
  readonly platformDigest: string | null;
  readonly imageReason: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly ContainerMount[];
  readonly podName: string | null;
  readonly podNamespace: string | null;
  readonly podUid: string | null;
  readonly privileged: boolean;
  /** It only holds a pod's namespaces, says the runtime; its image is the node's choice and not the workload's. Left out: it is not, or nobody says. */
  readonly podSandbox?: boolean;
}

/** What the API server knows of the pod that a container is in, told by the cluster part. */
export interface PodFacts {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Of the topmost owner: Deployment, StatefulSet, DaemonSet, CronJob, Job, ReplicaSet, Pod … */
  readonly workloadKind: string;
  readonly workloadName: string;
  readonly serviceAccount: string;
  /** The controller's: pod-template-hash or controller-revision-hash. */
  readonly revision: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Container {
  readonly id: string;
  readonly cgroupPath: string;
  readonly keys: ReadonlySet<CgroupKey>;
  readonly startedBootNs: number;
  /** Its cgroup was seen being made: no process of it ran unseen. */
  readonly seenFromStart: boolean;
  /** null: pending. */
  readonly identity: ContainerIdentity | null;
  /** Type of its root file system: overlay, ext4, …; null while no process of it was seen. */
  readonly rootFilesystem: string | null;
  /** Absent: not in a pod, or nobody has told. */
  readonly pod?: PodFacts;
}

/** The image is known when its platform digest is. */
export function identityState(container: Pick<Container, 'identity'>): 'pending' | 'known' | 'image-unknown' {
  if (container.identity === null) return 'pending';
  return container.identity.platformDigest === null ? 'image-unknown' : 'known';
}
