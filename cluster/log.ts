/** The cluster part's log: one JSON line each on standard error. Static sentences, data beside them; never a secret. */
export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, data?: Readonly<Record<string, unknown>>) => void;

export const log: Log = (level, message, data) => {
  if (level === 'debug' && process.env['VEDETTE_DEBUG'] === undefined) return;
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, part: 'cluster', message, ...data })}\n`);
};
