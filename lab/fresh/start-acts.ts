/** Node on a machine that has only what Debian gives, and the first `npm start`: from nothing to ready. */
import { setTimeout as sleep } from 'node:timers/promises';
import { stripColour } from '../product/product.ts';
import { until } from '../until.ts';
import type { Running } from './running.ts';
import { address, clone, port, type Scene } from './scene.ts';

const firstStartMs = 420_000;

export interface Started {
  readonly running: Running;
  readonly password: string;
}

export function lastLines(text: string, count = 12): string {
  return stripColour(text).trim().split('\n').slice(-count).join('\n');
}

/** What `npm start` says it will bring must not be there yet. */
export async function bareActs(scene: Scene): Promise<void> {
  const { machine, named, system } = scene;
  const { report } = scene.lab;
  const release = await machine.run(['sh', '-c', '. /etc/os-release && echo "$ID $VERSION_ID"'], 10_000);
  report.row(named('it is the Debian it claims to be'), `debian ${system.version}`, release.output.trim());
  const found = ['/usr/bin/clang', '/usr/include/bpf/libbpf.h', '/usr/sbin/bpftool', '/usr/bin/git', '/usr/bin/chromium', '/var/lib/vedette', `${clone}/node_modules`].filter((one) => machine.has(one));
  report.row(named('nothing of what the product needs is there, and the clone holds no packages and no state'), [], found);
  report.row(named('the clone is there'), true, machine.has(`${clone}/package-lock.json`));
}

/** Debian 12's own Node is too old: the product must say so, and what to do must be enough. */
export async function oldNodeActs(scene: Scene): Promise<void> {
  const { machine, named } = scene;
  const { report } = scene.lab;
  const old = await machine.run(['npm', 'start'], 60_000, { directory: clone });
  const sentence = stripColour(old.output).split('\n').find((line) => /Node 20/.test(line)) ?? '';
  report.row(named("npm start on Debian's own Node 18 ends and says why"), 'not 0, needs Node 20, what to type', `${old.code}, ${sentence}`, lastLines(old.output), old.code !== 0 && /needs Node 20 or newer.*v18.*npm install --global node@20/.test(sentence));
  if (scene.lab.sabotage === 'node') return;
  report.progress('npm i -g node@20');
  const installed = await machine.run(['npm', 'i', '-g', 'node@20'], 180_000);
  report.row(named('npm i -g node@20 ends with 0'), 0, installed.code, lastLines(installed.output));
}

export async function nodeActs(scene: Scene): Promise<void> {
  const { machine, named } = scene;
  const { output } = await machine.run(['sh', '-c', 'echo "node $(node --version), npm $(npm --version)"'], 20_000);
  scene.lab.report.row(named('node is 20'), 'node v20', output.trim(), '', /^node v20\./m.test(output));
}

/** Shows the steps that a command of the machine names, as it names them. */
export function steps({ lab }: Scene): (output: string) => void {
  let shownLines = 0;
  return (output) => {
    const lines = stripColour(output).split('\n').slice(0, -1);
    for (const line of lines.slice(shownLines)) if (/^\s*[▶✓✗…!] /.test(line)) lab.report.progress(`  ${line.trim()}`);
    shownLines = lines.length;
  };
}

export async function isReady(): Promise<boolean> {
  return await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(2000) }).then((response) => response.ok, () => false);
}

/** Starts the product and waits until it answers; null when it ended or time was up. */
export async function waitReady(scene: Scene, running: Running, timeoutMs: number): Promise<number | null> {
  const { value, ms } = await until(async () => {
    scene.signal.throwIfAborted();
    return (await isReady()) ? 'ready' : running.end === null ? null : 'ended';
  }, timeoutMs);
  return value === 'ready' ? ms : null;
}

function sabotageSettings({ lab, machine }: Scene): Promise<unknown> {
  if (lab.sabotage === 'debian') return machine.run(['sh', '-c', 'rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*'], 10_000);
  // the port of nobody: what npm asks for is refused
  if (lab.sabotage === 'npm') return machine.run(['sh', '-c', 'printf "registry=http://127.0.0.1:9/\\nfetch-retries=0\\n" >> /root/.npmrc'], 10_000);
  return Promise.resolve();
}

const planned = ['Debian package clang', 'Debian package libbpf-dev', 'system user    vedette-hub', 'system user    vedette-sensor', 'npm packages of package-lock.json'];

export async function firstStartActs(scene: Scene): Promise<Started | null> {
  const { machine, named } = scene;
  const { report } = scene.lab;
  await sabotageSettings(scene);
  let atPlan: string | null = null;
  report.progress('npm start, for the first time:');
  const shown = steps(scene);
  const running = machine.spawn(['npm', 'start'], {
    directory: clone,
    environment: { PORT: String(port) },
    onOutput: (output) => {
      shown(output);
      if (atPlan === null && output.includes(planned.at(-1)!)) atPlan = ['/usr/bin/clang', `${clone}/node_modules`].filter((one) => machine.has(one)).join(', ') || 'nothing yet';
    },
  });
  const readyMs = await waitReady(scene, running, firstStartMs);
  const output = stripColour(running.output);
  report.row(named('npm start says first what it will install'), planned, planned.filter((one) => output.includes(one)), lastLines(output, 30));
  report.row(named('what was installed when it said so'), 'nothing yet', atPlan ?? 'it did not say so');
  const isUp = report.row(named('npm start reaches /readyz'), 'ready', readyMs === null ? lastLines(output) : 'ready', lastLines(output));
  if (!isUp) return null;
  report.figure(named('seconds from nothing to ready'), Math.round(readyMs! / 1000));
  // kernel programs are compiled before it speaks, which takes a while on a busy machine
  await until(async () => stripColour(running.output).includes('Advisories:'), 60_000);
  const said = stripColour(running.output);
  report.row(named('it says where the console is'), address, /is watching this host\.\s+(\S+)/.exec(said)?.[1] ?? '', lastLines(said));
  const password = /First sign-in: admin \/ (\S+)/.exec(said)?.[1] ?? '';
  report.row(named('it says how to sign in, once'), 'a password of 16 letters and digits or more', password === '' ? 'no password' : 'a password of 16 letters and digits or more', lastLines(said), /^[\w-]{16,}$/.test(password));
  return { running, password };
}

/** Of a first start, and of the second: what was printed belongs to the person who started it. */
export async function secondStart(scene: Scene): Promise<Running> {
  const { machine, named } = scene;
  const { report } = scene.lab;
  const running = machine.spawn(['npm', 'start'], { directory: clone, environment: { PORT: String(port) } });
  const readyMs = await waitReady(scene, running, 60_000);
  report.bound(named('the second start is ready after ms'), 'at most', 10_000, readyMs ?? Number.NaN, lastLines(running.output));
  await until(async () => stripColour(running.output).includes('Sign in with the password'), 10_000);
  await sleep(200, undefined, { signal: scene.signal });
  const said = stripColour(running.output);
  report.row(named('the second start installs nothing and shows no password'), 'neither', [/still needs/, /First sign-in/].some((one) => one.test(said)) ? lastLines(said, 30) : 'neither', lastLines(said, 30));
  return running;
}
