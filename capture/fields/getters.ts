/** What a group of fields is made of: a getter for each name, which answers null where the event has no such value. */
import type { Value } from '@vedette/rules/field-table';
import type { CaptureEvent } from '../events/event.ts';

export type FieldArgument = number | string | null;
export type FieldGetter = (event: CaptureEvent, argument: FieldArgument) => Value | null;
export type FieldGetters = Readonly<Record<string, FieldGetter>>;
