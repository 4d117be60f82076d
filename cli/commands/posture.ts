/** `vedette posture report`: the posture as a file, asked of a hub and written whole or not at all. Changes nothing on the hub. */
import { createWriteStream } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { frameworkIds } from '@vedette/model/control-words';
import { complain, UsageError, type CliCommand } from './command.ts';

const formats = ['html', 'csv', 'pdf'] as const;
const tokenBytesMax = 4096;
const waitMs = 300_000;
const optionsKnown = { hub: { type: 'string' }, 'token-file': { type: 'string' }, format: { type: 'string' }, framework: { type: 'string' }, cluster: { type: 'string' }, namespace: { type: 'string' }, output: { type: 'string' } } as const;

/** Said in a sentence, exit code 2. */
class CannotReport extends Error {}

function addressOf(hub: string | undefined, query: Readonly<Record<string, string | undefined>>): URL {
  if (hub === undefined) throw new UsageError('name the hub: --hub https://vedette.example.com');
  const address = URL.parse('/api/v1/posture/report', hub);
  if (address === null || !/^https?:$/.test(address.protocol)) throw new UsageError(`--hub is the address of a hub, such as https://vedette.example.com, not ${hub}`);
  if (URL.parse(hub)?.username !== '') throw new UsageError('--hub must not hold credentials: use --token-file or VEDETTE_TOKEN');
  for (const [name, value] of Object.entries(query)) if (value !== undefined) address.searchParams.set(name, value);
  return address;
}

async function tokenOf(file: string | undefined): Promise<string> {
  const text = file === undefined ? process.env['VEDETTE_TOKEN'] : await readFile(file, 'utf8').catch(() => Promise.reject(new CannotReport(`The token file ${file} cannot be read.`)));
  const token = text?.trim() ?? '';
  if (token === '' || token.length > tokenBytesMax || /\s/.test(token)) throw new CannotReport('The hub needs a token that may view: --token-file FILE, or VEDETTE_TOKEN in the environment.');
  return token;
}

async function ask(address: URL, token: string): Promise<Response> {
  const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` }, redirect: 'error', signal: AbortSignal.timeout(waitMs) }).catch((error: unknown) => {
    throw new CannotReport(`The hub at ${address.origin} does not answer (${error instanceof Error ? ((error.cause as { code?: string } | undefined)?.code ?? error.message) : String(error)}).`);
  });
  if (answer.ok && answer.body !== null) return answer;
  const problem: unknown = await answer.json().catch(() => null);
  const words = typeof problem === 'object' && problem !== null && 'title' in problem ? `${String(problem.title)}${'detail' in problem ? ` ${String(problem.detail)}` : ''}` : `It answered with status ${answer.status}.`;
  throw new CannotReport(`The hub refused: ${words}`);
}

async function report(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, strict: true, options: optionsKnown });
  if (positionals.join(' ') !== 'report') throw new UsageError('say what to do: vedette posture report');
  const format = values.format ?? 'html';
  if (!(formats as readonly string[]).includes(format)) throw new UsageError(`--format is ${formats.join(', ')}, not ${format}`);
  if (values.framework !== undefined && !(frameworkIds as readonly string[]).includes(values.framework)) throw new UsageError(`--framework is one of ${frameworkIds.join(', ')}`);
  if (values.output === undefined && format === 'pdf' && process.stdout.isTTY) throw new UsageError('a PDF is nothing for a terminal: name a file with --output');
  const address = addressOf(values.hub, { format, framework: values.framework, cluster: values.cluster, namespace: values.namespace });
  const answer = await ask(address, await tokenOf(values['token-file']));
  const body = Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]);
  if (values.output === undefined) {
    await pipeline(body, process.stdout, { end: false });
    return 0;
  }
  const partial = `${values.output}.partial`;
  try {
    await pipeline(body, createWriteStream(partial));
    await rename(partial, values.output);
  } catch (error) {
    await rm(partial, { force: true });
    throw new CannotReport(`The report could not be written to ${values.output} (${error instanceof Error ? error.message : String(error)}).`);
  }
  complain(`  The report is in ${values.output}.`);
  return 0;
}

export const postureCommand: CliCommand = {
  name: 'posture',
  summary: 'Fetch the posture of the clusters as a report for auditors',
  usage: 'vedette posture report --hub URL [--token-file FILE] [--format html|csv|pdf] [--framework NAME]\n       [--cluster ID] [--namespace NAME] [--output FILE]',
  details: `  --hub         address of the hub
  --token-file  file with an API token that may view; without it VEDETTE_TOKEN of the environment
  --format      html (to read and print), csv (every result, for a spreadsheet) or pdf; html by default
  --framework   only controls that answer it: ${frameworkIds.join(', ')}
  --cluster     only this cluster, by its id
  --namespace   only this namespace
  --output      write to this file, whole or not at all; without it to standard output
  The report holds what the token may see, and says so. Exit code 0: written; 2: it was not.`,
  examples: ['vedette posture report --hub https://vedette.example.com --format pdf --output posture.pdf', 'vedette posture report --hub https://vedette.example.com --framework pss --format csv > pss.csv'],
  async run(args) {
    try {
      return await report(args);
    } catch (error) {
      if (!(error instanceof CannotReport)) throw error;
      complain(error.message);
      return 2;
    }
  },
};
