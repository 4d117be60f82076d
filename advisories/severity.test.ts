import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type SeverityFacts, highest, ratingOf, scoreOf, unrated } from './severity.ts';

test('scores of vectors', () => {
  // The examples of FIRST's own documents, and the maximum of each version.
  const cases: [string, number | null][] = [
    ['AV:N/AC:L/Au:N/C:N/I:N/A:C', 7.8],
    ['AV:N/AC:L/Au:N/C:C/I:C/A:C', 10],
    ['AV:L/AC:H/Au:N/C:C/I:C/A:C', 6.2],
    ['CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:N/A:N', 5.3],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10],
    ['CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', 6.4],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L/E:U', 5.3],
    ['CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H', 10],
    ['CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 9.3],
    ['CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:P', 8.9],
    ['CVSS:3.1/AV:N', null],
    ['CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L', null],
    ['CVSS:5.0/AV:N/AC:L/Au:N/C:C/I:C/A:C', null],
    ['(AV:N/AC:L/Au:N/C:N/I:N/A:C)', 7.8],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/AV:L', null],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/XX:Y', null],
    ['CVSS:3.1/AV:N/AC:L/Au:N/C:C/I:C/A:C', null],
    ['9.8', null],
    ['', null],
    ['CVSS:3.1/'.repeat(100), null],
  ];
  for (const [vector, score] of cases) assert.equal(scoreOf(vector)?.score ?? null, score, vector);
});

test('what decides the word', () => {
  const v31 = (score: 'low' | 'high' | 'none'): { type: string; score: string } => {
    const impact = { low: 'C:L/I:N/A:N', high: 'C:H/I:H/A:H', none: 'C:N/I:N/A:N' }[score];
    return { type: 'CVSS_V3', score: `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/${impact}` };
  };
  const v2 = { type: 'CVSS_V2', score: 'AV:N/AC:L/Au:N/C:C/I:C/A:C' };
  const v4 = { type: 'CVSS_V4', score: 'CVSS:4.0/AV:P/AC:H/AT:N/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N' };
  const none: SeverityFacts = { recordId: 'X-1', severity: [], severityWord: null, urgency: null };
  const cases: [string, Partial<SeverityFacts>, string, string][] = [
    ['nothing', {}, 'unknown', 'nothing'],
    ['a vector', { severity: [v31('high')] }, 'critical', 'cvss'],
    ['a vector before a word', { severity: [v31('low')], severityWord: 'CRITICAL' }, 'medium', 'cvss'],
    ['the newest version, not the highest', { severity: [v2, v4, v31('high')] }, 'low', 'cvss'],
    ['CVSS 2 has no critical', { severity: [v2] }, 'high', 'cvss'],
    ['no impact', { severity: [v31('none')] }, 'low', 'cvss'],
    ['a broken vector, then the word', { severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N' }], severityWord: 'HIGH' }, 'high', 'source'],
    ['GitHub', { severityWord: 'MODERATE' }, 'medium', 'source'],
    ['a distribution’s scale', { severity: [{ type: 'Ubuntu', score: 'negligible' }] }, 'low', 'source'],
    ['a word that nobody knows', { severityWord: 'spicy' }, 'unknown', 'nothing'],
    ['a word of the language', { severityWord: 'constructor' }, 'unknown', 'nothing'],
    ['Debian', { urgency: 'high' }, 'high', 'urgency'],
    ['Debian guessed', { urgency: 'medium**' }, 'medium', 'urgency'],
    ['Debian: unimportant', { urgency: 'unimportant' }, 'low', 'urgency'],
    ['Debian: not yet', { urgency: 'not yet assigned' }, 'unknown', 'nothing'],
    ['Debian: end of life', { urgency: 'end-of-life' }, 'unknown', 'nothing'],
    ['a malicious package', { recordId: 'MAL-2024-1' }, 'critical', 'malicious'],
  ];
  for (const [name, facts, word, from] of cases) {
    const rating = ratingOf({ ...none, ...facts });
    assert.deepEqual([rating.severity, rating.from], [word, from], name);
  }
});

test('several records: the highest', () => {
  const critical = ratingOf({ recordId: 'A', severity: [], severityWord: 'CRITICAL', urgency: null });
  const low = ratingOf({ recordId: 'B', severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N' }], severityWord: null, urgency: null });
  assert.equal(highest([unrated, critical]).severity, 'critical');
  assert.equal(highest([low, critical]).severity, 'critical');
  assert.equal(highest([low, { ...low, cvss: 2.9 }]).cvss, 2.9);
  assert.equal(highest([]).severity, 'unknown');
});

test('any text is a score or none', () => {
  fc.assert(fc.property(fc.string(), fc.constantFrom('', 'CVSS:3.1/', 'CVSS:4.0/', 'CVSS:2.0/'), (text, prefix) => {
    const scored = scoreOf(prefix + text);
    assert.ok(scored === null || (scored.score >= 0 && scored.score <= 10));
  }));
});
