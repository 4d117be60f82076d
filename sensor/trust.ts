/**
 * A sensor in a cluster: whom it may believe, by the files that the cluster part has written for it, and what it shows in
 * return, its projected service-account token. Read anew each time: the kubelet replaces both while the sensor runs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeFactsInit } from '@vedette/link/transport/client';
import { readCredentials, removeCredentials, type Credentials } from '@vedette/link/transport/credentials';
import { joinThroughRelay } from '@vedette/link/transport/join';
import type { Joining } from '@vedette/link/transport/uplink';
import type { SensorConfig } from './config.ts';

export type ClusterPlace = NonNullable<SensorConfig['cluster']>;

interface Trust {
  readonly relayUrl: string;
  readonly serverName: string;
  readonly authoritiesPem: readonly string[];
}

/** Undefined while the cluster part has not written it whole. */
export function readTrust(directory: string): Trust | undefined {
  const read = (name: string): string => {
    try {
      return readFileSync(join(directory, name), 'utf8').trim();
    } catch {
      return '';
    }
  };
  const [relayUrl, serverName] = [read('relay-url'), read('server-name')];
  const authoritiesPem = read('authorities.pem').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return relayUrl === '' || serverName === '' || authoritiesPem.length === 0 ? undefined : { relayUrl, serverName, authoritiesPem };
}

export function relayJoining({ tokenFile, trustDirectory }: ClusterPlace, node: () => NodeFactsInit): Joining {
  const trust = readTrust(trustDirectory);
  if (trust === undefined) return { kind: 'not-yet', problem: `waiting for the cluster part: it has not written whom to believe yet (${trustDirectory})` };
  let token: string;
  try {
    token = readFileSync(tokenFile, 'utf8').trim();
  } catch {
    return { kind: 'not-yet', problem: `waiting for the service-account token (${tokenFile})` };
  }
  return { kind: 'with', by: token, join: () => joinThroughRelay({ ...trust, token, node: node() }) };
}

/** The cluster part may have another address than when this sensor joined; who it must prove to be does not change by that. */
export function atPresentAddress(place: ClusterPlace, credentials: Credentials): Credentials {
  const trust = readTrust(place.trustDirectory);
  return trust === undefined ? credentials : { ...credentials, hubUrl: trust.relayUrl };
}

/**
 * The state of a node outlives an installation: credentials of another hub, or of this node's time in another cluster, would
 * be refused for ever. The name of the relay tells them apart. Whether they were given up; not while nobody says whom to believe.
 */
export function giveUpForeignCredentials(place: ClusterPlace, directory: string): boolean {
  const trust = readTrust(place.trustDirectory);
  const kept = readCredentials(directory);
  if (trust === undefined || kept.kind !== 'joined' || kept.credentials.serverName === trust.serverName) return false;
  removeCredentials(directory);
  return true;
}
