/** The share of detections: a burst, then so many a second, each container and rule for itself, and what is withheld is counted for its maker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetectionShare } from './detection-share.ts';

const second = 1e9;

test('a burst, then so many a second; others are not concerned', () => {
  const share = new DetectionShare({ ofRule: { burst: 3, perSecond: 2 }, ofAll: { burst: 100, perSecond: 1 }, keysMax: 20 });
  const take = (rule: string, container: string | null, atNs: number, program = '/bin/x') => share.take(rule, container, program, 'open', atNs);
  assert.deepEqual([1, 2, 3, 4, 5].map(() => take('r', 'flooder', second)), [true, true, true, false, false]);
  assert.equal(take('other', 'flooder', second), true);
  assert.equal(take('r', 'quiet', second), true);
  assert.deepEqual([1, 2, 3].map(() => take('r', 'flooder', 2 * second)), [true, true, false]);
  assert.deepEqual(share.takeWithheld(), [{ containerId: 'flooder', eventClass: 'open', count: 3 }]);
  assert.deepEqual(share.takeWithheld(), []);
  assert.deepEqual([1, 2, 3, 4].map(() => take('r', null, 3 * second, '/bin/loud')), [true, true, true, false]);
  assert.equal(take('r', null, 3 * second, '/bin/quiet'), true);
  assert.deepEqual(share.takeWithheld(), [{ containerId: '', eventClass: 'open', count: 1 }]);
});

test('no more keys than the bound, and time that goes back gives nothing', () => {
  const share = new DetectionShare({ ofRule: { burst: 1, perSecond: 1 }, ofAll: { burst: 9, perSecond: 1 }, keysMax: 4 });
  for (const one of ['a', 'b', 'c']) assert.equal(share.take('r', one, '', 'open', 10 * second), true);
  assert.equal(share.size, 4);
  assert.equal(share.take('r', 'c', '', 'open', 5 * second), false);
});

test('all rules of one container together have a share too', () => {
  const share = new DetectionShare({ ofRule: { burst: 10, perSecond: 1 }, ofAll: { burst: 4, perSecond: 1 }, keysMax: 100 });
  assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map((rule) => share.take(rule, 'flooder', '', 'open', second)), [true, true, true, true, false]);
  assert.equal(share.take('e', 'quiet', '', 'open', second), true);
});
