/**
 * `vedette baselines`: learned behaviour of images in workloads, asked of a hub: listed, shown, exported as YAML, put back after an edit, promoted.
 * What the hub answers is checked, bounded, and made harmless for a terminal.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { BaselineDetailView, BaselineView } from '@vedette/model/api/baselines';
import { baselineStates } from '@vedette/model/baseline-words';
import { readBaseline } from '@vedette/policy/baseline/text';
import { plain } from '@vedette/origin/ask/plain';
import { z } from 'zod';
import { complain, say, UsageError, type CliCommand } from './command.ts';

const tokenBytesMax = 4096;
const waitMs = 60_000;
const options = { hub: { type: 'string' }, 'token-file': { type: 'string' }, json: { type: 'boolean', default: false }, state: { type: 'string' }, outside: { type: 'boolean', default: false }, search: { type: 'string' }, to: { type: 'string' }, output: { type: 'string' }, force: { type: 'boolean', default: false } } as const;
type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

/** Said in a sentence, exit code 2. */
class Refused extends Error {}

async function tokenOf(file: string | undefined): Promise<string> {
  const text = file === undefined ? process.env['VEDETTE_TOKEN'] : await readFile(file, 'utf8').catch(() => Promise.reject(new Refused(`The token file ${file} cannot be read.`)));
  const token = text?.trim() ?? '';
  if (token === '' || token.length > tokenBytesMax || /\s/.test(token)) throw new Refused('The hub needs a token: --token-file FILE, or VEDETTE_TOKEN in the environment. Reading takes the role viewer, changing operator.');
  return token;
}

async function ask(values: Values, path: string, request: { readonly method?: string; readonly body?: unknown } = {}): Promise<string> {
  if (values.hub === undefined) throw new UsageError('name the hub: --hub https://vedette.example.com');
  const address = URL.parse(path, values.hub);
  if (address === null || !/^https?:$/.test(address.protocol)) throw new UsageError(`--hub is the address of a hub, such as https://vedette.example.com, not ${values.hub}`);
  if (URL.parse(values.hub)?.username !== '') throw new UsageError('--hub must not hold credentials: use --token-file or VEDETTE_TOKEN');
  const headers = { authorization: `Bearer ${await tokenOf(values['token-file'])}`, ...(request.body === undefined ? {} : { 'content-type': 'application/json' }) };
  const answer = await fetch(address, { method: request.method ?? 'GET', headers, redirect: 'error', signal: AbortSignal.timeout(waitMs), ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }) }).catch((error: unknown) => {
    throw new Refused(`The hub at ${address.origin} does not answer (${error instanceof Error ? ((error.cause as { code?: string } | undefined)?.code ?? error.message) : String(error)}).`);
  });
  const text = await answer.text();
  if (answer.ok) return text;
  const problem = jsonIn(text);
  const words = typeof problem === 'object' && problem !== null && 'title' in problem ? `${String(problem.title)}${'detail' in problem ? ` ${String(problem.detail)}` : ''}` : `It answered with status ${answer.status}.`;
  throw new Refused(`The hub refused: ${plain(words)}`);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function parsed<T>(shape: z.ZodType<T>, text: string): T {
  const found = shape.safeParse(jsonIn(text));
  if (!found.success) throw new Refused('The hub answers with what is not an answer of this version.');
  return found.data;
}

function numbered(id: string | undefined): string {
  if (id === undefined || !/^(?:baseline-)?\d{1,15}$/.test(id)) throw new UsageError('name the baseline by its number: vedette baselines list shows them');
  return id.replace('baseline-', '');
}

