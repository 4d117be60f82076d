/** What a lab is, and what it can be told to break. */
import type { LabReport } from './report.ts';

export interface LabRun {
  readonly report: LabReport;
  /** Where this lab keeps what it makes; its own, below the state directory. */
  readonly place: string;
  /** A part that is to be broken on purpose; the lab must then fail. */
  readonly sabotage: string | null;
  readonly args: readonly string[];
  /** Options of this lab alone, by name. */
  readonly options?: Readonly<Record<string, string>>;
  /** Of labs with stations: what was made stays; play again from this one; take it away. */
  readonly keep?: boolean;
  readonly from?: string;
  readonly end?: boolean;
}

export interface Lab {
  readonly name: string;
  readonly summary: string;
  /** At least this many rows, or it fails. */
  readonly rows: number;
  /** What it crosses and can break, with what breaking it means. */
  readonly parts: Readonly<Record<string, string>>;
  /** By part, the end of the names of rows that must fail when it is broken: a lab that fails elsewhere has not seen it. */
  readonly breaks?: Readonly<Record<string, readonly string[]>>;
  /** What `--NAME VALUE` it takes besides, with what each means. */
  readonly options?: Readonly<Record<string, string>>;
  run(run: LabRun): Promise<void>;
}
