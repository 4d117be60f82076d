/**
 * A report as SARIF 2.1.0 (OASIS): each rule once, a result for each thing that breaks one, and one for a rule that is not
 * known. What exceptions accept is a suppressed result. Rules that are kept have no result: readers of SARIF show every result
 * as a finding. `level` is anything but "none" only where `kind` is "fail", as the standard demands.
 */
import { createHash } from 'node:crypto';
import type { Found } from '@vedette/policy/condition';
import { shown } from '@vedette/policy/message';
import type { Severity } from '@vedette/model/policy';
import { itemFields, nameOfImage, type Report, type RuleLine } from './report.ts';

type Level = 'error' | 'warning' | 'note' | 'none';

/** What code scanning sorts by; the middle of CVSS's bands. */
const securitySeverity: Readonly<Record<Severity, string>> = { critical: '9.5', high: '8.0', medium: '5.5', low: '2.0' };
const resultsMax = 5000;

export function sarifOf(report: Report): string {
  const rules = report.lines.map(ruleOf);
  const results = report.lines.flatMap((line, index) => resultsOf(report, line, index));
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Vedette', version: report.version, semanticVersion: report.version, rules } },
        automationDetails: { id: `vedette-check/${nameOfImage(report)}/` },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: true,
            exitCode: report.passes ? 0 : 1,
            endTimeUtc: new Date(report.atMs).toISOString(),
            ...(report.image.problems.length === 0 ? {} : { toolExecutionNotifications: report.image.problems.map((text) => ({ level: 'warning', message: { text: shown(text) } })) }),
          },
        ],
        results: results.slice(0, resultsMax),
        properties: { imageDigest: known(report.image.facts.digest), platform: known(report.image.facts.platform), resultsLeftOut: Math.max(0, results.length - resultsMax) },
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function known(fact: { readonly is: string; readonly value?: string }): string {
  return fact.is === 'known' ? (fact.value ?? '') : '';
}

function ruleIdOf({ verdict }: RuleLine): string {
  return `${verdict.policy}/${verdict.rule}`;
}

function ruleOf(line: RuleLine): object {
  const { policy, rule } = line.verdict.checked;
  const { description, severity } = policy.policy.spec;
  return {
    id: ruleIdOf(line),
    shortDescription: { text: `${line.verdict.policy}: ${line.verdict.rule}` },
    fullDescription: { text: description.trim() === '' ? line.verdict.policy : description.trim() },
    help: { text: rule.rule.fix ?? line.words.fix ?? description.trim() },
    defaultConfiguration: { level: levelOf(line.verdict.action) },
    properties: { 'tags': ['security', 'container'], 'security-severity': securitySeverity[severity], 'condition': rule.rule.when, 'mode': line.verdict.mode },
  };
}

function levelOf(action: RuleLine['verdict']['action']): Level {
  return action === 'fail' || action === 'deny' ? 'error' : action === 'warn' ? 'warning' : 'note';
}

function resultsOf(report: Report, line: RuleLine, ruleIndex: number): object[] {
  const { verdict, words } = line;
  const place = { report, ruleId: ruleIdOf(line), ruleIndex };
  const suppressed = verdict.accepted.flatMap((accepted) => {
    const suppression = { kind: 'external', status: 'accepted', justification: `${accepted.exception} of ${accepted.owner} until ${accepted.expiresAt}: ${accepted.reason}` };
    const each = accepted.found.map((found) => resultOf(place, { text: found.sentence, found, kind: 'fail', level: levelOf(verdict.action), suppression }));
    return each.length > 0 ? each : [resultOf(place, { text: words.summary, found: null, kind: 'fail', level: levelOf(verdict.action), suppression })];
  });
  switch (verdict.answer) {
    case 'kept':
      return [];
    case 'accepted':
      return suppressed;
    case 'unknown': {
      // What counts as failed must be seen by readers that show failures only.
      const counts = verdict.effect === 'stop' || verdict.effect === 'warn';
      const level: Level = verdict.effect === 'stop' ? 'error' : 'warning';
      return [...suppressed, resultOf(place, { text: `${words.fact} ${words.summary}`, found: null, kind: counts ? 'fail' : 'open', level: counts ? level : 'none' })];
    }
    case 'broken': {
      const kind = verdict.mode === 'shadow' ? 'review' : 'fail';
      const level = verdict.mode === 'shadow' ? 'none' : levelOf(verdict.action);
      const fix = words.fix === null ? '' : ` Fix: ${words.fix}`;
      const each = verdict.found.map((found) => resultOf(place, { text: `${found.sentence}.${fixOf(found) ?? fix}`, found, kind, level }));
      return [...suppressed, ...(each.length > 0 ? each : [resultOf(place, { text: `${words.fact}${fix}`, found: null, kind, level })])];
    }
    default:
      return verdict.answer satisfies never;
  }
}

function fixOf({ list, item }: Found): string | null {
  const { package: name, version, fixedIn } = itemFields(list, item);
  return fixedIn === undefined ? null : ` Fix: upgrade ${name ?? ''} ${version ?? ''} to ${fixedIn}`;
}

interface Place {
  readonly report: Report;
  readonly ruleId: string;
  readonly ruleIndex: number;
}

interface Result {
  readonly text: string;
  readonly found: Found | null;
  readonly kind: 'fail' | 'open' | 'review';
  readonly level: Level;
  readonly suppression?: object;
}

function resultOf({ report, ruleId, ruleIndex }: Place, { text, found, kind, level, suppression }: Result): object {
  const fields = found === null ? {} : itemFields(found.list, found.item);
  const name = nameOfImage(report);
  const within = fields['path'] ?? '';
  const what = [fields['id'], fields['package'] ?? fields['name']].filter((one) => one !== undefined).join(' ');
  const uri = [...name.split('/'), ...within.split('/')].filter((one) => one !== '').map(encodeURIComponent).join('/');
  return {
    ruleId,
    ruleIndex,
    kind,
    level,
    message: { text: shown(text) },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } },
        logicalLocations: [{ name: what === '' ? name : what, fullyQualifiedName: [name, ...(what === '' ? [] : [what])].join('::'), kind: what === '' ? 'module' : 'package' }],
      },
    ],
    partialFingerprints: { 'vedetteRule/v1': createHash('sha256').update([ruleId, fields['id'] ?? '', fields['package'] ?? fields['name'] ?? '', within].join('\n')).digest('hex') },
    ...(suppression === undefined ? {} : { suppressions: [suppression] }),
    ...(Object.keys(fields).length === 0 ? {} : { properties: fields }),
  };
}