const place = (one: BaselineView): string => (one.namespace === null ? `${one.hostname ?? one.clusterName}: ${one.workload}` : `${one.clusterName}: ${one.namespace}/${one.workload}`);
const hours = (seconds: number): string => (seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`);
const total = ({ counts }: BaselineView): number => counts.execution + counts.file + counts.peer + counts.capability;

const List = z.object({ items: z.array(BaselineView), next: z.string().nullable(), total: z.int().nullable(), withoutImage: z.int() });

async function list(values: Values): Promise<number> {
  const query = new URLSearchParams({ limit: '200', ...(values.state === undefined ? {} : { state: values.state }), ...(values.outside ? { outside: 'only' } : {}), ...(values.search === undefined ? {} : { search: values.search }) });
  const { items, total: count, withoutImage } = parsed(List, await ask(values, `/api/v1/baselines?${query.toString()}`));
  if (values.json) say(JSON.stringify(items, null, 2));
  else if (items.length === 0) say('There is no baseline here. One begins with the first container of an image that a sensor sees.');
  else {
    const rows = items.map((one) => [one.id, one.state, String(total(one)), one.outside === 0 ? '-' : String(one.outside), hours(one.watchedSeconds), one.blind.intervals === 0 ? '-' : `${one.blind.intervals} (${one.blind.reasons.join(', ')})`, `${plain(place(one))} ${plain(one.image ?? one.platformDigest.slice(0, 19))}`]);
    const head = ['ID', 'STATE', 'LEARNED', 'OUTSIDE', 'WATCHED', 'BLIND', 'WORKLOAD AND IMAGE'];
    const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
    for (const row of [head, ...rows]) say(row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  '));
    if (count !== null && count > items.length) say(`${count - items.length} more: narrow by --state, --outside or --search.`);
  }
  if (!values.json && withoutImage > 0) say(`${withoutImage} running containers can have no baseline: nobody knows which image they are of.`);
  return 0;
}

async function show(values: Values, id: string | undefined): Promise<number> {
  const one = parsed(BaselineDetailView, await ask(values, `/api/v1/baselines/${numbered(id)}`));
  if (values.json) {
    say(JSON.stringify(one, null, 2));
    return 0;
  }
  say(`${plain(place(one))}  ${plain(one.image ?? '')}`);
  say(`${one.platformDigest}`);
  say(`${one.state} since ${one.stateAt} by ${plain(one.stateBy)}; watched ${hours(one.watchedSeconds)}, nothing new for ${hours(one.quietSeconds)} of them${one.state === 'learn' ? `; ${one.learnHours} h end learning${one.wholeStart ? '' : ', once a start was seen whole'}` : ''}`);
  const kinds = [['execution', 'Executes'], ['peer', 'Talks to'], ['file', 'Writes'], ['capability', 'Holds']] as const;
  for (const [kind, title] of kinds) {
    const of = one.behaviours.filter(({ behaviour }) => behaviour.kind === kind);
    if (of.length > 0) say(`\n${title}\n${of.map(({ text }) => `  ${plain(text)}`).join('\n')}`);
  }
  if (one.outsideBehaviours.length > 0) say(`\nOutside of the baseline\n${one.outsideBehaviours.map(({ text, firstSeen, expected }) => `  ${plain(text)}, first ${firstSeen}\n    ${plain(expected)}`).join('\n')}`);
  if (one.blindIntervals.length > 0) say(`\nNot seen\n${one.blindIntervals.map(({ since, until, sentence }) => `  ${since} to ${until}: ${plain(sentence)}`).join('\n')}`);
  if (one.cut > 0) say(`\n${one.cut} times something new was seen for which there was no room.`);
  return 0;
}

async function exported(values: Values, id: string | undefined): Promise<number> {
  const yaml = await ask(values, `/api/v1/baselines/${numbered(id)}/export`);
  if (values.output === undefined) {
    process.stdout.write(yaml);
    return 0;
  }
  await writeFile(`${values.output}.partial`, yaml);
  await rename(`${values.output}.partial`, values.output);
  complain(`  The baseline is in ${values.output}.`);
  return 0;
}

async function apply(values: Values, path: string | undefined): Promise<number> {
  if (path === undefined) throw new UsageError('name the file: vedette baselines apply FILE');
  const yaml = await readFile(path, 'utf8').catch(() => Promise.reject(new Refused(`${path} cannot be read.`)));
  const { baseline, problems } = readBaseline(path, yaml);
  for (const { line, column, message, advice } of problems) complain(`${path}:${line}:${column}: ${message}. ${advice}`);
  if (baseline === null) return 1;
  const id = numbered(values.to ?? baseline.name);
  const body = { yaml, ...(values.force || baseline.generation === null ? {} : { generation: baseline.generation }) };
  const now = parsed(BaselineDetailView, await ask(values, `/api/v1/baselines/${id}`, { method: 'PUT', body }));
  say(`Baseline ${id} holds ${total(now)} behaviours now (generation ${now.generation}); ${now.outside} stand outside.`);
  return 0;
}

async function setState(values: Values, id: string | undefined, state: string | undefined): Promise<number> {
  if (!(baselineStates as readonly string[]).includes(state ?? '')) throw new UsageError(`say which state: ${baselineStates.join(', ')}`);
  const now = parsed(BaselineView, await ask(values, `/api/v1/baselines/${numbered(id)}/state`, { method: 'PUT', body: { state } }));
  say(`Baseline ${now.id} of ${plain(place(now))}: ${now.state}.`);
  return 0;
}

async function accept(values: Values, id: string | undefined): Promise<number> {
  const now = parsed(BaselineDetailView, await ask(values, `/api/v1/baselines/${numbered(id)}/accept`, { method: 'POST', body: { keys: 'all' } }));
  say(`Baseline ${now.id} holds ${total(now)} behaviours now; ${now.outside} stand outside.`);
  return 0;
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, strict: true, options });
  const [action, first, second] = positionals;
  switch (action) {
    case 'list':
      return list(values);
    case 'show':
      return show(values, first);
    case 'export':
      return exported(values, first);
    case 'apply':
      return apply(values, first);
    case 'set':
      return setState(values, first, second);
    case 'accept':
      return accept(values, first);
    default:
      throw new UsageError(`say what to do: list, show, export, apply, set, accept${action === undefined ? '' : `; there is no "vedette baselines ${action}"`}`);
  }
}

export const baselinesCommand: CliCommand = {
  name: 'baselines',
  summary: 'Show, export and edit what images were learned to do, and let it be watched',
  usage: `vedette baselines list --hub URL [--state learn|watch|enforce] [--outside] [--search TEXT] [--json]
       vedette baselines show ID --hub URL [--json]
       vedette baselines export ID --hub URL [--output FILE]
       vedette baselines apply FILE --hub URL [--to ID] [--force]
       vedette baselines set ID learn|watch|enforce --hub URL
       vedette baselines accept ID --hub URL`,
  details: `  list      baselines with how much belongs to each, what stands outside, and where nobody looked
  show      one baseline: what the image executes, writes, talks to and holds; what was seen outside; blind times
  export    the same as YAML, one line a behaviour
  apply     puts an edited export back; refused when the baseline has changed meanwhile
    --to      another baseline than the file's (remove scope.platformDigest from it)
    --force   whatever it has become meanwhile
  set       learn: everything is learned; watch: what is outside is a detection; enforce: programs that did not come
            with the image are killed as well
  accept    takes all that stands outside into the baseline
  --hub         address of the hub
  --token-file  file with an API token; without it VEDETTE_TOKEN of the environment. Reading takes the role viewer,
                changing operator
  Exit code 0: done; 1: the file is not a baseline; 2: the hub could not be asked, or refused.`,
  examples: [
    'vedette baselines list --hub https://vedette.example.com --outside',
    'vedette baselines export 12 --hub https://vedette.example.com --output cart.yaml',
    'vedette baselines apply cart.yaml --hub https://vedette.example.com',
    'vedette baselines set 12 watch --hub https://vedette.example.com',
  ],
  async run(args) {
    try {
      return await run(args);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      complain(error.message);
      return 2;
    }
  },
};
