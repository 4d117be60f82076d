/**
 * Station 6: two people with certificates of their own execute the same command in the same container in the same second. Each tree of
 * processes carries who it was, or "one of these" where the runtime gives no way to tell; never the wrong one.
 */
import { readFileSync } from 'node:fs';
import { until } from '../../until.ts';
import type { Scene } from '../scene.ts';
import { shop } from './run.ts';

const people = ['alice', 'bob'] as const;
type Person = (typeof people)[number];

/** What a person does: a shell that says its pid and stays for a while. */
const words = (seconds: number): string => `echo $$; sleep ${seconds}; true`;

interface Seen {
  readonly users: readonly string[];
  /** In the container. */
  readonly pid: number;
}

/** The trees of shells in this container as its incidents have them; the pid inside from the process while it lives. */
async function shells(scene: Scene, containerId: string, inside: Map<number, number>): Promise<Seen[]> {
  const { items } = await scene.api.call('listIncidents', { query: { kind: 'detection', state: 'all', container: containerId, limit: 50 } });
  const out: Seen[] = [];
  for (const one of items) {
    const { events } = await scene.api.call('getIncident', { params: { id: one.id } });
    for (const event of events) {
      const last = event.tree.at(-1);
      if (last === undefined) continue;
      const pid = Number(/NSpid:.*\s(\d+)\s*$/m.exec(statusOf(last.pid))?.[1] ?? inside.get(last.pid) ?? 0);
      if (pid > 0) inside.set(last.pid, pid);
      out.push({ users: (last.kubernetesUsers ?? []).map(({ user }) => user).sort(), pid });
    }
  }
  return out;
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

export async function play(scene: Scene): Promise<void> {
  const { api, facts, first, lab } = scene;
  const { report } = lab;
  await first.plane.client.apply({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'people' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' }, subjects: people.map((name) => ({ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' })) } as never);
  const clients = { alice: (await first.plane.userCertificate('alice')).client, bob: (await first.plane.userCertificate('bob')).client };
  const twin = facts.twin!;
  const pod = (await first.plane.client.list('v1', 'Pod', shop, 'labelSelector=app%3Dtwin'))[0]!.metadata.name;
  const comesIn = async (person: Person): Promise<{ readonly person: Person; readonly pid: number }> => {
    // past the API server nobody is asked who they are
    const { stdout } = lab.sabotage === 'identity'
      ? await first.node.ctr(['task', 'exec', '--exec-id', `${person}-${Date.now()}`, twin.id, 'sh', '-c', words(4)], [1])
      : await clients[person].kubectl(['exec', '--namespace', shop, pod, '--', 'sh', '-c', words(4)], { accept: [1] });
    return { person, pid: Number(stdout.trim()) };
  };

  const inside = new Map<number, number>();
  const alone = comesIn('alice');
  const one = await until(async () => (await shells(scene, twin.id, inside)).find(({ users, pid }) => users.length > 0 && pid > 0), 8000, 200);
  report.row('alice alone: the incident of her shell names her', [['alice'], (await alone).pid], [one.value?.users ?? ['nobody'], one.value?.pid ?? 0], await shells(scene, twin.id, inside));

  const both = Promise.all(people.map((person) => comesIn(person)));
  const trees = await until(async () => {
    const all = (await shells(scene, twin.id, inside)).filter(({ pid }) => pid > 0 && pid !== one.value?.pid);
    return all.length >= 2 ? all : null;
  }, 8000, 200);
  const came = await both;
  const found = came.map(({ person, pid }) => ({ person, users: trees.value?.find((tree) => tree.pid === pid)?.users ?? [] }));
  report.row('both in the same second: each shell is its own, or of one of the two', [true, true], found.map(({ users }) => users.length > 0 && users.every((user) => people.some((name) => name === user))), { came, trees: trees.value });
  report.row('and none is swapped', [true, true], found.map(({ person, users }) => users.includes(person)), found);
  const { value: sessions } = await until(async () => {
    const { items } = await api.call('listExecSessions', { query: { namespace: shop, limit: 50 } });
    return items.length >= 3 ? items : null;
  }, 10_000, 250);
  report.row('the sessions are in the hub with user, pod and command', true, sessions !== null && people.every((person) => sessions.some((session) => session.user === person && session.pod === pod)), sessions);
}
