/** The file into which the lab's sensor writes: read as it grows. */
import { readFileSync } from 'node:fs';

export interface DetectionLine {
  readonly kind: 'detection';
  readonly rule: string;
  readonly priority: string;
  readonly tags: readonly string[];
  readonly output: string;
  readonly eventClass: string;
  /** Of the process that did it. */
  readonly path: string;
  readonly tgid: number;
  readonly identityPending: boolean;
}

export interface LossLine {
  readonly kind: 'losses';
  readonly losses: readonly { readonly eventClass: string; readonly cause: string; readonly count: number }[];
  /** What the hooks do not see, as the coverage page tells it. */
  readonly hooks: readonly { readonly eventClass: string; readonly attached: boolean; readonly misses: string }[];
  /** What is wrong with the rules that are loaded, as the sensor says it. */
  readonly problems: readonly string[];
}

export type Line = DetectionLine | LossLine;

export class DetectionFile {
  readonly #path: string;
  #taken = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The lines that have come since the last call. */
  take(): Line[] {
    const whole = readFileSync(this.#path, 'utf8');
    const end = whole.lastIndexOf('\n') + 1;
    const lines = whole.slice(this.#taken, end).split('\n').filter((one) => one !== '');
    this.#taken = end;
    return lines.map((one) => JSON.parse(one) as Line);
  }
}
