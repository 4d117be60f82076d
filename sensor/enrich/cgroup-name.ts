/**
 * Which container a cgroup path belongs to, by the names that runtimes give: docker, containerd, CRI-O, podman and
 * Kubernetes with either cgroup driver; v1, v2 and hybrid hosts have the same names. A path that merely contains 32 hex
 * digits is the host. Names chosen by people (a bare runc, `ctr run`) cannot be told from the path: those come from the
 * creation record (made by a runtime) and from the runtimes' own state.
 */
import type { RuntimeName } from '@vedette/model/container';

export interface NamedContainer {
  readonly id: string;
  /** null: the path does not say. */
  readonly runtime: RuntimeName | null;
  /** The part of the path that is the container's own cgroup; what follows was made inside it. */
  readonly ownPath: string;
}

const scopePrefixes: Readonly<Record<string, RuntimeName>> = {
  'cri-containerd': 'containerd',
  crio: 'crio',
  docker: 'docker',
  libpod: 'podman',
};
const scope = /^([a-z][a-z-]*)-([0-9a-f]{64})\.scope$/;
const plain = /^[0-9a-f]{64}$/;
/** containerd's CRI with the cgroupfs path form `kubepods-….slice:cri-containerd:<id>`, as runc writes it when systemd is asked of by mistake. */
const colon = /:([a-z][a-z-]*):([0-9a-f]{64})$/;

/** The outermost component that names a container: one nested in another belongs to the outer one. */
export function containerOfCgroupPath(path: string): NamedContainer | null {
  const components = path.split('/');
  let own = '';
  for (let i = 1; i < components.length && i < 64; i++) {
    const component = components[i]!;
    own += `/${component}`;
    const found = nameOf(component, components[i - 1] ?? '');
    if (found !== null) return { ...found, ownPath: own };
  }
  return null;
}

function nameOf(component: string, above: string): { id: string; runtime: RuntimeName | null } | null {
  const scoped = scope.exec(component);
  if (scoped !== null) {
    // conmon's own scopes carry a container's id but hold the runtime's monitor, not the container
    if (scoped[1]!.endsWith('conmon')) return null;
    return { id: scoped[2]!, runtime: scopePrefixes[scoped[1]!] ?? null };
  }
  const bare = /^runc-(.{1,200})\.scope$/.exec(component);
  if (bare !== null) return { id: bare[1]!, runtime: 'runc' };
  if (plain.test(component)) return { id: component, runtime: above === 'docker' ? 'docker' : null };
  if (component.startsWith('libpod-') && plain.test(component.slice(7))) return { id: component.slice(7), runtime: 'podman' };
  const withColon = colon.exec(component);
  if (withColon !== null) return { id: withColon[2]!, runtime: scopePrefixes[withColon[1]!] ?? null };
  return null;
}
