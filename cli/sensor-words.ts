/**
 * What the terminal says of a sensor: its log lines to what it sees, or does not see and why and what to do, and to warnings
 * as they come. What has been said is not said again when the sensor was started again. Pure: lines in, sentences out.
 */
import { plural } from '@vedette/model/words';
import type { LogLine } from './log-file.ts';

export interface Sentence {
  readonly mark: 'good' | 'warning';
  /** Further lines go below the first. */
  readonly text: string;
}

export interface SensorWordsOptions {
  readonly kernel: string;
  readonly logFile: string;
  /** Also what is only information, such as that it is connected. */
  readonly withInfo: boolean;
}

const advices: readonly (readonly [reason: RegExp, advice: string])[] = [
  [/not started as root/, 'start Vedette as root'],
  [/is not installed/, 'install it, and start Vedette again'],
  [/has no BTF/, 'start a kernel that has BTF (CONFIG_DEBUG_INFO_BTF)'],
  [/\((Operation not permitted|Permission denied)\)/, 'start Vedette where kernel programs may be loaded: with CAP_BPF and CAP_PERFMON, on a kernel that is not locked down'],
];

export class SensorWords {
  readonly #options: SensorWordsOptions;
  #why = '';
  #said = '';
  /** Whether any hook is attached; null: it has not said yet. */
  sees: boolean | null = null;

  constructor(options: SensorWordsOptions) {
    this.#options = options;
  }

  /** null: nothing that a person must know. */
  read(line: LogLine): Sentence | null {
    switch (line.message) {
      case 'nothing is seen by kernel programs':
        this.#why = String(line['reason'] ?? '');
        return null;
      case 'session':
        return null;
      case 'attached':
        return this.#attached(Number(line['attached']), line['missing'] as readonly string[], Number(line['rules']), Number(line['processes']));
      default:
        if (line.level === 'info') return this.#options.withInfo ? { mark: 'good', text: line.message } : null;
        return sentenceOf('sensor', line);
    }
  }

  /** The loader will not stay. */
  refused(reason: string): Sentence {
    this.sees = false;
    return { mark: 'warning', text: `the sensor does not run: ${reason}` };
  }

  #attached(hooks: number, missing: readonly string[], rules: number, processes: number): Sentence | null {
    this.sees = hooks > 0;
    const state = `${hooks} ${missing.join(' ')} ${hooks > 0 ? '' : this.#why}`;
    if (state === this.#said) return null;
    this.#said = state;
    const place = `sensor on kernel ${this.#options.kernel}: ${plural(hooks, 'hook')}`;
    const unseen = `not seen here: ${missing.join(', ')}`;
    if (hooks > 0 && missing.length === 0) return { mark: 'good', text: `${place}, ${plural(rules, 'rule')}` };
    if (hooks > 0) return { mark: 'warning', text: `${place}, ${plural(rules, 'rule')}; ${unseen}. Why: Coverage in the console` };
    const sees = processes > 0 ? 'It lists processes and sees nothing else' : 'It sees nothing';
    return { mark: 'warning', text: `${place}. ${sees}; ${unseen}\nwhy: ${this.#why || 'it did not say why'}\nwhat to do: ${this.#advice}` };
  }

  get #advice(): string {
    return advices.find(([reason]) => reason.test(this.#why))?.[1] ?? `compare this host with docs/platforms.md; the whole log: ${this.#options.logFile}`;
  }
}

/** A warning or an error of a part; null for what is less. */
export function sentenceOf(part: string, line: LogLine): Sentence | null {
  if (line.level !== 'error' && line.level !== 'warn') return null;
  const more = ['reason', 'error', 'line'].map((one) => line[one]).filter((one) => typeof one === 'string');
  return { mark: 'warning', text: `${part}: ${[line.message, ...more].join(': ')}` };
}

/** Why the loader ended for good, by its own words (which name what to do) or else by its exit code. */
export function refusalOf(lines: readonly string[], code: number): string {
  const usageAt = lines.findIndex((one) => one.startsWith('usage:'));
  const own = (usageAt < 0 ? lines : lines.slice(0, usageAt)).join(' ').replaceAll('vedette-loader: ', '').trim();
  if (own !== '') return own;
  return code === 3 ? 'another Vedette sensor is loaded in this kernel' : 'its loader was started with options it does not know';
}
