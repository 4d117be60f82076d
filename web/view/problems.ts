/**
 * A refused or failed request as a sentence and what to do about it. Codes come from the one table of problems in the
 * model; a code this console does not know (a newer hub) still has its own title and a general next step.
 */
import type { ProblemCode } from '@vedette/model/problem';

export type FailureCode = ProblemCode | 'unreachable' | 'not-understood';

const steps: Readonly<Record<FailureCode, string>> = {
  'invalid-request': 'Check what was entered. If it came from a link, the link may be from another version.',
  'not-signed-in': 'Sign in again; you come back to this page.',
  'sign-in-refused': 'Try again. Whoever has lost the password asks an administrator for a new one; on the host of the hub, vedette user reset-password makes one.',
  'too-many-attempts': 'Wait a minute, then try again.',
  forbidden: 'Ask an administrator for a role that permits it.',
  'cross-site': 'Reload the page and try again.',
  'baseline-invalid': 'Read what it says is missing; what is outside of a baseline is told as long as it is watched.',
  'not-found': 'It may have ended or been removed since the link was made. Its list shows what there is.',
  conflict: 'Load the newest version, then make your change again.',
  'name-taken': 'Choose another name.',
  'last-administrator': 'Give another person the role of administrator in the whole hub, then try again.',
  'too-large': 'Make it smaller and try again.',
  'policy-invalid': 'Mend the places that are marked, then save again. Nothing has changed on the sensors.',
  'rules-invalid': 'This rule file cannot be used as written.',
  'exception-invalid': 'This exception cannot be used as written.',
  'playbook-invalid': 'Mend the places that are marked, then save again. Nothing has changed.',
  'question-too-long': 'Narrow it by a filter, a host or a shorter time. It is not tried again by itself.',
  starting: 'It tries again by itself; the first start takes up to a minute.',
  internal: 'Try again. If it stays, look for the instance id in the log of the hub.',
  unreachable: 'Check that the hub is running and that the network reaches it. It tries again by itself.',
  'not-understood': 'A proxy in between may have answered. Check the address, then reload.',
};

export function nextStep(code: string): string {
  return Object.hasOwn(steps, code) ? steps[code as FailureCode] : 'Try again, or reload the page.';
}

/** Failures that pass by themselves are tried again; refusals are not. */
export function passesByItself(code: string): boolean {
  return code === 'starting' || code === 'unreachable' || code === 'internal' || code === 'too-many-attempts';
}
