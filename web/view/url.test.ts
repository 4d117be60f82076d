import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { activeFilters, hrefOf, localPath, matchRoute, oneOf, outsideAddress, parseSearch, pathOf, readFilters, text, writeFilters } from './url.ts';

const spec = { state: oneOf(['open', 'closed'], 'open'), severity: oneOf(['high', 'low'], undefined), q: text(20) };

test('filters fall back, and defaults are not written', () => {
  assert.deepEqual(readFilters(spec, { state: 'nonsense', severity: 'high' }), { state: 'open', severity: 'high', q: undefined });
  assert.deepEqual(writeFilters(spec, { state: 'open', severity: undefined, q: ' ' }), {});
  assert.deepEqual(activeFilters(spec, { state: 'closed', severity: 'low', q: 'x' }, ['q']), ['state', 'severity']);
});

test('what is written is read back', () => {
  const values = fc.record({
    state: fc.constantFrom('open' as const, 'closed' as const),
    severity: fc.constantFrom('high' as const, 'low' as const, undefined),
    q: fc.option(fc.string({ minLength: 1, maxLength: 20 }).filter((one) => one.trim() !== ''), { nil: undefined }),
  });
  fc.assert(fc.property(values, (one) => {
    const href = hrefOf('/incidents', writeFilters(spec, one));
    assert.deepEqual(readFilters(spec, parseSearch(href.split('?')[1] ?? '')), { ...one });
  }));
});

test('equal views have equal links', () => {
  assert.equal(hrefOf('/a', { z: '1', b: 'x y', c: undefined }), '/a?b=x+y&z=1');
  assert.equal(hrefOf('/a'), '/a');
});

test('links out of the console are refused', () => {
  for (const bad of ['//evil.example', 'https://evil.example', '/\\evil', 'javascript:alert(1)', '', '/a\nb', undefined]) assert.equal(localPath(bad), '/');
  assert.equal(localPath('/incidents/4?x=1'), '/incidents/4?x=1');
  assert.equal(outsideAddress('javascript:alert(1)'), null);
  assert.equal(outsideAddress('https://nvd.nist.gov/vuln/detail/CVE-2021-44228'), 'https://nvd.nist.gov/vuln/detail/CVE-2021-44228');
});

test('routes match by parts and give their parameters back', () => {
  const patterns = { home: '/', incidents: '/incidents', incident: '/incidents/:id' } as const;
  assert.deepEqual(matchRoute(patterns, '/'), { name: 'home', params: {} });
  assert.deepEqual(matchRoute(patterns, '/incidents/a%2Fb'), { name: 'incident', params: { id: 'a/b' } });
  assert.equal(matchRoute(patterns, '/incidents/%zz'), null);
  assert.equal(matchRoute(patterns, '/nowhere/at/all'), null);
  fc.assert(fc.property(fc.string({ minLength: 1, unit: 'grapheme' }).filter((id) => id !== '.' && id !== '..'), (id) => {
    assert.deepEqual(matchRoute(patterns, pathOf(patterns.incident, { id })), { name: 'incident', params: { id } });
  }));
});
