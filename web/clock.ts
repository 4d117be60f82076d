/**
 * Now, for everything that shows an age: one timer for the whole page, so that all ages change together, and none
 * while nobody looks.
 */
import { useSyncExternalStore } from 'react';

const tickMs = 5000;
let nowMs = Date.now();
const listeners = new Set<() => void>();
let timer: number | undefined;

function tick(): void {
  if (document.hidden) return;
  nowMs = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(tick, tickMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}

export const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
