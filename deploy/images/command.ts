/** One child process to its end: its output as text, or an error that says which command failed and what it said last. */
import { spawn } from 'node:child_process';

const shownMax = 2000;

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export async function output(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const said = { text: '' };
    stream.setEncoding('utf8').on('data', (text: string) => (said.text += text));
    return said;
  }) as [{ text: string }, { text: string }];
  const code = await new Promise<number | string | null>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (status, signal) => resolve(status ?? signal));
  });
  if (code === 0) return out.text;
  throw new Error(`${command} ${args[0] ?? ''} ended with ${code}: ${(err.text || out.text).trim().slice(-shownMax)}`);
}
