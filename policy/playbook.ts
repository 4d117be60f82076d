/**
 * YAML text → playbooks that can be used: the condition compiled over the facts of its trigger, messages parsed, and what could
 * never do what it says refused with its place: an approval of a step that only tells somebody is allowed, two steps of one name are not.
 */
import { Playbook, type PlaybookStep } from '@vedette/model/playbook';
import type { PolicyFault } from './check.ts';
import { compileFor, type Condition } from './condition.ts';
import { fillMessageFrom, parseMessage, type MessagePart } from './message.ts';
import { parseObjects, type PolicyProblem } from './parse.ts';
import { responseVocabulary, type ResponseFacts } from './playbook-facts.ts';

export interface CheckedPlaybook {
  readonly playbook: Playbook;
  readonly condition: Condition<ResponseFacts>;
}

export interface ParsedPlaybooks {
  readonly playbooks: readonly CheckedPlaybook[];
  readonly problems: readonly PolicyProblem[];
}

export function parsePlaybooks(file: string, text: string): ParsedPlaybooks {
  const { objects, problems } = parseObjects<Playbook, CheckedPlaybook>(file, text, {
    one: 'playbook',
    several: 'playbooks',
    form: 'See the form of a playbook: apiVersion vedette.dev/v1alpha1, kind Playbook, metadata, spec with description, trigger, steps.',
    shape: (plain) => Playbook.safeParse(plain),
    read: (playbook) => {
      const { checked, faults } = checkPlaybook(playbook);
      return { object: checked, faults };
    },
  });
  return { playbooks: objects, problems };
}

/** Texts of a step that may name facts. */
function messagesOf(step: PlaybookStep): readonly (readonly [key: string, text: string])[] {
  switch (step.kind) {
    case 'slack':
      return [['text', step.with.text]];
    case 'email':
      return [['subject', step.with.subject], ['text', step.with.text]];
    case 'artifactory-property':
      return [['value', step.with.value]];
    default:
      return [];
  }
}

export function checkPlaybook(playbook: Playbook): { readonly checked: CheckedPlaybook | null; readonly faults: readonly PolicyFault[] } {
  const { trigger, steps } = playbook.spec;
  const vocabulary = responseVocabulary(trigger.on);
  const names = vocabulary.facts.map((one) => one.name);
  const faults: PolicyFault[] = [];
  const compiled = compileFor(vocabulary, trigger.when);
  if (!compiled.ok) for (const { message, advice, offset } of compiled.problems) faults.push({ path: ['spec', 'trigger', 'when'], offset, message, advice });
  const seen = new Set<string>();
  for (const [index, step] of steps.entries()) {
    if (seen.has(step.name)) faults.push({ path: ['spec', 'steps', index, 'name'], offset: null, message: `two steps are called ${step.name}`, advice: 'Give each step its own name.' });
    seen.add(step.name);
    for (const [key, text] of messagesOf(step)) {
      const parsed = parseMessage(text, names);
      if (!parsed.ok) faults.push({ path: ['spec', 'steps', index, 'with', key], offset: parsed.offset, message: parsed.message, advice: parsed.advice });
    }
  }
  return { checked: compiled.ok && faults.length === 0 ? { playbook, condition: compiled.condition } : null, faults };
}

/** A text of a step with its facts filled in. */
export function fillFor(playbook: Playbook, text: string, facts: ResponseFacts): string {
  const vocabulary = responseVocabulary(playbook.spec.trigger.on);
  const parsed = parseMessage(text, vocabulary.facts.map((one) => one.name));
  const parts: readonly MessagePart[] = parsed.ok ? parsed.parts : [{ kind: 'text', text }];
  return fillMessageFrom(parts, vocabulary, facts);
}
