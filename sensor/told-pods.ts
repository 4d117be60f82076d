/** The cluster part's last word on the pods of this node, kept so that a sensor which starts while nobody is there knows them. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { PodSet } from '@vedette/model/wire/generated/link_pb';
import type { ToldPod } from './enrich/pod-table.ts';

const podsMax = 2000;
const Told = z.array(
  z.strictObject({
    uid: z.string(),
    namespace: z.string(),
    name: z.string(),
    workloadKind: z.string(),
    workloadName: z.string(),
    serviceAccount: z.string(),
    revision: z.string(),
    labels: z.record(z.string(), z.string()),
    containerIds: z.array(z.string()),
    images: z.record(z.string(), z.string()).default({}),
  }),
);

export function toldPods(set: PodSet): ToldPod[] {
  return set.pods.slice(0, podsMax).map(({ uid, namespace, name, workloadKind, workloadName, serviceAccount, revision, labels, containers }) => ({
    uid,
    namespace,
    name,
    workloadKind,
    workloadName,
    serviceAccount,
    revision,
    labels: { ...labels },
    containerIds: containers.flatMap(({ containerId }) => (containerId === '' ? [] : [containerId])),
    images: Object.fromEntries(containers.flatMap(({ name, image }) => (image === '' ? [] : [[name, image]]))),
  }));
}

export class ToldPodsFile {
  readonly #path: string;

  constructor(directory: string) {
    this.#path = join(directory, 'pods.json');
  }

  read(): ToldPod[] {
    try {
      return Told.safeParse(JSON.parse(readFileSync(this.#path, 'utf8'))).data ?? [];
    } catch {
      return [];
    }
  }

  keep(pods: readonly ToldPod[]): void {
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify(pods), { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
    } catch {
      // a full disk: the pods hold for this process, and the next one is told them again
    }
  }
}
