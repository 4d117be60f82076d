/**
 * Macros are put into a condition as trees, so `not m` negates all of `m`. A macro sees the macros first defined before
 * its own last change; a rule sees all. Refuses unknown names, loops, and growth beyond a bound on checks and depth
 * (macros that use each other twice double at each level).
 */
import type { PlacedText } from '../placed-text.ts';
import { didYouMean, ruleProblem, type Place, type RuleProblem } from '../problems.ts';
import { placeOf, type At, type Expression } from './ast.ts';
import { parseCondition } from './parse.ts';

export interface MacroSource {
  readonly name: string;
  readonly condition: PlacedText;
  readonly definedAt: number;
  readonly changedAt: number;
  readonly place: Place;
}

export type Resolved = { readonly ok: true; readonly expression: Expression; readonly checks: number; readonly depth: number } | { readonly ok: false; readonly problem: RuleProblem };

export const resolvedChecksMax = 100_000;
/** Comparing names takes time that a hostile file could make long. */
const hintsMax = 100;
export const resolvedDepthMax = 1000;

export class MacroTable {
  /** Names that were used by a macro or a rule so far. */
  readonly used = new Set<string>();
  readonly #sources: ReadonlyMap<string, MacroSource>;
  readonly #done = new Map<string, Resolved>();
  readonly #within = new Set<string>();
  #hints = 0;

  constructor(sources: ReadonlyMap<string, MacroSource>) {
    this.#sources = sources;
  }

  /** What is wrong with the macros themselves, each told once. */
  problems(): readonly RuleProblem[] {
    const found: RuleProblem[] = [];
    for (const name of this.#sources.keys()) {
      const macro = this.#macro(name);
      if (!macro.ok) found.push(macro.problem);
    }
    return [...new Set(found)];
  }

  resolve(expression: Expression): Resolved {
    return this.#resolve(expression, Number.POSITIVE_INFINITY);
  }

  #macro(name: string): Resolved {
    const done = this.#done.get(name);
    if (done !== undefined) return done;
    const source = this.#sources.get(name);
    if (source === undefined) throw new RangeError(`no macro ${name}`);
    if (this.#within.has(name)) return { ok: false, problem: ruleProblem('macro-loop', `the macro ${name} uses itself`, source.place) };
    this.#within.add(name);
    const parsed = parseCondition(source.condition);
    const result: Resolved = parsed.ok
      ? this.#resolve(parsed.expression, source.changedAt)
      : { ok: false, problem: ruleProblem('condition-invalid', `macro ${name}: ${parsed.message}`, placeOf(parsed.at)) };
    this.#within.delete(name);
    this.#done.set(name, result);
    return result;
  }

  #resolve(expression: Expression, before: number): Resolved {
    switch (expression.kind) {
      case 'exists':
      case 'compare':
        return { ok: true, expression, checks: 1, depth: 1 };
      case 'macro':
        return this.#use(expression.name, before, expression.at);
      case 'not': {
        const of = this.#resolve(expression.of, before);
        return of.ok ? this.#bounded({ ...expression, of: of.expression }, of.checks, of.depth + 1) : of;
      }
      case 'and':
      case 'or': {
        const of: Expression[] = [];
        let checks = 0;
        let depth = 0;
        for (const one of expression.of) {
          const resolved = this.#resolve(one, before);
          if (!resolved.ok) return resolved;
          of.push(resolved.expression);
          checks += resolved.checks;
          depth = Math.max(depth, resolved.depth);
        }
        return this.#bounded({ ...expression, of }, checks, depth + 1);
      }
      default:
        return expression satisfies never;
    }
  }

  #bounded(expression: Expression, checks: number, depth: number): Resolved {
    if (checks <= resolvedChecksMax && depth <= resolvedDepthMax) return { ok: true, expression, checks, depth };
    const message = `with its macros the condition has more than ${resolvedChecksMax} checks or is nested more than ${resolvedDepthMax} deep`;
    return { ok: false, problem: ruleProblem('too-many', message, placeOf(expression.at)) };
  }

  #use(name: string, before: number, at: At): Resolved {
    const source = this.#sources.get(name);
    if (source === undefined) {
      this.#hints += 1;
      const hint = this.#hints > hintsMax ? '' : didYouMean(name, this.#sources.keys());
      return { ok: false, problem: ruleProblem('macro-unknown', `there is no macro or list ${name}.${hint}`, placeOf(at)) };
    }
    if (source.definedAt >= before) {
      return { ok: false, problem: ruleProblem('macro-unknown', `the macro ${name} is defined only after the macro that uses it`, placeOf(at)) };
    }
    this.used.add(name);
    const macro = this.#macro(name);
    if (macro.ok) return this.#bounded({ kind: 'macro', name, at, of: macro.expression }, macro.checks, macro.depth + 1);
    if (macro.problem.code === 'macro-loop') return macro;
    return { ok: false, problem: ruleProblem('macro-unknown', `the macro ${name} has an error itself: ${macro.problem.message}`, placeOf(at)) };
  }
}
