/** The sensor's side of the link: joins with a one-time token at the hub, or in a cluster through its cluster part. */
import { createLinkClient } from '@vedette/link/transport/client';
import { tokenJoining, Uplink, type Joining } from '@vedette/link/transport/uplink';
import type { Spools } from '@vedette/link/spool/spools';
import type { Command } from '@vedette/model/wire/generated/link_pb';
import { schema } from './decode/layout.ts';
import type { Log } from './log.ts';
import { nodeFacts } from './node-facts.ts';
import { atPresentAddress, giveUpForeignCredentials, relayJoining, type ClusterPlace } from './trust.ts';

export interface SensorUplinkOptions {
  readonly directory: string;
  readonly joinTokenFile: string | undefined;
  readonly cluster?: ClusterPlace | undefined;
  readonly spools: Spools;
  readonly bootId: string;
  readonly log: Log;
  readonly onCommand: (command: Command) => void;
  /** How often it looks for a token; 2000. */
  readonly lookAgainMs?: number;
}

export function sensorUplink(options: SensorUplinkOptions): Uplink {
  const { directory, joinTokenFile, cluster, spools, bootId, log, onCommand, lookAgainMs } = options;
  const node = () => nodeFacts(bootId, cluster?.nodeName ?? null);
  if (cluster !== undefined && giveUpForeignCredentials(cluster, directory)) log('warn', 'the credentials on this node were of another cluster or hub: it joins anew');
  const joining = (): Joining => {
    if (cluster !== undefined) return relayJoining(cluster, node);
    if (joinTokenFile === undefined) return { kind: 'not-yet', problem: 'this sensor has not joined a hub: records wait in the spool (vedette join TOKEN)' };
    return tokenJoining(joinTokenFile, () => ({ node: node() }));
  };
  return new Uplink({
    directory,
    joining,
    spools,
    schemaVersion: schema,
    node,
    log,
    onCommand,
    lookAgainMs,
    ...(cluster === undefined ? {} : { client: (credentials) => createLinkClient(atPresentAddress(cluster, credentials)) }),
  });
}
