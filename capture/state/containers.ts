/**
 * Containers of a recording: the id from a thread's cgroups, and what the recording itself says of it (container events, as
 * libscap has written them since its beginnings, or as messages of a plug-in). Nothing is asked of a runtime: what the
 * recording does not hold is not known. Bounded; what no longer fits is counted.
 */
const containersMax = 20_000;
const jsonBytesMax = 4 * 1024 * 1024;

export interface ContainerMount {
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly readWrite: string;
  readonly propagation: string;
}

export interface RecordedContainer {
  readonly id: string;
  readonly fullId: string;
  readonly type: string | null;
  readonly name: string | null;
  readonly image: string | null;
  readonly imageId: string | null;
  readonly repository: string | null;
  readonly tag: string | null;
  readonly digest: string | null;
  readonly privileged: boolean | null;
  readonly ip: string | null;
  readonly hostPid: boolean | null;
  readonly hostNetwork: boolean | null;
  readonly hostIpc: boolean | null;
  readonly createdNs: number | null;
  readonly mounts: readonly ContainerMount[];
  readonly labels: ReadonlyMap<string, string>;
  /** Of the pod that the container belongs to. */
  readonly sandboxLabels: ReadonlyMap<string, string>;
  readonly cniJson: string | null;
  readonly sandboxId: string | null;
}

/** Numbers of container types in the JSON. */
const types: Readonly<Record<number, string>> = {
  0: 'docker', 1: 'lxc', 2: 'libvirt_lxc', 3: 'mesos', 4: 'rkt', 5: 'custom', 6: 'cri', 7: 'containerd', 8: 'cri-o', 9: 'bpm', 10: 'static', 11: 'podman',
};

const patterns: readonly RegExp[] = [
  /(?:^|[/:-])(?:docker-|crio-conmon-|crio-|cri-containerd-|cri-containerd:|libpod-conmon-|libpod-)?([0-9a-f]{64})(?:\.scope)?(?:$|\/)/,
  /\/lxc(?:\.payload)?[./]([^/]+)/,
  /\/libpod-([0-9a-f]{64})/,
];

/** The short id of the container that these cgroups belong to; null: the host. Each is `subsystem=path`. */
export function containerIdOf(cgroups: readonly string[]): string | null {
  for (const cgroup of cgroups) {
    const path = cgroup.slice(cgroup.indexOf('=') + 1);
    if (path.length < 12) continue;
    for (const pattern of patterns) {
      const id = pattern.exec(path)?.[1];
      if (id !== undefined) return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
    }
  }
  return null;
}

export class Containers {
  readonly #byId = new Map<string, RecordedContainer>();
  refused = 0;

  get(id: string): RecordedContainer | null {
    return this.#byId.get(id) ?? null;
  }

  hasIp(ip: string): boolean {
    for (const one of this.#byId.values()) if (one.ip === ip) return true;
    return false;
  }

  /** False: it could not be read. */
  addJson(text: string): boolean {
    if (text.length > jsonBytesMax) return this.#refuse();
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return this.#refuse();
    }
    const whole = objectOf(parsed);
    const container = whole === null ? null : (objectOf(whole['container']) ?? whole);
    const id = container === null ? null : textOf(container['id']);
    if (container === null || id === null || id === '') return this.#refuse();
    if (this.#byId.size >= containersMax && !this.#byId.has(id)) return this.#refuse();
    this.#byId.set(id.length === 64 ? id.slice(0, 12) : id, containerOf(id, container));
    return true;
  }

  #refuse(): false {
    this.refused += 1;
    return false;
  }
}

type Json = Readonly<Record<string, unknown>>;

function objectOf(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function flagOf(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null;
}

function containerOf(id: string, json: Json): RecordedContainer {
  const kind = typeof json['type'] === 'number' ? (types[json['type']] ?? null) : textOf(json['type']);
  const image = textOf(json['image']);
  const created = json['created_time'];
  const repository = textOf(json['imagerepo']) ?? (image === null ? null : repositoryOf(image));
  const tag = textOf(json['imagetag']) ?? (image === null ? null : tagOf(image));
  return {
    id: id.slice(0, id.length === 64 ? 12 : undefined),
    fullId: textOf(json['full_id']) ?? id,
    type: kind,
    name: textOf(json['name']),
    image,
    imageId: textOf(json['imageid']),
    repository,
    tag,
    digest: textOf(json['imagedigest']),
    privileged: flagOf(json['privileged']),
    ip: textOf(json['ip']),
    hostPid: flagOf(json['host_pid']),
    hostNetwork: flagOf(json['host_network']),
    hostIpc: flagOf(json['host_ipc']),
    createdNs: typeof created === 'number' ? created * (created < 1e12 ? 1e9 : 1) : null,
    mounts: mountsOf(json['Mounts'] ?? json['mounts']),
    labels: labelsOf(json['labels']),
    sandboxLabels: labelsOf(json['pod_sandbox_labels']),
    cniJson: textOf(json['cni_json']),
    sandboxId: textOf(json['pod_sandbox_id']),
  };
}

function repositoryOf(image: string): string {
  const named = image.split('@')[0] ?? image;
  const colon = named.lastIndexOf(':');
  return colon > named.lastIndexOf('/') ? named.slice(0, colon) : named;
}

function tagOf(image: string): string | null {
  const named = image.split('@')[0] ?? image;
  const colon = named.lastIndexOf(':');
  return colon > named.lastIndexOf('/') ? named.slice(colon + 1) : null;
}

function mountsOf(value: unknown): readonly ContainerMount[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, 1000).flatMap((one: unknown) => {
    const mount = objectOf(one);
    if (mount === null) return [];
    const read = (name: string) => textOf(mount[name]) ?? textOf(mount[name.toLowerCase()]) ?? '';
    const rw = mount['RW'] ?? mount['rw'];
    return [{ source: read('Source'), destination: read('Destination'), mode: read('Mode'), readWrite: rw === undefined ? '' : String(rw === true), propagation: read('Propagation') }];
  });
}

function labelsOf(value: unknown): ReadonlyMap<string, string> {
  const labels = objectOf(value);
  return new Map(labels === null ? [] : Object.entries(labels).slice(0, 1000).flatMap(([name, one]) => (typeof one === 'string' ? [[name, one] as const] : [])));
}
