/**
 * Admission as it lives in the cluster part: tends its certificates, listens, keeps itself registered with the API server once it
 * can judge, and answers. The order of a new authority is told, taken, served. It can judge when the hub has said once by what;
 * until then nothing is registered and nothing is refused. Switched off, it takes the registration away and no more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExceptionSet, ExecSession, PolicySet } from '@vedette/model/wire/generated/link_pb';
import type { Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import { shown } from '@vedette/policy/message';
import type { Kubernetes, KubernetesProblem } from '../kubernetes/client.ts';
import type { Log } from '../log.ts';
import { Certificates, type CertificateLives } from './certificates.ts';
import { DecisionLog } from './decision-log.ts';
import { ImageKnowledge, type HubAnswers } from './image-knowledge.ts';
import { Judge } from './judge.ts';
import { KeptImages } from './kept-images.ts';
import { register, servingNames, sessionsPath, unregister, workloadsPath, type AdmissionPlace } from './registration.ts';
import { readReview } from './review.ts';
import { Rulebook } from './rulebook.ts';
import { Sessions, type PodPlace } from './sessions.ts';
import { startWebhookServer, type WebhookServer } from './webhook-server.ts';

export interface AdmissionOptions {
  readonly place: AdmissionPlace;
  readonly listenHost: string;
  readonly stateDirectory: string;
  readonly kubernetes: Kubernetes;
  readonly ask: (references: readonly string[]) => Promise<HubAnswers>;
  readonly pod: (namespace: string, name: string) => PodPlace | undefined;
  readonly push: (node: string, session: ExecSession, waitMs: number) => Promise<boolean>;
  readonly report: (record: WireRecord) => void;
  readonly log: Log;
  readonly nowMs?: () => number;
  readonly lives?: CertificateLives;
  readonly tendMs?: number;
}

/** Left of the API server's time for the way there and back. */
const reserveMs = 1000;
const tendMsUsual = 15_000;

