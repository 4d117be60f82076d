/**
 * Sessions and API tokens: how a caller proves who they are. The session cookie is opaque, HttpOnly and SameSite=Strict;
 * only hashes are stored. Writes with a cookie also need the session's CSRF token in a header and, where the browser
 * says where it comes from, the same origin. Tokens are bearer secrets with the prefix vdk_; no browser sends them by
 * itself, so they need neither.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { scopeFor, type Permission } from '@vedette/model/access';
import { Problem } from '@vedette/model/problem';
import type { FastifyRequest } from 'fastify';
import { addAudit, addSession, personNamed, sessionBy, tokenBy } from '../store/access.ts';
import type { Database } from '../store/database.ts';
import { FailedAttempts } from './attempts.ts';
import type { Caller } from './caller.ts';
import { hashPassword, isPassword } from './passwords.ts';

export const cookieName = 'vedette_session';
export const csrfHeader = 'x-vedette-csrf';
export const tokenPrefix = 'vdk_';
const sessionHours = 12;

export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Derived, so that it needs no place of its own; it tells nothing about the session's secret. */
function csrfOf(sessionSecret: string): string {
  return createHash('sha256').update(`csrf ${sessionSecret}`).digest('base64url');
}

export interface SignInDoors {
  readonly database: Database;
  readonly now: () => Date;
}

export interface SignedIn {
  readonly secret: string;
  readonly caller: Caller;
}

export class SignIn {
  readonly #doors: SignInDoors;
  readonly #attempts = new FailedAttempts();
  #decoy: string | undefined;
  failures = 0;

  constructor(doors: SignInDoors) {
    this.#doors = doors;
  }

  async withPassword(user: string, password: string, from: { readonly address: string; readonly agent: string | null }): Promise<SignedIn> {
    const { address } = from;
    const { database, now } = this.#doors;
    if (this.#attempts.isBlocked(address, user, now().getTime())) throw new Problem('too-many-attempts');
    const person = await personNamed(database, user.replaceAll('\0', ''));
    // An unknown name costs as much time as a wrong password, so that names cannot be tried.
    this.#decoy ??= await hashPassword(randomBytes(16).toString('hex'));
    const isRight = await isPassword(password, person?.passwordHash ?? this.#decoy);
    if (person === undefined || !isRight) {
      this.failures += 1;
      this.#attempts.failed(address, user, now().getTime());
      throw new Problem('sign-in-refused');
    }
    this.#attempts.succeeded(address, user);
    const secret = randomBytes(32).toString('base64url');
    const expiresAt = new Date(now().getTime() + sessionHours * 3_600_000);
    await database.transaction(async (db) => {
      await addSession(db, { tokenHash: hashOf(secret), personId: person.id, expiresAt, address, agent: from.agent?.replaceAll('\0', '').slice(0, 200) ?? null }, now());
      await addAudit(db, { actor: person.name, action: 'sign-in', object: `person:${person.name}`, change: 'Signed in', clusterId: null, detail: { address } }, now());
    });
    const by = { kind: 'session', personId: person.id, tokenHash: hashOf(secret), csrf: csrfOf(secret), expiresAt } as const;
    return { secret, caller: callerWith({ name: person.name, grants: person.grants, by }, 'view') };
  }

  /** Undefined: the request carries nothing. A credential that is wrong or over is refused. */
  async callerOf(request: FastifyRequest, permission: Permission): Promise<Caller | undefined> {
    const { database, now } = this.#doors;
    const bearer = bearerOf(request);
    if (bearer !== undefined) {
      const token = bearer.startsWith(tokenPrefix) ? await tokenBy(database, hashOf(bearer), now()) : undefined;
      if (token === undefined) throw new Problem('not-signed-in', 'The API token is unknown, revoked or over.');
      return callerWith({ name: `token ${token.name}`, grants: token.grants, by: { kind: 'token', tokenId: token.id } }, permission);
    }
    const secret = cookieOf(request);
    if (secret === undefined) return undefined;
    const session = await sessionBy(database, hashOf(secret), now());
    if (session === undefined) return undefined;
    const by = { kind: 'session', personId: session.personId, tokenHash: hashOf(secret), csrf: csrfOf(secret), expiresAt: session.expiresAt } as const;
    return callerWith({ name: session.name, grants: session.grants, by }, permission);
  }
}

/** The caller, with the scope in which the permission holds. */
function callerWith(who: Pick<Caller, 'name' | 'grants' | 'by'>, permission: Permission): Caller {
  return { ...who, scope: scopeFor(who.grants, permission), sees: scopeFor(who.grants, 'view') };
}

function bearerOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  return /^Bearer ([\x21-\x7e]{1,200})$/i.exec(header)?.[1] ?? '';
}

function cookieOf(request: FastifyRequest): string | undefined {
  for (const pair of (request.headers.cookie ?? '').slice(0, 8192).split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === cookieName && value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value)) return value;
  }
  return undefined;
}

export function sessionCookie(secret: string, expiresAt: Date, isSecure: boolean): string {
  return `${cookieName}=${secret}; Path=/; HttpOnly; SameSite=Strict; Expires=${expiresAt.toUTCString()}${isSecure ? '; Secure' : ''}`;
}

export function endedCookie(isSecure: boolean): string {
  return sessionCookie('', new Date(0), isSecure);
}

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A browser says where a request comes from; another site is refused, whatever else it carries. */
export function refuseOtherSites(request: FastifyRequest): void {
  if (readingMethods.has(request.method)) return;
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new Problem('cross-site');
  if (origin === undefined) return;
  if (!URL.canParse(origin) || new URL(origin).host !== request.headers.host) throw new Problem('cross-site');
}

/** For writes that a browser's cookie authenticates. */
export function requireCsrf(request: FastifyRequest, caller: Caller): void {
  if (readingMethods.has(request.method) || caller.by.kind !== 'session') return;
  const given = request.headers[csrfHeader];
  const [a, b] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(caller.by.csrf)];
  if (a.length !== b.length || !timingSafeEqual(a, b)) throw new Problem('cross-site', `The header ${csrfHeader} is missing or is not this session's.`);
}

/** As the browser named it, without the port. */
export function hostNameOf(request: FastifyRequest): string {
  return (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
}

/** What browsers trust without TLS, since it never leaves the machine. */
export function isLoopback(hostName: string): boolean {
  return hostName === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostName) || /^([a-z0-9-]+\.)*localhost\.?$/.test(hostName);
}

/**
 * A page of another site whose name was made to point at this machine would send its own name as Host. Bound to
 * loopback, only loopback's names and those configured are answered.
 */
export function refuseForeignHost(request: FastifyRequest, allowed: ReadonlySet<string> | undefined): void {
  if (allowed === undefined) return;
  if (!allowed.has(hostNameOf(request))) throw new Problem('cross-site', 'This hub does not answer to that host name.');
}
