/**
 * An event as it is written down for trying rules, in YAML or JSON → an event that rules can be asked about. Its fields are
 * the language's; one that this engine derives from others is turned into those where it can be (`proc.name` is the name of
 * the first process). Refuses fields that do not exist, that no such event supplies, and values of another type: a trial
 * with them would say nothing about the real thing.
 *
 * A name may stand for two kinds of events, such as an open that succeeds and one that fails: it is the first that has all
 * that is given. What every real event has is filled in: a number, its type, and the host as its container.
 */
import { addressText, addressOf } from '../address.ts';
import { booleanOf, numberOf } from '../check/values.ts';
import { typeSentence } from '../check/operand.ts';
import { eventClassesOf, eventClassOf, eventNames, labelOf, type EventClass } from '../events.ts';
import { factOf, findField, type FieldReference, type FieldTable } from '../field-table.ts';
import type { MapEntry, Node } from '../load/document.ts';
import { MapReader } from '../load/map-reader.ts';
import { didYouMean, ruleProblem, type Place, type RuleProblem } from '../problems.ts';
import { sourcesOf } from '../source.ts';
import { processKeys, type SyntheticEvent, type SyntheticProcess, type SyntheticValue } from '../synthetic.ts';

export interface TrialEvent {
  readonly eventClass: EventClass;
  readonly event: SyntheticEvent;
}

const processesMax = 256;
export const eventKeys = ['event', 'processes', 'arguments', 'fields', 'identity'] as const;

/** Takes the keys of an event from a mapping that may hold others. Null: a problem was reported. */
export function readEvent(reader: MapReader, table: FieldTable): TrialEvent | null {
  const name = reader.required('event');
  if (name === null) return null;
  const processes = reader.node('processes');
  const words = reader.words('arguments');
  const fields = reader.node('fields');
  const builders = eventClassesOf(name).map((eventClass) => new EventBuilder(eventClass, name, table));
  for (const one of builders) {
    one.processes(processes);
    one.fields(fields);
  }
  const builder = builders.find((one) => one.problems.length === 0) ?? builders[0];
  if (builder === undefined) {
    const hint = didYouMean(name, Object.values(eventNames).flat());
    reader.report('test-invalid', eventClassOf(name) === null ? `there is no event ${name}.${hint}` : `no event of this engine is a ${name}`, reader.placeOf('event'));
    return null;
  }
  reader.problems.push(...builder.problems);
  const identity = reader.text('identity')?.text;
  if (identity !== undefined && identity !== 'pending' && identity !== 'known') reader.report('test-invalid', 'identity is pending or known', reader.placeOf('identity'));
  return reader.failed ? null : { eventClass: builder.eventClass, event: builder.event(words?.map((word) => word.text), identity === 'pending') };
}

const processWords: readonly (keyof SyntheticProcess)[] = ['name', 'exe', 'exepath', 'cmdline', 'pid'];

class EventBuilder {
  readonly eventClass: EventClass;
  readonly problems: RuleProblem[] = [];
  readonly #table: FieldTable;
  readonly #processes: { -readonly [Key in keyof SyntheticProcess]: SyntheticProcess[Key] }[] = [];
  readonly #fields = new Map<string, SyntheticValue>();
  #repository = '';
  #tag = '';

  constructor(eventClass: EventClass, name: string, table: FieldTable) {
    this.eventClass = eventClass;
    this.#table = table;
    for (const [field, value] of [['evt.num', 1], ['evt.type', name], ['container.id', 'host']] as const) this.#fields.set(field, value);
  }

  event(words: readonly string[] | undefined, identityPending: boolean): SyntheticEvent {
    return { processes: this.#processes, ...(words === undefined ? {} : { arguments: words }), fields: Object.fromEntries(this.#fields), identityPending };
  }

  #refuse(message: string, place: Place): void {
    this.problems.push(ruleProblem('test-invalid', message, place));
  }

  processes(node: Node | null): void {
    if (node === null) return;
    if (node.kind !== 'list' || node.items.length > processesMax) return this.#refuse(`processes is a list: the process itself, its parent, and so on; at most ${processesMax}`, node.place);
    for (const item of node.items) {
      if (item.kind !== 'map') return this.#refuse(`a process is a mapping with ${processWords.join(', ')}`, item.place);
      const one = new MapReader(item, null);
      const texts = processWords.filter((word) => word !== 'pid').map((word) => [word, one.text(word)?.text] as const);
      const pid = one.text('pid')?.text;
      if (pid !== undefined && numberOf(pid) === null) one.report('test-invalid', 'pid is a number', one.placeOf('pid'));
      one.finish([]);
      this.problems.push(...one.problems.map((problem) => (problem.code === 'key-unknown' ? ruleProblem('test-invalid', problem.message, problem.place) : problem)));
      this.#processes.push({ ...Object.fromEntries(texts.filter(([, text]) => text !== undefined)), ...(pid === undefined ? {} : { pid: numberOf(pid) ?? 0 }) });
    }
  }

