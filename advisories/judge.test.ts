import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fixesAbove, judge } from './judge.ts';
import type { EventKind, RangeEvent } from './osv.ts';

/** `>=0 <1.2` is introduced 0, fixed 1.2; `<=` is last affected, `|` the limit. */
function rangeOf(text: string): RangeEvent[] {
  const kinds: Record<string, EventKind> = { '>=': 'introduced', '<': 'fixed', '<=': 'last_affected', '|': 'limit' };
  return text.split(' ').map((part) => {
    const match = /^(>=|<=|<|\|)(.+)$/.exec(part);
    assert.ok(match, part);
    return { kind: kinds[match[1]!]!, version: match[2]! };
  });
}

// ecosystem; ranges, separated by ";", or "-"; versions listed, or "-"; then version=state (a: affected, c: clear, u: unknown)
const cases = `
  npm | >=0 <1.2.3                    | - | 1.2.2=a 1.2.3=c 1.2.3-rc.1=a 0.0.0-0=a 2.0.0=c v1.0.0=a 1.0=a latest=u
  npm | >=0                           | - | 0.0.1=a 99.0.0=a latest=u
  npm | >=1.0.0 <=1.5.0               | - | 0.9.9=c 1.0.0=a 1.5.0=a 1.5.1=c 1.5.1-0=c
  npm | >=0 <14.2.32;>=15.0.0-canary.0 <15.4.7 | - | 14.2.31=a 14.2.32=c 15.0.0-canary.0=a 15.0.0=a 15.4.7=c 15.0.0-alpha=c
  npm | >=0 <1.6.5 >=1.7.0 <1.7.2     | - | 1.6.4=a 1.6.5=c 1.6.9=c 1.7.0=a 1.7.1=a 1.7.2=c
  npm | >=1.7.0 <1.7.2 >=0 <1.6.5     | - | 1.6.4=a 1.6.5=c 1.7.1=a 1.7.2=c
  npm | <1.6.5 >=0                    | - | 1.6.4=a 1.6.5=c
  npm | >=1.0.0 <1.0.0                | - | 1.0.0=c 0.9.0=c
  npm | >=0 <1.0.0 >=1.0.0 <2.0.0     | - | 0.5.0=a 1.0.0=a 2.0.0=c
  npm | <1.0.0                        | - | 0.5.0=c 1.0.0=c
  npm | >=0 |2.0.0                    | - | 1.9.9=a 2.0.0=c
  npm | >=0 |*                        | - | 99.0.0=a
  npm | >=0 |2.0.0 |3.0.0             | - | 2.5.0=a 3.0.0=c
  npm | >=0 <banana                   | - | 1.0.0=u
  npm | >=0 <banana;>=0 <2.0.0        | - | 1.0.0=a 2.0.0=u
  npm | -                             | 1.0.0,1.0.1 | 1.0.0=a v1.0.0=a 1.0.0+x=a 1.0.2=c
  npm | -                             | odd | odd=a even=c
  npm | >=2.0.0 <2.0.1                | 1.0.0 | 1.0.0=a 2.0.0=a 1.5.0=c
  npm | -                             | - | 1.0.0=u
  Debian:12 | >=0 <3.0.14-1~deb12u2   | - | 3.0.14-1~deb12u1=a 3.0.14-1~deb12u2=c 3.0.14-1=c 1:0.1=c 3.0.9-1=a bad version=u
  Debian:12 | >=0                     | - | 1=a
  Debian:12 | >=1:2.0-1 <1:2.0-3      | - | 2.5=c 1:2.0-1=a 1:2.0-2+b1=a 1:2.0-3=c
  Debian:12 | >=0 <0                  | - | 0=c 0~1=a 1=c
  Alpine:v3.20 | >=0 <1               | - | 0.5=u
`;

test('statements and versions', () => {
  let count = 0;
  for (const line of cases.trim().split('\n')) {
    const [ecosystem, ranges, versions, expected] = line.split(/ +\| +/).map((part) => part.trim());
    const said = {
      ranges: ranges === '-' ? [] : ranges!.split(';').map((text) => rangeOf(text)),
      versions: versions === '-' ? [] : versions!.split(','),
    };
    for (const pair of expected!.matchAll(/(.+?)=([acu])(?: |$)/g)) {
      const states: Record<string, string> = { a: 'affected', c: 'clear', u: 'unknown' };
      assert.equal(judge(ecosystem!, said, pair[1]!).state, states[pair[2]!], `${ecosystem} ${ranges} ${versions}: ${pair[1]}`);
      count += 1;
    }
  }
  assert.ok(count > 70, `${count} judgements`);
});

test('the reason of unknown names what cannot be compared', () => {
  const reason = (ranges: RangeEvent[][], version: string): string => {
    const judgement = judge('npm', { ranges, versions: [] }, version);
    return judgement.state === 'unknown' ? judgement.reason : judgement.state;
  };
  assert.equal(reason([rangeOf('>=0 <1.0.0')], 'latest'), 'the version "latest" cannot be compared');
  assert.equal(reason([rangeOf('>=0 <banana')], '1.0.0'), 'the advisory’s version "banana" cannot be compared');
  assert.equal(reason([], '1.0.0'), 'the advisory names no versions that can be compared');
});

test('whole ranges agree with counting, whatever the order of the events', () => {
  const bound = fc.nat(20);
  fc.assert(
    fc.property(fc.array(fc.tuple(bound, bound), { minLength: 1, maxLength: 4 }), fc.nat(22), fc.integer(), (pairs, version, seed) => {
      const intervals = pairs.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const).filter(([a, b]) => a < b).sort((x, y) => x[0] - y[0]);
      const apart = intervals.filter(([start], at) => at === 0 || start > Math.max(...intervals.slice(0, at).map(([, end]) => end)));
      if (apart.length === 0) return;
      const events = apart.flatMap(([start, end]): RangeEvent[] => [{ kind: 'introduced', version: `${start}.0.0` }, { kind: 'fixed', version: `${end}.0.0` }]);
      const shuffled = [...events].sort((a, b) => ((a.version.length * 31 + seed + events.indexOf(a) * 7) % 5) - ((b.version.length * 31 + seed + events.indexOf(b) * 7) % 5));
      const inside = apart.some(([start, end]) => version >= start && version < end);
      assert.equal(judge('npm', { ranges: [shuffled], versions: [] }, `${version}.0.0`).state, inside ? 'affected' : 'clear');
    }),
    { numRuns: 2000 },
  );
});

test('fixes above a version', () => {
  const said = { ranges: [rangeOf('>=0 <1.0.0 >=2.0.0 <2.5.0'), rangeOf('>=0 <banana')], versions: [] };
  assert.deepEqual(fixesAbove('npm', said, '0.5.0'), ['1.0.0', '2.5.0']);
  assert.deepEqual(fixesAbove('npm', said, '1.0.0'), ['2.5.0']);
  assert.deepEqual(fixesAbove('npm', said, 'latest'), []);
});
