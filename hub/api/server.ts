/**
 * The HTTP server: routes made from the table of endpoints, each guarded in the same order — host name, other sites,
 * who asks, CSRF, permission, form — before its handler runs. Answers are held to their schema on the way out, so
 * nothing leaves that the contract does not name. A refused request is an RFC 9457 document; a fault of our own gets an
 * instance id that is also in the log, and no detail.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { permitsSomewhere } from '@vedette/model/access';
import { endpoints, type Endpoint, type EndpointName } from '@vedette/model/api/table';
import type { ReportDocument } from '@vedette/model/api/posture-views';
import type { ProblemDocument } from '@vedette/model/api/views';
import { Problem, problems, type ProblemCode } from '@vedette/model/problem';
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { sqlState } from '../store/database.ts';
import type { Caller } from './caller.ts';
import type { Call, Doors, Handlers } from './doors.ts';
import { auditHandlers } from './handlers-audit.ts';
import { clusterHandlers } from './handlers-clusters.ts';
import { incidentHandlers } from './handlers-incidents.ts';
import { baselineHandlers } from './handlers-baselines.ts';
import { checkHandlers } from './handlers-checks.ts';
import { exceptionHandlers } from './handlers-exceptions.ts';
import { noiseHandlers } from './handlers-noise.ts';
import { ruleFileHandlers } from './handlers-rule-files.ts';
import { admissionHandlers } from './handlers-admissions.ts';
import { violationHandlers } from './handlers-violations.ts';
import { accountHandlers, fleetHandlers, policyHandlers } from './handlers-managing.ts';
import { originHandlers } from './handlers-origin.ts';
import { ownHandlers, peopleHandlers } from './handlers-people.ts';
import { postureHandlers } from './handlers-posture.ts';
import { responseHandlers } from './handlers-responses.ts';
import { readingHandlers } from './handlers-reading.ts';
import type { Live } from './live.ts';
import { warmUpPdf } from './report/pdf.ts';
import { metricsText, type Metric } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { endedCookie, hostNameOf, isLoopback, refuseForeignHost, refuseOtherSites, requireCsrf, sessionCookie, SignIn } from './sign-in.ts';
import { staticFileFor, type StaticFiles } from './static-files.ts';

export interface ServerOptions {
  readonly version: string;
  readonly files: StaticFiles | undefined;
  /** Host names that are answered; undefined: all (not bound to loopback, and none configured). */
  readonly hosts: ReadonlySet<string> | undefined;
  /** People reach it over TLS (by a proxy): the cookie is marked Secure and browsers are told to stay on TLS. */
  readonly behindTls: boolean;
  readonly ready: () => Promise<{ readonly ready: boolean; readonly parts: Readonly<Record<string, boolean>> }>;
}

export interface ApiServer {
  readonly http: FastifyInstance;
  close(): Promise<void>;
}

const bodyBytesMax = 262_144;

/** The console's own files and nothing else: no inline script, no inline style, no frame, no other origin. */
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