  fields(node: Node | null): void {
    if (node === null || node.kind === 'null') return;
    if (node.kind !== 'map') return this.#refuse('fields is a mapping of fields to values', node.place);
    for (const entry of node.entries) this.#field(entry);
  }

  #field(entry: MapEntry): void {
    const [, name = '', brackets] = /^([^[]*)(?:\[(.*)\])?$/s.exec(entry.key) ?? [];
    const found = findField(this.#table, name, brackets ?? null);
    if (!found.ok) return this.#refuse(`${found.message}.${found.code === 'field-unknown' ? didYouMean(name, this.#table.keys()) : ''}`, entry.keyPlace);
    const value = this.#value(entry.value, found.field);
    if (value !== null) this.#set(found.field, value, entry.keyPlace, 0);
  }

  #value(node: Node, field: FieldReference): SyntheticValue | null {
    const refuse = (): null => {
      this.#refuse(`${field.text} is ${typeSentence[field.type]}`, node.place);
      return null;
    };
    if (field.type === 'texts') return node.kind === 'list' && node.items.every((one) => one.kind === 'scalar') ? node.items.map((one) => (one.kind === 'scalar' ? one.value : '')) : refuse();
    if (node.kind !== 'scalar') return refuse();
    if (field.type === 'number') return numberOf(node.value) ?? refuse();
    if (field.type === 'boolean') return booleanOf(node.value) ?? refuse();
    if (field.type !== 'address' && field.type !== 'network') return node.value;
    const address = addressOf(node.value);
    return address === null ? refuse() : addressText(address);
  }

  #set(field: FieldReference, value: SyntheticValue, place: Place, depth: number): void {
    const { spec, name, argument } = field;
    const on = labelOf(this.eventClass);
    const fact = factOf(spec, this.eventClass);
    if (fact !== undefined && 'is' in fact) {
      if (fact.is !== value) this.#refuse(`${field.text} is always ${JSON.stringify(fact.is)} on ${on}`, place);
      return;
    }
    const [source] = sourcesOf(field, { table: this.#table, eventClass: this.eventClass, absent: {} });
    if (source?.kind === 'at-least') return this.#refuse(`the value of ${field.text} is not known on ${on}, so no rule can depend on it`, place);
    if (source === undefined) return this.#refuse(`${field.text} is not supplied on ${on}, so no rule can depend on it`, place);
    const key = processKeys[name];
    if (key !== undefined) return this.#setProcess(field, key, value, place);
    const { from } = spec;
    if (from === undefined) {
      this.#fields.set(argument === null ? name : `${name}[${argument}]`, value);
      return;
    }
    if ('field' in from && (from.by === 'image-repository' || from.by === 'image-tag')) return this.#setImage(from.by, String(value));
    const target = 'ends' in from ? null : 'byClass' in from ? from.byClass[this.eventClass] : from.by === undefined ? from.field : null;
    const others = 'ends' in from ? from.ends.join(' or ') : 'field' in from ? from.field : '';
    const next = target === null || target === undefined || depth > 8 ? null : findField(this.#table, target, 'field' in from && from.argument !== undefined ? String(from.argument) : null);
    if (next?.ok !== true) return this.#refuse(`${field.text} comes from ${others}: give that`, place);
    this.#set(next.field, value, place, depth + 1);
  }

  #setProcess(field: FieldReference, key: keyof SyntheticProcess, value: SyntheticValue, place: Place): void {
    const level = field.argument;
    if (typeof level !== 'number' || level >= processesMax) return this.#refuse(`say which ancestor: ${field.name}[1], or list the processes`, place);
    while (this.#processes.length <= level) this.#processes.push({});
    this.#processes[level] = { ...this.#processes[level], [key]: value };
  }

  #setImage(part: 'image-repository' | 'image-tag', value: string): void {
    if (part === 'image-repository') this.#repository = value;
    else this.#tag = value;
    this.#fields.set('container.image', this.#tag === '' ? this.#repository : `${this.#repository}:${this.#tag}`);
  }
}

/** The event of a file of its own. */
export function readEventFile(roots: readonly Node[], table: FieldTable): { readonly trial: TrialEvent | null; readonly problems: readonly RuleProblem[] } {
  const [root] = roots;
  if (root?.kind !== 'map') {
    const place = root?.place ?? { file: '', line: 1, column: 1 };
    return { trial: null, problems: [ruleProblem('test-invalid', `an event is a mapping with ${eventKeys.join(', ')}`, place)] };
  }
  const reader = new MapReader(root, null);
  const trial = readEvent(reader, table);
  reader.finish([]);
  return { trial, problems: reader.problems };
}
