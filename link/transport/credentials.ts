/**
 * What a joined sensor owns: who it is, its key, its certificate, and the authorities that its hub may come from. One
 * file (0600), replaced as a whole and synced, so that a crash leaves either the old pair of key and certificate or
 * the new one. The key is made on this machine and is in no message.
 */
import { X509Certificate } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Part } from './certificate-text.ts';

export interface Credentials {
  readonly hubUrl: string;
  readonly sensorId: string;
  readonly nodeId: string;
  readonly clusterId: string;
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  /** All that are trusted now, so that authorities can overlap. */
  readonly authoritiesPem: readonly string[];
  /** Whom the other end must prove to be when that is not the name in its address: the relay of a cluster. */
  readonly serverName?: string;
  /** What the certificate is for; absent: a sensor. */
  readonly part?: Part;
}

export type CredentialsOnDisk =
  | { readonly kind: 'joined'; readonly credentials: Credentials }
  | { readonly kind: 'absent' }
  | { readonly kind: 'broken'; readonly reason: string };

export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Half-way through its life. */
  readonly renewMs: number;
}

const fileName = 'credentials.json';

export function validityOf(credentials: Credentials): Validity {
  const certificate = new X509Certificate(credentials.certificatePem);
  const notBeforeMs = certificate.validFromDate.getTime();
  const notAfterMs = certificate.validToDate.getTime();
  return { notBeforeMs, notAfterMs, renewMs: notBeforeMs + (notAfterMs - notBeforeMs) / 2 };
}

export function readCredentials(directory: string): CredentialsOnDisk {
  let text: string;
  try {
    text = readFileSync(path.join(directory, fileName), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'absent' };
    return { kind: 'broken', reason: `The credentials cannot be read: ${messageOf(error)}` };
  }
  try {
    const credentials = credentialsOf(JSON.parse(text));
    if (credentials === undefined) return { kind: 'broken', reason: 'The credentials do not have their form: join again.' };
    validityOf(credentials);
    return { kind: 'joined', credentials };
  } catch (error) {
    return { kind: 'broken', reason: `The credentials cannot be used, join again: ${messageOf(error)}` };
  }
}

/** Yields why it failed; then the file is as it was. */
export function writeCredentials(directory: string, credentials: Credentials): string | undefined {
  const target = path.join(directory, fileName);
  const fresh = `${target}.new`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    rmSync(fresh, { force: true });
    const file = openSync(fresh, 'wx', 0o600);
    try {
      const bytes = Buffer.from(`${JSON.stringify({ version: 1, ...credentials }, undefined, 2)}\n`);
      if (writeSync(file, bytes) !== bytes.length) return 'The disk took only a part of the credentials.';
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, target);
    syncDirectory(directory);
    return undefined;
  } catch (error) {
    return `The credentials cannot be written: ${messageOf(error)}`;
  }
}

/** The sensor was removed from the fleet: forget who it was. */
export function removeCredentials(directory: string): void {
  rmSync(path.join(directory, fileName), { force: true });
  syncDirectory(directory);
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function credentialsOf(value: unknown): Credentials | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map(Object.entries(value));
  const text = (name: string): string => {
    const field: unknown = fields.get(name);
    return typeof field === 'string' ? field : '';
  };
  const part = text('part') === 'cluster' ? 'cluster' : 'sensor';
  const authorities: unknown = fields.get('authoritiesPem');
  const credentials: Credentials = {
    hubUrl: text('hubUrl'), sensorId: text('sensorId'), nodeId: text('nodeId'), clusterId: text('clusterId'),
    privateKeyPem: text('privateKeyPem'), certificatePem: text('certificatePem'),
    authoritiesPem: Array.isArray(authorities) ? authorities.filter((authority): authority is string => typeof authority === 'string') : [],
    ...(text('serverName') === '' ? {} : { serverName: text('serverName') }),
    ...(part === 'sensor' ? {} : { part }),
  };
  // a cluster part is on no node
  const complete = fields.get('version') === 1 && Object.entries(credentials).every(([name, field]) => field.length > 0 || (name === 'nodeId' && part === 'cluster'));
  return complete ? credentials : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
