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
const repetitionsMax = 1000;

export function compileRegex(pattern: string): CompiledRegex {
  if (pattern.length > patternCharactersMax) return { ok: false, reason: `the pattern has more than ${patternCharactersMax} characters` };
  if (repetitionsOf(pattern) > repetitionsMax) return { ok: false, reason: `the pattern repeats more than ${repetitionsMax} times in all` };
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

/** The sum of all `{n}` and `{n,m}`: the engine bounds each one and their nesting, not how many stand in a row. */
function repetitionsOf(pattern: string): number {
  let sum = 0;
  for (const match of pattern.matchAll(/\{(\d{1,6})(?:,(\d{0,6}))?\}/g)) sum += Math.max(Number(match[1]), Number(match[2] || 0));
  return sum;
}

/** A simpler operator that says the same as a pattern, or null: `.*passwd` is `endswith passwd`. */
export function simplerOperator(pattern: string): { readonly operator: string; readonly value: string } | null {
  const match = /^\^?(\.\*)?((?:[^\\.^$*+?()[\]{}|]|\\[^a-zA-Z0-9])*)(\.\*)?\$?$/.exec(pattern);
  const value = match?.[2]?.replace(/\\(.)/g, '$1') ?? '';
  if (match === null || value === '') return null;
  const [before, after] = [match[1] !== undefined, match[3] !== undefined];
  return { operator: before && after ? 'contains' : before ? 'endswith' : after ? 'startswith' : '=', value };
}
