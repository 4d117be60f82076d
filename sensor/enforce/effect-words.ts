/** The loader's answer to an effect in words: what became of it, in one sentence, and whether it holds from now on. Pure. */
import type { Effect, EffectState } from './effect-book.ts';
import type { EffectAnswer } from './loader.ts';

export interface EffectMeaning {
  readonly state: EffectState;
  readonly detail: string;
  readonly holds: boolean;
}

interface Evidence {
  readonly why?: unknown;
  readonly killedCount?: unknown;
  readonly processes?: unknown;
  readonly spared?: readonly { readonly pid: number; readonly why: string }[];
  readonly before?: { readonly processes?: unknown; readonly spared?: readonly { readonly pid: number; readonly why: string }[] };
}

const [eperm, esrch, eio, enodev, einval, enospc, eopnotsupp, etimedout, ealready] = [1, 3, 5, 19, 22, 28, 95, 110, 114];

/** `owned`: an earlier attempt of ours, or another effect, may have made it so. */
export function meaningOf(effect: Pick<Effect, 'act' | 'undo' | 'dryRun'>, answer: EffectAnswer, owned: boolean): EffectMeaning {
  const evidence = evidenceOf(answer.evidence);
  switch (answer.errno) {
    case 0:
      return { state: 'applied', detail: effect.dryRun ? wouldSay(effect) : doneSay(effect, evidence), holds: !effect.undo && !effect.dryRun && effect.act !== 'kill' };
    case ealready:
      if (effect.undo) return { state: 'not-needed', detail: effect.act === 'freeze' ? 'the container is not frozen' : 'the container is not isolated', holds: false };
      if (owned) return { state: 'applied', detail: 'the container is frozen', holds: true };
      return { state: 'not-needed', detail: 'the container was frozen already, by somebody else, whose it stays', holds: false };
    case esrch:
      if (owned && effect.act === 'kill') return { state: 'applied', detail: 'nobody is left: an attempt before the sensor was restarted may have done it', holds: false };
      return { state: 'not-needed', detail: effect.act === 'kill' ? 'the process or container is gone' : 'nobody is left in the container', holds: false };
    case eperm:
      return { state: 'refused', detail: refusal(evidence), holds: false };
    case eopnotsupp:
      return { state: 'refused', detail: typeof evidence.why === 'string' ? evidence.why : 'this kernel or host cannot do it', holds: false };
    case einval:
      return { state: 'refused', detail: 'the loader could not read the order', holds: false };
    case etimedout:
      return { state: 'failed', detail: effect.act === 'freeze' ? 'not everybody was still within three seconds' : 'somebody was left after three seconds', holds: !effect.undo && effect.act === 'freeze' };
    case enospc:
      return { state: 'failed', detail: 'the loader holds as many isolations as it can (256)', holds: false };
    case enodev:
      return { state: 'failed', detail: 'no kernel programs are loaded, or the loader is gone', holds: false };
    case eio:
      return { state: 'failed', detail: 'the programs were attached and not found when they were read back', holds: true };
    default:
      return { state: 'failed', detail: `the kernel refused it: error ${answer.errno}`, holds: false };
  }
}

function wouldSay({ act, undo }: Pick<Effect, 'act' | 'undo'>): string {
  const words = { kill: ['would kill', 'nothing'], freeze: ['would freeze the container', 'would let the container go on'], isolate: ['would cut off the container', 'would let the container speak again'] };
  return words[act][undo ? 1 : 0]!;
}

function doneSay({ act, undo }: Pick<Effect, 'act' | 'undo'>, evidence: Evidence): string {
  if (act === 'kill') {
    const spared = evidence.before?.spared?.length ?? 0;
    const count = typeof evidence.killedCount === 'number' ? evidence.killedCount : 0;
    return `killed ${count} ${count === 1 ? 'process' : 'processes'}${spared === 0 ? '' : `; spared ${spared}: ${evidence.before?.spared?.[0]?.why ?? ''}`}`;
  }
  if (act === 'freeze') return undo ? 'the container goes on' : 'the container is frozen';
  return undo ? 'the container may connect again' : "the container's connections are cut off";
}

function refusal(evidence: Evidence): string {
  if (typeof evidence.why === 'string') return evidence.why;
  const first = (evidence.spared ?? evidence.before?.spared ?? [])[0];
  return first === undefined ? 'the loader refuses it' : `process ${first.pid} must be spared: ${first.why}`;
}

function evidenceOf(text: string): Evidence {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
