/**
 * Which of the loaded rules are used: a minimum priority, and switches by name (with `*`) or tag, in order, the last
 * that fits wins over what the file says.
 */
import { globPredicate } from './compile/glob.ts';
import { priorities, type Priority } from './load/item.ts';

export type RuleSwitch = { readonly enable: boolean } & ({ readonly rule: string } | { readonly tag: string });

export interface Selection {
  /** Rules less urgent than this are left out. */
  readonly minimumPriority?: Priority;
  readonly switches?: readonly RuleSwitch[];
}

export function isSelected(rule: { readonly name: string; readonly tags: readonly string[]; readonly priority: Priority; readonly enabled: boolean }, selection: Selection): boolean {
  const least = selection.minimumPriority ?? 'debug';
  if (priorities.indexOf(rule.priority) > priorities.indexOf(least)) return false;
  let enabled = rule.enabled;
  for (const one of selection.switches ?? []) {
    const fits = 'rule' in one ? namePredicate(one.rule)(rule.name) : rule.tags.includes(one.tag);
    if (fits) enabled = one.enable;
  }
  return enabled;
}

/** Only `*` is a wildcard in a rule's name: names hold brackets and question marks. */
function namePredicate(pattern: string): (name: string) => boolean {
  return globPredicate(pattern.replace(/[?[\]\\]/g, '\\$&'), false);
}
