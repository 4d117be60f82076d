/**
 * Station 12: who may see the second cluster only learns neither names nor counts of the first one and the plain host, whatever is asked. Every
 * endpoint of the API's table that reads is asked in its widest form, with ids and by filters of elsewhere; and what then happens
 * in the first cluster changes no answer. An administrator is asked the same, so that what is looked for is known to be there.
 */
import type { Grant } from '@vedette/model/access';
import type { Endpoint, EndpointName } from '@vedette/model/api/table';
import { addressOf, gather, lists, madeUp, sameBut, still, table, textFilters, wide, withId } from '@vedette/hub/matrix-sample';
import { until } from '../../until.ts';
import { badTag } from '../images.ts';
import { hostsCluster } from '../plain-host.ts';
import { release, type Scene } from '../scene.ts';
import { applied, deployment, shop } from './run.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}
type Ask = (address: string) => Promise<Answer>;

/** Ids that are asked of each endpoint, at most. */
const idsMax = 12;
const quietMs = 30_000;

async function askerWith(scene: Scene, name: string, grants: Grant[]): Promise<Ask> {
  const { secret } = await scene.api.call('createToken', { body: { name, grants } });
  return async (address) => {
    const response = await fetch(`${scene.hub.url}${address}`, { headers: { authorization: `Bearer ${secret}` } });
    return { status: response.status, text: await response.text() };
  };
}

/** Names, ids and digests of the first cluster and the plain host that nothing in the second has. */
async function elsewhere(scene: Scene): Promise<string[]> {
  const { api, facts, first, registry, second } = scene;
  const pods = await first.plane.client.kubectl(['get', 'pods', '--all-namespaces', '-o', 'json']);
  const words = (JSON.parse(pods.stdout) as { items: { metadata: { name: string; uid: string } }[] }).items.flatMap(({ metadata }) => [metadata.name, metadata.uid]);
  const clusters = (await api.call('listClusters', {})).items.filter((one) => one.name === first.name || one.name === hostsCluster);
  const nodes = (await api.call('listNodes', { query: { limit: 200 } })).items.filter((one) => one.clusterName !== second.name);
  const containers = (await api.call('listContainers', { query: { limit: 200 } })).items.filter((one) => one.hostname !== second.node.name);
  const processes = (await api.call('listProcesses', { query: { limit: 200 } })).items.filter((one) => one.hostname !== second.node.name);
  words.push(...clusters.flatMap((one) => [one.id, one.name]), ...nodes.flatMap((one) => [one.id, one.hostname]), ...containers.map((one) => one.id), ...processes.map((one) => one.key));
  // what was refused in the second cluster is known there too: cart with the good tag
  words.push(await hubDigest(scene), facts.images!.bad.platformDigest, `${registry.host}/shop/cart:${badTag}`, 'alice');
  return [...new Set(words)];
}

/** Of an image that runs in the first cluster only. */
async function hubDigest({ api, first }: Scene): Promise<string> {
  const { items } = await api.call('listContainers', { query: { limit: 200 } });
  return items.find((one) => one.hostname === first.node.name && one.workload.endsWith(`/${release}-hub`))?.platformDigest ?? 'the hub is not seen';
}

/** Short words are looked for as a whole value; as a key they are the API's own. */
function holds(text: string, word: string): boolean {
  return word.length < 8 ? new RegExp(`"${word}"(?!:)`).test(text) : text.includes(word);
}

function itemsOf(answer: Answer): readonly Record<string, unknown>[] {
  return answer.status === 200 && answer.text.startsWith('{') ? ((JSON.parse(answer.text) as { items?: Record<string, unknown>[] }).items ?? []) : [];
}

interface Recipe {
  readonly name: EndpointName;
  readonly foreign: readonly string[];
  readonly own: readonly string[];
  readonly needsImage: boolean;
  /** `image`: a digest of elsewhere when left out. */
  address(id: string, image?: string): string;
}

const readsById = withId.filter(([, endpoint]) => endpoint.method === 'GET');

/** The ids of an endpoint are those in the list above it: /containers/{id}/packages takes what /containers has. */
async function recipeOf([name, endpoint]: readonly [EndpointName, Endpoint], all: Ask, limited: Ask, digest: string): Promise<Recipe> {
  const [above = '', rest = ''] = endpoint.path.split('/{');
  const key = rest.split('}')[0]!;
  const list = lists.find(([, one]) => one.path === above);
  const ids = async (ask: Ask): Promise<string[]> => (list === undefined ? [] : itemsOf(await ask(wide(list[1]))).map((one) => one[key]).filter((one) => typeof one === 'string'));
  const own = await ids(limited);
  const foreign = (await ids(all)).filter((id) => !own.includes(id)).slice(0, idsMax);
  // what an endpoint asks for besides the id is an image
  const needsImage = endpoint.query?.safeParse({}).success === false;
  return { name, foreign, own: own.slice(0, 3), needsImage, address: (id, image = digest) => addressOf(endpoint, id) + (needsImage ? `?image=${encodeURIComponent(image)}` : '') };
}

