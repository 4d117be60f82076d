/** Executions, containers and their identities for tests, with everything filled in that a test does not care about. */
import type { Container, ContainerIdentity } from '@vedette/model/container';
import type { ExecEvent } from '@vedette/model/event';
import type { Execution } from '@vedette/model/process';
import { ProcessTable } from '../enrich/process-table.ts';
import { execEvent } from './events.ts';

export const digest = `sha256:${'ab'.repeat(32)}`;

export function identityOf(more: Partial<ContainerIdentity> = {}): ContainerIdentity {
  return {
    runtime: 'containerd', name: 'web', imageName: 'registry.test/shop/cart:1.4', indexDigest: null, platformDigest: digest, imageReason: null,
    labels: {}, mounts: [], podName: null, podNamespace: null, podUid: null, privileged: false, ...more,
  };
}

export function containerOf(more: Partial<Container> = {}): Container {
  return { id: 'c0de'.repeat(16), cgroupPath: '/lab/web', keys: new Set([17]), startedBootNs: 700, seenFromStart: true, identity: identityOf(), rootFilesystem: 'overlay', ...more };
}

/** The execution that this event makes, below a chain of others, the oldest first. */
export function executionOf(more: Partial<ExecEvent> = {}, ancestors: readonly Partial<ExecEvent>[] = []): Execution {
  const table = new ProcessTable();
  let parent = { tgid: 0, startBootNs: 0, execId: 0 };
  ancestors.forEach((one, index) => {
    const made = table.exec(execEvent({ tgid: 10 + index, startBootNs: 10 + index, execId: 1, parent, ...one }));
    parent = { tgid: made.tgid, startBootNs: made.startBootNs, execId: made.execId };
  });
  return table.exec(execEvent({ parent, ...more }));
}
