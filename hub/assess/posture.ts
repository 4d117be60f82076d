/**
 * Evaluates the controls over every cluster and over the plain hosts: when objects have changed, when controls or exceptions
 * have, and every few minutes for what only time changes. A cluster that is silent is not evaluated on old objects: its
 * results stay as the last that was known, and the day is counted as without data. One pass at a time.
 */
import { z } from 'zod';
import type { Exception } from '@vedette/model/exception';
import { acceptedBy } from '@vedette/policy/posture/accept';
import type { CheckedControl } from '@vedette/policy/posture/control';
import { judgeControl, type ControlResult } from '@vedette/policy/posture/judge';
import { objectKinds, subjectsOf } from '@vedette/policy/posture/subjects';
import type { ClusterView, HostView } from '@vedette/policy/posture/subject';
import { known, unknown } from '@vedette/policy/vocabulary';
import * as store from '../store/posture.ts';
import type { Database } from '../store/database.ts';
import { cutOffSeconds } from '../store/read-posture.ts';

export interface PostureDoors {
  readonly database: Database;
  readonly controls: readonly CheckedControl[];
  readonly exceptions: () => Promise<readonly Exception[]>;
  readonly now: () => Date;
  /** Called when results of a cluster have changed. */
  readonly changed: (clusterId: string) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, data: Readonly<Record<string, unknown>>) => void;
}

/** Of the time that goes into one cluster: a large one that changes all the time is evaluated less often. */
const shareOfTimeMax = 0.05;
/** Objects that change all the time are not followed at once. */
const quietMs = 5000;
const againMs = 300_000;
const keepDays = 400;

const programs = ['kubelet', 'sshd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'];

/** What of a cluster part's report controls need; a report of another form says nothing. */
const Report = z.object({
  kubernetesVersion: z.string(),
  watches: z.array(z.object({ kind: z.string(), synced: z.boolean(), problem: z.string().nullable() })),
  admission: z.object({ state: z.string() }),
  networkPolicy: z.object({ enforcement: z.string() }),
  objectsDropped: z.number(),
});
type Report = z.infer<typeof Report>;

export class Posture {
  readonly #doors: PostureDoors;
  readonly #evaluatedAt = new Map<string, number>();
  readonly #dirty = new Set<string>();
  readonly #tookMs = new Map<string, number>();
  #running: Promise<void> | undefined;
  evaluations = 0;
  failures = 0;

  constructor(doors: PostureDoors) {
    this.#doors = doors;
  }

  /** Something of a cluster changed that is not among its objects; null: of every cluster. */
  dirty(clusterId: string | null): void {
    if (clusterId === null) this.#evaluatedAt.clear();
    else this.#dirty.add(clusterId);
  }

  async settle(): Promise<void> {
    this.#running ??= this.#pass().finally(() => (this.#running = undefined));
    await this.#running;
  }

