/**
 * Secrets of integrations at rest: AES-256-GCM under a key that lies in the state directory, apart from the database. The name is bound
 * into the seal, so a secret cannot be moved to another integration by whoever can write rows. A key file that is gone or another one makes
 * secrets unreadable, which is said of each integration and never ends the hub. Form: version, nonce (12), tag (16), text.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, link, open, readFile, rm } from 'node:fs/promises';

const version = 1;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

export interface Seal {
  close(name: string, secret: string): Buffer;
  /** null: not by this key, or not for this name. */
  open(name: string, sealed: Buffer): string | null;
}

/** The key as base64 in a file of its own, made at the first start, readable by its owner alone. */
export async function sealFrom(file: string): Promise<Seal> {
  if (!existsSync(file)) await makeKey(file);
  const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'base64');
  if (key.length !== keyBytes) throw new Error(`${file} does not hold a key of ${keyBytes} bytes in base64. Put the right one back, or remove the file and give the secrets of the integrations again.`);
  await chmod(file, 0o600);
  return sealWith(key);
}

/** Appears whole or not at all; of two that start together, the first one's key is the key. */
async function makeKey(file: string): Promise<void> {
  const partial = `${file}.${randomBytes(6).toString('hex')}`;
  const made = await open(partial, 'wx', 0o600);
  try {
    await made.writeFile(`${randomBytes(keyBytes).toString('base64')}\n`);
    await made.sync();
  } finally {
    await made.close();
  }
  try {
    await link(partial, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(partial);
  }
}

export function sealWith(key: Buffer): Seal {
  return {
    close(name, secret) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), text]);
    },
    open(name, sealed) {
      if (sealed.length < 1 + nonceBytes + tagBytes || sealed[0] !== version) return null;
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + nonceBytes)).setAAD(Buffer.from(name)).setAuthTag(sealed.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}
