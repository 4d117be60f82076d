/** What a command of `vedette` is, and how it speaks: help, completion of mistakes and documentation come from this table. */
import { styleText } from 'node:util';

export interface CliCommand {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly details: string;
  readonly examples: readonly string[];
  /** Resolves to the exit code: 0 done, 1 the answer is no, 2 the command could not run. */
  run(args: readonly string[]): Promise<number>;
}

/** A mistake in how the command was called: said with the usage, exit code 2. */
export class UsageError extends Error {}

/** An option's value as a number; undefined when it was not given. */
export function wholeNumber(text: string | undefined, name: string, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}, not ${text === '' ? 'nothing' : text}`);
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One of several steps or states, with a mark; further lines go below the first. */
export function sayMarked(mark: 'good' | 'warning', text: string): void {
  const sign = mark === 'good' ? styleText('green', '✓') : styleText('yellow', '!');
  say(`  ${sign} ${text.replaceAll('\n', '\n    ')}`);
}
