/**
 * `vedette check` from end to end, as a pipeline runs it: a real layout, a real store, the command as a process; then what it wrote
 * against the structure that SARIF 2.1.0 and JUnit demand. The schemas are not fetched: what they require of the parts that are
 * written here is spelled out below.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { syncFrom } from '@vedette/advisories/sync';
import { debianRecords, npmRecords, writeExport } from '@vedette/advisories/testing/export';
import { LayoutWriter, type Written } from '@vedette/inventory/oci/testing/layout';
import { z } from 'zod';
import { formatReference } from '@vedette/origin/oci/reference';
import { parseTarget, type Target } from './target.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-check-'));
after(() => rmSync(place, { recursive: true, force: true }));

const store = join(place, 'store.sqlite');
writeExport(join(place, 'osv'), 'npm', npmRecords, 'zip');
writeExport(join(place, 'osv'), 'Debian', debianRecords, 'zip');
await syncFrom({ kind: 'directory', path: join(place, 'osv') }, { storePath: store, clock: () => Date.now() });

function npm(name: string, version: string): Written {
  return { path: `srv/node_modules/${name}/package.json`, content: JSON.stringify({ name, version }) };
}

const base: Written[] = [{ path: 'etc/os-release', content: 'ID=debian\nVERSION_ID=12\nPRETTY_NAME="Debian 12"\n' }];

function image(name: string, packages: readonly Written[], config: object = { User: '1000' }): string {
  const writer = new LayoutWriter(join(place, name));
  writer.add({ layers: [base, packages], config, annotations: { 'io.containerd.image.name': `registry.test/shop/${name}:1` } });
  return `oci:${writer.directory}`;
}

const bad = image('bad', [npm('minimist', '1.2.0'), npm('evil', '6.6.6')], { User: '', Env: ['DB_PASSWORD=hunter2'] });
const fixed = image('fixed', [npm('minimist', '1.2.6')]);
const unread = image('unread', [npm('minimist', '1.2.6'), { path: 'usr/local/lib/python3/site-packages/x.dist-info/METADATA', content: '' }]);

const policy = (name: string, when: string, action = 'fail', mode = 'enforce') => `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: ${name} }
spec:
  description: What ${name} is about.
  severity: critical
  mode: ${mode}
  rules: [{ name: r, on: image, when: '${when}', actions: { build: ${action} }, fix: do something <about> it }]
`;

const gate = join(place, 'gate.yaml');
writeFileSync(gate, [
  policy('critical', 'image.vulnerabilities.exists(v, v.severity == "critical" && v.fixedIn != "")'),
  policy('root', 'image.runsAsRoot', 'warn'),
  policy('secret', 'image.environment.exists(e, e.matches("PASSWORD"))', 'fail', 'shadow'),
].join('---\n'));

const accepted = join(place, 'accepted.yaml');
writeFileSync(accepted, `apiVersion: vedette.dev/v1alpha1
kind: Exception
metadata: { name: minimist }
spec: { scope: { policies: [critical], vulnerabilities: [CVE-2021-44906] }, reason: "not reached <yet>", owner: shop, approval: { by: carol, at: 2026-01-01 }, expiresAt: 2099-01-01 }
---
apiVersion: vedette.dev/v1alpha1
kind: Exception
metadata: { name: old }
spec: { scope: { policies: [critical] }, reason: x, owner: shop, approval: { by: carol, at: 2020-01-01 }, expiresAt: 2020-06-01 }
`);

function check(target: string, ...args: string[]): { code: number | null; out: string; complaint: string } {
  const command = [join(import.meta.dirname, '..', 'main.ts'), 'check', target, '--policy', gate, '--platform', 'linux/amd64', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', env: { ...process.env, VEDETTE_STATE: join(place, 'state') } });
  return { code: status, out: stdout, complaint: stderr };
}

const withStore = ['--advisories', store];

test('the exit code is the answer', () => {
  const rows: readonly (readonly [args: readonly [string, ...string[]], code: number, said: RegExp])[] = [
    [[bad, ...withStore], 1, /✗ fails .*critical\/r +CVE-2021-44906 \(critical\) in minimist 1\.2\.0 in \/srv\/node_modules\/minimist, fixed in 1\.2\.6\. {2}→ upgrade minimist 1\.2\.0 to 1\.2\.6/],
    [[bad, ...withStore], 1, /! warns +root\/r +The image runs as root \(image\.runsAsRoot\)\. {2}→ do something <about> it/],
    [[bad, ...withStore], 1, /○ shadow: fails +secret\/r[\s\S]*FAILS: 1 failed, 1 warned, 1 only in shadow/],
    [[fixed, ...withStore], 0, /passes: 3 passed/],
    [[fixed], 1, /\? unknown +critical\/r +Not known: image\.vulnerabilities \(no advisory store is here/],
    [[fixed, '--unknown', 'warn'], 0, /passes: 1 unknown, which only warns, 2 passed/],
    [[unread, ...withStore], 1, /Not known: image\.vulnerabilities \(Python packages, which are not read yet: 1[\s\S]*FAILS: 1 unknown, which counts as failed/],
    [[bad, ...withStore, '--enforce'], 1, /✗ fails +secret\/r/],
    [[bad, ...withStore, '--exceptions', accepted], 0, /~ accepted +critical\/r[\s\S]*accepted by minimist of shop until 2099-01-01: not reached <yet>[\s\S]*the exception old does not count: it expired \(2020-06-01\)/],
    [[bad, '--advisories', place], 1, /✗ fails +critical\/r/],
    [[bad, '--advisories', join(place, 'none.sqlite')], 2, /^vedette check: .*none\.sqlite: There is no advisory store yet/],
    [[bad, '--advisories', gate], 2, /another program’s|cannot be read/],
    [[`${bad}:2`, ...withStore], 2, /cannot be read: it holds no 2; it holds registry\.test\/shop\/bad:1/],
    [[`oci:${place}/nowhere`], 2, /there is no directory/],
    [[bad, '--output', join(place, 'no', 'where')], 2, /cannot be written \(ENOENT\)/],
  ];
  for (const [[target, ...args], code, said] of rows) {
    const { code: found, out, complaint } = check(target, ...args);
    assert.equal(found, code, `${target} ${args.join(' ')}\n${out}${complaint}`);
    assert.match(out + complaint, said);
    assert.ok(!complaint.includes('\n    at '), complaint);
  }
});

test('the secret itself is in no output', () => {
  for (const format of ['table', 'json', 'sarif', 'junit']) assert.ok(!check(bad, ...withStore, '--format', format).out.includes('hunter2'), format);
});

const Text = z.object({ text: z.string().min(1) });
const Level = z.enum(['none', 'note', 'warning', 'error']);
/** What SARIF 2.1.0 requires (sections 3.13 to 3.52) of what we write; unknown keys are refused where the schema refuses them. */
const Sarif = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z.array(z.strictObject({
    tool: z.strictObject({
      driver: z.strictObject({
        name: z.string().min(1), version: z.string(), semanticVersion: z.string().regex(/^\d+\.\d+\.\d+/),
        rules: z.array(z.strictObject({ id: z.string().min(1), shortDescription: Text, fullDescription: Text, help: Text, defaultConfiguration: z.strictObject({ level: Level }), properties: z.record(z.string(), z.unknown()) })),
      }),
    }),
    automationDetails: z.strictObject({ id: z.string() }),
    columnKind: z.enum(['utf16CodeUnits', 'unicodeCodePoints']),
    invocations: z.array(z.strictObject({ executionSuccessful: z.boolean(), exitCode: z.int(), endTimeUtc: z.iso.datetime(), toolExecutionNotifications: z.array(z.strictObject({ level: Level, message: Text })).optional() })),
    results: z.array(z.strictObject({
      ruleId: z.string(), ruleIndex: z.int().min(0), kind: z.enum(['notApplicable', 'pass', 'fail', 'review', 'open', 'informational']), level: Level, message: Text,
      locations: z.array(z.strictObject({
        physicalLocation: z.strictObject({ artifactLocation: z.strictObject({ uri: z.string().regex(/^[A-Za-z0-9\-._~!$&'()*+,;=@%/]+$/) }), region: z.strictObject({ startLine: z.int().min(1) }) }),
        logicalLocations: z.array(z.strictObject({ name: z.string(), fullyQualifiedName: z.string(), kind: z.string() })),
      })).min(1),
      partialFingerprints: z.record(z.string(), z.string()),
      suppressions: z.array(z.strictObject({ kind: z.enum(['inSource', 'external']), status: z.enum(['accepted', 'underReview', 'rejected']), justification: z.string() })).optional(),
      properties: z.record(z.string(), z.unknown()).optional(),
    })),
    properties: z.record(z.string(), z.unknown()),
  })).length(1),
});

test('SARIF 2.1.0', () => {
  for (const [target, args, kinds] of [
    [bad, withStore, ['fail error', 'fail warning', 'review none']],
    [fixed, withStore, []],
    [fixed, [], ['fail error']],
    [fixed, ['--unknown', 'warn'], ['fail warning']],
    [unread, withStore, ['fail error']],
    [bad, [...withStore, '--exceptions', accepted], ['fail error suppressed', 'fail warning', 'review none']],
  ] as const) {
    const { out } = check(target, ...args, '--format', 'sarif');
    const [run] = Sarif.parse(JSON.parse(out)).runs;
    assert.ok(run !== undefined);
    for (const result of run.results) {
      assert.equal(run.tool.driver.rules[result.ruleIndex]?.id, result.ruleId, 'ruleIndex points to the rule (3.27.6)');
      assert.ok(result.kind === 'fail' || result.level === 'none', 'a level only where the kind is fail (3.27.10)');
    }
    assert.equal(new Set(run.tool.driver.rules.map((one) => one.id)).size, run.tool.driver.rules.length);
    assert.deepEqual(run.results.map((one) => `${one.kind} ${one.level}${one.suppressions === undefined ? '' : ' suppressed'}`), kinds);
  }
  const file = join(place, 'out.sarif');
  const { code, out } = check(bad, ...withStore, '--format', 'sarif', '--output', file);
  assert.equal(code, 1);
  assert.match(out, /FAILS: 1 failed/, 'people still see the table');
  Sarif.parse(JSON.parse(readFileSync(file, 'utf8')));
});

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
}

/** A small strict reader of XML: refuses what is not well-formed in what a report has. */
function readXml(text: string): Element {
  const body = text.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  assert.notEqual(body, text, 'it begins with a declaration');
  assert.ok(!/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text), 'only characters of XML 1.0');
  const top: Element = { name: '', attributes: {}, children: [] };
  const open = [top];
  const token = /<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
  let at = 0;
  for (let match = token.exec(body); match !== null; match = token.exec(body)) {
    at = token.lastIndex;
    const [, closes, name, attributes, isEmpty, content] = match;
    for (const entity of `${content ?? ''}${attributes ?? ''}`.matchAll(/&[^;]{0,8};?/g)) assert.match(entity[0], /^&(amp|lt|gt|quot|apos|#10);$/);
    if (name === undefined) continue;
    if (closes === '/') assert.equal(open.pop()?.name, name);
    else {
      const element = { name, attributes: Object.fromEntries([...(attributes ?? '').matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value])), children: [] };
      open.at(-1)?.children.push(element);
      if (isEmpty !== '/') open.push(element);
    }
  }
  assert.equal(at, body.length, `well-formed to its end: ${body.slice(at, at + 80)}`);
  assert.equal(open.length, 1, 'every element is closed');
  assert.equal(top.children.length, 1);
  return top.children[0]!;
}

test('JUnit', () => {
  for (const [target, args, outcomes] of [
    [bad, withStore, ['failure', 'system-out', 'system-out']],
    [fixed, withStore, ['', '', '']],
    [fixed, [], ['error', '', '']],
    [fixed, ['--unknown', 'warn'], ['skipped', '', '']],
    [bad, [...withStore, '--exceptions', accepted], ['skipped', 'system-out', 'system-out']],
  ] as const) {
    const root = readXml(check(target, ...args, '--format', 'junit').out);
    assert.equal(root.name, 'testsuites');
    const [suite] = root.children;
    assert.ok(suite !== undefined && suite.name === 'testsuite');
    assert.match(suite.attributes['timestamp'] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    assert.deepEqual(suite.children.map((one) => one.children[0]?.name ?? ''), outcomes);
    const count = (name: string) => String(outcomes.filter((one) => one === name).length);
    for (const element of [root, suite]) {
      assert.deepEqual([element.attributes['tests'], element.attributes['failures'], element.attributes['errors'], element.attributes['skipped']], ['3', count('failure'), count('error'), count('skipped')]);
    }
    for (const one of suite.children) assert.ok(one.name === 'testcase' && one.attributes['classname'] !== undefined && one.attributes['name'] === 'r');
  }
});

test('JSON says all of it', () => {
  const report = JSON.parse(check(bad, ...withStore, '--format', 'json').out) as { outcome: string; counts: Record<string, number>; rules: { answer: string; found: { item: Record<string, string> }[] }[]; image: { facts: Record<string, object> } };
  assert.deepEqual([report.outcome, report.counts['failed'], report.rules.map((one) => one.answer)], ['fail', 1, ['broken', 'broken', 'broken']]);
  assert.deepEqual(report.rules[0]?.found.map(({ item }) => [item['id'], item['package'], item['fixedIn']]), [['CVE-2021-44906', 'minimist', '1.2.6']]);
  assert.deepEqual([report.image.facts['image.user'], report.image.facts['image.registry']], [{ absent: true }, { value: 'registry.test' }]);
});

test('what a target means', () => {
  const there = new Set(['a', 'a:b', '/x/y.tar']);
  const rows: readonly (readonly [text: string, meaning: string])[] = [
    ['oci:a', 'oci a -'],
    ['oci:a:1.0', 'oci a 1.0'],
    ['oci:a:b', 'oci a:b -'],
    ['oci:a:b:1.0', 'oci a:b 1.0'],
    [`oci:a@sha256:${'0'.repeat(64)}`, `oci a sha256:${'0'.repeat(64)}`],
    ['oci-archive:/x/y.tar:latest', 'oci-archive /x/y.tar latest'],
    ['oci:z:1.0', 'there is no directory z'],
    ['oci:', 'oci: needs the path of an OCI layout'],
    ['docker-archive:x.tar', 'docker-archive: cannot be read; make an OCI layout: skopeo copy docker-archive:x.tar oci:image:latest'],
    ['/x/y.tar', '/x/y.tar names nothing that can be checked: use oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or registry/repository:tag'],
    ['a', 'a names nothing that can be checked: use oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or registry/repository:tag'],
    ['nginx', 'registry docker.io/library/nginx:latest'],
    ['nginx:1.27', 'registry docker.io/library/nginx:1.27'],
    ['registry.example.com:5000/a/b:1', 'registry registry.example.com:5000/a/b:1'],
    ['docker://nginx', 'registry docker.io/library/nginx:latest'],
    [`r.example/a@sha256:${'0'.repeat(64)}`, `registry r.example/a@sha256:${'0'.repeat(64)}`],
  ];
  for (const [text, meaning] of rows) {
    const parsed = parseTarget(text, (path) => there.has(path));
    const said = (target: Target): string => (target.kind === 'registry' ? `registry ${formatReference(target.reference)}` : `${target.kind} ${target.path} ${target.name ?? '-'}`);
    assert.equal(parsed.ok ? said(parsed.target) : parsed.reason, meaning);
  }
  for (const wrong of ['https://r.example/a', 'r.example/a@sha256:12', '0'.repeat(64)]) assert.equal(parseTarget(wrong, () => false).ok, false, wrong);
});
