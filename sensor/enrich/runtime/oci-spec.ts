/**
 * What an OCI runtime specification (config.json, or the spec that containerd keeps) says that we show: mounts,
 * annotations, and whether the container is privileged. Any JSON may come: what has another shape counts as absent.
 */
import type { ContainerMount } from '@vedette/model/container';

export interface SpecFacts {
  readonly mounts: readonly ContainerMount[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly privileged: boolean;
}

const mountsMax = 200;

export function specFacts(text: string): SpecFacts {
  return factsOf(parsed(text));
}

/** null: no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Of a specification that was parsed already. */
export function factsOf(spec: unknown): SpecFacts {
  return { mounts: mountsOf(field(spec, 'mounts')), annotations: textsOf(field(spec, 'annotations')), privileged: isPrivileged(spec) };
}

export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Entries whose value is a string; at most 200 of them, each cut at 4 KiB. */
export function textsOf(value: unknown): Record<string, string> {
  const out: Record<string, string> = {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return out;
  for (const [key, one] of Object.entries(value).slice(0, 200)) {
    if (typeof one === 'string') out[key.slice(0, 256)] = one.slice(0, 4096);
  }
  return out;
}

function mountsOf(value: unknown): ContainerMount[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, mountsMax).map((one: unknown) => {
    const options = field(one, 'options');
    return {
      destination: text(field(one, 'destination')),
      source: text(field(one, 'source')),
      kind: text(field(one, 'type')),
      readOnly: Array.isArray(options) && options.includes('ro'),
    };
  });
}

/** As Docker and Kubernetes make it: every capability, among them CAP_SYS_ADMIN and CAP_SYS_MODULE, and all devices. */
function isPrivileged(spec: unknown): boolean {
  const effective = field(field(field(spec, 'process'), 'capabilities'), 'effective');
  if (!Array.isArray(effective) || !effective.includes('CAP_SYS_ADMIN') || !effective.includes('CAP_SYS_MODULE')) return false;
  const devices = field(field(field(spec, 'linux'), 'resources'), 'devices');
  return Array.isArray(devices) && devices.some((one: unknown) => field(one, 'allow') === true && text(field(one, 'access')) === 'rwm' && field(one, 'type') !== 'c');
}
