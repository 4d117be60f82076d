/**
 * The hub's side of the link: what the transport's handlers do. Joining and hello are judged by ingest, deliveries go to
 * the intake, commands come from the command feed.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { LiveTopic } from '@vedette/model/api/table';
import type { HubConfig } from './config.ts';
import type { Commands } from './ingest/commands.ts';
import type { Delivery, DeliveryAnswer } from './ingest/deliver.ts';
import { hashOfSecret } from './ingest/hello.ts';
import type { Log } from './log.ts';
import type { Database } from './store/database.ts';
import { addJoinToken, clusterNamed } from './store/fleet.ts';

export interface LinkDoors {
  readonly database: Database;
  readonly now: () => Date;
  readonly intake: (sensorId: string, delivery: Delivery) => Promise<DeliveryAnswer>;
  readonly commands: Commands;
  readonly changed: (topics: Iterable<LiveTopic>, clusterId: string | null) => void;
  readonly log: Log;
}

export interface RunningLink {
  readonly address: string;
  readonly listening: boolean;
  makeJoinToken(): { token: string; command: string; secretHash: Buffer };
  newJoinToken(cluster: string, createdBy: string, validMinutes: number): Promise<string>;
  close(): Promise<void>;
}

export async function startLink(doors: LinkDoors, config: HubConfig): Promise<RunningLink> {
  const makeJoinToken = (): { token: string; command: string; secretHash: Buffer } => {
    const token = randomBytes(24).toString('base64url');
    return { token, command: `vedette join ${token}`, secretHash: hashOfSecret(token) };
  };
  return {
    address: `${config.link.host}:${config.link.port}`,
    listening: true,
    makeJoinToken,
    async newJoinToken(cluster, createdBy, validMinutes) {
      const made = makeJoinToken();
      const now = doors.now();
      const clusterId = await clusterNamed(doors.database, randomUUID(), cluster, now);
      await addJoinToken(doors.database, { secretHash: made.secretHash, clusterId, createdBy, createdAt: now, expiresAt: new Date(now.getTime() + validMinutes * 60_000) });
      return made.token;
    },
    async close() {
      doors.commands.close();
    },
  };
}
