/**
 * Events against the behaviour rules: all matching rules are reported, each as one detection with its lineage. While a
 * container's identity is pending, a rule that depends on it is held (bounded in number and time) and asked again when
 * the runtime has answered; what is still unanswered then is reported and marked as decided on pending identity. Of a rule
 * with a sequence or a count, later events of a container wait behind one that is held, so that their order stays. Pure.
 */
import { loadRules, type BoundRules, type Match, type RuleSet } from '@vedette/rules/ruleset';
import type { RuleFile } from '@vedette/rules/load/read-items';
import { keptFields } from '@vedette/rules/noise/stored';
import type { EventClass } from '@vedette/rules/events';
import { problemCodes, type RuleProblem } from '@vedette/rules/problems';
import { readsByClass } from '@vedette/rules/reads';
import type { Interest } from '@vedette/rules/interest';
import { absentFields } from '@vedette/rules/subject';
import { Windows } from '@vedette/rules/window/windows';
import type { Asking } from '@vedette/rules/window/gate';
import type { DetectionFound } from '@vedette/model/finding';
import { executionKey } from '@vedette/model/process';
import { suppliers, type HostFacts, type RuleSubject } from './subject.ts';

/** A decision that waits for an identity. */
export interface Held {
  readonly subject: RuleSubject;
  readonly rules: ReadonlySet<string>;
  readonly untilBootNs: number;
}

/** A runtime usually answers within a second; waiting longer would hide an alert behind a dead runtime. */
const heldForNs = 2e9;
const heldMax = 1000;
const none: readonly DetectionFound[] = [];
const reachesMax = 500;
const nothingElse: Asking = {};

function bind(host: HostFacts, files: readonly RuleFile[], classes: ReadonlySet<EventClass>, how: { readonly windows: Windows; readonly indexed: boolean }): { set: RuleSet; bound: BoundRules<RuleSubject> } {
  const supplied = suppliers(host);
  const set = loadRules(files, { absent: { classes, fields: absentFields(supplied) }, appendOutput: [{ extraFields: keptFields }] });
  return { set, bound: set.bind(supplied, how) };
}

export class Detector {
  readonly #host: HostFacts;
  #files: readonly RuleFile[];
  #unseen: ReadonlySet<EventClass> = new Set();
  #set: RuleSet;
  #bound: BoundRules<RuleSubject>;
  #held: Held[] = [];
  /** Rules with a sequence or a count of which a container has an event waiting. */
  #waiting = new Map<string, Set<string>>();
  /** What rules with a sequence or a count remember; outlives a change of the rules, for those that stay as they are. */
  readonly windows = new Windows();
  #number = 0;
  /** Counts the sets that were loaded. */
  generation = 0;
  #indexed = true;
  /** Detections that were decided while identity was pending. */
  decidedPending = 0;

