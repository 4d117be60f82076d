/**
 * Effects that the hub asks of this node: checked, done one after another by the loader, kept in the book, reported. Nothing is begun
 * before the session's snapshot told which containers there are. What holds (frozen, isolated) is put back in force when the loader was started anew or
 * the container of that id was, and told when it ended by itself. "Begun" is committed before anything is done; on a
 * full disk it is done all the same, since an effect done twice is one, and a container that filled the disk is a reason to act.
 */
import { create } from '@bufbuild/protobuf';
import type { Container } from '@vedette/model/container';
import type { CgroupKey } from '@vedette/model/event';
import type { EffectCommand } from '@vedette/model/wire/generated/link_pb';
import { EffectReportSchema } from '@vedette/model/wire/generated/record_pb';
import { networkOf } from '@vedette/rules/address';
import { networksMax, type EffectOrder } from './enforce/commands.ts';
import type { Effect, EffectEntry, EffectOutcome } from './enforce/effect-book.ts';
import { meaningOf } from './enforce/effect-words.ts';
import type { EffectAnswer } from './enforce/loader.ts';
import type { Log } from './log.ts';
import type { Pipeline } from './pipeline.ts';

export interface EffectDeskOptions {
  readonly pipeline: Pipeline;
  readonly loader: { effect(order: EffectOrder): Promise<EffectAnswer> } | null;
  /** Stores what the book says now, before or after something is done. */
  readonly commit: () => void;
  readonly log: Log;
  readonly nowMs?: () => number;
}

const queueMax = 1024;

export class EffectDesk {
  readonly #options: EffectDeskOptions;
  readonly #nowMs: () => number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #isOpen = false;
  #isBusy = false;

