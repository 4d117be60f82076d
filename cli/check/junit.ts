/**
 * A report as JUnit XML, in the form that CI servers read: a suite for the image, a case for each rule. Broken and enforced is a
 * failure, not known and counted so is an error, accepted or not counted is skipped with the reason; the rest passes and says
 * what it has to say in its output.
 */
import { nameOfImage, type Report, type RuleLine } from './report.ts';

type Outcome = 'failure' | 'error' | 'skipped' | 'passed';

function outcomeOf({ verdict }: RuleLine): Outcome {
  const { answer, effect } = verdict;
  if (effect === 'stop') return answer === 'unknown' ? 'error' : 'failure';
  if (answer === 'accepted' || answer === 'unknown') return 'skipped';
  return 'passed';
}

export function junitOf(report: Report): string {
  const outcomes = report.lines.map(outcomeOf);
  const count = (outcome: Outcome) => outcomes.filter((one) => one === outcome).length;
  const seconds = (report.tookMs / 1000).toFixed(3);
  const counts = attributes({ tests: String(outcomes.length), failures: String(count('failure')), errors: String(count('error')), skipped: String(count('skipped')), time: seconds });
  // Without fractions and zone, as the schema of the servers wants it.
  const timestamp = new Date(report.atMs).toISOString().slice(0, 19);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="vedette check"${counts}>`,
    `  <testsuite${attributes({ name: nameOfImage(report) })}${counts}${attributes({ timestamp })}>`,
    ...report.lines.flatMap((line, index) => caseOf(line, outcomes[index]!)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function caseOf({ verdict, words }: RuleLine, outcome: Outcome): string[] {
  const head = `    <testcase${attributes({ classname: verdict.policy, name: verdict.rule, time: '0.000' })}`;
  const text = [words.summary, words.fact, ...(words.message === null ? [] : [words.message]), ...words.evidence, ...(words.fix === null ? [] : [`fix: ${words.fix}`])].join('\n');
  switch (outcome) {
    case 'failure':
    case 'error':
      return [`${head}>`, `      <${outcome}${attributes({ message: words.fact, type: outcome === 'error' ? 'unknown' : verdict.severity })}>${escaped(text)}</${outcome}>`, '    </testcase>'];
    case 'skipped':
      return [`${head}>`, `      <skipped${attributes({ message: words.fact })}/>`, '    </testcase>'];
    case 'passed':
      return verdict.answer === 'kept' ? [`${head}/>`] : [`${head}>`, `      <system-out>${escaped(text)}</system-out>`, '    </testcase>'];
    default:
      return outcome satisfies never;
  }
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values).map(([name, value]) => ` ${name}="${escaped(value).replaceAll('\n', '&#10;')}"`).join('');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** What XML 1.0 cannot hold is replaced: a name in an image must not make the file unreadable. */
function escaped(text: string): string {
  return text.toWellFormed().replaceAll(/[\u0000-\u0008\u000b\u000c\u000d\u000e-\u001f\ufffe\uffff]/g, '\ufffd').replaceAll(/[&<>"']/g, (one) => entities[one]!);
}