function securityHeaders(options: ServerOptions): Record<string, string> {
  return {
    'content-security-policy': contentPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-frame-options': 'DENY',
    ...(options.behindTls ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}

/** Only where a browser heeds it: at any other origin it ignores the header and logs an error on every page. */
function openerPolicy(isSecure: boolean): Record<string, string> {
  return isSecure ? { 'cross-origin-opener-policy': 'same-origin' } : {};
}

/** The framework loads parts of itself when it first serves; after privileges are dropped the checkout may be unreadable. */
export async function warmUp(): Promise<void> {
  await warmUpPdf();
  const http = fastify({ logger: false });
  http.get('/', async () => 'warm');
  await http.listen({ host: '127.0.0.1', port: 0 });
  await http.inject('/');
  await http.inject({ method: 'POST', url: '/', payload: { a: 1 } });
  await http.close();
}

const probes: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/** `live` is handed in because others publish on it before anyone can listen. */
export function buildServer(doors: Doors, live: Live, options: ServerOptions): ApiServer {
  const http = fastify({ logger: false, bodyLimit: bodyBytesMax, trustProxy: false, requestTimeout: 60_000, keepAliveTimeout: 30_000, return503OnClosing: true, forceCloseConnections: true, routerOptions: { maxParamLength: 600 } });
  const signIn = new SignIn(doors);
  const requests = new Map<string, number>();
  const headers = securityHeaders(options);

  http.removeContentTypeParser('text/plain');
  http.addHook('onRequest', async (request, reply) => {
    const opener = openerPolicy(options.behindTls || isLoopback(hostNameOf(request)));
    for (const [name, value] of Object.entries({ ...headers, ...opener })) reply.header(name, value);
    // a kubelet or a load balancer asks by address; there is nothing in the answer that a foreign page could use
    if (!probes.has(request.routeOptions.url ?? '')) refuseForeignHost(request, options.hosts);
    refuseOtherSites(request);
  });
  http.addHook('onResponse', async (request, reply) => {
    const key = `${request.method} ${request.routeOptions.url ?? 'none'} ${reply.statusCode}`;
    requests.set(key, (requests.get(key) ?? 0) + 1);
  });
  http.setErrorHandler((error: FastifyError, request, reply) => answerError(doors, error, request, reply));
  http.setNotFoundHandler(async (request, reply) => notFound(request, reply, options.files));

  const handlers: Handlers = { ...readingHandlers(doors), ...clusterHandlers(doors), ...incidentHandlers(doors), ...policyHandlers(doors), ...fleetHandlers(doors), ...accountHandlers(doors, signIn), ...peopleHandlers(doors), ...ownHandlers(doors), ...originHandlers(doors), ...auditHandlers(doors), ...postureHandlers(doors), ...checkHandlers(doors), ...exceptionHandlers(doors), ...violationHandlers(doors), ...responseHandlers(doors), ...admissionHandlers(doors), ...baselineHandlers(doors), ...noiseHandlers(doors), ...ruleFileHandlers(doors) };
  for (const name of Object.keys(endpoints) as EndpointName[]) addRoute(http, signIn, name, handlers, options);
  addLive(http, signIn, live, headers);
  addPlain(http, doors, options, () => ownMetrics(requests, live, signIn));
  return {
    http,
    async close() {
      live.close();
      await http.close();
    },
  };
}

/** `{id}` of the contract is `:id` of the router. */
function routePath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

async function guard(request: FastifyRequest, signIn: SignIn, permission: Endpoint['permission']): Promise<Caller | undefined> {
  if (permission === 'public') return undefined;
  const caller = await signIn.callerOf(request, permission === 'self' ? 'view' : permission);
  if (caller === undefined) throw new Problem('not-signed-in');
  requireCsrf(request, caller);
  if (permission !== 'self' && !permitsSomewhere(caller.grants, permission)) throw new Problem('forbidden');
  return caller;
}

function parsed(schema: z.ZodType | undefined, value: unknown, place: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? place : `${place} ${issue.path.join('.')}`;
  throw new Problem('invalid-request', `${where}: ${issue?.message ?? 'not of the form'}`.slice(0, 500));
}

/** PostgreSQL's text cannot hold NUL; in an address it is never meant. */
function refuseNul(value: unknown): void {
  if (typeof value === 'object' && value !== null && Object.values(value).some((one) => typeof one === 'string' && one.includes('\0'))) {
    throw new Problem('invalid-request', 'The address contains a NUL character.');
  }
}

function addRoute(http: FastifyInstance, signIn: SignIn, name: EndpointName, handlers: Handlers, options: ServerOptions): void {
  const endpoint: Endpoint = endpoints[name];
  const handler = handlers[name] as (call: unknown) => Promise<unknown>;
  http.route({
    method: endpoint.method,
    url: routePath(endpoint.path),
    ...(endpoint.bodyBytesMax === undefined ? {} : { bodyLimit: endpoint.bodyBytesMax }),
    async handler(request, reply) {
      const caller = await guard(request, signIn, endpoint.permission);
      refuseNul(request.params);
      refuseNul(request.query);
      const call: Omit<Call<EndpointName>, 'caller' | 'params' | 'query' | 'body'> & Record<'caller' | 'params' | 'query' | 'body', unknown> = {
        caller,
        params: parsed(endpoint.params, request.params, 'path'),
        query: parsed(endpoint.query, request.query, 'query'),
        body: parsed(endpoint.body, request.body, 'body'),
        address: request.ip,
        agent: request.headers['user-agent'] ?? null,
        setSession: (session) => void reply.header('set-cookie', session === null ? endedCookie(options.behindTls) : sessionCookie(session.secret, session.expiresAt, options.behindTls)),
      };
      const answer = endpoint.output.parse(await handler(call));
      reply.header('cache-control', 'no-store').code(endpoint.status ?? 200);
      if (endpoint.status === 204) return reply.send();
      if (endpoint.type !== undefined) return reply.type(endpoint.type).send(answer);
      if (endpoint.document !== undefined) return sendDocument(reply, answer as ReportDocument);
      return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer));
    },
  });
}

/** A file: never shown inside the console's origin. */
function sendDocument(reply: FastifyReply, { type, fileName, chunks }: ReportDocument): FastifyReply {
  return reply.type(type).header('content-disposition', `attachment; filename="${fileName}"`).send(Readable.from(chunks));
}

function addLive(http: FastifyInstance, signIn: SignIn, live: Live, headers: Readonly<Record<string, string>>): void {
  http.get('/api/v1/events', async (request, reply) => {
    const caller = await guard(request, signIn, 'view');
    if (caller === undefined) throw new Problem('not-signed-in');
    live.open(reply.raw, headers, caller.name, caller.scope, async () => (await signIn.callerOf(request, 'view').catch(refusedAsNobody))?.scope);
    reply.hijack();
  });
}

/** A credential that is over is nobody's; that the database is away says nothing about the credential. */
function refusedAsNobody(error: unknown): undefined {
  if (!(error instanceof Problem)) throw error;
}

