/** The sensor's own words to the records of model/wire/record.proto: nothing is decided here. */
import { create } from '@bufbuild/protobuf';
import { identityState, type Container, type RuntimeName } from '@vedette/model/container';
import type { Reference } from '@vedette/model/event';
import type { LoadedReport, LoadKind } from '@vedette/model/exposure-evidence';
import { originNumber } from '@vedette/model/origin-words';
import type { Execution } from '@vedette/model/process';
import {
  ContainerSeenSchema,
  ExecutionRefSchema,
  ExecutionSchema,
  FileOrigin,
  IdentityState,
  LoadEvidenceKind,
  LoadEvidenceSchema,
  PackagesLoadedSchema,
  RuntimeKind,
  type ContainerSeen,
  type Execution as WireExecution,
  type ExecutionRef,
  type PackagesLoaded,
} from '@vedette/model/wire/generated/record_pb';

export function wireNs(ns: number): bigint {
  return BigInt(Math.round(ns));
}

export function wireReference(of: Reference): ExecutionRef {
  return create(ExecutionRefSchema, { tgid: of.tgid, startBootNs: wireNs(of.startBootNs), execId: of.execId });
}

/** The host's processes have one origin, whatever the kernel could have said about their files. */
export function wireOrigin(execution: Pick<Execution, 'origin' | 'containerId'>): FileOrigin {
  if (execution.containerId === null) return FileOrigin.HOST;
  return execution.origin === 'none' ? FileOrigin.UNJUDGED : originNumber(execution.origin);
}

export function wireExecution(execution: Execution): WireExecution {
  const out = create(ExecutionSchema, {
    ref: wireReference(execution),
    path: execution.path,
    filename: execution.filename,
    arguments: [...execution.arguments],
    argumentsTruncated: execution.argumentsTruncated,
    uid: execution.uid,
    gid: execution.gid,
    containerUid: execution.containerUid,
    command: execution.command,
    containerId: execution.containerId ?? '',
    pidInContainer: execution.containerId === null ? 0 : execution.pidInNamespace,
    hasTerminal: execution.terminal !== 0,
    origin: wireOrigin(execution),
    executedBootNs: wireNs(execution.executedBootNs),
    exitedBootNs: wireNs(execution.exitedBootNs),
    startedBeforeSensor: execution.presentAtStart,
    workingDirectory: execution.workingDirectory,
    loginUid: execution.loginUid,
    kubernetesUsers: (execution.kubernetesUsers ?? []).map((one) => ({ ...one })),
  });
  if (execution.parent !== null) out.parent = wireReference(execution.parent);
  return out;
}

const runtimes: Record<RuntimeName, RuntimeKind> = {
  containerd: RuntimeKind.CONTAINERD,
  crio: RuntimeKind.CRIO,
  docker: RuntimeKind.DOCKER,
  podman: RuntimeKind.PODMAN,
  runc: RuntimeKind.RUNC,
};

const identityStates = {
  'pending': IdentityState.PENDING,
  'known': IdentityState.KNOWN,
  'image-unknown': IdentityState.IMAGE_UNKNOWN,
} as const;

export function wireContainer(container: Container): ContainerSeen {
  const { identity, pod } = container;
  return create(ContainerSeenSchema, {
    containerId: container.id,
    runtime: identity?.runtime == null ? RuntimeKind.UNSPECIFIED : runtimes[identity.runtime],
    identity: identityStates[identityState(container)],
    identityReason: identity === null ? 'the local runtime has not answered yet' : (identity.imageReason ?? ''),
    name: identity?.name ?? container.id,
    imageName: identity?.imageName ?? '',
    indexDigest: identity?.indexDigest ?? '',
    platformDigest: identity?.platformDigest ?? '',
    labels: { ...identity?.labels },
    mounts: (identity?.mounts ?? []).map((one) => ({ ...one })),
    cgroupPath: container.cgroupPath,
    startedBootNs: wireNs(container.startedBootNs),
    seenFromStart: container.seenFromStart,
    rootFilesystem: container.rootFilesystem ?? '',
    podName: identity?.podName ?? pod?.name ?? '',
    podNamespace: identity?.podNamespace ?? pod?.namespace ?? '',
    podUid: identity?.podUid ?? pod?.uid ?? '',
    privileged: identity?.privileged ?? false,
    podSandbox: identity?.podSandbox ?? false,
    workloadKind: pod?.workloadKind ?? '',
    workloadName: pod?.workloadName ?? '',
    serviceAccount: pod?.serviceAccount ?? '',
    podRevision: pod?.revision ?? '',
    podLabels: { ...pod?.labels },
  });
}

const loadKinds: Record<LoadKind, LoadEvidenceKind> = {
  executed: LoadEvidenceKind.EXECUTED,
  mapped: LoadEvidenceKind.MAPPED,
  opened: LoadEvidenceKind.OPENED,
};

export function wireLoaded(report: LoadedReport): PackagesLoaded {
  return create(PackagesLoadedSchema, {
    containerId: report.containerId,
    revision: report.revision,
    loaded: report.loaded,
    evidence: report.evidence.map((one) =>
      create(LoadEvidenceSchema, {
        packageIndex: one.packageIndex,
        kind: loadKinds[one.kind],
        path: one.path,
        readerPath: one.readerPath,
        reader: wireReference(one.reader),
        atBootNs: wireNs(one.atBootNs),
      }),
    ),
    observedFromBootNs: wireNs(report.observedFromBootNs),
    observedUntilBootNs: wireNs(report.observedUntilBootNs),
    seenFromStart: report.seenFromStart,
    recordsLost: BigInt(report.recordsLost),
  });
}
