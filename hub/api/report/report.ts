/**
 * The posture as a file: what the reader may see of it, at one moment, with every failing subject, its evidence and the remedy.
 * It says whose scope it is, how old the data is and what was not seen, so that a short report is not taken for a clean one.
 * Results are read page by page while the file is sent; what is cut is said where it is cut.
 */
import type { ControlResultView, PostureView, ReportDocument } from '@vedette/model/api/posture-views';
import type { Scope } from '@vedette/model/access';
import type { ControlState, FrameworkId } from '@vedette/model/control-words';
import { frameworkOf } from '@vedette/policy/posture/frameworks';
import { Problem } from '@vedette/model/problem';
import { postureCounts, postureResults } from '../../store/read-posture.ts';
import type { Caller } from '../caller.ts';
import type { Doors } from '../doors.ts';
import { postureOf } from '../posture-summary.ts';
import { controlsOf, controlView, resultView } from '../posture-words.ts';
import type { ReportContent, ReportedControl } from './content.ts';
import { csvOf } from './csv.ts';
import { htmlOf } from './html.ts';
import { pdfOf } from './pdf.ts';

interface Asked {
  readonly format: 'html' | 'csv' | 'pdf';
  readonly framework?: FrameworkId | undefined;
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
}

const pageRows = 200;
const severityRank = ['critical', 'high', 'medium', 'low'];
const stateRank: readonly ControlState[] = ['failed', 'no-data', 'accepted', 'passed', 'not-applicable'];

export async function postureReport(doors: Doors, caller: Caller, asked: Asked): Promise<ReportDocument> {
  const content = await contentOf(doors, caller, asked);
  const day = content.at.slice(0, 10);
  const name = ['vedette-posture', ...(asked.framework === undefined ? [] : [asked.framework]), day].join('-').replaceAll(/[^a-z0-9.-]/g, '-');
  switch (asked.format) {
    case 'html':
      return { type: 'text/html; charset=utf-8', fileName: `${name}.html`, chunks: htmlOf(content) };
    case 'csv':
      return { type: 'text/csv; charset=utf-8', fileName: `${name}.csv`, chunks: csvOf(content) };
    case 'pdf':
      return { type: 'application/pdf', fileName: `${name}.pdf`, chunks: pdfOf(content) };
    default:
      return asked.format satisfies never;
  }
}

async function contentOf(doors: Doors, caller: Caller, asked: Asked): Promise<ReportContent> {
  const { database, now, posture: door } = doors;
  const { scope } = caller;
  const at = now();
  const filter = { cluster: asked.cluster, namespace: asked.namespace, control: undefined };
  const [posture, counts] = await Promise.all([postureOf(doors, scope, filter), postureCounts(database, scope, filter, at)]);
  if (asked.cluster !== undefined && posture.clusters.length === 0) throw new Problem('not-found', 'There is no such cluster in your scope, or it was not evaluated yet.');
  const byControl = Map.groupBy(counts, (one) => one.control);
  const chosen = controlsOf(door.controls, asked.framework);
  const controls = chosen.map((control): ReportedControl => ({ control, view: controlView(control, byControl.get(control.metadata.name) ?? []) })).sort((a, b) => rank(a) - rank(b) || (a.view.name < b.view.name ? -1 : 1));
  const names = chosen.map((one) => one.metadata.name);
  const named = new Map(chosen.map((one) => [one.metadata.name, one]));
  async function* results(control: string | undefined, states: readonly ControlState[] | undefined, limit: number): AsyncGenerator<ControlResultView> {
    let after: { rank: number; id: number } | undefined;
    for (let sent = 0; sent < limit; ) {
      const wanted = { controls: control === undefined ? names : [control], cluster: asked.cluster, namespace: asked.namespace, states, search: undefined };
      const rows = await postureResults(database, scope, wanted, { after, limit: Math.min(pageRows, limit - sent) }, at);
      for (const row of rows) yield resultView(row, named.get(row.control));
      const last = rows.at(-1);
      if (last === undefined || rows.length < Math.min(pageRows, limit - sent)) return;
      sent += rows.length;
      after = { rank: last.rank, id: last.id };
    }
  }
  const framework = asked.framework === undefined ? null : frameworkOf(asked.framework);
  return {
    // the name of the machine or the Pod that the hub runs on is a name of a place
    hub: scope.kind === 'all' ? `${door.hub.name}, Vedette ${door.hub.version}` : `Vedette ${door.hub.version}`,
    at: at.toISOString(),
    reader: caller.name,
    scope: scopeWords(scope, posture, asked),
    framework: framework === null ? null : { id: framework.id, title: framework.title, source: framework.source },
    posture,
    controls,
    results,
  };
}

function rank({ view }: ReportedControl): number {
  return stateRank.indexOf(view.state) * 10 + severityRank.indexOf(view.severity);
}

function scopeWords(scope: Scope, posture: PostureView, asked: Asked): string {
  const names = posture.clusters.map((one) => one.name);
  const clusters = names.length === 0 ? 'no cluster' : names.join(', ');
  const narrowed = [...(asked.cluster === undefined ? [] : ['one cluster was asked for']), ...(asked.namespace === undefined ? [] : [`only the namespace ${asked.namespace} was asked for`])];
  const whole = scope.kind === 'all' ? `everything in this hub: ${clusters}` : `only what the reader may see: ${clusters}. The hub may hold more`;
  return [whole, ...narrowed].join('; ');
}
