/**
 * What a configuration adds to the outputs of rules: text and fields by source, tags and name, constants of the site
 * (`static.…`), and the fields that say which container and pod it was. Applied when rules are loaded, so that a fault in
 * it is a problem of the load and not of an alert.
 */
import type { FieldSpec, FieldTable } from './field-table.ts';
import { insertedText, joinTexts, type PlacedText } from './placed-text.ts';
import type { Place } from './problems.ts';

export interface AppendOutput {
  /** All that is given must fit; nothing given: every rule. */
  readonly match?: { readonly source?: string; readonly rule?: string; readonly tags?: readonly string[] };
  /** Put behind the output, after a blank. */
  readonly extraOutput?: string;
  /** Only among the output's fields: the name of a field, or a key with text that may hold `%field`. */
  readonly extraFields?: readonly (string | { readonly key: string; readonly text: string })[];
  /** Name the container and pod: `container_id=%container.id` and so on. */
  readonly suggestedOutput?: boolean;
}

export const suggestedFields = ['container.id', 'container.name', 'container.image.repository', 'container.image.tag', 'k8s.pod.name', 'k8s.ns.name'] as const;

interface Subject {
  readonly name: string;
  readonly source: string;
  readonly tags: readonly string[];
}

function fits({ match }: AppendOutput, rule: Subject): boolean {
  if (match === undefined) return true;
  const { source, rule: name, tags = [] } = match;
  return (source === undefined || source === rule.source) && (name === undefined || name === rule.name) && tags.every((tag) => rule.tags.includes(tag));
}

/** The output with what is appended to it, in the order of the configuration. */
export function withExtraOutput(output: PlacedText, additions: readonly AppendOutput[], rule: Subject, place: Place): PlacedText {
  const extra = additions.filter((one) => fits(one, rule)).flatMap((one) => [
    ...(one.extraOutput === undefined ? [] : [one.extraOutput]),
    ...(one.suggestedOutput === true ? suggestedFields.filter((name) => !output.text.includes(`%${name}`)).map((name) => `${name.replaceAll('.', '_')}=%${name}`) : []),
  ]);
  return extra.length === 0 ? output : joinTexts([output, insertedText(` ${extra.join(' ')}`, place)]);
}

export interface ExtraField {
  readonly key: string;
  /** As an output is written. */
  readonly text: string;
  /** The value as it is, not as text. */
  readonly raw: boolean;
}

export function extraFieldsOf(additions: readonly AppendOutput[], rule: Subject): readonly ExtraField[] {
  const fields = additions.filter((one) => fits(one, rule)).flatMap((one) => one.extraFields ?? []);
  const named = new Map(fields.map((one) => (typeof one === 'string' ? [one, { key: one, text: `%${one}`, raw: true }] : [one.key, { key: one.key, text: one.text, raw: false }])));
  return [...named.values()];
}

/** The table with constants of the site as fields: `static.region`. */
export function withStaticFields(table: FieldTable, constants: Readonly<Record<string, string>>): FieldTable {
  const entries = Object.entries(constants);
  if (entries.length === 0) return table;
  const fixed = ([name, constant]: readonly [string, string]): readonly [string, FieldSpec] => [
    `static.${name}`,
    { type: 'text', on: [], constant, description: 'A constant of the site' },
  ];
  return new Map([...table, ...entries.map(fixed)]);
}