function addPlain(http: FastifyInstance, doors: Doors, options: ServerOptions, own: () => Metric[]): void {
  const document = JSON.stringify(openApiDocument(options.version));
  http.get('/openapi.json', async (_request, reply) => reply.type('application/json; charset=utf-8').send(document));
  http.get('/livez', async (_request, reply) => reply.type('text/plain; charset=utf-8').send('alive\n'));
  http.get('/readyz', async (_request, reply) => {
    const { ready, parts } = await options.ready();
    return reply.code(ready ? 200 : 503).type('application/json; charset=utf-8').send(JSON.stringify({ ready, parts }));
  });
  http.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(metricsText([...own(), ...doors.metrics()])));
}

function ownMetrics(requests: ReadonlyMap<string, number>, live: Live, signIn: SignIn): Metric[] {
  const samples = [...requests].map(([key, value]) => {
    const [method = '', route = '', status = ''] = key.split(' ');
    return { labels: { method, route, status }, value };
  });
  return [
    { name: 'vedette_hub_http_requests_total', help: 'Requests by method, route and status', kind: 'counter', samples },
    { name: 'vedette_hub_live_clients', help: 'Open live streams', kind: 'gauge', samples: [{ value: live.clients }] },
    { name: 'vedette_hub_live_messages_total', help: 'Messages sent on live streams', kind: 'counter', samples: [{ value: live.messagesSent }] },
    { name: 'vedette_hub_sign_in_failures_total', help: 'Refused sign-ins', kind: 'counter', samples: [{ value: signIn.failures }] },
  ];
}

async function notFound(request: FastifyRequest, reply: FastifyReply, files: StaticFiles | undefined): Promise<FastifyReply> {
  const urlPath = request.url.split(/[?#]/, 1)[0] ?? '/';
  const isPage = (request.method === 'GET' || request.method === 'HEAD') && !urlPath.startsWith('/api/');
  const file = isPage && files !== undefined ? staticFileFor(files, urlPath) : undefined;
  if (file === undefined) return answerProblem(reply, new Problem('not-found'), undefined);
  reply.type(file.type).header('etag', file.etag).header('cache-control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache').code(200);
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  if (file.gzipped !== undefined) {
    reply.header('vary', 'accept-encoding');
    if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.header('content-encoding', 'gzip').send(file.gzipped);
  }
  return reply.send(file.body);
}

/** A question that takes too long, and a database that is away, are of the world and not faults. */
function worldly(error: unknown): Problem | undefined {
  const state = sqlState(error);
  if (state === '57014') return new Problem('question-too-long');
  const isAway = state !== undefined && (state.startsWith('08') || state.startsWith('57P') || state.startsWith('53'));
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const isUnreachable = code === 'ECONNREFUSED' || code === 'ENOENT' || (error instanceof Error && /Connection terminated|timeout exceeded when trying to connect|not queryable|EPIPE|ECONNRESET/.test(error.message));
  return isAway || isUnreachable ? new Problem('starting', 'The database does not answer.') : undefined;
}

/** What the framework itself refuses. */
const byFrameworkStatus: Partial<Record<number, ProblemCode>> = { 400: 'invalid-request', 404: 'not-found', 413: 'too-large', 415: 'invalid-request', 503: 'starting' };

function answerError(doors: Doors, error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const route = request.routeOptions.url ?? 'none';
  if (error instanceof Problem) {
    doors.log(problems[error.code].log, 'request refused', { code: error.code, route, address: request.ip });
    return answerProblem(reply, error, undefined);
  }
  const code = error.code?.startsWith('FST_') === true ? byFrameworkStatus[error.statusCode ?? 500] : undefined;
  if (code !== undefined) return answerProblem(reply, new Problem(code), undefined);
  const world = worldly(error);
  if (world !== undefined) {
    doors.log('warn', 'the database did not answer a request', { route, error: error.message });
    return answerProblem(reply, world, undefined);
  }
  const instance = randomUUID();
  doors.log('error', 'a fault of our own', { instance, route, error: error instanceof z.ZodError ? `the answer is not of its form: ${JSON.stringify(error.issues).slice(0, 2000)}` : (error.stack ?? String(error)) });
  return answerProblem(reply, new Problem('internal'), instance);
}

export function problemDocument(problem: Problem, instance: string | undefined): ProblemDocument {
  return {
    type: `https://vedette.dev/problems/${problem.code}`,
    title: problems[problem.code].title,
    status: problem.status,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    ...(instance === undefined ? {} : { instance: `urn:uuid:${instance}` }),
    code: problem.code,
    ...(problem.places.length === 0 ? {} : { problems: [...problem.places] }),
  };
}

function answerProblem(reply: FastifyReply, problem: Problem, instance: string | undefined): FastifyReply {
  return reply.code(problem.status).header('cache-control', 'no-store').type('application/problem+json; charset=utf-8').send(JSON.stringify(problemDocument(problem, instance)));
}
