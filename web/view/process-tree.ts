/**
 * The process tree of an incident: the ancestor chains of its events become one forest, drawn one line a process,
 * depth downwards and time to the right. Siblings that ran the same way are folded into one line with a count. Chains
 * come from hosts under attack: a chain that contradicts itself (a loop) loses the contradicting link, nothing else.
 */
import type { ExecutionView } from '@vedette/model/api/views';
import type { Outcome } from './words.ts';

export interface Chain {
  readonly eventId: string;
  readonly outcome: Outcome;
  /** Oldest known ancestor first; the last one is the offender. */
  readonly tree: readonly ExecutionView[];
}

export interface Offence {
  readonly outcome: Outcome;
  readonly eventIds: readonly string[];
}

export interface TreeLine {
  readonly execution: ExecutionView;
  readonly depth: number;
  /** Index of the parent's line, null for a root. */
  readonly parent: number | null;
  /** Where the line starts on the time axis, 0 to 1. */
  readonly x: number;
  /** Time since the parent started, null for a root. */
  readonly gapMs: number | null;
  readonly offence: Offence | null;
  /** Present where alike siblings are folded into this line, or were before it was opened. */
  readonly fold: { readonly id: string; readonly count: number; readonly open: boolean } | null;
}

interface Node {
  readonly execution: ExecutionView;
  parent: string | null;
  readonly children: string[];
  readonly eventIds: string[];
  outcome: Outcome | null;
}

const linesMax = 400;
const worstFirst: readonly Outcome[] = ['kill-failed', 'killed', 'would-have-killed', 'seen'];

export function treeLines(chains: readonly Chain[], openFolds: ReadonlySet<string> = new Set()): readonly TreeLine[] {
  const nodes = gather(chains);
  const visible: { node: Node; depth: number; parent: number | null; fold: TreeLine['fold'] }[] = [];
  const visit = (keys: readonly string[], depth: number, parent: number | null, foldScope: string): void => {
    for (const group of groupSiblings(keys, nodes, openFolds, foldScope)) {
      if (visible.length >= linesMax) return;
      const node = nodes.get(group.key)!;
      const index = visible.push({ node, depth, parent, fold: group.fold }) - 1;
      visit(node.children, depth + 1, index, group.key);
    }
  };
  visit(byStart([...nodes].filter(([, node]) => node.parent === null).map(([key]) => key), nodes), 0, null, '');
  const axis = timeAxis(visible.map(({ node }) => Date.parse(node.execution.startedAt)));
  return visible.map(({ node, depth, parent, fold }) => {
    const start = Date.parse(node.execution.startedAt);
    const parentStart = parent === null ? null : Date.parse(visible[parent]!.node.execution.startedAt);
    const offence = node.outcome === null ? null : { outcome: node.outcome, eventIds: node.eventIds };
    return { execution: node.execution, depth, parent, x: axis.get(start) ?? 0, gapMs: parentStart === null ? null : start - parentStart, offence, fold };
  });
}

function gather(chains: readonly Chain[]): Map<string, Node> {
  const nodes = new Map<string, Node>();
  for (const chain of chains) {
    let previous: string | null = null;
    for (const [index, execution] of chain.tree.entries()) {
      const node: Node = nodes.get(execution.key) ?? { execution, parent: null, children: [], eventIds: [], outcome: null };
      nodes.set(execution.key, node);
      if (previous !== null && node.parent === null && !descends(previous, execution.key, nodes)) {
        node.parent = previous;
        nodes.get(previous)!.children.push(execution.key);
      }
      if (index === chain.tree.length - 1) offend(node, chain);
      previous = execution.key;
    }
  }
  return nodes;
}

function offend(node: Node, chain: Chain): void {
  node.eventIds.push(chain.eventId);
  const known = node.outcome;
  node.outcome = known !== null && worstFirst.indexOf(known) <= worstFirst.indexOf(chain.outcome) ? known : chain.outcome;
}

/** Whether `key` is `ancestor` or stands below it. */
function descends(key: string, ancestor: string, nodes: ReadonlyMap<string, Node>): boolean {
  for (let at: string | null = key; at !== null; at = nodes.get(at)?.parent ?? null) {
    if (at === ancestor) return true;
  }
  return false;
}

function byStart(keys: readonly string[], nodes: ReadonlyMap<string, Node>): string[] {
  const start = (key: string): number => Date.parse(nodes.get(key)!.execution.startedAt);
  return [...keys].sort((a, b) => start(a) - start(b) || (a < b ? -1 : 1));
}

/** Two siblings are alike when they ran the same file as the same user with the same end, and so did all below them. */
function signature(key: string, nodes: ReadonlyMap<string, Node>): string {
  const { execution, children, outcome } = nodes.get(key)!;
  const below = children.map((child) => signature(child, nodes)).sort();
  return JSON.stringify([execution.path, execution.uid, execution.origin, outcome, below]);
}

function groupSiblings(keys: readonly string[], nodes: ReadonlyMap<string, Node>, openFolds: ReadonlySet<string>, scope: string): { key: string; fold: TreeLine['fold'] }[] {
  const groups = new Map<string, string[]>();
  for (const key of byStart(keys, nodes)) {
    const like = signature(key, nodes);
    groups.set(like, [...(groups.get(like) ?? []), key]);
  }
  return [...groups].flatMap(([like, alike]) => {
    if (alike.length === 1) return [{ key: alike[0]!, fold: null }];
    const id = `${scope}|${like}`;
    const open = openFolds.has(id);
    const shown = open ? alike : [alike.at(-1)!];
    return shown.map((key, index) => ({ key, fold: index === 0 ? { id, count: alike.length, open } : null }));
  });
}

/**
 * Start times to places between 0 and 1. Ancestors are days old and the last steps milliseconds apart, so a gap takes
 * room by its order of magnitude: order is exact, distance is a hint.
 */
export function timeAxis(starts: readonly number[]): ReadonlyMap<number, number> {
  const times = [...new Set(starts)].sort((a, b) => a - b);
  const places = new Map<number, number>();
  let sum = 0;
  for (const [index, time] of times.entries()) {
    if (index > 0) sum += 1 + Math.log10(1 + (time - times[index - 1]!));
    places.set(time, sum);
  }
  for (const [time, place] of places) places.set(time, sum === 0 ? 0 : place / sum);
  return places;
}

/** Lines of a flat list of live processes: parents known by key, no offenders, nothing folded. */
export function processForest(processes: readonly ExecutionView[]): readonly { readonly execution: ExecutionView; readonly depth: number }[] {
  const known = new Map(processes.map((one) => [one.key, one]));
  const children = new Map<string, ExecutionView[]>();
  const roots: ExecutionView[] = [];
  for (const one of processes) {
    if (one.parentKey === null || one.parentKey === one.key || !known.has(one.parentKey)) roots.push(one);
    else children.set(one.parentKey, [...(children.get(one.parentKey) ?? []), one]);
  }
  const lines: { execution: ExecutionView; depth: number }[] = [];
  const seen = new Set<string>();
  const visit = (list: readonly ExecutionView[], depth: number): void => {
    for (const execution of [...list].sort((a, b) => a.pid - b.pid)) {
      if (seen.has(execution.key)) continue;
      seen.add(execution.key);
      lines.push({ execution, depth });
      visit(children.get(execution.key) ?? [], depth + 1);
    }
  };
  visit(roots, 0);
  visit(processes, 0);
  return lines;
}
