/**
 * The `override` key: which keys of an item change an earlier one of the same name, and whether each is appended to it
 * or replaces it. Keys that cannot be changed that way are reported and left out.
 */
import type { Place } from '../problems.ts';
import type { MapReader } from './map-reader.ts';

export interface Override {
  readonly mode: 'append' | 'replace';
  readonly place: Place;
}

export function readOverride(reader: MapReader, appendable: readonly string[], replaceable: readonly string[]): ReadonlyMap<string, Override> {
  const found = new Map<string, Override>();
  const node = reader.node('override');
  if (node === null) return found;
  if (node.kind !== 'map') {
    reader.report('override-invalid', 'override must name keys, each with append or replace', node.place);
    return found;
  }
  for (const { key, keyPlace, value } of node.entries) {
    const mode = value.kind === 'scalar' ? value.value : '';
    const appends = mode === 'append' && appendable.includes(key);
    const replaces = mode === 'replace' && replaceable.includes(key);
    if (appends || replaces) {
      found.set(key, { mode: appends ? 'append' : 'replace', place: keyPlace });
    } else if (mode === 'append' && replaceable.includes(key)) {
      reader.report('override-invalid', `${key} cannot be appended to: write ${key}: replace`, keyPlace);
    } else if (mode === 'append' || mode === 'replace') {
      reader.report('override-invalid', `${key} cannot be overridden here; these can: ${replaceable.join(', ')}`, keyPlace);
    } else {
      reader.report('override-invalid', `${key} must be append or replace`, value.place);
    }
  }
  return found;
}
