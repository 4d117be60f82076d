import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageDigestOf } from '@vedette/model/ids';
import { absent, integrityKinds, known, unknown, type Answer, type IntegrityKind } from '@vedette/model/origin';
import type { SignatureFinding } from './cosign/verify.ts';
import { isTrusted, judgeOrigin, type OriginAnswers } from './integrity.ts';
import type { ImageManifest, IndexManifest, Manifest } from './oci/manifest.ts';
import { parseReference, type ImageReference } from './oci/reference.ts';

const ours = imageDigestOf(`sha256:${'a'.repeat(64)}`);
const theirs = imageDigestOf(`sha256:${'b'.repeat(64)}`);
const index = imageDigestOf(`sha256:${'c'.repeat(64)}`);
const descriptor = (digest: typeof ours) => ({ mediaType: '', digest, size: 0, artifactType: null, annotations: {}, platform: null });
const common = { mediaType: '', bytes: new Uint8Array(), artifactType: null, subject: null, annotations: {} };
const image = (digest: typeof ours): ImageManifest => ({ ...common, kind: 'image', digest, config: descriptor(digest), layers: [] });
const holding = (...digests: (typeof ours)[]): IndexManifest => ({ ...common, kind: 'index', digest: index, manifests: digests.map(descriptor) });
const gone = absent('r.example has no such manifest');
const refused = unknown('forbidden', 'r.example answers with 403');

function answers(reference: string, more: { atTag?: Answer<Manifest>; atDigest?: Answer<Manifest>; signature?: SignatureFinding | null; records?: Answer<string> | null; trusted?: string[] | null }): OriginAnswers {
  const parsed = parseReference(reference) as ImageReference;
  const atTag = parsed.tag === null ? null : (more.atTag ?? known(image(ours)));
  const atDigest = parsed.digest === null ? null : (more.atDigest ?? known(image(ours)));
  return { found: { reference: parsed, atTag, atDigest, index: null, image: known(image(ours)), config: gone }, signature: more.signature ?? null, records: more.records ?? null, trusted: more.trusted ?? null };
}
const finding = (verdict: SignatureFinding['verdict'], reason: SignatureFinding['reason'] = null): SignatureFinding => ({ verdict, reason, sentence: `it is ${verdict}`, signer: null, attempts: [] });
const both = `r.example/web:1@${ours}`;

test('each verdict by itself, from every answer', () => {
  const cases: [kind: IntegrityKind, name: string, given: OriginAnswers, expected: string][] = [
    ['tag-moved', 'same', answers(both, {}), 'holds'],
    ['tag-moved', 'the index that holds it', answers(both, { atTag: known(holding(theirs, ours)) }), 'holds'],
    ['tag-moved', 'another', answers(both, { atTag: known(image(theirs)) }), 'violated'],
    ['tag-moved', 'an index without it', answers(both, { atTag: known(holding(theirs)) }), 'violated'],
    ['tag-moved', 'gone', answers(both, { atTag: gone }), 'violated'],
    ['tag-moved', 'gone with the image', answers(both, { atTag: gone, atDigest: gone }), 'not-applicable'],
    ['tag-moved', 'refused', answers(both, { atTag: refused }), 'unknown'],
    ['tag-moved', 'no digest', answers('r.example/web:1', {}), 'not-applicable'],
    ['tag-moved', 'no tag', answers(`r.example/web@${ours}`, {}), 'not-applicable'],
    ['missing-in-registry', 'there', answers(both, {}), 'holds'],
    ['missing-in-registry', 'gone', answers(both, { atDigest: gone }), 'violated'],
    ['missing-in-registry', 'the tag is there, the digest is not', answers(both, { atDigest: gone, atTag: known(image(theirs)) }), 'violated'],
    ['missing-in-registry', 'refused', answers(both, { atDigest: refused }), 'unknown'],
    ['missing-in-registry', 'tag gone', answers('r.example/web:1', { atTag: gone }), 'violated'],
    ['unknown-digest', 'in the registry', answers(both, {}), 'holds'],
    ['unknown-digest', 'gone, on record', answers(both, { atDigest: gone, records: known('elsewhere') }), 'holds'],
    ['unknown-digest', 'gone, not on record', answers(both, { atDigest: gone, records: absent('nor here') }), 'violated'],
    ['unknown-digest', 'gone, nobody else to ask', answers(both, { atDigest: gone }), 'unknown'],
    ['unknown-digest', 'gone, records refused', answers(both, { atDigest: gone, records: refused }), 'unknown'],
    ['unknown-digest', 'refused, not on record', answers(both, { atDigest: refused, records: absent('nor here') }), 'unknown'],
    ['unknown-digest', 'refused, on record', answers(both, { atDigest: refused, records: known('elsewhere') }), 'holds'],
    ['unknown-digest', 'no digest', answers('r.example/web:1', {}), 'not-applicable'],
    ['unsigned', 'signed', answers(both, { signature: finding('signed') }), 'holds'],
    ['unsigned', 'unsigned', answers(both, { signature: finding('unsigned') }), 'violated'],
    ['unsigned', 'failed', answers(both, { signature: finding('failed') }), 'holds'],
    ['unsigned', 'unknown', answers(both, { signature: finding('unknown', 'rate-limited') }), 'unknown'],
    ['unsigned', 'image not read', answers(both, {}), 'unknown'],
    ['signature-failed', 'signed', answers(both, { signature: finding('signed') }), 'holds'],
    ['signature-failed', 'unsigned', answers(both, { signature: finding('unsigned') }), 'not-applicable'],
    ['signature-failed', 'failed', answers(both, { signature: finding('failed') }), 'violated'],
    ['signature-failed', 'unknown', answers(both, { signature: finding('unknown', 'not-configured') }), 'unknown'],
    ['untrusted-registry', 'no list', answers(both, {}), 'unknown'],
    ['untrusted-registry', 'in it', answers(both, { trusted: ['r.example'] }), 'holds'],
    ['untrusted-registry', 'not in it', answers(both, { trusted: ['other.example'] }), 'violated'],
    ['untrusted-registry', 'an empty list', answers(both, { trusted: [] }), 'violated'],
  ];
  for (const [kind, name, given, expected] of cases) {
    const verdicts = judgeOrigin(given);
    assert.deepEqual(verdicts.map((one) => one.kind), integrityKinds);
    const found = verdicts.find((one) => one.kind === kind)!;
    assert.equal(found.state, expected, `${kind}: ${name}: ${found.sentence}`);
    assert.equal(found.reason !== null, expected === 'unknown', `${kind}: ${name}`);
    if (expected === 'violated') assert.ok(found.action !== null, `${kind}: ${name}: what to do`);
  }
});

test('which registries are trusted: whole names and whole folders', () => {
  const cases: [reference: string, trusted: string, expected: boolean][] = [
    ['r.example/team/web', 'r.example', true],
    ['r.example/team/web', 'r.example/', true],
    ['r.example/team/web', 'r.example/team', true],
    ['r.example/team/web', 'r.example/team/web', true],
    ['r.example/team-evil/web', 'r.example/team', false],
    ['r.example.evil/web', 'r.example', false],
    ['r.example:5000/web', 'r.example', false],
    ['nginx', 'docker.io', true],
    ['nginx', 'docker.io/library', true],
  ];
  for (const [reference, trusted, expected] of cases) assert.equal(isTrusted(parseReference(reference) as ImageReference, [trusted]), expected, `${reference} ${trusted}`);
});
