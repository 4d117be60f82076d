/**
 * The log of one part: its JSON lines go to a file of bounded size (one older one is kept), and what a person should know
 * at once is said on the terminal in a sentence.
 */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';

const bytesMax = 16 << 20;

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [more: string]: unknown;
}

/** null: not a line of ours. */
export function parseLogLine(text: string): LogLine | null {
  try {
    const value = JSON.parse(text) as LogLine;
    return typeof value.level === 'string' && typeof value.message === 'string' ? value : null;
  } catch {
    return null;
  }
}

export function followLog(stream: Readable, directory: string, part: string, onLine: (line: LogLine) => void): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${part}.log`);
  createInterface({ input: stream }).on('line', (text) => {
    try {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > bytesMax) renameSync(path, `${path}.1`);
      appendFileSync(path, `${text}\n`, { mode: 0o600 });
    } catch {
      // a full disk must not stop the parts; they count what they lose themselves
    }
    onLine(parseLogLine(text) ?? { level: 'warn', message: text });
  });
}
