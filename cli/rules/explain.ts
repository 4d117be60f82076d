/** `vedette rules explain`: a rule's condition as a tree, with what becomes of each part on each event, or how one event was decided. */
import { escapeControls as shown } from '@vedette/rules/output';
import { eventClasses, labelOf, type EventClass } from '@vedette/rules/events';
import { answer, blockersOf, explain, verdictOn, type Answered, type Explained } from '@vedette/rules/explain';
import { fieldTable } from '@vedette/rules/fields';
import type { Rule } from '@vedette/rules/ruleset';
import { syntheticSuppliers } from '@vedette/rules/synthetic';
import type { TrialEvent } from '@vedette/rules/trial/event';
import { textOf } from '@vedette/rules/check/typed';
import { durationText, type WindowPlan } from '@vedette/rules/window/plan';
import type { Paint } from './check.ts';

const namesShown = 8;
const ground = { table: fieldTable, absent: {} };

export function explainText(rule: Rule, trial: TrialEvent | null, paint: Paint): readonly string[] {
  const head = [paint('bold', shown(rule.name)), `  ${rule.priority}, ${rule.place.file}:${rule.place.line}${rule.enabled ? '' : ', switched off'}`];
  const tree = rule.tree === null ? null : explain(rule.tree, ground);
  if (tree === null) return [...head, '  its condition has more checks than can be explained'];
  const { window } = rule;
  if (trial === null && window !== null) return [...head, ...windowReachLines(rule), ...windowLines(window, paint)];
  return [...head, ...reachLines(rule, tree), '', ...(trial === null ? treeLines(tree, rule.reach.kind === 'fires' ? rule.reach.on : eventClasses, paint) : eventLines(tree, trial, paint)), ...(window === null ? [] : ['', `  ${windowSentence(window)}`])];
}

function reachLines(rule: Rule, tree: Explained): readonly string[] {
  const { reach } = rule;
    const silent = eventClasses.filter((one) => reach.kind !== 'fires' || !reach.on.includes(one));
  const reasons = new Map<string, EventClass[]>();
  for (const eventClass of silent) {
    const reason = blockersOf(tree, eventClass).slice(0, 2).map((one) => blockerText(one, eventClass)).join('; ');
    reasons.set(reason, [...(reasons.get(reason) ?? []), eventClass]);
  }
  return [
    reach.kind === 'fires' ? `  asked on ${reach.on.map(labelOf).join(', ')}` : `  can never fire here: ${reach.reasons.join('; ')}`,
    ...[...reasons].map(([reason, classes]) => `  never on ${severalOf(classes)}: ${shown(reason)}`),
    ...(reach.kind === 'fires' ? reach.undecided.map((one) => `  note: ${one}`) : []),
  ];
}

function windowReachLines({ reach }: Rule): readonly string[] {
  if (reach.kind !== 'fires') return [`  can never fire here: ${reach.reasons.join('; ')}`];
  return [`  asked on ${reach.on.map(labelOf).join(', ')}`, ...reach.undecided.map((one) => `  note: ${one}`)];
}

function windowSentence({ kind, steps, count, distinct, withinNs }: WindowPlan): string {
  const by = steps.at(-1)?.by.map(textOf) ?? [];
  const same = by.length === 0 ? 'of all events together' : `with the same ${by.join(', ')}`;
  if (kind === 'sequence') return `fires on the last of ${count} steps in this order within ${durationText(withinNs)}, ${same}; once for each`;
  const what = distinct === null ? `${count} such events` : `${count} different values of ${textOf(distinct)}`;
  return `fires at ${what} within ${durationText(withinNs)}, ${same}; then it is silent for that time`;
}

/** Each step with what it is taken by and its condition. */
function windowLines(window: WindowPlan, paint: Paint): readonly string[] {
  const last = window.steps.length - 1;
  return [`  ${windowSentence(window)}`, ...window.steps.flatMap(({ tree, by }, index) => {
    const explained = tree === null ? null : explain(tree, ground);
    const title = window.kind === 'count' ? 'counted' : index === last ? `step ${index + 1}, the rule's own condition` : `step ${index + 1}`;
    const keys = by.length === 0 ? '' : `  ${paint('dim', `by ${by.map(textOf).join(', ')}`)}`;
    const lines = explained === null ? ['  its condition has more checks than can be explained'] : treeLines(explained, eventClasses.filter((one) => verdictOn(explained, one).kind !== 'never'), paint);
    return ['', `  ${paint('bold', title)}${keys}`, ...lines];
  })];
}

function severalOf(classes: readonly EventClass[]): string {
  const labels = classes.map(labelOf);
  return labels.length <= namesShown + 1 ? labels.join(', ') : `${labels.slice(0, namesShown).join(', ')} and ${labels.length - namesShown} other events`;
}

