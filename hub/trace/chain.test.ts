/** Stored facts, checks and processes to stations: what is known stays known, what is missing says why, agreement and contradiction. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckOfImage, OriginFactShape } from '../store/origin-content.ts';
import type { PackageOfFile, TracedProcess } from '../store/read-origin.ts';
import { chainView, checkFacts, fileFacts, storedFacts } from './chain.ts';
import { originFactsFrom, standingFrom } from './facts.ts';
import { parseDeclared } from './integrations.ts';
import { namedImage } from './tracer.ts';

const nowMs = 1_000_000;
const at = new Date(0);
const row = (more: Partial<OriginFactShape>): OriginFactShape => ({ image_id: 1, station: 'commit', source_kind: 'build-info', source_name: 'web #1', answer: { state: 'known', value: { text: 'abcdef1', names: { revision: ['abcdef1'] }, details: {} } }, confidence: 'recorded', learned_at: at, refused: null, refused_at: null, ...more });
const check = (more: Partial<CheckOfImage>): CheckOfImage => ({ platform_digest: '', index_digest: null, reference: null, repository: 'r', commit: 'abcdef1234', run: '9', run_url: null, principal: null, pipeline: 'gitlab-ci', verdict: 'pass', reported_by: 'ci', at, ...more });
const link = (facts: Parameters<typeof chainView>[0], station: string) => chainView(facts, nowMs).find((one) => one.station === station)!;

test('a known fact whose source did not answer stays known, and says so', () => {
  const commit = link(storedFacts([row({ refused: { reason: 'timeout', detail: 'no answer' }, refused_at: new Date(nowMs) })]), 'commit');
  assert.equal(commit.state, 'known');
  assert.equal(commit.claims[0]!.ageSeconds, 1000);
  assert.match(commit.gaps[0]!.words, /no answer in time: no answer \(what is shown was learned before\)/);
  assert.match(commit.gaps[0]!.action ?? '', /did not answer in time/);
});

test('check and build info: agreement is said and raises a bare claim, contradiction shows both', () => {
  const agreed = link([...storedFacts([row({ confidence: 'claimed' })]), ...checkFacts([check({})])], 'commit');
  assert.deepEqual([agreed.state, agreed.confidence, agreed.agreements.length], ['known', 'recorded', 1]);
  const against = link([...storedFacts([row({})]), ...checkFacts([check({ commit: 'f'.repeat(40) })])], 'commit');
  assert.deepEqual([against.state, against.conflicts.length, against.agreements.length], ['conflict', 1, 0]);
  assert.equal(link(checkFacts([check({})]), 'commit').confidence, 'claimed', 'a pipeline alone only claims');
  const label = storedFacts([row({ source_kind: 'image-config', confidence: 'claimed' })]);
  assert.equal(link([...label, ...checkFacts([check({})])], 'commit').confidence, 'claimed', 'what the image says of itself confirms nobody');
});

const process = (origin: string): TracedProcess => ({ node_id: 'n', hostname: 'h', boot_id: 'b', tgid: 7, start_ns: '1', exec_id: 1, path: '/bin/x', command: 'x', uid: 0, container_id: 'c', origin, started_at: at, container_pk: 1 });
const found: PackageOfFile = { position: 0, inventory_id: 1, ecosystem: 'npm', name: 'p', version: '1', how: 'evidence', at: '1970-01-01T00:00:00Z' };

test('file, package and layer: what did not come with the image belongs to no package of it', () => {
  const cases: [origin: string, pack: PackageOfFile | undefined, packageState: string, layerState: string][] = [
    ['image', found, 'known', 'unknown'], ['image', undefined, 'unknown', 'unknown'], ['dropped', undefined, 'absent', 'unknown'], ['memory', undefined, 'absent', 'unknown'],
  ];
  for (const [origin, pack, packageState, layerState] of cases) {
    const facts = fileFacts({ process: process(origin), path: '/bin/x', package: pack, layer: undefined, inContainer: true }, nowMs);
    assert.equal(link(facts, 'package').state, packageState, origin);
    assert.equal(link(facts, 'layer').state, layerState, origin);
    assert.equal(link(facts, 'process').state, 'known');
  }
  const layer = link(fileFacts({ process: null, path: '/bin/x', package: found, layer: { digest: 'sha256:1', height: 2, layers: 3, at }, inContainer: true }, nowMs), 'layer');
  assert.deepEqual([layer.claims[0]!.text, layer.confidence], ['layer 2 of 3', 'verified']);
});

test('facts for policies: nothing asked is unknown, a refused registry is unknown with its reason', () => {
  const none = originFactsFrom(null);
  assert.equal(none.labels.is, 'unknown');
  assert.match(none.signatures.incomplete ?? '', /nobody was asked/);
  const trusted = { state: 'holds', sentence: '' };
  const refused = originFactsFrom({ image: { state: 'unknown', reason: 'forbidden', detail: 'r.example answers with 403' }, signature: null, trusted, properties: null, issues: null, violations: null });
  assert.ok(refused.labels.is === 'unknown' && /no permission \(403\): r\.example/.test(refused.labels.reason));
  const image = { state: 'known', value: { digest: 'sha256:1', indexDigest: null, platform: 'linux/amd64', created: null, layers: [{ digest: 'sha256:2', size: 5 }, { digest: 'sha256:3', size: 6 }], labels: { a: 'b' } } };
  const cases: [verdict: string, signer: object | null, items: number, verified: boolean | null, incomplete: boolean][] = [
    ['signed', { name: 'k', fingerprint: 'f' }, 1, true, false], ['unsigned', null, 0, null, false], ['failed', null, 1, false, false], ['unknown', null, 0, null, true],
  ];
  for (const [verdict, signer, items, verified, incomplete] of cases) {
    const standing = standingFrom({ image, signature: { verdict, reason: null, sentence: 'why', signer, attempts: 1 }, trusted, properties: null, issues: null, violations: null }, { is: 'known', value: true }, { build: null, commit: 'c' });
    const { signatures, layers, sizeBytes } = standing.facts;
    assert.deepEqual([signatures.items.length, signatures.incomplete !== null], [items, incomplete], verdict);
    if (verified !== null) assert.deepEqual(signatures.items[0]!.verified, { is: 'known', value: verified });
    assert.deepEqual([layers, sizeBytes], [{ is: 'known', value: 2 }, { is: 'known', value: 11 }]);
    assert.deepEqual([standing.trusted, standing.commit, standing.build.is, standing.properties.is], [{ is: 'known', value: true }, { is: 'known', value: 'c' }, 'unknown', 'unknown']);
  }
});

test('names of images as runtimes give them', () => {
  const digest = `sha256:${'1'.repeat(64)}`;
  const cases: [name: string, digest: string, reference: string, asked: string, hasProblem: boolean][] = [
    ['nginx', digest, 'docker.io/library/nginx:latest', digest, false],
    ['r.example/a/b:1', '', 'r.example/a/b:1', '', false],
    [`r.example/a/b@${digest}`, '', 'r.example/a/b', digest, false],
    [`r.example/a/b:1@${digest}`, digest, 'r.example/a/b:1', digest, false],
    ['a'.repeat(64), digest, 'a'.repeat(64), digest, true],
    ['https://r.example/a', '', 'https://r.example/a', '', true],
  ];
  for (const [name, by, reference, asked, hasProblem] of cases) {
    const named = namedImage(name, by, 'x86_64');
    assert.deepEqual([named.reference, named.asked, named.problem !== null, named.platform], [reference, asked, hasProblem, 'linux/amd64'], name);
  }
});

test('the file of integrations: what is wrong is said by place, never what stands there', () => {
  const cases: [text: string, problem: RegExp][] = [
    ['{', /no JSON/], ['{}', /integrations/], ['{"integrations":{"a b":{}}}', /integrations/],
    ['{"integrations":{"a":{"kind":"registry","settings":{"host":"x/y"},"secret":"s3cret"}}}', /integrations\.a\.settings\.host/],
    ['{"integrations":{"a":{"kind":"registry","settings":{"host":"x"},"secret":"s3cret\\n"}}}', /integrations\.a\.secret/],
    ['{"integrations":{"a":{"kind":"ftp"}}}', /integrations\.a/],
  ];
  for (const [text, problem] of cases) {
    const parsed = parseDeclared(text);
    assert.ok('problem' in parsed && problem.test(parsed.problem) && !parsed.problem.includes('s3cret'), JSON.stringify(parsed));
  }
  assert.ok(!('problem' in parseDeclared('{"integrations":{}}')));
});
