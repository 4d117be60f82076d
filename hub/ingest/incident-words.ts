/** Turns one detection or verdict into the words of an incident: title, summary, outcome, next action. Pure. */
import { originSentence } from '@vedette/model/origin-words';
import type { ExecutionView } from '@vedette/model/api/views';
import type { FileOrigin, Severity } from '@vedette/model/policy';

export type Outcome = 'seen' | 'killed' | 'would-have-killed' | 'kill-failed';

/** 0 is worst; the order in which incidents are listed. */
export const severityRanks: Record<Severity, number> = { critical: 0, high: 1, medium: 2, low: 3 };

const byPriority: Record<string, Severity> = {
  emergency: 'critical',
  alert: 'critical',
  critical: 'critical',
  error: 'high',
  warning: 'medium',
  notice: 'low',
  informational: 'low',
  info: 'low',
  debug: 'low',
};

/** Falco's priorities; a word we do not know ranks as medium, since unknown is never harmless. */
export function severityOf(priority: string): Severity {
  return byPriority[priority.toLowerCase()] ?? 'medium';
}

const technique = /^T\d{4}(\.\d{3})?$/;

/** ATT&CK techniques among a rule's tags. */
export function attackOf(tags: readonly string[]): string[] {
  return [...new Set(tags.filter((tag) => technique.test(tag)))].sort();
}

export function outcomeOf(verdict: { readonly mode: string; readonly action: string; readonly applied: boolean }): Outcome {
  if (verdict.action !== 'kill') return 'seen';
  if (verdict.mode !== 'enforce') return 'would-have-killed';
  return verdict.applied ? 'killed' : 'kill-failed';
}

const verdictTitles: Record<Outcome, (path: string) => string> = {
  'seen': (path) => `${path} ran`,
  'killed': (path) => `${path} was killed`,
  'would-have-killed': (path) => `${path} would have been killed`,
  'kill-failed': (path) => `${path} should have been killed and was not`,
};

export function verdictTitle(outcome: Outcome, path: string, policy: string): string {
  return `${verdictTitles[outcome](path === '' ? 'A program' : path)} by policy ${policy}`.replace(' ran by policy', ' ran against policy');
}

/** One sentence: what ran and why the policy speaks about it. */
export function verdictSummary(path: string, origin: FileOrigin, parentPath: string | undefined): string {
  const by = parentPath === undefined || parentPath === '' ? '' : `, started by ${parentPath},`;
  return `${path === '' ? 'A program without a path' : path}${by} ${originSentence[origin]}.`;
}

/** Of a verdict about the image: the program is any program of it, and the reason is the hub's own sentence. */
export function imageVerdictSummary(path: string, parentPath: string | undefined, reason: string): string {
  const by = parentPath === undefined || parentPath === '' ? '' : `, started by ${parentPath},`;
  return `${path === '' ? 'A program without a path' : path}${by} was executed in a container of an image that must not run: ${reason.replace(/\.$/, '')}.`;
}

const imageVerdictActions: Record<Outcome, string> = {
  'seen': 'Look at the violation: it says what is wrong with the image and what to do.',
  'killed': 'Replace the image: the violation says what is wrong with it. What ran before goes on until the container is stopped.',
  'would-have-killed': 'Replace the image, or accept it with an exception; switch the policy to enforce to stop what it executes.',
  'kill-failed': 'It may still run: look at the process now, and at the coverage of this host for why the kill did not arrive.',
};

export function imageVerdictNextAction(outcome: Outcome): string {
  return imageVerdictActions[outcome];
}

const verdictActions: Record<Outcome, string> = {
  'seen': 'Look at the process tree and decide whether this belongs to the workload.',
  'killed': 'Find out how the program got there: look at the process tree, then at who wrote the file.',
  'would-have-killed': 'If this does not belong to the workload, switch the policy to enforce; if it does, narrow the policy.',
  'kill-failed': 'It may still run: look at the process now, and at the coverage of this host for why the kill did not arrive.',
};

export function verdictNextAction(outcome: Outcome): string {
  return verdictActions[outcome];
}

/** Of a detection that says what is not in the baseline of its container. */
export const baselineNextAction = 'Look at the process tree; if this belongs to the workload, take it into its baseline, otherwise stop the workload.';

export const detectionNextAction = 'Look at the process tree: confirm what is real and stop the workload; judge what is expected a false positive, and see under Noise what would quieten the rule.';

/**
 * Programs that start sessions and services for others. Two acts below one of them are not one act, so a process
 * tree is named by the first program that is none of these.
 */
const sessionMakers = new Set([
  'systemd', 'init', 'tini', 'dumb-init', 's6-svscan', 'runit', 'openrc-init', 'sshd', 'sshd-session', 'login', 'cron', 'crond', 'atd', 'containerd', 'containerd-shim', 'containerd-shim-runc-v2',
  'dockerd', 'docker-init', 'conmon', 'crio', 'podman', 'runc', 'crun', 'kubelet', 'tmux: server', 'screen', 'supervisord',
]);

export interface TreeMember {
  readonly key: string;
  readonly pid: number;
  readonly command: string;
}

/** The key of the tree that an act on the host belongs to; undefined without any known process. */
export function treeRoot(tree: readonly TreeMember[]): string | undefined {
  // comm is cut to 15 characters by the kernel.
  const first = tree.find((member) => member.pid !== 1 && ![...sessionMakers].some((name) => name.slice(0, 15) === member.command));
  return (first ?? tree.at(-1))?.key;
}

const wordsMax = 200;

/** Search words: whole tokens (paths, addresses, hashes) and their parts, lower case. */
export function searchWords(texts: readonly (string | null | undefined)[]): string[] {
  const words = new Set<string>();
  for (const text of texts) {
    for (const token of (text ?? '').toLowerCase().split(/[\s"'`(),;=]+/)) {
      for (const word of [token, ...token.split(/[^\p{L}\p{N}]+/u)]) {
        if (word.length > 0 && word.length <= 200 && words.size < wordsMax) words.add(word);
      }
    }
  }
  return [...words];
}

/** Names of those who came in by kubectl exec or attach and began what the offender is part of; sorted, none twice. */
export function usersWhoCame(tree: readonly Pick<ExecutionView, 'kubernetesUsers'>[]): string[] {
  return [...new Set((tree.at(-1)?.kubernetesUsers ?? []).map(({ user }) => user))].sort();
}

/** Never a guess: several who could have been it are named as such. */
export function whoCame(tree: readonly Pick<ExecutionView, 'kubernetesUsers'>[]): string {
  const all = tree.at(-1)?.kubernetesUsers ?? [];
  const began = [...new Set(all.filter((one) => !one.attached).map(({ user }) => user))].sort();
  const attached = [...new Set(all.filter((one) => one.attached).map(({ user }) => user))].sort();
  const first = began.length === 0 ? '' : ` Came in by kubectl exec: ${began.length === 1 ? (began[0] ?? '') : `one of ${began.join(', ')}`}.`;
  return `${first}${attached.length === 0 ? '' : ` Attached to the container: ${attached.join(', ')}.`}`;
}
