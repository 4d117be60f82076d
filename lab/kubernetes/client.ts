/**
 * A small client of the Kubernetes API for labs: read, server-side apply, patch, delete and watchless waiting over HTTPS as a
 * user with a certificate; exec and logs through the real kubectl. Paths are made from apiVersion and kind by the API
 * server's own discovery, so it knows custom resources as soon as they are there. An answer that is no success is an
 * error that carries the status and what the API server said.
 */
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { run, type RunResult } from '../containers/run.ts';
import type { Certificate } from './certificates.ts';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export interface KubernetesClientOptions {
  readonly server: string;
  readonly authorityPem: string;
  readonly certificate: Certificate;
  /** For kubectl. */
  readonly kubeconfig: string;
  readonly kubectl: string;
}

const answerBytesMax = 64 << 20;
const requestMs = 30_000;
const object = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }) });
const listed = z.looseObject({ items: z.array(z.looseObject({ metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }) })) });
const discovery = z.looseObject({ resources: z.array(z.looseObject({ name: z.string(), kind: z.string(), namespaced: z.boolean() })) });
const status = z.looseObject({ message: z.string().optional(), reason: z.string().optional() });

export class KubernetesError extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(what: string, code: number, reason: string, message: string) {
    super(`${what}: ${code} ${reason} ${message}`.trim());
    this.status = code;
    this.reason = reason;
  }
}

interface Answer {
  readonly code: number;
  readonly text: string;
}

interface Resource {
  readonly path: string;
  readonly namespaced: boolean;
}

export class KubernetesClient {
  readonly kubeconfig: string;
  readonly #options: KubernetesClientOptions;
  readonly #agent: Agent;
  readonly #resources = new Map<string, Resource>();