  constructor(host: HostFacts, files: readonly RuleFile[] = []) {
    this.#host = host;
    this.#files = files;
    ({ set: this.#set, bound: this.#bound } = bind(host, files, this.#unseen, { windows: this.windows, indexed: this.#indexed }));
  }

  load(files: readonly RuleFile[]): void {
    this.generation += 1;
    this.#files = files;
    ({ set: this.#set, bound: this.#bound } = bind(this.#host, files, this.#unseen, { windows: this.windows, indexed: this.#indexed }));
  }

  /** Every rule is asked about every event: to see that the index changes nothing. */
  withoutIndex(): void {
    this.#indexed = false;
    this.load(this.#files);
  }

  /** Classes for which this kernel has no hook: rules that need them say so. */
  withoutHooks(classes: ReadonlySet<EventClass>): void {
    if (classes.size === this.#unseen.size && [...classes].every((one) => this.#unseen.has(one))) return;
    this.#unseen = classes;
    this.load(this.#files);
  }

  /** Rules that may fire here: one that never can is a problem, not a guard. */
  get active(): number {
    return this.#set.enabled.filter((one) => one.reach.kind !== 'cannot-fire').length;
  }

  get heldMax(): number {
    return heldMax;
  }

  get held(): readonly Held[] {
    return this.#held;
  }

  /** Puts back what a former sensor process held. */
  restoreHeld(held: Held): void {
    if (this.#held.length < heldMax) this.#hold(held);
  }

  /** What is wrong with the loaded rules, one sentence each. */
  problems(): string[] {
    const told = this.#set.problems.slice(0, 200).map((one) => `${one.rule ?? one.place.file}: ${one.message}`);
    const forgotten = this.windows.report().rules.filter((one) => one.evicted > 0).slice(0, 100);
    return [...told, ...forgotten.map(({ rule, evicted }) => `${rule}: ${evicted} unfinished sequences or counts were forgotten for want of memory; what they would have led to was not reported`)];
  }

  /** The same for each rule, with what it comes to. */
  reaches(): readonly { readonly rule: string; readonly state: 'cannot-fire' | 'in-part' | 'refused' | 'note'; readonly reason: string }[] {
    return this.#set.problems.slice(0, reachesMax).map((one) => ({ rule: one.rule ?? one.place.file, state: stateOf(one), reason: one.message }));
  }

  looksAt(eventClass: EventClass): boolean {
    return this.#bound.looksAt(eventClass);
  }

  /** What the rules want to be reported. */
  interests(): readonly Interest[] {
    return this.#set.interests();
  }

  /** Whether a rule that is asked here reads this field. */
  reads(field: string): boolean {
    return this.#set.enabled.some((rule) => readsByClass(rule.conditions).some((one) => one.fields.some((name) => name === field || name.startsWith(`${field}[`))));
  }

  evaluate(subject: Omit<RuleSubject, 'number'>): readonly DetectionFound[] {
    this.#number += 1;
    const { eventClass, event, execution, container, isContainerInit, wallOffsetNs, remoteName = null } = subject;
    // written out, since a spread costs more than most events' rules
    const numbered: RuleSubject = { eventClass, event, execution, container, isContainerInit, wallOffsetNs, remoteName, number: this.#number };
    const matches = this.#bound.evaluate(eventClass, numbered, this.#behind(numbered));
    if (matches.length === 0) return none;
    const found: DetectionFound[] = [];
    const pending = new Set<string>();
    for (const match of matches) {
      if (match.answer === 'match') found.push(detection(match, numbered, match.fired?.identityPending ?? false));
      else pending.add(match.rule.name);
    }
    if (pending.size === 0) return found;
    if (this.#held.length < heldMax) this.#hold({ subject: numbered, rules: pending, untilBootNs: subject.event.timeBootNs + heldForNs });
    else found.push(...this.#decide({ subject: numbered, rules: pending, untilBootNs: 0 }));
    return found;
  }

  #hold(held: Held): void {
    this.#held.push(held);
    const { container } = held.subject;
    if (container === null) return;
    for (const rule of held.rules) {
      if (!this.windows.remembers(rule)) continue;
      const ofContainer = this.#waiting.get(container.id);
      if (ofContainer === undefined) this.#waiting.set(container.id, new Set([rule]));
      else ofContainer.add(rule);
    }
  }

  #behind(subject: RuleSubject): Asking {
    const behind = this.#waiting.size === 0 || subject.container === null ? undefined : this.#waiting.get(subject.container.id);
    return behind === undefined ? nothingElse : { behind };
  }

  /** Asks again what was held: for this container now, and for whatever has waited long enough. */
  release(identifiedContainer: string | null, nowBootNs: number, everything = false): DetectionFound[] {
    const found: DetectionFound[] = [];
    const all = this.#held;
    if (all.length === 0) return found;
    this.#held = [];
    this.#waiting = new Map();
    for (const held of all) {
      const due = everything || held.untilBootNs <= nowBootNs || held.subject.container?.id === identifiedContainer;
      if (due) found.push(...this.#decide(held));
      else this.#hold(held);
    }
    return found;
  }

  #decide(held: Held): DetectionFound[] {
    const found: DetectionFound[] = [];
    for (const match of this.#bound.evaluate(held.subject.eventClass, held.subject, { only: held.rules, decided: true })) {
      const pending = match.answer === 'pending' || match.fired?.identityPending === true;
      if (pending) this.decidedPending += 1;
      found.push(detection(match, held.subject, pending));
    }
    return found;
  }
}

function stateOf({ code }: RuleProblem): 'cannot-fire' | 'in-part' | 'refused' | 'note' {
  if (code === 'cannot-fire') return 'cannot-fire';
  if (code === 'check-undecided') return 'in-part';
  return problemCodes[code] === 'error' ? 'refused' : 'note';
}

function detection(match: Match, subject: RuleSubject, identityPending: boolean): DetectionFound {
  const output = match.output();
  return {
    // the same act seen twice (a ring that was delivered again) has the same id
    id: `${executionKey(subject.execution)}-${subject.event.timeBootNs}-${match.rule.name}`,
    rule: match.rule.name,
    priority: match.rule.priority.toLowerCase(),
    tags: match.rule.tags,
    output: output.text,
    fields: output.fields.map((one) => ({ name: one.name, value: one.value === null ? null : one.text })),
    eventClass: subject.eventClass,
    atBootNs: subject.event.timeBootNs,
    execution: subject.execution,
    identityPending,
  };
}
