/**
 * What a lab saw: rows of check, expected, actual and evidence. A lab declares how many rows it will have; fewer is a
 * failure, since a check that did not run proves nothing. Written as NAME.json into the state directory.
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

  figure(name: string, value: number | string): void {
    this.#figures[name] = value;
    process.stdout.write(`    ${name}: ${value}\n`);
  }

  say(text: string): void {
    process.stdout.write(`\n${styleText('bold', text)}\n`);
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
    writeFileSync(path, `${JSON.stringify({ lab: this.name, at: new Date().toISOString(), seconds: Math.round((Date.now() - this.#begun) / 1000), ok, declared: this.#declared, figures: this.#figures, rows: this.#rows }, null, 1)}\n`);
    process.stdout.write(`\n${ok ? styleText('green', '✓') : styleText('red', '✗')} ${this.name}: ${this.#rows.length - this.failed} of ${this.#rows.length} rows hold, ${Math.round((Date.now() - this.#begun) / 1000)} s   ${path}\n`);
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
