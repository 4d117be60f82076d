/** The `vedette` command: one table of commands, from which help and dispatch come. */
import { up } from './commands/up.ts';
import { cluster } from './commands/cluster.ts';
import { join } from './commands/join.ts';
import { sensor } from './commands/sensor.ts';
import { advisories } from './commands/advisories.ts';
import { check } from './commands/check.ts';
import { postureCommand } from './commands/posture.ts';
import { complain, say, UsageError, type CliCommand } from './commands/command.ts';
import { traceCommand } from './commands/trace.ts';
import { user } from './commands/user.ts';
import { version } from './version.ts';

export { version };
export const commands: readonly CliCommand[] = [up, join, cluster, sensor, advisories, check, traceCommand, postureCommand, user];

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
  const command = commands.find((one) => one.name === name);
  if (command === undefined) {
    complain(`There is no command "${name}". The commands are: ${commands.map((one) => one.name).join(', ')}.`);
    return 2;
  }
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
