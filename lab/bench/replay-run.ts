/**
 * One replay of a recording in a process of its own: how many events, how long, what that took on processors, and a digest of every
 * finding in its order. `whole`: every rule is asked about every event.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { replay } from '@vedette/sensor/replay';
import type { RuleText } from './loads.ts';

const [file = '', rulesFile = '', how = 'indexed'] = process.argv.slice(2);
const digest = createHash('sha256');
const byRule: Record<string, number> = {};
let [findings, seconds, cpuSeconds] = [0, 0, 0];
let before = process.cpuUsage();
const summary = await replay(file, {
  rules: JSON.parse(readFileSync(rulesFile, 'utf8')) as RuleText[],
  policies: [],
  indexed: how === 'indexed',
  onBegin: () => (before = process.cpuUsage()),
  onRead: (taken) => {
    const used = process.cpuUsage(before);
    [seconds, cpuSeconds] = [taken, (used.user + used.system) / 1e6];
  },
  onRecord: (json) => {
    findings += 1;
    digest.update(JSON.stringify(json)).update('\n');
    const rule = (json as { detection?: { rule?: string } }).detection?.rule ?? 'verdict';
    byRule[rule] = (byRule[rule] ?? 0) + 1;
  },
});
const events = Object.values(summary.events).reduce((sum, one) => sum + one, 0);
process.stdout.write(`${JSON.stringify({ events, seconds, cpuSeconds, findings, byRule, digest: digest.digest('hex'), problem: summary.problem, lost: summary.losses.reduce((sum, one) => sum + one.count, 0) })}\n`);
