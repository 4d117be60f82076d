/**
 * What a lab saw: rows of check, expected, actual and evidence. A lab declares how many rows it will have; fewer is a
 * failure, since a check that did not run proves nothing (one that is sabotaged may end early: it declares none). Written
 * as NAME.json into the state directory.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';

export interface Row {
  readonly check: string;
  readonly expected: string;
  readonly actual: string;
  readonly evidence: string;
  readonly ok: boolean;
}

export class LabReport {
  readonly name: string;
  readonly #declared: number;
  readonly #rows: Row[] = [];
  readonly #missedAims: string[] = [];
  readonly #figures: Record<string, number | string> = {};
  readonly #begun = Date.now();

  constructor(name: string, declaredRows: number) {
    this.name = name;
    this.#declared = declaredRows;
  }

  row(check: string, expected: unknown, actual: unknown, evidence: unknown = '', ok = same(expected, actual)): boolean {
    const row: Row = { check, expected: shown(expected), actual: shown(actual), evidence: shown(evidence), ok };
    this.#rows.push(row);
    const mark = ok ? styleText('green', '✓') : styleText('red', '✗');
    process.stdout.write(`  ${mark} ${check}${ok ? '' : `\n      expected ${row.expected}\n      actual   ${row.actual}\n      ${row.evidence.slice(0, 600)}`}\n`);
    return ok;
  }

  /** A number to be at most, or at least, another. */
  bound(check: string, kind: 'at most' | 'at least', limit: number, actual: number, evidence: unknown = ''): boolean {
    return this.row(check, `${kind} ${limit}`, actual, evidence, Number.isFinite(actual) && (kind === 'at most' ? actual <= limit : actual >= limit));
  }

  /** A number that should be at most another: missing it is shown and kept, and does not fail the lab; having no number does. */
  aim(check: string, limit: number, actual: number, evidence: unknown = ''): void {
    if (!Number.isFinite(actual) || actual <= limit) return void this.row(`aim: ${check}`, `at most ${limit}`, actual, evidence, Number.isFinite(actual));
    this.#missedAims.push(check);
    this.#rows.push({ check: `aim: ${check}`, expected: `at most ${limit}`, actual: shown(actual), evidence: `aim missed ${shown(evidence)}`.trim(), ok: true });
    process.stdout.write(`  ${styleText('yellow', '△')} aim: ${check}: at most ${limit}, is ${actual}
`);
  }

  figure(name: string, value: number | string): void {
    this.#figures[name] = value;
    process.stdout.write(`    ${name}: ${value}\n`);
  }

  /** Kept in the file and not printed. */
  note(name: string, values: Readonly<Record<string, string | number>>): void {
    for (const [key, value] of Object.entries(values)) this.#figures[`${name}: ${key}`] = value;
  }

  say(text: string): void {
    process.stdout.write(`\n${styleText('bold', text)}\n`);
  }

  /** A long step begins, or goes on. */
  progress(text: string): void {
    process.stdout.write(`    ${styleText('dim', text)}\n`);
  }

  /** The rows that failed, by name. */
  get broken(): readonly string[] {
    return this.#rows.filter((one) => !one.ok).map((one) => one.check);
  }

  get failed(): number {
    return this.#rows.filter((one) => !one.ok).length;
  }

  /** Writes the file; true when every row held and none is missing. */
  finish(directory: string): boolean {
    const missing = this.#declared - this.#rows.length;
    if (missing > 0) this.row('every declared check ran', this.#declared, this.#rows.length, `${missing} checks did not run`, false);
    const ok = this.failed === 0;
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `${this.name}.json`);
    writeFileSync(path, `${JSON.stringify({ lab: this.name, at: new Date().toISOString(), seconds: Math.round((Date.now() - this.#begun) / 1000), ok, declared: this.#declared, missedAims: this.#missedAims, figures: this.#figures, rows: this.#rows }, null, 1)}\n`);
    process.stdout.write(`\n${ok ? styleText('green', '✓') : styleText('red', '✗')} ${this.name}: ${this.#rows.length - this.failed} of ${this.#rows.length} rows hold${this.#missedAims.length === 0 ? '' : `, ${this.#missedAims.length} aims missed`}, ${Math.round((Date.now() - this.#begun) / 1000)} s   ${path}\n`);
    return ok;
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function same(expected: unknown, actual: unknown): boolean {
  return expected instanceof RegExp ? expected.test(String(actual)) : JSON.stringify(expected) === JSON.stringify(actual);
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
