/** Signatures in cosign v2's forms, good and bad, on a real registry: what is said of each image, and why. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';
import * as fc from 'fast-check';
import type { ImageDigest } from '@vedette/model/ids';
import type { Manifest } from '../oci/manifest.ts';
import { openRegistry } from '../oci/registry.ts';
import { testAsking } from '../testing/asking.ts';
import { envelopeBundle, makeKeyPair, messageBundle, pushBundle, pushSignatureTag, signedBy, simplePayload, simpleSignature } from '../testing/cosign.ts';
import { pushImage, pushIndex, sendError, TestRegistry } from '../testing/registry.ts';
import { parsePublicKey, type SignerKey } from './key.ts';
import { parseBundle, parseSimpleSigning } from './signature.ts';
import { findSigner, type SignatureFinding } from './verify.ts';

const registry = await new TestRegistry().start();
after(() => registry.close());
beforeEach(() => void Object.assign(registry, { hook: null, referrersApi: true }));

const ours = makeKeyPair();
const theirs = makeKeyPair();
const other = `sha256:${'1'.repeat(64)}`;
const key = parsePublicKey(ours.pem, 'cosign.pub') as SignerKey;
const theirKey = parsePublicKey(theirs.pem, 'theirs.pub') as SignerKey;

let images = 0;
function newImage(): ImageDigest {
  images += 1;
  return pushImage(registry, 'web', null, { layer: `layer ${images}` }).digest;
}

async function found(digests: readonly string[], keys: readonly SignerKey[] = [key]): Promise<SignatureFinding> {
  const client = openRegistry({ registry: registry.host, credentials: null, asking: testAsking(), plainHttp: false });
  const manifests: Manifest[] = [];
  for (const digest of digests) {
    const manifest = await client.manifest('web', digest);
    assert.ok(manifest.state === 'known');
    manifests.push(manifest.value);
  }
  return await findSigner(client, 'web', manifests, keys);
}

const simple = (pair: typeof ours, about: string, optional: Record<string, unknown> | null = null) => simpleSignature(pair.privateKey, simplePayload('r.example/web', about, optional));

test('the signature tag', async () => {
  const cases: [name: string, signatures: (digest: string) => ReturnType<typeof simple>[], verdict: string, sentence: RegExp][] = [
    ['ours', (digest) => [simple(ours, digest)], 'signed', /signed by cosign\.pub \(key [0-9a-f]{16}…\), found as signature tag/],
    ['theirs', (digest) => [simple(theirs, digest)], 'failed', /1 signature, and none of them counts: one is by another key, or was changed/],
    ['theirs and ours', (digest) => [simple(theirs, digest), simple(ours, digest)], 'signed', /cosign\.pub/],
    ['ours for another image', () => [simple(ours, other)], 'failed', /good but for another image \(sha256:1111/],
    ['theirs for another image', () => [simple(theirs, other)], 'failed', /another key/],
    ['changed after signing', (digest) => [{ ...simple(ours, other), payload: simplePayload('r.example/web', digest) }], 'failed', /changed after signing/],
    ['without a signature', (digest) => [{ payload: simplePayload('r.example/web', digest), annotations: {} }], 'failed', /no signature beside/],
    ['with what is no signature', (digest) => [{ payload: simplePayload('r.example/web', digest), annotations: { 'dev.cosignproject.cosign/signature': 'AAAA' } }], 'failed', /another key/],
    ['with what is no base64', (digest) => [{ payload: simplePayload('r.example/web', digest), annotations: { 'dev.cosignproject.cosign/signature': '!' } }], 'failed', /no signature beside/],
    ['over what is no payload', () => [simpleSignature(ours.privateKey, '{"hello":1}')], 'failed', /cannot be read \(critical/],
    ['over another type', (digest) => [simpleSignature(ours.privateKey, simplePayload('r', digest).replace('cosign container', 'some other'))], 'failed', /critical\.type/],
    ['keyless', (digest) => [{ ...simple(theirs, digest), annotations: { ...simple(theirs, digest).annotations, 'dev.sigstore.cosign/certificate': 'PEM' } }], 'failed', /keyless/],
    ['none in it', () => [], 'unsigned', /no signature was found/],
  ];
  for (const [name, signatures, verdict, sentence] of cases) {
    const digest = newImage();
    pushSignatureTag(registry, 'web', digest, signatures(digest));
    const finding = await found([digest]);
    assert.equal(finding.verdict, verdict, `${name}: ${finding.sentence}`);
    assert.match(finding.sentence, sentence, name);
  }
});

test('what the signer added is kept, and the name under which it was signed', async () => {
  const digest = newImage();
  pushSignatureTag(registry, 'web', digest, [simple(ours, digest, { commit: 'abc', number: 7, deep: { no: 1 } })]);
  const { signer } = await found([digest]);
  assert.deepEqual([signer?.annotations, signer?.reference, signer?.fingerprint], [{ commit: 'abc', number: '7' }, 'r.example/web', key.fingerprint]);
});

test('the bundle as a referrer, by the API and by the tag that stands in for it', async () => {
  const cases: [name: string, bundle: (digest: ImageDigest, bytes: Uint8Array) => unknown, verdict: string, sentence: RegExp][] = [
    ['envelope', (digest) => envelopeBundle(ours.privateKey, digest), 'signed', /found as bundle/],
    ['envelope of theirs', (digest) => envelopeBundle(theirs.privateKey, digest), 'failed', /another key/],
    ['envelope for another image', () => envelopeBundle(ours.privateKey, other), 'failed', /another image/],
    ['an attestation of ours is no signature', (digest) => envelopeBundle(ours.privateKey, digest, 'https://slsa.dev/provenance/v1'), 'unsigned', /no signature/],
    ['message', (digest, bytes) => messageBundle(ours.privateKey, bytes, digest), 'signed', /found as bundle/],
    ['message of theirs', (digest, bytes) => messageBundle(theirs.privateKey, bytes, digest), 'failed', /another key/],
    ['message over other bytes', (digest) => messageBundle(ours.privateKey, Buffer.from('other'), digest), 'failed', /another key/],
    ['message that names another digest', (_, bytes) => messageBundle(ours.privateKey, bytes, other), 'failed', /another image/],
    ['keyless', (digest) => ({ ...envelopeBundle(theirs.privateKey, digest), verificationMaterial: { certificate: { rawBytes: 'AAAA' } } }), 'failed', /keyless/],
    ['both contents', (digest, bytes) => ({ ...envelopeBundle(ours.privateKey, digest), ...messageBundle(ours.privateKey, bytes, digest) }), 'failed', /either an envelope or a signature/],
    ['neither', () => ({ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json' }), 'failed', /either/],
    ['no bundle', () => ['x'], 'failed', /cannot be read/],
    ['payload type of another kind', (digest) => ({ ...envelopeBundle(ours.privateKey, digest), dsseEnvelope: { ...(envelopeBundle(ours.privateKey, digest)['dsseEnvelope'] as object), payloadType: 'text/plain' } }), 'failed', /text\/plain/],
  ];
  for (const referrersApi of [true, false]) {
    for (const [name, bundle, verdict, sentence] of cases) {
      registry.referrersApi = referrersApi;
      const digest = newImage();
      const client = openRegistry({ registry: registry.host, credentials: null, asking: testAsking(), plainHttp: false });
      const manifest = await client.manifest('web', digest);
      assert.ok(manifest.state === 'known');
      pushBundle(registry, 'web', digest, bundle(digest, manifest.value.bytes));
      const finding = await found([digest]);
      assert.equal(finding.verdict, verdict, `${name}: ${finding.sentence}`);
      assert.match(finding.sentence, sentence, name);
    }
  }
});

test('a signature on the index counts for the image in it, and one on the image without the index as well', async () => {
  const image = pushImage(registry, 'web', null, { layer: 'of an index' });
  const index = pushIndex(registry, 'web', null, [image]);
  assert.equal((await found([image.digest, index])).verdict, 'unsigned');
  pushSignatureTag(registry, 'web', index, [simple(ours, index)]);
  const finding = await found([image.digest, index]);
  assert.deepEqual([finding.verdict, finding.signer?.subject], ['signed', index]);
  assert.equal((await found([image.digest])).verdict, 'unsigned');
});

test('several keys: the one that signed is named; no key at all: what is there is said, and nothing is judged', async () => {
  const digest = newImage();
  assert.equal((await found([digest], [])).verdict, 'unsigned', 'that there is none needs no key');
  pushSignatureTag(registry, 'web', digest, [simple(theirs, digest)]);
  assert.equal((await found([digest], [key, theirKey])).signer?.keyName, 'theirs.pub');
  const finding = await found([digest], []);
  assert.deepEqual([finding.verdict, finding.reason], ['unknown', 'not-configured']);
  assert.match(finding.sentence, /it has 1 signature, but no key was given/);
});

test('where a place cannot be read nothing is said, unless a good signature lies elsewhere', async () => {
  const refuse = (part: string, status: number): NonNullable<TestRegistry['hook']> => (_, response, path) => (path.includes(part) ? sendError(response, status, status === 429 ? 'TOOMANYREQUESTS' : 'DENIED') : false);
  const cases: [name: string, part: string, status: number, verdict: string, reason: string | null][] = [
    ['signature tag refused', '.sig', 403, 'unknown', 'forbidden'],
    ['signature tag throttled', '.sig', 429, 'unknown', 'rate-limited'],
    ['referrers refused', '/referrers/', 403, 'unknown', 'forbidden'],
    ['referrers broken', '/referrers/', 500, 'unknown', 'unavailable'],
  ];
  for (const [name, part, status, verdict, reason] of cases) {
    const digest = newImage();
    registry.hook = refuse(part, status);
    const finding = await found([digest]);
    assert.deepEqual([finding.verdict, finding.reason], [verdict, reason], name);
    registry.hook = null;
    pushSignatureTag(registry, 'web', digest, [simple(theirs, digest)]);
    registry.hook = refuse(part === '.sig' ? '/blobs/' : part, status);
    assert.equal((await found([digest])).verdict, 'unknown', `${name}: a bad signature elsewhere proves nothing`);
    registry.hook = null;
    pushBundle(registry, 'web', digest, envelopeBundle(ours.privateKey, digest));
    registry.hook = refuse('.sig', status);
    assert.equal((await found([digest])).verdict, 'signed', `${name}: a good signature is enough`);
  }
  const digest = newImage();
  registry.hook = null;
  pushSignatureTag(registry, 'web', digest, Array.from({ length: 70 }, (_, n) => simple(theirs, digest, { n })));
  const flooded = await found([digest]);
  assert.deepEqual([flooded.verdict, flooded.reason], ['unknown', 'too-large']);
});

test('keys: what is no key of cosign is refused with a sentence', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const cases: [pem: string, problem: RegExp][] = [
    ['', /no public key/],
    [privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), /private key/],
    ['-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nx\n', /private key/],
    ['-----BEGIN CERTIFICATE-----\nx\n', /certificate/],
    ['-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----', /cannot be read/],
    [ours.pem + theirs.pem, /more than one/],
    [makeKeyPair('P-384').pem, /only ECDSA P-256/],
    [rsa, /its key is rsa/],
  ];
  for (const [pem, problem] of cases) {
    const parsed = parsePublicKey(pem, 'x');
    assert.ok('problem' in parsed);
    assert.match(parsed.problem, problem);
  }
  assert.match(key.fingerprint, /^[0-9a-f]{64}$/);
});

test('no bytes make the parsers throw', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map((text) => new Uint8Array(Buffer.from(text))));
  fc.assert(fc.property(bytes, fc.option(fc.string(), { nil: undefined }), (document, signature) => {
    parseBundle(document, document);
    parseSimpleSigning(document, signature, false);
  }));
  assert.match(signedBy(ours.privateKey, Buffer.from('x')), /^[A-Za-z0-9+/]+=*$/);
});
