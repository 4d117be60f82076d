/** The step respond with its surroundings: network, clock, sealed secrets of integrations, whom commands go to, and what is done again and again. */
import { randomUUID } from 'node:crypto';
import type { LiveTopic } from '@vedette/model/api/table';
import type { HubConfig } from './config.ts';
import type { Commands } from './ingest/commands.ts';
import type { Log } from './log.ts';
import { callFor, wouldCall, type IntegrationHeld } from './respond/calls.ts';
import { probeReceiver } from './respond/probe.ts';
import { startResponses, type Responses } from './respond/start.ts';
import type { Rounds } from './rounds.ts';
import type { Database } from './store/database.ts';
import { integrationNamed } from './store/integrations.ts';
import type { Seal } from './trace/seal.ts';
import type { ProbeReceiver } from './trace/start.ts';

const callMsMax = 15_000;
const roundMs = 1000;

export interface RespondDoors {
  readonly database: Database;
  readonly seal: Seal;
  readonly commands: Pick<Commands, 'effectsChanged'>;
  readonly changed: (topics: readonly LiveTopic[], clusterId: string | null, namespace?: string | null) => void;
  readonly source: string;
  readonly log: Log;
}

export function openResponses({ database, seal, commands, changed, source, log }: RespondDoors): Responses {
  const integration = async (name: string): Promise<IntegrationHeld | undefined> => {
    const row = await integrationNamed(database, name);
    if (row === undefined) return undefined;
    const secret = row.secret === null ? null : seal.open(name, row.secret);
    return { kind: row.kind, settings: row.settings, secret, problem: row.secret !== null && secret === null ? `the secret of the integration ${name} cannot be opened with the key of this hub: give it again` : null };
  };
  const calls = { integration, fetch, timeoutMs: callMsMax, source };
  const responses: Responses = startResponses({
    database,
    now: () => new Date(),
    life: randomUUID(),
    call: (call) => callFor(calls, call),
    wouldCall: (call) => wouldCall(call, source),
    commanded: (clusterId, nodeId) => commands.effectsChanged(clusterId, nodeId),
    changed: (clusterId, namespace) => changed(['responses'], clusterId, namespace),
    settled: () => void responses.engine.settle().catch((error: unknown) => log('error', 'responses could not go on', { error: String(error) })),
    log,
  });
  return responses;
}

/** Of the hub's events: by its configured name. */
export function sourceOf(config: HubConfig): string {
  return `/vedette/${config.api.hosts[0] ?? 'hub'}`;
}

const receivers: ReadonlySet<string> = new Set(['webhook', 'slack', 'smtp']);

export function receiverProbe(source: string): ProbeReceiver {
  return (row, secret) => (receivers.has(row.kind) ? probeReceiver({ kind: row.kind, settings: row.settings, secret, problem: row.secret !== null && secret === null ? 'its secret cannot be opened with the key of this hub: give it again' : null }, { fetch, timeoutMs: callMsMax, source }, new Date()) : undefined);
}

export function startResponseRounds(rounds: Rounds, responses: Responses): void {
  rounds.every('responses', roundMs, () => responses.engine.round());
}
