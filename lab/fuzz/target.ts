/**
 * What is fuzzed: inputs by number, each made from the seed and its number alone, so that one of a million can be taken
 * again by itself. `take` answers whether the input was taken as right, and throws where something is wrong with the product.
 */
export interface FuzzInput {
  readonly kind: string;
  take(): boolean;
  /** The input as a person looks at it, cut to a few thousand characters. */
  shown(): string;
}

export type FuzzTarget = (index: number) => FuzzInput;

export interface FuzzFailure {
  readonly index: number;
  readonly kind: string;
  readonly input: string;
  readonly error: string;
}

/** What came of some inputs; adds up. */
export interface FuzzCounts {
  inputs: number;
  readonly kinds: Record<string, { inputs: number; right: number }>;
  readonly failures: FuzzFailure[];
  failed: number;
  slowest: { ms: number; index: number; kind: string; input: string };
}

export function noCounts(): FuzzCounts {
  return { inputs: 0, kinds: {}, failures: [], failed: 0, slowest: { ms: 0, index: -1, kind: '', input: '' } };
}

const failuresKept = 20;
/** Slower than this is taken again, and its processor time counts: other work of the machine is not the input's fault. */
const slowMs = 100;

export function takeInputs(target: FuzzTarget, from: number, count: number): FuzzCounts {
  const counts = noCounts();
  for (let index = from; index < from + count; index += 1) {
    const input = target(index);
    counts.inputs += 1;
    const ofKind = (counts.kinds[input.kind] ??= { inputs: 0, right: 0 });
    ofKind.inputs += 1;
    let ms = timed(input, (right) => (ofKind.right += right ? 1 : 0), (error) => fail(counts, index, input, error));
    if (ms > slowMs) ms = Math.min(ms, processorMs(target(index)));
    if (ms > counts.slowest.ms) counts.slowest = { ms: Math.round(ms * 10) / 10, index, kind: input.kind, input: input.shown().slice(0, 200) };
  }
  return counts;
}

function timed(input: FuzzInput, taken: (right: boolean) => void, failed: (error: unknown) => void): number {
  const begun = performance.now();
  try {
    taken(input.take());
  } catch (error) {
    failed(error);
  }
  return performance.now() - begun;
}

function processorMs(input: FuzzInput): number {
  const before = process.cpuUsage();
  timed(input, () => undefined, () => undefined);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function fail(counts: FuzzCounts, index: number, input: FuzzInput, error: unknown): void {
  counts.failed += 1;
  if (counts.failures.length >= failuresKept) return;
  counts.failures.push({ index, kind: input.kind, input: input.shown(), error: (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 4000) });
}

export function addCounts(sum: FuzzCounts, more: FuzzCounts): void {
  sum.inputs += more.inputs;
  sum.failed += more.failed;
  for (const [kind, { inputs, right }] of Object.entries(more.kinds)) {
    const ofKind = (sum.kinds[kind] ??= { inputs: 0, right: 0 });
    ofKind.inputs += inputs;
    ofKind.right += right;
  }
  sum.failures.push(...more.failures.slice(0, failuresKept - sum.failures.length));
  if (more.slowest.ms > sum.slowest.ms) sum.slowest = more.slowest;
}
