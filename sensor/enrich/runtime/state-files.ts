/**
 * Identity from what runtimes leave on disk: the container storage of podman and CRI-O (containers.json, its volatile
 * sibling, images.json, config.json), and the state of a bare runc (state.json, whose labels carry the bundle's OCI
 * annotations) or crun (status, which names the bundle). Files of the host, but written
 * by others: size is bounded, and a file that cannot be read or parsed says so instead of failing.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerIdentity } from '@vedette/model/container';
import { field, parsed, specFacts, text, textsOf } from './oci-spec.ts';

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
  return parsed((await readText(path)) ?? '');
}

/** What `--rm` and CRI-O make need not outlive a crash of the host and is kept in a list of its own. */
const containerLists = ['containers.json', 'volatile-containers.json'];

/** podman and CRI-O keep containers under <storage>/<driver>-containers, images under <storage>/<driver>-images. */
export async function podmanIdentity(storage: string, id: string): Promise<ContainerIdentity | null> {
  let drivers: string[];
  try {
    drivers = (await readdir(storage)).filter((one) => one.endsWith('-containers'));
  } catch {
    return null;
  }
  for (const directory of drivers) {
    const lists = await Promise.all(containerLists.map(async (one) => await readJson(join(storage, directory, one))));
    const found: unknown = lists.flatMap((one) => (Array.isArray(one) ? (one as unknown[]) : [])).find((one) => field(one, 'id') === id);
    if (found === undefined) continue;
    const images = await readJson(join(storage, directory.replace(/-containers$/, '-images'), 'images.json'));
    const spec = specFacts((await readText(join(storage, directory, id, 'userdata', 'config.json'))) ?? '');
    return podmanFrom(id, found, images, spec);
  }
  return null;
}

function podmanFrom(id: string, container: unknown, images: unknown, spec: ReturnType<typeof specFacts>): ContainerIdentity {
  const metadata = parsed(text(field(container, 'metadata')));
  // only CRI-O writes the pod's id: what it names a container is not what a person named it
  const isCrio = text(field(metadata, 'pod-id')) !== '';
  const imageId = text(field(container, 'image'));
  const image: unknown = Array.isArray(images) ? images.find((one) => field(one, 'id') === imageId) : undefined;
  const digest = text(field(image, 'digest'));
  const names = field(container, 'names');
  const name = (isCrio ? text(field(metadata, 'metadata-name')) : '') || text(field(metadata, 'name')) || (Array.isArray(names) ? text(names[0]) : '') || id;
  const imageName = text(field(metadata, 'image-name'));
  return {
    runtime: isCrio ? 'crio' : 'podman',
    name,
    imageName: imageName === '' ? null : imageName,
    indexDigest: null,
    platformDigest: digestPattern.test(digest) ? digest : null,
    imageReason: digestPattern.test(digest) ? null : `the container storage has no digest for the image ${imageName || imageId}`,
    labels: spec.annotations,
    mounts: spec.mounts,
    podName: spec.annotations['io.kubernetes.pod.name'] ?? null,
    podNamespace: spec.annotations['io.kubernetes.pod.namespace'] ?? null,
    podUid: spec.annotations['io.kubernetes.pod.uid'] ?? null,
    privileged: spec.privileged || field(metadata, 'privileged') === true,
    podSandbox: isCrio && field(metadata, 'pod') === true,
  };
}

/** Where a container's cgroup is within the two hierarchies that the sensor follows: v1 of the pids controller, and the unified one. */
export interface CgroupPlaces {
  readonly v1: string | null;
  readonly v2: string | null;
}

interface BareState {
  readonly places: CgroupPlaces;
  readonly labels: Readonly<Record<string, string>>;
  readonly bundle: string;
}

/** null: neither runc nor crun knows this container here. */
async function bareState(stateDirectory: string, id: string): Promise<BareState | null> {
  const runc = await readJson(join(stateDirectory, id, 'state.json'));
  if (runc !== null) {
    const labels = labelsOf(field(field(runc, 'config'), 'labels'));
    return { places: placesOf(field(runc, 'cgroup_paths')), labels, bundle: labels['bundle'] ?? '' };
  }
  const crun = await readJson(join(stateDirectory, id, 'status'));
  if (crun === null) return null;
  // crun names one place, the same in every hierarchy
  const named = text(field(crun, 'cgroup-path'));
  const place = named === '' ? null : join('/', named);
  return { places: { v1: place, v2: place }, labels: {}, bundle: text(field(crun, 'bundle')) };
}

/**
 * runc keeps the directory of each hierarchy, by its controller; the unified one has no name. It is mounted at
 * /sys/fs/cgroup, or below it at /unified where v1 hierarchies are beside it. (Before it kept a list, v2 had one text.)
 */
function placesOf(paths: unknown): CgroupPlaces {
  if (typeof paths === 'string') return { v1: null, v2: placeBelow(/^\/sys\/fs\/cgroup(\/.+)$/, paths) };
  const isBesideV1 = typeof paths === 'object' && paths !== null && Object.keys(paths).some((one) => one !== '');
  return {
    v1: placeBelow(/^\/sys\/fs\/cgroup\/[^/]+(\/.+)$/, field(paths, 'pids')),
    v2: placeBelow(isBesideV1 ? /^\/sys\/fs\/cgroup\/unified(\/.+)$/ : /^\/sys\/fs\/cgroup(\/.+)$/, field(paths, '')),
  };
}

function placeBelow(mount: RegExp, directory: unknown): string | null {
  return mount.exec(text(directory))?.[1] ?? null;
}

/** runc keeps annotations as texts of the form key=value. */
function labelsOf(value: unknown): Record<string, string> {
  const out: Record<string, string> = {};
  for (const one of Array.isArray(value) ? value.slice(0, 400) : []) {
    const at = text(one).indexOf('=');
    if (at > 0) out[text(one).slice(0, at)] = text(one).slice(at + 1).slice(0, 4096);
  }
  return out;
}

/** The state directory of a bare runc or crun holds one folder a container. */
export async function runcIdentity(stateDirectory: string, id: string, cgroupPath: string): Promise<ContainerIdentity | null> {
  const state = await bareState(stateDirectory, id);
  if (state === null || (state.places.v1 !== cgroupPath && state.places.v2 !== cgroupPath)) return null;
  const spec = specFacts(state.bundle === '' ? '' : ((await readText(join(state.bundle, 'config.json'))) ?? ''));
  return runcFrom(id, { ...spec.annotations, ...textsOf(state.labels) }, spec);
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

/** Containers that a bare runc or crun knows already, by the place of their cgroup: asked once at start. */
export async function runcContainers(stateDirectory: string): Promise<{ id: string; places: CgroupPlaces }[]> {
  let ids: string[];
  try {
    ids = await readdir(stateDirectory);
  } catch {
    return [];
  }
  const out: { id: string; places: CgroupPlaces }[] = [];
  for (const id of ids.slice(0, 10_000)) {
    const state = await bareState(stateDirectory, id);
    if (state !== null) out.push({ id, places: state.places });
  }
  return out;
}
