import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex, simplerOperator } from './regex.ts';

test('whole and part', () => {
  const compiled = compileRegex('a+b');
  ok(compiled.ok);
  equal(compiled.regex.matchesWhole('aab'), true);
  equal(compiled.regex.matchesWhole('xaab'), false);
  equal(compiled.regex.matchesPart('xaabx'), true);
});

test('what RE2 has not is refused, and so is what would be large', () => {
  const refused = ['(', 'a(?=b)', '(?<!a)b', '\\1', 'a{1001}', '(a{100}){100}', 'x{0,600}x{0,600}', 'a'.repeat(1001), '('.repeat(400) + ')'.repeat(400) + '{2000}'];
  for (const pattern of refused) ok(!compileRegex(pattern).ok, pattern.slice(0, 40));
});

test('patterns that blow up elsewhere take linear time', () => {
  const compiled = compileRegex('(a|aa)+(b|c)*(a*)*$');
  ok(compiled.ok);
  equal(compiled.regex.matchesWhole(`${'a'.repeat(4000)}!`), false);
});

test('half surrogates do not break a match', () => {
  const compiled = compileRegex('.*b');
  ok(compiled.ok);
  equal(compiled.regex.matchesWhole('a\ud800b'), true);
});

test('a pattern that needs no pattern', () => {
  const rows: readonly (readonly [string, { operator: string; value: string } | null])[] = [
    ['.*passwd', { operator: 'endswith', value: 'passwd' }],
    ['/etc/.*', { operator: 'startswith', value: '/etc/' }],
    ['.*\\.ssh.*', { operator: 'contains', value: '.ssh' }],
    ['^/bin/sh$', { operator: '=', value: '/bin/sh' }],
    ['/bin/(ba)?sh', null],
    ['.*', null],
    ['a\\d', null],
  ];
  for (const [pattern, simpler] of rows) deepEqual(simplerOperator(pattern), simpler, pattern);
});
