/**
 * Fuzzing of what reads bytes and text from elsewhere: rule files, captures, records. A million inputs each, on a printed seed, by as
 * many processes as there are processors. No input may crash, hang, be slow, or leave something in memory.
 * `--seed N` chooses the inputs, `--inputs N` how many. Each sabotage is a fault put into the product's own code.
 */
import { availableParallelism } from 'node:os';
import type { Lab, LabRun } from '../lab.ts';
import type { LabReport } from '../report.ts';
import { fuzz, type CrewReport } from './crew.ts';
import { faultOf, faults, type FaultName } from './faults.ts';
import { targetNames, type TargetName } from './targets.ts';

const inputsUsual = 1_000_000;
/** A planted fault is one that many inputs meet. */
const inputsSabotaged = 40_000;
const slowestMsMax = 5000;
const grownMiBMax = 24;

const words: Readonly<Record<TargetName, string>> = { rules: 'rule language', captures: 'capture reader', decoder: 'record decoder' };

function rowsOf(report: LabReport, target: TargetName, inputs: number, found: CrewReport): void {
  const name = words[target];
  report.bound(`${name}: inputs taken`, 'at least', inputs, found.inputs);
  report.row(`${name}: inputs that make it throw or contradict itself`, 0, found.failed, found.failures.slice(0, 3).map((one) => `input ${one.index} (${one.kind}): ${one.error}`).join('\n'));
  report.row(`${name}: inputs that hang it or end its process`, 0, found.stuck.length, found.stuck);
  report.bound(`${name}: slowest input, ms`, 'at most', slowestMsMax, found.slowest.ms, `input ${found.slowest.index}: ${found.slowest.input}`);
  report.bound(`${name}: growth of the heap, MiB`, 'at most', grownMiBMax, found.grownMiB, `${found.heapMiB} MiB at the end`);
  const oneSided = Object.entries(found.kinds).filter(([, { inputs: all, right }]) => right === 0 || right === all).map(([kind]) => kind);
  report.row(`${name}: every kind of input is taken as right and as wrong`, [], oneSided, found.kinds);
}

async function station({ report, sabotage }: LabRun, target: TargetName, seed: number, inputs: number): Promise<void> {
  report.say(`The ${words[target]}: ${inputs.toLocaleString('en')} inputs on seed ${seed}`);
  const begun = Date.now();
  let shown = 0;
  const progress = (done: number) => {
    if (Date.now() - shown < 10_000) return;
    shown = Date.now();
    report.progress(`${Math.floor((done / inputs) * 100)} %, ${Math.round((shown - begun) / 1000)} s`);
  };
  const fault = Object.keys(faults).find((one): one is FaultName => one === sabotage) ?? null;
  const found = await fuzz({ target, seed, inputs, workers: Math.min(8, availableParallelism()), fault, progress, ...(fault === null ? {} : { hangMs: 12_000 }) });
  report.figure(`${words[target]}: seconds`, Math.round((Date.now() - begun) / 1000));
  for (const [kind, { inputs: all, right }] of Object.entries(found.kinds)) report.figure(`${words[target]}: ${kind}, taken as right`, `${right} of ${all}`);
  rowsOf(report, target, inputs, found);
}

function numberOf(given: string | undefined, usual: number): number {
  const number = Number(given ?? usual);
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`${given} is not a whole number above 0`);
  return number;
}

const throws = 'inputs that make it throw or contradict itself';

export const fuzzing: Lab = {
  name: 'fuzz',
  summary: 'A million broken inputs each for rule language, capture reader and record decoder',
  rows: 18,
  parts: Object.fromEntries(Object.entries(faults).map(([name, { what }]) => [name, what])),
  breaks: {
    parser: [`rule language: ${throws}`],
    capture: [`capture reader: ${throws}`],
    decoder: [`record decoder: ${throws}`],
    hang: ['rule language: inputs that hang it or end its process'],
    growth: ['record decoder: growth of the heap, MiB'],
  },
  options: { seed: 'N: the inputs are made from it, always the same ones', inputs: 'N: of each of the three' },
  async run(lab: LabRun): Promise<void> {
    const seed = numberOf(lab.options?.['seed'], 1);
    const fault = faultOf(lab.sabotage);
    const inputs = numberOf(lab.options?.['inputs'], fault === null ? inputsUsual : inputsSabotaged);
    for (const target of targetNames) if (fault === null || fault.target === target) await station(lab, target, seed, inputs);
  },
};
