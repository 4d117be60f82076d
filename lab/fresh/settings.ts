/**
 * How this machine reaches its package sources, as a fresh machine beside it must be told: apt's sources and transport
 * options, npm's registry and certificates, proxies of the environment. Everything is read when the lab runs, so no host
 * name is written here; the files are laid into a root without its cached copy ever holding a secret.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { debianSources } from '../containers/debian-root.ts';
import { run } from '../containers/run.ts';

export interface Settings {
  /** One-line sources of apt. */
  readonly sources: readonly string[];
  /** apt's options about transport, one statement each. */
  readonly aptOptions: readonly string[];
  readonly npmrc: string;
  /** The certificates that npm and Node trust here besides their own; null: none. */
  readonly certificates: string | null;
  readonly environment: Readonly<Record<string, string>>;
}

/** Where the certificates lie in a root. */
const certificatesPath = '/etc/ssl/fresh-machine.pem';
/** Certificates that an owner of a Debian machine adds lie here. */
const ownCertificates = '/usr/local/share/ca-certificates';
const npmKeys = ['registry', 'proxy', 'https-proxy', 'noproxy', 'strict-ssl', 'ca'] as const;

async function sourcesOf(suite: string): Promise<readonly string[]> {
  return await debianSources(suite).catch(async () => {
    // apt names its targets only when it has fetched their lists
    await run('apt-get', ['update'], { timeoutMs: 300_000 });
    return await debianSources(suite);
  });
}

async function aptOptions(): Promise<string[]> {
  const { stdout } = await run('apt-config', ['dump']);
  return stdout.split('\n').filter((line) => /^Acquire::(?:https?::|Check-|Retries|ForceIPv)\S* "[^"]+";$/.test(line));
}

function npmLines(key: string, value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.filter((one) => one !== '').map((one) => `${key}[]=${JSON.stringify(one)}`);
  return [`${key}=${String(value)}`];
}

/** Lines that npm's own listing hides or that name a scope: credentials and registries of scopes. */
function scopedLines(file: unknown): string[] {
  if (typeof file !== 'string' || !existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').filter((line) => /^(?:\/\/|@[^=]*:registry)/.test(line.trim()));
}

async function npmSettings(): Promise<Pick<Settings, 'npmrc' | 'certificates'>> {
  const { stdout } = await run('npm', ['config', 'ls', '--json']);
  const config = JSON.parse(stdout) as Record<string, unknown>;
  const lines = [...npmKeys.flatMap((key) => npmLines(key, config[key])), ...scopedLines(config['globalconfig']), ...scopedLines(config['userconfig'])];
  const files = [config['cafile'], process.env['NODE_EXTRA_CA_CERTS']].filter((one): one is string => typeof one === 'string' && one !== '' && existsSync(one));
  const certificates = files.length === 0 ? null : [...new Set(files)].map((one) => readFileSync(one, 'utf8')).join('\n');
  if (typeof config['cafile'] === 'string') lines.push(`cafile=${certificatesPath}`);
  return { npmrc: `${lines.join('\n')}\n`, certificates };
}

function environment(): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (/^(?:https?|all|no)_proxy$/i.test(name) && value !== undefined) out[name] = value;
  }
  if (process.env['NODE_EXTRA_CA_CERTS']) out['NODE_EXTRA_CA_CERTS'] = certificatesPath;
  return out;
}

export async function settingsOfThisMachine(suite: string): Promise<Settings> {
  return { sources: await sourcesOf(suite), aptOptions: await aptOptions(), ...(await npmSettings()), environment: environment() };
}

/** Lays npm's part, the names and the certificates into a root; apt's part is in it since it was made. */
export function laySettings(settings: Settings, root: string): void {
  const put = (path: string, text: string, mode: number) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  put('/root/.npmrc', settings.npmrc, 0o600);
  if (settings.certificates !== null) put(certificatesPath, settings.certificates, 0o644);
  for (const one of ['/etc/resolv.conf', '/etc/hosts']) if (existsSync(one)) put(one, readFileSync(one, 'utf8'), 0o644);
  if (existsSync(ownCertificates)) cpSync(ownCertificates, join(root, ownCertificates), { recursive: true, dereference: true });
}
