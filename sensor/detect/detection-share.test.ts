/** The share of detections: a burst, then so many a second, each container and rule for itself, and what is withheld is counted for its maker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetectionShare } from './detection-share.ts';

const second = 1e9;

test('a burst, then so many a second; others are not concerned', () => {
  const share = new DetectionShare({ burst: 3, perSecond: 2, keysMax: 10 });
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
  const share = new DetectionShare({ burst: 1, perSecond: 1, keysMax: 2 });
  for (const one of ['a', 'b', 'c']) assert.equal(share.take('r', one, '', 'open', 10 * second), true);
  assert.equal(share.size, 2);
  assert.equal(share.take('r', 'c', '', 'open', 5 * second), false);
});
