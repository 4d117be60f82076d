/** Grants in words: what a person or token will see, and what it may change where. Pure; places come as ids with names beside them. */
import type { Grant, Permission, Place, Role } from '@vedette/model/access';
import { permits, permitsSomewhere, scopeFor } from '@vedette/model/access';

/** Names of clusters by id; one that is not there any more is shown by its id. */
export type ClusterNames = ReadonlyMap<string, string>;

function nameOf(cluster: string, names: ClusterNames): string {
  return names.get(cluster) ?? cluster;
}

function listed(words: readonly string[]): string {
  if (words.length <= 1) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

export function placeWords(place: 'all' | Place, names: ClusterNames): string {
  if (place === 'all') return 'the whole hub';
  const cluster = `cluster ${nameOf(place.cluster, names)}`;
  if (place.namespaces === 'all') return cluster;
  return `${place.namespaces.length === 1 ? 'namespace' : 'namespaces'} ${listed(place.namespaces)} of ${cluster}`;
}

export function grantWords({ role, place }: Grant, names: ClusterNames): string {
  return `${role} of ${placeWords(place, names)}`;
}

/** In a list: the first two, and how many more. */
export function grantsWords(grants: readonly Grant[], names: ClusterNames): string {
  if (grants.length === 0) return 'no role';
  const more = grants.length - 2;
  return `${grants.slice(0, 2).map((grant) => grantWords(grant, names)).join('; ')}${more > 0 ? `; ${more} more` : ''}`;
}

const reach = { whole: 'all of', part: 'what runs in' } as const;

function seen(place: 'all' | Place, names: ClusterNames): string {
  if (place === 'all') return 'Sees everything, also in clusters that join later.';
  if (place.namespaces === 'all') return `Sees ${reach.whole} ${placeWords(place, names)}: hosts, sensors, what runs there, incidents and vulnerabilities.`;
  return `Sees ${reach.part} ${placeWords(place, names)}, with its incidents and vulnerabilities; no hosts or sensors, and no processes outside of its pods.`;
}

function may(role: Role, place: 'all' | Place, names: ClusterNames): string {
  const where = place === 'all' ? '' : ` in ${placeWords(place, names)}`;
  const hasPermission = (permission: Permission): boolean => permits(role, permission);
  const parts = [
    hasPermission('triage') ? 'acknowledge, assign and close incidents' : null,
    hasPermission('fleet') && (place === 'all' || place.namespaces === 'all') ? 'add and remove sensors' : null,
  ].filter((part) => part !== null);
  const ofHub = [
    hasPermission('policy') && place === 'all' ? 'change policies' : null,
    role === 'pipeline' && place === 'all' ? 'hand in checks of images and read the policies for them' : null,
    hasPermission('admin') && place === 'all' ? 'add people and API tokens' : null,
  ].filter((part) => part !== null);
  const all = [...parts, ...ofHub];
  return all.length === 0 ? `Changes nothing${where}.` : `May ${listed(all)}${where}.`;
}

/** What comes of it, one sentence a line: first what is seen, then what may be changed, then what a role does not reach. */
export function effectWords(grants: readonly Grant[], names: ClusterNames): readonly string[] {
  if (grants.length === 0) return ['Can sign in, and sees nothing.'];
  const isWhole = scopeFor(grants, 'view').kind === 'all';
  const lines: string[] = [];
  for (const { place } of grants) if (!isWhole || place === 'all') lines.push(seen(place, names));
  for (const { role, place } of grants) if (role !== 'viewer') lines.push(may(role, place, names));
  if (grants.every(({ role }) => role === 'viewer')) lines.push('Changes nothing.');
  const beyond = [
    permitsSomewhere(grants, 'policy') && scopeFor(grants, 'policy').kind !== 'all' ? 'policies' : null,
    permitsSomewhere(grants, 'admin') && scopeFor(grants, 'admin').kind !== 'all' ? 'people and API tokens' : null,
  ].filter((part) => part !== null);
  if (beyond.length > 0) lines.push(`${beyond.join(' and ').replace(/^p/, 'P')} concern the whole hub: a role in a part of it cannot change them.`);
  return [...new Set(lines)];
}

/** What stands in the way of these grants; null when nothing does. */
export function grantsProblem(grants: readonly Grant[]): string | null {
  if (grants.some(({ place }) => place !== 'all' && place.cluster === '')) return 'Choose a cluster.';
  if (grants.some(({ place }) => place !== 'all' && place.namespaces !== 'all' && place.namespaces.length === 0)) return 'Name at least one namespace, or choose the whole cluster.';
  return null;
}