  constructor(options: KubernetesClientOptions) {
    this.#options = options;
    this.kubeconfig = options.kubeconfig;
    const { certificatePem, privateKeyPem } = options.certificate;
    this.#agent = new Agent({ ca: options.authorityPem, cert: certificatePem, key: privateKeyPem, keepAlive: true, maxSockets: 16 });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(method: string, path: string, body: unknown, contentType: string, timeoutMs = requestMs): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      const sent = request(new URL(path, this.#options.server), { method, agent: this.#agent, timeout: timeoutMs, headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': contentType }) } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          if (text.length > answerBytesMax) response.destroy(new Error(`the answer to ${path} is larger than ${answerBytesMax} bytes`));
        });
        response.on('error', reject).on('end', () => resolve({ code: response.statusCode ?? 0, text }));
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path} within ${timeoutMs / 1000} s`)));
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Any path of the API; the answer as it is. */
  async call(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<unknown> {
    const { code, text } = await this.#send(method, path, body, contentType);
    if (code >= 200 && code < 300) return text === '' ? null : JSON.parse(text);
    const said = ((): z.infer<typeof status> => {
      try {
        return status.parse(JSON.parse(text));
      } catch {
        return { message: text.slice(0, 500) };
      }
    })();
    throw new KubernetesError(`${method} ${path}`, code, said.reason ?? '', said.message ?? '');
  }

  async isReady(timeoutMs = requestMs): Promise<boolean> {
    return await this.#send('GET', '/readyz', undefined, '', timeoutMs).then(({ code }) => code === 200, () => false);
  }

  async #resource(apiVersion: string, kind: string): Promise<Resource> {
    const key = `${apiVersion} ${kind}`;
    const known = this.#resources.get(key);
    if (known !== undefined) return known;
    const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const { resources } = discovery.parse(await this.call('GET', group));
    const found = resources.find((one) => one.kind === kind && !one.name.includes('/'));
    if (found === undefined) throw new KubernetesError(`${apiVersion} ${kind}`, 404, 'NotFound', 'the API server knows no such kind');
    const resource = { path: `${group}%/${found.name}`, namespaced: found.namespaced };
    this.#resources.set(key, resource);
    return resource;
  }

  async #path(apiVersion: string, kind: string, namespace: string | undefined, name = ''): Promise<string> {
    const { path, namespaced } = await this.#resource(apiVersion, kind);
    const within = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
    return `${path.replace('%', within)}${name === '' ? '' : `/${encodeURIComponent(name)}`}`;
  }

  async get(apiVersion: string, kind: string, name: string, namespace?: string): Promise<KubernetesObject> {
    return object.parse(await this.call('GET', await this.#path(apiVersion, kind, namespace, name)));
  }

  /** null when it is not there. */
  async find(apiVersion: string, kind: string, name: string, namespace?: string): Promise<KubernetesObject | null> {
    return await this.get(apiVersion, kind, name, namespace).catch((error: unknown) => {
      if (error instanceof KubernetesError && error.status === 404) return null;
      throw error;
    });
  }

  /** Of a namespace, or of all of them; `query` as the API has it, `labelSelector=app%3Dweb`. */
  async list(apiVersion: string, kind: string, namespace?: string, query = ''): Promise<KubernetesObject[]> {
    const path = await this.#path(apiVersion, kind, namespace);
    const { items } = listed.parse(await this.call('GET', query === '' ? path : `${path}?${query}`));
    // a list names the kind once, above its items
    return items.map((one) => ({ ...one, apiVersion, kind }));
  }

  /** Server-side apply; makes what is not there. A kind that has just been defined is waited for. */
  async apply(wanted: KubernetesObject): Promise<KubernetesObject> {
    const { apiVersion, kind, metadata } = wanted;
    const path = await this.#path(apiVersion, kind, metadata.namespace ?? 'default', metadata.name);
    return object.parse(await this.call('PATCH', `${path}?fieldManager=vedette-lab&force=true`, wanted, 'application/apply-patch+yaml'));
  }

  async create(wanted: KubernetesObject): Promise<KubernetesObject> {
    const { apiVersion, kind, metadata } = wanted;
    return object.parse(await this.call('POST', await this.#path(apiVersion, kind, metadata.namespace ?? 'default'), wanted));
  }

  /** A merge patch. */
  async patch(apiVersion: string, kind: string, name: string, namespace: string | undefined, change: unknown): Promise<KubernetesObject> {
    return object.parse(await this.call('PATCH', await this.#path(apiVersion, kind, namespace, name), change, 'application/merge-patch+json'));
  }

  /** Waits until it is gone, finalizers and all; true when it was there. */
  async delete(apiVersion: string, kind: string, name: string, namespace?: string, timeoutMs = 60_000): Promise<boolean> {
    const path = await this.#path(apiVersion, kind, namespace, name);
    try {
      await this.call('DELETE', `${path}?propagationPolicy=Background`);
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 404) return false;
      throw error;
    }
    const begun = performance.now();
    while ((await this.find(apiVersion, kind, name, namespace)) !== null) {
      if (performance.now() - begun > timeoutMs) throw new Error(`${kind} ${name} was not gone ${timeoutMs / 1000} s after it was deleted`);
      await sleep(100);
    }
    return true;
  }

  /** The real kubectl as this user. */
  async kubectl(args: readonly string[], options: { readonly input?: string; readonly accept?: readonly number[]; readonly timeoutMs?: number } = {}): Promise<RunResult> {
    return await run(this.#options.kubectl, ['--kubeconfig', this.kubeconfig, ...args], options);
  }

  /** Runs a command in a Pod, as `kubectl exec` does. */
  async exec(namespace: string, pod: string, command: readonly string[], options: { readonly container?: string; readonly accept?: readonly number[] } = {}): Promise<RunResult> {
    const container = options.container === undefined ? [] : ['--container', options.container];
    return await this.kubectl(['--namespace', namespace, 'exec', pod, ...container, '--', ...command], { accept: options.accept ?? [] });
  }
}