function blockerText(node: Explained, eventClass: EventClass): string {
  const { lacks } = verdictOn(node, eventClass);
  const text = node.kind === 'not' ? `not (${leaves(node).slice(0, 2).join(' …')})` : node.label;
  return lacks.length > 0 ? `${text} (${lacks[0]})` : text;
}

function leaves(node: Explained): readonly string[] {
  return node.kind === 'check' ? [node.label] : node.of.flatMap(leaves);
}

function branches<Node>(nodes: readonly Node[], indent: string, line: (node: Node) => string, of: (node: Node) => readonly Node[]): readonly string[] {
  return nodes.flatMap((node, index) => {
    const last = index === nodes.length - 1;
    return [`${indent}${last ? '└─' : '├─'} ${line(node)}`, ...branches(of(node), `${indent}${last ? '   ' : '│  '}`, line, of)];
  });
}

function treeLines(tree: Explained, on: readonly EventClass[], paint: Paint): readonly string[] {
  const line = (node: Explained): string => {
    const label = node.kind === 'macro' ? paint('bold', node.label) : node.kind === 'check' ? shown(node.label) : paint('cyan', node.label);
    const state = node.kind === 'check' ? stateOf(node, on) : '';
    return state === '' ? label : `${label}  ${paint('dim', state)}`;
  };
  return [`  ${line(tree)}`, ...branches(tree.of, '  ', line, (node) => node.of)];
}

/** What becomes of a check on the events on which its rule is asked. */
function stateOf(node: Explained, on: readonly EventClass[]): string {
  const kinds = new Map<string, EventClass[]>();
  for (const eventClass of on) {
    const { kind, lacks } = verdictOn(node, eventClass);
    const word = lacks.length > 0 ? `${kind}: ${(lacks[0] ?? '').replace(/ on \S+$/, '')}` : kind;
    kinds.set(word, [...(kinds.get(word) ?? []), eventClass]);
  }
  const words = [...kinds].map(([word, classes]) => (kinds.size === 1 ? word : `${word} on ${classes.map(labelOf).join(', ')}`));
  return words.join('; ') === 'asked' ? '' : words.join('; ');
}

function eventLines(tree: Explained, { eventClass, event }: TrialEvent, paint: Paint): readonly string[] {
  const root = answer(tree, eventClass, event, ground, syntheticSuppliers);
  const sign = { yes: paint('green', '✓'), no: paint('red', '✗'), pending: paint('yellow', '?') } as const;
  const line = ({ node, answer: one, values, decided }: Answered): string => {
    const values_ = values.length === 0 ? '' : `  ${paint('dim', shown(values.join(', ')))}`;
    return `${sign[one]} ${shown(node.label)}${values_}${decided && node.kind === 'check' ? paint('bold', '  ← decided') : ''}`;
  };
  const words = { yes: 'fires', no: 'is silent', pending: 'waits for the identity of the container' } as const;
  return [`  on this ${labelOf(eventClass)} the rule ${words[root.answer]}`, '', `  ${line(root)}`, ...branches(root.of, '  ', line, (one) => one.of)];
}

/** The same as data. */
export function explainJson(rule: Rule, trial: TrialEvent | null): unknown {
  const tree = rule.tree === null ? null : explain(rule.tree, ground);
  const plain = (node: Explained): unknown => ({
    kind: node.kind, label: node.label, on: Object.fromEntries([...node.on].map(([one, { kind, lacks }]) => [one, lacks.length > 0 ? { is: kind, lacks } : { is: kind }])),
    ...(node.of.length > 0 ? { of: node.of.map(plain) } : {}),
  });
  const answered = (one: Answered): unknown => ({
    label: one.node.label, kind: one.node.kind, answer: one.answer, decided: one.decided, ...(one.values.length > 0 ? { values: one.values } : {}), ...(one.of.length > 0 ? { of: one.of.map(answered) } : {}),
  });
  return {
    rule: rule.name, place: rule.place, enabled: rule.enabled, reach: rule.reach, tree: tree === null ? null : plain(tree),
    ...(rule.window === null ? {} : { window: windowJson(rule.window, plain) }),
    ...(trial === null || tree === null ? {} : { event: answered(answer(tree, trial.eventClass, trial.event, ground, syntheticSuppliers)) }),
  };
}

function windowJson(window: WindowPlan, plain: (node: Explained) => unknown): unknown {
  const { kind, count, withinNs, distinct, steps } = window;
  return {
    kind, count, withinMs: withinNs / 1e6, ...(distinct === null ? {} : { distinct: textOf(distinct) }),
    steps: steps.map(({ tree, by }) => {
      const explained = tree === null ? null : explain(tree, ground);
      return { by: by.map(textOf), tree: explained === null ? null : plain(explained) };
    }),
  };
}
