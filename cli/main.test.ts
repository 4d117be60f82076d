/** The command line as a person meets it: help, examples, mistakes. Nothing is started. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { commands, version } from './main.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-cli-'));
after(() => rmSync(place, { recursive: true, force: true }));

function vedette(...args: string[]): { code: number | null; out: string; complaint: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { encoding: 'utf8', env: { ...process.env, VEDETTE_STATE: join(place, 'state'), PORT: '' } });
  return { code: status, out: stdout, complaint: stderr };
}

test('the overview names every command, and says where more is', () => {
  for (const args of [['--help'], ['-h'], ['help']]) {
    const { code, out } = vedette(...args);
    assert.equal(code, 0);
    for (const one of commands) assert.ok(out.includes(one.name) && out.includes(one.summary), one.name);
    assert.match(out, /vedette COMMAND --help/);
  }
  assert.equal(vedette().code, 2, 'no command at all is a mistake, answered by the overview');
  assert.match(vedette().out, /usage: vedette COMMAND/);
});

for (const entry of commands) {
  test(`vedette ${entry.name} --help: usage, every option, examples`, async () => {
    const one = await entry.load();
    assert.deepEqual([one.name, one.summary], [entry.name, entry.summary]);
    const { code, out } = vedette(one.name, '--help');
    assert.equal(code, 0);
    assert.ok(out.includes(`usage: ${one.usage}`));
    assert.ok(one.examples.length > 0);
    for (const example of one.examples) assert.match(example, new RegExp(`^([A-Z]+=\\S+ )?vedette ${one.name}\\b`), example);
    for (const option of one.usage.matchAll(/--[a-z-]+/g)) assert.ok(out.includes(option[0]));
    for (const line of out.split('\n')) assert.ok(line.length <= 120, line);
  });
}

test('vedette --version is the version', () => {
  assert.deepEqual([vedette('--version').out, vedette('version').out], [`${version}\n`, `${version}\n`]);
});

const mistakes: readonly (readonly [args: readonly string[], sentence: RegExp])[] = [
  [['frobnicate'], /There is no command "frobnicate"\. The commands are: up, join, cluster, sensor, replay, rules, baselines, advisories, check, trace, posture, user\./],
  [['up', '--frobnicate'], /Unknown option '--frobnicate'[\s\S]*usage: vedette up[\s\S]*vedette up --help shows options and examples/],
  [['up', 'something'], /Unexpected argument 'something'/],
  [['up', '--port'], /--port/],
  [['up', '--port', '70000'], /the port must be a whole number from 1 to 65534, not 70000/],
  [['up', '--link-port', 'x'], /--link-port must be a whole number from 1 to 65535, not x/],
  [['up', '--dead-man', 'soon'], /--dead-man must be a whole number from 1 to 2592000, not soon/],
  [['up', '--dead-man', '0'], /--dead-man must be a whole number from 1/],
  [['up', '--dead-man', '60s'], /--dead-man must be a whole number from 1/],
  [['up', '--ring-bytes', '100000'], /--ring-bytes must be a power of two from 65536 to 1073741824, not 100000/],
  [['join'], /give the token that the console shows under Fleet/],
  [['join', 'vdt1.abc'], /token is not complete or was changed: copy it again/],
  [['join', '--frobnicate'], /Unknown option '--frobnicate'/],
  [['sensor'], /say record or replay/],
  [['sensor', 'dance'], /there is no "vedette sensor dance"/],
  [['sensor', 'record'], /name the file to write the recording to/],
  [['sensor', 'record', 'x', '--seconds', 'many'], /--seconds must be a whole number from 1 to 86400, not many/],
  [['sensor', 'replay'], /name the recording/],
  [['sensor', 'replay', '/nowhere.vdr'], /There is no file \/nowhere\.vdr\./],
  [['sensor', 'replay', import.meta.filename, '--rules', '/nowhere.yaml'], /There is no file \/nowhere\.yaml\./],
  [['advisories'], /say sync or status/],
  [['advisories', 'sync'], /say where the feeds are: --from DIRECTORY or --from URL/],
  [['advisories', 'sync', '--from', '/nowhere'], /There is no directory \/nowhere\./],
  [['advisories', 'dance'], /there is no "vedette advisories dance"/],
  [['advisories', 'status'], /vedette advisories sync/],
  [['trace'], /name the image: registry\/repository:tag/],
  [['trace', 'a', 'b'], /one image at a time/],
  [['trace', 'Web'], /not a repository's name/],
  [['trace', 'pid:1'], /traced through the hub that its sensor reports to/],
  [['trace', 'web', '--platform', 'arm'], /--platform is OS\/ARCHITECTURE/],
  [['trace', 'web', '--key', '/nowhere.pub'], /There is no file \/nowhere\.pub\./],
  [['trace', 'web', '--key', import.meta.filename], /is not usable as a public key: it holds no public key/],
  [['trace', 'web', '--registry-config', import.meta.filename], /is not usable as a registry configuration: it is no JSON/],
  [['trace', 'web', '--artifactory', import.meta.filename], /is not usable as settings for Artifactory: it is no JSON/],
  [['check'], /say what to check: oci:DIRECTORY/],
  [['check', 'oci:/nowhere'], /say by which policies: --policy FILE/],
  [['check', 'oci:/nowhere', '--policy', '/nowhere.yaml'], /there is no directory \/nowhere/],
  [['check', 'nginx:1.27', '--policy', 'x'], /there is no file x/],
  [['check', 'https://registry.example.com/a/b', '--policy', 'x'], /is an address; write the reference without https/],
  [['check', 'nginx', '--hub', 'vedette.example.com'], /--hub must be the address of a hub, such as https/],
  [['check', 'nginx', '--hub', 'https://vedette.example.com', '--token-file', '/nowhere/token'], /\/nowhere\/token cannot be read \(ENOENT\)/],
  [['check', 'nginx', '--policy', 'x', '--hub-required'], /--hub-required says nothing without --hub URL/],
  [['check', `oci:${import.meta.dirname}`, '--policy', '/nowhere.yaml'], /there is no file \/nowhere\.yaml/],
  [['check', `oci:${import.meta.dirname}`, '--policy', import.meta.filename], /main\.test\.ts:\d+:\d+: this is not YAML/],
  [['check', `oci:${import.meta.dirname}`, '--policy', join(import.meta.dirname, '..', 'content', 'policies', 'only-from-image.yaml')], /none of these policies has a rule with an action for build/],
  [['check', `oci:${import.meta.dirname}`, '--policy', join(import.meta.dirname, '..', 'content', 'policies', 'image')], /cannot be read: it has no index\.json/],
  [['check', 'oci:x', '--policy', 'x', '--format', 'xml'], /--format must be table, json, sarif, junit, not xml/],
  [['check', 'oci:x', '--policy', 'x', '--unknown', 'pass'], /--unknown must be fail, warn, not pass/],
  [['check', 'oci:x', '--policy', 'x', '--platform', 'linux'], /--platform must be like linux\/amd64/],
  [['check', 'oci:x', '--policy', 'x', '--reference', 'No Name'], /--reference must be the name of an image/],
];

for (const [args, sentence] of mistakes) {
  test(`vedette ${args.join(' ').replace(import.meta.filename, 'FILE')}: exit code 2 and a sentence of what to do`, () => {
    const { code, complaint } = vedette(...args);
    assert.equal(code, 2, complaint);
    assert.match(complaint, sentence);
    assert.ok(!complaint.includes('\n    at '), 'a mistake is no stack trace');
  });
}

test('replaying what is no recording is refused in a sentence, and one that is cut ends with 1', () => {
  const script = join(place, 'script');
  writeFileSync(script, '#!/bin/sh\n');
  const refused = vedette('sensor', 'replay', script);
  assert.equal(refused.code, 2);
  assert.equal(refused.complaint, `${script} is not a recording of Vedette's sensor\n`);
  const empty = join(place, 'empty.vdr');
  writeFileSync(empty, 'VEDETTE-RECORD1\n');
  const cut = vedette('sensor', 'replay', empty);
  assert.deepEqual([cut.code, cut.complaint], [1, `${empty} is not complete: it holds no record at all. What it holds up to there is above.\n`]);
  assert.match(cut.out, /^\{"summary":/);
});
