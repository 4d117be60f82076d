/**
 * `vedette trace --hub`: the chain from what the hub has stored, of an image or of a process of this host. A process is named by what does not change while it
 * lives: the boot, its number, when it started, and the container that its cgroup names. The token comes from a file or from VEDETTE_TOKEN, never
 * from the command line. What the hub answers is checked, bounded, and made harmless for a terminal.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceView, type ChainLinkView, type OriginVerdictView } from '@vedette/model/api/origin';
import { wordsOf } from '@vedette/model/origin';
import { ask, isUnknown, jsonOf } from '@vedette/origin/ask/ask';
import { plain } from '@vedette/origin/ask/plain';
import { complain, say } from './command.ts';
import { agoWords } from './trace-report.ts';

export interface HubOptions {
  readonly hub: string;
  readonly tokenFile: string | undefined;
  readonly path: string | undefined;
  readonly asJson: boolean;
}

interface Named {
  readonly query: Readonly<Record<string, string>>;
}
type Problem = { readonly problem: string };

const answerBytesMax = 4 * 2 ** 20;

/** 0: the chain stands and nothing is wrong; 1: something is wrong, contradicts, or was not answered; 2: there is no chain. */
export async function traceByHub(subject: string, options: HubOptions): Promise<number> {
  const named = subject.startsWith('pid:') ? processOf(subject.slice('pid:'.length), '/proc') : { query: { image: subject } };
  const hub = 'problem' in named ? named : hubOf(options);
  if ('problem' in named || 'problem' in hub) return refuse(('problem' in named ? named : (hub as Problem)).problem);
  const url = new URL('/api/v1/trace', hub.url);
  for (const [name, value] of Object.entries({ ...named.query, ...(options.path === undefined ? {} : { path: options.path }) })) url.searchParams.set(name, value);
  const asking = { fetch, clock: () => Date.now(), sleep: async (ms: number) => void (await sleep(ms)), timeoutMs: 15_000, waitMsMax: 10_000 };
  const reply = await ask({ url, authorization: `Bearer ${hub.token}`, bytesMax: answerBytesMax }, asking);
  if (isUnknown(reply)) return refuse(`The hub did not answer: ${wordsOf(reply.reason)}: ${reply.detail}.`);
  const body = jsonOf(reply);
  if (reply.status !== 200) return refuse(refusalOf(url, reply.status, 'json' in body ? body.json : null));
  const parsed = 'json' in body ? TraceView.safeParse(body.json) : null;
  if (parsed?.success !== true) return refuse(`${url.host} answers with what is no chain: is it a hub of this version?`);
  say(options.asJson ? JSON.stringify(parsed.data, null, 2) : traceLines(parsed.data).join('\n'));
  return exitCodeOf(parsed.data);
}

function refuse(sentence: string): 2 {
  complain(plain(sentence, 800));
  return 2;
}

function refusalOf(url: URL, status: number, body: unknown): string {
  const field = (name: string): string => (typeof body === 'object' && body !== null && name in body ? String((body as Record<string, unknown>)[name]) : '');
  const words = [field('title'), field('detail')].filter((one) => one !== '').join(' ');
  const remedy = status === 401 ? ' The token is wrong or has expired.' : status === 403 ? ' The token’s role may not view.' : '';
  return `${url.host} answers with ${status}. ${words}${remedy}`;
}

function hubOf({ hub, tokenFile }: HubOptions): { readonly url: URL; readonly token: string } | Problem {
  const url = URL.parse(hub);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return { problem: `--hub must be the address of a hub, such as https://vedette.example.com, without credentials in it.` };
  let token: string | undefined;
  try {
    token = tokenFile === undefined ? process.env['VEDETTE_TOKEN'] : readFileSync(tokenFile, 'utf8');
  } catch (error) {
    return { problem: `${tokenFile} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'}).` };
  }
  if (token === undefined || !/^[\u0021-\u007e]{1,500}$/.test(token.trim())) return { problem: 'The hub wants a token: --token-file FILE, or VEDETTE_TOKEN in the environment. Make one in the console under API tokens; the role viewer suffices.' };
  return { url, token: token.trim() };
}

