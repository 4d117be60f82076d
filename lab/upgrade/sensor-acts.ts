/**
 * Sensors over the switch: the old one delivers to the new hub what it kept while there was none, the new one takes over its
 * state directory with what is still in the spool, and every execution is counted once, whoever brought it.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SensorView } from '@vedette/model/api/views';
import { version } from '@vedette/model/version';
import { projectRoot } from '../borders/borders.ts';
import { TestCgroup } from '../kernel/cgroup.ts';
import type { ApiClient } from '../product/client.ts';
import { JoinedSensor } from '../product/joined-sensor.ts';
import { stripColour } from '../product/product.ts';
import { until } from '../until.ts';
import { executions, items, password, type Before } from './before-acts.ts';
import { execute, joinedSensor, oldVersionText, settledCount, signedIn, startProduct, tag, url, type Scene } from './scene.ts';

async function versions(client: ApiClient): Promise<[version: unknown, connected: unknown][]> {
  return (await items(client, 'sensors')).map((one): [unknown, unknown] => [one['version'], one['connected']]).sort();
}

/** Until a version gets its own number it bears that of the last tag: then it is known by the canaries, which sensors before 0.3 do not have. */
function isOfThisVersion(sensor: SensorView): boolean {
  return sensor.version === version && sensor.connected && sensor.canaries.expected;
}

/** While the hub is away, the old sensor keeps what it sees. */
export async function awayActs(scene: Scene): Promise<void> {
  scene.lab.report.say(`${tag} is stopped; the sensor of the other host stays`);
  await scene.products.old.stop();
  await execute(scene.cgroups.joined, executions);
}

export async function oldSensorActs(scene: Scene, before: Before): Promise<void> {
  const { report } = scene.lab;
  report.say(`A sensor of ${tag} and this version's hub`);
  const client = before.session;
  const connected = await until(async () => (await versions(client).catch(() => [])).filter(([, is]) => is === true).length === 2, 40_000);
  report.row('both sensors are connected: the one beside the hub is new, the other old', JSON.stringify([[oldVersionText, true], [version, true]].sort()), JSON.stringify(await versions(client).catch(() => [])), connected.ms);
  report.row('they are the sensors that they were, nobody joined anew', before.sensors, (await items(client, 'sensors').catch(() => [])).map((one) => String(one['id'])).sort());
  report.row('what the old one kept while there was no hub is counted once', 2 * executions, await settledCount(client, before.nodes.joined, 2 * executions));
  await Promise.all([execute(scene.cgroups.joined, executions), execute(scene.cgroups.beside, executions)]);
  report.row('what it sees now is counted once', 3 * executions, await settledCount(client, before.nodes.joined, 3 * executions));
  report.row('the new sensor beside the hub, on the state of the old one: counted once', 2 * executions, await settledCount(client, before.nodes.beside, 2 * executions));
}

/** The old sensor fills its spool, ends, and the new one finds it; meanwhile the old hub is refused the migrated database. */
export async function takeOverActs(scene: Scene, before: Before): Promise<void> {
  const { report } = scene.lab;
  report.say("The new sensor takes over the old one's state");
  await scene.products.new.stop();
  await execute(scene.cgroups.joined, executions);
  // that version leaves in the ring what it had not read when it was told to stop; this one does not
  await sleep(2500);
  await before.joined.stop();
  await refusedDowngrade(scene);
  if (scene.lab.sabotage === 'spool') rmSync(join(scene.states.joined, 'sensor', 'spool'), { recursive: true, force: true });
  await startProduct(scene, 'new');
  const client = await signedIn(password);
  const whose = scene.lab.sabotage === 'sensor' ? 'old' : 'new';
  const sensor = joinedSensor(scene, whose, '');
  await sensor.startAgain();
  report.row('what the old sensor had seen and not delivered is counted once', 4 * executions, await settledCount(client, before.nodes.joined, 4 * executions), sensor.output);
  await execute(scene.cgroups.joined, executions);
  report.row('what the new one sees is counted once', 5 * executions, await settledCount(client, before.nodes.joined, 5 * executions), sensor.output);
  await execute(scene.cgroups.joined, executions);
  await sensor.stop();
  await sensor.startAgain();
  report.row('told to stop, it takes along what it had not read yet', 6 * executions, await settledCount(client, before.nodes.joined, 6 * executions), sensor.output);
  const { value: ofThisVersion } = await until(async () => (await client.call('listSensors', {})).items.every(isOfThisVersion), 20_000, 250);
  report.row('both sensors are of this version, and connected', true, ofThisVersion === true, (await client.call('listSensors', {})).items.map((one) => [one.version, one.connected, one.canaries.expected]));
  report.row('… and still the same two', before.sensors, (await items(client, 'sensors')).map((one) => String(one['id'])).sort());
  const losses = (await client.call('listSensors', {})).items.flatMap((one) => one.losses.filter((loss) => ['exec', 'fork'].includes(loss.eventClass)));
  report.row('no execution was lost', [], losses);
  await unusedTokenActs(scene, before, client);
}

/** The old version on a database that it does not know: an end with a sentence, and nothing is changed. */
async function refusedDowngrade(scene: Scene): Promise<void> {
  const { report } = scene.lab;
  const migrations = (checkout: string): number => readdirSync(join(checkout, 'hub', 'store', 'migrations')).length;
  if (migrations(projectRoot()) === migrations(scene.old.checkout)) {
    report.row(`this version has changed nothing in the database of ${tag}: it may go back`, true, true);
    return;
  }
  const outcome = await scene.products.old.start(true).then(() => 'it started', (error: unknown) => stripColour(String(error)));
  await scene.products.old.stop();
  const sentence = /the hub did not start: .*/.exec(outcome)?.[0] ?? outcome;
  report.row(`${tag} does not start on it again, and says why and what to do`, 'migrated by a newer Vedette; start the newer version', sentence, outcome, /migrated to \S+ by a newer Vedette; this hub knows only \d+ migrations\. Start the newer version\./.test(sentence));
}

async function unusedTokenActs(scene: Scene, before: Before, client: ApiClient): Promise<void> {
  const { report } = scene.lab;
  const cgroup = new TestCgroup(`vedette-upgrade-third-${process.pid}`);
  const third = new JoinedSensor({ state: join(scene.lab.place, 'third'), token: before.unusedJoinToken, cgroup: cgroup.path });
  try {
    const joined = await third.start().then(() => 'joined', (error: unknown) => String(error));
    report.row('a join token that the old version made joins one sensor', ['joined', 3], [joined, (await items(client, 'sensors')).length], url);
  } finally {
    await third.stop();
    cgroup.remove();
  }
}
