/**
 * The coverage page beyond its gaps: one row a class of events with its hooks, what they miss, what was lost and how its canaries fare; whose records
 * were lost; what each rule cannot do; the fullest of each table. Over all sensors that the caller may see as a whole; of hosts of which only a
 * part is in scope, hooks and canaries are told and nothing else. Bounded.
 */
import type { Scope } from '@vedette/model/access';
import type { CoverageDetailView } from '@vedette/model/api/views';
import { containerNames } from '../store/read-coverage.ts';
import { sensorsUnder, type SensorShape } from '../store/read-fleet.ts';
import { canaryAlarms, canaryStates, type CanaryStates } from './canaries.ts';
import type { RiskDoors } from './risk.ts';

const ownersMax = 200;
const rulesMax = 500;

type Classes = CoverageDetailView['classes'];

/** Counts bear the names of the kernel's kinds; opens for writing and for reading have one hook. */
const hookOf: Readonly<Record<string, string>> = { 'open-write': 'open', 'open-read': 'open' };

export function classRows(sensors: readonly SensorShape[], canaries: ReadonlyMap<string, CanaryStates>): Classes {
  const rows = new Map<string, { hooks: Set<string>; misses: Set<string>; reasons: Set<string>; sensors: Set<string>; attached: Set<string>; losses: Map<string, number>; canaries: Map<string, 'seen' | 'missing' | 'overdue' | 'impossible'>; seenAt: number }>();
  const rowOf = (eventClass: string) => {
    const name = hookOf[eventClass] ?? eventClass;
    const row = rows.get(name) ?? { hooks: new Set(), misses: new Set(), reasons: new Set(), sensors: new Set(), attached: new Set(), losses: new Map(), canaries: new Map(), seenAt: 0 };
    rows.set(name, row);
    return row;
  };
  for (const sensor of sensors) {
    for (const hook of sensor.coverage?.hooks ?? []) {
      const row = rowOf(hook.eventClass);
      row.hooks.add(hook.hook);
      row.sensors.add(sensor.id);
      if (hook.misses !== null) row.misses.add(hook.misses);
      if (hook.attached) row.attached.add(sensor.id);
      else row.reasons.add(hook.reason ?? 'no reason given');
    }
    for (const loss of sensor.whole ? (sensor.coverage?.losses ?? []) : []) {
      const { losses } = rowOf(loss.eventClass);
      losses.set(loss.cause, (losses.get(loss.cause) ?? 0) + loss.count);
    }
    for (const one of canaries.get(sensor.id)?.classes ?? []) {
      const row = rowOf(one.eventClass);
      // a hook of two kinds is as well as the worse of them
      if (row.canaries.get(sensor.id) !== 'missing') row.canaries.set(sensor.id, one.state);
      row.seenAt = Math.max(row.seenAt, one.seenAt?.getTime() ?? 0);
    }
  }
  return [...rows].map(([eventClass, row]) => ({
    eventClass,
    hooks: [...row.hooks],
    misses: [...row.misses],
    sensors: row.sensors.size,
    attached: row.attached.size,
    reasons: [...row.reasons].slice(0, 5),
    losses: [...row.losses].map(([cause, count]) => ({ cause, count })).filter((one) => one.count > 0),
    canaries: countOf(row.canaries.values()),
    canarySeenAt: row.seenAt === 0 ? null : new Date(row.seenAt).toISOString(),
  }));
}

function countOf(states: Iterable<'seen' | 'missing' | 'overdue' | 'impossible'>): Classes[number]['canaries'] {
  const counts: { -readonly [K in keyof Classes[number]['canaries']]: number } = {};
  for (const one of states) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

function ruleRows(sensors: readonly SensorShape[]): CoverageDetailView['rules'] {
  const rows = new Map<string, { rule: string; state: string; reason: string; sensors: number }>();
  for (const sensor of sensors) {
    for (const one of sensor.coverage?.ruleReach ?? []) {
      const key = `${one.state}\0${one.rule}\0${one.reason}`;
      const row = rows.get(key) ?? { ...one, sensors: 0 };
      row.sensors += 1;
      rows.set(key, row);
    }
  }
  const rank = ['refused', 'cannot-fire', 'in-part', 'note'];
  return [...rows.values()].sort((a, b) => rank.indexOf(a.state) - rank.indexOf(b.state) || b.sensors - a.sensors || (a.rule < b.rule ? -1 : 1)).slice(0, rulesMax);
}

/** Of each table the sensor in which it is fullest. */
function tableRows(sensors: readonly SensorShape[]): CoverageDetailView['tables'] {
  const rows = new Map<string, CoverageDetailView['tables'][number]>();
  const fill = (one: CoverageDetailView['tables'][number]) => one.dropped > 0 ? 1 + one.dropped : one.entries !== null && one.entriesMax !== null ? one.entries / one.entriesMax : (one.bytes ?? 0) / Math.max(1, one.bytesMax);
  for (const sensor of sensors) {
    for (const table of sensor.coverage?.tables ?? []) {
      const row = { ...table, sensor: sensor.id, hostname: sensor.hostname };
      const known = rows.get(`${table.place}\0${table.name}`);
      if (known === undefined || fill(row) > fill(known)) rows.set(`${table.place}\0${table.name}`, row);
    }
  }
  return [...rows.values()];
}

export async function coverageDetail(doors: RiskDoors, scope: Scope): Promise<CoverageDetailView> {
  const now = doors.now();
  const sensors = await sensorsUnder(doors.database, scope, now, true);
  const whole = sensors.filter((one) => one.whole);
  const canaries = new Map(sensors.map((one) => [one.id, canaryStates(one, { now, graceMs: doors.canaryGraceMs })]));
  const owners = whole
    .flatMap((sensor) => (sensor.coverage?.ownedLosses ?? []).map((loss) => ({ ...loss, sensor: sensor.id, hostname: sensor.hostname })))
    .sort((a, b) => b.count - a.count)
    .slice(0, ownersMax);
  const names = await containerNames(doors.database, scope, [...new Set(owners.flatMap((one) => (one.containerId === null ? [] : [one.containerId])))]);
  const expected = [...canaries.values()].filter((one) => one.expected);
  const alarms = expected.reduce((sum, one) => {
    const { missing, silent } = canaryAlarms(one);
    return sum + missing.length + (silent ? 1 : 0);
  }, 0);
  const oldest = Math.min(...expected.map((one) => one.at?.getTime() ?? Number.POSITIVE_INFINITY));
  return {
    classes: classRows(sensors, canaries),
    owners: owners.map((one) => ({ ...one, container: one.containerId === null ? null : (names.get(one.containerId) ?? null) })),
    rules: ruleRows(whole),
    tables: tableRows(whole),
    pending: { containers: whole.reduce((sum, one) => sum + (one.coverage?.containersPending ?? 0), 0), detections: whole.reduce((sum, one) => sum + (one.coverage?.detectionsPendingIdentity ?? 0), 0) },
    feeds: (doors.advisories().source?.feeds(now) ?? []).map(({ ecosystem, ageSeconds, newest }) => ({ ecosystem, ageSeconds, newest })),
    canaries: { sensors: expected.length, alarms, oldestAt: Number.isFinite(oldest) ? new Date(oldest).toISOString() : null },
  };
}
