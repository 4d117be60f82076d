/**
 * A flood of one rule on a real kernel, sensor and hub: it arrives as few rows and an exact count, also when the sensor is
 * killed amid it, and another rule is not drowned. Then as a person goes on: the command proposes an exception, applies
 * it, the sensor loads it and the noise stops; taken back, it is there again.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { projectRoot } from '../borders/borders.ts';
import type { ApiClient } from '../product/client.ts';
import { JoinedSensor } from '../product/joined-sensor.ts';
import { hubPlace, Product } from '../product/product.ts';
import { until } from '../until.ts';
import { act, actsProgram } from './acts.ts';
import { TestCgroup } from './cgroup.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-noise-'));
chmodSync(place, 0o755);
const ofHub = hubPlace();
const cgroup = new TestCgroup();
const hub = new Product({ state: ofHub, port: 7489, args: ['--no-sensor'] });
let sensor: JoinedSensor | undefined;
let client: ApiClient;
let token = '';

const noisy = 'Numbered executions';
const flood = 4000;

function rule(name: string, condition: string): string {
  return `- rule: ${name}\n  desc: for a test\n  condition: evt.type = execve and ${condition}\n  output: "%proc.cmdline by %proc.pname"\n  priority: NOTICE\n`;
}

before(async () => {
  await hub.start();
  client = await hub.client();
  const joining = await client.call('createJoinToken', { body: {} });
  sensor = new JoinedSensor({ state: join(place, 'sensor'), token: joining.token, cgroup: cgroup.path });
  await sensor.start();
  token = (await client.call('createToken', { body: { name: 'rules', grants: [{ role: 'operator', place: 'all' }] } })).secret;
  await client.call('putRuleFile', { params: { name: 'test.yaml' }, body: { yaml: rule(noisy, `proc.exepath = ${actsProgram()} and proc.args startswith "- exit"`) } });
});
after(async () => {
  await sensor?.stop();
  await hub.stop();
  cgroup.remove();
  for (const one of [place, ofHub]) rmSync(one, { recursive: true, force: true });
});

/** All detections of a rule, counted by the hub. */
async function counted(name: string): Promise<number> {
  return (await client.call('listNoise', { query: { rule: name } })).items.reduce((sum, one) => sum + one.total, 0);
}

let markers = 0;
/** Until the sensor has the rules that the hub has now: a rule that is put behind all others has fired. */
async function rulesLoaded(): Promise<string> {
  markers += 1;
  const name = `Marker ${markers}`;
  await client.call('putRuleFile', { params: { name: `marker-${markers}.yaml` }, body: { yaml: rule(name, 'proc.name = true') } });
  const found = await until(async () => {
    await act(cgroup, ['execs', '/bin/true', '1', '0']);
    return (await counted(name)) > 0;
  }, 60_000, 100);
  assert.ok(found.value, 'the sensor did not load the rules');
  return name;
}

let acts = 7000;
/** Until what happened before is at the hub: detections come in their order, and this one is known by its number. */
async function arrived(marker: string): Promise<void> {
  acts += 1;
  const words = ` - exit 0 ${acts} `;
  await act(cgroup, ['execs', '/bin/true', '1', String(acts)]);
  const found = await until(async () => {
    const [incident] = (await client.call('listIncidents', { query: { source: marker, state: 'all' } })).items;
    const events = incident === undefined ? [] : (await client.call('getIncident', { params: { id: incident.id } })).events;
    return events.some((one) => one.output.includes(words));
  }, 90_000, 200);
  assert.ok(found.value, `the act${words}did not arrive`);
}

function vedette(...args: readonly string[]): { readonly code: number | null; readonly out: string; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(projectRoot(), 'cli', 'main.ts'), 'rules', ...args, ...(args[0] === 'check' ? [] : ['--hub', hub.url])], { encoding: 'utf8', env: { ...process.env, VEDETTE_TOKEN: token, VEDETTE_STATE: join(place, 'cli'), NO_COLOR: '1' } });
  return { code: status, out: stdout, said: stderr };
}

test('a flood of one rule is few rows and an exact count, with the sensor killed amid it, and drowns no other', { timeout: 280_000 }, async () => {
  const marker = await rulesLoaded();
  const storm = act(cgroup, ['execs', actsProgram(), String(flood), '0']);
  await until(async () => (await counted(noisy)) > 600, 60_000);
  await sensor!.killSensor();
  await storm;
  await arrived(marker);
  const [seen] = (await client.call('listSensors', {})).items;
  assert.equal(await counted(noisy), flood, `lost: ${JSON.stringify(seen?.losses)}, problems: ${JSON.stringify(seen?.problems)}, executions: ${(await client.call('listExecutions', { query: { path: actsProgram(), limit: 1 } })).sum}`);
  const { items } = await client.call('listIncidents', { query: { source: noisy, state: 'all' } });
  assert.equal(items.reduce((sum, one) => sum + one.count, 0), flood);
  const detail = await client.call('getIncident', { params: { id: items[0]!.id } });
  assert.ok(detail.events.some((one) => one.count > 1 && one.varied.includes('proc.cmdline')), 'alike ones are counted as one, and what was not the same is named');
});

test('the command proposes, applies, the noise stops, and is there again when it is taken back', { timeout: 280_000 }, async () => {
  const loud = vedette('noise');
  assert.deepEqual([loud.code, /! 4\d\d\d +4\d\d\d +h[0-9a-f-]{36} +host \S+ +Numbered executions/.test(loud.out)], [1, true], loud.out);
  const file = join(place, 'exceptions.yaml');
  const proposed = vedette('propose', noisy, '--output', file);
  assert.deepEqual([proposed.code, proposed.said.startsWith('Hides 4,000 of 4,000 detections of the last 7 days.')], [0, true], proposed.said);
  assert.match(readFileSync(file, 'utf8'), new RegExp(`proc\\.exepath[^]*${actsProgram()}`));
  const applied = vedette('apply', file);
  assert.match(applied.out, /^exceptions\.yaml is given to all sensors; it has or changes: Numbered executions\.\n$/, applied.said);

  const quiet = await rulesLoaded();
  const before = await counted(noisy);
  await act(cgroup, ['execs', actsProgram(), '300', '0']);
  await arrived(quiet);
  assert.equal(await counted(noisy), before);

  assert.equal(vedette('withdraw', 'exceptions.yaml').out, 'exceptions.yaml is taken back: all sensors load the rules without it.\n');
  const loudAgain = await rulesLoaded();
  await act(cgroup, ['execs', actsProgram(), '300', '0']);
  await arrived(loudAgain);
  assert.equal(await counted(noisy), before + 300);
});
