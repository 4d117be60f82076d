/**
 * A pod's object to the columns that are looked up. Pure; takes nothing for granted: what is missing or of another form
 * is as if it were not there. The digest is what the runtime reports in imageID, the only one that says what runs.
 */
import type { PodContainer, PodRow } from '../store/pods.ts';
import { text } from './clean.ts';

type Json = Readonly<Record<string, unknown>>;

export function jsonObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function jsonObjects(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(jsonObject) : [];
}

function word(value: unknown, max = 253): string {
  return typeof value === 'string' ? text(value, max) : '';
}

/** The owner that controls the object. A pod that only its node controls (a static pod) belongs to nobody. */
export function controllerOf(metadata: unknown): { kind: string; name: string } {
  const owner = jsonObjects(jsonObject(metadata)['ownerReferences']).find((one) => one['controller'] === true);
  const kind = word(owner?.['kind'], 63);
  return owner === undefined || kind === 'Node' ? { kind: '', name: '' } : { kind, name: word(owner['name']) };
}

const containersMax = 200;
const roles = [['containers', 'containerStatuses', 'main'], ['initContainers', 'initContainerStatuses', 'init'], ['ephemeralContainers', 'ephemeralContainerStatuses', 'ephemeral']] as const;

function stateOf(status: Json): Pick<PodContainer, 'state' | 'reason'> {
  const state = jsonObject(status['state']);
  for (const name of ['running', 'waiting', 'terminated'] as const) {
    if (Object.hasOwn(state, name)) return { state: name, reason: word(jsonObject(state[name])['reason'], 200) || null };
  }
  return { state: 'unknown', reason: null };
}

function containersOf(spec: Json, status: Json): PodContainer[] {
  return roles.flatMap(([listed, reported, role]) => {
    const statuses = new Map(jsonObjects(status[reported]).map((one) => [one['name'], one]));
    return jsonObjects(spec[listed]).slice(0, containersMax).map((container): PodContainer => {
      const seen = statuses.get(container['name']) ?? {};
      return {
        name: word(container['name'], 63),
        image: word(container['image'], 512),
        digest: /sha256:[0-9a-f]{64}$/.exec(word(seen['imageID'], 600))?.[0] ?? null,
        containerId: word(seen['containerID'], 300).replace(/^[a-z0-9.+-]+:\/\//, '') || null,
        ...stateOf(seen),
        privileged: jsonObject(container['securityContext'])['privileged'] === true,
        role,
      };
    });
  });
}

function hostAccess(spec: Json): string[] {
  const access = [spec['hostNetwork'] === true ? 'network' : '', spec['hostPID'] === true ? 'pid' : '', spec['hostIPC'] === true ? 'ipc' : '', jsonObjects(spec['volumes']).some((volume) => Object.hasOwn(volume, 'hostPath')) ? 'path' : ''];
  return access.filter((one) => one !== '');
}

function hostPorts(spec: Json): number[] {
  const ports = jsonObjects(spec['containers']).flatMap((one) => jsonObjects(one['ports'])).map((port) => port['hostPort']);
  return ports.filter((port): port is number => typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536).slice(0, containersMax);
}

function stringMap(value: unknown): Record<string, string> {
  const entries = Object.entries(jsonObject(value)).slice(0, 256).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(entries.map(([name, label]) => [text(name, 320), text(label, 256)]));
}

function timeOrNull(value: unknown): Date | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return ms >= 0 && ms < 8.64e15 ? new Date(ms) : null;
}

export function podRow(key: { readonly namespace: string; readonly name: string; readonly uid: string }, json: unknown): PodRow {
  const object = jsonObject(json);
  const [spec, status] = [jsonObject(object['spec']), jsonObject(object['status'])];
  const owner = controllerOf(object['metadata']);
  const containers = containersOf(spec, status);
  const distinct = (values: readonly (string | null)[]): string[] => [...new Set(values.filter((one): one is string => one !== null && one !== ''))];
  return {
    ...key,
    nodeName: word(spec['nodeName']),
    phase: word(status['phase'], 63) || 'Unknown',
    ownerKind: owner.kind,
    ownerName: owner.name,
    serviceAccount: word(spec['serviceAccountName']),
    ip: word(status['podIP'], 64),
    labels: stringMap(jsonObject(object['metadata'])['labels']),
    containers,
    images: distinct(containers.map((one) => one.image)),
    digests: distinct(containers.map((one) => one.digest)),
    containerIds: distinct(containers.map((one) => one.containerId)),
    privileged: containers.some((one) => one.privileged),
    hostAccess: hostAccess(spec),
    hostPorts: hostPorts(spec),
    startedAt: timeOrNull(status['startTime']),
  };
}
