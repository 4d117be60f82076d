/**
 * The report as CSV by RFC 4180: one line a result, all states, after lines that say what the report is. A field that a
 * spreadsheet would take for a formula is given an apostrophe before it: names in a cluster are chosen by whoever may write there.
 */
import { dataAgeWords, type ReportContent } from './content.ts';

const resultsMax = 1_000_000;

export async function* csvOf(content: ReportContent): AsyncGenerator<string> {
  // Spreadsheets take UTF-8 for something else without it.
  yield '\uFEFF';
  yield line(['control', 'title', 'severity', 'state', 'cluster', 'namespace', 'kind', 'subject', 'reason', 'evidence', 'since', 'last known', 'accepted by exception', 'remedy', 'requirements']);
  const controls = new Map(content.controls.map((one) => [one.view.name, one]));
  for await (const one of content.results(undefined, undefined, resultsMax)) {
    const control = controls.get(one.control);
    yield line([
      one.control, one.title, one.severity, one.state, one.clusterName, one.namespace, one.type, one.name, one.reason, one.evidence.map(({ fact, value }) => `${fact} = ${value}`).join('; '), one.since,
      one.lastKnown === null ? '' : `${one.lastKnown.state}${one.lastKnown.at === null ? '' : ` until ${one.lastKnown.at}`}`,
      one.accepted === null ? '' : `${one.accepted.exception} (${one.accepted.owner}, until ${one.accepted.expiresAt})`,
      one.state === 'failed' ? (control?.control.spec.fix ?? '') : '', control?.view.requirements.map(({ framework, id }) => `${framework} ${id}`).join('; ') ?? '',
    ]);
  }
  const about = (what: string, words: string): string => line(['report', what, '', '', '', '', '', '', words, '', '', '', '', '', '']);
  yield about('hub', content.hub);
  yield about('time', content.at);
  yield about('reader', content.reader);
  yield about('scope', content.scope);
  yield about('framework', content.framework?.title ?? 'all');
  for (const one of content.posture.clusters) {
    yield about(`cluster ${one.name}`, `${one.cutOff ? 'cut off: nothing of it is known now; ' : ''}data ${dataAgeWords(one.dataAt, content.at)}`);
    for (const missing of one.missing) yield about(`not seen in ${one.name}`, missing);
  }
}

export function line(fields: readonly string[]): string {
  return `${fields.map(field).join(',')}\r\n`;
}

export function field(text: string): string {
  const safe = /^[\s\p{Cf}\p{Cc}]*[=+\-@|%\uFF1D\uFF0B\uFF0D\uFF20]/u.test(text) || /^[\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n;\t']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
