/** What a command of `vedette` is: the help, the completion of mistakes and the documentation come from this table. */
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
