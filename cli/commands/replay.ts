/**
 * `vedette replay`: a recording of libscap against rules, one line an alert on standard output, the summary on standard error. Exit code
 * 0: read whole; 1: alerts are from a part of it (the file is broken or cut off) or a rule was left out; 2: could not be read at all.
 */
import { spawn } from 'node:child_process';
import { closeSync, createReadStream, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { loadReplay, type Reading, type ReplayResult } from '@vedette/capture/replay';
import { summaryJson, summaryText } from '@vedette/capture/summary';
import { alertJson, alertLine, type Alert } from '@vedette/rules/alert';
import { priorities, type Priority } from '@vedette/rules/load/item';
import { problemLine } from '@vedette/rules/problems';
import type { RuleSwitch } from '@vedette/rules/selection';
import { projectRoot } from '../build.ts';
import { complain, UsageError, type CliCommand } from './command.ts';

const pieceBytes = 1024 * 1024;
const ownMagic = 'VEDETTE-RECORD1\n';
const outputs = ['text', 'json'] as const;
const summaries = ['text', 'json', 'none'] as const;

export const replay: CliCommand = {
  name: 'replay',
  summary: 'Run rules over a recording of Falco or sysdig, and print what they find',
  usage: 'vedette replay FILE.scap --rules FILE… [--output text|json] [options]',
  details: [
    'FILE.scap is a capture of libscap, plain or gzip; - reads it from standard input. Or FILE is what',
    '"vedette sensor record" wrote, for which the rules are all asked. Alerts go to standard output,',
    'one line each, in the order of the events; the summary goes to standard error.',
    '',
    '  -r, --rules FILE       a rule file, or a directory of them (*.yaml, in order of name); several may follow',
    '  -o, --output FORMAT    text, or json: one object a line with the keys of Falco (default: text)',
    '  -t, --tag TAG          only rules with this tag; may be repeated',
    '  -T, --without-tag TAG  no rules with this tag; may be repeated',
    '  -D, --disable TEXT     no rules whose name holds this text (* stands for any); may be repeated',
    '      --priority LEVEL   no rules less urgent than this: emergency … debug',
    '      --summary FORMAT   text, json or none (default: text)',
    '',
    'Every rule that matches is reported, not the first one alone. Old captures hold two events for a call, one when it',
    'begins and one when it ends: rules are asked once, at the end, about what both hold. Exit code: 0 the capture was',
    'read whole, 1 only a part of it could be read or a rule was left out, 2 nothing could be read.',
  ].join('\n'),
  examples: [
    'vedette replay incident.scap.gz --rules /etc/falco/falco_rules.yaml',
    'vedette replay incident.scap --rules rules/ --output json -t container --priority warning',
    'vedette replay - --rules mine.yaml --summary json < incident.scap',
  ],
  async run(args) {
    const { capture, rulePaths, output, summary, selection } = optionsOf(args);
    if (isOwn(capture)) {
      if (selection.switches.length > 0 || selection.minimumPriority !== undefined) throw new UsageError(`${capture} is a recording of Vedette's sensor: rules cannot be chosen for it by tag, name or priority`);
      return await replayOwn(capture, rulePaths, output, summary === 'none');
    }
    const files = rulePaths.flatMap(ruleFiles);
    const lines: string[] = [];
    const print = (alert: Alert) => (output === 'json' ? alertJson(alert) : alertLine(alert));
    const loaded = loadReplay(files, selection);
    const errors = loaded.problems.filter((one) => one.severity === 'error');
    if (summary === 'text') for (const one of loaded.problems) complain(problemLine(one));
    else for (const one of errors) complain(problemLine(one));
    if (!loaded.rules.some((rule) => rule.enabled)) {
      complain('vedette replay: no rule is left to ask: see the problems above, or the options that choose rules');
      return 2;
    }
    const reading = loaded.start((alert) => lines.push(print(alert)));
    await readInto(reading, capture, lines);
    const result = reading.finish();
    await writeOut(lines);
    if (summary === 'text') process.stderr.write(summaryText(result));
    else if (summary === 'json') process.stderr.write(`${summaryJson(result)}\n`);
    else if (result.problem !== null) complain(`vedette replay: ${result.problem.message} (at byte ${result.problem.offset})`);
    return exitCodeOf(result, errors.length);
  },
};

/** A recording of `vedette sensor record`, which is the sensor's to read. */
function isOwn(path: string): boolean {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const head = Buffer.alloc(ownMagic.length);
  const file = openSync(path, 'r');
  try {
    return readSync(file, head, 0, head.length, 0) === head.length && head.toString('latin1') === ownMagic;
  } finally {
    closeSync(file);
  }
}

async function replayOwn(path: string, rulePaths: readonly string[], output: string, quiet: boolean): Promise<number> {
  const child = spawn(process.execPath, [join(projectRoot, 'sensor', 'main.ts'), 'replay', path, '--as', output, ...rulePaths.flatMap((one) => ['--rules', one])], { stdio: ['ignore', 'inherit', 'pipe'] });
  let last = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    last = line;
    if (!quiet || !line.startsWith('{"summary":')) complain(line);
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
  if (code !== 0) return 2;
  return last.startsWith('{"summary":') && (JSON.parse(last) as { summary: { complete: boolean } }).summary.complete ? 0 : 1;
}

function exitCodeOf(result: ReplayResult, errors: number): number {
  if (result.problem !== null && result.eventsRead === 0) return 2;
  return result.problem !== null || errors > 0 ? 1 : 0;
}

interface Options {
  readonly capture: string;
  readonly rulePaths: readonly string[];
  readonly output: (typeof outputs)[number];
  readonly summary: (typeof summaries)[number];
  readonly selection: { readonly minimumPriority?: Priority; readonly switches: readonly RuleSwitch[] };
}

/** Files after --rules belong to it: what is neither the capture nor an option is a rule file. */
function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: true,
    options: {
      'rules': { type: 'string', short: 'r', multiple: true },
      'output': { type: 'string', short: 'o', default: 'text' },
      'summary': { type: 'string', default: 'text' },
      'tag': { type: 'string', short: 't', multiple: true },
      'without-tag': { type: 'string', short: 'T', multiple: true },
      'disable': { type: 'string', short: 'D', multiple: true },
      'priority': { type: 'string' },
    },
  });
  const more = positionals.filter((one) => /\.ya?ml$/.test(one));
  const [capture, ...others] = positionals.filter((one) => !/\.ya?ml$/.test(one));
  if (capture === undefined) throw new UsageError('say which capture to read: FILE.scap, or - for standard input');
  if (others.length > 0) throw new UsageError(`one capture at a time: ${capture} and ${others[0] ?? ''} were given`);
  const rulePaths = [...(values.rules ?? []), ...more];
  if (rulePaths.length === 0) throw new UsageError('say by which rules: --rules FILE');
  const tags = values.tag ?? [];
  const switches: RuleSwitch[] = [
    ...(tags.length > 0 ? [{ rule: '*', enable: false }] : []),
    ...tags.map((tag) => ({ tag, enable: true })),
    ...(values['without-tag'] ?? []).map((tag) => ({ tag, enable: false })),
    ...(values.disable ?? []).map((text) => ({ rule: `*${text}*`, enable: false })),
  ];
  const level = values.priority === undefined ? null : oneOf(priorities, values.priority.toLowerCase(), '--priority');
  return {
    capture,
    rulePaths,
    output: oneOf(outputs, values.output, '--output'),
    summary: oneOf(summaries, values.summary, '--summary'),
    selection: { switches, ...(level === null ? {} : { minimumPriority: level }) },
  };
}

