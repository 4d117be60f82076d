/**
 * A control of the right shape → one that can be asked: its conditions compiled over the facts of its kind of subject, its
 * evidence read, its requirements known. Refuses a number that no framework here has, and a sentence that names no fact.
 */
import { Control } from '@vedette/model/control';
import { compileFor, type Condition } from '../condition.ts';
import type { PolicyFault } from '../check.ts';
import { parseMessage, type MessagePart } from '../message.ts';
import { parseObjects, type PolicyProblem } from '../parse.ts';
import { frameworks, requirementsOf } from './frameworks.ts';
import { vocabularies, type Subject } from './subject.ts';

export interface CheckedControl {
  readonly control: Control;
  readonly applies: Condition<Subject> | null;
  readonly fails: Condition<Subject>;
  readonly evidence: readonly MessagePart[];
}

/** In the sentence of evidence: the items of lists that decided. */
export const foundName = 'found';

export interface ParsedControls {
  readonly controls: readonly CheckedControl[];
  readonly problems: readonly PolicyProblem[];
}

export function parseControls(file: string, text: string): ParsedControls {
  const { objects, problems } = parseObjects<Control, CheckedControl>(file, text, {
    one: 'control',
    several: 'controls',
    form: 'See the form of a control: apiVersion vedette.dev/v1alpha1, kind Control, metadata, spec with title, why, severity, category, subject, failsWhen, evidence, fix, mappings.',
    shape: (plain) => Control.safeParse(plain),
    read: (control) => {
      const { checked, faults } = checkControl(control);
      return { object: checked, faults };
    },
  });
  return { controls: objects, problems };
}

export function checkControl(control: Control): { readonly checked: CheckedControl | null; readonly faults: readonly PolicyFault[] } {
  const { spec } = control;
  const vocabulary = vocabularies[spec.subject];
  const faults: PolicyFault[] = [];
  const compiled = (key: 'appliesWhen' | 'failsWhen', expression: string): Condition<Subject> | null => {
    const result = compileFor(vocabulary, expression);
    if (result.ok) return result.condition;
    for (const { message, advice, offset } of result.problems) faults.push({ path: ['spec', key], offset, message, advice });
    return null;
  };
  const applies = spec.appliesWhen === undefined ? null : compiled('appliesWhen', spec.appliesWhen);
  const fails = compiled('failsWhen', spec.failsWhen);
  const evidence = parseMessage(spec.evidence, [...vocabulary.facts.map((one) => one.name), foundName]);
  if (!evidence.ok) faults.push({ path: ['spec', 'evidence'], offset: evidence.offset, message: evidence.message, advice: evidence.advice });
  for (const { id, title, requirements } of frameworks) {
    for (const requirement of requirementsOf(control, id)) {
      if (!Object.hasOwn(requirements, requirement)) faults.push({ path: ['spec', 'mappings', id], offset: null, message: `${requirement.slice(0, 60)} is no requirement of ${title} that is known here`, advice: 'Name one of policy/posture/frameworks.ts, or add it there with its source.' });
    }
  }
  if (faults.length > 0 || fails === null || !evidence.ok) return { checked: null, faults };
  return { checked: { control, applies, fails, evidence: evidence.parts }, faults };
}
