/**
 * One resource, listed and then watched for as long as the signal lets: pages of a list, then a stream from the list's
 * resourceVersion on, resumed from the last version that was seen (bookmarks move it without a change). A version that the
 * server has forgotten (410) leads to a new list; everything else is tried again with doubling waits. The handler is called
 * one at a time and awaited, so a slow one slows the server instead of filling the memory; `prune` runs before an object
 * is kept with the rest of its list.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { StopStream, problem, type Kubernetes, type KubernetesProblem, type KubernetesResult, type Query } from './client.ts';
import { KubernetesObject, Status } from './objects.ts';

export interface WatchTarget {
  /** /api/v1/pods, /apis/apps/v1/deployments … */
  readonly path: string;
  readonly kind: string;
  /** Only apiVersion, kind and metadata of each object. */
  readonly metadataOnly?: boolean;
  readonly query?: Query;
  /** What is kept of each object. */
  readonly prune?: (object: KubernetesObject) => KubernetesObject;
}

export interface WatchHandler {
  /** Everything there is: what is not in it is gone. Again after each new list. */
  listed(objects: readonly KubernetesObject[]): Promise<void> | void;
  changed(object: KubernetesObject): Promise<void> | void;
  removed(object: KubernetesObject): Promise<void> | void;
  /** Why it is not up to date; null: it is again. Said when it changes. */
  problem(sentence: string | null): void;
}

export interface WatchTimes {
  readonly waitMsMin: number;
  readonly waitMsMax: number;
  /** One stream lives this long at most, plus a jitter of as much again. */
  readonly streamSeconds: number;
}
export const watchTimes: WatchTimes = { waitMsMin: 500, waitMsMax: 30_000, streamSeconds: 240 };

const pageItems = 500;
const Event = z.object({ type: z.string(), object: z.unknown() });

/** Resolves when the signal is aborted; never rejects but for what the handler throws. */
export async function watchResource(kubernetes: Kubernetes, target: WatchTarget, handler: WatchHandler, signal: AbortSignal, times: WatchTimes = watchTimes): Promise<void> {
  const watch = new Watch(kubernetes, target, handler, signal, times);
  await watch.run();
}

class Watch {
  readonly #kubernetes: Kubernetes;
  readonly #target: WatchTarget;
  readonly #handler: WatchHandler;
  readonly #signal: AbortSignal;
  readonly #times: WatchTimes;
  /** Empty: a list is needed. */
  #version = '';
  #failures = 0;
  /** The last stream broke and was resumed without a wait. */
  #resumed = false;
  #expired = 0;
  #said: string | null | undefined;

  constructor(kubernetes: Kubernetes, target: WatchTarget, handler: WatchHandler, signal: AbortSignal, times: WatchTimes) {
    this.#kubernetes = kubernetes;
    this.#target = target;
    this.#handler = handler;
    this.#signal = signal;
    this.#times = times;
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      const outcome = this.#version === '' ? await this.#list() : await this.#watch();
      if (this.#signal.aborted) return;
      if (outcome.kind === 'problem') await this.#failed(outcome);
    }
  }

  #say(sentence: string | null): void {
    if (this.#said === sentence) return;
    this.#said = sentence;
    this.#handler.problem(sentence);
  }

