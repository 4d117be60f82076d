/**
 * A capture, in pieces of bytes, and rules → alerts, in the order of the events. This file alone knows the order: blocks,
 * what was there before, events, state, rules. Nothing of the recording is believed: what is broken ends the reading with
 * its place, and everything before it counts. Time comes from the recording; nothing is asked of this machine.
 */
import type { Alert } from '@vedette/rules/alert';
import { bindByName, type NamedRules } from '@vedette/rules/by-name';
import type { RuleFile } from '@vedette/rules/load/read-items';
import type { RuleProblem } from '@vedette/rules/problems';
import { loadRules, type Rule } from '@vedette/rules/ruleset';
import type { Selection } from '@vedette/rules/selection';
import { CaptureEvent } from './events/event.ts';
import { syscallNames } from './events/syscall-names.ts';
import { captureSuppliers, captureTable, knownName, printedSuppliers } from './fields/table.ts';
import { EventClock } from './fields/event-fields.ts';
import { blockTypes, BlockScanner, isEventBlock, type BlockSink, type FileProblem } from './file/blocks.ts';
import { Broken } from './file/bytes.ts';
import { Tracker } from './state/tracker.ts';
import { World } from './state/world.ts';

export interface ReplayResult {
  /** Events that rules were asked about. */
  readonly events: number;
  /** All that were read, also those that only carry state: enter events, users and groups. */
  readonly eventsRead: number;
  readonly byName: ReadonlyMap<string, number>;
  readonly alerts: number;
  readonly alertsByRule: ReadonlyMap<string, number>;
  /** Events of numbers that are not known, and events whose content contradicts itself. */
  readonly unknownEvents: number;
  readonly brokenEvents: number;
  readonly skippedBlocks: number;
  readonly skippedBytes: number;
  readonly lost: { readonly threads: number; readonly descriptors: number; readonly people: number; readonly containers: number; /** Unfinished sequences and counts of rules. */ readonly windows: number };
  readonly unmet: readonly { readonly rule: Rule; readonly reasons: readonly string[] }[];
  /** Why the reading ended before the file did; null: it was read whole. */
  readonly problem: FileProblem | null;
  readonly bytes: number;
}

export interface Reading {
  /** Pieces of the capture, decompressed, in order. Answers whether more is wanted. */
  push(piece: Buffer): boolean;
  finish(): ReplayResult;
  /** Ends the reading for a reason of whoever hands in the pieces, such as a broken compression. */
  fail(message: string): void;
}

const counted: ReadonlySet<number> = new Set([blockTypes.event2, blockTypes.event2WithFlags, blockTypes.event2Large, blockTypes.event2LargeWithFlags]);
const withFlags: ReadonlySet<number> = new Set([blockTypes.eventWithFlags, blockTypes.event2WithFlags, blockTypes.event2LargeWithFlags]);
const namesMax = 5000;

class Replay implements BlockSink {
  readonly scanner: BlockScanner;
  readonly #onAlert: (alert: Alert) => void;
  readonly #rulesFor: (world: World, clock: EventClock) => NamedRules<CaptureEvent>;
  #world = new World();
  #clock = new EventClock();
  #rules: NamedRules<CaptureEvent>;
  #tracker: Tracker;
  readonly #event = new CaptureEvent();
  #isSettled = false;
  #sections = 0;
  readonly byName = new Map<string, number>();
  readonly alertsByRule = new Map<string, number>();
  events = 0;
  eventsRead = 0;
  alerts = 0;
  unknownEvents = 0;
  brokenEvents = 0;
  skippedBlocks = 0;
  skippedBytes = 0;
  readonly #lostBefore = { threads: 0, descriptors: 0, people: 0, containers: 0, windows: 0 };

  constructor(rulesFor: (world: World, clock: EventClock) => NamedRules<CaptureEvent>, onAlert: (alert: Alert) => void) {
    this.#rulesFor = rulesFor;
    this.#onAlert = onAlert;
    this.scanner = new BlockScanner(this);
    this.#rules = rulesFor(this.#world, this.#clock);
    this.#tracker = new Tracker(this.#world, (event) => this.#told(event));
  }

