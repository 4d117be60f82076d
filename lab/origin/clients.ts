/**
 * JFrog's own client libraries as the lab runs them: the JavaScript one installed by npm, the Go one compiled into a small program. Neither is changed; each
 * prints what it made of every answer, and that comes back by name of the step.
 */
import { join } from 'node:path';
import { npmApplication } from '../containers/debian-root.ts';
import { run } from '../containers/run.ts';
import { buildOwnProgram, type Log } from '../kubernetes/tools.ts';

export const jsClientVersion = '2.9.0';

export interface Clients {
  /** Directory with node_modules. */
  readonly js: string;
  readonly go: string;
}

/** A step's result as JSON, or `error: …` in the client's own words. */
export type Steps = ReadonlyMap<string, string>;

export async function installClients(log: Log): Promise<Clients> {
  log(`jfrog-client-js ${jsClientVersion} by npm, jfrog-client-go by the Go compiler`);
  const js = await npmApplication({ name: 'jfrog-client', dependencies: { 'jfrog-client-js': jsClientVersion }, main: '' });
  const go = await buildOwnProgram('jfrog-client', join(import.meta.dirname, 'go', 'client'), log);
  return { js, go };
}

export interface Target {
  readonly url: string;
  readonly token: string;
  /** For files that come and go. */
  readonly scratch: string;
}

export async function runJs(clients: Clients, { url, token, scratch }: Target, acts: 'calls' | 'faults'): Promise<Steps> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'node', 'client.cjs'), clients.js, url, token, scratch, acts]);
  return stepsOf(stdout);
}

export async function runGo(clients: Clients, { url, token, scratch }: Target): Promise<Steps> {
  // it keeps what it downloads and sorts in temporary files, and leaves some
  const { stdout } = await run(clients.go, [url, token, scratch], { env: { TMPDIR: scratch, HOME: scratch } });
  return stepsOf(stdout);
}

function stepsOf(text: string): Steps {
  return new Map(
    text.split('\n').filter((line) => line !== '').map((line) => {
      const { step, result, error } = JSON.parse(line) as { step: string; result?: unknown; error?: string };
      return [step, error === undefined ? JSON.stringify(result) : `error: ${error}`] as const;
    }),
  );
}
