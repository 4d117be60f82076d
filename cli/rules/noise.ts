/**
 * `vedette rules noise | propose | files | apply | withdraw`: how loud rules are at a hub, exceptions that it proposes, and
 * rule files that it gives to its sensors. The token comes from a file or from VEDETTE_TOKEN, never from the command line.
 * What the hub answers is held to the contract, and made harmless for a terminal.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { noiseEndpoints, type NoiseProposalView, type NoiseView } from '@vedette/model/api/noise';
import { plain } from '@vedette/origin/ask/plain';
import type { z } from 'zod';
import { complain, say, UsageError, wholeNumber } from '../commands/command.ts';
import { readText, Unusable } from './files.ts';

const waitMs = 120_000;
const hubOptions = { hub: { type: 'string' }, 'token-file': { type: 'string' }, json: { type: 'boolean', default: false } } as const;

interface HubValues {
  readonly hub?: string | undefined;
  readonly 'token-file'?: string | undefined;
}

interface Called<T> {
  readonly method: string;
  readonly path: string;
  readonly output: z.ZodType<T>;
}

async function call<T>(values: HubValues, endpoint: Called<T>, asked: { readonly query?: Readonly<Record<string, string | undefined>>; readonly file?: string; readonly body?: unknown } = {}): Promise<T> {
  if (values.hub === undefined) throw new UsageError('name the hub: --hub https://vedette.example.com');
  const url = URL.parse(endpoint.path.replace('{name}', encodeURIComponent(asked.file ?? '')), values.hub);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError(`--hub is the address of a hub, such as https://vedette.example.com, not ${values.hub}`);
  if (url.username !== '' || url.password !== '') throw new UsageError('--hub must not hold credentials: use --token-file or VEDETTE_TOKEN');
  for (const [key, value] of Object.entries(asked.query ?? {})) if (value !== undefined) url.searchParams.set(key, value);
  const headers = { authorization: `Bearer ${tokenOf(values['token-file'])}`, ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }) };
  const answer = await fetch(url, { method: endpoint.method, headers, redirect: 'error', signal: AbortSignal.timeout(waitMs), ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }) }).catch((error: unknown) => {
    throw new Unusable(`The hub at ${url.origin} does not answer (${error instanceof Error ? ((error.cause as { code?: string } | undefined)?.code ?? error.message) : String(error)}).`);
  });
  const json: unknown = answer.status === 204 ? null : await answer.json().catch(() => undefined);
  if (!answer.ok) throw new Unusable(refusal(answer.status, json));
  const parsed = endpoint.output.safeParse(json);
  if (!parsed.success) throw new Unusable(`${url.host} answers with what is not a hub's answer: is it a hub of this version?`);
  return parsed.data;
}

function tokenOf(file: string | undefined): string {
  let text: string | undefined;
  try {
    text = file === undefined ? process.env['VEDETTE_TOKEN'] : readFileSync(file, 'utf8');
  } catch {
    throw new Unusable(`The token file ${file} cannot be read.`);
  }
  const token = text?.trim() ?? '';
  if (!/^[\u0021-\u007e]{1,500}$/.test(token)) throw new Unusable('The hub wants a token: --token-file FILE, or VEDETTE_TOKEN in the environment. To look, the role viewer suffices; proposals and rule files need operator in the whole hub.');
  return token;
}

function refusal(status: number, body: unknown): string {
  const field = (name: string): string => (typeof body === 'object' && body !== null && name in body ? String((body as Record<string, unknown>)[name]) : '');
  const words = [field('title'), field('detail')].filter((one) => one !== '').join(' ');
  const remedy = status === 401 ? ' The token is wrong or has expired.' : status === 403 ? ' Proposals and rule files need the role operator in the whole hub.' : status === 404 && words === '' ? ' Is it a hub of this version?' : '';
  return plain(`The hub refused with ${status}. ${words}${remedy}`, 1000);
}

function placeWords(row: NoiseView): string {
  return row.workload === null ? `host ${row.hostname ?? 'not known any more'}` : `${row.namespace === null ? '' : `${row.namespace}/`}${row.workload}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((cell, column) => (column === row.length - 1 ? cell : column < 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ')).join('\n');
}

/** 1: something is over the budget. */
export async function noise(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], strict: true, options: { ...hubOptions, days: { type: 'string' }, over: { type: 'boolean', default: false }, rule: { type: 'string' } } });
  const days = wholeNumber(values.days, '--days', 1, 90) ?? 7;
  const list = await call(values, noiseEndpoints.listNoise, { query: { days: String(days), limit: '200', rule: values.rule, over: values.over ? 'only' : 'any' } });
  if (values.json) say(JSON.stringify(list, null, 2));
  else if (list.items.length === 0) say(values.over ? `No rule is over ${list.budget.perDay} detections a day in any workload.` : `No rule has reported anything in the last ${days} days.`);
  else {
    say(table([['last day', `${days} days`, 'place', 'where', 'rule'], ...list.items.map((row) => [`${row.over ? '! ' : ''}${row.lastDay}`, String(row.total), row.place, plain(placeWords(row), 80), plain(row.rule, 200)])]));
    if (list.next !== null) say(`… of ${list.total}; the loudest 200 are shown`);
    say(`\n${list.over} of ${list.total} over the budget of ${list.budget.perDay} a day (!)${list.over === 0 ? '' : '; vedette rules propose RULE --place PLACE says what would quieten one'}`);
  }
  return list.over > 0 ? 1 : 0;
}

