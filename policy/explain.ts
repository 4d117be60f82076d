/**
 * The words for one verdict: what was done or would have been, to what, by which policy, on what evidence. Made from
 * the verdict and the facts alone, so that console, log and command say the same. Nothing unknown is left out: it is
 * called unknown.
 */
import { originSentence } from '@vedette/model/origin-words';
import type { RunAction } from '@vedette/model/policy';
import type { Facts } from './facts.ts';
import { fillMessage, shown, type MessagePart } from './message.ts';

export interface VerdictToExplain {
  readonly policy: string;
  readonly rule: string;
  readonly generation: number;
  readonly mode: 'shadow' | 'enforce';
  readonly action: RunAction;
  /** The kernel confirmed that the signal was queued. */
  readonly applied: boolean;
  readonly identityPending: boolean;
  readonly facts: Facts;
  readonly message: readonly MessagePart[] | null;
}

export interface Explanation {
  /** One sentence: what happened to what, where. */
  readonly summary: string;
  /** The policy's own words, filled in; null if it has none. */
  readonly message: string | null;
  /** The fact that decided, as a sentence. */
  readonly fact: string;
  /** What it rests on, one line each. */
  readonly evidence: readonly string[];
}

export function explainVerdict(verdict: VerdictToExplain): Explanation {
  const { execution, container } = verdict.facts;
  const path = execution.path === null ? 'A program whose path is not known' : shown(execution.path);
  const where = container.name === null ? `container ${shown(container.id.slice(0, 12)) || '(unknown)'}` : `container ${shown(container.name)}`;
  const origin = execution.origin === null ? 'has an origin that is not known' : originSentence[execution.origin];
  const evidence = [
    `policy ${verdict.policy}, rule ${verdict.rule}, generation ${verdict.generation}, mode ${verdict.mode}`,
    `origin ${execution.origin ?? 'unknown'}, judged by the kernel when the program was executed`,
    `image ${container.image === null ? 'unknown' : shown(container.image)}${container.digest === null ? '' : ` (${shown(container.digest)})`}`,
    `started by ${execution.parentPath === null ? 'a program whose path is not known' : shown(execution.parentPath)}, user ${execution.uid ?? 'unknown'}`,
  ];
  if (execution.arguments !== null && execution.arguments.length > 0) evidence.push(`arguments ${shown(execution.arguments.join(' '))}`);
  if (verdict.identityPending) evidence.push("decided before the container's identity was known");
  return {
    summary: `${path} ${outcome(verdict)} in ${where} by the policy ${verdict.policy}.`,
    message: verdict.message === null ? null : fillMessage(verdict.message, verdict.facts),
    fact: `${path} ${origin}.`,
    evidence,
  };
}

function outcome({ action, mode, applied }: VerdictToExplain): string {
  switch (action) {
    case 'inform':
      return 'was reported';
    case 'kill':
      if (mode === 'shadow') return 'would have been killed before its first instruction';
      return applied ? 'was killed before its first instruction' : 'should have been killed, but the signal could not be sent,';
    default:
      return action satisfies never;
  }
}
