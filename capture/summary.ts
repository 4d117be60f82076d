/** What came of a replay, for people and for programs: how much was read, what was found, what could not be seen and why. */
import type { ReplayResult } from './replay.ts';

const namesShown = 12;

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

export function summaryText(result: ReplayResult): string {
  const lines: string[] = [];
  const quiet = result.eventsRead - result.events - result.unknownEvents - result.brokenEvents;
  lines.push(`${counted(result.events, 'event')} (${counted(result.eventsRead, 'record')} read; ${quiet.toLocaleString('en-US')} only carry what belongs to others: enter events, users, groups)`);
  const names = [...result.byName].sort((a, b) => b[1] - a[1]);
  const more = names.length - namesShown;
  lines.push(`  ${names.slice(0, namesShown).map(([name, count]) => `${name} ${count.toLocaleString('en-US')}`).join(', ')}${more > 0 ? `, and ${more} other kinds` : ''}`);
  lines.push(`${counted(result.alerts, 'alert')}${result.alerts === 0 ? '' : ' by'}`);
  for (const [name, count] of [...result.alertsByRule].sort((a, b) => b[1] - a[1])) lines.push(`  ${count.toLocaleString('en-US').padStart(7)}  ${name}`);
  if (result.unmet.length > 0) {
    lines.push(`${counted(result.unmet.length, 'rule')} could not match anything in this capture:`);
    for (const { rule, reasons } of result.unmet) lines.push(`  ${rule.name}: ${reasons.join('; ')}`);
  }
  lines.push(...lossLines(result));
  if (result.problem !== null) lines.push(`! ${result.problem.message} (at byte ${result.problem.offset}${result.eventsRead > 0 ? '; what stands before it was used' : ''})`);
  return `${lines.join('\n')}\n`;
}

function lossLines(result: ReplayResult): readonly string[] {
  const { lost } = result;
  return [
    ...(result.unknownEvents > 0 ? [`! ${counted(result.unknownEvents, 'record')} of kinds that are not known here: the capture is newer than this version`] : []),
    ...(result.brokenEvents > 0 ? [`! ${counted(result.brokenEvents, 'record')} whose lengths contradict each other were passed over`] : []),
    ...(result.skippedBlocks > 0 ? [`! ${counted(result.skippedBlocks, 'block')} of unknown types were passed over (${counted(result.skippedBytes, 'byte')})`] : []),
    ...(lost.threads > 0 ? [`! ${counted(lost.threads, 'thread')} did not fit in the table: their events have no process`] : []),
    ...(lost.descriptors > 0 ? [`! ${counted(lost.descriptors, 'descriptor')} did not fit in the tables: events on them have no name`] : []),
    ...(lost.people > 0 ? [`! ${counted(lost.people, 'user or group', 'users and groups')} did not fit in the tables`] : []),
    ...(lost.windows > 0 ? [`! ${counted(lost.windows, 'unfinished sequence or count', 'unfinished sequences and counts')} of rules were forgotten for want of memory: what they would have led to is not among the alerts`] : []),
    ...(lost.containers > 0 ? [`! ${counted(lost.containers, 'description')} of containers could not be read`] : []),
  ];
}

export function summaryJson(result: ReplayResult): string {
  return JSON.stringify({
    ...result,
    byName: Object.fromEntries(result.byName),
    alertsByRule: Object.fromEntries(result.alertsByRule),
    unmet: result.unmet.map(({ rule, reasons }) => ({ rule: rule.name, reasons })),
  });
}
