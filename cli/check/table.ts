/** A report for people: one line a rule, the worst first, what to do beside it, and the sum at the end. Marks do not need colour. */
import { styleText } from 'node:util';
import { shown } from '@vedette/policy/message';
import type { Report, RuleLine } from './report.ts';
import { nameOfImage } from './report.ts';

type Colour = 'red' | 'yellow' | 'green' | 'dim' | 'cyan';

interface Mark {
  readonly rank: number;
  readonly sign: string;
  readonly word: string;
  readonly colour: Colour;
}

function markOf({ verdict }: RuleLine): Mark {
  const { answer, effect, effectIfEnforced, mode } = verdict;
  if (answer === 'kept') return { rank: 9, sign: '✓', word: 'passes', colour: 'green' };
  if (answer === 'accepted') return { rank: 7, sign: '~', word: 'accepted', colour: 'cyan' };
  const word = answer === 'unknown' ? 'unknown' : 'fails';
  if (mode === 'shadow') return { rank: 5, sign: '○', word: `shadow: ${effectIfEnforced === 'stop' ? word : answer === 'unknown' ? 'unknown' : effectIfEnforced}`, colour: 'dim' };
  if (effect === 'stop') return { rank: answer === 'unknown' ? 1 : 0, sign: answer === 'unknown' ? '?' : '✗', word, colour: 'red' };
  if (answer === 'unknown') return { rank: 3, sign: '?', word: 'unknown', colour: 'yellow' };
  return effect === 'warn' ? { rank: 2, sign: '!', word: 'warns', colour: 'yellow' } : { rank: 4, sign: 'i', word: 'informs', colour: 'cyan' };
}

export function tableOf(report: Report, isColoured: boolean): string {
  const paint = (colour: Colour, text: string) => (isColoured ? styleText(colour, text, { validateStream: false }) : text);
  const rows = report.lines.map((line) => ({ line, mark: markOf(line) })).sort((a, b) => a.mark.rank - b.mark.rank);
  const nameWidth = Math.max(0, ...rows.map(({ line }) => nameOf(line).length));
  const wordWidth = Math.max(0, ...rows.map(({ mark }) => mark.word.length));
  const table = rows.map(({ line, mark }) => {
    const left = `${mark.sign} ${mark.word.padEnd(wordWidth)}  ${nameOf(line).padEnd(nameWidth)}`;
    const fact = line.verdict.answer === 'kept' ? '' : `  ${line.words.fact}`;
    const fix = line.words.fix === null ? '' : `  → ${line.words.fix}`;
    return `${paint(mark.colour, left)}${fact}${fix}`.trimEnd();
  });
  return [...headOf(report), '', ...table, ...(table.length > 0 ? [''] : []), ...exceptionsOf(report), ...silentOf(report), sumOf(report), ''].join('\n');
}

function nameOf({ verdict }: RuleLine): string {
  return `${verdict.policy}/${verdict.rule}`;
}

function headOf(report: Report): string[] {
  const { image, advisories } = report;
  const { digest, platform } = image.facts;
  const parts = [
    digest.is === 'known' ? digest.value : null,
    platform.is === 'known' ? platform.value : null,
    image.distribution ?? 'no distribution',
    `${image.packages} packages`,
  ].filter((one) => one !== null);
  const feeds = advisories === null ? 'none' : advisories.feeds.map((one) => `${one.ecosystem} ${one.ageDays === 0 ? 'of today' : `${one.ageDays} d old`}`).join(', ');
  return [nameOfImage(report), `  ${parts.join(', ')}`, `  advisories: ${feeds === '' ? 'a store without feeds' : feeds}`, ...image.problems.map((one) => `  not read: ${one}`)];
}

function exceptionsOf(report: Report): string[] {
  const lines = report.lines.flatMap(({ verdict }) => [
    ...verdict.accepted.map((one) => `~ ${verdict.policy}/${verdict.rule}: accepted by ${one.exception} of ${shown(one.owner)} until ${one.expiresAt}: ${shown(one.reason.replaceAll(/\s+/g, ' '))}`),
    ...verdict.notCounted.map((one) => `! ${verdict.policy}/${verdict.rule}: the exception ${one.exception} does not count: ${shown(one.why)}`),
  ]);
  return lines.length === 0 ? [] : [...lines, ''];
}

function silentOf(report: Report): string[] {
  return report.silent.length === 0 ? [] : [`not asked: ${report.silent.map((one) => `${one.policy} (${one.why})`).join(', ')}`];
}

export function sumOf({ counts, passes, unknown }: Report): string {
  const parts = [
    [counts.failed, 'failed'],
    [counts.unknownFailed, 'unknown, which counts as failed'],
    [counts.unknownWarned, unknown === 'warn' ? 'unknown, which only warns' : 'unknown in rules that only warn or inform'],
    [counts.warned, 'warned'],
    [counts.informed, 'informed'],
    [counts.accepted, 'accepted'],
    [counts.shadowed, 'only in shadow'],
    [counts.kept, 'passed'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return `${passes ? 'passes' : 'FAILS'}: ${said.length === 0 ? 'no rule applied' : said.join(', ')}`;
}
