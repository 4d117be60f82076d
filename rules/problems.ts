/**
 * What loading a rule file has to say: errors (the rule or file is not used), warnings (used, but probably not as
 * meant) and notes (used; this is what it cannot do here). Values, never exceptions; each names file, line and column.
 */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export const problemCodes = {
  'file-too-large': 'error',
  'yaml-invalid': 'error',
  'item-invalid': 'error',
  'too-many': 'error',
  'engine-too-old': 'error',
  'plugin-missing': 'error',
  'not-defined': 'error',
  'override-invalid': 'error',
  'exception-invalid': 'error',
  'condition-invalid': 'error',
  'macro-unknown': 'error',
  'macro-loop': 'error',
  'field-unknown': 'error',
  'field-argument': 'error',
  'event-unknown': 'error',
  'operator-invalid': 'error',
  'value-invalid': 'error',
  'output-invalid': 'error',
  'test-invalid': 'error',
  'window-invalid': 'error',
  'key-unknown': 'warning',
  'key-repeated': 'warning',
  'item-unknown': 'warning',
  'deprecated': 'warning',
  'source-unknown': 'warning',
  'skipped': 'warning',
  'no-event-type': 'warning',
  'simpler-operator': 'warning',
  'order-of-text': 'warning',
  'exception-empty': 'warning',
  'unused': 'note',
  'reads-more-than-falco': 'note',
  'cannot-fire': 'warning',
  'check-undecided': 'note',
} as const satisfies Record<string, 'error' | 'warning' | 'note'>;

export type RuleProblemCode = keyof typeof problemCodes;
export type RuleProblemSeverity = (typeof problemCodes)[RuleProblemCode];

export interface RuleProblem {
  readonly severity: RuleProblemSeverity;
  readonly code: RuleProblemCode;
  readonly message: string;
  readonly place: Place;
  /** The rule that is concerned, where one is. */
  readonly rule: string | null;
}

export function ruleProblem(code: RuleProblemCode, message: string, place: Place, rule: string | null = null): RuleProblem {
  return { severity: problemCodes[code], code, message, place, rule };
}

/** `rules.yaml:12:5 error: … [field-unknown]` */
export function problemLine(problem: RuleProblem): string {
  const { file, line, column } = problem.place;
  const subject = problem.rule === null ? '' : `rule ${JSON.stringify(problem.rule)}: `;
  return `${file}:${line}:${column} ${problem.severity}: ${subject}${problem.message} [${problem.code}]`;
}

const nearDistanceMax = 3;

/** The up to three names nearest to a misspelt one, as " Did you mean a, b?", or nothing when none is near. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near: { name: string; distance: number }[] = [];
  for (const one of names) {
    const distance = editDistance(name, one, nearDistanceMax);
    if (distance <= nearDistanceMax && distance < name.length / 2) near.push({ name: one, distance });
  }
  near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  const best = near.slice(0, 3).map((one) => one.name);
  return best.length === 0 ? '' : ` Did you mean ${best.join(', ')}?`;
}

/** Levenshtein distance, given up (any value above `max`) as soon as it must exceed `max`. */
function editDistance(left: string, right: string, max: number): number {
  if (Math.abs(left.length - right.length) > max || left.length > 200) return max + 1;
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const change = left[row - 1] === right[column - 1] ? 0 : 1;
      const above = previous[column] ?? 0;
      const diagonal = previous[column - 1] ?? 0;
      const before = current[column - 1] ?? 0;
      current.push(Math.min(above + 1, before + 1, diagonal + change));
    }
    if (Math.min(...current) > max) return max + 1;
    previous = current;
  }
  return previous[right.length] ?? max + 1;
}
