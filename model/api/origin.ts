/**
 * Origin in the HTTP contract: whom the hub may ask (integrations), the images it knows, and the chain from a process to the signer. A secret goes
 * in and never comes out: an answer only says whether there is one.
 */
import { z } from 'zod';
import { confidences, integrityKinds, stations } from '../origin.ts';
import { pageQuery } from './page-query.ts';

const Time = z.iso.datetime();
const Count = z.int().min(0);
const text = z.string().min(1).max(300);
const line = /^[^\u0000-\u001f\u007f]*$/;

const host = z.string().min(1).max(255).regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/, 'is a host, with its port where it has one, without https:// and path');
const prefix = z.string().min(1).max(500).regex(/^[^\s@]+$/, 'is a registry, or registry/folder, without tag and digest');
const address = z.string().min(1).max(2048).regex(/^https?:\/\/[^\s@]+$/, 'is an http or https address without credentials in it');

/** `trusted`: folders of this registry, `*` for all of it; empty: nothing of it is trusted; null: not said. */
export const RegistrySettings = z.strictObject({
  host: host.describe('As references name it: registry.example:5000, docker.io'),
  plainHttp: z.boolean().default(false).describe('Ask without TLS'),
  user: z.string().max(300).regex(line).nullable().default(null).describe('With a password as the secret; null: the secret is a token; <token>: the secret is an identity token'),
  trusted: z.array(z.string().min(1).max(300).regex(/^(\*|[^\s@:*]+)$/, 'is * or a folder of the registry, such as team/web')).max(100).nullable().default(null),
  askEveryMinutes: z.int().min(1).max(10_080).nullable().default(null).describe('How often a tag is asked for again; null: as the hub is configured'),
});
export const CosignKeySettings = z.strictObject({ pem: z.string().min(1).max(8192), images: z.array(prefix).max(100).default([]).describe('For images in these registries or folders; empty: for all') });
export const ArtifactorySettings = z.strictObject({
  url: address,
  projects: z.array(z.string().min(1).max(64)).max(100).default([]),
  pathHosts: z.array(host).max(100).nullable().default(null),
  domains: z.array(host).max(100).default([]),
  ports: z.record(host, z.string().min(1).max(255)).default({}),
});
export const XraySettings = z.strictObject({ url: address });
/** Receivers of responses: the secret of a webhook signs, that of a Slack-shaped one is its whole address, that of SMTP a password. */
export const WebhookSettings = z.strictObject({ url: address });
export const SlackSettings = z.strictObject({});
export const SmtpSettings = z.strictObject({
  host: z.string().max(253).regex(/^[A-Za-z0-9.:-]+$/, 'is a host without port'),
  port: z.int().min(1).max(65_535).default(587),
  security: z.enum(['tls', 'starttls', 'none']).default('starttls').describe('tls from the first byte; starttls, required; none'),
  user: z.string().max(300).regex(line).nullable().default(null),
  from: z.string().max(254).regex(/^[^\s@<>]+@[^\s@<>]+$/, 'is an address of e-mail'),
});
export type RegistrySettings = z.output<typeof RegistrySettings>;
export type CosignKeySettings = z.output<typeof CosignKeySettings>;
export type ArtifactorySettings = z.output<typeof ArtifactorySettings>;
export type XraySettings = z.output<typeof XraySettings>;

/** Left out: the one that is there stays; null: none. */
const secret = z.string().min(1).max(65_536).regex(/^[\u0020-\u007e]+$/, 'holds a character that no password or token has').nullable().optional();

export const IntegrationInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('registry'), settings: RegistrySettings, secret }),
  z.strictObject({ kind: z.literal('cosign-key'), settings: CosignKeySettings }),
  z.strictObject({ kind: z.literal('artifactory'), settings: ArtifactorySettings, secret }),
  z.strictObject({ kind: z.literal('xray'), settings: XraySettings, secret }),
  z.strictObject({ kind: z.literal('webhook'), settings: WebhookSettings, secret }),
  z.strictObject({ kind: z.literal('slack'), settings: SlackSettings, secret }),
  z.strictObject({ kind: z.literal('smtp'), settings: SmtpSettings, secret }),
]);
export type IntegrationInput = z.output<typeof IntegrationInput>;

