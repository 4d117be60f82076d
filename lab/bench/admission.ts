/**
 * What admission costs an API server: reviews of pods at a fixed rate over kept connections, open loop (a late answer delays no
 * question, and is counted from when the question was due), beside a webhook that only says yes, interleaved in one run.
 */
import { spawn } from 'node:child_process';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { podReview } from '@vedette/cluster/admit/testing/reviews';
import type { LabRun } from '../lab.ts';
import { percentile } from '../report.ts';

const policies = 12;
const seconds = 10;
const rates = [300, 600] as const;
const connectionsOf = [50, 200] as const;
const images = Array.from({ length: 20 }, (_, index) => `registry.test/shop/service-${index}:1.${index}`);

interface Served {
  readonly port: number;
  readonly path: string;
  readonly authorityPem: string;
  stop(): Promise<void>;
}

async function serve(what: string): Promise<Served> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'admission-webhook.ts'), what], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next() as { value?: string };
  const said = JSON.parse(value ?? '{}') as Omit<Served, 'stop'>;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return { ...said, stop: async () => (child.stdin.end(), await ended) };
}

/** A review as long as those of usual pods. */
function body(index: number): string {
  const environment = Array.from({ length: 40 }, (_, at) => ({ name: `SETTING_${at}`, value: `the value of setting ${at}`.repeat(3) }));
  const spec = { serviceAccountName: 'cart', volumes: [{ name: 'tmp', emptyDir: {} }], containers: [{ name: 'main', image: images[index % images.length]!, env: environment, securityContext: { runAsNonRoot: true } }] };
  return JSON.stringify(podReview(images[index % images.length]!, { uid: `u-${index}`, name: `cart-${index % 500}`, spec }));
}

function agentsFor(served: Served, connections: number): Agent {
  return new Agent({ ca: served.authorityPem, keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
}

function ask(served: Served, agent: Agent, text: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const sent = request({ host: '127.0.0.1', port: served.port, path: served.path, method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, (response) => {
    response.resume().on('end', () => resolve(response.statusCode === 200)).on('error', () => resolve(false));
  });
  sent.on('error', () => resolve(false)).end(text);
  return promise;
}

interface Load {
  readonly rate: number;
  readonly connections: number;
}

/** Milliseconds from when each question was due. */
async function openLoop(served: Served, { rate, connections }: Load): Promise<{ times: number[]; failed: number }> {
  const agent = agentsFor(served, connections);
  await Promise.all(Array.from({ length: connections }, (_, index) => ask(served, agent, body(index))));
  const times: number[] = [];
  let failed = 0;
  const all: Promise<void>[] = [];
  const total = rate * seconds;
  const begun = performance.now();
  for (let index = 0; index < total; ) {
    const dueBy = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * rate) + 1);
    for (; index < dueBy; index += 1) {
      const dueAt = begun + (index / rate) * 1000;
      all.push(ask(served, agent, body(index)).then((isGood) => {
        times.push(performance.now() - dueAt);
        if (!isGood) failed += 1;
      }));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(all);
  agent.destroy();
  return { times, failed };
}

async function closedLoop(served: Served, connections: number): Promise<number> {
  const agent = agentsFor(served, connections);
  const until = performance.now() + 5000;
  let answered = 0;
  await Promise.all(Array.from({ length: connections }, async (_, worker) => {
    for (let index = worker; performance.now() < until; index += connections) answered += (await ask(served, agent, body(index))) ? 1 : 0;
  }));
  agent.destroy();
  return Math.round(answered / 5);
}

export async function admissionCost({ report }: LabRun): Promise<void> {
  report.say(`Admission with ${policies} policies, images of 300 packages, beside a webhook that only says yes`);
  const [whole, empty] = [await serve(String(policies)), await serve('empty')];
  let failed = 0;
  try {
    // once warm, so that the compiler is not measured
    for (const served of [empty, whole]) await closedLoop(served, 20);
    for (const rate of rates) {
      for (const connections of connectionsOf) {
        const base = await openLoop(empty, { rate, connections });
        const one = await openLoop(whole, { rate, connections });
        failed += one.failed + base.failed;
        const words = (times: readonly number[]): string => [0.5, 0.99].map((share) => percentile(times, share).toFixed(1)).join(' / ');
        report.figure(`${rate} a second over ${connections} connections: p50 / p99 ms; only yes`, `${words(one.times)}; ${words(base.times)}`);
        report.aim(`${rate}/s, ${connections} connections: p50 ms`, 5, Number(percentile(one.times, 0.5).toFixed(2)));
        report.aim(`${rate}/s, ${connections} connections: p99 ms`, 25, Number(percentile(one.times, 0.99).toFixed(2)));
      }
    }
    report.figure('closed loop, 50 connections: answers a second; only yes', `${await closedLoop(whole, 50)}; ${await closedLoop(empty, 50)}`);
    report.row('every review was answered', 0, failed);
  } finally {
    await Promise.all([whole.stop(), empty.stop()]);
  }
}
