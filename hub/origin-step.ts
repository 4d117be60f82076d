/** The step trace with its surroundings: network, clock, the key file for secrets, the file of declared integrations, and what is done again and again. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HubConfig } from './config.ts';
import type { Log } from './log.ts';
import type { Rounds } from './rounds.ts';
import type { Database } from './store/database.ts';
import { lookup } from './trace/guard.ts';
import { sealFrom } from './trace/seal.ts';
import { startOrigin, type Origin, type ProbeReceiver } from './trace/start.ts';

const fileBytesMax = 2 ** 20;
const dayMs = 86_400_000;
/** A busy registry is left to the next round sooner than a person at the terminal would leave it. */
const waitMsMax = 5000;

export async function openOrigin(config: HubConfig, database: Database, doors: { readonly changed: () => void; readonly log: Log; readonly probeReceiver: ProbeReceiver }): Promise<Origin> {
  const { everyMinutes, atOnceMax, timeoutSeconds, imageSecondsMax } = config.origin;
  return startOrigin({
    database,
    seal: await sealFrom(path.join(config.stateDirectory, 'integrations.key')),
    world: { fetch, lookup, clock: Date.now, sleep: async (ms) => void (await sleep(ms)), timeoutMs: timeoutSeconds * 1000, waitMsMax },
    everyMinutes,
    atOnceMax,
    imageSecondsMax,
    ...doors,
  });
}

export function startOriginRounds(rounds: Rounds, config: HubConfig, origin: Origin, log: Log): void {
  const { integrationsFile } = config;
  if (integrationsFile !== undefined) rounds.every('declared integrations', 5000, followFile(integrationsFile, origin, log));
  rounds.every('origin', 2000, () => origin.tracer.round());
  rounds.every('forgotten images', dayMs, () => origin.forget(new Date(Date.now() - config.origin.keepDays * dayMs)));
}

/** Read again when it changed; one that cannot be used leaves what was declared before in force. */
function followFile(file: string, origin: Origin, log: Log): () => Promise<void> {
  let seen = '';
  return async () => {
    const found = await stat(file).catch(() => null);
    const state = found === null ? 'gone' : `${found.mtimeMs} ${found.size} ${found.ino}`;
    if (state === seen) return;
    const problems = found === null ? ['it is not there'] : found.size > fileBytesMax ? [`it is larger than ${fileBytesMax} bytes`] : await origin.declare(await readFile(file, 'utf8'));
    seen = state;
    if (problems.length > 0) log('error', 'the file of integrations cannot be used', { file, problems });
    else log('info', 'the declared integrations were read', { file });
  };
}