export const IntegrationQuestionView = z.object({
  question: z.string().describe('What was asked, of whom'),
  ok: z.boolean(),
  status: z.int().nullable().describe('HTTP status; null: there was no answer, or nobody had to be asked'),
  words: z.string(),
  action: z.string().nullable().describe('What to do'),
});
export const IntegrationTestView = z.object({ at: Time, ok: z.boolean(), sentence: z.string(), asked: z.array(IntegrationQuestionView) });
export type IntegrationTestView = z.infer<typeof IntegrationTestView>;

const held = { name: z.string(), hasSecret: z.boolean(), declared: z.boolean().describe('From the file that the hub was started with: changed there'), updatedAt: Time, updatedBy: z.string(), test: IntegrationTestView.nullable() };
export const IntegrationView = z.discriminatedUnion('kind', [
  z.object({ ...held, kind: z.literal('registry'), settings: RegistrySettings }),
  z.object({ ...held, kind: z.literal('cosign-key'), settings: CosignKeySettings }),
  z.object({ ...held, kind: z.literal('artifactory'), settings: ArtifactorySettings }),
  z.object({ ...held, kind: z.literal('xray'), settings: XraySettings }),
  z.object({ ...held, kind: z.literal('webhook'), settings: WebhookSettings }),
  z.object({ ...held, kind: z.literal('slack'), settings: SlackSettings }),
  z.object({ ...held, kind: z.literal('smtp'), settings: SmtpSettings }),
]);
export type IntegrationView = z.infer<typeof IntegrationView>;

const RefusalView = z.object({ reason: z.string(), words: z.string(), at: Time });
export const ClaimView = z.object({
  text: z.string(),
  details: z.record(z.string(), z.string()),
  source: z.string(),
  confidence: z.enum(confidences),
  learnedAt: Time,
  ageSeconds: z.number(),
});
export const GapView = z.object({ source: z.string().nullable(), state: z.enum(['absent', 'unknown']), reason: z.string().nullable(), words: z.string(), action: z.string().nullable() });
export const ChainLinkView = z.object({
  station: z.enum(stations),
  state: z.enum(['known', 'absent', 'unknown', 'conflict']),
  confidence: z.enum(confidences).nullable().describe('Of the link: of its strongest claim, more where independent sources agree'),
  claims: z.array(ClaimView),
  gaps: z.array(GapView),
  conflicts: z.array(z.string()),
  agreements: z.array(z.string()),
});
export type ChainLinkView = z.infer<typeof ChainLinkView>;

export const OriginVerdictView = z.object({
  kind: z.enum(integrityKinds),
  state: z.enum(['violated', 'holds', 'unknown', 'not-applicable']),
  reason: z.string().nullable(),
  sentence: z.string(),
  action: z.string().nullable(),
  expected: z.string().nullable(),
  found: z.string().nullable(),
  since: Time,
  until: Time.nullable(),
  checkedAt: Time,
  unconfirmed: z.string().nullable().describe('It stands although the last asking was not answered: why'),
});
export type OriginVerdictView = z.infer<typeof OriginVerdictView>;

export const ImageView = z.object({
  id: z.string(),
  reference: z.string(),
  digest: z.string().nullable(),
  platform: z.string(),
  containers: Count.describe('That run now'),
  workloads: Count,
  checks: Count.describe('Kept results of vedette check'),
  problem: z.string().nullable(),
  askedAt: Time.nullable(),
  nextAt: Time.nullable(),
  verdicts: z.array(OriginVerdictView),
  signer: z.string().nullable(),
  build: z.string().nullable(),
  commit: z.string().nullable(),
  conflicts: z.array(z.string()),
  unanswered: z.array(z.string()).describe('Who was asked and did not answer, with the reason'),
});
export type ImageView = z.infer<typeof ImageView>;

