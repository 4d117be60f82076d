/** `vedette sensor`: record the kernel's stream to a file, and run a recording through the whole pipeline. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildProbe, probeObject, projectRoot } from '../build.ts';
import { parseLogLine } from '../log-file.ts';
import { isRoot, stateDirectory } from '../state-directory.ts';
import { complain, say, UsageError, wholeNumber, type CliCommand } from './command.ts';

async function inherit(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

async function record(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: { 'seconds': { type: 'string' }, 'cgroup': { type: 'string' }, 'every-open': { type: 'boolean', default: false } }, allowPositionals: true, strict: true });
  const [file] = positionals;
  if (file === undefined) throw new UsageError('name the file to write the recording to');
  const seconds = wholeNumber(values.seconds, '--seconds', 1, 86_400);
  if (!isRoot) {
    complain('Recording needs root: kernel programs need CAP_BPF and CAP_PERFMON.');
    return 2;
  }
  const built = await buildProbe(stateDirectory().build);
  if (!built.ok) {
    complain(`The kernel programs could not be built:\n${built.reason}`);
    return 2;
  }
  say(`Recording to ${file}${seconds === undefined ? '; stop with Ctrl-C' : ` for ${seconds} s`}`);
  const scope = [...(seconds === undefined ? [] : ['--seconds', String(seconds)]), ...(values.cgroup === undefined ? [] : ['--cgroup', values.cgroup]), ...(values['every-open'] ? ['--every-open'] : [])];
  const code = await inherit(join(built.directory, 'vedette-loader'), ['--object', probeObject(built.directory), '--record', file, ...scope]);
  return code === 0 ? 0 : 2;
}

/** What the replaying says at its end; null when it said nothing that could be read. */
function problemIn(line: string): { readonly problem: string | null } | null {
  if (!line.startsWith('{"summary":')) return null;
  const { summary } = JSON.parse(line) as { summary: { problem: string | null } };
  return summary;
}

async function replay(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: { 'rules': { type: 'string', multiple: true }, 'without-index': { type: 'boolean', default: false } }, allowPositionals: true, strict: true });
  const [file] = positionals;
  if (file === undefined) throw new UsageError('name the recording');
  const rules = values.rules ?? [join(projectRoot, 'content', 'rules')];
  for (const one of [file, ...rules]) {
    if (existsSync(one)) continue;
    complain(`There is no file ${one}.`);
    return 2;
  }
  const child = spawn(process.execPath, [join(projectRoot, 'sensor', 'main.ts'), 'replay', file, ...rules.flatMap((one) => ['--rules', one]), ...(values['without-index'] ? ['--without-index'] : [])], { stdio: ['ignore', 'pipe', 'pipe'] });
  let summary: ReturnType<typeof problemIn> = null;
  createInterface({ input: child.stdout }).on('line', (line) => {
    say(line);
    summary = problemIn(line) ?? summary;
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    const said = parseLogLine(line);
    complain(said === null ? line : String(said['error'] ?? said.message));
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
  if (code !== 0) return 2;
  const problem = (summary as ReturnType<typeof problemIn>)?.problem ?? null;
  if (problem === null) return 0;
  complain(`${file} is not complete: ${problem}. What it holds up to there is above.`);
  return 1;
}

export const sensor: CliCommand = {
  name: 'sensor',
  summary: 'Record the kernel stream to a file, or replay a recording',
  usage: 'vedette sensor record FILE [--seconds N] [--cgroup PATH] [--every-open]\n       vedette sensor replay FILE [--rules FILE|DIRECTORY …] [--without-index]',
  details: `  record   everything the kernel programs report, with schema, architecture, kernel, boot and
           a snapshot of processes and cgroups inside; needs root; a second sensor on this
           kernel needs --cgroup. Opens for reading and executable mappings are recorded the
           first time of each reader and file; with --every-open each, which is much
  replay   a recording through decode, enrichment and rules (the shipped ones unless others are
           given), without root and without a kernel: one JSON line for each finding, then a
           summary. Ends with 1 when the recording is not complete. --without-index asks every
           rule about every event, which must find the same and only takes longer.
           "vedette replay FILE" prints the same findings as Falco prints alerts`,
  examples: [
    'vedette sensor record /tmp/trouble.vdr --seconds 60',
    'vedette sensor record /tmp/web.vdr --cgroup /sys/fs/cgroup/system.slice/web.service',
    'vedette sensor replay /tmp/trouble.vdr',
    'vedette sensor replay /tmp/trouble.vdr --rules my-rules.yaml',
  ],
  async run(args) {
    const [what, ...rest] = args;
    if (what === 'record') return await record(rest);
    if (what === 'replay') return await replay(rest);
    throw new UsageError(what === undefined ? 'say record or replay' : `there is no "vedette sensor ${what}"`);
  },
};
