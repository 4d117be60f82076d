import { strict as assert } from 'node:assert';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { compare as compareBySemver, valid } from 'semver';
import { compare } from './order.ts';

/** One case a line: `a < b`, `a = b`, `a > b`, or `a ? b` for what cannot be compared. */
function casesOf(text: string): [a: string, sign: string, b: string][] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('//')).map((line) => {
    const match = /^(.*?) ([<=>?]) (.*)$/.exec(line);
    assert.ok(match, `not a case: ${line}`);
    return [match[1]!.trim(), match[2]!, match[3]!.trim()];
  });
}

function signOf(order: number | 'incomparable'): string {
  if (order === 'incomparable') return '?';
  return order < 0 ? '<' : order > 0 ? '>' : '=';
}

const reversed: Record<string, string> = { '<': '>', '>': '<', '=': '=', '?': '?' };

function prove(ecosystem: string, text: string): number {
  const cases = casesOf(text);
  for (const [a, sign, b] of cases) {
    assert.equal(signOf(compare(ecosystem, a, b)), sign, `${a} ${sign} ${b}`);
    assert.equal(signOf(compare(ecosystem, b, a)), reversed[sign], `${b} ${reversed[sign]} ${a}`);
  }
  return cases.length;
}

const debianCases = `
  1.0 < 1.1
  1.9 < 1.10
  1.0 = 1.0
  1.0 < 1.0-1
  1.0 = 1.0-0
  1.0 = 1.0-000
  1.0-0 < 1.0-0+b1
  1.0 = 0:1.0
  1.0 = 00:1.0
  9999 < 1:0.1
  1:2.0 < 2:1.0
  10:1 > 9:1
  1.0~ < 1.0
  1.0~~ < 1.0~
  1.0~~a < 1.0~
  1.0~rc1 < 1.0
  1.0~rc1-1 < 1.0-1~
  1.0~rc1 < 1.0~rc2
  1.0~rc9 < 1.0~rc10
  1.0-1~deb12u1 < 1.0-1
  1.0-1~bpo12+1 < 1.0-1
  1.0-1 < 1.0-1+deb12u1
  1.0-1+deb12u9 < 1.0-1+deb12u10
  1.0-1+deb11u1 < 1.0-1+deb12u1
  1.0-1 < 1.0-1.1
  1.0-1.1 > 1.0-1+b1
  1.0-1a < 1.0-1.1
  1.0-1+b1 < 1.0-1+deb12u1
  1.0a < 1.0b
  1.0a > 1.0
  1.0a < 1.0+
  1.0a < 1.0.1
  1.0z < 1.0+a
  1.0A < 1.0a
  1.0Z < 1.0a
  1.0+dfsg < 1.0.1
  1.0+dfsg1 < 1.0+dfsg2
  1.0+dfsg-1 < 1.0+dfsg1-1
  1.0+ds > 1.0+dfsg
  1.0+really0.9 > 1.0
  1.0+git20240101 < 1.0+git20240102
  1.0+ < 1.0.
  1.0+ < 1.0-1-1
  1.0-1-1 < 1.0-2-1
  1.0-2-1 > 1.0-1-2
  1.0.-1 > 1.0-1
  0 < 0.0
  0.0 < 0.0.0
  007 = 7
  1.007 = 1.7
  1.0000000000000000000000000000001 < 1.10000000000000000000000000000001
  99999999999999999999 > 99999999999999999998
  99999999999999999999 < 100000000000000000000
  a < b
  a1 < a01b
  a01 = a1
  1.2.3abc456 > 1.2.3abc123
  1.2.3abc4def6 > 1.2.3abc4def5
  2:8.2.3995-1 > 2:8.2.3995-1~exp1
  3.0.15-1~deb12u1 < 3.0.17-1~deb12u2
  1.1.1n-0+deb11u5 < 1.1.1w-0+deb11u1
  9.2p1 = 9.2p1-0
  1:9.2p1-2+deb12u3 < 1:9.2p1-2+deb12u5
  2.36-9+deb12u4 < 2.36-9+deb12u10
  5.10.218-1 < 5.10.223-1
  6.1.9-1 < 6.1.10-1
  1:1.2.13.dfsg-1 < 1:1.3.dfsg-3.1
  1_0 > 1+0
  1:2:3 < 1:2:4
  1.0: ? 1.0:1
  1.0:1 ? 1.0
  a:1 ? 1
  :1 ? 1
  1: ? 1
  -1 ? 1
  1- ? 1
  1 2 ? 1
  1.0-ü ? 1
  99999999999:1 ? 1
  1.0/2 ? 1
`;

