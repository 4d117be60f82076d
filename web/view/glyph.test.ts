import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { factMarks, glyphLabel, loadedMark, loadedShares } from './glyph.ts';

const now = Date.parse('2026-11-23T06:20:00.000Z');

test('each state of loaded has its own mark and says why', () => {
  const yes = loadedMark({ state: 'yes', firstSeen: '2026-11-23T04:20:00.000Z', lastSeen: '2026-11-23T06:19:20.000Z', evidence: 'Mapped by /usr/sbin/nginx' }, now);
  assert.equal(yes.sentence, 'Mapped by /usr/sbin/nginx. First 2 h ago, last 40 s ago.');
  const notSeen = loadedMark({ state: 'not-seen', observedSeconds: 21_600 }, now);
  assert.deepEqual([notSeen.state, notSeen.watched, notSeen.word], ['not-seen', 0.25, 'not seen in 6 h']);
  assert.match(loadedMark({ state: 'no', observedSeconds: 90_000 }, now).sentence, /1 d 1 h watched from process start/);
  assert.match(loadedMark({ state: 'unknown', reason: 'the process started before the sensor' }, now).sentence, /Not known: the process started before the sensor\./);
});

test('the label names all four facts in order', () => {
  const marks = factMarks({ present: { state: 'yes', since: '2026-11-23T06:12:00.000Z' }, loaded: { state: 'unknown', reason: 'not watched' }, linked: 'not-applicable', entered: 'no' }, now);
  assert.equal(glyphLabel(marks), 'present yes, loaded unknown, linked not applicable, entered no');
});

test('watching longer never shows less, and never leaves 0 to 1', () => {
  fc.assert(fc.property(fc.nat(10_000_000), fc.nat(10_000_000), (a, b) => {
    const [short, long] = a < b ? [a, b] : [b, a];
    const marks = [short, long].map((observedSeconds) => loadedMark({ state: 'not-seen', observedSeconds }, now).watched);
    assert.ok(marks[0]! <= marks[1]! && marks[1]! <= 1);
  }));
});

test('unknown runs are drawn beside loaded, never with the clean ones', () => {
  assert.deepEqual(loadedShares({ yes: 1, notSeen: 2, no: 3, unknown: 4 }).map((one) => one.count), [1, 4, 2, 3]);
});
