/**
 * The engine of responses in a process of its own, for the test that kills it: goes on with all open runs until nothing is left, or ends itself by SIGKILL before or after
 * the first call of the kind it is told. Not part of the product.
 */
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../store/database.ts';
import { openResponseRuns } from '../store/responses.ts';
import { callFor, wouldCall, type IntegrationHeld } from './calls.ts';
import { ResponseEngine } from './engine.ts';

interface Task {
  readonly host: string;
  readonly integrations: Readonly<Record<string, IntegrationHeld>>;
  readonly kill: { readonly kind: string; readonly at: 'before' | 'after' } | null;
}

const task = JSON.parse(Buffer.from(process.argv[2] ?? '', 'base64').toString('utf8')) as Task;
const die = (kind: string, at: string): void => {
  if (task.kill?.kind === kind && task.kill.at === at) process.kill(process.pid, 'SIGKILL');
};
const database = await openDatabase({ host: task.host, database: 'vedette', user: 'vedette' });
const doors = { integration: async (name: string) => task.integrations[name], fetch, timeoutMs: 5000, source: '/test' };
const engine = new ResponseEngine({
  database,
  now: () => new Date(),
  life: randomUUID(),
  call: async (call) => {
    die(call.order.kind, 'before');
    const outcome = await callFor(doors, call);
    die(call.order.kind, 'after');
    return outcome;
  },
  wouldCall: (call) => wouldCall(call, '/test'),
  commanded: () => undefined,
  changed: () => undefined,
  log: () => undefined,
});
process.stdout.write('ready\n');
while ((await openResponseRuns(database, 1)).length > 0) {
  await engine.settle();
  await sleep(10);
}
await engine.idle();
await database.close();
