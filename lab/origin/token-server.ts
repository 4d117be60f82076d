/**
 * A token server by the distribution specification, for a real registry that believes its certificate: a user and a password, or nobody, ask for a scope and
 * get a token (JWT, ES256, the certificate inside) for what they may do there. Who gives a wrong password gets none; who is nobody may pull what is public.
 */
import { randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ClusterAuthority, type Certificate } from '../kubernetes/certificates.ts';
import type { Credentials } from '../kubernetes/registry.ts';

export interface TokenServer {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** Whom the registry has to believe. */
  readonly certificatePem: string;
  /** Scopes that were asked for, with whom. */
  readonly asked: { readonly user: string | null; readonly scope: string }[];
  close(): Promise<void>;
}

const service = 'lab registry';
const issuer = 'lab token server';
const lifeSeconds = 120;

function accessOf(scopes: readonly string[], isUser: boolean, publicPrefix: string): object[] {
  return scopes.flatMap((scope) => {
    const [type, name = '', actions = ''] = scope.split(':');
    const allowed = actions.split(',').filter((one) => isUser || (one === 'pull' && name.startsWith(publicPrefix)));
    return type === 'repository' && allowed.length > 0 ? [{ type, name, actions: allowed }] : [];
  });
}

function tokenFor(user: string | null, access: readonly object[], certificate: Certificate): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const der = certificate.certificatePem.replaceAll(/-----[^-]+-----|\s/g, '');
  const text = `${part({ typ: 'JWT', alg: 'ES256', x5c: [der] })}.${part({ iss: issuer, sub: user ?? '', aud: service, exp: now + lifeSeconds, nbf: now - 10, iat: now, jti: randomUUID(), access })}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key: certificate.privateKeyPem, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export async function startTokenServer(account: Credentials, publicPrefix: string): Promise<TokenServer> {
  const authority = await ClusterAuthority.create('lab token authority');
  const certificate = await authority.issue({ name: issuer, usage: 'both' });
  const asked: { user: string | null; scope: string }[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://token');
    const { authorization } = request.headers;
    const basic = `Basic ${Buffer.from(`${account.user}:${account.password}`).toString('base64')}`;
    const scopes = url.searchParams.getAll('scope').flatMap((one) => one.split(' '));
    asked.push(...scopes.map((scope) => ({ user: authorization === undefined ? null : account.user, scope })));
    if (authorization !== undefined && authorization !== basic) return void response.writeHead(401, { 'content-type': 'application/json' }).end('{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}');
    const user = authorization === undefined ? null : account.user;
    const token = tokenFor(user, accessOf(scopes, user !== null, publicPrefix), certificate);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token, expires_in: lifeSeconds }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, service, issuer, certificatePem: authority.certificatePem, asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