  #good(): void {
    this.#failures = 0;
    this.#resumed = false;
    this.#say(null);
  }

  async #failed(found: KubernetesProblem): Promise<void> {
    // the version is too old for the server: that is no fault, but a list is needed
    if (found.status === 410) {
      this.#version = '';
      this.#expired += 1;
      if (this.#expired === 1) return;
    }
    this.#failures += 1;
    this.#say(sentenceOf(this.#target, found));
    const { waitMsMin, waitMsMax } = this.#times;
    const waitMs = Math.min(waitMsMax, waitMsMin * 2 ** Math.min(this.#failures - 1, 16));
    const jittered = waitMs / 2 + (waitMs / 2) * Math.random();
    await sleep(Math.max(jittered, found.retryAfterMs ?? 0), undefined, { signal: this.#signal }).catch(() => undefined);
  }

  async #list(): Promise<KubernetesResult<null>> {
    const { path, kind, query, metadataOnly = false, prune = (object) => object } = this.#target;
    const objects: KubernetesObject[] = [];
    let from: string | undefined;
    for (;;) {
      const answer = await this.#kubernetes.list(path, { kind, metadataOnly, query: { ...query, limit: pageItems, continue: from } });
      if (answer.kind === 'problem') return answer;
      if (this.#signal.aborted) return problem(0, 'Aborted', 'It was told to stop.');
      const page = answer.value;
      if (page.malformed > 0) return problem(0, 'Unreadable', `${page.malformed} items of the list are no objects.`);
      for (const object of page.items) objects.push(prune(object));
      if (page.continue === '') {
        await this.#handler.listed(objects);
        this.#version = page.resourceVersion;
        if (this.#version === '') return problem(0, 'Unreadable', 'The list has no resourceVersion.');
        this.#good();
        return { kind: 'ok', value: null };
      }
      from = page.continue;
    }
  }

  async #watch(): Promise<KubernetesResult<null>> {
    const { path, query, metadataOnly = false } = this.#target;
    const timeoutSeconds = Math.round(this.#times.streamSeconds * (1 + Math.random()));
    const before = this.#version;
    const outcome = await this.#kubernetes.stream(path, {
      query: { ...query, watch: true, allowWatchBookmarks: true, resourceVersion: this.#version, timeoutSeconds },
      metadataOnly,
      signal: this.#signal,
      timeoutMs: timeoutSeconds * 1000 + 15_000,
      onLine: (line) => this.#event(line),
    });
    if (outcome.kind === 'ok') {
      // a server that ends every stream at once without a word must not be asked without a pause
      if (this.#version === before) await sleep(this.#times.waitMsMin, undefined, { signal: this.#signal }).catch(() => undefined);
      return outcome;
    }
    // a stream that broke after it had brought something is resumed at once
    if (this.#version !== before && outcome.status === 0 && outcome.reason === 'Unreachable' && !this.#resumed) {
      this.#resumed = true;
      return { kind: 'ok', value: null };
    }
    return outcome;
  }

  async #event(line: string): Promise<void> {
    const { type, object } = parsed(line);
    if (type === 'ERROR') {
      const status = Status.safeParse(object).data;
      throw new StopStream(problem(status?.code ?? 0, status?.reason ?? 'Unreadable', status?.message ?? 'The watch ended with an error that says nothing.'));
    }
    const read = KubernetesObject.safeParse(object);
    if (!read.success) throw new StopStream(problem(0, 'Unreadable', 'An event of the watch holds no object.'));
    const found = read.data;
    if (type !== 'BOOKMARK') {
      if (found.kind === '' || this.#target.metadataOnly === true) found.kind = this.#target.kind;
      const kept = this.#target.prune === undefined ? found : this.#target.prune(found);
      if (type === 'DELETED') await this.#handler.removed(kept);
      else if (type === 'ADDED' || type === 'MODIFIED') await this.#handler.changed(kept);
    }
    // after the handler: what it threw on comes again
    this.#version = found.metadata.resourceVersion;
    this.#expired = 0;
    this.#good();
  }
}

function parsed(line: string): z.infer<typeof Event> {
  try {
    return Event.parse(JSON.parse(line));
  } catch {
    throw new StopStream(problem(0, 'Unreadable', 'A line of the watch is not an event.'));
  }
}

function sentenceOf(target: WatchTarget, found: KubernetesProblem): string {
  if (found.status === 403) return `forbidden: the service account may not list and watch ${target.path} (${found.message})`;
  if (found.status === 404) return `not served: this API server has no ${target.path}`;
  return found.reason === 'Unreachable' || found.reason === 'TimedOut' ? `unreachable: ${found.message}` : `${found.reason}: ${found.message}`;
}
