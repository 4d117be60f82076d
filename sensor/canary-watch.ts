/** Which records are a canary's, and of which class: those are ticked off and go no further, so that canaries are in no table, count or detection. */
import type { KernelEvent } from '@vedette/model/event';
import { classNames, kinds } from './decode/layout.ts';
import type { Canaries } from './enrich/canaries.ts';

/** Whether the record ends here. The end of the canary itself goes on: its birth was the loader's, and known before it was a canary. */
export function takenByCanary(canaries: Canaries, event: KernelEvent, loaderPid: number): boolean {
  switch (event.kind) {
    case 'call':
      return canaries.isOf(event, classNames[kinds[event.callKind]] ?? event.callKind);
    case 'exec':
    case 'open-write':
    case 'open-read':
    case 'map-exec':
    case 'connect':
    case 'accept':
    case 'listen':
    case 'dns':
      return canaries.isOf(event, event.kind);
    case 'fork':
      return canaries.isChild(event);
    case 'exit':
      canaries.isOf(event, event.kind);
      return false;
    case 'cgroup-create':
    case 'cgroup-remove':
    case 'cgroup-attach':
      canaries.cgroup(event, loaderPid);
      return false;
    case 'canary':
      canaries.told(event);
      return true;
    case 'process':
    case 'hello':
    case 'hook':
    case 'snapshot-end':
    case 'tick':
    case 'cgroup-loss':
    case 'table':
      return false;
    default:
      return event satisfies never;
  }
}
