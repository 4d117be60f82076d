/**
 * The hub's side of the link: what the transport's handlers do. Joining and hello are judged by ingest, deliveries go
 * to the intake, commands come from the command feed; certificates are signed here and written down with what they are
 * for. The listener's own certificate is made at every start and renewed while it runs.
 */
import os from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import type { LiveTopic } from '@vedette/model/api/table';
import type { IssuedCertificate } from '@vedette/link/transport/authority';
import type { HubHandlers, ImageAnswered } from '@vedette/link/transport/hub-handlers';
import { createJoinToken, formatJoinToken } from '@vedette/link/transport/join-token';
import { createHubServer } from '@vedette/link/transport/hub-server';
import type { ImageAnswer } from './assess/image-answers.ts';
import type { HubConfig } from './config.ts';
import type { Commands } from './ingest/commands.ts';
import type { Delivery, DeliveryAnswer } from './ingest/deliver.ts';
import { helloFrom, renewSensor } from './ingest/hello.ts';
import { hashOfSecret, joinPart, type MadeCertificate } from './ingest/join.ts';
import { authoritiesIn } from './link-authority.ts';
import type { Log } from './log.ts';
import type { Owner } from './state.ts';
import type { Database } from './store/database.ts';
import { clusterOfPart, isSensorOf } from './store/clusters.ts';
import { addJoinToken, clusterNamed, speakingSensor, type PartKind } from './store/fleet.ts';

export interface LinkDoors {
  readonly database: Database;
  readonly now: () => Date;
  readonly intake: (sensorId: string, delivery: Delivery) => Promise<DeliveryAnswer>;
  readonly commands: Commands;
  readonly changed: (topics: Iterable<LiveTopic>, clusterId: string | null) => void;
  readonly log: Log;
  readonly owner: Owner | undefined;
  /** What is known of an image of this name, for a cluster. */
  readonly answerImage: (wanted: { readonly reference: string; readonly clusterId: string; readonly waitMs: number }) => Promise<ImageAnswer>;
}

export interface RunningLink {
  /** host:port as it listens. */
  readonly address: string;
  readonly listening: boolean;
  readonly connections: number;
  makeJoinToken(part?: PartKind): { token: string; command: string; secretHash: Buffer };
  newJoinToken(cluster: string, createdBy: string, validMinutes: number, part?: PartKind): Promise<string>;
  renewCertificate(): Promise<void>;
  close(): Promise<void>;
}

function recorded(issued: IssuedCertificate): MadeCertificate {
  return { serial: issued.serial, issuedAt: new Date(issued.notBeforeMs), expiresAt: new Date(issued.notAfterMs) };
}

function handlersOf(doors: LinkDoors): HubHandlers {
  const { database, now, intake, commands, changed, log, answerImage } = doors;
  return {
    async join({ remoteAddress, ...claim }, certify) {
      const answer = await joinPart(database, claim, async ({ sensorId }) => recorded(await certify(sensorId)), now());
      if (answer === undefined || 'refused' in answer) {
        log('warn', 'a join was refused', { remoteAddress, ...(answer === undefined ? {} : { reason: answer.refused }) });
        return answer;
      }
      log('info', claim.part === 'cluster' ? 'a cluster part joined' : 'a sensor joined', { ...answer.joined, hostname: claim.node?.hostname ?? '', remoteAddress });
      for (const retired of answer.retired) commands.removed(retired);
      changed(['sensors'], answer.joined.clusterId);
      return answer.joined;
    },
    async mayRelay(partId, sensorId) {
      const clusterId = await clusterOfPart(database, partId);
      if (clusterId === undefined) return 'part-removed';
      return (await isSensorOf(database, clusterId, sensorId)) ? 'may' : 'may-not';
    },
    clusterOfPart: (partId) => clusterOfPart(database, partId),
    async hello(sensorId, said) {
      const answer = await helloFrom(database, sensorId, said, now());
      if (answer.kind === 'accepted') changed(['sensors', 'processes', 'containers'], (await speakingSensor(database, sensorId))?.cluster_id ?? null);
      else log('warn', 'a hello was refused', { sensorId, ...answer });
      return answer;
    },
    deliver: (sensorId, delivery) => intake(sensorId, delivery),
    commands: (sensorId, session, signal) => commands.stream(sensorId, session, signal),
    async imageFacts(sensorId, references, waitMs) {
      const asking = await speakingSensor(database, sensorId);
      if (asking === undefined || asking.removed) return 'removed';
      // a few at most, and somebody waits for all of them
      const answers = await Promise.all(references.map((reference) => answerImage({ reference, clusterId: asking.cluster_id, waitMs })));
      return answers.map(({ learnedAt, ...one }): ImageAnswered => ({ ...one, learnedAtMs: learnedAt?.getTime() ?? 0 }));
    },
    renew: (sensorId, certify) => renewSensor(database, sensorId, async () => recorded(await certify())),
  };
}

const anywhere = new Set(['0.0.0.0', '::']);

/** Names by which sensors reach the listener; the first one stands in join tokens. */
export function namesOf(link: HubConfig['link']): readonly [string, ...string[]] {
  const own = anywhere.has(link.host) ? os.hostname() : link.host;
  const names = new Set([...link.names, own, 'localhost', '127.0.0.1', '::1']);
  return [...names] as [string, ...string[]];
}

export async function startLink(doors: LinkDoors, config: HubConfig): Promise<RunningLink> {
  const directory = path.join(config.stateDirectory, 'authority');
  const nowMs = (): number => doors.now().getTime();
  const names = namesOf(config.link);
  let authorities = await authoritiesIn(directory, doors.owner, nowMs());
  const server = createHubServer({
    handlers: handlersOf(doors),
    authorities,
    certificate: await authorities[0].signServer(names, nowMs()),
    nowMs,
    onFault: (error) => doors.log('error', 'a fault of our own on the link', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  });
  const { address, port } = await server.listen(config.link.port, config.link.host);
  const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
  const url = `https://${bracketed(names[0])}:${port}`;
  let listening = true;

  const makeJoinToken = (part: PartKind = 'sensor'): { token: string; command: string; secretHash: Buffer } => {
    // The fingerprint that joiners check is that of the authority whose chain the listener shows.
    const made = createJoinToken(url, authorities[0].fingerprint);
    const token = formatJoinToken(made);
    return { token, command: part === 'cluster' ? `vedette cluster --hub-token ${token}` : `vedette join ${token}`, secretHash: hashOfSecret(made.secret) };
  };
  return {
    address: `${bracketed(address)}:${port}`,
    get listening() {
      return listening;
    },
    get connections() {
      return server.connections;
    },
    makeJoinToken,
    async newJoinToken(cluster, createdBy, validMinutes, part = 'sensor') {
      const made = makeJoinToken(part);
      const at = doors.now();
      const clusterId = await clusterNamed(doors.database, randomUUID(), cluster, at);
      await addJoinToken(doors.database, { secretHash: made.secretHash, clusterId, createdBy, createdAt: at, expiresAt: new Date(at.getTime() + validMinutes * 60_000), part });
      return made.token;
    },
    async renewCertificate() {
      authorities = await authoritiesIn(directory, doors.owner, nowMs());
      server.replace(await authorities[0].signServer(names, nowMs()), authorities);
    },
    async close() {
      listening = false;
      doors.commands.close();
      await server.close();
    },
  };
}
