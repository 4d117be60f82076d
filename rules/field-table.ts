/**
 * What a field is: the type of its value, what may stand in its brackets, and where the value comes from on each event
 * class. The table itself is `fields.ts`; the checker and the compiler take any table of this form.
 */
import type { Address } from './address.ts';

/** `texts` is a list of texts; `network` is an address that is only compared with networks. */
export type ValueType = 'text' | 'number' | 'boolean' | 'address' | 'network' | 'bytes' | 'texts';

export type Value = string | number | boolean | Address | Uint8Array | readonly string[];

/**
 * `ancestor`: `[n]`, 0 is the process itself, 1 its parent; without brackets any ancestor from the parent on.
 * `index`: `[n]` or nothing. `key`: always `[text]`. `optional-key`: `[text]` or nothing.
 * `ancestor-or-key`: `[n]` as `ancestor`, `[text]` the first of the ancestors that has it, or nothing as `ancestor`.
 * `dotted`, `event-argument`: `.name` after the field, or `[name]`; of an event only some have a value.
 */
export type ArgumentKind = 'none' | 'ancestor' | 'index' | 'key' | 'optional-key' | 'ancestor-or-key' | 'dotted' | 'event-argument';

/** How one value is made from another. */
export type Derivation = 'directory' | 'file-name' | 'type-character' | 'socket-family' | 'image-repository' | 'image-tag' | 'is-negative';

/** What is known of a value without reading it: exactly, or that it is never smaller. */
export type Fact = { readonly is: string | number | boolean } | { readonly atLeast: number };

export type Origin<Class extends string = string> =
  | { readonly field: string; readonly argument?: number; readonly by?: Derivation }
  | { readonly byClass: Partial<Record<Class, string>> }
  /** Either end of a connection: `=` asks for one that fits, `!=` that all differ. */
  | { readonly ends: readonly [string, string] };

/** `Class`: what events are told apart by. The sensor's classes, or names of events where those are known exactly. */
export interface FieldSpec<Class extends string = string> {
  readonly type: ValueType;
  readonly argument?: ArgumentKind;
  /** On which event classes the sensor supplies a value. None: the field is known and not supplied. */
  readonly on: readonly Class[];
  readonly facts?: Partial<Record<Class, Fact>>;
  /** The same on every event, whatever its class. */
  readonly constant?: string;
  /** Read from another field instead of being supplied itself. */
  readonly from?: Origin<Class>;
  /** Part of a container's identity: while that is pending, a missing value is unknown and not absent. */
  readonly identity?: true;
  /** For `event-argument`: which arguments are supplied on which class. */
  readonly eventArguments?: Partial<Record<Class, readonly string[]>>;
  /** Where the argument decides the type of the value. */
  readonly argumentTypes?: Readonly<Partial<Record<string, ValueType>>>;
  readonly notOnRight?: true;
  readonly notTransformed?: true;
  readonly description?: string;
}

export function factOf({ constant, facts }: FieldSpec, eventClass: string): Fact | undefined {
  return constant === undefined ? facts?.[eventClass] : { is: constant };
}

export type FieldTable = ReadonlyMap<string, FieldSpec>;

export type Argument = number | string | null;

/** A field as a rule uses it, looked up in the table. */
export interface FieldReference {
  /** As written, for messages and outputs: `proc.aname[2]`. */
  readonly text: string;
  readonly name: string;
  readonly spec: FieldSpec;
  /** Of the value with this argument. */
  readonly type: ValueType;
  readonly argument: Argument;
  /** Without an index, an ancestor field stands for any ancestor. */
  readonly anyAncestor: boolean;
}

export type FieldLookup =
  | { readonly ok: true; readonly field: FieldReference }
  | { readonly ok: false; readonly code: 'field-unknown' | 'field-argument'; readonly message: string };

/** The part of the dotted name that is in the table: `evt.arg.flags` is `evt.arg` with the argument `flags`. */
export function findField(table: FieldTable, name: string, brackets: string | null): FieldLookup {
  const text = brackets === null ? name : `${name}[${brackets}]`;
  const spec = table.get(name);
  if (spec !== undefined) return withArgument(text, name, spec, brackets);
  const dot = name.lastIndexOf('.');
  const parent = table.get(name.slice(0, dot));
  if ((parent?.argument === 'event-argument' || parent?.argument === 'dotted') && brackets === null) return withArgument(text, name.slice(0, dot), parent, name.slice(dot + 1));
  return { ok: false, code: 'field-unknown', message: `there is no field ${name}` };
}

function withArgument(text: string, name: string, spec: FieldSpec, brackets: string | null): FieldLookup {
  const kind = spec.argument ?? 'none';
  const found = (argument: Argument): FieldLookup => {
    const anyAncestor = (kind === 'ancestor' || kind === 'ancestor-or-key') && argument === null;
    return { ok: true, field: { text, name, spec, type: typeWith(spec, argument), argument, anyAncestor } };
  };
  const refuse = (message: string): FieldLookup => ({ ok: false, code: 'field-argument', message });
  switch (kind) {
    case 'none':
      return brackets === null ? found(null) : refuse(`${name} takes no argument in brackets`);
    case 'ancestor':
    case 'index':
      if (brackets === null) return found(null);
      return /^\d{1,4}$/.test(brackets) ? found(Number(brackets)) : refuse(`${name} takes a number in brackets, such as ${name}[1]`);
    case 'key':
    case 'dotted':
    case 'event-argument':
      return brackets === null ? refuse(`${name} needs an argument${kind === 'key' ? `, such as ${name}[/etc]` : ''}`) : found(brackets);
    case 'optional-key':
      return found(brackets);
    case 'ancestor-or-key':
      return found(brackets !== null && /^\d{1,4}$/.test(brackets) ? Number(brackets) : brackets);
    default:
      return kind satisfies never;
  }
}

function typeWith(spec: FieldSpec, argument: Argument): ValueType {
  const own = spec.argumentTypes !== undefined && typeof argument === 'string' && Object.hasOwn(spec.argumentTypes, argument) ? spec.argumentTypes[argument] : undefined;
  return own ?? spec.type;
}
