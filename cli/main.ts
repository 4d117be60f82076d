/**
 * The `vedette` command: one table of commands, from which help and dispatch come. A command is loaded when it is called, so that none
 * pays for the others; what the compiler made of the sources is kept beside the state for commands that pipelines run again and again.
 */
import { mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { complain, say, UsageError, type CliCommand } from './commands/command.ts';
import { stateDirectory } from './state-directory.ts';
import { version } from './version.ts';

export { version };

interface Entry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<CliCommand>;
  /** It ends within a second, so that compiling is what it would spend most on. */
  readonly isShort?: true;
}

export const commands: readonly Entry[] = [
  { name: 'up', summary: 'Run hub and sensor on this host', load: async () => (await import('./commands/up.ts')).up },
  { name: 'join', summary: "Run this host's sensor and join it to a hub", load: async () => (await import('./commands/join.ts')).join },
  { name: 'cluster', summary: 'Run the part that watches a Kubernetes cluster and relays its sensors', load: async () => (await import('./commands/cluster.ts')).cluster },
  { name: 'sensor', summary: 'Record the kernel stream to a file, or replay a recording', load: async () => (await import('./commands/sensor.ts')).sensor },
  { name: 'replay', summary: 'Run rules over a recording of Falco or sysdig, and print what they find', load: async () => (await import('./commands/replay.ts')).replay, isShort: true },
  { name: 'rules', summary: 'Check, test and explain behaviour rules, list their fields, quieten noisy ones', load: async () => (await import('./commands/rules.ts')).rulesCommand, isShort: true },
  { name: 'baselines', summary: 'Show, export and edit what images were learned to do, and let it be watched', load: async () => (await import('./commands/baselines.ts')).baselinesCommand },
  { name: 'advisories', summary: 'Fetch advisory feeds and show their age', load: async () => (await import('./commands/advisories.ts')).advisories },
  { name: 'check', summary: 'Check an image against policies before it is pushed or deployed', load: async () => (await import('./commands/check.ts')).check, isShort: true },
  { name: 'trace', summary: 'Show where an image came from: registry, build, commit, signer', load: async () => (await import('./commands/trace.ts')).traceCommand, isShort: true },
  { name: 'posture', summary: 'Fetch the posture of the clusters as a report for auditors', load: async () => (await import('./commands/posture.ts')).postureCommand },
  { name: 'user', summary: 'Make a new password for someone who cannot sign in', load: async () => (await import('./commands/user.ts')).user },
];

function overview(): string {
  const width = Math.max(...commands.map((one) => one.name.length)) + 2;
  return [
    'Vedette: runtime security for Linux hosts and Kubernetes',
    '',
    'usage: vedette COMMAND [options]',
    '',
    ...commands.map((one) => `  ${one.name.padEnd(width)}${one.summary}`),
    '',
    'vedette COMMAND --help shows options and examples; vedette --version the version.',
  ].join('\n');
}

function helpOf(command: CliCommand): string {
  return [command.summary, '', `usage: ${command.usage}`, '', command.details, '', 'examples:', ...command.examples.map((one) => `  ${one}`)].join('\n');
}

/** Its own folder and nobody else's: whoever writes there decides what runs. Where it cannot be made, sources are compiled each time. */
function keepCompiled(): void {
  const directory = join(stateDirectory().root, 'check', 'compiled');
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    return;
  }
  enableCompileCache(directory);
}

async function run(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    say(overview());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === 'version') {
    say(version);
    return 0;
  }
  const entry = commands.find((one) => one.name === name);
  if (entry === undefined) {
    complain(`There is no command "${name}". The commands are: ${commands.map((one) => one.name).join(', ')}.`);
    return 2;
  }
  if (entry.isShort === true) keepCompiled();
  const command = await entry.load();
  if (rest.includes('--help') || rest.includes('-h')) {
    say(helpOf(command));
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    if (!isUsage) throw error;
    complain(`vedette ${name}: ${(error as Error).message}\n\nusage: ${command.usage}\n\nvedette ${name} --help shows options and examples.`);
    return 2;
  }
}

if (import.meta.main) {
  process.exitCode = await run(process.argv.slice(2)).catch((error: unknown) => {
    complain(`vedette: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  });
}