function oneOf<T extends string>(allowed: readonly T[], given: string, name: string): T {
  const found = allowed.find((one) => one === given);
  if (found === undefined) throw new UsageError(`${name} must be ${allowed.join(', ')}, not ${given}`);
  return found;
}

function ruleFiles(path: string): { name: string; text: string }[] {
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  if (isDirectory === undefined) throw new UsageError(`there is no rule file ${path}`);
  if (!isDirectory) return [{ name: path, text: readFileSync(path, 'utf8') }];
  const names = readdirSync(path).filter((one) => /\.ya?ml$/.test(one)).sort();
  if (names.length === 0) throw new UsageError(`there is no .yaml file in the directory ${path}`);
  return names.map((name) => ({ name: join(path, name), text: readFileSync(join(path, name), 'utf8') }));
}

/** Compressed or not is told by the first two bytes. Alerts are written as they come, and the reading waits for who takes them. */
async function readInto(reading: Reading, path: string, lines: string[]): Promise<void> {
  const source: Readable = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: pieceBytes });
  try {
    for await (const piece of await decompressed(source)) {
      if (!reading.push(piece)) break;
      await writeOut(lines);
    }
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    if (error.code === 'ENOENT') throw new UsageError(`there is no file ${path}`);
    reading.fail(`${String(error.code).startsWith('Z_') ? 'the compression is broken' : 'the file cannot be read'}: ${error.message}`);
  } finally {
    source.destroy();
  }
}

async function decompressed(source: Readable): Promise<AsyncIterable<Buffer>> {
  const pieces: AsyncIterator<Buffer> = source[Symbol.asyncIterator]();
  const first = await pieces.next();
  const begin = first.done === true ? Buffer.alloc(0) : first.value;
  const all = (async function* () {
    yield begin;
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
  })();
  if (begin[0] !== 0x1f || begin[1] !== 0x8b) return all;
  const { Readable: Stream } = await import('node:stream');
  const gunzip = createGunzip({ chunkSize: pieceBytes });
  const compressed = Stream.from(all);
  compressed.on('error', (error) => gunzip.destroy(error));
  return compressed.pipe(gunzip);
}

async function writeOut(lines: string[]): Promise<void> {
  if (lines.length === 0) return;
  const isTaken = process.stdout.write(`${lines.join('\n')}\n`);
  lines.length = 0;
  if (!isTaken) await once(process.stdout, 'drain');
}
