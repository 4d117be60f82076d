import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { absent, confidences, known, stations, unknown, type Answer, type Confidence, type SourceKind, type Station } from '@vedette/model/origin';
import { chainOf, type Link, type LinkValue, type StationFact } from './trace.ts';

const full = 'abcdef0123456789abcdef0123456789abcdef01';
const commit = (...revision: string[]): Answer<LinkValue> => known({ text: revision.join(', '), names: { revision }, details: {} });
const from = (kind: SourceKind, answer: Answer<LinkValue>, confidence: Confidence = 'recorded', learnedAtMs = 1000, station: Station = 'commit'): StationFact => ({ station, answer, source: { kind, name: '' }, confidence, learnedAtMs });
const linkOf = (facts: StationFact[], station: Station = 'commit'): Link => chainOf(facts, 61_000).links.find((one) => one.station === station)!;

test('a link: its claims with source, confidence and age; who had nothing; who could not say', () => {
  const cases: [name: string, facts: StationFact[], state: Link['state'], first: string | null, conflicts: number][] = [
    ['nobody asked', [], 'unknown', null, 0],
    ['nothing there', [from('image-config', absent('no label'))], 'absent', null, 0],
    ['one had nothing, one could not say', [from('image-config', absent('no label')), from('build-info', unknown('forbidden', '403'))], 'unknown', null, 0],
    ['one says', [from('image-config', commit(full)), from('build-info', unknown('forbidden', '403'))], 'known', full, 0],
    ['both say the same', [from('image-config', commit(full), 'claimed'), from('build-info', commit(full))], 'known', full, 0],
    ['one says it short', [from('image-config', commit('ABCDEF0'), 'claimed'), from('build-info', commit(full))], 'known', full, 0],
    ['too short to mean it', [from('image-config', commit('abcdef'), 'claimed'), from('build-info', commit(full))], 'conflict', full, 1],
    ['one of several', [from('image-config', commit(full), 'claimed'), from('build-info', commit('1'.repeat(40), full))], 'known', `${'1'.repeat(40)}, ${full}`, 0],
    ['they contradict', [from('image-config', commit('2'.repeat(40)), 'claimed'), from('build-info', commit(full))], 'conflict', full, 1],
    ['three contradict', [from('image-config', commit('2'.repeat(40)), 'claimed'), from('build-info', commit(full)), from('check', commit('3'.repeat(40)))], 'conflict', full, 3],
    ['nothing to compare by', [from('build-info', known({ text: 'web #1', names: { build: ['web#1'] }, details: {} })), from('check', known({ text: 'run 7', names: { run: ['7'] }, details: {} }))], 'known', 'web #1', 0],
    ['an empty list says nothing', [from('build-info', commit()), from('check', commit(full))], 'known', '', 0],
  ];
  for (const [name, facts, state, first, conflicts] of cases) {
    const link = linkOf(facts);
    assert.deepEqual([link.state, link.claims[0]?.value.text ?? null, link.conflicts.length], [state, first, conflicts], name);
    assert.equal(link.claims.length + link.gaps.length, Math.max(1, facts.length), name);
  }
  const link = linkOf([from('image-config', commit('2'.repeat(40)), 'claimed'), from('build-info', commit(full))]);
  assert.equal(link.confidence, 'claimed', 'a record that is contradicted is one claim among others');
  assert.equal(link.conflicts[0], `commit ${full} according to build info, ${'2'.repeat(40)} according to the image's own labels`);
  assert.equal(link.claims[0]!.ageSeconds, 60);
  assert.deepEqual(linkOf([]).gaps, [{ source: null, state: 'unknown', reason: 'not-asked', detail: 'nobody was asked' }]);
});

test('strongest first, of equals the newest; the order of what is told changes nothing', () => {
  const fact = fc.record({ confidence: fc.constantFrom(...confidences), learnedAtMs: fc.nat(60_000), text: fc.stringMatching(/^[0-9a-f]{7,10}$/) });
  fc.assert(
    fc.property(fc.uniqueArray(fact, { maxLength: 5, selector: (one) => `${one.confidence} ${one.learnedAtMs}` }), (all) => {
      const facts = all.map((one) => from('check', commit(one.text), one.confidence, one.learnedAtMs));
      const chain = chainOf(facts, 61_000);
      assert.deepEqual(chain.links.map((one) => one.station), stations);
      const { claims } = linkOf(facts);
      for (const [at, one] of claims.slice(1).entries()) {
        const before = claims[at]!;
        const step = confidences.indexOf(one.confidence) - confidences.indexOf(before.confidence);
        assert.ok(step > 0 || (step === 0 && one.learnedAtMs <= before.learnedAtMs));
      }
      const reversed = linkOf(facts.toReversed());
      assert.deepEqual([reversed.state, reversed.claims], [linkOf(facts).state, claims]);
    }),
  );
});
