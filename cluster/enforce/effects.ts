/**
 * Effects that the hub asks of the cluster part: each of a set is done once in this life, one after another, and its end reported; a restart does it again, which every
 * handler makes the same as once, by the effect's id. What is no longer in the set is forgotten, so that it may be asked for anew. Namespaces of the system and our own are refused.
 */
import { create } from '@bufbuild/protobuf';
import type { EffectCommand } from '@vedette/model/wire/generated/link_pb';
import { EffectReportSchema, RecordSchema, type Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import { isolatePod } from './isolate-pod.ts';
import { refused, type Asked, type EnforceDoors, type Outcome } from './orders.ts';
import { rollBack } from './roll-back.ts';
import { scaleWorkload } from './scale.ts';

export interface ClusterEffectsOptions extends EnforceDoors {
  /** Resolves when it is stored for good. */
  readonly report: (record: WireRecord) => Promise<void>;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, data?: Readonly<Record<string, unknown>>) => void;
}

const evidenceCharactersMax = 60_000;
const effectsMax = 1000;

export class ClusterEffects {
  readonly #options: ClusterEffectsOptions;
  readonly #known = new Set<string>();
  #turn: Promise<void> = Promise.resolve();
  done = 0;

  constructor(options: ClusterEffectsOptions) {
    this.#options = options;
  }

  /** The whole set of what is asked and not reported. */
  take(effects: readonly EffectCommand[]): void {
    const wanted = new Map(effects.slice(0, effectsMax).map((one) => [keyOf(one), one]));
    for (const key of this.#known) if (!wanted.has(key)) this.#known.delete(key);
    for (const [key, effect] of wanted) {
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      this.#turn = this.#turn.then(() => this.#do(effect, key));
    }
  }

  /** What is under way has ended. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  async #do(effect: EffectCommand, key: string): Promise<void> {
    const { report, log, nowMs } = this.#options;
    let outcome: Outcome;
    try {
      outcome = await perform(this.#options, effect);
    } catch (error) {
      outcome = { state: 'failed', detail: `a fault of the cluster part: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`, evidence: null };
    }
    log(outcome.state === 'failed' ? 'warn' : 'info', 'an effect was asked for', { effect: effect.effectId, kind: effect.kind.case ?? '', undo: effect.undo, state: outcome.state, detail: outcome.detail });
    const json = JSON.stringify(outcome.evidence ?? null);
    const value = create(EffectReportSchema, { effectId: effect.effectId, undo: effect.undo, dryRun: effect.dryRun, state: outcome.state, detail: outcome.detail, evidenceJson: json.length > evidenceCharactersMax ? '' : json, atMs: BigInt(nowMs()) });
    this.done += 1;
    try {
      await report(create(RecordSchema, { kind: { case: 'effect', value } }));
    } catch (error) {
      // Asked again with the next set.
      this.#known.delete(key);
      log('error', 'the end of an effect could not be reported', { effect: effect.effectId, error: String(error) });
    }
  }
}

const keyOf = (effect: EffectCommand): string => `${effect.effectId} ${effect.undo} ${effect.dryRun} ${effect.expiresAtMs}`;

async function perform(options: ClusterEffectsOptions, { effectId, undo, dryRun, expiresAtMs, kind }: EffectCommand): Promise<Outcome> {
  if (!/^[0-9a-f]{16,40}$/.test(effectId)) return refused('this is no id of an effect');
  const asked: Asked = { id: effectId, undo, dryRun, isLate: expiresAtMs > 0n && BigInt(options.nowMs()) > expiresAtMs };
  switch (kind.case) {
    case 'isolatePod':
    case 'scale':
    case 'rollBack': {
      const { namespace } = kind.value;
      if (namespace === '') return refused('it names no namespace');
      if (options.excludedNamespaces.includes(namespace)) return refused(`nothing is ever changed in the namespace ${namespace}`);
      if (kind.case === 'isolatePod') return isolatePod(options, kind.value, asked);
      return kind.case === 'scale' ? scaleWorkload(options, kind.value, asked) : rollBack(options, kind.value, asked);
    }
    case 'kill':
    case 'freeze':
    case 'isolate':
      return refused('a sensor does this, not a cluster part');
    case undefined:
      return refused('this cluster part does not know what is asked: it is older than the hub');
    default:
      return kind satisfies never;
  }
}
