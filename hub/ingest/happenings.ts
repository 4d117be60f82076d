/** Detections, verdicts and coverage from the wire to rows. */
import type { ExecutionView } from '@vedette/model/api/views';
import type { Severity } from '@vedette/model/policy';
import type { ContextDropped, CoverageReport, Detection, TelemetryDropped, Verdict } from '@vedette/model/wire/generated/record_pb';
import { originWord } from '@vedette/model/origin-words';
import { foldKeyOf } from '@vedette/rules/noise/stored';
import { extendIntervals, putCoverage } from '../store/coverage.ts';
import type { Transaction } from '../store/database.ts';
import type { Finding, IncidentFacts, PolicyWords } from '../store/findings.ts';
import { addGap } from '../store/intake.ts';
import { learningDropped } from './behaviours.ts';
import { count, keyOf, list, RefusedRecord, text, textOrNull, wallTime } from './clean.ts';
import { executionView } from './execution.ts';
import {
  attackOf, baselineNextAction, detectionNextAction, imageVerdictNextAction, imageVerdictSummary, outcomeOf, searchWords, severityOf, severityRanks, treeRoot, usersWhoCame, verdictNextAction, verdictSummary, verdictTitle, whoCame,
} from './incident-words.ts';
import type { Origin } from './origin.ts';

const treeMax = 64;
const fieldsMax = 200;

function treeOf(executions: Detection['tree'], origin: Origin): ExecutionView[] {
  return list(executions, treeMax, 'members of a process tree').map((one) => executionView(one, origin));
}

/** One fold a source and container, and those who came in by exec: what alice does is not what bob does. On the host, a source and process tree. */
function foldKey(words: readonly string[], containerId: string, tree: readonly ExecutionView[], origin: Origin): Buffer {
  const where = containerId === '' ? (treeRoot(tree) ?? 'host') : containerId;
  return Buffer.from(keyOf([...words, origin.nodeId, where, ...usersWhoCame(tree)]), 'hex');
}

export function detected(record: Detection, origin: Origin): Finding {
  if (record.detectionId === '' || record.rule === '') throw new RefusedRecord('a detection without id or rule');
  const tree = treeOf(record.tree, origin);
  const fields = Object.fromEntries(list(record.fields, fieldsMax, 'fields').map((field) => [text(field.name, 200), field.missing ? null : text(field.value, 8192)]));
  const severity = severityOf(record.priority);
  const rule = text(record.rule, 300);
  const output = text(record.output, 16_384);
  const offender = tree.at(-1);
  const facts: IncidentFacts = {
    ...placeOf(record.containerId, origin),
    kind: 'detection',
    source: rule,
    rule: null,
    severity,
    severityRank: severityRanks[severity],
    title: rule,
    summary: `${output === '' ? rule : output.slice(0, 2000)}${whoCame(tree)}`,
    outcome: 'seen',
    nextAction: record.tags.includes('baseline') ? baselineNextAction : detectionNextAction,
    attack: attackOf(record.tags),
    program: offender?.path ?? '',
    foldKey: foldKey(['detection', rule], record.containerId, tree, origin),
    words: searchWords([rule, origin.hostname, ...attackOf(record.tags), output, record.containerId, offender?.path, offender?.arguments.join(' '), ...usersWhoCame(tree)]),
    at: wallTime(record.atBootNs, origin),
  };
  return { incident: facts, event: {
    day: origin.day,
    findingId: text(record.detectionId, 200),
    mode: null,
    generation: null,
    identityPending: record.identityPending,
    eventClass: textOrNull(record.eventClass, 100),
    receivedAt: origin.receivedAt,
    output,
    fields,
    tree,
    alike: {
      count: Math.max(1, count(record.count, 'a count of detections')),
      lastAt: record.lastBootNs > record.atBootNs ? wallTime(record.lastBootNs, origin) : facts.at,
      varied: list(record.varied, fieldsMax, 'varied fields').map((name) => text(name, 200)),
      foldKey: Buffer.from(keyOf([record.identityPending, foldKeyOf(fields)]), 'hex'),
    },
  } };
}

