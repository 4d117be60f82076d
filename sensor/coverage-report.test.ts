import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HookEvent, TickEvent } from '@vedette/model/event';
import { coverageReport, type ReportFacts } from './coverage-report.ts';
import { Pipeline } from './pipeline.ts';
import { helloEvent } from './testing/events.ts';

const facts: ReportFacts = { ringBytes: 8, spoolBytes: 9, spoolBytesMax: 900, canaryIntervalMs: 60_000, rulesTold: false, telemetryBatchesDropped: 1, problems: ['the spool was cut'], loaderGone: null, scopeCgroup: '/sys/fs/cgroup/web' };

function hook(eventClass: string, attached: boolean): HookEvent {
  return { kind: 'hook', timeBootNs: 1, eventClass, hook: `hook of ${eventClass}`, attached, reason: attached ? '' : 'this kernel has no such tracepoint', misses: 'threads' };
}

function tick(more: Partial<TickEvent> = {}): TickEvent {
  return { kind: 'tick', timeBootNs: 700, wallOffsetNs: 0, ringFillBytes: 0, ringFillBytesMax: 5, commandsRefused: 3, enforcementOff: false, eventsSeen: 44, losses: [], ...more };
}

function pipelineOf(hooks: readonly HookEvent[], scopeCgroup = 0): Pipeline {
  const nothing = () => undefined;
  const pipeline = new Pipeline({ host: { hostname: 'node-1', userName: () => null }, effects: { identify: nothing, command: nothing, kill: nothing, knownContainer: () => null } });
  pipeline.onEvent(helloEvent({ scopeCgroup }));
  for (const one of hooks) pipeline.onEvent(one);
  pipeline.onEvent({ kind: 'snapshot-end', timeBootNs: 600 });
  pipeline.onEvent(tick());
  return pipeline;
}

test('what can be stopped here, and why nothing when it cannot', () => {
  const cases: [what: string, hooks: HookEvent[], more: Partial<ReportFacts>, off: boolean, mechanism: string, reason: RegExp][] = [
    ['all is well', [hook('exec', true)], {}, false, 'kill-at-exec', /^$/],
    ['no exec hook', [hook('exec', false), hook('open', true)], {}, false, 'none', /the exec hook is not attached, so nothing can be stopped/],
    ['no hooks', [], {}, false, 'none', /the exec hook is not attached/],
    ['switched off, or its time was up', [hook('exec', true)], {}, true, 'none', /switched off on this node, by command or because its time was up/],
    ['the loader is gone', [hook('exec', true)], { loaderGone: 'the loader is gone' }, false, 'none', /^the loader is gone$/],
  ];
  for (const [what, hooks, more, off, mechanism, reason] of cases) {
    const pipeline = pipelineOf(hooks);
    pipeline.onEvent(tick({ enforcementOff: off }));
    const report = coverageReport(pipeline, { ...facts, ...more });
    assert.equal(report.enforcementMechanism, mechanism, what);
    assert.match(report.enforcementReason, reason, what);
  }
});

test('a loader that is gone sees nothing, whatever its hooks were', () => {
  const report = coverageReport(pipelineOf([hook('exec', true), hook('open', false)]), { ...facts, loaderGone: 'the loader is gone' });
  assert.deepEqual(report.hooks.map((one) => [one.attached, one.reason]), [[false, 'the loader is gone'], [false, 'the loader is gone']]);
});

test('a hook that is not there keeps its reason, and one that is says what it misses', () => {
  const report = coverageReport(pipelineOf([hook('exec', true), hook('open', false)]), facts);
  assert.deepEqual(report.hooks.map((one) => [one.eventClass, one.attached, one.reason, one.misses]), [['exec', true, '', 'threads'], ['open', false, 'this kernel has no such tracepoint', 'threads']]);
});

test('a part of the host is named, the whole host is not', () => {
  assert.equal(coverageReport(pipelineOf([]), facts).scopeCgroup, '');
  assert.equal(coverageReport(pipelineOf([], 17), facts).scopeCgroup, '/sys/fs/cgroup/web');
});

test('problems of rules and of the disk are one list; counters are the last ones', () => {
  const pipeline = pipelineOf([]);
  pipeline.detector.load([{ name: 'x.yaml', text: '- rule: Broken\n  desc: x\n  condition: evt.type = = execve\n  output: x\n  priority: NOTICE\n' }]);
  pipeline.onEvent(tick({ commandsRefused: 7, eventsSeen: 50, losses: [{ eventClass: 'open-read', cause: 'share', count: 4 }] }));
  const report = coverageReport(pipeline, facts);
  assert.match(report.ruleProblems.join('\n'), /Broken.*\nthe spool was cut/);
  assert.deepEqual([report.commandsRefused, report.eventsSeen, report.losses.map((one) => Number(one.count)), report.rulesActive], [7n, 50n, [4], 0]);
});
