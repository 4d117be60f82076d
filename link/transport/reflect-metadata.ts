/**
 * @peculiar/x509 finds its parts through a container (tsyringe) that refuses to load unless three functions of the
 * abandoned metadata proposal are there. They are all it uses of them; a map by target and key is enough. To be imported before x509.
 * A complete polyfill that someone else has loaded is left alone.
 */
interface MetadataFunctions {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
}

const metadata = new WeakMap<object, Map<unknown, unknown>>();
const functions = Reflect as MetadataFunctions;

functions.getOwnMetadata ??= (key, target) => metadata.get(target)?.get(key);
functions.getMetadata ??= (key, target) => metadata.get(target)?.get(key);
functions.defineMetadata ??= (key, value, target) => {
  const entries = metadata.get(target) ?? new Map<unknown, unknown>();
  metadata.set(target, entries.set(key, value));
};