function placeOf(containerId: string, origin: Origin): Pick<IncidentFacts, 'clusterId' | 'nodeId' | 'containerId'> {
  return { clusterId: origin.clusterId, nodeId: origin.nodeId, containerId: textOrNull(containerId, 256) };
}

export function judged(record: Verdict, origin: Origin, words: PolicyWords | undefined): Finding {
  if (record.verdictId === '' || record.policy === '') throw new RefusedRecord('a verdict without id or policy');
  const tree = treeOf(record.tree, origin);
  const offender = tree.at(-1);
  const policy = text(record.policy, 100);
  const severity = (words?.severity ?? 'high') as Severity;
  const outcome = outcomeOf(record);
  const path = offender?.path ?? '';
  const reason = textOrNull(record.reason, 2000);
  const parentPath = tree.at(-2)?.path;
  const summary = reason === null ? verdictSummary(path, originWord(record.origin) ?? offender?.origin ?? 'unjudged', parentPath) + whoCame(tree) : imageVerdictSummary(path, parentPath, reason) + whoCame(tree);
  const facts: IncidentFacts = {
    ...placeOf(record.containerId, origin),
    kind: 'verdict',
    source: policy,
    rule: textOrNull(record.rule, 100),
    severity,
    severityRank: severityRanks[severity],
    title: verdictTitle(outcome, path, policy),
    summary,
    outcome,
    nextAction: reason === null ? verdictNextAction(outcome) : imageVerdictNextAction(outcome),
    attack: words?.attack ?? [],
    // What was tried in shadow and what was enforced are two stories.
    program: path,
    foldKey: foldKey(['verdict', policy, record.rule, outcome], record.containerId, tree, origin),
    words: searchWords([policy, record.rule, origin.hostname, ...(words?.attack ?? []), summary, record.containerId, offender?.arguments.join(' '), ...usersWhoCame(tree)]),
    at: wallTime(record.atBootNs, origin),
  };
  return { incident: facts, event: {
    day: origin.day,
    findingId: text(record.verdictId, 200),
    mode: record.mode === 'enforce' ? 'enforce' : 'shadow',
    generation: count(record.generation, 'a generation'),
    identityPending: record.identityPending,
    eventClass: 'execution',
    receivedAt: origin.receivedAt,
    output: `${summary}${record.rule === '' ? '' : ` Rule ${record.rule} of policy ${policy}.`}`,
    fields: { 'policy.rule': record.rule === '' ? null : text(record.rule, 100), 'policy.action': text(record.action, 32), 'file.origin': originWord(record.origin), ...(reason === null ? {} : { 'image.reason': reason }) },
    tree,
    alike: null,
  } };
}

function sentences(problems: readonly string[]): string[] {
  const kept = problems.slice(0, 100).map((problem) => text(problem, 500));
  return problems.length > kept.length ? [...kept, `and ${problems.length - kept.length} more`] : kept;
}

