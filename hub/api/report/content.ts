/** What a report holds, and how it says counts, subjects and ages: the same in every form. Results are read page by page while the file is sent. */
import type { ControlResultView, ControlView, PostureView } from '@vedette/model/api/posture-views';
import type { Control } from '@vedette/model/control';
import type { ControlState, FrameworkId } from '@vedette/model/control-words';
import { ageWords } from '@vedette/model/words';

export interface ReportedControl {
  readonly control: Control;
  readonly view: ControlView;
}

export interface ReportContent {
  readonly hub: string;
  readonly at: string;
  readonly reader: string;
  readonly scope: string;
  readonly framework: { readonly id: FrameworkId; readonly title: string; readonly source: string } | null;
  readonly posture: PostureView;
  /** The worst first. */
  readonly controls: readonly ReportedControl[];
  /** Results of one control in the given states, or of all controls of the report. */
  results(control: string | undefined, states: readonly ControlState[] | undefined, limit: number): AsyncGenerator<ControlResultView>;
}

/** Nothing that the reader may see was judged by any control: then nothing has passed either. */
export function isEmpty({ posture, controls }: ReportContent): boolean {
  return posture.clusters.length === 0 || controls.every(({ view }) => view.state === 'not-applicable');
}

export const emptyWords = 'Nothing of what the reader may see was evaluated yet, so nothing has passed.';

/** `41 of 92`. */
export function fraction(part: number, counts: { readonly failed: number; readonly noData: number; readonly accepted: number; readonly passed: number }): string {
  return `${part} of ${counts.failed + counts.noData + counts.accepted + counts.passed}`;
}

export const stateWords: Readonly<Record<ControlState, string>> = { failed: 'failed', 'no-data': 'no data', accepted: 'accepted', passed: 'passed', 'not-applicable': 'does not apply' };

export function subjectWords(one: Pick<ControlResultView, 'type' | 'namespace' | 'name'>): string {
  if (one.type === 'unseen') return one.name;
  return `${one.type} ${one.namespace === '' || one.type === 'Namespace' ? '' : `${one.namespace}/`}${one.name}`;
}

/** The age of what is known of a cluster, as of the report. */
export function dataAgeWords(dataAt: string | null, at: string): string {
  return dataAt === null ? 'it has never reported' : `${ageWords(Math.max(0, Date.parse(at) - Date.parse(dataAt)))} old (${dataAt})`;
}

/** Of a cluster that is cut off: what had passed is counted and not listed, so that what had failed is not lost among it. */
export function hadPassed(one: ControlResultView): boolean {
  return one.state === 'no-data' && one.lastKnown?.state === 'passed';
}

export function hadPassedWords(count: number): string {
  return `${count} more ${count === 1 ? 'has' : 'have'} no data now and had passed when last known.`;
}
