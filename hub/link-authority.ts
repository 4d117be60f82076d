/**
 * The authorities of this hub on disk, in a directory that only the hub may read: one pair of files each. The first
 * start makes one; long before the newest ends another is made, and all that are valid are trusted, so that sensors hear
 * of the new one while the old one still holds.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createAuthority, loadAuthority, signingAuthority, type Authority } from '@vedette/link/transport/authority';
import { linkServerBounds } from '@vedette/link/transport/server';
import { writeTextFile, type Owner } from './state.ts';

const dayMs = 86_400_000;
/** A new authority this long before the newest one ends. */
const overlapMs = 400 * dayMs;
const authoritiesMax = 20;

/** The one that signs first, then the others that are trusted. */
export async function authoritiesIn(directory: string, owner: Owner | undefined, nowMs: number): Promise<readonly [Authority, ...Authority[]]> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = (await readdir(directory)).filter((name) => /^[0-9a-f]{64}\.pem$/.test(name)).slice(0, authoritiesMax);
  const known: Authority[] = [];
  for (const name of names) {
    const [certificate, key] = [await readFile(path.join(directory, name), 'utf8'), await readFile(path.join(directory, name.replace('.pem', '.key')), 'utf8')];
    known.push(await loadAuthority(certificate, key));
  }
  const valid = known.filter((authority) => authority.notAfterMs > nowMs);
  if (!valid.some((authority) => authority.notAfterMs - nowMs > overlapMs)) valid.push(await makeAuthority(directory, owner, nowMs));
  const signer = signingAuthority(valid, nowMs, linkServerBounds.renewGraceMs) ?? valid[0]!;
  return [signer, ...valid.filter((authority) => authority !== signer)];
}

/** The key is written first: a certificate without its key would be trusted and of no use. */
async function makeAuthority(directory: string, owner: Owner | undefined, nowMs: number): Promise<Authority> {
  const { authority, privateKeyPem } = await createAuthority(nowMs);
  await writeTextFile(path.join(directory, `${authority.fingerprint}.key`), privateKeyPem, owner);
  await writeTextFile(path.join(directory, `${authority.fingerprint}.pem`), authority.certificatePem, owner);
  return authority;
}