  async #pass(): Promise<void> {
    const places = await store.posturePlaces(this.#doors.database);
    const due = places.filter((one) => this.#isDue(one));
    if (due.length === 0) return;
    const exceptions = await this.#doors.exceptions();
    for (const place of due) {
      try {
        await this.#evaluate(place, exceptions);
        this.#evaluatedAt.set(place.id, this.#doors.now().getTime());
        this.#dirty.delete(place.id);
      } catch (error) {
        this.failures += 1;
        this.#evaluatedAt.set(place.id, this.#doors.now().getTime());
        this.#doors.log('error', 'the posture of a cluster could not be evaluated', { cluster: place.name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    }
    await store.removeOldPosture(this.#doors.database, this.#doors.now(), keepDays);
  }

  /** A change waits until a few seconds have passed since the last evaluation, so that a roll-out is one. */
  #isDue({ id, changed_at }: store.PosturePlace): boolean {
    const last = this.#evaluatedAt.get(id);
    if (last === undefined) return true;
    const passedMs = this.#doors.now().getTime() - last;
    if (passedMs < Math.max(quietMs, (this.#tookMs.get(id) ?? 0) / shareOfTimeMax)) return false;
    return passedMs >= againMs || this.#dirty.has(id) || (changed_at !== null && changed_at.getTime() >= last);
  }

  async #evaluate(place: store.PosturePlace, exceptions: readonly Exception[]): Promise<void> {
    const { database, controls, now } = this.#doors;
    const at = now();
    const isSilent = place.is_kubernetes && isCutOff(place.reported_at, at);
    if (isSilent && place.evaluated_at !== null) {
      await database.patient((db) => store.recountDay(db, place.id, true, at));
      this.evaluations += 1;
      return;
    }
    const startedMs = performance.now();
    const { view, missing } = await this.#view(place, at);
    const subjects = subjectsOf(view);
    const results: store.ResultRow[] = [];
    const row = (one: ControlResult): store.ResultRow => {
      const exception = acceptedBy(exceptions, one, place.name, at.getTime());
      const accepted = exception === null ? null : { exception: exception.metadata.name, owner: exception.spec.owner, reason: exception.spec.reason, expiresAt: exception.spec.expiresAt };
      return { control: one.control, namespace: one.subject.namespace, subjectKind: one.subject.kind, subjectType: one.subject.type, subjectName: one.subject.name, state: accepted === null ? one.state : 'accepted', reason: one.reason, evidence: one.evidence, accepted };
    };
    for (const control of controls) {
      for (const one of judgeControl(control, subjects)) results.push(row(one));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const changed = await database.patient(async (db) => {
      const count = await store.putResults(db, place.id, results, at);
      const dataAt = place.is_kubernetes ? place.reported_at : at;
      await store.putEvaluation(db, place.id, { isKubernetes: place.is_kubernetes, dataAt, subjects: subjects.all.length, missing, tookMs: performance.now() - startedMs }, at);
      await store.recountDay(db, place.id, isSilent, at);
      return count;
    });
    this.evaluations += 1;
    this.#tookMs.set(place.id, performance.now() - startedMs);
    if (changed > 0) this.#doors.changed(place.id);
  }

  async #view(place: store.PosturePlace, at: Date): Promise<{ view: ClusterView; missing: string[] }> {
    const { database } = this.#doors;
    const parsed = Report.safeParse(place.report);
    const report = parsed.success ? parsed.data : null;
    const objects = place.is_kubernetes ? await store.postureObjects(database, place.id, objectKinds) : [];
    const hosts = await store.postureHosts(database, place.id, programs, at);
    const incomplete = incompleteOf(report, objects.length > store.objectsMax);
    const view: ClusterView = {
      name: place.name,
      isKubernetes: place.is_kubernetes,
      objects: objects.slice(0, store.objectsMax).map((one) => ({ apiVersion: one.api_version, kind: one.kind, namespace: one.namespace, name: one.name, uid: one.uid, json: one.json })),
      incomplete,
      kubernetesVersion: report === null || report.kubernetesVersion === '' ? unknown('the cluster part has not reported the version') : known(report.kubernetesVersion),
      networkPolicies: report === null || report.networkPolicy.enforcement === 'unknown' ? unknown('whether the network enforces policies was not found out') : known(report.networkPolicy.enforcement),
      admission: report === null ? unknown('the cluster part has not reported') : known(report.admission.state),
      hosts: hosts.map((one) => hostView(one)),
      nowMs: at.getTime(),
    };
    return { view, missing: missingOf(place, view, report, hosts) };
  }
}

function isCutOff(reportedAt: Date | null, at: Date): boolean {
  return reportedAt === null || at.getTime() - reportedAt.getTime() > cutOffSeconds * 1000;
}

function incompleteOf(report: Report | null, isCut: boolean): (kind: string) => string | null {
  const watches = new Map(report?.watches.map((one) => [one.kind.split('/').at(-1) ?? one.kind, one]) ?? []);
  return (kind) => {
    if (report === null) return 'the cluster part has not reported which objects it watches';
    const watch = watches.get(kind);
    if (watch === undefined) return `the cluster part does not watch objects of the kind ${kind}`;
    if (!watch.synced) return `objects of the kind ${kind} are not known whole${watch.problem === null ? '' : `: ${watch.problem}`}`;
    if (isCut) return `the cluster holds more than ${store.objectsMax} objects, and the rest is not evaluated`;
    return report.objectsDropped > 0 ? `${report.objectsDropped} objects were too large to be sent, and may be of the kind ${kind}` : null;
  };
}

function hostView(host: store.PostureHost): HostView {
  const { hostname, kernel, distribution, processes, listening } = host;
  const since = host.last_seen_at === null ? 'never' : `last heard ${host.last_seen_at.toISOString()}`;
  return { hostname, kernel, distribution, processes, listening, unseen: host.connected ? null : `the sensor of this host is away (${since}), so its processes are not known now` };
}

/** For people, in sentences. */
function missingOf(place: store.PosturePlace, view: ClusterView, report: Report | null, hosts: readonly store.PostureHost[]): string[] {
  const kinds = place.is_kubernetes ? objectKinds.filter((kind) => view.incomplete(kind) !== null) : [];
  const away = hosts.filter((one) => !one.connected).map((one) => one.hostname);
  return [
    ...(place.is_kubernetes && report === null ? ['The cluster part has not reported yet: whether all objects are known is not known.'] : []),
    ...(report === null ? [] : kinds.map((kind) => `${kind}: ${view.incomplete(kind)!}.`)),
    ...(away.length === 0 ? [] : [`No sensor is heard from ${away.slice(0, 10).join(', ')}${away.length > 10 ? ` and ${away.length - 10} more` : ''}.`]),
    'Configuration files of the kubelet and of sshd are not read: only what their arguments say is known.',
  ];
}
