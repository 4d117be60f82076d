import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChainLinkView, OriginVerdictView } from '@vedette/model/api/origin';
import { lookOf, shortText, standingOf, type LinkLook, type Standing } from './origin.ts';

const link = (more: Partial<ChainLinkView>): ChainLinkView => ({ station: 'commit', state: 'known', confidence: 'verified', claims: [], gaps: [], conflicts: [], agreements: [], ...more });
const verdict = (state: OriginVerdictView['state']): OriginVerdictView => ({ kind: 'unsigned', state, reason: null, sentence: '', action: null, expected: null, found: null, since: '', until: null, checkedAt: '', unconfirmed: null });

test('how a link is drawn', () => {
  const cases: [Partial<ChainLinkView>, LinkLook][] = [
    [{}, 'firm'], [{ confidence: 'recorded' }, 'firm'], [{ confidence: 'claimed' }, 'said'], [{ confidence: 'inferred' }, 'said'],
    [{ state: 'absent', confidence: null }, 'none'], [{ state: 'unknown', confidence: null }, 'open'], [{ state: 'conflict' }, 'conflict'],
  ];
  for (const [more, look] of cases) assert.equal(lookOf(link(more)), look);
});

test('what stands below it is short', () => {
  const claim = (text: string) => [{ text, details: {}, source: '', confidence: 'claimed' as const, learnedAt: '', ageSeconds: 0 }];
  assert.equal(shortText(link({ claims: claim('a'.repeat(40)) })), 'a'.repeat(12));
  assert.equal(shortText(link({ claims: claim(`r.example/web:1@sha256:${'b'.repeat(64)}`) })), `r.example/web:1@${'b'.repeat(12)}`);
  assert.equal(shortText(link({ state: 'unknown' })), 'not known');
  assert.equal(shortText(link({ state: 'absent' })), 'none');
  assert.ok(shortText(link({ claims: claim('x'.repeat(500)) })).length < 60);
});

test('an image about which nobody was asked is not one without faults', () => {
  const cases: [OriginVerdictView['state'][], string[], string | null, Standing][] = [
    [['holds', 'violated'], ['c'], 't', 'violated'], [['holds'], ['c'], 't', 'conflict'], [['holds', 'unknown'], [], 't', 'unknown'], [['holds', 'not-applicable'], [], 't', 'holds'], [[], [], null, 'unasked'], [[], [], 't', 'unasked'],
  ];
  for (const [states, conflicts, askedAt, expected] of cases) assert.equal(standingOf({ verdicts: states.map(verdict), conflicts, askedAt, problem: null }), expected);
});
