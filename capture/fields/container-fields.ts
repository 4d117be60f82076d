/**
 * `container.*` and `k8s.*`: what the recording itself says of the thread's container. The id is known from the cgroups
 * alone; everything else only where a container event was recorded.
 */
import { globPredicate } from '@vedette/rules/compile/glob';
import type { CaptureEvent } from '../events/event.ts';
import type { ContainerMount, RecordedContainer } from '../state/containers.ts';
import type { World } from '../state/world.ts';
import type { FieldArgument, FieldGetter, FieldGetters } from './getters.ts';

function mountOf(container: RecordedContainer, source: FieldArgument, by: 'source' | 'destination'): ContainerMount | null {
  const text = String(source);
  if (/^\d+$/.test(text)) return container.mounts[Number(text)] ?? null;
  const fits = globPredicate(text, false);
  return container.mounts.find((one) => fits(one[by])) ?? null;
}

function mountText(one: ContainerMount): string {
  return `${one.source}:${one.destination}:${one.mode}:${one.readWrite}:${one.propagation}`;
}

function labelsText(labels: ReadonlyMap<string, string>): string | null {
  return labels.size === 0 ? null : [...labels].map(([name, value]) => `${name}:${value}`).join(', ');
}

export function containerFields(world: World): FieldGetters {
  const idOf = (event: CaptureEvent): string | null => (event.thread === null ? null : world.containerOf(event.thread));
  const of = (get: (one: RecordedContainer, argument: FieldArgument, event: CaptureEvent) => ReturnType<FieldGetter>): FieldGetter => (event, argument) => {
    const id = idOf(event);
    const one = id === null ? null : world.containers.get(id);
    return one === null ? null : get(one, argument, event);
  };
  const label = (name: string): FieldGetter => of((one) => one.labels.get(name) ?? null);
  return {
    'container.id': (event) => (event.thread === null ? null : (idOf(event) ?? 'host')),
    'container.full_id': (event) => {
      const id = idOf(event);
      return id === null ? null : (world.containers.get(id)?.fullId ?? id);
    },
    'container.name': (event) => (event.thread !== null && idOf(event) === null ? 'host' : (world.containers.get(idOf(event) ?? '')?.name ?? null)),
    'container.type': (event) => (event.thread !== null && idOf(event) === null ? 'host' : (world.containers.get(idOf(event) ?? '')?.type ?? null)),
    'container.image': of((one) => one.image),
    'container.image.id': of((one) => one.imageId),
    'container.image.repository': of((one) => one.repository),
    'container.image.tag': of((one) => one.tag),
    'container.image.digest': of((one) => one.digest),
    'container.privileged': of((one) => one.privileged),
    'container.ip': of((one) => one.ip),
    'container.host_pid': of((one) => one.hostPid),
    'container.host_network': of((one) => one.hostNetwork),
    'container.host_ipc': of((one) => one.hostIpc),
    'container.cni.json': of((one) => one.cniJson),
    'container.label': of((one, name) => one.labels.get(String(name)) ?? null),
    'container.labels': of((one) => labelsText(one.labels)),
    'k8s.pod.label': of((one, name) => one.sandboxLabels.get(String(name)) ?? null),
    'k8s.pod.labels': of((one) => labelsText(one.sandboxLabels)),
    'container.start_ts': of((one) => one.createdNs),
    'container.duration': of((one, _, event) => (one.createdNs === null ? null : Math.max(0, event.roughTimeNs - one.createdNs))),
    'container.mounts': of((one) => one.mounts.map(mountText).join(',')),
    'container.mount': of((one, source) => text(mountOf(one, source, 'source'), mountText)),
    'container.mount.source': of((one, target) => text(mountOf(one, target, 'destination'), (mount) => mount.source)),
    'container.mount.dest': of((one, source) => text(mountOf(one, source, 'source'), (mount) => mount.destination)),
    'container.mount.mode': of((one, source) => text(mountOf(one, source, 'source'), (mount) => mount.mode)),
    'container.mount.rdwr': of((one, source) => text(mountOf(one, source, 'source'), (mount) => mount.readWrite)),
    'container.mount.propagation': of((one, source) => text(mountOf(one, source, 'source'), (mount) => mount.propagation)),
    'k8s.pod.name': label('io.kubernetes.pod.name'),
    'k8s.ns.name': label('io.kubernetes.pod.namespace'),
    'k8s.pod.uid': label('io.kubernetes.pod.uid'),
    'k8s.pod.id': label('io.kubernetes.pod.uid'),
    'k8s.pod.sandbox_id': of((one) => (one.sandboxId ?? one.labels.get('io.kubernetes.sandbox.id') ?? null)?.slice(0, 12) ?? null),
    'k8s.pod.full_sandbox_id': of((one) => one.sandboxId ?? one.labels.get('io.kubernetes.sandbox.id') ?? null),
    'k8s.pod.ip': of((one) => one.ip),
    'k8s.pod.cni.json': of((one) => one.cniJson),
  };
}

function text(one: ContainerMount | null, get: (one: ContainerMount) => string): string | null {
  return one === null ? null : get(one);
}
