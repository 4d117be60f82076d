/**
 * Regular expressions with RE2 semantics: time linear in the input, no look-around, no back references. The only file
 * that knows the engine; the policy language's `matches` uses it too. Refuses, as a value, patterns that are invalid,
 * too long, or whose counted repetitions would make the automaton large.
 */
import { RE2JS } from 're2js';

export interface Regex {
  readonly pattern: string;
  /** Whether the whole text matches: the `regex` operator of rules. */
  matchesWhole(text: string): boolean;
  /** Whether any part of the text matches: CEL's `matches`. */
  matchesPart(text: string): boolean;
}

export type CompiledRegex = { readonly ok: true; readonly regex: Regex } | { readonly ok: false; readonly reason: string };

export const patternCharactersMax = 1000;
const partsMax = 1000;

export function compileRegex(pattern: string): CompiledRegex {
  if (pattern.length > patternCharactersMax) return { ok: false, reason: `the pattern has more than ${patternCharactersMax} characters` };
  if (expandedParts(pattern) > partsMax) return { ok: false, reason: `with its repetitions written out the pattern has more than ${partsMax} parts` };
  let engine: RE2JS;
  try {
    engine = RE2JS.compile(pattern);
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'invalid pattern' };
  }
  const regex: Regex = {
    pattern,
    matchesWhole: (text) => engine.testExact(text.toWellFormed()),
    matchesPart: (text) => engine.test(text.toWellFormed()),
  };
  return { ok: true, regex };
}

/**
 * How many parts the pattern has when its counted repetitions are written out, nested ones multiplied: the engine bounds
 * each on its own, and time grows with all of them together.
 */
function expandedParts(pattern: string): number {
  const open: number[] = [];
  let sum = 0;
  let last = 0;
  const part = /\\[pPx]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|\[:[a-z^]+:\]|[^\]\\])*\]|\{(\d{1,6})(,(\d{0,6}))?\}|[()]|[^]/gsu;
  for (const match of pattern.matchAll(part)) {
    const [text, least, , most] = match;
    if (text === '(') {
      open.push(sum);
      sum = 0;
      last = 0;
    } else if (text === ')') {
      last = sum;
      sum += open.pop() ?? 0;
    } else if (least !== undefined) {
      const times = Math.max(1, Number(least), Number(most || 0));
      sum += last * (times - 1);
      last *= times;
    } else {
      last = 1;
      sum += 1;
    }
    if (sum > 1e9) break;
  }
  return open.reduce((all, one) => all + one, sum);
}

/** A simpler operator that says the same as a pattern, or null: `.*passwd` is `endswith passwd`. */
export function simplerOperator(pattern: string): { readonly operator: string; readonly value: string } | null {
  const match = /^\^?(\.\*)?((?:[^\\.^$*+?()[\]{}|]|\\[^a-zA-Z0-9])*)(\.\*)?\$?$/.exec(pattern);
  const value = match?.[2]?.replace(/\\(.)/g, '$1') ?? '';
  if (match === null || value === '') return null;
  const [before, after] = [match[1] !== undefined, match[3] !== undefined];
  return { operator: before && after ? 'contains' : before ? 'endswith' : after ? 'startswith' : '=', value };
}