export type AdmissionState = { readonly state: 'off' | 'registered' | 'not-registered'; readonly reason: string };

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #certificates: Certificates;
  readonly #judge: Judge;
  readonly #kept: KeptImages;
  readonly #sessions: Sessions;
  readonly #stop = new AbortController();
  readonly rulebook: Rulebook;
  readonly knowledge: ImageKnowledge;
  readonly decisions: DecisionLog;
  #server: WebhookServer | undefined;
  #running: Promise<void> | undefined;
  #wake = Promise.withResolvers<void>();
  #state: AdmissionState = { state: 'not-registered', reason: 'the hub has not said yet by what is judged' };
  malformed = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { place, stateDirectory, ask, report } = options;
    const nowMs = options.nowMs ?? Date.now;
    this.#certificates = new Certificates(stateDirectory, servingNames(place), options.lives);
    this.rulebook = new Rulebook(stateDirectory, () => this.#rulesChanged());
    this.#kept = new KeptImages(stateDirectory, Date.now());
    this.knowledge = new ImageKnowledge({ ask, nowMs, kept: this.#kept });
    this.decisions = new DecisionLog({ report, nowMs });
    this.#judge = new Judge({ rules: () => this.rulebook.rules, image: (reference, waitMs) => this.knowledge.of(reference, waitMs), nowMs, failurePolicy: place.failurePolicy });
    this.#sessions = new Sessions({ pod: options.pod, push: options.push, report, nowMs });
  }

  get state(): AdmissionState {
    return this.#state;
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** Where the API server asks about workloads. */
  get workloadsPath(): string {
    return workloadsPath(this.#certificates.secret);
  }

  /** Whom the API server is to believe. */
  get bundle(): string {
    return this.#certificates.bundle;
  }

  get metrics(): Readonly<Record<string, number>> {
    const { answered, denied, warned, failedOpen } = this.decisions;
    return {
      admissions_answered: answered, admissions_denied: denied, admissions_warned: warned, admissions_failed_open: failedOpen, admissions_malformed: this.malformed,
      admission_requests_refused: this.#server?.refused ?? 0, admission_registered: this.#state.state === 'registered' ? 1 : 0, admission_images_known: this.knowledge.size, admission_images_kept: this.#kept.size, admission_images_unkept: this.#kept.unkept,
      admission_rule_problems: this.rulebook.problems.length, exec_sessions: this.#sessions.seen, exec_sessions_unheard: this.#sessions.unheard,
    };
  }

  start(): void {
    this.#running = this.#tend();
  }

  setPolicies(set: PolicySet): void {
    this.rulebook.setPolicies(set);
  }

  setExceptions(set: ExceptionSet): void {
    this.rulebook.setExceptions(set);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.resolve();
    await this.#running;
    await this.#server?.close();
    this.decisions.close();
    await this.#kept.idle();
  }

  #rulesChanged(): void {
    this.#wake.resolve();
    const { rules: { policies, exceptions }, problems } = this.rulebook;
    this.#options.log(problems.length === 0 ? 'info' : 'warn', 'admission judges by other rules', { policies: policies.length, exceptions: exceptions.length, ...(problems.length === 0 ? {} : { problems: problems.slice(0, 5) }) });
  }

  /** Also for tests: one round of what is otherwise done again and again. */
  async round(): Promise<void> {
    const { kubernetes, place, log } = this.#options;
    const isNew = await this.#certificates.tend((this.#options.nowMs ?? Date.now)());
    await this.#serve(isNew);
    if (!this.rulebook.isKnown) return;
    const bundle = this.#certificates.bundle;
    const port = place.form === 'url' && place.port === 0 ? this.port : place.port;
    const problem = await register(kubernetes, { place: { ...place, port }, bundle, secret: this.#certificates.secret });
    if (this.#stop.signal.aborted) return;
    this.#say(problem);
    if (problem !== null) return;
    this.#certificates.told(bundle);
    // what the API server believes now may be shown to it
    if (await this.#certificates.tend((this.#options.nowMs ?? Date.now)())) {
      await this.#serve(true);
      log('info', 'another certificate is served for admission');
    }
  }

  async #tend(): Promise<void> {
    const { log, tendMs = tendMsUsual } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers();
      await this.round().catch((error: unknown) => {
        this.#state = { state: 'not-registered', reason: error instanceof Error ? error.message : String(error) };
        log('error', 'admission cannot work', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      });
      if (signal.aborted) return;
      // rules that change need no other registration, but the very first ones do
      const wait = this.#state.state === 'registered' ? sleep(tendMs, undefined, { signal }).catch(() => undefined) : Promise.race([sleep(Math.min(tendMs, 2000), undefined, { signal }).catch(() => undefined), this.#wake.promise]);
      await wait;
    }
  }

  #say(problem: KubernetesProblem | null): void {
    const before = this.#state;
    this.#state = problem === null ? { state: 'registered', reason: '' } : { state: 'not-registered', reason: `${problem.reason}: ${problem.message}` };
    if (before.state === this.#state.state && before.reason === this.#state.reason) return;
    if (problem === null) this.#options.log('info', 'admission is registered with the API server', { form: this.#options.place.form, failurePolicy: this.#options.place.failurePolicy });
    else this.#options.log('warn', 'admission cannot be registered with the API server', { reason: problem.reason, error: problem.message });
  }

  async #serve(isNew: boolean): Promise<void> {
    const certificate = this.#certificates.serving;
    if (certificate === undefined) return;
    if (this.#server !== undefined) {
      if (isNew) this.#server.replace(certificate);
      return;
    }
    const { place, listenHost, log } = this.#options;
    this.#server = await startWebhookServer({
      certificate,
      listen: { host: listenHost, port: place.port },
      route: (path) => (path === workloadsPath(this.#certificates.secret) ? (body) => this.#workload(body) : path === sessionsPath(this.#certificates.secret) ? (body) => this.#session(body) : undefined),
      onFault: (error) => log('error', 'a fault of our own in admission', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    });
    log('info', 'admission listens', { port: this.#server.port });
  }

  async #workload(body: string): Promise<string> {
    const begunMs = performance.now();
    const read = readReview(body);
    if (!read.ok) return this.#unread(read.uid, read.reason);
    const { review } = read;
    switch (review.is) {
      case 'workload': {
        const leftMs = this.#options.place.timeoutSeconds * 1000 - reserveMs - (performance.now() - begunMs);
        const decision = await this.#judge.decide(review, Math.max(100, leftMs));
        this.decisions.decided(review, decision);
        return answerText(review.uid, decision);
      }
      case 'session':
      case 'unchanged':
        return answerText(review.uid, { allowed: true, message: '', warnings: [] });
      default:
        return review satisfies never;
    }
  }

  async #session(body: string): Promise<string> {
    const read = readReview(body);
    if (!read.ok || read.review.is !== 'session') {
      this.malformed += 1;
      return answerText(read.ok ? read.review.uid : read.uid, { allowed: true, message: '', warnings: [] });
    }
    await this.#sessions.begin(read.review, sessionWaitMs);
    return answerText(read.review.uid, { allowed: true, message: '', warnings: [] });
  }

  /** What cannot be read cannot be judged. */
  #unread(uid: string, reason: string): string {
    this.malformed += 1;
    const isOpen = this.#options.place.failurePolicy === 'Ignore';
    if (isOpen) this.decisions.unread();
    const sentence = shown(`Vedette cannot judge this: ${reason}.`);
    return answerText(uid, isOpen ? { allowed: true, message: '', warnings: [sentence.slice(0, 120)] } : { allowed: false, message: sentence, warnings: [], code: 400 });
  }
}

/** Below the two seconds that the API server gives. */
const sessionWaitMs = 1000;

function answerText(uid: string, { allowed, message, warnings, code = 403 }: { readonly allowed: boolean; readonly message: string; readonly warnings: readonly string[]; readonly code?: number }): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, allowed, ...(allowed ? {} : { status: { code, reason: 'Forbidden', message } }), ...(warnings.length === 0 ? {} : { warnings }) },
  });
}

/** Takes the registration away until there is none, for a part whose admission is off. The answer stops it. */
export function keepUnregistered(kubernetes: Kubernetes, name: string, log: Log): () => Promise<void> {
  const stop = new AbortController();
  const running = (async () => {
    for (let waitMs = 1000; !stop.signal.aborted; waitMs = Math.min(60_000, waitMs * 2)) {
      const problem = await unregister(kubernetes, name);
      if (problem === null || problem.status === 403) return;
      log('warn', 'the registration of admission cannot be taken away', { reason: problem.reason, error: problem.message });
      await sleep(waitMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return async () => {
    stop.abort();
    await running;
  };
}
