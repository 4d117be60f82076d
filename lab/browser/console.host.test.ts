/**
 * The console as four people use it, on the real product: a sensor on this kernel, real containers, PostgreSQL, Chromium.
 * Every page is visited and must say what is true of the scene; it must say no error, move nothing that was painted, pass
 * axe in light and dark and fit a phone. Then what people do: work by keyboard, see changes come by themselves, switch and
 * make policies, make tokens, get lost. A picture of each page is left in the state directory, for whoever changed it to look at.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { until } from '../until.ts';
import { Product } from '../product/product.ts';
import { Browser, pictures, screenshot, signIn } from './browser.ts';
import { ConsoleScene, serving, sleeping } from './scene.ts';
import { beforeTheFirstSensor, neverSaid, nothingThere, visitsTo, type Visit } from './visits.ts';
import { PageWatch } from './watch.ts';
import { waitWords, wordsOn } from './words.ts';

const desk = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };
const waitMs = 5000;

let scene: ConsoleScene;
let browser: Browser;
let watch: PageWatch;
let page: Page;
/** The hub that is looked at. */
let address: string;

before(async () => {
  [scene, browser] = await Promise.all([ConsoleScene.start(7471), Browser.start(desk)]);
  page = await browser.page();
  page.setDefaultTimeout(waitMs);
  watch = await PageWatch.on(page);
  address = scene.product.url;
  await Promise.all([serving, sleeping].map(async (name) => await scene.waitContainer(name, (one) => one.identity === 'known', 10_000)));
  await scene.runDropped(serving, 'miner');
  await scene.runDropped(serving, 'scanner');
  await scene.exec(serving, ['/bin/sh', '-c', 'id']);
  await Promise.all([serving, sleeping].map(async (name) => await scene.waitContainer(name, (one) => one.packages !== null && (one.vulnerabilities?.high ?? 0) > 0, 30_000)));
});

after(async () => {
  await browser?.stop();
  await scene?.stop();
});

async function shown(): Promise<string> {
  return await wordsOn(page);
}

async function says(words: RegExp, where?: string): Promise<void> {
  await waitWords(page, words, where);
}

async function settled(): Promise<void> {
  const { value } = await until(async () => await page.evaluate<boolean>("document.querySelector('.bone') === null && document.querySelector('h1') !== null"), waitMs, 20);
  assert.ok(value, `${page.url()} still waits for something:\n${await shown()}`);
  await painted();
}

async function painted(): Promise<void> {
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
}

/** What reaches over the edge on a phone. */
async function widePhone(name: string): Promise<string[]> {
  await page.setViewportSize(phone);
  try {
    await painted();
    await screenshot(page, pictures, `${name}-phone`);
    return await watch.wide();
  } finally {
    await page.setViewportSize(desk);
  }
}

async function open(path: string): Promise<void> {
  await page.goto(`${address}${path}`, { waitUntil: 'load' });
  await settled();
}

/** One page: what it says, what it must not do, in light, dark and on a phone. */
async function visit({ name, path, says: expected, saysNot = [] }: Visit, refusals: readonly number[] = []): Promise<void> {
  watch.at(name, refusals);
  await open(path);
  for (const words of expected) await says(words, name);
  const text = await shown();
  for (const words of [...saysNot, ...neverSaid]) assert.doesNotMatch(text, words, name);
  const faults = [...await watch.faults(), ...await watch.axe()];
  await screenshot(page, pictures, `${name}-light`);
  await page.emulateMedia({ colorScheme: 'dark' });
  faults.push(...(await watch.axe()).map((one) => `in the dark: ${one}`));
  await screenshot(page, pictures, `${name}-dark`);
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual([...faults, ...await widePhone(name)], []);
}

/** What is fetched without a reload keeps the page; a reload would take this mark away. */
async function markPage(): Promise<void> {
  await page.evaluate('window.vedetteMark = true');
}

async function assertNotReloaded(): Promise<void> {
  assert.equal(await page.evaluate('window.vedetteMark === true'), true, 'the page was loaded again');
}

test('signing in: a wrong password is told, the right one leads to where the link pointed', async () => {
  watch.at('sign-in');
  await page.goto(`${address}/vulnerabilities?severity=high`);
  await page.getByTestId('page-sign-in').waitFor();
  await says(/then you are back where you were/);
  assert.deepEqual([...await watch.axe(), ...await watch.wide()], []);
  await screenshot(page, pictures, 'sign-in-light');
  await page.getByTestId('user').fill('admin');
  await page.getByTestId('password').fill('not the password');
  await page.keyboard.press('Enter');
  await says(/(user|password).*(wrong|not|incorrect)|(wrong|not|incorrect).*(user|password)/i);
  await page.getByTestId('password').fill(scene.product.password);
  await page.keyboard.press('Enter');
  await page.getByTestId('row-vulnerability').first().waitFor();
  assert.match(page.url(), /\/vulnerabilities\?severity=high$/);
  assert.equal(await page.getByTestId('row-vulnerability').count(), 2, 'the filter of the link holds');
  assert.deepEqual(await watch.faults(), []);
});

