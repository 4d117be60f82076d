/** The targets by name; each module is loaded only when it is asked for, so that a fault can be put into what it loads. */
import type { FuzzTarget } from './target.ts';

export const targetNames = ['rules', 'captures', 'decoder'] as const;
export type TargetName = (typeof targetNames)[number];

export async function openTarget(name: TargetName, seed: number): Promise<FuzzTarget> {
  switch (name) {
    case 'rules':
      return (await import('./rules.ts')).ruleTarget(seed);
    case 'captures':
      return (await import('./captures.ts')).captureTarget(seed);
    case 'decoder':
      return (await import('./decoder.ts')).decoderTarget(seed);
    default:
      return name satisfies never;
  }
}
