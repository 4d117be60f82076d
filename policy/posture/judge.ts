/**
 * A control and a subject → passed, failed, no data or not applicable, with the facts that decided. What cannot be answered is
 * no data with its reason; it is never taken for passed. A kind of subject that is not known whole adds one answer of its own,
 * about what was not seen, so that a control over nothing is not a control that is kept.
 */
import type { ControlState, Evidence } from '@vedette/model/control-words';
import type { Condition, Outcome } from '../condition.ts';
import { factText, shown } from '../message.ts';
import { foundName, type CheckedControl } from './control.ts';
import { vocabularies, type Item, type Subject } from './subject.ts';
import type { Subjects } from './subjects.ts';

export interface ControlResult {
  readonly control: string;
  readonly subject: Pick<Subject, 'kind' | 'type' | 'namespace' | 'name'>;
  readonly state: Exclude<ControlState, 'accepted'>;
  /** For a failed one what was found, for one without data why; empty for the others. */
  readonly reason: string;
  readonly evidence: readonly Evidence[];
}

/** Subjects of this type stand for what was not seen, and for there being none. */
export const unseenType = 'unseen';

/** One control over everything; whoever asks many lets others work in between. */
export function judgeControl(control: CheckedControl, subjects: Subjects): ControlResult[] {
  const { subject: kind } = control.control.spec;
  const results = subjects.of(kind).map((one) => judge(control, one));
  const problem = subjects.incomplete(kind);
  if (problem !== null) results.push(result(control, { kind, type: unseenType, namespace: '', name: `every other ${kind}` }, 'no-data', problem, []));
  // Known to be none is an answer, too: a control without any would look as if nobody had asked.
  else if (results.length === 0) results.push(result(control, { kind, type: unseenType, namespace: '', name: `no ${kind}` }, 'not-applicable', `there is no ${kind}`, []));
  return results;
}

export function judge(control: CheckedControl, subject: Subject): ControlResult {
  const applies = control.applies?.examine(subject);
  if (applies?.value === false) return result(control, subject, 'not-applicable', '', evidenceOf(control.applies!, applies, subject));
  const fails = control.fails.examine(subject);
  // Whatever applies or not, what does not fail is passed; but only what is known to apply has passed.
  if (applies?.value === 'unknown') return result(control, subject, 'no-data', missingWords(applies), []);
  switch (fails.value) {
    case true:
      return result(control, subject, 'failed', sentenceOf(control, fails, subject), evidenceOf(control.fails, fails, subject));
    case false:
      return result(control, subject, 'passed', '', evidenceOf(control.fails, fails, subject));
    case 'unknown':
      return result(control, subject, 'no-data', missingWords(fails), evidenceOf(control.fails, fails, subject));
    default:
      return fails.value satisfies never;
  }
}

function result(control: CheckedControl, { kind, type, namespace, name }: ControlResult['subject'], state: ControlResult['state'], reason: string, evidence: readonly Evidence[]): ControlResult {
  return { control: control.control.metadata.name, subject: { kind, type, namespace, name }, state, reason, evidence };
}

function missingWords({ missing }: Outcome): string {
  return shown([...new Set(missing.map(({ fact, reason }) => (reason === '' ? `${fact} is not known` : reason)))].join('; '));
}

function sentenceOf(control: CheckedControl, outcome: Outcome, subject: Subject): string {
  const { facts } = vocabularies[control.control.spec.subject];
  const items = [...new Set(outcome.found.map((one) => one.sentence))];
  const found = items.length > 5 ? `${items.slice(0, 5).join('; ')} and ${items.length - 5} more` : items.join('; ');
  return control.evidence.map((part) => (part.kind === 'text' ? part.text : part.name === foundName ? shown(found) : factText(facts.find((one) => one.name === part.name)?.read(subject) ?? null))).join('');
}

const itemsMax = 10;

/** Facts that the condition reads, as they were; of a list the items that decided, with the fields that it reads. */
function evidenceOf(condition: Condition<Subject>, outcome: Outcome, subject: Subject): Evidence[] {
  const { facts, lists } = vocabularies[subject.kind];
  const evidence: Evidence[] = [];
  for (const { name, read } of facts) if (condition.references.has(name)) evidence.push({ fact: name, value: factText(read(subject)) || '(none)' });
  for (const list of lists) {
    if (!condition.references.has(list.name)) continue;
    const fields = list.fields.filter(({ name }) => condition.references.has(name));
    const found = outcome.found.filter((one) => one.list === list.name).map((one) => one.item as Item);
    for (const item of found.slice(0, itemsMax)) evidence.push({ fact: item.sentence, value: fields.map((field) => `${field.name.slice(list.name.length + 1)}=${factText(field.read(item)) || '(none)'}`).join(' ') });
    if (found.length > itemsMax) evidence.push({ fact: list.name, value: `and ${found.length - itemsMax} more` });
    if (found.length === 0) evidence.push({ fact: list.name, value: `${subject.lists[list.name.slice(list.name.indexOf('.') + 1)]?.items.length ?? 0} asked` });
  }
  return evidence;
}
