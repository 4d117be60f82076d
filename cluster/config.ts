/** What the cluster part is started with: one object, checked once; as flags, or as environment variables in a pod. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { podDirectory } from './kubernetes/config.ts';

const Listen = (port: number) => z.strictObject({ host: z.string().default('0.0.0.0'), port: z.int().min(0).max(65_535).default(port) });

const Admission = z.strictObject({
  enabled: z.boolean().default(true).describe('Off: the registration with the API server is taken away'),
  name: z.string().min(1).max(63).describe('Of the ValidatingWebhookConfiguration, of the ClusterRole that it goes with, and of the Service'),
  form: z.enum(['service', 'url']).default('service').describe('How the API server reaches it: by the Service, or by https://urlHost:port'),
  urlHost: z.string().max(253).default('127.0.0.1'),
  host: z.string().default('0.0.0.0').describe('Where it listens'),
  port: z.int().min(0).max(65_535).default(8443),
  failurePolicy: z.enum(['Ignore', 'Fail']).default('Ignore').describe('What follows for what cannot be judged'),
  timeoutSeconds: z.int().min(2).max(30).default(5),
  excludedNamespaces: z.array(z.string().max(63)).max(200).default([]),
});

export const ClusterConfig = z.strictObject({
  stateDirectory: z.string().min(1).describe('Credentials and spool; kept over restarts where that is possible'),
  joinTokenFile: z.string().optional().describe('A file with a one-time token of the hub; read until the part has joined'),
  kubeconfig: z.string().optional().describe('Where the API server is, outside of a pod'),
  clusterName: z.string().max(100).default('').describe('As people call this cluster; empty: as the token says'),
  namespace: z.string().min(1).describe('Where the cluster part and its sensors run'),
  relay: Listen(7444)
    .extend({ url: z.string().default('').describe("Where sensors reach it; empty: at this pod's own address") })
    .prefault({})
    .describe('Where the sensors of the nodes connect'),
  health: Listen(8485).prefault({}).describe('/livez, /readyz and /metrics'),
  sensorServiceAccount: z.string().default('vedette-sensor'),
  tokenAudience: z.string().default('vedette').describe("Of the sensors' projected service-account tokens"),
  trustConfigMap: z.string().default('vedette-trust').describe('Written here for the sensors: whom they may believe'),
  admission: Admission.optional().describe('Left out: admission is off'),
  spoolBytesMax: z.strictObject({ detection: z.int().min(1 << 20), telemetry: z.int().min(1 << 20) }).optional(),
});
export type ClusterConfig = z.output<typeof ClusterConfig>;
export type ClusterConfigInput = z.input<typeof ClusterConfig>;

export function readClusterConfig(input: unknown): ClusterConfig {
  const parsed = ClusterConfig.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new Error(`the cluster part cannot be started as configured: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`);
}

/** The variables of a container; what is not set keeps its default. */
export function configFromEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const given = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const listen = (name: string): object | undefined => {
    const text = given(name);
    if (text === undefined) return undefined;
    const at = text.lastIndexOf(':');
    return { ...(at > 0 ? { host: text.slice(0, at).replace(/^\[(.*)\]$/, '$1') } : {}), port: Number(text.slice(at + 1)) };
  };
  const all = {
    stateDirectory: given('VEDETTE_STATE') ?? '/var/lib/vedette-cluster',
    joinTokenFile: given('VEDETTE_HUB_TOKEN_FILE'),
    kubeconfig: given('KUBECONFIG'),
    clusterName: given('VEDETTE_CLUSTER_NAME'),
    namespace: given('VEDETTE_NAMESPACE') ?? podNamespace(),
    relay: relayOf(listen('VEDETTE_RELAY_LISTEN'), given('VEDETTE_RELAY_URL')),
    health: listen('VEDETTE_HEALTH_LISTEN'),
    sensorServiceAccount: given('VEDETTE_SENSOR_SERVICE_ACCOUNT'),
    tokenAudience: given('VEDETTE_TOKEN_AUDIENCE'),
    trustConfigMap: given('VEDETTE_TRUST_CONFIG_MAP'),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function relayOf(listen: object | undefined, url: string | undefined): object | undefined {
  return listen === undefined && url === undefined ? undefined : { ...listen, ...(url === undefined ? {} : { url }) };
}

function podNamespace(): string {
  const file = path.join(podDirectory, 'namespace');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : 'vedette';
}
