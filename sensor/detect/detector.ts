/**
 * Events against the behaviour rules: all matching rules are reported, each as one detection with its lineage. While a
 * container's identity is pending, a rule that depends on it is held (bounded in number and time) and asked again when
 * the runtime has answered; what is still unanswered then is reported and marked as decided on pending identity. Pure.
 */
import { loadRules, type BoundRules, type Match, type RuleSet } from '@vedette/rules/ruleset';
import type { RuleFile } from '@vedette/rules/load/read-items';
import type { EventClass } from '@vedette/rules/events';
import { readsByClass } from '@vedette/rules/reads';
import type { Interest } from '@vedette/rules/interest';
import { absentFields } from '@vedette/rules/subject';
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

function bind(host: HostFacts, files: readonly RuleFile[], classes: ReadonlySet<EventClass>): { set: RuleSet; bound: BoundRules<RuleSubject> } {
  const supplied = suppliers(host);
  const set = loadRules(files, { absent: { classes, fields: absentFields(supplied) } });
  return { set, bound: set.bind(supplied) };
}

export class Detector {
  readonly #host: HostFacts;
  #files: readonly RuleFile[];
  #unseen: ReadonlySet<EventClass> = new Set();
  #set: RuleSet;
  #bound: BoundRules<RuleSubject>;
  #held: Held[] = [];
  #number = 0;
  /** Detections that were decided while identity was pending. */
  decidedPending = 0;

  constructor(host: HostFacts, files: readonly RuleFile[] = []) {
    this.#host = host;
    this.#files = files;
    ({ set: this.#set, bound: this.#bound } = bind(host, files, this.#unseen));
  }

  load(files: readonly RuleFile[]): void {
    this.#files = files;
    ({ set: this.#set, bound: this.#bound } = bind(this.#host, files, this.#unseen));
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

  get held(): readonly Held[] {
    return this.#held;
  }

  /** Puts back what a former sensor process held. */
  restoreHeld(held: Held): void {
    if (this.#held.length < heldMax) this.#held.push(held);
  }

  /** What is wrong with the loaded rules, one sentence each. */
  problems(): string[] {
    return this.#set.problems.slice(0, 200).map((one) => `${one.rule ?? one.place.file}: ${one.message}`);
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

  evaluate(subject: Omit<RuleSubject, 'number'>): DetectionFound[] {
    this.#number += 1;
    const numbered: RuleSubject = { ...subject, number: this.#number };
    const found: DetectionFound[] = [];
    const pending = new Set<string>();
    for (const match of this.#bound.evaluate(subject.eventClass, numbered)) {
      if (match.answer === 'match') found.push(detection(match, numbered, false));
      else pending.add(match.rule.name);
    }
    if (pending.size === 0) return found;
    if (this.#held.length < heldMax) this.#held.push({ subject: numbered, rules: pending, untilBootNs: subject.event.timeBootNs + heldForNs });
    else found.push(...this.#decide({ subject: numbered, rules: pending, untilBootNs: 0 }));
    return found;
  }

  /** Asks again what was held: for this container now, and for whatever has waited long enough. */
  release(identifiedContainer: string | null, nowBootNs: number, everything = false): DetectionFound[] {
    const found: DetectionFound[] = [];
    const kept: Held[] = [];
    for (const held of this.#held) {
      const due = everything || held.untilBootNs <= nowBootNs || held.subject.container?.id === identifiedContainer;
      if (due) found.push(...this.#decide(held));
      else kept.push(held);
    }
    this.#held = kept;
    return found;
  }

  #decide(held: Held): DetectionFound[] {
    const found: DetectionFound[] = [];
    for (const match of this.#bound.evaluate(held.subject.eventClass, held.subject, held.rules)) {
      const pending = match.answer === 'pending';
      if (pending) this.decidedPending += 1;
      found.push(detection(match, held.subject, pending));
    }
    return found;
  }
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
