/**
 * `vedette check` as a pipeline runs it against a real hub and a registry: where its policies come from, what is kept, what follows when
 * the hub is away, and how signatures and the registry count.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pushLayout } from '@vedette/image/testing/push';
import { LayoutWriter } from '@vedette/inventory/oci/testing/layout';
import { imageDigestOf } from '@vedette/model/ids';
import { makeKeyPair, pushSignatureTag, simplePayload, simpleSignature } from '@vedette/origin/testing/cosign';
import { TestRegistry } from '@vedette/origin/testing/registry';
import { sampleHub, type SampleHub } from '@vedette/hub/hub-sample';
import type { CheckView } from '@vedette/model/api/checks';
import { projectRoot } from '../borders/borders.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-check-hub-'));
const registry = await new TestRegistry().start();
let hub: SampleHub;
let operator: string;
let digest: string;
const key = makeKeyPair();

const policy = (name: string, when: string, mode = 'enforce'): string => `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: ${name} }
spec: { description: x, severity: high, mode: ${mode}, rules: [{ name: r, on: image, when: '${when}', actions: { build: fail }, fix: mend it }] }
`;

before(async () => {
  const layout = new LayoutWriter(join(place, 'image'));
  layout.add({ layers: [[{ path: 'srv/node_modules/minimist/package.json', content: JSON.stringify({ name: 'minimist', version: '1.2.0' }) }]], config: { User: '1000' } });
  digest = pushLayout(registry, layout.directory, 'shop/cart', '1.4');
  hub = await sampleHub();
  operator = await hub.tokenFor('operator');
  await hub.ask('PUT', '/api/v1/policies/no-root', { token: operator, body: { yaml: policy('no-root', 'image.runsAsRoot') } });
  writeFileSync(join(place, 'token'), `${await hub.tokenFor('pipeline')}\n`);
  writeFileSync(join(place, 'key.pub'), key.pem);
  for (const [name, when] of [['unsigned', '!image.signatures.exists(s, s.verified)'], ['untrusted', '!image.registryTrusted'], ['passes', 'image.runsAsRoot'], ['no-root', 'true']] as const) writeFileSync(join(place, `${name}.yaml`), policy(name, when));
});
after(async () => {
  await hub.end();
  await registry.close();
  rmSync(place, { recursive: true, force: true });
});

async function check(...args: string[]): Promise<{ code: number | null; out: string; complaint: string }> {
  const command = [join(projectRoot(), 'cli', 'main.ts'), 'check', `${registry.host}/shop/cart:1.4`, '--plain-http', '--platform', 'linux/amd64', ...args];
  const { VEDETTE_TOKEN: _, ...env } = process.env;
  const child = spawn(process.execPath, command, { env: { ...env, VEDETTE_STATE: join(place, 'state'), GITHUB_ACTIONS: 'true', GITHUB_SERVER_URL: 'https://git.example.com', GITHUB_REPOSITORY: 'shop/cart', GITHUB_SHA: 'c0ffee', GITHUB_RUN_ID: '7', GITHUB_JOB: 'build', GITHUB_ACTOR: 'ada' } });
  let [out, complaint] = ['', ''];
  child.stdout.on('data', (piece) => (out += piece));
  child.stderr.on('data', (piece) => (complaint += piece));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, complaint };
}

const checks = async (): Promise<CheckView[]> => (await hub.ask('GET', '/api/v1/checks', { token: operator })).json['items'] as unknown as CheckView[];

const withHub = (): string[] => ['--hub', hub.url, '--token-file', join(place, 'token')];
const file = (name: string): string[] => ['--policy', join(place, `${name}.yaml`)];

test('the policies of the hub decide, and the check is kept with its run', async () => {
  const { code, out, complaint } = await check(...withHub());
  assert.deepEqual([code, complaint], [0, ''], out + complaint);
  assert.match(out, /passes +no-root\/r/);
  const [kept, ...more] = await checks();
  assert.deepEqual([more.length, kept!.digest, kept!.verdict, kept!.run.system, kept!.run.repository, kept!.run.commit, kept!.run.runUrl, kept!.run.principal, kept!.packages], [0, digest, 'pass', 'github-actions', 'https://git.example.com/shop/cart', 'c0ffee', 'https://git.example.com/shop/cart/actions/runs/7', 'ada', 1]);
  assert.equal((await check(...withHub())).code, 0);
  assert.equal((await checks()).length, 1, 'the same run says the same image once');
  assert.equal((await check(...withHub(), '--commit', 'bad', '--run-url', 'https://ci.example.com/9', '--unknown', 'warn')).code, 0);
});

test('files add to the hub’s policies and never replace one', async () => {
  const { code, out } = await check(...withHub(), ...file('no-root'), ...file('untrusted'), '--trust', registry.host);
  assert.equal(code, 0, out);
  assert.match(out, /not asked: no-root \(the hub’s policy of this name is asked instead\)/);
  assert.match(out, /passes +untrusted\/r/);
});

test('signatures and trust are facts of a registry', async () => {
  const rows: readonly (readonly [args: readonly string[], code: number, said: RegExp])[] = [
    [file('untrusted'), 1, /unknown +untrusted\/r +Not known: image\.registryTrusted \(no list of trusted registries was given/],
    [[...file('untrusted'), '--trust', 'registry.example.com'], 1, /fails +untrusted\/r +The registry .+ is not trusted \(image\.registryTrusted\)/],
    [[...file('untrusted'), '--trust', `${registry.host}/shop`], 0, /passes/],
    [[...file('unsigned'), '--key', join(place, 'key.pub')], 1, /fails +unsigned\/r/],
    [[...file('unsigned'), '--key', join(place, 'no.pub')], 2, /There is no file .*no\.pub/],
    [[...file('unsigned'), '--key', join(place, 'passes.yaml')], 2, /not usable as a public key/],
  ];
  for (const [args, code, said] of rows) {
    const found = await check(...args);
    assert.equal(found.code, code, `${args.join(' ')}\n${found.out}${found.complaint}`);
    assert.match(found.out + found.complaint, said);
  }
  pushSignatureTag(registry, 'shop/cart', imageDigestOf(digest), [simpleSignature(key.privateKey, simplePayload('r', digest))]);
  assert.equal((await check(...file('unsigned'), '--key', join(place, 'key.pub'))).code, 0);
  assert.match((await check(...file('unsigned'))).out, /no key was given/);
});

test('a hub that is away: the check decides, unless the hub is required or had the policies', async () => {
  const away = ['--hub', 'http://127.0.0.1:9', '--token-file', join(place, 'token')];
  const rows: readonly (readonly [args: readonly string[], code: number, said: RegExp])[] = [
    [[...away, ...file('passes')], 0, /! the hub's policies and exceptions are not asked: no connection[\s\S]*! the hub has not kept this check: no connection/],
    [[...away, ...file('passes'), '--hub-required'], 2, /the hub is required: no connection/],
    [away, 2, /policies of the hub cannot be had, and no --policy was given/],
    [['--hub', hub.url], 2, /the hub needs a token with the role pipeline: --token-file FILE, or VEDETTE_TOKEN/],
    [['--hub', hub.url, '--token-file', join(place, 'key.pub')], 2, /is none|401/],
    [['--hub', `http://127.0.0.1:${registry.host.split(':')[1]}`, '--token-file', join(place, 'token'), ...file('passes')], 0, /answers with 404.*is this a hub of this version/],
  ];
  for (const [args, code, said] of rows) {
    const found = await check(...args);
    assert.equal(found.code, code, `${args.join(' ')}\n${found.out}${found.complaint}`);
    assert.match(found.out + found.complaint, said);
    assert.ok(!found.complaint.includes('\n    at '), found.complaint);
  }
});

test('an unreadable image is 2, with reason and remedy', async () => {
  registry.authentication = 'basic';
  const refused = await check(...file('passes'), '--no-cache');
  assert.equal(refused.code, 2);
  assert.match(refused.complaint, /credentials are required[\s\S]*--registry-config/);
  registry.account = { user: 'ci', password: 'pw' };
  writeFileSync(join(place, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from('ci:pw').toString('base64') } } }));
  assert.equal((await check(...file('passes'), '--registry-config', join(place, 'config.json'))).code, 0);
  registry.authentication = 'none';
});
