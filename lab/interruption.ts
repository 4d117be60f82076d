/** Ctrl-C and its like as a signal to stop, so that a lab ends in its own order and writes down that it did not finish. */
export interface Interruption {
  readonly signal: AbortSignal;
  forget(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function interruption(): Interruption {
  const controller = new AbortController();
  // may come twice: from the terminal, and from whoever started the lab
  const stop = (signal: string) => controller.abort(new Error(`interrupted by ${signal}`));
  for (const one of signals) process.on(one, stop);
  return {
    signal: controller.signal,
    forget() {
      for (const one of signals) process.off(one, stop);
    },
  };
}
