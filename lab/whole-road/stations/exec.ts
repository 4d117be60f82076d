/**
 * Station 6: two people with certificates of their own execute the same command in the same container in the same second. Each tree of
 * processes carries who it was, or "one of these" where the runtime gives no way to tell; never the wrong one.
 */
import { readFileSync } from 'node:fs';
import type { ExecutionView } from '@vedette/model/api/views';
import { until } from '../../until.ts';
import type { Scene } from '../scene.ts';
import { shop } from './run.ts';

const people = ['alice', 'bob'] as const;
type Person = (typeof people)[number];

interface Came {
  readonly person: Person;
  readonly pids: readonly number[];
}

/** Comes in, says its pid, and stays for a while. */
async function comesIn(person: Person, pod: string, clients: Readonly<Record<Person, { kubectl: (args: readonly string[], options: { accept: number[] }) => Promise<{ stdout: string }> }>>, onPid: (came: Came) => void): Promise<void> {
  const script = 'echo $$; exec sleep 6';
  const inside = clients[person].kubectl(['exec', '--namespace', shop, pod, '--', 'sh', '-c', script], { accept: [1] });
  const { stdout } = await inside;
  onPid({ person, pids: [Number(stdout.trim())] });
}

export async function play(scene: Scene): Promise<void> {
  const { api, facts, first, lab } = scene;
  const { report } = lab;
  await first.plane.client.apply({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'people' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' }, subjects: people.map((name) => ({ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' })) } as never);
  const clients = { alice: (await first.plane.userCertificate('alice')).client, bob: (await first.plane.userCertificate('bob')).client };
  const twin = facts.twin!;
  const pod = (await first.plane.client.list('v1', 'Pod', shop, '?labelSelector=app%3Dtwin')).find((one) => (one['status'] as { phase: string }).phase === 'Running')!.metadata.name;

  const alone = clients.alice.kubectl(['exec', '--namespace', shop, pod, '--', 'sh', '-c', 'exec sleep 5'], { accept: [1] });
  const sleeping = async (): Promise<ExecutionView[]> => (await api.call('listProcesses', { query: { container: twin.id, limit: 100 } })).items.filter((one) => one.arguments[0]?.endsWith('sleep') === true);
  const users = (one: ExecutionView): string[] => (one.kubernetesUsers ?? []).map(({ user }) => user).sort();
  const first1 = await until(async () => (await sleeping()).find((one) => users(one).length > 0), 8000, 200);
  report.row('alice alone: her tree carries her name', ['alice'], first1.value === null ? ['nobody'] : users(first1.value), await sleeping());
  await alone;

  const came: Came[] = [];
  const both = people.map((person) => comesIn(person, pod, clients, (one) => came.push(one)));
  const seen = await until(async () => {
    const all = await sleeping();
    return all.length >= 2 && all.every((one) => users(one).length > 0) ? all.map((one) => ({ pid: one.pid, users: users(one), inside: Number(/NSpid:.*\s(\d+)\s*$/m.exec(statusOf(one.pid))?.[1] ?? 0) })) : null;
  }, 8000, 200);
  await Promise.all(both);
  const trees = seen.value ?? [];
  report.row('both at once: each tree has who it was, or one of these', [true, true], trees.map((one) => one.users.every((user) => people.includes(user as Person)) && one.users.length > 0), trees);
  const wrong = came.filter(({ person, pids }) => trees.some((one) => pids.includes(one.inside) && !one.users.includes(person)));
  report.row('and none is swapped', [], wrong.map(({ person }) => person), { came, trees }, wrong.length === 0 && trees.length === 2);
  const { value: sessions } = await until(async () => {
    const { items } = await api.call('listExecSessions', { query: { namespace: shop, limit: 50 } });
    return items.length >= 3 ? items : null;
  }, 10_000, 250);
  report.row('the sessions are in the hub with user, pod and command', true, sessions !== null && people.every((person) => sessions.some((one) => one.user === person && one.pod === pod)), sessions);
  const { value: incidents } = await until(async () => {
    const { items } = await api.call('listIncidents', { query: { kind: 'detection', state: 'all', container: twin.id, limit: 50 } });
    return items.length > 0 ? items : null;
  }, 10_000, 250);
  report.row('the shells are incidents that name them', true, people.some((person) => JSON.stringify(incidents ?? []).includes(person)), incidents);
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