test('every page says what is true, in light, dark and on a phone', async (context) => {
  // What failed above must not fail everything below.
  if (await page.getByTestId('page-sign-in').isVisible()) await signIn(page, address, 'admin', scene.product.password);
  const dropped = await scene.waitIncident((one) => one.outcome === 'would-have-killed' && one.count === 2);
  const shell = await scene.waitIncident((one) => one.source === 'Shell in a container');
  const sensor = (await until(async () => (await scene.client.call('listSensors', {})).items.find((one) => one.reportedAt !== null), 15_000)).value;
  assert.ok(sensor !== null, 'the sensor did not report');
  for (const one of visitsTo({ shellIncident: shell.id, droppedIncident: dropped.id, sensor: sensor.id })) await context.test(one.name, async () => await visit(one));
});

test('the tree of an incident has its depth, its order and its offender', async () => {
  const shell = await scene.waitIncident((one) => one.source === 'Shell in a container');
  await open(`/incidents/${shell.id}`);
  const lines = await page.getByTestId('tree-line').all();
  const seen = await Promise.all(lines.map(async (line) => [await line.getAttribute('data-depth'), (await line.locator('.process-base').innerText()), (await line.getAttribute('class'))!.includes('is-offender')]));
  assert.deepEqual(seen, [['0', 'runc', false], ['1', 'dash', true]]);
  await page.locator('.tree-name').last().click();
  await says(/\/usr\/bin\/dash/);
});

test('changes come by themselves', async () => {
  watch.at('live changes');
  await open('/incidents');
  await page.locator('.badge-live.is-live').waitFor({ timeout: waitMs });
  await markPage();
  await scene.exec(sleeping, ['/bin/sh', '-c', 'hostname']);
  await page.getByTestId('row-incident').filter({ hasText: sleeping }).waitFor({ timeout: waitMs });
  await says(/4 incidents are open/);
  assert.equal((await page.getByTestId('rail-incidents').innerText()).replace(/\s+/g, ' '), 'Incidents 4');
  await assertNotReloaded();
  assert.deepEqual(await watch.faults(), []);
});

test('the keyboard reaches everything', async () => {
  watch.at('keyboard');
  await open('/');
  await markPage();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the page');
  await page.keyboard.press('Tab');
  await page.keyboard.press('?');
  await page.getByTestId('dialog').waitFor();
  await says(/Next row/);
  assert.deepEqual(await watch.axe(), []);
  await screenshot(page, pictures, 'keys-light');
  await page.keyboard.press('Escape');
  await page.getByTestId('dialog').waitFor({ state: 'detached' });
  for (const key of ['g', 'v']) await page.keyboard.press(key);
  await page.getByTestId('row-vulnerability').first().waitFor();
  for (const key of ['j', 'j', 'Enter']) await page.keyboard.press(key);
  await page.getByTestId('panel').waitFor();
  const second = await page.getByTestId('row-vulnerability').nth(1).getAttribute('data-key');
  assert.equal(new URL(page.url()).searchParams.get('open'), second);
  await page.keyboard.press('Escape');
  await page.getByTestId('panel').waitFor({ state: 'detached' });
  await page.keyboard.press('/');
  await page.keyboard.type('CVE-2021-23337');
  await page.keyboard.press('Enter');
  await says(/CVE-2021-23337 in lodash|CVE-2021-23337 .*lodash 4\.17\.15/);
  await page.goBack();
  await settled();
  assert.equal(new URL(page.url()).pathname, '/vulnerabilities');
  await assertNotReloaded();
  assert.deepEqual(await watch.faults(), []);
});

test('an incident is taken, and its history says by whom', async () => {
  watch.at('taking an incident');
  const shell = await scene.waitIncident((one) => one.source === 'Shell in a container' && one.containerName === sleeping);
  await open(`/incidents/${shell.id}`);
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await says(/Acknowledged/);
  await says(/History .*admin/);
  const seen = (await scene.client.call('getIncident', { params: { id: shell.id } })).state;
  assert.equal(seen, 'acknowledged');
  assert.deepEqual([...await watch.faults(), ...await watch.axe()], []);
});

