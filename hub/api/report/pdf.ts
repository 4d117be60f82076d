/** The report as PDF, A4, sent while it is laid out. The built-in fonts know Western letters only: another letter is shown as a question mark, never as a wrong one. */
import PdfKit from 'pdfkit';
import type { ControlResultView } from '@vedette/model/api/posture-views';
import { dataAgeWords, emptyWords, fraction, hadPassed, hadPassedWords, isEmpty, stateWords, subjectWords, type ReportContent, type ReportedControl } from './content.ts';

const resultsOfControlMax = 200;
const margin = 48;
const ink = '#16181d';
const quiet = '#565d69';
const colours: Readonly<Record<string, string>> = { failed: '#a51d1d', 'no-data': '#6b5b00', accepted: '#31518f', passed: '#1c6b3a', 'not-applicable': quiet };
const fonts = { text: 'Helvetica', strong: 'Helvetica-Bold', code: 'Courier' } as const;

type Pdf = InstanceType<typeof PdfKit>;

/** Fonts are read from the checkout when they are first used, which may be unreadable later. */
export async function warmUpPdf(): Promise<void> {
  const pdf = new PdfKit({ compress: true });
  for (const font of Object.values(fonts)) pdf.font(font).text('warm');
  pdf.end();
  for await (const chunk of pdf) void chunk;
}

export async function* pdfOf(content: ReportContent): AsyncGenerator<Uint8Array> {
  const title = content.framework === null ? 'Security posture' : `Security posture: ${content.framework.title}`;
  const pdf = new PdfKit({ size: 'A4', margins: { top: margin, bottom: margin + 14, left: margin, right: margin }, bufferPages: false, info: { Title: title, Creator: 'Vedette', CreationDate: new Date(content.at) } });
  let page = 0;
  const foot = (): void => {
    page += 1;
    const { x, y } = pdf;
    const bottom = pdf.page.margins.bottom;
    pdf.page.margins.bottom = 0;
    pdf.font(fonts.text).fontSize(7.5).fillColor(quiet).text(plain(`${title} · ${content.at} · page ${page}`), margin, pdf.page.height - 34, { lineBreak: false });
    pdf.page.margins.bottom = bottom;
    pdf.x = x;
    pdf.y = y;
    pdf.font(fonts.text).fillColor(ink);
  };
  foot();
  pdf.on('pageAdded', foot);
  // Laid out beside the sending. What nobody takes waits in memory, so each control shows a bounded number of subjects.
  const laid = layOut(pdf, content, title).then(() => pdf.end(), (error: unknown) => pdf.destroy(error instanceof Error ? error : new Error(String(error))));
  for await (const chunk of pdf) yield chunk as Uint8Array;
  await laid;
}

/** In what the built-in fonts have. */
export function plain(text: string): string {
  return text.toWellFormed().replaceAll('…', '...').replaceAll(/[^\n\x20-\x7e\xa0-\xff\u2013\u2014\u2018\u2019\u201c\u201d\u2022]/g, '?');
}

function say(pdf: Pdf, text: string, options: { size?: number; font?: string; colour?: string; gap?: number; indent?: number; keep?: number } = {}): void {
  const { size = 9.5, font = fonts.text, colour = ink, gap = 3, indent = 0, keep = 0 } = options;
  if (keep > 0 && pdf.y + keep > pdf.page.height - pdf.page.margins.bottom) pdf.addPage();
  pdf.font(font).fontSize(size).fillColor(colour).text(plain(text), margin + indent, pdf.y, { width: pdf.page.width - 2 * margin - indent });
  pdf.y += gap;
}

function rule(pdf: Pdf): void {
  pdf.y += 4;
  pdf.moveTo(margin, pdf.y).lineTo(pdf.page.width - margin, pdf.y).lineWidth(0.5).strokeColor('#d8dbe0').stroke();
  pdf.y += 6;
}

