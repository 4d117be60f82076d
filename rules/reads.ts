/**
 * What a rule reads on each event class on which it can match: the fields that its condition still asks for there, after everything
 * that is decided by the class alone. What it asks for by name, decided or not, is the subject of `needs.ts`.
 */
import type { EventClass } from './events.ts';
import type { FieldReference } from './field-table.ts';
import type { ReadArgument, Specialised } from './specialise.ts';

export interface ClassReads {
  readonly eventClass: EventClass;
  /** As written: `proc.aname[2]`, `evt.arg.flags`. */
  readonly fields: readonly string[];
}

export function readsByClass(conditions: ReadonlyMap<EventClass, Specialised>): readonly ClassReads[] {
  return [...conditions].map(([eventClass, condition]) => {
    const fields = new Set<string>();
    visit(condition, (field) => fields.add(nameOf(field)));
    return { eventClass, fields: [...fields].sort() };
  });
}

function nameOf(field: FieldReference): string {
  return field.spec.argument === 'event-argument' && !field.text.includes('[') && !field.text.endsWith(`.${field.argument}`) ? `${field.name}.${field.argument}` : field.text;
}

function visit(condition: Specialised, found: (field: FieldReference) => void): void {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const one of condition.of) visit(one, found);
      return;
    case 'not':
      return visit(condition.of, found);
    case 'exists':
    case 'test':
      return visitRead(condition.read, found);
    case 'fields':
      visitRead(condition.left, found);
      return visitRead(condition.right, found);
    case 'constant':
      return;
    default:
      condition satisfies never;
  }
}

/** A value may be made of several: each of its parts is read. */
function visitRead(read: ReadArgument, found: (field: FieldReference) => void): void {
  switch (read.kind) {
    case 'field':
      return found(read.operand.field);
    case 'elements':
      return found(read.field);
    case 'joined':
    case 'tuple':
      for (const one of read.of) visitRead(one, found);
      return;
    case 'literal':
      return;
    default:
      read satisfies never;
  }
}
