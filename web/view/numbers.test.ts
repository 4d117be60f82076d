import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { bytesWords, countWords, listWords, percentWords, plural, shortCount } from './numbers.ts';

test('counts', () => {
  assert.equal(countWords(2_310_448), '2,310,448');
  assert.deepEqual([0, 999, 1000, 1999, 12_345, 999_999, 1_250_000].map(shortCount), ['0', '999', '1.0k', '1.9k', '12k', '999k', '1.2M']);
});

test('a percentage is all or none only when it is', () => {
  assert.deepEqual([0, 0.2, 94.9, 99.96, 100].map(percentWords), ['0 %', '< 1 %', '94 %', '99.9 %', '100 %']);
  fc.assert(fc.property(fc.double({ min: 0.000001, max: 99.999999, noNaN: true }), (percent) => {
    assert.notEqual(percentWords(percent), '100 %');
    assert.notEqual(percentWords(percent), '0 %');
  }));
});

test('bytes', () => {
  assert.deepEqual([0, 1023, 1024, 1_572_864, 314_572_800].map(bytesWords), ['0 B', '1023 B', '1.0 KiB', '1.5 MiB', '300 MiB']);
});

test('plural and lists', () => {
  assert.equal(plural(1, 'host'), '1 host');
  assert.equal(plural(1200, 'vulnerability', 'vulnerabilities'), '1,200 vulnerabilities');
  assert.equal(listWords([]), 'none');
  assert.equal(listWords(['a', 'b']), 'a and b');
  assert.equal(listWords(['a', 'b', 'c', 'd', 'e']), 'a, b, c and 2 more');
});
