/** What runs on a fresh machine is the whole product: endpoints, sensor, sign-in, live processes; and Ctrl-C ends it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ApiClient } from '../product/client.ts';
import { stripColour } from '../product/product.ts';
import { until } from '../until.ts';
import { interrupt } from './machine.ts';
import { address, clone, testFile, type Scene } from './scene.ts';
import { lastLines, steps, type Started } from './start-acts.ts';

interface EndpointCheck {
  readonly path: string;
  readonly holds: RegExp;
}

const endpointChecks: readonly EndpointCheck[] = [
  { path: '/livez', holds: /^alive$/m },
  { path: '/readyz', holds: /"ready":true/ },
  { path: '/metrics', holds: /^vedette_hub_http_requests_total\{.*\} \d+$/m },
  { path: '/openapi.json', holds: /"openapi":"3\./ },
];

async function endpointActs({ lab, named }: Scene): Promise<void> {
  for (const { path, holds } of endpointChecks) {
    const response = await fetch(`${address}${path}`);
    const text = await response.text();
    lab.report.row(named(`${path} answers`), `200 and ${holds.source}`, `${response.status}`, text.slice(0, 300), response.status === 200 && holds.test(text));
  }
  const page = await fetch(`${address}/`);
  const text = await page.text();
  lab.report.row(named('the console is served'), '200 and a script', `${page.status}`, text.slice(0, 300), page.status === 200 && /<script[^>]+src=/.test(text));
}

async function sensorActs({ lab, named, signal }: Scene, { running }: Started): Promise<void> {
  const seen = await until(async () => {
    signal.throwIfAborted();
    return /sensor on kernel .*|.*sensor (?:does not run|cannot|is blind).*/.exec(stripColour(running.output))?.[0];
  }, 30_000);
  lab.report.row(named('the sensor is on this kernel'), 'sensor on kernel …: … hooks, … rules', seen.value ?? lastLines(running.output), lastLines(running.output), /^sensor on kernel .*: [1-9]\d* hooks?, [1-9]\d* rules?/.test(seen.value ?? ''));
}

/** A process of the machine's own, started when the sensor looks: with its arguments, and gone when it has ended. */
async function processActs({ lab, named, machine, system, signal }: Scene, client: ApiClient): Promise<void> {
  const seconds = `${7100 + Number(system.version)}.5`;
  const own = machine.spawn(['sleep', seconds]);
  const find = async () => {
    signal.throwIfAborted();
    const { items } = await client.call('listProcesses', { query: { search: 'sleep', limit: 200 } });
    return items.find((one) => one.arguments.includes(seconds));
  };
  const listed = await until(find, 10_000);
  lab.report.row(named('a process of the machine is listed live, with path, arguments and host name'), ['/usr/bin/sleep', ['sleep', seconds], `fresh-${system.suite}`], listed.value === null ? 'it is not listed' : [listed.value.path, listed.value.arguments, listed.value.hostname]);
  own.kill();
  const gone = await until(async () => (await find()) === undefined, 10_000);
  lab.report.row(named('it is listed no more when it has ended'), true, gone.value !== null);
  const { items } = await client.call('listProcesses', { query: { search: 'postgres', limit: 200 } });
  lab.report.bound(named("processes of the product's own database that are listed"), 'at least', 5, items.length, items.map((one) => one.path));
}

export async function productActs(scene: Scene, started: Started): Promise<void> {
  const { lab, named } = scene;
  await sensorActs(scene, started);
  await endpointActs(scene);
  const client = new ApiClient(address);
  const signedIn = await client.signIn('admin', started.password).then(() => 'signed in', (error: unknown) => String(error));
  lab.report.row(named('signing in with the password that was shown'), 'signed in', signedIn);
  const { items } = await client.call('listSensors', {});
  lab.report.row(named('the fleet has this one sensor, connected'), [`fresh-${scene.system.suite}`, true], items.flatMap((one) => [one.hostname, one.connected]), items);
  await processActs(scene, client);
}

/** Ctrl-C at the terminal. */
export async function endActs({ lab, named, machine }: Scene, { running }: Started): Promise<void> {
  const begun = performance.now();
  interrupt(running);
  const { code } = await running.ended(30_000);
  lab.report.row(named('Ctrl-C ends it'), 0, code, lastLines(running.output));
  lab.report.bound(named('Ctrl-C ends it within ms'), 'at most', 15_000, Math.round(performance.now() - begun));
  const left = await until(async () => machine.processes().length === 0, 3000);
  lab.report.row(named('after Ctrl-C nothing of it runs'), true, left.value !== null, machine.processes());
}

export async function passwordActs({ lab, named }: Scene, password: string): Promise<void> {
  const signedIn = await new ApiClient(address).signIn('admin', password).then(() => 'signed in', (error: unknown) => String(error));
  lab.report.row(named('the password of the first start still signs in'), 'signed in', signedIn);
}

/** One offset of the sources is wrong from here on. */
function breakLayout(path: string): void {
  const before = readFileSync(path, 'utf8');
  const after = before.replace(/capEffective: \d+/, 'capEffective: 1');
  if (after === before) throw new Error('there is no offset to break');
  writeFileSync(path, after);
}

export async function testActs(scene: Scene): Promise<void> {
  const { lab, named, machine } = scene;
  if (lab.sabotage === 'test') breakLayout(machine.path(`${clone}/sensor/decode/layout.ts`));
  const begun = performance.now();
  lab.report.progress(`npm test -- ${testFile}, which installs what tests need besides:`);
  const { code, output } = await machine.run(['npm', 'test', '--', testFile], 360_000, { directory: clone, onOutput: steps(scene) });
  const text = stripColour(output);
  const count = (what: string) => Number(new RegExp(`^\\S+ ${what} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  lab.report.row(named(`npm test -- ${testFile} ends with 0`), '0, all green', `${code}, ${text.includes('all green') ? 'all green' : lastLines(text, 8)}`, lastLines(text, 30));
  lab.report.bound(named('tests that passed in it'), 'at least', 1, count('pass'), lastLines(text, 30));
  lab.report.row(named('tests that failed or were skipped in it'), [0, 0], [count('fail'), count('skipped')], lastLines(text, 30));
  lab.report.figure(named('seconds for npm test with what it installs'), Math.round((performance.now() - begun) / 1000));
}
