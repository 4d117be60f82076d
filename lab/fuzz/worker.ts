/**
 * One process that takes inputs: `worker.ts TARGET SEED [FAULT]`. Is asked by messages for a run of inputs, or for what its
 * heap holds after collection, and answers each; ends with whoever started it.
 */
import { z } from 'zod';
import { faultOf, plant } from './faults.ts';
import { takeInputs } from './target.ts';
import { openTarget, targetNames } from './targets.ts';

const asked = z.union([z.object({ from: z.number(), count: z.number() }), z.object({ measure: z.literal(true) })]);

function heapMiB(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
}

const [name, seed, faultName = null] = process.argv.slice(2);
const fault = faultOf(faultName);
if (fault !== null) plant(fault);
const target = await openTarget(z.enum(targetNames).parse(name), Number(seed));
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  const request = asked.parse(message);
  process.send?.('measure' in request ? { heapMiB: heapMiB() } : takeInputs(target, request.from, request.count));
});
process.send?.({ ready: true });
