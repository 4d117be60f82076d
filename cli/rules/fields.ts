/** `vedette rules fields`: the fields of the language, and which events supply each here. */
import { eventClasses, labelOf } from '@vedette/rules/events';
import { findField, type FieldSpec } from '@vedette/rules/field-table';
import { fieldTable } from '@vedette/rules/fields';
import { knownFields } from '@vedette/rules/fields-known';
import { globPredicate } from '@vedette/rules/compile/glob';
import { sourcesOf } from '@vedette/rules/source';

export interface FieldLine {
  readonly field: string;
  readonly type: string;
  readonly argument: string;
  /** Names of events; empty: none supplies it here. */
  readonly events: readonly string[];
  readonly description: string;
  readonly notOnRight: boolean;
  readonly notTransformed: boolean;
}

const argumentForms: Readonly<Record<NonNullable<FieldSpec['argument']>, string>> = {
  'none': '', 'ancestor': '[n], or any', 'index': '[n], or all', 'key': '[key]', 'optional-key': '[key], or all', 'ancestor-or-key': '[n] or [key], or any', 'dotted': '.name', 'event-argument': '.name',
};

/** A pattern is a part of the name or of the description, or a glob of the name. */
export function fieldLines(pattern: string | null): readonly FieldLine[] {
  const wanted = pattern?.toLowerCase() ?? '';
  const isGlob = /[*?[]/.test(wanted);
  const glob = globPredicate(wanted, true);
  const lines = [...fieldTable].flatMap(([name, spec]): FieldLine[] => {
    const description = spec.description ?? knownFields.get(name)?.description ?? '';
    const fits = isGlob ? glob(name) : name.includes(wanted) || description.toLowerCase().includes(wanted);
    return fits ? [lineOf(name, spec, description)] : [];
  });
  return lines.sort((a, b) => (a.field < b.field ? -1 : 1));
}

function lineOf(field: string, spec: FieldSpec, description: string): FieldLine {
  const events = eventClasses.filter((eventClass) => {
    if (spec.argument === 'event-argument') return (spec.eventArguments?.[eventClass] ?? []).length > 0;
    const found = findField(fieldTable, field, spec.argument === 'key' || spec.argument === 'dotted' ? 'x' : null);
    return found.ok && sourcesOf(found.field, { table: fieldTable, eventClass, absent: {} }).length > 0;
  });
  const names = spec.argument !== 'event-argument' ? [] : [...new Set(Object.values(spec.eventArguments ?? {}).flat())];
  return {
    field, type: spec.type, argument: names.length > 0 ? names.map((one) => `.${one}`).join(' ') : argumentForms[spec.argument ?? 'none'],
    events: events.map(labelOf), description, notOnRight: spec.notOnRight === true, notTransformed: spec.notTransformed === true,
  };
}

function limits({ notOnRight, notTransformed }: FieldLine): string {
  const words = [...(notOnRight ? ['on the right'] : []), ...(notTransformed ? ['in transformers'] : [])];
  return words.length === 0 ? '' : ` (not ${words.join(', not ')})`;
}

export function fieldsText(lines: readonly FieldLine[], columns: number): string {
  const eventsOf = (line: FieldLine) => (line.events.length === 0 ? 'none here' : line.events.length === eventClasses.length ? 'all' : line.events.join(' '));
  const rows = lines.map((one) => [one.field, one.type, one.argument, eventsOf(one)]);
  const heads = ['FIELD', 'TYPE', 'ARGUMENT', 'EVENTS'];
  const widths = heads.map((head, index) => Math.min([46, 8, 22, 30][index] ?? 20, Math.max(head.length, ...rows.map((row) => row[index]?.length ?? 0))));
  const cells = (row: readonly string[]) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  const room = Math.max(30, columns - widths.reduce((sum, one) => sum + one + 2, 0));
  const cut = (text: string) => (columns === 0 || text.length <= room ? text : `${text.slice(0, room - 1)}…`);
  const none = lines.filter((one) => one.events.length === 0).length;
  return [`${cells(heads)}  DESCRIPTION`, ...lines.map((line, index) => `${cells(rows[index] ?? [])}  ${cut(`${line.description}${limits(line)}`)}`), '', `${lines.length} fields, ${none} of which no event supplies here`].join('\n');
}