  constructor(options: EffectDeskOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  take(commands: readonly EffectCommand[]): void {
    for (const command of commands) {
      const effect = effectOf(command);
      if ('problem' in effect) this.#report(command, { state: 'refused', detail: effect.problem, evidence: '{}', atMs: this.#nowMs() });
      else this.#queue(async () => await this.#attend(effect));
    }
  }

  /** The containers of this node are known: what holds is put in force, then what was asked meanwhile is done. */
  begin(): void {
    for (const entry of this.#options.pipeline.effectBook.holding()) this.#waiting.unshift(async () => await this.#hold(entry, 'the loader was started anew'));
    this.#isOpen = true;
    void this.#work();
  }

  /** A container of an id that something holds was started again. */
  containerSeen(container: Container): void {
    for (const entry of this.#options.pipeline.effectBook.holding()) {
      if (entry.containerId === container.id && entry.waits) this.#queue(async () => await this.#hold(entry, 'the container was started anew'));
    }
  }

  /** Now and then: does what should hold still have somebody to hold? */
  watch(): void {
    const { pipeline } = this.#options;
    if (!this.#isOpen || this.#isBusy) return;
    for (const entry of pipeline.effectBook.holding()) {
      if (pipeline.coverage.enforcementOff) {
        const outcome: EffectOutcome = { state: 'failed', detail: 'it ended by itself: enforcement was ended, by command or by the dead man', evidence: '{}', atMs: this.#nowMs() };
        pipeline.effectBook.ended(entry.id, outcome);
        this.#report({ effectId: entry.id, undo: false, dryRun: false }, outcome);
      } else if (!entry.waits && pipeline.containers.get(entry.containerId) === null) {
        this.#gone(entry);
      }
    }
  }

  #gone(entry: EffectEntry): void {
    this.#options.pipeline.effectBook.waiting(entry.id, true);
    this.#report({ effectId: entry.id, undo: false, dryRun: false }, { state: 'not-needed', detail: 'the container is gone; should one of its id be started here, it holds again', evidence: '{}', atMs: this.#nowMs() });
  }

  #queue(work: () => Promise<void>): void {
    if (this.#waiting.length >= queueMax) return; // asked for again by the hub, which has not heard of its end
    this.#waiting.push(work);
    void this.#work();
  }

  async #work(): Promise<void> {
    if (!this.#isOpen || this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await next();
    this.#isBusy = false;
  }

  async #attend(effect: Effect): Promise<void> {
    const { pipeline, commit, log } = this.#options;
    const asked = pipeline.effectBook.ask(effect, this.#nowMs());
    if (asked.kind === 'tell') return this.#report(wordsOf(effect), { atMs: this.#nowMs(), ...asked.outcome });
    const others = pipeline.effectBook.alsoHolding(effect.act, effect.containerId, effect.id);
    const container = pipeline.containers.get(effect.containerId);
    if (container === null) return this.#withoutContainer(effect, asked.again);
    if (!effect.dryRun && !effect.undo) {
      pipeline.effectBook.begin(effect);
      commit();
    }
    const answer = await this.#do(effect, container, others);
    const meaning = meaningOf(effect, answer, asked.again || others.length > 0);
    const outcome: EffectOutcome = { state: meaning.state, detail: meaning.detail, evidence: answer.evidence, atMs: this.#nowMs() };
    pipeline.effectBook.end(effect, outcome, meaning.holds);
    this.#report(wordsOf(effect), outcome);
    commit();
    log(meaning.state === 'failed' ? 'warn' : 'info', 'effect', { effect: effect.id, act: effect.act, container: effect.containerId, undo: effect.undo, dryRun: effect.dryRun, state: meaning.state, detail: meaning.detail });
  }

  /** Taking one back while another holds the same leaves the other's in force, with its list. */
  async #do(effect: Effect, container: Container, others: readonly EffectEntry[]): Promise<EffectAnswer> {
    const rest = others.at(-1);
    if (!effect.undo || effect.dryRun || rest === undefined) return await this.#order(effect, container);
    if (effect.act === 'isolate') {
      const answer = await this.#order({ ...effect, undo: false, allowCidrs: rest.allowCidrs }, container);
      if (answer.errno !== 0) return answer;
    }
    return { errno: 0, evidence: JSON.stringify({ stillHeldBy: others.map((one) => one.id) }) };
  }

  async #order(effect: Effect, container: Container): Promise<EffectAnswer> {
    const { loader } = this.#options;
    const process = effect.process === null ? null : { tgid: effect.process.tgid, startBootNs: BigInt(effect.process.startBootNs) };
    const allowed = effect.allowCidrs.flatMap((one) => networkOf(one) ?? []);
    const { act, undo, dryRun } = effect;
    return (await loader?.effect({ do: 'effect', act, ...this.#ownKeys(container), process, allowed, undo, dryRun })) ?? { errno: 19, evidence: '{}' };
  }

  /** The container's own cgroup in each hierarchy: what was made inside of it has a longer path. */
  #ownKeys(container: Container): { keyV1: CgroupKey; keyV2: CgroupKey } {
    const { cgroups } = this.#options.pipeline;
    const shortest = (keys: readonly CgroupKey[]) => keys.map((key) => ({ key, length: cgroups.entry(key)?.path.length ?? Infinity })).sort((a, b) => a.length - b.length)[0]?.key ?? 0;
    const keys = [...container.keys];
    return { keyV1: shortest(keys.filter((key) => key > 0)), keyV2: shortest(keys.filter((key) => key < 0)) };
  }

  #withoutContainer(effect: Effect, again: boolean): void {
    const { effectBook } = this.#options.pipeline;
    const state = effect.undo ? 'not-needed' : again ? 'applied' : 'refused';
    const detail = effect.undo ? 'the container is gone, and what was done to it with it' : again ? 'it was begun before the sensor was restarted, and the container is gone' : 'this sensor knows no running container of this id';
    const outcome: EffectOutcome = { state, detail, evidence: '{}', atMs: this.#nowMs() };
    effectBook.end(effect, outcome, false);
    this.#report(wordsOf(effect), outcome);
  }

  /** Puts in force again what holds. Said only when it had ended: a sensor's restart alone changes nothing. */
  async #hold(entry: EffectEntry, reason: string): Promise<void> {
    const { pipeline } = this.#options;
    const container = pipeline.containers.get(entry.containerId);
    if (container === null) return entry.waits ? undefined : this.#gone(entry);
    const effect: Effect = { ...entry, process: null, undo: false, dryRun: false, expiresAtMs: 0 };
    const answer = await this.#order(effect, container);
    const stood = answer.errno === 114 || (answer.errno === 0 && /"before":\{"isolated":true/.test(answer.evidence));
    pipeline.effectBook.waiting(entry.id, false);
    if (stood && !entry.waits) return;
    const { state, detail } = meaningOf(effect, answer, true);
    const outcome: EffectOutcome = { state, detail: `${detail}, again: ${reason}`, evidence: answer.evidence, atMs: this.#nowMs() };
    this.#report({ effectId: entry.id, undo: false, dryRun: false }, outcome);
  }

  #report(words: { readonly effectId: string; readonly undo: boolean; readonly dryRun: boolean }, outcome: EffectOutcome): void {
    const { effectId, undo, dryRun } = words;
    const { state, detail, evidence, atMs } = outcome;
    this.#options.pipeline.shipment.effect(create(EffectReportSchema, { effectId, undo, dryRun, state, detail, evidenceJson: evidence === '{}' ? '' : evidence, atMs: BigInt(atMs) }));
  }
}

function wordsOf({ id, undo, dryRun }: Effect): { effectId: string; undo: boolean; dryRun: boolean } {
  return { effectId: id, undo, dryRun };
}

/** What the hub asks for, or why this sensor does not do it. */
export function effectOf(command: EffectCommand): Effect | { readonly problem: string } {
  const { effectId: id, undo, dryRun, expiresAtMs, kind } = command;
  const about = { id, undo, dryRun, expiresAtMs: Number(expiresAtMs), process: null, allowCidrs: [] as string[] };
  if (id === '' || id.length > 200) return { problem: 'an effect has an id of at most 200 characters' };
  switch (kind.case) {
    case 'kill': {
      if (undo) return { problem: 'a kill cannot be taken back' };
      const { containerId, tgid, startBootNs } = kind.value;
      if (containerId === '') return { problem: 'only processes of containers are killed' };
      return { ...about, act: 'kill', containerId, process: tgid === 0 ? null : { tgid, startBootNs: String(startBootNs) } };
    }
    case 'freeze':
      return kind.value.containerId === '' ? { problem: 'no container is named' } : { ...about, act: 'freeze', containerId: kind.value.containerId };
    case 'isolate': {
      const { containerId, allowCidrs } = kind.value;
      const wrong = allowCidrs.find((one) => networkOf(one) === null);
      if (containerId === '') return { problem: 'no container is named' };
      if (allowCidrs.length > networksMax) return { problem: `at most ${networksMax} networks may be allowed` };
      if (wrong !== undefined) return { problem: `not a network: ${wrong.slice(0, 60)}` };
      return { ...about, act: 'isolate', containerId, allowCidrs: [...allowCidrs] };
    }
    case 'isolatePod':
    case 'scale':
    case 'rollBack':
    case undefined:
      return { problem: 'this is not a sensor\'s to do, or newer than this sensor' };
    default:
      return kind satisfies never;
  }
}
