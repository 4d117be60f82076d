/**
 * A comparison of what the process is called (`proc.name`) → the names that it may have. It is the name that the execution or the fork was
 * told with, which the kernel keeps beside the process; what it calls itself later is another thing, and rules do not see it either.
 */
import type { Specialised } from './specialise.ts';

/** Null: it says nothing of the name. Empty: it never holds. */
export function namesOf({ read, test }: Specialised & { readonly kind: 'test' }): readonly string[] | null {
  if (read.kind !== 'field' || read.sources.length !== 1 || read.operand.transforms.length > 0) return null;
  const [source] = read.sources;
  if (source?.kind !== 'supplied' || source.name !== 'proc.aname' || source.argument !== 0 || source.by.length > 0) return null;
  const names = test.on === 'text-set' ? test.values : test.on === 'text' && test.comparisons.every((one) => one.operator === '=') ? test.comparisons.map((one) => one.value) : null;
  // a replacement character may stand for any byte
  if (names === null || names.some((one) => !one.isWellFormed() || /[\ufffd\0]/.test(one))) return null;
  return [...new Set(names)].sort();
}

export function bothNames(one: readonly string[] | null, other: readonly string[] | null): readonly string[] | null {
  if (one === null || other === null) return one ?? other;
  return one.filter((name) => other.includes(name));
}
