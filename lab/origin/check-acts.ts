/** `vedette check` over images in real registries: what cosign signed passes, what nobody or somebody else signed fails, and what cannot be read is no pass. */
import { join } from 'node:path';
import { run } from '../containers/run.ts';
import { file, path, type Scene } from './scene.ts';

export const checkRows = 8;

/** The policies that come with Vedette speak of signatures at deployment; these ask before that. */
function policy(scene: Scene, name: string, when: string): string {
  return file(scene, `${name}.yaml`, {
    apiVersion: 'vedette.dev/v1alpha1', kind: 'Policy', metadata: { name },
    spec: { description: 'Of the lab.', severity: 'high', mode: 'enforce', rules: [{ name: 'rule', on: 'image', when, actions: { build: 'fail' }, fix: 'none' }] },
  });
}

interface Checked {
  readonly code: number;
  readonly text: string;
}

async function check(scene: Scene, image: string, policyFile: string, more: readonly string[] = []): Promise<Checked> {
  const args = ['check', image, '--platform', 'linux/amd64', '--policy', policyFile, ...more];
  const { code, stdout, stderr } = await run(process.execPath, [join(import.meta.dirname, '..', '..', 'cli', 'main.ts'), ...args], { accept: [1, 2], env: { VEDETTE_STATE: path(scene, 'check-state') } });
  return { code, text: stdout + stderr };
}

export async function checkActs(scene: Scene): Promise<void> {
  const { lab: { report }, registry, images } = scene;
  report.say('vedette check over images in registries');
  const at = (repository: string, digest = images[0].indexDigest) => `${registry.host}/shop/${repository}@${digest}`;
  const signed = policy(scene, 'signed', '!image.signatures.exists(s, s.verified)');
  const trusted = policy(scene, 'trusted', '!image.registryTrusted');
  const cases: readonly [name: string, image: string, key: string, expected: number, words: RegExp][] = [
    ['signed under its tag', at('tagged'), 'cosign.pub', 0, /passes/i],
    ['signed as a bundle', at('bundled'), 'cosign.pub', 0, /passes/i],
    ['signed by another key', at('tagged'), 'other.pub', 1, /signed|signature/i],
    ['signed and changed afterwards', at('changed'), 'cosign.pub', 1, /signed|signature/i],
    ['a signature of another image', at('tagged', images[1].indexDigest), 'cosign.pub', 1, /signed|signature/i],
  ];
  for (const [name, image, key, expected, words] of cases) {
    const found = await check(scene, image, signed, ['--key', path(scene, key)]);
    report.row(`check: ${name}`, `exit ${expected}`, `exit ${found.code}`, found.text, found.code === expected && words.test(found.text));
  }
  const untrusted = await check(scene, at('tagged'), trusted, ['--trust', 'registry.example']);
  report.row('check: a registry that is not trusted', 1, untrusted.code, untrusted.text);
  const folder = await check(scene, at('tagged'), trusted, ['--trust', `${registry.host}/shop`]);
  report.row('check: a folder of it that is', 0, folder.code, folder.text);
  const missing = await check(scene, `${registry.host}/shop/none:1`, signed, ['--key', path(scene, 'cosign.pub')]);
  report.row('check: an image that is not there could not be checked', 2, missing.code, missing.text);
}
