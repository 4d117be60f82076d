/**
 * Rules get small numbers, because a kernel record carries one and not a name. A rule keeps its number from one
 * generation to the next, and a number that the generation before used for another rule is not given away again at
 * once, so a record that was under way while policies changed is not misread. 0 means no rule.
 */
export const ruleNumberMax = 65_535;

export interface NumberedName {
  readonly policy: string;
  readonly rule: string;
  readonly number: number;
}

/** Names in → numbers out; null where there are more rules than numbers. */
export function numberRules(names: readonly { readonly policy: string; readonly rule: string }[], previous: readonly NumberedName[]): readonly (number | null)[] {
  const key = (one: { readonly policy: string; readonly rule: string }) => `${one.policy}/${one.rule}`;
  const kept = new Map(previous.map((one) => [key(one), one.number]));
  const taken = new Set(previous.map((one) => one.number));
  let next = 0;
  const free = (): number | null => {
    do next += 1;
    while (taken.has(next) && next <= ruleNumberMax);
    if (next > ruleNumberMax) return null;
    taken.add(next);
    return next;
  };
  return names.map((name) => kept.get(key(name)) ?? free());
}