  /** A file may hold several recordings, one after the other: each begins anew, and the counts go on. */
  section(): void {
    this.#sections += 1;
    if (this.#sections === 1) return;
    const lost = this.lost();
    Object.assign(this.#lostBefore, lost);
    this.#world = new World();
    this.#clock = new EventClock();
    this.#unmetBefore.push(this.#rules);
    this.#rules = this.#rulesFor(this.#world, this.#clock);
    this.#tracker = new Tracker(this.#world, (event) => this.#told(event));
    this.#isSettled = false;
  }

  readonly #unmetBefore: NamedRules<CaptureEvent>[] = [];

  skipped(_: number, length: number): void {
    this.skippedBlocks += 1;
    this.skippedBytes += length;
  }

  block(type: number, bytes: Buffer, start: number, end: number, fileOffset: number): void {
    if (isEventBlock(type)) {
      this.#onEvent(type, bytes, start, end, fileOffset);
      return;
    }
    try {
      if (!this.#world.readBlock(type, bytes, start, end)) this.skipped(type, end - start + 12);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      this.scanner.fail(`a block of type 0x${type.toString(16)} is broken: ${error.message}`, fileOffset);
    }
  }

  #onEvent(type: number, bytes: Buffer, start: number, end: number, fileOffset: number): void {
    if (!this.#isSettled) {
      this.#world.settle();
      this.#isSettled = true;
    }
    this.eventsRead += 1;
    const event = this.#event;
    const at = start + (withFlags.has(type) ? 6 : 2);
    const read = end - start < 2 ? 'broken' : event.read(bytes, at, end, counted.has(type));
    if (read !== 'ok') {
      if (read === 'unknown') this.unknownEvents += 1;
      else this.brokenEvents += 1;
      return;
    }
    event.cpu = bytes.readUInt16LE(start);
    event.fileOffset = fileOffset;
    if (!this.#tracker.apply(event)) return;
    this.events += 1;
    event.number = this.events;
    if (event.layout.newest <= 1) event.name = genericName(event);
    else if (event.layout.name === 'asyncevent') event.name = event.textOf('name') ?? 'asyncevent';
    const { name } = event;
    const count = this.byName.get(name);
    if (count !== undefined) this.byName.set(name, count + 1);
    else if (this.byName.size < namesMax) this.byName.set(name, 1);
    this.#clock.begin(event);
    this.#ask(event, name);
    this.#clock.lastAt(event);
    this.#tracker.leave(event);
  }

  #ask(event: CaptureEvent, name: string): void {
    const matches = this.#rules.evaluate(name, knownName(name), event);
    for (const match of matches) {
      if (match.answer !== 'match') continue;
      this.alerts += 1;
      this.alertsByRule.set(match.rule.name, (this.alertsByRule.get(match.rule.name) ?? 0) + 1);
      const { name: rule, priority, tags } = match.rule;
      this.#onAlert({ rule, priority, tags, source: 'syscall', timeNs: event.exactTimeNs(), hostname: this.#world.machine?.hostname ?? '', output: match.output() });
    }
  }

  /** People and containers. */
  #told(event: CaptureEvent): void {
    const world = this.#world;
    switch (event.layout.name) {
      case 'useradded':
        world.addUser(containerText(event), { uid: event.numberOf('uid') ?? 0, gid: event.numberOf('gid') ?? 0, name: event.textOf('name') ?? '', home: event.textOf('home') ?? '', shell: event.textOf('shell') ?? '' });
        break;
      case 'userdeleted':
        world.users.delete(`${containerText(event)}/${event.numberOf('uid') ?? ''}`);
        break;
      case 'groupadded':
        world.addGroup(containerText(event), { gid: event.numberOf('gid') ?? 0, name: event.textOf('name') ?? '' });
        break;
      case 'groupdeleted':
        world.groups.delete(`${containerText(event)}/${event.numberOf('gid') ?? ''}`);
        break;
      case 'container':
        this.#container(event);
        break;
      case 'asyncevent':
        if (event.textOf('name')?.startsWith('container') === true) world.containers.addJson(event.textOf('data') ?? '');
        break;
      default:
    }
  }

  #container(event: CaptureEvent): void {
    // The oldest form has no JSON.
    if (event.layout.code !== 228) this.#world.containers.addJson(event.textOf('json') ?? '');
  }

  lost(): ReplayResult['lost'] {
    const { lost, containers } = this.#world;
    const before = this.#lostBefore;
    return { threads: before.threads + lost.threads, descriptors: before.descriptors + lost.descriptors, people: before.people + lost.people, containers: before.containers + containers.refused, windows: before.windows + this.#rules.windows.report().rules.reduce((sum, one) => sum + one.evicted, 0) };
  }

  unmet(): ReplayResult['unmet'] {
    const before = this.#unmetBefore.map((rules) => new Set(rules.unmet().map(({ rule }) => rule.name)));
    return this.#rules.unmet().filter(({ rule }) => before.every((names) => names.has(rule.name)));
  }
}

function containerText(event: CaptureEvent): string {
  const id = event.textOf('container_id');
  return id === null || id === '<NA>' ? '' : id;
}

function genericName(event: CaptureEvent): string {
  const code = event.find(0) ? (event.u16() ?? 0) : 0;
  return syscallNames[code] ?? 'unknown';
}

export interface ReplayRules {
  readonly rules: readonly Rule[];
  readonly problems: readonly RuleProblem[];
  /** Any number of captures may be read by the same rules, one after the other or at once. */
  start(onAlert: (alert: Alert) => void): Reading;
}

/** Rules are loaded against the fields of a recording; a rule with an error is left out and said. */
export function loadReplay(files: readonly RuleFile[], selection: Selection = {}): ReplayRules {
  const ruleset = loadRules(files, { ...selection, fields: captureTable, byName: true });
  return {
    rules: ruleset.rules,
    problems: ruleset.problems,
    start: (onAlert) => reading(new Replay((world, clock) => bindByName(ruleset, captureSuppliers(world, clock), printedSuppliers(world, clock)), onAlert)),
  };
}

function reading(replay: Replay): Reading {
  return {
    push: (piece) => replay.scanner.push(piece),
    fail: (message) => replay.scanner.fail(message, replay.scanner.offset),
    finish: () => {
      replay.scanner.finish();
      const { events, eventsRead, byName, alerts, alertsByRule, unknownEvents, brokenEvents, skippedBlocks, skippedBytes } = replay;
      return {
        events, eventsRead, byName, alerts, alertsByRule, unknownEvents, brokenEvents, skippedBlocks, skippedBytes,
        lost: replay.lost(), unmet: replay.unmet(), problem: replay.scanner.problem, bytes: replay.scanner.offset,
      };
    },
  };
}
