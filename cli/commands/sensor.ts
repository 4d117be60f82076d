/** `vedette sensor`: record the kernel's stream to a file, and run a recording through the whole pipeline. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildProbe, probeObject, projectRoot } from '../build.ts';
import { isRoot, prepareRoot, stateDirectory } from '../state-directory.ts';
import { complain, say, UsageError, type CliCommand } from './command.ts';

async function inherit(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

async function record(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: { seconds: { type: 'string' }, cgroup: { type: 'string' } }, allowPositionals: true, strict: true });
  const [file] = positionals;
  if (file === undefined) throw new UsageError('name the file to write the recording to');
  if (!isRoot) {
    complain('Recording needs root: kernel programs need CAP_BPF and CAP_PERFMON.');
    return 2;
  }
  const state = stateDirectory();
  prepareRoot(state);
  const built = await buildProbe(state.build);
  if (!built.ok) {
    complain(`The kernel programs could not be built:\n${built.reason}`);
    return 2;
  }
  say(`Recording to ${file}${values.seconds === undefined ? '; stop with Ctrl-C' : ` for ${values.seconds} s`}`);
  const more = [...(values.seconds === undefined ? [] : ['--seconds', values.seconds]), ...(values.cgroup === undefined ? [] : ['--cgroup', values.cgroup])];
  const code = await inherit(join(built.directory, 'vedette-loader'), ['--object', probeObject(built.directory), '--record', file, ...more]);
  return code === 0 ? 0 : 2;
}

async function replay(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: { rules: { type: 'string', multiple: true } }, allowPositionals: true, strict: true });
  const [file] = positionals;
  if (file === undefined) throw new UsageError('name the recording');
  if (!existsSync(file)) {
    complain(`There is no file ${file}.`);
    return 2;
  }
  const rules = values.rules ?? [join(projectRoot, 'content', 'rules')];
  const code = await inherit(process.execPath, [join(projectRoot, 'sensor', 'main.ts'), 'replay', file, ...rules.flatMap((one) => ['--rules', one])]);
  return code === 0 ? 0 : 2;
}

export const sensor: CliCommand = {
  name: 'sensor',
  summary: 'Record the kernel stream to a file, or replay a recording',
  usage: 'vedette sensor record FILE [--seconds N] [--cgroup PATH]\n       vedette sensor replay FILE [--rules FILE|DIRECTORY …]',
  details: `  record   everything the kernel programs report, with schema, architecture, kernel, boot and
           a snapshot of processes and cgroups inside; needs root; a second sensor on this
           kernel needs --cgroup
  replay   a recording through decode, enrichment, rules and policies, without root and without
           a kernel: one JSON line for each finding, then a summary`,
  examples: ['vedette sensor record /tmp/trouble.vdr --seconds 60', 'vedette sensor replay /tmp/trouble.vdr --rules my-rules.yaml'],
  async run(args) {
    const [what, ...rest] = args;
    if (what === 'record') return await record(rest);
    if (what === 'replay') return await replay(rest);
    throw new UsageError(what === undefined ? 'say record or replay' : `there is no "vedette sensor ${what}"`);
  },
};
