/** A running hub for tests, with callers of every role and scope, and a client that speaks as one of them. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Grant, Role, Scope } from '@vedette/model/access';
import { hashOf, tokenPrefix } from './api/sign-in.ts';
import type { HubConfigInput } from './config.ts';
import { startHub, type RunningHub } from './main.ts';
import { addToken } from './store/access.ts';
import { checkRows } from './store/database.ts';
import { giveEmptyServer, scratchBinaries, scratchDirectory, scratchUser } from './store/scratch.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What is expected of it is what the tests assert.
  readonly json: Record<string, never> & { readonly [key: string]: unknown };
}

export interface SampleHub extends RunningHub {
  readonly directory: string;
  /** To start it again on the same state. */
  readonly startedWith: HubConfigInput;
  /** A bearer token of that role in each place of the scope. */
  tokenFor(role: Role, scope?: Scope): Promise<string>;
  tokenWith(grants: readonly Grant[]): Promise<string>;
  ask(method: string, path: string, options?: { token?: string; body?: unknown; headers?: Record<string, string> }): Promise<Answer>;
  end(): Promise<void>;
}

export const samplePolicy = (name: string, more = ''): string => `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata:
  name: ${name}
spec:
  description: Only executables that came with the image may run.${more}
  severity: critical
  attack: [T1204.003]
  mode: shadow
  rules:
    - name: not-from-image
      on: execution
      when: execution.file.origin in ["dropped", "modified", "memory"]
      actions:
        run: kill
`;

export const samplePlaybook = (name: string): string => `apiVersion: vedette.dev/v1alpha1
kind: Playbook
metadata:
  name: ${name}
spec:
  description: Tells somebody.
  mode: shadow
  trigger:
    on: incident
    when: incident.severity in ["critical", "high"]
  steps:
    - name: tell
      kind: webhook
      approval: required
      with:
        integration: siem
`;

export async function sampleHub(config: Partial<HubConfigInput> = {}): Promise<SampleHub> {
  const directory = await scratchDirectory();
  const content = path.join(directory, 'content');
  await mkdir(path.join(content, 'policies'), { recursive: true });
  await mkdir(path.join(content, 'rules', 'execution'), { recursive: true });
  await writeFile(path.join(content, 'policies', 'only-from-image.yaml'), samplePolicy('only-from-image'));
  await writeFile(path.join(content, 'rules', 'execution', 'shell.yaml'), '- macro: never\n  condition: (evt.num = 0)\n');
  checkRows(true);
  const startedWith: HubConfigInput = {
    stateDirectory: path.join(directory, 'state'),
    contentDirectory: content,
    postgresBinaries: scratchBinaries,
    user: scratchUser,
    unsafeFast: true,
    logLevel: 'error',
    api: { port: 0 },
    link: { port: 0 },
    ...config,
  };
  if (startedWith.databaseUrl === undefined) await giveEmptyServer(path.join(startedWith.stateDirectory, 'postgres'));
  const hub = await startHub(startedWith);
  const tokenWith = async (grants: readonly Grant[]): Promise<string> => {
    const secret = `${tokenPrefix}${randomBytes(30).toString('base64url')}`;
    await addToken(hub.database, { name: grants[0]?.role ?? 'nobody', grants, tokenHash: hashOf(secret), createdBy: 'test', expiresAt: null }, new Date());
    return secret;
  };
  const sample: SampleHub = {
    ...hub,
    startedWith,
    directory,
    tokenFor: (role, scope = { kind: 'all' }) => tokenWith(scope.kind === 'all' ? [{ role, place: 'all' }] : scope.places.map((place) => ({ role, place }))),
    tokenWith,
    async ask(method, at, { token, body, headers = {} } = {}) {
      const response = await fetch(`${sample.url}${at}`, {
        method,
        headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      return { status: response.status, headers: response.headers, text, json: (isJson ? JSON.parse(text) : {}) as Answer['json'] };
    },
    async end() {
      await sample.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return sample;
}
