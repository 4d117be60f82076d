/**
 * Identifiers as branded strings, so that a container id cannot be handed where an image digest is wanted.
 * Branding costs nothing at run time; the `…Of` functions are the only way in and refuse what cannot be one.
 */
declare const brand: unique symbol;
type Branded<Text extends string> = string & { readonly [brand]: Text };

export type ClusterId = Branded<'cluster'>;
export type NodeId = Branded<'node'>;
export type SensorId = Branded<'sensor'>;
export type ContainerId = Branded<'container'>;
export type ImageDigest = Branded<'digest'>;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

function uuid<T extends string>(text: string, what: string): Branded<T> {
  if (!uuidPattern.test(text)) throw new RangeError(`${what} is not a UUID: ${JSON.stringify(text.slice(0, 80))}`);
  return text as Branded<T>;
}

export function clusterIdOf(text: string): ClusterId {
  return uuid<'cluster'>(text, 'cluster id');
}

export function nodeIdOf(text: string): NodeId {
  return uuid<'node'>(text, 'node id');
}

export function sensorIdOf(text: string): SensorId {
  return uuid<'sensor'>(text, 'sensor id');
}

/** A runtime's own container id: opaque, 1 to 256 characters without control characters or slashes. */
export function containerIdOf(text: string): ContainerId {
  if (text.length === 0 || text.length > 256 || /[\u0000-\u001f/]/.test(text)) {
    throw new RangeError(`not a container id: ${JSON.stringify(text.slice(0, 80))}`);
  }
  return text as ContainerId;
}

/** `sha256:` and 64 hex digits (OCI image specification, descriptor digests). */
export function imageDigestOf(text: string): ImageDigest {
  if (!digestPattern.test(text)) throw new RangeError(`not a sha256 digest: ${JSON.stringify(text.slice(0, 80))}`);
  return text as ImageDigest;
}

export function isImageDigest(text: string): text is ImageDigest {
  return digestPattern.test(text);
}
