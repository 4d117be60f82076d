import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchInit, FetchResponse } from '@vedette/origin/ask/ask';
import { bounded, guardedFetch } from './guard.ts';

const init: FetchInit = { method: 'GET', headers: {}, signal: new AbortController().signal, redirect: 'manual' };
const response: FetchResponse = { status: 200, headers: { get: () => null }, body: null };

test('where the hub goes, and where it does not', async () => {
  const names: Record<string, string[]> = { 'cdn.example': ['203.0.113.9'], 'metadata.example': ['203.0.113.9', '169.254.169.254'], 'six.example': ['::1'], 'mapped.example': ['::ffff:127.0.0.1'], 'link.example': ['fe80::1'], 'inner.example': ['10.0.0.5'] };
  const asked: string[] = [];
  const fetch = guardedFetch(async (url) => { asked.push(url); return response; }, async (host) => names[host] ?? [], new Set(['127.0.0.1:5000', 'metadata.google.internal']));
  const cases: [url: string, isAllowed: boolean][] = [
    ['http://127.0.0.1:5000/v2/', true],
    ['http://127.0.0.1:5001/v2/', false],
    ['http://metadata.google.internal/', true],
    ['http://169.254.169.254/latest/meta-data/', false],
    ['http://[fd00:ec2::254]/', false],
    ['http://100.100.100.200/', false],
    ['http://[::1]/', false],
    ['https://localhost/', false],
    ['https://cdn.example/blob', true],
    ['https://metadata.example/token', false],
    ['https://six.example/', false],
    ['https://mapped.example/', false],
    ['https://link.example/', false],
    ['https://inner.example/', true],
    ['https://8.8.8.8/', true],
  ];
  for (const [url, isAllowed] of cases) {
    const outcome = await fetch(url, init).then(() => true, () => false);
    assert.equal(outcome, isAllowed, url);
    assert.equal(asked.includes(url), isAllowed, url);
  }
});

test('at most so many at a time, and one that fails gives its place back', async () => {
  const run = bounded(3);
  let now = 0;
  let most = 0;
  const done = await Promise.allSettled(Array.from({ length: 20 }, (_, at) => run(async () => {
    most = Math.max(most, (now += 1));
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    if (at % 3 === 0) throw new Error('x');
    return at;
  })));
  assert.deepEqual([most, now, done.length, done.filter((one) => one.status === 'rejected').length], [3, 0, 20, 7]);
});
