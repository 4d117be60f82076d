/** What the hub is started with: one object, checked once. The command's flags and the environment both end here. */
import path from 'node:path';
import { z } from 'zod';

const port = z.int().min(0).max(65_535);
const days = z.int().min(1).max(3650);
const directory = z.string().min(1).transform((value) => path.resolve(value));

export const HubConfig = z.strictObject({
  stateDirectory: directory.describe('Everything the hub keeps: PostgreSQL, its authority, the advisory store'),
  api: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: port.default(7420),
      hosts: z.array(z.string().min(1)).default([]).describe('Further host names that people use for it'),
      behindTls: z.boolean().default(false).describe('A proxy in front speaks TLS: cookies are marked Secure'),
    })
    .prefault({}),
  link: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: port.default(7421),
      names: z.array(z.string().min(1)).default([]).describe('Host names and addresses by which sensors reach it; the first is put into join tokens'),
    })
    .prefault({}),
  databaseUrl: z.string().min(1).optional().describe('A PostgreSQL of version 16 or later; without it the embedded one runs'),
  consoleDirectory: directory.optional().describe('The built console'),
  contentDirectory: directory.optional().describe('Shipped policies/, rules/ and playbooks/'),
  advisoriesFile: directory.optional().describe('The advisory store; below the state directory when not given'),
  user: z.strictObject({ uid: z.int().min(1), gid: z.int().min(1) }).optional().describe('Whom the hub, or at least PostgreSQL, runs as when started by root'),
  postgresBinaries: directory.optional().describe('Where the copied server binaries lie; below the state directory when not given'),
  keepDays: z.strictObject({ events: days.default(30), executions: days.default(90), flows: days.default(30), endedContainers: days.default(90), closedRuns: days.default(400) }).prefault({}),
  adminPasswordFile: directory.optional().describe('The password of the first person, for whoever installs without looking on; made here when not given'),
  integrationsFile: directory.optional().describe('Integrations as a file of JSON: {"integrations": {"NAME": {"kind", "settings", "secret"}}}; followed while the hub runs'),
  origin: z
    .strictObject({
      everyMinutes: z.int().min(1).max(10_080).default(5).describe('How often the tag of an image that runs is asked for again'),
      atOnceMax: z.int().min(1).max(64).default(4).describe('Images that are asked about at the same time'),
      timeoutSeconds: z.int().min(1).max(300).default(15).describe('For one question'),
      imageSecondsMax: z.int().min(1).max(3600).default(120).describe('For all questions about one image'),
      keepDays: days.default(90).describe('How long an image that nobody runs or checks is remembered'),
    })
    .prefault({}),
  canaryGraceSeconds: z.int().min(1).max(3600).default(15).describe('A sensor whose canaries stay away for twice the time between two rounds and this long is silent; looked for as often'),
  localJoin: z.boolean().default(false).describe('Writes a join token for the sensor of this host into local-join.json at every start'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  unsafeFast: z.boolean().default(false).describe('Does not flush to disk: tests only'),
});
export type HubConfig = z.output<typeof HubConfig>;
export type HubConfigInput = z.input<typeof HubConfig>;

export function readConfig(input: HubConfigInput): HubConfig {
  const parsed = HubConfig.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new Error(`The hub cannot be started as configured: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'configuration'}: ${issue.message}`).join('; ')}`);
}

const loopback = new Set(['127.0.0.1', '::1', 'localhost']);

/** Bound to loopback, only its names and the configured ones are answered; otherwise the configured ones, if any. */
export function answeredHosts(api: HubConfig['api']): ReadonlySet<string> | undefined {
  const configured = api.hosts.map((name) => name.toLowerCase());
  if (loopback.has(api.host)) return new Set(['127.0.0.1', 'localhost', '[::1]', ...configured]);
  return configured.length === 0 ? undefined : new Set(configured);
}

export function advisoriesFileOf(config: HubConfig): string {
  return config.advisoriesFile ?? path.join(config.stateDirectory, 'advisories', 'store.sqlite');
}
