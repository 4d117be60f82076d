import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseControls } from './control.ts';
import { acceptedBy } from './accept.ts';
import type { ControlResult } from './judge.ts';

const text = (change: (lines: string) => string = (same) => same): string => change(`apiVersion: vedette.dev/v1alpha1
kind: Control
metadata:
  name: mine
spec:
  title: It is so
  why: Because.
  severity: low
  category: workload
  subject: workload
  failsWhen: workload.hostPid
  evidence: 'hostPID is {{ workload.hostPid }}'
  fix: Do it.
  mappings:
    cis-kubernetes-1.10: ['5.2.3']
    pss: baseline
`);

test('what is wrong is said with its place and what to do', () => {
  deepEqual(parseControls('a.yaml', text()).problems, []);
  const cases: readonly (readonly [from: string, to: string, line: number, column: number, message: RegExp])[] = [
    ['failsWhen: workload.hostPid', 'failsWhen: workload.hostPidd', 11, 23, /hostPidd/],
    ['failsWhen: workload.hostPid', 'failsWhen: workload.replicas', 11, 14, /is int, not true or false/],
    ['failsWhen: workload.hostPid', 'failsWhen: grant.role == "x"', 11, 14, /grant/],
    ['failsWhen: workload.hostPid', 'failsWhen: workload.labels["a"].matches("(")', 11, 43, /not a pattern/],
    ['workload.hostPid }}', 'workload.none }}', 12, 25, /there is no fact "workload.none"/],
    ["['5.2.3']", "['5.2.99']", 15, 5, /5\.2\.99 is no requirement of CIS Kubernetes Benchmark 1\.10/],
    ['pss: baseline', 'pss: strict', 16, 5, /pss/],
    ['subject: workload', 'subject: planet', 10, 3, /subject/],
    ['severity: low', 'severity: low\n  colour: red', 9, 3, /the key "colour" is not known here/],
  ];
  for (const [from, to, line, column, message] of cases) {
    const { controls, problems } = parseControls('a.yaml', text((lines) => lines.replace(from, to)));
    equal(controls.length, 0, to);
    match(problems[0]?.message ?? '', message);
    deepEqual([problems[0]?.line, problems[0]?.column], [line, column], `${to}: ${problems[0]?.message}`);
  }
});

test('any text is read or refused, never thrown at', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 0, max: 300 }), (noise, place) => {
    parseControls('a.yaml', text((lines) => lines.slice(0, place) + noise + lines.slice(place)));
  }));
});

const failed: ControlResult = { control: 'no-host-path', subject: { kind: 'workload', type: 'Deployment', namespace: 'shop', name: 'cart' }, state: 'failed', reason: '', evidence: [] };
const exception = (scope: object, more: object = {}) => ({ apiVersion: 'vedette.dev/v1alpha1' as const, kind: 'Exception' as const, metadata: { name: 'x' }, spec: { scope, reason: 'r', owner: 'o', approval: { by: 'b', at: '2026-01-01' }, expiresAt: '2026-12-31', ...more } });

test('an exception accepts what it names, where it names it, while it counts', () => {
  const nowMs = Date.parse('2026-06-01');
  const cases: readonly (readonly [scope: object, more: object, accepted: boolean])[] = [
    [{ controls: ['no-host-path'] }, {}, true], [{ controls: ['no-*'], subjects: ['shop/cart'] }, {}, true], [{ controls: ['*'], subjects: ['shop/Deployment/*'] }, {}, true], [{ controls: ['*'], clusters: ['par*'] }, {}, true],
    [{ controls: ['other'] }, {}, false], [{ controls: ['*'], subjects: ['other/cart'] }, {}, false], [{ controls: ['*'], subjects: ['cart'] }, {}, false], [{ controls: ['*'], clusters: ['lagos'] }, {}, false],
    [{ policies: ['*'] }, {}, false], [{ controls: ['*'] }, { expiresAt: '2026-05-31' }, false], [{ controls: ['*'] }, { approval: undefined }, false],
  ];
  for (const [scope, more, accepted] of cases) equal(acceptedBy([exception(scope, more)], failed, 'paris', nowMs) !== null, accepted, JSON.stringify([scope, more]));
  equal(acceptedBy([exception({ controls: ['*'] })], { ...failed, state: 'no-data' }, 'paris', nowMs), null, 'what is not known cannot be accepted');
});