/** The text goes to standard output, what is said about it to the other: so it can be put into a file. 1: none is proposed. */
export async function propose(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], strict: true, allowPositionals: true, options: { ...hubOptions, days: { type: 'string' }, place: { type: 'string' }, output: { type: 'string' } } });
  const [rule, more] = positionals;
  if (rule === undefined || more !== undefined) throw new UsageError('name one rule: vedette rules propose "Shell in a container" --hub URL');
  const days = wholeNumber(values.days, '--days', 1, 90) ?? 7;
  const proposal = await call(values, noiseEndpoints.proposeExceptions, { query: { rule, place: values.place, days: String(days) } });
  if (values.json) say(JSON.stringify(proposal, null, 2));
  else tell(proposal, values.output);
  return proposal.yaml === null ? 1 : 0;
}

function tell(proposal: NoiseProposalView, output: string | undefined): void {
  complain(plain(proposal.sentence, 1000));
  for (const one of proposal.exceptions) complain(`  hides ${one.hidden}: ${plain(one.words, 1000)}`);
  for (const one of proposal.samples.kept.slice(0, 3)) complain(`  stays${one.count > 1 ? ` (${one.count} times)` : ''}: ${plain(one.output, 200)}`);
  if (proposal.yaml === null) return;
  if (output === undefined) say(proposal.yaml.trimEnd());
  else writeFileSync(output, proposal.yaml);
  complain(proposal.appliedAs === null ? `\n${output === undefined ? `Put it into a file, such as ${proposal.file}, and` : 'Then'} vedette rules apply FILE gives it to all sensors; vedette rules withdraw NAME takes it back.` : `\nIt is applied already, as ${proposal.appliedAs}.`);
}

export async function files(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], strict: true, options: hubOptions });
  const { items } = await call(values, noiseEndpoints.listRuleFiles);
  if (values.json) say(JSON.stringify(items, null, 2));
  else if (items.length === 0) say('The hub has no rule file but those of the product. vedette rules apply FILE adds one.');
  for (const one of values.json ? [] : items) {
    say(`${one.name}  ${one.updatedAt.slice(0, 10)} by ${plain(one.updatedBy, 100)}: ${plain(one.rules.join(', '), 300)}`);
    for (const warning of one.warnings) say(`  warning: ${plain(warning, 500)}`);
  }
  return 0;
}

export async function apply(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], strict: true, allowPositionals: true, options: { ...hubOptions, name: { type: 'string' } } });
  const [path, more] = positionals;
  if (path === undefined || more !== undefined) throw new UsageError('name one rule file: vedette rules apply FILE --hub URL');
  const name = values.name ?? basename(path);
  if (path === '-' && values.name === undefined) throw new UsageError('say what it is to be called: --name NAME.yaml');
  const file = await call(values, noiseEndpoints.putRuleFile, { file: name, body: { yaml: readText(path) } });
  if (values.json) say(JSON.stringify(file, null, 2));
  else say(`${file.name} is given to all sensors${file.rules.length === 0 ? '' : `; it has or changes: ${plain(file.rules.join(', '), 300)}`}.`);
  for (const warning of values.json ? [] : file.warnings) complain(`  warning: ${plain(warning, 500)}`);
  return 0;
}

export async function withdraw(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], strict: true, allowPositionals: true, options: hubOptions });
  const [name, more] = positionals;
  if (name === undefined || more !== undefined) throw new UsageError('name one rule file of the hub: vedette rules withdraw NAME --hub URL');
  await call(values, noiseEndpoints.deleteRuleFile, { file: name });
  say(values.json ? JSON.stringify({ withdrawn: name }) : `${name} is taken back: all sensors load the rules without it.`);
  return 0;
}