test('a policy is enforced after its consequences were shown, kills, and goes back with one click', async () => {
  watch.at('enforcing');
  await open('/policies/only-from-image');
  await page.getByTestId('mode-enforce').click();
  await page.getByTestId('forecast').waitFor();
  await says(/In the last 7 d it would have killed 2 executions/);
  await says(/To undo/);
  assert.deepEqual(await watch.axe(), []);
  await screenshot(page, pictures, 'enforce-light');
  await page.getByTestId('enforce').click();
  await says(/only-from-image enforces/);
  assert.equal((await scene.client.call('getPolicy', { params: { name: 'only-from-image' } })).mode, 'enforce');
  await until(async () => /1 of 1 sensor/.test(await shown()), waitMs);
  await open('/incidents?kind=verdict&outcome=killed&state=all');
  await markPage();
  await until(async () => {
    await scene.runDropped(serving, 'ransom');
    return (await scene.client.call('listIncidents', { query: { outcome: 'killed' } })).items.length > 0;
  }, 10_000, 300);
  await page.getByTestId('row-incident').first().waitFor({ timeout: waitMs });
  await says(/Killed shop-cart/);
  await assertNotReloaded();
  await page.getByTestId('row-incident').first().locator('a').first().click();
  await says(/ransom Killed/);
  await settled();
  await screenshot(page, pictures, 'killed-light');
  await open('/policies/only-from-image');
  await page.getByTestId('mode-shadow').click();
  await says(/only-from-image watches in shadow/);
  assert.deepEqual(await watch.faults(), []);
});

test('a policy is made, refused where it is wrong, and removed', async () => {
  watch.at('making a policy', [400, 422]);
  await open('/policies');
  await page.getByTestId('new-policy').click();
  const area = page.getByTestId('yaml-area');
  const text = await area.inputValue();
  await area.fill(text.replace('severity: high', 'severity: dire'));
  await page.getByTestId('save-policy').click();
  await page.getByTestId('yaml-problems').waitFor();
  await says(/line 7, column \d+ spec\.severity/);
  assert.deepEqual(await watch.axe(), []);
  await screenshot(page, pictures, 'policy-refused-light');
  await area.fill(text.replace('my-policy', 'nothing-dropped'));
  await page.getByTestId('save-policy').click();
  await says(/nothing-dropped watches in shadow/);
  assert.ok((await scene.client.call('listPolicies', {})).items.some((one) => one.name === 'nothing-dropped'));
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Remove nothing-dropped' }).click();
  await says(/No policy enforces, \d+ watch in shadow/);
  assert.ok(!(await scene.client.call('listPolicies', {})).items.some((one) => one.name === 'nothing-dropped'));
  assert.deepEqual(await watch.faults(), []);
});

test('a token is shown once and can be revoked', async () => {
  watch.at('tokens');
  await open('/tokens');
  await page.getByTestId('new-token').click();
  await page.getByPlaceholder('ci pipeline').fill('nightly report');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await says(/This secret is shown only now/);
  const secret = await page.getByTestId('dialog').locator('.command code').innerText();
  const answer = await fetch(`${scene.product.url}/api/v1/risk`, { headers: { authorization: `Bearer ${secret}` } });
  assert.equal(answer.status, 200);
  await page.getByRole('button', { name: 'Done' }).click();
  await says(/1 token can use the API/);
  assert.ok(!(await shown()).includes(secret));
  await screenshot(page, pictures, 'tokens-one-light');
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('button', { name: 'Revoke nightly report' }).click();
  await says(/There is no API token/);
  assert.equal((await fetch(`${scene.product.url}/api/v1/risk`, { headers: { authorization: `Bearer ${secret}` } })).status, 401);
  assert.deepEqual(await watch.faults(), []);
});

test('adding a host gives one command, and says where its token leads', async () => {
  watch.at('adding a host');
  await open('/fleet?add=host');
  assert.deepEqual(await watch.axe(), []);
  await page.getByTestId('make-token').click();
  await says(/vedette join .*vdt1\./);
  await says(/This token works only on the hub's own machine/);
  assert.deepEqual([...await watch.axe(), ...await watch.faults()], []);
  assert.deepEqual(await widePhone('add-host'), []);
});

test('addresses of nothing, and filters that fit nothing, say so', async (context) => {
  for (const one of nothingThere) await context.test(one.name, async () => await visit(one, [400, 404]));
});

test('signing out ends what can be seen', async () => {
  watch.at('signing out');
  await open('/');
  await page.getByTestId('person').click();
  await page.getByTestId('sign-out').click();
  await page.getByTestId('page-sign-in').waitFor();
  await page.goto(`${address}/incidents`);
  await page.getByTestId('page-sign-in').waitFor();
  assert.doesNotMatch(await shown(), /shop-cart/);
  assert.deepEqual(await watch.faults(), []);
});

test('before the first sensor nothing looks clean', async (context) => {
  const state = mkdtempSync(join(tmpdir(), 'vedette-empty-'));
  const empty = new Product({ state, port: 7473, keep: true, args: ['--no-sensor'] });
  try {
    await empty.start();
    address = empty.url;
    watch.at('the empty hub');
    await signIn(page, empty.url, 'admin', empty.password);
    await settled();
    for (const one of beforeTheFirstSensor) await context.test(one.name, async () => await visit(one));
  } finally {
    address = scene.product.url;
    await empty.stop();
    rmSync(state, { recursive: true, force: true, maxRetries: 5 });
  }
});
