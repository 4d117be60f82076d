/** Decisions of admission, and who came in by exec or attach, from the wire to rows. */
import type { AdmissionDecision, ExecSessionSeen } from '@vedette/model/wire/generated/record_pb';
import { admissionVerdicts } from '@vedette/model/admission-words';
import { putAdmission, putExecSession } from '../store/admissions.ts';
import type { Transaction } from '../store/database.ts';
import { count, list, plausible, RefusedRecord, text, textOrNull } from './clean.ts';
import type { Origin } from './origin.ts';

const imagesMax = 600;
const findingsMax = 200;
const warningsMax = 50;
const wordsMax = 1000;

type Finding = AdmissionDecision['images'][number]['findings'][number];

export async function admissionDecided(db: Transaction, record: AdmissionDecision, origin: Origin): Promise<void> {
  if (record.requestUid === '') throw new RefusedRecord('a decision of admission without id');
  const images = list(record.images, imagesMax, 'images of a decision').map(({ reference, digest, factsAgeSeconds, findings }) => ({
    reference: text(reference, 512),
    digest: text(digest, 128),
    factsAgeSeconds,
    findings: list(findings, findingsMax, 'findings of a decision').map((one) => ({
      policy: text(one.policy, 63), rule: text(one.rule, 63), mode: one.mode === 'enforce' ? 'enforce' : 'shadow', action: text(one.action, 16),
      verdict: admissionVerdicts.find((word) => word === one.verdict) ?? 'unknown',
      sentence: text(one.sentence, 2000), fix: textOrNull(one.fix, 1000), exception: textOrNull(one.exception, 63),
    })),
  }));
  const at = plausible(Number(record.atMs), origin.receivedAt);
  await putAdmission(db, {
    clusterId: origin.clusterId, requestUid: text(record.requestUid, 128), at, receivedAt: origin.receivedAt, count: count(record.repeats, 'a count of repeats') + 1,
    user: text(record.user, 1024), operation: text(record.operation, 16), kind: text(record.kind, 63), namespace: text(record.namespace, 253), name: text(record.name, 253),
    workloadKind: text(record.workloadKind, 63), workloadName: text(record.workloadName, 253), outcome: outcomeOf(record), message: text(record.message, 8000),
    warnings: list(record.warnings, warningsMax, 'warnings').map((one) => text(one, 1000)),
    failedOpen: text(record.failedOpenReason, 2000),
    images,
    policies: [...new Set(images.flatMap((one) => one.findings.map(({ policy }) => policy)))],
  });
}

/** The first that fits: what needs somebody most. */
export function outcomeOf({ allowed, failedOpenReason, warnings, images }: Pick<AdmissionDecision, 'allowed' | 'failedOpenReason' | 'warnings' | 'images'>): string {
  if (!allowed) return 'denied';
  if (failedOpenReason !== '') return 'failed-open';
  if (warnings.length > 0) return 'warned';
  const findings = images.flatMap((one) => one.findings).filter(({ verdict }) => verdict !== 'accepted');
  if (findings.some(wouldDeny)) return 'would-deny';
  return findings.length > 0 ? 'informed' : 'allowed';
}

function wouldDeny({ mode, action, verdict }: Finding): boolean {
  return mode === 'shadow' && action === 'deny' && verdict === 'violated';
}

export async function sessionSeen(db: Transaction, record: ExecSessionSeen, origin: Origin): Promise<void> {
  if (record.sessionId === '' || record.pod === '') throw new RefusedRecord('an exec session without id or pod');
  await putExecSession(db, {
    clusterId: origin.clusterId, sessionId: text(record.sessionId, 128), at: plausible(Number(record.admittedAtMs), origin.receivedAt), receivedAt: origin.receivedAt,
    user: text(record.user, 1024), groups: list(record.groups, wordsMax, 'groups').map((one) => text(one, 1024)), namespace: text(record.namespace, 253), pod: text(record.pod, 253),
    podUid: textOrNull(record.podUid, 64), container: text(record.container, 253), command: list(record.command, wordsMax, 'words of a command').map((one) => text(one, 4096)), attached: record.attach,
  });
}
