/** The words of admission: what was answered, and who came in. What was let in without being judged is never called allowed. */
import { admissionOutcomes, type AdmissionOutcome } from '@vedette/model/admission-words';
import type { AdmissionView } from '@vedette/model/api/admissions';
import type { KubernetesUserView } from '@vedette/model/api/views';

export { admissionOutcomes };

export const outcomeShort: Readonly<Record<AdmissionOutcome, string>> = {
  'denied': 'Denied', 'failed-open': 'Not judged', 'warned': 'Warned', 'would-deny': 'Would be denied', 'informed': 'Reported', 'allowed': 'Allowed',
};

export const outcomeLong: Readonly<Record<AdmissionOutcome, string>> = {
  'denied': 'The API server refused it, with the message below.',
  'failed-open': 'It was let in although what a policy asks was not known: the failure policy of this cluster is Ignore.',
  'warned': 'It was let in, and whoever applied it was warned.',
  'would-deny': 'It was let in, because the policy is in shadow. Enforced, it would be refused.',
  'informed': 'It was let in; a policy that only reports has something to say.',
  'allowed': 'No policy has anything against it.',
};

/** One sentence for a row: the message, the first warning, or the first finding. */
export function saidOf({ outcome, message, warnings, failedOpen, images }: Pick<AdmissionView, 'outcome' | 'message' | 'warnings' | 'failedOpen' | 'images'>): string {
  const finding = images.flatMap((one) => one.findings)[0];
  if (outcome === 'failed-open') return failedOpen ?? '';
  if (message !== null) return finding === undefined ? message : `${finding.policy}: ${finding.sentence}`;
  return warnings[0]?.replace(/^vedette /, '') ?? (finding === undefined ? '' : `${finding.policy}: ${finding.sentence}`);
}

/** `alice`, `one of alice, bob`, `carol, attached`; null: nobody who is known came in. */
export function usersWords(users: readonly KubernetesUserView[] | undefined): string | null {
  if (users === undefined || users.length === 0) return null;
  const namesOf = (attached: boolean): string[] => [...new Set(users.filter((one) => one.attached === attached).map((one) => one.user))].sort();
  const [began, attached] = [namesOf(false), namesOf(true)];
  const first = began.length > 1 ? [`one of ${began.join(', ')}`] : began;
  return [...first, ...attached.map((name) => `${name}, attached`)].join('; ');
}

/** `kube-system/replicaset-controller` of a service account's long name, whose beginning is the same in all; other names as they are. */
export function shortUser(user: string): string {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
  return account === null ? user : `${account[1]}/${account[2]}`;
}