/** The last report of a sensor, as `sensor.coverage` keeps it. read-fleet.ts knows the same shape. */
function coverageOf(record: CoverageReport): Record<string, unknown> {
  return {
    hooks: list(record.hooks, 300, 'hooks').map((hook) => ({
      eventClass: text(hook.eventClass, 100),
      hook: text(hook.hook, 200),
      attached: hook.attached,
      reason: textOrNull(hook.reason, 500),
      misses: textOrNull(hook.misses, 1000),
    })),
    losses: list(record.losses, 1000, 'losses').map((loss) => ({ eventClass: text(loss.eventClass, 100), cause: text(loss.cause, 200), count: count(loss.count, 'a loss') })),
    enforcement: { mechanism: record.enforcementMechanism === '' ? 'none' : text(record.enforcementMechanism, 100), reason: textOrNull(record.enforcementReason, 500) },
    policyGeneration: count(record.policyGeneration, 'a generation'),
    policyProblems: sentences(record.policyProblems),
    ruleProblems: sentences(record.ruleProblems),
    processesKnown: record.processesKnown,
    processesKnownMax: record.processesKnownMax,
    containersPending: record.containersPending,
    ringBytes: record.ringBytes,
    ringFillBytesMax: record.ringFillBytesMax,
    eventsSeen: count(record.eventsSeen, 'a count of events'),
    commandsRefused: count(record.commandsRefused, 'a count of commands'),
    spoolBytes: count(record.spoolBytes, 'a size'),
    telemetryBatchesDropped: count(record.telemetryBatchesDropped, 'a count of batches'),
    rulesActive: record.rulesActive,
    scopeCgroup: textOrNull(record.scopeCgroup, 4096),
    detectionsPendingIdentity: count(record.detectionsPendingIdentity, 'a count of detections'),
    rssBytes: count(record.rssBytes, 'a size'),
    canaryIntervalMs: record.canaryIntervalMs,
    ownedLosses: list(record.ownedLosses, 300, 'losses by container').map((loss) => ({ containerId: textOrNull(loss.containerId, 256), cgroupPath: textOrNull(loss.cgroupPath, 1000), eventClass: text(loss.eventClass, 100), cause: text(loss.cause, 200), count: count(loss.count, 'a loss') })),
    tables: list(record.tables, 100, 'tables').map((table) => ({
      name: text(table.name, 100),
      place: text(table.place, 20),
      entries: table.entriesUnknown ? null : count(table.entries, 'a count of entries'),
      entriesMax: table.entriesMax === 0n ? null : count(table.entriesMax, 'a bound'),
      bytes: table.bytes === 0n ? null : count(table.bytes, 'a size'),
      bytesMax: count(table.bytesMax, 'a size'),
      dropped: count(table.dropped, 'a count'),
    })),
    ruleReach: list(record.ruleReach, 600, 'rules').map((one) => ({ rule: text(one.rule, 300), state: text(one.state, 20), reason: text(one.reason, 1000) })),
  };
}

function lostByClass(coverage: unknown): Map<string, number> {
  const lost = new Map<string, number>();
  if (typeof coverage !== 'object' || coverage === null || !('losses' in coverage) || !Array.isArray(coverage.losses)) return lost;
  for (const one of coverage.losses as { eventClass: string; count: number }[]) lost.set(one.eventClass, (lost.get(one.eventClass) ?? 0) + one.count);
  return lost;
}

export async function coverageReported(db: Transaction, record: CoverageReport, origin: Origin): Promise<void> {
  const coverage = coverageOf(record);
  const at = wallTime(record.atBootNs, origin);
  const before = lostByClass(await putCoverage(db, origin, coverage, record.ruleReachTold, at));
  const lost = lostByClass(coverage);
  const attached = new Map<string, boolean>();
  for (const hook of record.hooks) {
    const eventClass = text(hook.eventClass, 100);
    attached.set(eventClass, (attached.get(eventClass) ?? false) || hook.attached);
  }
  for (const eventClass of lost.keys()) if (!attached.has(eventClass)) attached.set(eventClass, true);
  const classes = [...attached].map(([eventClass, isAttached]) => {
    const [now, then] = [lost.get(eventClass) ?? 0, before.get(eventClass) ?? 0];
    // A count that went down began anew with the sensor's epoch.
    return { eventClass, attached: isAttached, lost: now >= then ? now - then : now };
  });
  await extendIntervals(db, origin, classes, at);
}

export async function telemetryDropped(db: Transaction, record: TelemetryDropped, origin: Origin): Promise<void> {
  const [records, last] = [Math.max(1, count(record.records, 'a count of records')), wallTime(record.lastBootNs, origin)];
  await addGap(db, origin, 'telemetry-dropped', 'the spool was full', records, last);
  await learningDropped(db, wallTime(record.firstBootNs, origin), last, records, origin);
}

export async function contextDropped(db: Transaction, record: ContextDropped, origin: Origin): Promise<void> {
  await addGap(db, origin, 'context-dropped', text(record.what, 300), Math.max(1, count(record.count, 'a count')), origin.receivedAt);
}
