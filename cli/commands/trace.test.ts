/** `vedette trace` as a person meets it, against a real registry: what is shown, and the exit code. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { ArtifactoryDouble } from '@vedette/lab/artifactory/double';
import { makeKeyPair, pushSignatureTag, simplePayload, simpleSignature } from '@vedette/origin/testing/cosign';
import { pushImage, sendError, TestRegistry } from '@vedette/origin/testing/registry';
import { runCli, type CliRun } from '../cli-sample.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-trace-'));
const registry = await new TestRegistry().start();
const double = await new ArtifactoryDouble().start();
after(async () => {
  await Promise.all([registry.close(), double.close()]);
  rmSync(place, { recursive: true, force: true });
});
beforeEach(() => void Object.assign(registry, { hook: null, authentication: 'none', account: null }));

function file(name: string, content: string | object): string {
  writeFileSync(join(place, name), typeof content === 'string' ? content : JSON.stringify(content));
  return join(place, name);
}

async function trace(...args: string[]): Promise<CliRun> {
  return await runCli(['trace', ...args]);
}

const ours = makeKeyPair();
const key = file('cosign.pub', ours.pem);
const web = pushImage(registry, 'team/web', '1', { labels: { 'org.opencontainers.image.revision': 'a'.repeat(40), 'org.opencontainers.image.source': 'evil \u001b[31m red' } });
pushSignatureTag(registry, 'team/web', web.digest, [simpleSignature(ours.privateKey, simplePayload('x', web.digest))]);
const image = `${registry.host}/team/web:1`;
const all = ['--platform', 'linux/amd64', '--key', key, '--trust', registry.host];

test('a good image: the chain with who says so, and exit code 0', async () => {
  const { code, out, complaint } = await trace(`${image}@${web.digest}`, ...all);
  assert.equal(code, 0, out + complaint);
  assert.match(out, /✓ image +127\.0\.0\.1:\d+\/team\/web:1@sha256:[0-9a-f]{64} +\[the registry \(127\.0\.0\.1:\d+\), verified, just now\]/);
  assert.match(out, /✓ commit +a{40} +\[the image's own labels, claimed, just now\]/);
  assert.match(out, /✓ signer +.*cosign\.pub \(key [0-9a-f]{16}…\)/);
  assert.match(out, /\? process +not asked: nobody was asked/);
  assert.match(out, /✓ tag-moved +holds/);
  assert.ok(!out.includes('\u001b'), 'what an image says never commands the terminal');
});

test('what is wrong, or was asked for and not answered, ends with 1; what cannot be read with 2', async () => {
  const theirs = file('theirs.pub', makeKeyPair().pem);
  const cases: [name: string, args: string[], hook: TestRegistry['hook'], code: number, sentence: RegExp][] = [
    ['unsigned', [`${registry.host}/team/bare:1`, ...all], null, 1, /✗ unsigned +violated: no signature was found/],
    ['signed by another key', [image, '--platform', 'linux/amd64', '--key', theirs], null, 1, /✗ signature-failed +violated/],
    ['no key given: nothing was asked', [image, '--platform', 'linux/amd64'], null, 0, /\? unsigned +unknown: it has 1 signature, but no key was given/],
    ['untrusted', [image, '--platform', 'linux/amd64', '--trust', 'r.example'], null, 1, /✗ untrusted-registry/],
    ['signature tag throttled', [image, ...all], (_, response, path) => (path.endsWith('.sig') ? sendError(response, 403, 'DENIED') : false), 1, /\? unsigned +unknown: whether it is signed is not known: no permission \(403\)/],
    ['no such image', [`${registry.host}/team/none:1`, ...all], null, 1, /✗ missing-in-registry/],
    ['no such platform', [`${registry.host}/team/web:1`, '--platform', 'linux/amd64'], (_, response) => sendError(response, 403, 'DENIED'), 2, /\? image +no permission \(403\)/],
    ['nobody there', ['127.0.0.1:1/web'], null, 2, /\? image +no connection/],
  ];
  pushImage(registry, 'team/bare', '1', { layer: 'bare' });
  for (const [name, args, hook, expected, sentence] of cases) {
    registry.hook = hook;
    const { code, out, complaint } = await trace(...args);
    assert.equal(code, expected, `${name}: ${out}${complaint}`);
    assert.match(out, sentence, name);
    assert.equal(complaint, '', name);
  }
});

test('credentials from a registry configuration, and no secret in what is said', async () => {
  Object.assign(registry, { authentication: 'token', account: { user: 'alice', password: 'horse' } });
  const auth = (password: string) => file(`${password}.json`, { auths: { [registry.host]: { auth: Buffer.from(`alice:${password}`).toString('base64') } } });
  assert.equal((await trace(image, ...all, '--registry-config', auth('horse'))).code, 0);
  const refused = await trace(image, ...all, '--registry-config', auth('donkey'));
  assert.equal(refused.code, 2);
  assert.match(refused.out, /the credentials were refused \(401\)/);
  assert.ok(!`${refused.out}${refused.complaint}`.includes('donkey'));
  assert.match((await trace(image, ...all)).out, /credentials are required \(401\)/);
  const helped = file('helped.json', { credHelpers: { [registry.host]: 'desktop' } });
  assert.match((await trace(image, ...all, '--registry-config', helped)).complaint, /leaves the credentials for .* to a helper program, which is not run/);
});

test('with Artifactory, and as JSON', async () => {
  const { content } = double;
  content.repository('docker-local');
  const pushed = content.push('docker-local', 'team/web', '1', [{ architecture: 'amd64' }], { 'build.name': 'web', 'build.number': '7' });
  content.items = content.items.map((one) => (`sha256:${one.sha256}` === pushed.digest ? { ...one, sha256: web.digest.slice(7) } : one));
  content.publish({ name: 'web', number: '7', vcs: [{ revision: 'b'.repeat(40) }], modules: [{ id: 'web', artifacts: [{ sha256: web.digest.slice(7) }] }] });
  const settings = file('artifactory.json', { url: double.url, token: 'admin-token' });
  const { code, out } = await trace(image, ...all, '--artifactory', settings);
  assert.equal(code, 1, 'a conflict');
  assert.match(out, /≠ commit +b{40} +\[build info \(web #7\), recorded/);
  assert.match(out, /conflict: commit b{40} according to build info/);
  assert.match(out, /\? issues +not scanned/);
  const report = JSON.parse((await trace(image, ...all, '--artifactory', settings, '--json')).out) as { image: string; chain: { station: string; state: string }[]; verdicts: { kind: string }[]; artifactory: { places: { value: { properties: Record<string, string[]> }[] } } };
  assert.equal(report.image, image);
  assert.equal(report.chain.find((one) => one.station === 'commit')?.state, 'conflict');
  assert.deepEqual(report.artifactory.places.value[0]!.properties['build.name'], ['web']);
  const wrong = await trace(image, ...all, '--artifactory', file('wrong.json', { url: double.url, token: 'wrong-token' }));
  assert.deepEqual([wrong.code, /the credentials were refused/.test(wrong.out), wrong.out.includes('wrong-token')], [1, true, false]);
});
