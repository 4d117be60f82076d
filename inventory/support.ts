/**
 * A distribution's release → the last day on which it gets free security updates from its own project, paid extensions left
 * out. A table of the projects' own announcements, of Debian with its LTS; a release that is not in it is unknown, never
 * supported.
 */
import type { Distribution } from './distribution.ts';

const lastDays: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  debian: { 7: '2018-05-31', 8: '2020-06-30', 9: '2022-06-30', 10: '2024-06-30', 11: '2026-08-31', 12: '2028-06-30', 13: '2030-06-30' },
  alpine: {
    '3.15': '2023-11-01', '3.16': '2024-05-23', '3.17': '2024-11-22', '3.18': '2025-05-09', '3.19': '2025-11-01', '3.20': '2026-04-01',
    '3.21': '2026-11-01', '3.22': '2027-05-01', '3.23': '2027-11-01',
  },
};

export type Support = { readonly until: string } | { readonly unknown: string };

export function supportOf({ id, version, name }: Distribution): Support {
  const release = /^\d+(\.\d+)?/.exec(version)?.[0] ?? '';
  const until = lastDays[id]?.[id === 'debian' ? release.replace(/\..*$/, '') : release];
  return until === undefined ? { unknown: `how long ${name} is supported is not in the table` } : { until };
}

/** The day itself still counts as supported, in UTC. */
export function isOver(until: string, nowMs: number): boolean {
  return nowMs > Date.parse(`${until}T23:59:59.999Z`);
}
