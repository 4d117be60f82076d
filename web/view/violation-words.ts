/** The words of violations: what follows from one, and its states. Unknown is said as unknown, never as nothing found. */
import type { ViolationView } from '@vedette/model/api/views';

export const violationStateWords: Record<ViolationView['state'], string> = { open: 'Open', accepted: 'Accepted', closed: 'Closed' };

export type Follows = Pick<ViolationView, 'state' | 'verdict' | 'mode' | 'action'>;

/** For a cell: what is done about it now. */
export function followsShort({ state, verdict, mode, action }: Follows): string {
  if (state === 'closed') return 'closed';
  if (state === 'accepted') return 'accepted';
  if (verdict === 'unknown') return 'unknown';
  if (action === 'inform') return 'reported';
  return mode === 'enforce' ? 'stopped' : 'would be stopped';
}

/** The same as a sentence. */
export function followsSentence({ state, verdict, mode, action }: Follows): string {
  if (state === 'closed') return 'It is over; the row stays as evidence.';
  if (state === 'accepted') return 'An exception that counts accepts it, so nothing is done about it until that ends.';
  if (verdict === 'unknown') return 'A fact that would decide is not known. Nothing is stopped on a guess, and it is not clean either.';
  if (action === 'inform') return 'The policy only reports it.';
  return mode === 'enforce'
    ? 'The kernel kills the next execution in every container of this image before its first instruction. What runs already goes on until the container is stopped.'
    : 'The policy is in shadow: what it would kill is recorded, and nothing is stopped.';
}

/** A fact of the image, as a person reads it. */
export function factWords(form: { readonly value?: unknown; readonly absent?: boolean; readonly unknown?: string }): string {
  if (form.unknown !== undefined) return `not known: ${form.unknown}`;
  if (form.absent === true) return 'none';
  return typeof form.value === 'string' ? form.value : JSON.stringify(form.value);
}

/** `shop` of `shop/cart`; null where there is no namespace: a workload of a plain host. */
export function namespaceOf(workload: string): string | null {
  const [namespace, name] = workload.split('/');
  return name === undefined || namespace === undefined || namespace === '' ? null : namespace;
}