async function layOut(pdf: Pdf, content: ReportContent, title: string): Promise<void> {
  const is = (state: string): number => content.controls.filter((one) => one.view.state === state).length;
  const counts = { failed: is('failed'), noData: is('no-data'), accepted: is('accepted'), passed: is('passed') };
  say(pdf, title, { size: 19, font: fonts.strong, gap: 4 });
  say(pdf, `${fraction(counts.failed, counts)} controls failed, ${counts.noData} have no data, ${counts.accepted} accepted, ${counts.passed} passed; ${is('not-applicable')} apply to nothing here.`, { size: 11, gap: 8 });
  for (const [name, words] of [['Hub', content.hub], ['Time', content.at], ['Read by', content.reader], ['Scope', content.scope], ['Framework', content.framework?.source ?? 'all that the controls answer']]) say(pdf, `${name}: ${words}`, { colour: quiet, gap: 1 });
  heading(pdf, 'What was seen');
  if (isEmpty(content)) say(pdf, emptyWords, { font: fonts.strong });
  for (const one of content.posture.clusters) {
    say(pdf, `${one.name}: ${one.cutOff ? 'cut off, no data now' : 'reporting'}; data ${dataAgeWords(one.dataAt, content.at)}`, { font: fonts.strong, gap: 1, colour: one.cutOff ? colours['no-data']! : ink });
    say(pdf, `${one.results.failed} failed, ${one.results.noData} without data, ${one.results.accepted} accepted, ${one.results.passed} passed`, { gap: 1 });
    for (const words of one.missing) say(pdf, `Not seen: ${words}`, { colour: quiet, size: 8.5, gap: 1, indent: 10 });
    pdf.y += 4;
  }
  heading(pdf, 'By framework');
  for (const one of content.posture.frameworks) {
    if (content.framework !== null && one.id !== content.framework.id) continue;
    say(pdf, `${one.title}: ${fraction(one.controls.passed, one.controls)} controls passed, ${one.controls.failed} failed, ${one.controls.noData} without data, ${one.controls.accepted} accepted; ${one.requirements.length} requirements answered`, { gap: 2 });
    if (content.framework !== null) for (const r of one.requirements) say(pdf, `${r.id}  ${r.about}: ${stateWords[r.state]}`, { size: 8.5, gap: 1, indent: 10, colour: colours[r.state]! });
  }
  heading(pdf, 'What is not passed');
  for (const one of content.controls) if (['failed', 'no-data', 'accepted'].includes(one.view.state)) await control(pdf, content, one);
  heading(pdf, 'What is passed, and what applies to nothing here');
  for (const { view } of content.controls) if (view.state === 'passed' || view.state === 'not-applicable') say(pdf, `${view.title} (${view.name}): ${view.state === 'passed' ? `passed for ${view.results.passed}` : 'applies to nothing here'}`, { size: 8.5, gap: 1 });
}

function heading(pdf: Pdf, text: string): void {
  pdf.y += 10;
  say(pdf, text, { size: 13, font: fonts.strong, gap: 4, keep: 60 });
}

async function control(pdf: Pdf, content: ReportContent, { control: { spec }, view }: ReportedControl): Promise<void> {
  rule(pdf);
  say(pdf, view.title, { size: 11, font: fonts.strong, gap: 1, keep: 80 });
  say(pdf, `${stateWords[view.state]} - ${view.severity} - ${view.name}`, { colour: colours[view.state]!, gap: 1 });
  const requirements = view.requirements.map(({ framework, id }) => `${framework} ${id}`).join('; ');
  if (requirements !== '') say(pdf, requirements, { size: 8, colour: quiet, gap: 3 });
  say(pdf, spec.why, { gap: 4 });
  let sent = 0;
  let before = 0;
  for await (const one of content.results(view.name, ['failed', 'no-data', 'accepted'], resultsOfControlMax)) {
    sent += 1;
    if (hadPassed(one)) before += 1;
    else result(pdf, one);
  }
  if (before > 0) say(pdf, hadPassedWords(before), { size: 8.5, indent: 10, colour: quiet });
  const left = view.results.failed + view.results.noData + view.results.accepted - sent;
  if (left > 0) say(pdf, `${left} more are in the CSV of this report.`, { font: fonts.strong });
  say(pdf, `What to do: ${spec.fix}`, { gap: 3, keep: 40 });
  if (spec.snippet !== undefined) say(pdf, spec.snippet.trimEnd(), { font: fonts.code, size: 8, indent: 10, gap: 4, keep: 60 });
}

function result(pdf: Pdf, one: ControlResultView): void {
  say(pdf, `${subjectWords(one)} - ${one.clusterName} - ${stateWords[one.state]} since ${one.since.slice(0, 16).replace('T', ' ')}`, { font: fonts.strong, size: 8.5, gap: 0, indent: 10, colour: colours[one.state]!, keep: 30 });
  const known = one.lastKnown === null ? '' : ` Before: ${stateWords[one.lastKnown.state]}${one.lastKnown.at === null ? '' : `, known until ${one.lastKnown.at}`}.`;
  const accepted = one.accepted === null ? '' : ` Accepted by ${one.accepted.exception} (${one.accepted.owner}, until ${one.accepted.expiresAt}): ${one.accepted.reason}`;
  say(pdf, `${one.reason}.${known}${accepted}`, { size: 8.5, gap: 0, indent: 10 });
  if (one.evidence.length > 0) say(pdf, one.evidence.map(({ fact, value }) => `${fact}: ${value}`).join('; '), { size: 7.5, gap: 3, indent: 10, colour: quiet });
}
