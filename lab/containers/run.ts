/** Runs a command of the machine for a test or a lab: its output as text, and an error that shows what it said. */
import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Exit codes that are no failure. */
  readonly accept?: readonly number[];
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

const outputMax = 16 << 20;

export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const env = { ...process.env, ...options.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env, ...(options.cwd === undefined ? {} : { cwd: options.cwd }) });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout = (stdout + text).slice(-outputMax)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-outputMax)));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? (signal === null ? 1 : 128)));
  });
  clearTimeout(timer);
  if (code !== 0 && !(options.accept ?? []).includes(code)) {
    throw new Error(`${command} ${args.join(' ')}\nended with ${code}:\n${(stderr || stdout).trim().slice(-2000)}`);
  }
  return { stdout, stderr, code };
}