/** What names a process of this host to the hub. */
export function processOf(text: string, proc: string): Named | Problem {
  if (!/^[1-9]\d{0,6}$/.test(text)) return { problem: `pid: is followed by the number of a process, not by ${JSON.stringify(text)}.` };
  try {
    const stat = readFileSync(`${proc}/${text}/stat`, 'utf8');
    // the command stands in parentheses and may hold any character, these too
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const boot = readFileSync(`${proc}/sys/kernel/random/boot_id`, 'utf8').trim();
    const container = containerIn(readFileSync(`${proc}/${text}/cgroup`, 'utf8'));
    return { query: { pid: text, boot, startTicks, ...(container === null ? {} : { container }) } };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return { problem: code === 'ENOENT' || code === 'ESRCH' ? `There is no process ${text} on this host.` : `Process ${text} cannot be looked at (${code}).` };
  }
}

/** The last 64 hex digits that stand alone in a cgroup's path: runtimes name a container's cgroup so. The sensor knows more ways; the hub asks it first. */
export function containerIn(cgroups: string): string | null {
  return [...cgroups.matchAll(/(?:^|[^0-9a-f])([0-9a-f]{64})(?![0-9a-f])/gm)].at(-1)?.[1] ?? null;
}

const marks: Record<ChainLinkView['state'] | OriginVerdictView['state'], string> = { known: '✓', absent: '–', unknown: '?', conflict: '≠', violated: '✗', holds: '✓', 'not-applicable': '–' };
const indent = ' '.repeat(13);

function linkLines(link: ChainLinkView): string[] {
  const lines = [
    ...link.claims.flatMap((one) => [`${plain(one.text, 300)}   [${plain(one.source)}, ${one.confidence}, ${agoWords(one.ageSeconds)}]`, ...Object.entries(one.details).map(([key, value]) => `  ${plain(key, 60)} ${plain(value, 160)}`)]),
    ...link.gaps.flatMap((one) => [`${one.state === 'absent' ? 'none: ' : ''}${plain(one.words, 400)}${one.source === null ? '' : `   [${plain(one.source)}]`}`, ...(one.action === null ? [] : [`→ ${plain(one.action, 300)}`])]),
    ...link.agreements.map((one) => `agreed: ${plain(one, 400)}`),
    ...link.conflicts.map((one) => `conflict: ${plain(one, 600)}`),
  ];
  return lines.map((line, at) => (at === 0 ? `${marks[link.state]} ${link.station.padEnd(10)} ${line}` : `${indent}${line}`));
}

function verdictLines(one: OriginVerdictView): string[] {
  const more = [one.expected === null ? null : `expected ${one.expected}`, one.found === null ? null : `found    ${one.found}`, one.unconfirmed === null ? null : `not asked again since: ${one.unconfirmed}`, one.action === null ? null : `→ ${one.action}`];
  return [`${marks[one.state]} ${one.kind.padEnd(20)} ${one.state}: ${plain(one.sentence, 600)}`, ...more.flatMap((line) => (line === null ? [] : [`${' '.repeat(23)}${plain(line, 400)}`]))];
}

export function traceLines(traced: TraceView): string[] {
  const verdicts = traced.verdicts.length === 0 ? ['? nothing was judged yet'] : traced.verdicts.flatMap(verdictLines);
  return [plain(traced.subject, 400), '', ...traced.chain.flatMap(linkLines), '', 'Integrity', ...verdicts];
}

function exitCodeOf({ chain, verdicts }: TraceView): 0 | 1 {
  const wasAsked = (reason: string | null): boolean => reason !== null && reason !== 'not-configured' && reason !== 'not-asked';
  const isWrong = verdicts.some((one) => one.state === 'violated' || wasAsked(one.reason)) || chain.some((link) => link.state === 'conflict' || link.gaps.some((gap) => wasAsked(gap.reason)));
  return isWrong ? 1 : 0;
}
