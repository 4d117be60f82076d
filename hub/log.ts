/** Log lines of the hub: one JSON object a line on standard error. Never a secret, never a whole request. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string, data?: Readonly<Record<string, unknown>>) => void;

const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

export function makeLog(least: LogLevel, write: (line: string) => void = (line) => process.stderr.write(line)): Log {
  return (level, message, data = {}) => {
    if (order[level] < order[least]) return;
    write(`${JSON.stringify({ at: new Date().toISOString(), level, part: 'hub', message, ...data })}\n`);
  };
}