export const ImagePlaceView = z.object({ cluster: z.string(), namespace: z.string().nullable(), workload: z.string().nullable(), node: z.string(), hostname: z.string(), container: z.string(), containerName: z.string(), startedAt: Time });

export const ImageDetailView = ImageView.extend({
  chain: z.array(ChainLinkView),
  history: z.array(OriginVerdictView).describe('What the verdicts were before, the newest first'),
  places: z.array(ImagePlaceView),
  labels: z.record(z.string(), z.string()).nullable(),
  xray: z.object({ issues: z.string(), violations: z.string() }).nullable().describe('In words; null: no Xray is configured'),
});
export type ImageDetailView = z.infer<typeof ImageDetailView>;

export const TraceView = z.object({
  subject: z.string(),
  process: z.object({ node: z.string(), hostname: z.string(), key: z.string(), pid: z.int(), path: z.string() }).nullable(),
  container: z.object({ id: z.string(), name: z.string(), workload: z.string().nullable(), namespace: z.string().nullable(), cluster: z.string() }).nullable(),
  image: z.object({ id: z.string(), reference: z.string(), digest: z.string().nullable() }).nullable(),
  chain: z.array(ChainLinkView),
  verdicts: z.array(OriginVerdictView),
  tookMs: z.number().describe('To read and put together; nobody is asked for it'),
});
export type TraceView = z.infer<typeof TraceView>;
export type RefusalView = z.infer<typeof RefusalView>;

const id = z.object({ id: text });
const name = z.object({ name: z.string().min(1).max(100).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'is letters, digits, and . _ - between them') });
const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable(), total: Count.nullable() });

export const originEndpoints = {
  listIntegrations: { method: 'GET', path: '/api/v1/integrations', summary: 'Registries, keys, Artifactory and Xray that the hub asks; no secrets', permission: 'admin', output: z.object({ items: z.array(IntegrationView) }) },
  putIntegration: { method: 'PUT', path: '/api/v1/integrations/{name}', summary: 'Make or replace an integration; a secret that is left out stays', permission: 'admin', params: name, body: IntegrationInput, output: IntegrationView },
  deleteIntegration: { method: 'DELETE', path: '/api/v1/integrations/{name}', summary: 'Remove an integration and its secret', permission: 'admin', params: name, output: z.null(), status: 204 },
  testIntegration: { method: 'POST', path: '/api/v1/integrations/{name}/test', summary: 'Ask it for real, and say what was answered and what to do', permission: 'admin', params: name, output: IntegrationTestView },

  listImages: { method: 'GET', path: '/api/v1/images', summary: 'Images that run or were checked, and what is known of where they came from', permission: 'view', query: z.object({ ...pageQuery, search: z.string().max(200).optional(), verdict: z.enum(integrityKinds).optional().describe('Only images of which this is violated'), state: z.enum(['running', 'all']).default('all') }), output: page(ImageView) },
  getImage: { method: 'GET', path: '/api/v1/images/{id}', summary: 'One image: its chain, verdicts with history, and places', permission: 'view', params: id, output: ImageDetailView },
  askImage: { method: 'POST', path: '/api/v1/images/{id}/ask', summary: 'Ask registry, signatures and Artifactory again now', permission: 'triage', params: id, output: ImageDetailView },
  trace: {
    method: 'GET', path: '/api/v1/trace', summary: 'One chain: process → file → package → layer → image → registry → build → commit → signer, from stored facts', permission: 'view',
    query: z.object({
      image: z.string().max(1000).optional().describe('A reference, a digest, or both'),
      container: text.optional().describe('A container id of its runtime'),
      process: text.optional().describe('The key of a live process'),
      pid: z.coerce.number().int().min(1).max(4_194_304).optional().describe('With boot or node'),
      node: text.optional().describe('Id or name of the host of pid or process'),
      boot: z.uuid().optional().describe('Boot id of the host of pid'),
      startTicks: z.coerce.number().int().min(0).optional().describe('When the process of pid started, as field 22 of /proc/PID/stat says'),
      path: z.string().max(4096).optional().describe('A file in the container or image; that of the process when left out'),
    }),
    output: TraceView,
  },
} as const;
