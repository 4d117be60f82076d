/**
 * Looks now and then at the canaries of all sensors, and says in the hub's log when one begins to be missed and when it is back; what is missed now is
 * counted for the metrics. The pages are not waited for: an alarm that only shows when somebody looks is none.
 */
import type { Database } from '../store/database.ts';
import { canaryReports } from '../store/read-fleet.ts';
import { canaryAlarms, statesOf } from './canaries.ts';

export interface CanaryWatchOptions {
  readonly database: Database;
  readonly now: () => Date;
  readonly graceMs: number;
  /** Pages that show sensors are told. */
  readonly changed: () => void;
  readonly log: (level: 'info' | 'warn', message: string, fields?: Record<string, unknown>) => void;
}

export class CanaryWatch {
  readonly #options: CanaryWatchOptions;
  /** By sensor and class (empty: all of them), the host. */
  #missed = new Map<string, { readonly hostname: string; readonly eventClass: string }>();
  sensors = 0;

  constructor(options: CanaryWatchOptions) {
    this.#options = options;
  }

  /** How many sensors miss a class now; the empty class: nothing of theirs arrives. */
  get missed(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { eventClass } of this.#missed.values()) counts.set(eventClass, (counts.get(eventClass) ?? 0) + 1);
    return counts;
  }

  async look(): Promise<void> {
    const { database, now, graceMs, log, changed } = this.#options;
    const reports = await canaryReports(database);
    const missed = new Map<string, { hostname: string; eventClass: string }>();
    for (const report of reports) {
      const { missing, silent } = canaryAlarms(statesOf(report, { now: now(), graceMs }));
      const { hostname } = report;
      if (silent) missed.set(`${report.id}\0`, { hostname, eventClass: '' });
      for (const { eventClass } of missing) missed.set(`${report.id}\0${eventClass}`, { hostname, eventClass });
    }
    const before = this.#missed;
    this.sensors = reports.length;
    this.#missed = missed;
    const begun = [...missed].filter(([key]) => !before.has(key)).map(([, one]) => one);
    const ended = [...before].filter(([key]) => !missed.has(key)).map(([, one]) => one);
    for (const [host, classes] of byHost(begun)) log('warn', 'canaries do not arrive', { host, classes });
    for (const [host, classes] of byHost(ended)) log('info', 'canaries arrive again', { host, classes });
    if (begun.length + ended.length > 0) changed();
  }
}

function byHost(some: readonly { readonly hostname: string; readonly eventClass: string }[]): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const { hostname, eventClass } of some) hosts.set(hostname, [...(hosts.get(hostname) ?? []), eventClass === '' ? 'all' : eventClass]);
  return hosts;
}