const semverCases = `
  1.0.0 < 1.0.1
  1.0.9 < 1.0.10
  1.9.0 < 1.10.0
  9.0.0 < 10.0.0
  1.0.0 = v1.0.0
  1.0.0 = =1.0.0
  1.0.0 = 01.00.00
  1 = 1.0.0
  1.2 = 1.2.0
  1 < 1.0.1
  v1 < v2
  1.2-beta < 1.2.0
  1.2-beta = 1.2.0-beta
  1-rc.1 < 1
  1.0.0-alpha < 1.0.0
  1.0.0-alpha < 1.0.0-alpha.1
  1.0.0-alpha.1 < 1.0.0-alpha.beta
  1.0.0-alpha.beta < 1.0.0-beta
  1.0.0-beta.2 < 1.0.0-beta.11
  1.0.0-beta.11 < 1.0.0-rc.1
  1.0.0-1 < 1.0.0-a
  1.0.0-0 < 1.0.0-1
  1.0.0-0 < 1.0.0-0.0
  1.0.0-A < 1.0.0-a
  1.0.0-rc1 > 1.0.0-rc.1
  1.0.0-rc10 < 1.0.0-rc2
  1.0.0-- < 1.0.0-a.b
  1.0.0-a-b > 1.0.0-a
  1.0.0-0 > 0.9.9
  0.0.0-0 < 0.0.0
  1.0.0+a = 1.0.0+b
  1.0.0+a = 1.0.0
  1.0.0-a+b = 1.0.0-a+c
  1.0.0-a < 1.0.0+a
  1.0.0beta < 1.0.0
  1.0.0beta = 1.0.0-beta
  1.2.3.4 = 1.2.3
  1.2.3.4 < 1.2.4
  1.2.3.4-beta = 1.2.3
  15.0.0-canary.0 < 15.0.0-canary.10
  15.0.0-canary.179 < 15.0.0-rc.0
  15.0.0-rc.1 < 15.0.0
  14.2.35 < 15.0.0-canary.0
  20.0.0-rc.1 > 19.9.9
  1.0.0-20200101 < 1.0.0-20200102
  1.0.0-99999999999999999998 < 1.0.0-99999999999999999999
  1.0.0-01 = 1.0.0-1
  9007199254740991.0.0 < 9007199254740992.0.0
  99999999999999999999.0.0 > 99999999999999999998.999.999
  99999999999999999999 = 099999999999999999999.0.0
  1.0.0-alpha..1 ? 1.0.0
  latest ? 1.0.0
  x ? 1.0.0
  1.x ? 1.0.0
  * ? 1.0.0
  ^1.0.0 ? 1.0.0
  >=1.0.0 ? 1.0.0
  1.0.0 - 2.0.0 ? 1.0.0
  git+https://example.org/a.git ? 1.0.0
  file:../a ? 1.0.0
  npm:a@1.0.0 ? 1.0.0
  -1.0.0 ? 1.0.0
  1.0.0 beta ? 1.0.0
  1..0 ? 1.0.0
  . ? 1.0.0
`;

test('the table of hard cases, both ways round', () => {
  assert.ok(prove('Debian:12', debianCases) >= 60);
  assert.ok(prove('npm', semverCases) >= 60);
});

test('what has no order', () => {
  for (const ecosystem of ['Alpine:v3.20', 'crates.io', '', 'toString', '__proto__']) assert.equal(compare(ecosystem, '1', '2'), 'incomparable', ecosystem);
  for (const ecosystem of ['Debian', 'npm']) {
    assert.equal(compare(ecosystem, '', '1'), 'incomparable');
    assert.equal(compare(ecosystem, '1'.repeat(600), '1'), 'incomparable');
  }
});

const shared = process.env['VEDETTE_SHARED'] ?? `${import.meta.dirname}/../../../shared`;
const fixtures = `${shared}/data/version-fixtures`;

test('every line that the ecosystems’ own tools made', { skip: !existsSync(fixtures) && 'no fixtures here' }, (context) => {
  const sources = [['Debian', /^debian-/], ['npm', /^semver-/]] as const;
  for (const [ecosystem, pattern] of sources) {
    const files = readdirSync(fixtures).filter((name) => pattern.test(name));
    let lines = 0;
    for (const name of files) {
      const bytes = readFileSync(`${fixtures}/${name}`);
      lines += prove(ecosystem, (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString());
    }
    context.diagnostic(`${ecosystem}: ${lines} lines of ${files.length} files`);
  }
});

const debianText = fc.string({ unit: fc.constantFrom(...'01a.Z~+-:9'.split('')), minLength: 1, maxLength: 9 });
const semverText = fc
  .tuple(fc.constantFrom('', 'v', '='), fc.array(fc.constantFrom('0', '1', '01', '2', '10', '99999999999999999999'), { minLength: 1, maxLength: 4 }), fc.array(fc.constantFrom('0', '1', '10', 'a', 'B', '-', '0a'), { maxLength: 3 }), fc.constantFrom('', '+b', '+c.1'))
  .map(([prefix, numbers, prerelease, build]) => prefix + numbers.join('.') + (prerelease.length > 0 ? `-${prerelease.join('.')}` : '') + build);

for (const [ecosystem, text] of [['Debian', debianText], ['npm', semverText]] as const) {
  test(`${ecosystem}: a total order over what it accepts`, () => {
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        const [ab, ba, bc, ac] = [compare(ecosystem, a, b), compare(ecosystem, b, a), compare(ecosystem, b, c), compare(ecosystem, a, c)];
        assert.equal(ab === 'incomparable', ba === 'incomparable');
        if (ab === 'incomparable' || ba === 'incomparable') return;
        assert.equal(Math.sign(ab) + Math.sign(ba), 0, `${a} ${b}`);
        assert.equal(compare(ecosystem, a, a), 0);
        if (bc === 'incomparable' || ac === 'incomparable') return;
        if (ab <= 0 && bc <= 0) assert.ok(ac <= 0, `${a} ≤ ${b} ≤ ${c}`);
        if (ab === 0) assert.equal(Math.sign(ac), Math.sign(bc), `${a} = ${b}`);
      }),
      { numRuns: 20_000 },
    );
  });
}

test('npm: the same as the package’s own where that is exact', () => {
  fc.assert(
    fc.property(semverText, semverText, (a, b) => {
      if (valid(a) === null || valid(b) === null || /\d{16}/.test(a + b)) return;
      assert.equal(compare('npm', a, b), compareBySemver(a, b), `${a} ${b}`);
    }),
    { numRuns: 20_000 },
  );
});

test('any text is compared or refused', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      for (const ecosystem of ['Debian', 'npm']) assert.ok(['number', 'string'].includes(typeof compare(ecosystem, a, b)));
    }),
  );
});
