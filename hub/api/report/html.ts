/** The report as one HTML page that needs nothing else: no script, no font, no address outside; made to be read on a screen and printed. Every foreign text is escaped. */
import type { ControlResultView, PostureCountsView } from '@vedette/model/api/posture-views';
import { dataAgeWords, emptyWords, fraction, hadPassed, hadPassedWords, isEmpty, stateWords, subjectWords, type ReportContent, type ReportedControl } from './content.ts';

const resultsOfControlMax = 1000;

export function escape(text: string): string {
  const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.toWellFormed().replaceAll(/[&<>"']/g, (one) => named[one]!).replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u202a-\u202e\u2066-\u2069]/g, '\uFFFD');
}

const style = `
:root{--ink:#16181d;--quiet:#565d69;--line:#d8dbe0;--wash:#f4f5f7;--failed:#a51d1d;--nodata:#6b5b00;--passed:#1c6b3a;--accepted:#31518f}
*{box-sizing:border-box}body{margin:0 auto;max-width:1000px;padding:32px 24px;font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:var(--ink);background:#fff}
h1{font-size:24px;line-height:1.25;margin:0 0 4px}h2{font-size:17px;margin:32px 0 8px;padding-top:8px;border-top:2px solid var(--ink)}h3{font-size:15px;margin:0}
p{margin:4px 0 8px}.quiet{color:var(--quiet)}table{width:100%;border-collapse:collapse;margin:8px 0 12px;font-size:13px}th{text-align:left;font-weight:600;border-bottom:1px solid var(--ink);padding:4px 8px 4px 0;vertical-align:bottom}
td{border-bottom:1px solid var(--line);padding:4px 8px 4px 0;vertical-align:top;overflow-wrap:anywhere}td.n,th.n{text-align:right;white-space:nowrap}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:12px 0}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
.control{break-inside:auto;margin:20px 0 24px;padding:12px 16px;border:1px solid var(--line);border-left:4px solid var(--line)}.control.failed{border-left-color:var(--failed)}.control.no-data{border-left-color:var(--nodata);border-left-style:dashed}
.state{font-weight:600;white-space:nowrap}.state.failed{color:var(--failed)}.state.no-data{color:var(--nodata)}.state.passed{color:var(--passed)}.state.accepted{color:var(--accepted)}.tag{font-size:12px;color:var(--quiet)}
pre{margin:8px 0;padding:8px 12px;background:var(--wash);border:1px solid var(--line);font:12px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}code{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.warn{padding:8px 12px;border:1px dashed var(--nodata);background:#fffbe8;margin:8px 0}.fix{margin:8px 0 0;padding:8px 12px;background:var(--wash)}ul{margin:4px 0;padding-left:20px}
@media(max-width:640px){body{padding:16px 12px}table{font-size:12px}.control{padding:8px 10px}}
@media print{body{max-width:none;padding:0;font-size:10.5pt}h2{break-after:avoid}.control h3{break-after:avoid}tr,pre,.warn{break-inside:avoid}@page{margin:18mm 15mm}}
`;

export async function* htmlOf(content: ReportContent): AsyncGenerator<string> {
  yield head(content);
  yield seen(content);
  yield frameworks(content);
  const failing = content.controls.filter((one) => ['failed', 'no-data', 'accepted'].includes(one.view.state));
  yield `<h2>What is not passed</h2>`;
  if (isEmpty(content)) yield `<p class="warn">${emptyWords}</p>`;
  else if (failing.length === 0) yield '<p>Every control that applies has passed, for everything that was seen.</p>';
  for (const one of failing) yield* control(content, one);
  yield passed(content);
  yield '</body></html>\n';
}

function head(content: ReportContent): string {
  const { controls } = content.posture;
  const title = content.framework === null ? 'Security posture' : `Security posture: ${content.framework.title}`;
  const counted = countsOf(content.controls);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escape(title)}</title><style>${style}</style></head><body>
<h1>${escape(title)}</h1>
<p>${fraction(counted.failed, counted)} controls failed, ${counted.noData} have no data, ${counted.accepted} ${counted.accepted === 1 ? 'is' : 'are'} accepted, ${counted.passed} passed; ${counted.notApplicable} apply to nothing here.${content.framework === null ? '' : ` Of all ${controls.failed + controls.noData + controls.accepted + controls.passed + controls.notApplicable} controls of this hub, these answer this framework. It asks more than controls can tell: what people do, and what configuration files hold, is not in this report.`}</p>
<dl><dt>Hub</dt><dd>${escape(content.hub)}</dd><dt>Time</dt><dd>${escape(content.at)}</dd><dt>Read by</dt><dd>${escape(content.reader)}</dd><dt>Scope</dt><dd>${escape(content.scope)}</dd>${content.framework === null ? '' : `<dt>Framework</dt><dd>${escape(content.framework.source)}</dd>`}</dl>`;
}

function countsOf(controls: readonly ReportedControl[]): PostureCountsView {
  const is = (state: string): number => controls.filter((one) => one.view.state === state).length;
  return { failed: is('failed'), noData: is('no-data'), accepted: is('accepted'), passed: is('passed'), notApplicable: is('not-applicable') };
}

function seen({ posture, at }: ReportContent): string {
  const rows = posture.clusters.map((one) => `<tr><td>${escape(one.name)}</td><td>${one.cutOff ? '<span class="state no-data">cut off: no data now</span>' : 'reporting'}</td><td>${escape(dataAgeWords(one.dataAt, at))}</td>${['failed', 'noData', 'accepted', 'passed'].map((key) => `<td class="n">${one.results[key as keyof PostureCountsView]}</td>`).join('')}</tr>`);
  const missing = posture.clusters.flatMap((one) => one.missing.map((words) => `<li><b>${escape(one.name)}:</b> ${escape(words)}</li>`));
  return `<h2>What was seen</h2><table><thead><tr><th>Cluster</th><th>State</th><th>Data</th><th class="n">failed</th><th class="n">no data</th><th class="n">accepted</th><th class="n">passed</th></tr></thead><tbody>${rows.join('')}</tbody></table>
${missing.length === 0 ? '' : `<p><b>Not seen</b></p><ul>${missing.join('')}</ul>`}`;
}

function frameworks({ posture, framework }: ReportContent): string {
  const shown = posture.frameworks.filter((one) => framework === null || one.id === framework.id);
  const rows = shown.map(({ title, controls, requirements }) => `<tr><td>${escape(title)}</td><td class="n">${requirements.length}</td><td class="n">${controls.failed}</td><td class="n">${controls.noData}</td><td class="n">${controls.accepted}</td><td class="n">${fraction(controls.passed, controls)}</td></tr>`);
  const whole = framework === null ? '' : shown.map((one) => `<table><thead><tr><th>Requirement</th><th></th><th>Stands</th><th class="n">controls passed</th></tr></thead><tbody>${one.requirements.map((r) => `<tr><td><code>${escape(r.id)}</code></td><td>${escape(r.about)}</td><td><span class="state ${r.state}">${stateWords[r.state]}</span></td><td class="n">${fraction(r.controls.passed, r.controls)}</td></tr>`).join('')}</tbody></table>`).join('');
  return `<h2>By framework</h2><table><thead><tr><th>Framework</th><th class="n">requirements answered</th><th class="n">failed</th><th class="n">no data</th><th class="n">accepted</th><th class="n">controls passed</th></tr></thead><tbody>${rows.join('')}</tbody></table>${whole}`;
}

async function* control(content: ReportContent, { control: { spec }, view }: ReportedControl): AsyncGenerator<string> {
  const requirements = view.requirements.map(({ framework, id }) => `${framework} ${id}`).join(' · ');
  yield `<section class="control ${view.state}"><h3>${escape(view.title)}</h3><p><span class="state ${view.state}">${stateWords[view.state]}</span> <span class="tag">${escape(view.severity)} · ${escape(view.name)}${requirements === '' ? '' : ` · ${escape(requirements)}`}</span></p><p>${escape(spec.why)}</p>
<p>${view.results.failed} failed, ${view.results.noData} without data, ${view.results.accepted} accepted, ${view.results.passed} passed.</p>
<table><thead><tr><th>Subject</th><th>Cluster</th><th>State</th><th>Found</th><th>Since</th></tr></thead><tbody>`;
  let sent = 0;
  let before = 0;
  for await (const one of content.results(view.name, ['failed', 'no-data', 'accepted'], resultsOfControlMax)) {
    sent += 1;
    if (hadPassed(one)) before += 1;
    else yield result(one);
  }
  const left = view.results.failed + view.results.noData + view.results.accepted - sent;
  yield `</tbody></table>${before === 0 ? '' : `<p class="quiet">${hadPassedWords(before)}</p>`}${left > 0 ? `<p class="warn">${left} more are in the CSV of this report.</p>` : ''}<div class="fix"><b>What to do.</b> ${escape(spec.fix)}${spec.snippet === undefined ? '' : `<pre>${escape(spec.snippet.trimEnd())}</pre>`}</div></section>\n`;
}

function result(one: ControlResultView): string {
  const evidence = one.evidence.map(({ fact, value }) => `<code>${escape(fact)}</code> ${escape(value)}`).join('<br>');
  const known = one.lastKnown === null ? '' : `<br><span class="quiet">before: ${stateWords[one.lastKnown.state]}${one.lastKnown.at === null ? '' : `, known until ${escape(one.lastKnown.at)}`}</span>`;
  const accepted = one.accepted === null ? '' : `<br><span class="quiet">accepted by ${escape(one.accepted.exception)}: ${escape(one.accepted.reason)} (${escape(one.accepted.owner)}, until ${escape(one.accepted.expiresAt)})</span>`;
  return `<tr><td>${escape(subjectWords(one))}</td><td>${escape(one.clusterName)}</td><td><span class="state ${one.state}">${stateWords[one.state]}</span></td><td>${escape(one.reason)}${known}${accepted}${evidence === '' ? '' : `<br><span class="tag">${evidence}</span>`}</td><td>${escape(one.since.slice(0, 16).replace('T', ' '))}</td></tr>`;
}

function passed({ controls }: ReportContent): string {
  const rest = controls.filter((one) => one.view.state === 'passed' || one.view.state === 'not-applicable');
  const rows = rest.map(({ view }) => `<tr><td>${escape(view.title)} <span class="tag">${escape(view.name)}</span></td><td><span class="state ${view.state}">${stateWords[view.state]}</span></td><td class="n">${view.results.passed}</td></tr>`);
  return rest.length === 0 ? '' : `<h2>What is passed, and what applies to nothing here</h2><table><thead><tr><th>Control</th><th>State</th><th class="n">subjects passed</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}