async function everyEndpoint(scene: Scene, all: Ask, limited: Ask): Promise<readonly Recipe[]> {
  const { report } = scene.lab;
  const words = await elsewhere(scene);
  const seenByAll = new Set<string>();
  const leaks: string[] = [];
  const refused: string[] = [];
  const asked = new Set<EndpointName>();
  const look = async (name: EndpointName, ask: string): Promise<void> => {
    const answer = await limited(ask);
    asked.add(name);
    if (answer.status >= 500) refused.push(`${name} ${ask}: ${answer.status}`);
    const text = answer.text.replaceAll(ask, '');
    leaks.push(...words.filter((word) => !ask.includes(encodeURIComponent(word)) && holds(text, word)).map((word) => `${name}: ${word}`));
  };
  for (const [name, endpoint] of lists) {
    await look(name, wide(endpoint));
    const { text } = await all(wide(endpoint));
    for (const word of words) if (holds(text, word)) seenByAll.add(word);
  }
  const recipes: Recipe[] = [];
  const misjudged: string[] = [];
  const digest = await hubDigest(scene);
  const compare = async (name: EndpointName, [id, at]: readonly [string, string], [other, there]: readonly [string, string]): Promise<void> => {
    const [answer, unknown] = [await limited(at), await limited(there)];
    if (sameBut(answer, id, other) !== sameBut(unknown, id, other)) misjudged.push(`${name} ${id}: ${answer.status} ${answer.text.slice(0, 200)}, made up: ${unknown.status}`);
  };
  for (const one of readsById) {
    const recipe = await recipeOf(one, all, limited, digest);
    const { name, foreign, own, needsImage, address } = recipe;
    recipes.push(recipe);
    for (const id of [...foreign, ...own]) await look(name, address(id));
    for (const id of foreign) await compare(name, [id, address(id)], [madeUp(id), address(madeUp(id))]);
    if (needsImage) for (const id of own) await compare(name, [digest, address(id)], [madeUp(digest), address(id, madeUp(digest))]);
  }
  const readable = table.filter(([, endpoint]) => endpoint.method === 'GET').map(([name]) => name);
  const withForeign = recipes.filter((one) => one.foreign.length > 0);
  report.row('every endpoint that reads is asked by who may see the second cluster only', [], readable.filter((name) => !asked.has(name)), `${asked.size} of ${readable.length}; with ids of elsewhere: ${withForeign.map((one) => `${one.name} ${one.foreign.length}`).join(', ')}; of what has no place: ${recipes.filter((one) => one.foreign.length === 0).map((one) => one.name).join(', ')}`);
  report.row('no answer bears a name, an id or a digest of elsewhere', [], leaks.slice(0, 20), `${words.length} words, of which an administrator is told ${seenByAll.size}`, leaks.length === 0 && refused.length === 0 && seenByAll.size >= 20);
  const ownPlaced = (['getCluster', 'getSensor', 'getContainer', 'listContainerPackages', 'getIncident', 'getImage', 'getViolation', 'getResponse'] as const).filter((name) => !withForeign.some((one) => one.name === name));
  report.row('an id of elsewhere is answered as one that there is not', [], misjudged.slice(0, 20), { idsOf: withForeign.map((one) => one.name), withoutIds: ownPlaced }, misjudged.length === 0 && ownPlaced.length === 0);
  return recipes;
}

async function everyFilter(scene: Scene, limited: Ask): Promise<void> {
  const { api, facts, first, lab } = scene;
  const cluster = (await api.call('listClusters', {})).items.find((one) => one.name === first.name)!;
  const [process] = (await api.call('listProcesses', { query: { container: facts.twin!.id, limit: 1 } })).items;
  const digest = await hubDigest(scene);
  const ids = [cluster.id, first.node.name, facts.twin!.node, facts.twin!.id, digest, ...(process === undefined ? [] : [process.key])];
  const told: string[] = [];
  let questions = 0;
  for (const [name, endpoint] of lists) {
    for (const key of textFilters(endpoint)) {
      for (const id of ids) {
        const other = madeUp(id);
        const by = (which: string) => limited(`${endpoint.path}?${new URLSearchParams({ [key]: which })}`);
        const [answer, unknown] = [still(await by(id)), still(await by(other))];
        questions += 1;
        if (sameBut(answer, id, other) !== sameBut(unknown, id, other)) told.push(`${name} by ${key}=${id}: ${answer.status} ${answer.text.slice(0, 200)}`);
      }
    }
  }
  lab.report.row('a filter by what is elsewhere is answered as one by what there is not', [], told.slice(0, 20), `${questions} questions, ${ids.length} ids`, told.length === 0 && ids.length === 6);
}

