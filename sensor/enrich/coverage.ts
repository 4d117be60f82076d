/**
 * What this sensor sees, cannot see and has lost: hooks as the loader reported them, losses by class and cause added up
 * over all rings of the epoch, and the fill of its own tables. Nothing here is ever reset quietly. Pure.
 */
import type { HookEvent, Loss, TableEvent, TickEvent } from '@vedette/model/event';
import { CgroupLosses } from './cgroup-losses.ts';

export class CoverageLedger {
  #hooks: HookEvent[] = [];
  /** Of rings before this one. */
  readonly #before = new Map<string, number>();
  readonly #now = new Map<string, number>();
  /** By whose they were, since the kernel programs were loaded. */
  readonly owned = new CgroupLosses();
  readonly #tables = new Map<string, TableEvent>();
  ringFillBytesMax = 0;
  eventsSeen = 0;
  commandsRefused = 0;
  /** As the last tick said. */
  enforcementOff = false;

  /** A new loader session; `newRing`: its counters begin at nothing again. */
  session(newRing: boolean): void {
    this.#hooks = [];
    if (!newRing) return;
    this.owned.newRing();
    for (const [key, count] of this.#now) this.#before.set(key, (this.#before.get(key) ?? 0) + count);
    this.#now.clear();
  }

  hook(event: HookEvent): void {
    this.#hooks.push(event);
  }

  table(event: TableEvent): void {
    this.#tables.set(event.name, event);
  }

  get tables(): readonly TableEvent[] {
    return [...this.#tables.values()];
  }

  tick(event: TickEvent): void {
    this.ringFillBytesMax = Math.max(this.ringFillBytesMax, event.ringFillBytesMax);
    this.eventsSeen = event.eventsSeen;
    this.commandsRefused = event.commandsRefused;
    this.enforcementOff = event.enforcementOff;
    for (const one of event.losses) this.#now.set(`${one.eventClass}\0${one.cause}`, one.count);
  }

  /** A loss that the sensor itself must admit. */
  lost(eventClass: string, cause: string, count: number): void {
    const key = `${eventClass}\0${cause}`;
    this.#before.set(key, (this.#before.get(key) ?? 0) + count);
  }

  get hooks(): readonly HookEvent[] {
    return this.#hooks;
  }

  losses(): Loss[] {
    const keys = new Set([...this.#before.keys(), ...this.#now.keys()]);
    return [...keys].map((key) => {
      const [eventClass = '', cause = ''] = key.split('\0');
      return { eventClass, cause, count: (this.#before.get(key) ?? 0) + (this.#now.get(key) ?? 0) };
    });
  }

  takeRingFillBytesMax(): number {
    const taken = this.ringFillBytesMax;
    this.ringFillBytesMax = 0;
    return taken;
  }

  /** The losses of a former sensor process: the last word counts. */
  restore(losses: readonly Loss[]): void {
    this.#before.clear();
    for (const one of losses) this.#before.set(`${one.eventClass}\0${one.cause}`, one.count);
  }
}
