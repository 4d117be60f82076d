/**
 * Identity from what runtimes leave on disk: podman's container storage (containers.json, images.json, config.json) and
 * the state.json of a bare runc or crun, whose labels carry the bundle's OCI annotations. Files of the host, but written
 * by others: size is bounded, and a file that cannot be read or parsed says so instead of failing.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerIdentity } from '@vedette/model/container';
import { field, specFacts, text, textsOf } from './oci-spec.ts';

const fileBytesMax = 16 << 20;
/** Annotations that may carry the digest of the image a bundle was unpacked from, in order of preference. */
const digestAnnotations = ['vedette.dev/image-digest', 'org.opencontainers.image.digest'];
const indexAnnotation = 'vedette.dev/image-index-digest';
const nameAnnotations = ['org.opencontainers.image.ref.name', 'vedette.dev/image-name'];
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** null: not there, or not readable as text of at most 16 MiB. */
async function readText(path: string): Promise<string | null> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    return size > fileBytesMax ? null : await file.readFile('utf8');
  } catch {
    return null;
  }
}

async function readJson(path: string): Promise<unknown> {
  const content = await readText(path);
  try {
    return content === null ? null : JSON.parse(content);
  } catch {
    return null;
  }
}

/** podman keeps containers under <storage>/<driver>-containers, images under <storage>/<driver>-images. */
export async function podmanIdentity(storage: string, id: string): Promise<ContainerIdentity | null> {
  let drivers: string[];
  try {
    drivers = (await readdir(storage)).filter((one) => one.endsWith('-containers'));
  } catch {
    return null;
  }
  for (const directory of drivers) {
    const containers = await readJson(join(storage, directory, 'containers.json'));
    const found: unknown = Array.isArray(containers) ? containers.find((one) => field(one, 'id') === id) : undefined;
    if (found === undefined) continue;
    const images = await readJson(join(storage, directory.replace(/-containers$/, '-images'), 'images.json'));
    const spec = specFacts((await readText(join(storage, directory, id, 'userdata', 'config.json'))) ?? '');
    return podmanFrom(id, found, images, spec);
  }
  return null;
}

function podmanFrom(id: string, container: unknown, images: unknown, spec: ReturnType<typeof specFacts>): ContainerIdentity {
  let metadata: unknown = null;
  try {
    metadata = JSON.parse(text(field(container, 'metadata')));
  } catch {
    metadata = null;
  }
  const imageId = text(field(container, 'image'));
  const image: unknown = Array.isArray(images) ? images.find((one) => field(one, 'id') === imageId) : undefined;
  const digest = text(field(image, 'digest'));
  const names = field(container, 'names');
  const name = text(field(metadata, 'name')) || (Array.isArray(names) ? text(names[0]) : '') || id;
  const imageName = text(field(metadata, 'image-name'));
  return {
    runtime: 'podman',
    name,
    imageName: imageName === '' ? null : imageName,
    indexDigest: null,
    platformDigest: digestPattern.test(digest) ? digest : null,
    imageReason: digestPattern.test(digest) ? null : `podman's storage has no digest for the image ${imageName || imageId}`,
    labels: spec.annotations,
    mounts: spec.mounts,
    podName: null,
    podNamespace: null,
    podUid: null,
    privileged: spec.privileged,
  };
}

/** The state directory of a bare runc (or crun) holds one folder a container. */
export async function runcIdentity(stateDirectory: string, id: string, cgroupPath: string): Promise<ContainerIdentity | null> {
  const state = await readJson(join(stateDirectory, id, 'state.json'));
  if (state === null || !pathsName(field(state, 'cgroup_paths'), cgroupPath)) return null;
  const config = field(state, 'config');
  const labels = field(config, 'labels');
  const annotations: Record<string, string> = {};
  for (const one of Array.isArray(labels) ? labels.slice(0, 400) : []) {
    const at = text(one).indexOf('=');
    if (at > 0) annotations[text(one).slice(0, at)] = text(one).slice(at + 1).slice(0, 4096);
  }
  const bundle = annotations['bundle'] ?? '';
  const spec = specFacts(bundle === '' ? '' : ((await readText(join(bundle, 'config.json'))) ?? ''));
  return runcFrom(id, { ...spec.annotations, ...textsOf(annotations) }, spec);
}

/** cgroup_paths names full directories; ours is the place within a hierarchy. */
function pathsName(paths: unknown, cgroupPath: string): boolean {
  if (typeof paths === 'string') return paths.endsWith(cgroupPath);
  if (typeof paths !== 'object' || paths === null) return false;
  return Object.values(paths).some((one) => typeof one === 'string' && one.endsWith(cgroupPath));
}

function runcFrom(id: string, annotations: Readonly<Record<string, string>>, spec: ReturnType<typeof specFacts>): ContainerIdentity {
  const digest = digestAnnotations.map((one) => annotations[one] ?? '').find((one) => digestPattern.test(one)) ?? null;
  const index = annotations[indexAnnotation] ?? '';
  const imageName = nameAnnotations.map((one) => annotations[one] ?? '').find((one) => one !== '') ?? null;
  return {
    runtime: 'runc',
    name: id,
    imageName,
    indexDigest: digestPattern.test(index) ? index : null,
    platformDigest: digest,
    imageReason: digest === null ? `the bundle's annotations name no image digest (${digestAnnotations.join(' or ')})` : null,
    labels: annotations,
    mounts: spec.mounts,
    podName: annotations['io.kubernetes.pod.name'] ?? null,
    podNamespace: annotations['io.kubernetes.pod.namespace'] ?? null,
    podUid: annotations['io.kubernetes.pod.uid'] ?? null,
    privileged: spec.privileged,
  };
}

/** Containers that a bare runc knows already, by the place of their cgroup: asked once at start. */
export async function runcContainers(stateDirectory: string): Promise<{ id: string; cgroupPaths: string[] }[]> {
  let ids: string[];
  try {
    ids = await readdir(stateDirectory);
  } catch {
    return [];
  }
  const out: { id: string; cgroupPaths: string[] }[] = [];
  for (const id of ids.slice(0, 10_000)) {
    const paths = field(await readJson(join(stateDirectory, id, 'state.json')), 'cgroup_paths');
    const all = typeof paths === 'object' && paths !== null ? Object.values(paths) : [paths];
    out.push({ id, cgroupPaths: all.filter((one): one is string => typeof one === 'string') });
  }
  return out;
}
