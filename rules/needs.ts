/**
 * What a rule reads on each event class on which it can match: the fields that its condition still asks for there, after everything
 * that is decided by the class alone. For tables that people read.
 */
import type { EventClass } from './events.ts';
import type { Read, Specialised } from './specialise.ts';

export interface ClassNeeds {
  readonly eventClass: EventClass;
  /** As written: `proc.aname[2]`, `evt.arg.flags`. */
  readonly fields: readonly string[];
}

export function needsOf(conditions: ReadonlyMap<EventClass, Specialised>): readonly ClassNeeds[] {
  return [...conditions].map(([eventClass, condition]) => {
    const fields = new Set<string>();
    visit(condition, (read) => fields.add(nameOf(read)));
    return { eventClass, fields: [...fields].sort() };
  });
}

function nameOf({ operand: { field } }: Read): string {
  return field.spec.argument === 'event-argument' && !field.text.includes('[') && !field.text.endsWith(`.${field.argument}`) ? `${field.name}.${field.argument}` : field.text;
}

function visit(condition: Specialised, found: (read: Read) => void): void {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const one of condition.of) visit(one, found);
      return;
    case 'not':
      return visit(condition.of, found);
    case 'exists':
    case 'test':
      return found(condition.read);
    case 'fields':
      found(condition.left);
      return found(condition.right);
    case 'constant':
      return;
    default:
      condition satisfies never;
  }
}
