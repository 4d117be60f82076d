/** What the sensor sees, cannot see and has lost, as the record that the hub shows. */
import { create } from '@bufbuild/protobuf';
import { CoverageReportSchema, HookStateSchema, LossCountSchema, type CoverageReport } from '@vedette/model/wire/generated/record_pb';
import type { Pipeline } from './pipeline.ts';
import { tableFills } from './table-fills.ts';

export interface ReportFacts {
  readonly ringBytes: number;
  readonly spoolBytes: number;
  readonly spoolBytesMax: number;
  /** 0: no canaries are done. */
  readonly canaryIntervalMs: number;
  /** What the rules cannot do was told a moment ago, and has not changed. */
  readonly rulesTold: boolean;
  readonly telemetryBatchesDropped: number;
  readonly problems: readonly string[];
  /** Why the loader is gone; null while it lives. */
  readonly loaderGone: string | null;
  readonly scopeCgroup: string;
}

const ownedLossesMax = 200;

export function coverageReport(pipeline: Pipeline, facts: ReportFacts): CoverageReport {
  const { coverage, processes, containers, enforcer, detector } = pipeline;
  const execAttached = facts.loaderGone === null && coverage.hooks.some((one) => one.eventClass === 'exec' && one.attached);
  return create(CoverageReportSchema, {
    atBootNs: BigInt(Math.round(pipeline.nowBootNs)),
    hooks: coverage.hooks.map((one) =>
      create(HookStateSchema, {
        eventClass: one.eventClass,
        hook: one.hook,
        attached: one.attached && facts.loaderGone === null,
        reason: facts.loaderGone ?? one.reason,
        misses: one.misses,
      }),
    ),
    losses: coverage.losses().map((one) => create(LossCountSchema, { eventClass: one.eventClass, cause: one.cause, count: BigInt(one.count) })),
    enforcementMechanism: execAttached && !coverage.enforcementOff ? 'kill-at-exec' : 'none',
    enforcementReason: execAttached
      ? coverage.enforcementOff
        ? 'enforcement was switched off on this node, by command or because its time was up (--dead-man)'
        : ''
      : (facts.loaderGone ?? 'the exec hook is not attached, so nothing can be stopped'),
    policyGeneration: BigInt(enforcer.generation),
    policyProblems: enforcer.problems,
    processesKnown: processes.size,
    processesKnownMax: processes.sizeMax,
    containersPending: containers.pending,
    ringBytes: facts.ringBytes,
    ringFillBytesMax: coverage.takeRingFillBytesMax(),
    eventsSeen: BigInt(coverage.eventsSeen),
    commandsRefused: BigInt(coverage.commandsRefused),
    ruleProblems: [...detector.problems(), ...facts.problems],
    spoolBytes: BigInt(facts.spoolBytes),
    telemetryBatchesDropped: BigInt(facts.telemetryBatchesDropped),
    rulesActive: detector.active,
    scopeCgroup: pipeline.scopeCgroup === 0 ? '' : facts.scopeCgroup,
    detectionsPendingIdentity: BigInt(detector.decidedPending + enforcer.decidedPending),
    rssBytes: BigInt(process.memoryUsage.rss()),
    canaryIntervalMs: facts.canaryIntervalMs,
    ownedLosses: coverage.owned.largest(ownedLossesMax).map((one) => ({ ...one, count: BigInt(one.count) })),
    tables: tableFills(pipeline, facts),
    ruleReach: facts.rulesTold ? [] : [...detector.reaches()],
    ruleReachTold: !facts.rulesTold,
  });
}
