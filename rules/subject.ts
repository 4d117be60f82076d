/**
 * How rules read an event. The sensor hands over one getter for each supplied field, resolved once when rules are
 * compiled, so evaluating a check is a call and a comparison and never a look-up by name.
 */
import type { Address } from './address.ts';
import type { EventClass } from './events.ts';
import type { ArgumentKind, FieldSpec, ValueType } from './field-table.ts';
import type { suppliedFields, SuppliedField } from './fields.ts';

interface ValueOf {
  text: string;
  number: number;
  boolean: boolean;
  address: Address;
  network: Address;
  bytes: Uint8Array;
  texts: readonly string[];
}

interface ArgumentOf {
  'none': null;
  'ancestor': number;
  'index': number | null;
  'key': string;
  'optional-key': string | null;
  'ancestor-or-key': number | string;
  'dotted': string;
  'event-argument': string;
}

type KindOf<Spec extends FieldSpec> = Spec extends { readonly argument: infer Kind extends ArgumentKind } ? Kind : 'none';
type TypeOf<Spec extends FieldSpec> = Spec extends { readonly argumentTypes: object } ? Spec['type'] | 'number' : Spec['type'];
type Getter<Subject, Spec extends FieldSpec> = (subject: Subject, argument: ArgumentOf[KindOf<Spec>]) => ValueOf[TypeOf<Spec>] | null;

/**
 * A getter answers null where this event has no such value; it must not throw. Absent ancestors answer null too. Null
 * instead of a getter: this sensor never supplies the field; hand `absentFields` to `loadRules` then.
 */
export type Getters<Subject> = { readonly [Name in SuppliedField]: Getter<Subject, (typeof suppliedFields)[Name]> | null };

export interface Suppliers<Subject> {
  readonly fields: Getters<Subject>;
  /** How many ancestors are known: the parent is 1. */
  readonly ancestors: (subject: Subject) => number;
  /** Whether the event's container has no identity yet: its missing identity fields are then unknown, not absent. */
  readonly identityPending: (subject: Subject) => boolean;
  /** When it happened, for rules with a time: nanoseconds from any one moment. */
  readonly timeNs: (subject: Subject) => number;
  /** What many events of a class have in common: what rules make of that is found out once (index-by-event.ts). */
  readonly common?: Partial<Record<EventClass, Common<Subject>>>;
}

export interface Common<Subject> {
  /** The fields that are the same on all events with this text and number. */
  readonly fields: ReadonlySet<SuppliedField>;
  readonly text: (subject: Subject) => string;
  readonly number: (subject: Subject) => number;
}

/** Any getter, for code that works over the table. */
export type AnyGetter<Subject> = (subject: Subject, argument: number | string | null) => ValueOf[ValueType] | null;

export function getterOf<Subject>(suppliers: Suppliers<Subject>, name: string): AnyGetter<Subject> {
  const getter = (suppliers.fields as Readonly<Record<string, unknown>>)[name];
  if (getter === null) return () => null;
  if (typeof getter !== 'function') throw new RangeError(`no getter for the field ${name}`);
  return getter as AnyGetter<Subject>;
}

/** The fields that this sensor never supplies, for `LoadOptions.absent`. */
export function absentFields<Subject>(suppliers: Suppliers<Subject>): ReadonlySet<string> {
  return new Set(Object.entries(suppliers.fields).flatMap(([name, getter]) => (getter === null ? [name] : [])));
}
