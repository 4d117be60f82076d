/**
 * Passwords as argon2id hashes in the PHC string format. Hashing costs 64 MiB and a noticeable time on purpose, so only
 * a few run at once and only a few may wait: a flood of sign-ins must not take the hub's memory.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Problem } from '@vedette/model/problem';

const derive = promisify(argon2);
const cost = { memory: 65_536, passes: 3, parallelism: 1 };
const tagLength = 32;
const atOnceMax = 2;
const waitingMax = 16;

let running = 0;
const waiting: (() => void)[] = [];

async function bounded<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnceMax) {
    if (waiting.length >= waitingMax) throw new Problem('too-many-attempts');
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const tag = await bounded(() => derive('argon2id', { message: password, nonce: salt, tagLength, ...cost }));
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${base64(salt)}$${base64(tag)}`;
}

const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

export async function isPassword(password: string, hash: string): Promise<boolean> {
  const parts = phc.exec(hash);
  if (parts === null) return false;
  const wanted = Buffer.from(parts[5]!, 'base64');
  const tag = await bounded(() =>
    derive('argon2id', { message: password, nonce: Buffer.from(parts[4]!, 'base64'), tagLength: wanted.length, memory: Number(parts[1]), passes: Number(parts[2]), parallelism: Number(parts[3]) }),
  );
  return timingSafeEqual(tag, wanted);
}

/** Four groups of four letters and digits that are not mistaken for each other: 80 bits. */
export function makePassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'; // 31; 16 characters of it are 79 bits
  let password = '';
  while (password.replaceAll('-', '').length < 16) {
    const byte = randomBytes(1)[0]!;
    if (byte >= 248) continue; // 248 = 8 × 31: no letter is likelier than another
    if (password.length % 5 === 4) password += '-';
    password += alphabet[byte % 31];
  }
  return password;
}