async function answersOf(limited: Ask, recipes: readonly Recipe[]): Promise<Map<string, string>> {
  const out = new Map<string, string>();
  const keep = async (what: string, address: string) => void out.set(what, sameBut(still(await limited(address))));
  for (const [name, endpoint] of lists) await keep(name, wide(endpoint));
  for (const { name, own, address } of recipes) for (const id of own) await keep(`${name} ${id}`, address(id));
  return out;
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before].flatMap(([what, text]) => {
    const now = after.get(what) ?? '';
    if (now === text) return [];
    const at = [...text].findIndex((character, index) => now[index] !== character);
    return [`${what}: …${text.slice(Math.max(0, at - 60), at + 60)}… became …${now.slice(Math.max(0, at - 60), at + 60)}…`];
  });
}

/** A workload more of the very image that runs in the second cluster, a shell in it, and an image that is refused. */
async function happensInFirst(scene: Scene, name: string): Promise<void> {
  const { api, first, registry } = scene;
  await applied(first, deployment(name, `${registry.host}/shop/twin:1.1`, first.node.name));
  await applied(first, deployment(`${name}-unsigned`, `${registry.host}/shop/unsigned:1.1`, first.node.name));
  await until(async () => (await first.plane.client.kubectl(['exec', '--namespace', shop, `deployment/${name}`, '--', 'sh', '-c', 'true'], { accept: [1] })).code === 0, 30_000, 500);
  const { value } = await until(async () => {
    const container = (await api.call('listContainers', { query: { limit: 200 } })).items.find((one) => one.workload.endsWith(`/${name}`) && one.identity === 'known');
    const image = (await api.call('listImages', { query: { search: 'shop/twin:', limit: 1 } })).items[0];
    if (container === undefined || image === undefined) return false;
    const { places } = await api.call('getImage', { params: { id: image.id } });
    return places.some((one) => one.container === container.id) && (await api.call('listIncidents', { query: { container: container.id, state: 'all' } })).items.length > 0;
  }, 40_000, 500);
  if (value === null) throw new Error(`what was to happen in the first cluster has not arrived at the hub: ${name}`);
}

async function nothingChanges(scene: Scene, limited: Ask, recipes: readonly Recipe[]): Promise<void> {
  const { lab, first } = scene;
  let changed: string[] = [];
  let answers = 0;
  // of the second cluster itself it is said once how long its part has been silent: that is no leak, and does not come twice
  for (const name of ['passer', 'passer-again']) {
    let before = await answersOf(limited, recipes);
    await until(async () => {
      const next = await answersOf(limited, recipes);
      const isQuiet = differences(before, next).length === 0;
      before = next;
      return isQuiet;
    }, quietMs, 200);
    await happensInFirst(scene, name);
    changed = differences(before, await answersOf(limited, recipes));
    answers = before.size;
    await first.plane.client.delete('apps/v1', 'Deployment', name, shop);
    if (changed.length === 0) break;
    lab.report.progress(`changed meanwhile, once: ${changed.join('; ').slice(0, 600)}`);
  }
  lab.report.row('what happens in the first cluster changes no answer: no count, order or share of it is told', [], changed.slice(0, 10), `${answers} answers before and after`);
}

export async function play(scene: Scene): Promise<void> {
  const { api, lab, second } = scene;
  const clusterId = (await api.call('listClusters', {})).items.find((one) => one.name === second.name)?.id ?? '';
  const all = await askerWith(scene, 'of everything', [{ role: 'admin', place: 'all' }]);
  const limited = await askerWith(scene, 'of the second', [{ role: 'viewer', place: lab.sabotage === 'scope' ? 'all' : { cluster: clusterId, namespaces: 'all' } }]);
  const recipes = await everyEndpoint(scene, all, limited);
  await everyFilter(scene, limited);
  await nothingChanges(scene, limited, recipes);
  const own = gather(await Promise.all(lists.map(async ([, endpoint]) => itemsOf(await limited(wide(endpoint))))), new Set());
  lab.report.row('and it sees its own: node, workload, image', [true, true, true], [own.has(second.node.name), [...own].some((one) => one.endsWith('cart-of-second')), [...own].some((one) => one.endsWith('shop/twin:1.1'))], `${own.size} names`);
}
