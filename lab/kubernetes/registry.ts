/**
 * A real registry (Debian's docker-registry) on a loopback port of this machine, plain HTTP, with deletes, and with password
 * when users are given; and what a lab does with images in it: push an OCI layout, copy and overwrite tags, delete manifests,
 * read digests. Kept in a directory that `stop` removes.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { run } from '../containers/run.ts';
import { Daemon } from './daemon.ts';
import type { Tools } from './tools.ts';

export interface RegistryOptions {
  readonly tools: Pick<Tools, 'registry'>;
  readonly directory: string;
  /** Loopback unless given; Pods reach only an address that their bridge leads to. */
  readonly address?: string;
  /** 0: any free one. */
  readonly port?: number;
  /** Lines of an htpasswd file, bcrypt only: that is all the registry accepts. */
  readonly htpasswd?: string;
  /** Tokens of this server instead; `certificatePem`: who signs them. */
  readonly token?: { readonly realm: string; readonly service: string; readonly issuer: string; readonly certificatePem: string };
  readonly deletes?: boolean;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const readyMs = 15_000;
const copyMs = 300_000;

async function freePort(host: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port'))));
    });
  });
}

export class Registry {
  readonly directory: string;
  readonly port: number;
  /** As images are named: ADDRESS:PORT. */
  readonly host: string;
  readonly url: string;
  readonly daemon: Daemon;

  private constructor(directory: string, address: string, port: number, daemon: Daemon) {
    this.directory = directory;
    this.port = port;
    this.host = `${address}:${port}`;
    this.url = `http://${this.host}`;
    this.daemon = daemon;
  }

  static async start({ tools, directory, address = '127.0.0.1', port = 0, htpasswd, token, deletes = true }: RegistryOptions): Promise<Registry> {
    const chosen = port === 0 ? await freePort(address) : port;
    mkdirSync(directory, { recursive: true });
    const config = join(directory, 'config.json');
    const users = join(directory, 'htpasswd');
    if (htpasswd !== undefined) writeFileSync(users, htpasswd, { mode: 0o600 });
    const signers = join(directory, 'token-signers.pem');
    if (token !== undefined) writeFileSync(signers, token.certificatePem);
    writeFileSync(config, JSON.stringify({
      version: '0.1', log: { level: 'warn', accesslog: { disabled: false } },
      storage: { filesystem: { rootdirectory: join(directory, 'storage') }, delete: { enabled: deletes }, maintenance: { uploadpurging: { enabled: false } } },
      http: { addr: `${address}:${chosen}` },
      ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'lab', path: users } } }),
      ...(token === undefined ? {} : { auth: { token: { realm: token.realm, service: token.service, issuer: token.issuer, rootcertbundle: signers } } }),
    }));
    const daemon = Daemon.start({ name: 'docker-registry', program: tools.registry, args: ['serve', config], log: join(directory, 'log'), env: { OTEL_TRACES_EXPORTER: 'none' } });
    const registry = new Registry(directory, address, chosen, daemon);
    try {
      // with users it answers 401, which is an answer
      await daemon.ready(async () => [200, 401].includes((await fetch(`${registry.url}/v2/`, { signal: AbortSignal.timeout(2000) })).status), readyMs);
    } catch (error) {
      await registry.stop();
      throw error;
    }
    return registry;
  }

  /** An OCI layout (`layout:tag`) into `repository:tag`; the digest of what the tag then names. */
  async push(layout: string, layoutTag: string, target: string, credentials?: Credentials): Promise<string> {
    await this.#copy(`oci:${layout}:${layoutTag}`, target, credentials);
    return await this.digest(target, credentials);
  }

  /** `repository:tag` or `repository@digest` to another `repository:tag`, which is overwritten. */
  async copy(from: string, to: string, credentials?: Credentials): Promise<string> {
    const login = credentials === undefined ? [] : ['--src-creds', `${credentials.user}:${credentials.password}`];
    await this.#copy(`docker://${this.host}/${from}`, to, credentials, ['--src-tls-verify=false', ...login]);
    return await this.digest(to, credentials);
  }

  async #copy(source: string, target: string, credentials: Credentials | undefined, more: readonly string[] = []): Promise<void> {
    const login = credentials === undefined ? [] : ['--dest-creds', `${credentials.user}:${credentials.password}`];
    await run('skopeo', ['--insecure-policy', 'copy', '--quiet', '--all', '--dest-tls-verify=false', ...more, ...login, source, `docker://${this.host}/${target}`], { timeoutMs: copyMs });
  }

  /** Of what a tag names; an error when there is none. */
  async digest(image: string, credentials?: Credentials): Promise<string> {
    const { repository, reference } = parts(image);
    const response = await this.#ask('HEAD', repository, reference, credentials);
    const digest = response.headers.get('docker-content-digest');
    if (!response.ok || digest === null) throw new Error(`the registry answers ${response.status} for ${image}`);
    return digest;
  }

  /** By tag or digest: the manifest, and with it every tag that names it. */
  async deleteManifest(image: string, credentials?: Credentials): Promise<void> {
    const { repository, reference } = parts(image);
    const digest = reference.startsWith('sha256:') ? reference : await this.digest(image, credentials);
    const response = await this.#ask('DELETE', repository, digest, credentials);
    if (response.status !== 202) throw new Error(`the registry answers ${response.status} for the deletion of ${image}`);
  }

  async #ask(method: 'HEAD' | 'DELETE', repository: string, reference: string, credentials: Credentials | undefined): Promise<Response> {
    const kinds = ['application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json', 'application/vnd.docker.distribution.manifest.v2+json'];
    const authorization: Record<string, string> = credentials === undefined ? {} : { authorization: `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}` };
    const ask = async (header: Record<string, string>) => await fetch(`${this.url}/v2/${repository}/manifests/${reference}`, { method, headers: { accept: kinds.join(', '), ...header }, signal: AbortSignal.timeout(10_000) });
    const response = await ask(authorization);
    const challenge = response.headers.get('www-authenticate') ?? '';
    if (response.status !== 401 || !challenge.startsWith('Bearer ')) return response;
    // a registry with a token server: what the password buys there is what counts here
    const part = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
    const tokens = await fetch(`${part('realm')}?${new URLSearchParams({ service: part('service'), scope: part('scope') })}`, { headers: authorization, signal: AbortSignal.timeout(10_000) });
    const { token = '' } = (await tokens.json()) as { token?: string };
    return await ask({ authorization: `Bearer ${token}` });
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

function parts(image: string): { readonly repository: string; readonly reference: string } {
  const match = /^(.+?)(?:@(sha256:[0-9a-f]{64})|:([\w.-]+))$/.exec(image);
  if (match === null) throw new Error(`${image} is no repository:tag or repository@digest`);
  return { repository: match[1]!, reference: match[2] ?? match[3]! };
}

export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  return await Registry.start(options);
}

/** A line of an htpasswd file. Perl's crypt is the one program of a minimal Debian that knows bcrypt. */
export async function htpasswdLine({ user, password }: Credentials): Promise<string> {
  const salt = randomBytes(16).toString('hex').slice(0, 21);
  const { stdout } = await run('perl', ['-e', 'my $password = <STDIN>; chomp $password; print crypt($password, $ARGV[0]);', `$2b$08$${salt}u`], { input: `${password}\n` });
  if (!stdout.startsWith('$2b$')) throw new Error('this machine has no bcrypt in its crypt(3)');
  return `${user}:${stdout}\n`;
}
