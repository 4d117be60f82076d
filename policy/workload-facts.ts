/**
 * The facts of the workload that is to run an image, which only the stage `deploy` has: what it is, and how one container of it
 * is set up. They stand beside the image's in one vocabulary, so a rule may speak about both; at every other stage they
 * are unknown, and a rule that asks them there is refused when it is written.
 */
import { unknown, type Fact, type FactEntry, type FactValue } from './vocabulary.ts';

export interface WorkloadFacts {
  readonly kind: Fact<string>;
  readonly name: Fact<string>;
  readonly namespace: Fact<string>;
  readonly labels: Fact<Readonly<Record<string, string>>>;
  readonly serviceAccount: Fact<string>;
  readonly container: Fact<string>;
  readonly containerType: Fact<string>;
  readonly privileged: Fact<boolean>;
  readonly allowPrivilegeEscalation: Fact<boolean>;
  readonly runAsNonRoot: Fact<boolean>;
  readonly runAsUser: Fact<number>;
  readonly readOnlyRootFilesystem: Fact<boolean>;
  readonly capabilitiesAdded: Fact<readonly string[]>;
  readonly capabilitiesDropped: Fact<readonly string[]>;
  readonly seccomp: Fact<string>;
  readonly hostNetwork: Fact<boolean>;
  readonly hostPid: Fact<boolean>;
  readonly hostIpc: Fact<boolean>;
  readonly hostPaths: Fact<readonly string[]>;
  readonly hostPorts: Fact<readonly string[]>;
  readonly serviceAccountToken: Fact<boolean>;
}

export const workloadRoot = 'workload';

/** What is asked where there is no workload. */
const nowhere = unknown('a workload is only known at deployment');

interface HasWorkload {
  readonly workload?: WorkloadFacts | undefined;
}

function fact(key: keyof WorkloadFacts, type: FactEntry<HasWorkload>['type'], about: string): FactEntry<HasWorkload> {
  return { name: `${workloadRoot}.${key}`, type, about, read: ({ workload }): Fact<FactValue> => workload?.[key] ?? nowhere };
}

export const workloadFactEntries: readonly FactEntry<HasWorkload>[] = [
  fact('kind', 'string', '`Deployment`, `CronJob`, `Pod`: what was applied'),
  fact('name', 'string', 'empty: it is yet to be given one'),
  fact('namespace', 'string', 'where it is applied'),
  fact('labels', 'map<string, string>', "of its pods; ask `\"name\" in workload.labels` before `workload.labels[\"name\"]`"),
  fact('serviceAccount', 'string', 'that its pods run as'),
  fact('container', 'string', 'name of the container that runs the image'),
  fact('containerType', 'string', '`container`, `init`, `ephemeral`'),
  fact('privileged', 'bool', 'the container may do all that root of the host may'),
  fact('allowPrivilegeEscalation', 'bool', 'a process may gain more than its parent; true unless it is said otherwise'),
  fact('runAsNonRoot', 'bool', 'the kubelet refuses to start it as root'),
  fact('runAsUser', 'int', 'as the container or its pod says; 0 is root, -1: neither says, and the image decides'),
  fact('readOnlyRootFilesystem', 'bool', 'nothing can be written beside volumes'),
  fact('capabilitiesAdded', 'list<string>', '`NET_ADMIN`, `ALL`'),
  fact('capabilitiesDropped', 'list<string>', '`ALL`'),
  fact('seccomp', 'string', '`RuntimeDefault`, `Localhost`, `Unconfined`; empty: nobody says'),
  fact('hostNetwork', 'bool', "its pods use the node's network"),
  fact('hostPid', 'bool', "its pods see the node's processes"),
  fact('hostIpc', 'bool', "its pods use the node's IPC"),
  fact('hostPaths', 'list<string>', 'paths of the node that are volumes of its pods'),
  fact('hostPorts', 'list<string>', "the node's ports that the container takes: `8080/TCP`"),
  fact('serviceAccountToken', 'bool', 'its pods hold a token for the API server; true unless it is said otherwise'),
];

/** Whether this name is a fact, or part of one, that only the stage `deploy` has. */
export function isWorkloadFact(name: string): boolean {
  return name.startsWith(`${workloadRoot}.`);
}
