/**
 * The live stream: server-sent events that name what changed, gathered for a moment and then fetched again. The state
 * of the stream is shown to the reader, since a page that is not live must not look live; while it is down, what is on
 * screen is fetched again every half minute instead.
 */
import { useSyncExternalStore } from 'react';
import type { LiveTopic } from '@vedette/model/api/table';
import { renew } from './data.ts';
import { endpointsTouched, topicNames, topicsOf } from './view/live-topics.ts';

export type LiveState = { readonly kind: 'connecting' } | { readonly kind: 'live'; readonly sinceMs: number } | { readonly kind: 'down'; readonly sinceMs: number };

/** The first change is fetched at once; what follows it within this time waits, since changes come in bursts. */
const gatherMs = 1200;
const reconnectMs = 10_000;
const pollMs = 30_000;

let state: LiveState = { kind: 'connecting' };
const listeners = new Set<() => void>();
const pending = new Set<LiveTopic>();
let timer: number | undefined;
let fetchedAtMs = Number.NEGATIVE_INFINITY;

function become(next: LiveState): void {
  if (next.kind === state.kind) return;
  state = next;
  for (const listener of listeners) listener();
}

function gather(topics: Iterable<LiveTopic>): void {
  for (const topic of topics) pending.add(topic);
  if (pending.size === 0 || timer !== undefined) return;
  timer = window.setTimeout(() => {
    timer = undefined;
    // A hidden page fetches when it is looked at again: the topics stay pending until then.
    if (document.hidden) return;
    const names = endpointsTouched(pending);
    pending.clear();
    fetchedAtMs = performance.now();
    void renew(names);
  }, Math.max(0, fetchedAtMs + gatherMs - performance.now()));
}

/** Opens the stream and keeps it open; returns what closes it. */
export function startLive(): () => void {
  let source: EventSource | null = null;
  let retry: number | undefined;
  const open = (): void => {
    source = new EventSource('/api/v1/events');
    source.addEventListener('open', () => {
      // What changed while the stream was down is not known, so everything on screen is fetched again.
      if (state.kind === 'down') gather(topicNames);
      become({ kind: 'live', sinceMs: Date.now() });
    });
    source.addEventListener('error', () => {
      become({ kind: 'down', sinceMs: Date.now() });
      if (source?.readyState === EventSource.CLOSED) retry = window.setTimeout(open, reconnectMs);
    });
    const take = (event: MessageEvent<unknown>): void => gather(topicsOf(event.type, String(event.data)));
    source.addEventListener('message', take);
    for (const name of ['changed', ...topicNames]) source.addEventListener(name, take as EventListener);
  };
  const look = (): void => {
    if (!document.hidden) gather([]);
  };
  const poll = window.setInterval(() => {
    if (state.kind === 'down' && !document.hidden) gather(topicNames);
  }, pollMs);
  document.addEventListener('visibilitychange', look);
  open();
  return () => {
    source?.close();
    window.clearTimeout(retry);
    window.clearInterval(poll);
    document.removeEventListener('visibilitychange', look);
    state = { kind: 'connecting' };
  };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLive(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}
