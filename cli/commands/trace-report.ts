/** A traced image as lines for people, as JSON, and as an exit code. What comes from registries is made harmless for a terminal first. */
import { wordsOf, type Answer, type IntegrityVerdict } from '@vedette/model/origin';
import { ageWords } from '@vedette/model/words';
import { plain } from '@vedette/origin/ask/plain';
import { formatReference } from '@vedette/origin/oci/reference';
import { sourceWords, type Claim, type Gap, type Link } from '@vedette/origin/trace';
import type { ImageTrace } from '@vedette/origin/trace-image';

const marks: Record<Link['state'] | IntegrityVerdict['state'], string> = { known: '✓', absent: '–', unknown: '?', conflict: '≠', violated: '✗', holds: '✓', 'not-applicable': '–' };
const indent = ' '.repeat(13);

/** Sources are asked anew in a while: seconds say nothing. */
export function agoWords(seconds: number): string {
  return seconds < 60 ? 'just now' : `${ageWords(seconds * 1000)} ago`;
}

function claimLines(claim: Claim): string[] {
  const told = Object.entries(claim.value.details).map(([key, value]) => `${plain(key, 60)} ${plain(value, 160)}`);
  return [`${plain(claim.value.text, 300)}   [${plain(sourceWords(claim.source))}, ${claim.confidence}, ${agoWords(claim.ageSeconds)}]`, ...told.map((one) => `  ${one}`)];
}

function gapLine({ source, state, reason, detail }: Gap): string {
  const who = source === null ? '' : `   [${plain(sourceWords(source))}]`;
  return `${state === 'absent' || reason === null ? 'none' : wordsOf(reason)}: ${plain(detail, 400)}${who}`;
}

function linkLines(link: Link): string[] {
  const lines = [...link.claims.flatMap(claimLines), ...link.gaps.map(gapLine), ...link.conflicts.map((one) => `conflict: ${plain(one, 600)}`)];
  return lines.map((line, at) => (at === 0 ? `${marks[link.state]} ${link.station.padEnd(10)} ${line}` : `${indent}${line}`));
}

function verdictLines(verdict: IntegrityVerdict): string[] {
  const more = [verdict.expected === null ? null : `expected ${verdict.expected}`, verdict.found === null ? null : `found    ${verdict.found}`, verdict.action === null ? null : `→ ${verdict.action}`];
  return [`${marks[verdict.state]} ${verdict.kind.padEnd(20)} ${verdict.state}: ${plain(verdict.sentence, 600)}`, ...more.flatMap((one) => (one === null ? [] : [`${' '.repeat(23)}${plain(one, 300)}`]))];
}

function countLine<T>(what: string, answer: Answer<readonly T[]>, tell: (all: readonly T[]) => string): string {
  if (answer.state === 'known') return `✓ ${what.padEnd(20)} ${tell(answer.value)}`;
  return answer.state === 'absent' ? `– ${what.padEnd(20)} none: ${plain(answer.detail, 300)}` : `? ${what.padEnd(20)} ${wordsOf(answer.reason)}: ${plain(answer.detail, 300)}`;
}

function bySeverity(all: readonly { readonly severity: string }[]): string {
  const counts = Map.groupBy(all, (one) => plain(one.severity, 20));
  return all.length === 0 ? '0, after a scan that is done' : `${all.length}: ${[...counts].map(([severity, some]) => `${some.length} ${severity}`).join(', ')}`;
}

export function reportLines(traced: ImageTrace): string[] {
  const { jfrog } = traced;
  const kept = jfrog === null ? [] : [
    '',
    'Artifactory and Xray',
    countLine('places', jfrog.places, (all) => all.slice(0, 5).map((one) => plain(`${one.repository}/${one.path}`)).join(', ') + (all.length > 5 ? ` and ${all.length - 5} more` : '')),
    countLine('issues', jfrog.issues, bySeverity),
    countLine('violations', jfrog.violations, bySeverity),
    countLine('evidence', jfrog.evidence, (all) => all.map((one) => plain(one.predicateType, 80)).join(', ')),
  ];
  return [formatReference(traced.found.reference), '', ...traced.chain.links.flatMap(linkLines), '', 'Integrity', ...traced.verdicts.flatMap(verdictLines), ...kept];
}

export function reportJson(traced: ImageTrace): string {
  const { found, chain, verdicts, signature, jfrog } = traced;
  const body = { image: formatReference(found.reference), chain: chain.links, verdicts, signature, artifactory: jfrog };
  return JSON.stringify(body, (_, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value), 2);
}

/**
 * 0: everything that was asked for was answered, and nothing is wrong. 1: something is wrong, contradicts itself, or was asked for and not answered.
 * 2: the image itself could not be read, so nothing was found out.
 */
export function exitCodeOf({ chain, verdicts, found }: ImageTrace): 0 | 1 | 2 {
  if (verdicts.some((one) => one.state === 'violated')) return 1;
  if (found.image.state !== 'known') return 2;
  const wasAsked = (reason: string | null) => reason !== null && reason !== 'not-configured' && reason !== 'not-asked';
  const isOpen = verdicts.some((one) => wasAsked(one.reason)) || chain.links.some((link) => link.state === 'conflict' || link.gaps.some((gap) => wasAsked(gap.reason)));
  return isOpen ? 1 : 0;
}
