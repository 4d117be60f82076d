/**
 * The receiver's rule for who may speak for an epoch: it judges a hello and the session of a delivery, and yields the
 * state that the hub stores in the same transaction (under a lock on the sensor's row). Its purpose is that a copied
 * state directory can never mix its batches into the original's numbering. Reasoning, and what it does not find, in
 * link/README.md. The rule in short:
 *
 * - A session is *offered* by a hello and *used* by the first delivery that carries it. A hello must present the used
 *   session or an offered one. So a sensor that crashed after the answer and before it stored the new session presents
 *   the used one and is welcome; one that crashed after storing presents the offered one and is welcome too.
 * - While an offer is open, the used session may not deliver any more. Therefore the watermark that was answered with
 *   an offer still holds when the offer is used, even if a delivery from before arrives late.
 * - Using an offer ends the session before it and all other offers: whoever presents those is a stale copy.
 * - A new epoch (an emptied state directory under the same certificate) is offered like a session, and retires the
 *   epoch before it when it is used: a hello that was long on its way retires nothing.
 *
 * Limits: 4 open offers and 16 retired epochs are remembered; beyond that the oldest is forgotten.
 */
const offersMax = 4;
const retiredMax = 16;

export interface SessionOffer {
  readonly epoch: string;
  readonly session: string;
  readonly nonce: string;
}

/** Plain JSON, so that the hub may keep it in one column. Sessions, nonces and epochs are lower-case hex. */
export interface SessionState {
  readonly epoch: string;
  /** The session that delivered last; empty until the first delivery of the epoch. */
  readonly used: string;
  readonly offers: readonly SessionOffer[];
  /** The counter of the next offer. It rises when one is used, so offers that lost are below it for ever. */
  readonly generation: number;
  /** Epochs that a newer one of the same sensor has replaced. */
  readonly retired: readonly string[];
}

export interface HelloClaim {
  readonly epoch: string;
  readonly session: string;
  readonly nonce: string;
  readonly schemaVersion: number;
}

export interface HelloGiven {
  readonly schemaVersionMin: number;
  /** 32 hex digits from a cryptographic source, used at most once. */
  readonly chance: string;
}

export type HelloJudgement =
  | { readonly kind: 'accepted'; readonly session: string; readonly state: SessionState; readonly because: HelloReason }
  | { readonly kind: 'epoch-conflict'; readonly reason: string }
  | { readonly kind: 'schema-too-old'; readonly reason: string };

/** `hub-set-back`: the sensor proves a session that this hub must have handed out and has forgotten: it was restored. */
export type HelloReason = 'first' | 'next' | 'again' | 'new-epoch' | 'hub-set-back';

export function judgeHello(known: SessionState | undefined, claim: HelloClaim, given: HelloGiven): HelloJudgement {
  if (claim.schemaVersion < given.schemaVersionMin) {
    const reason = `The sensor speaks schema ${claim.schemaVersion}, this hub takes ${given.schemaVersionMin} and later: update the sensor.`;
    return { kind: 'schema-too-old', reason };
  }
  const counter = sessionCounterOf(claim.session);
  if (counter === undefined) return conflict('The session is not one that a hub hands out.');
  if (known === undefined) {
    return offer({ epoch: claim.epoch, used: claim.session, offers: [], generation: counter + 1, retired: [] }, claim, given, 'first');
  }
  if (known.retired.includes(claim.epoch)) return conflict('A newer spool has replaced this one under the same certificate.');
  const held = known.offers.find((open) => open.epoch === claim.epoch && open.session === claim.session);
  // The holder of an offer has stored it and will never present the older session again: the offer counts as used.
  if (held !== undefined) return offer(useOffer(known, held), claim, given, 'next');
  const unknownEpoch = claim.epoch !== known.epoch;
  if (unknownEpoch || claim.session === known.used) {
    const asked = known.offers.find((open) => open.epoch === claim.epoch && open.nonce === claim.nonce);
    if (asked !== undefined) return { kind: 'accepted', session: asked.session, state: known, because: 'again' };
    const generation = Math.max(known.generation, counter + 1);
    return offer({ ...known, generation }, claim, given, unknownEpoch ? 'new-epoch' : 'next');
  }
  if (counter >= known.generation) {
    return offer({ ...known, used: claim.session, offers: [], generation: counter + 1 }, claim, given, 'hub-set-back');
  }
  return conflict('Another sensor has used this state since: it was copied. Join again with an empty state directory.');
}

export type DeliveryJudgement =
  | { readonly kind: 'ours'; readonly state: SessionState }
  | { readonly kind: 'stale'; readonly reason: string };

/** Judges the session of a delivery. `state` differs from `known` only when this delivery is the first under its offer. */
export function judgeDelivery(known: SessionState | undefined, claim: { readonly epoch: string; readonly session: string }): DeliveryJudgement {
  if (known === undefined || claim.session === '') return { kind: 'stale', reason: 'No hello of this epoch is known here.' };
  const held = known.offers.find((open) => open.epoch === claim.epoch && open.session === claim.session);
  if (held !== undefined) return { kind: 'ours', state: useOffer(known, held) };
  if (known.epoch !== claim.epoch || known.used !== claim.session) {
    return { kind: 'stale', reason: 'The session has ended: another hello was used since.' };
  }
  if (known.offers.length > 0) return { kind: 'stale', reason: 'A newer hello was answered: only its session may deliver.' };
  return { kind: 'ours', state: known };
}

/** Whether a session may listen to commands: it is used or on offer. Listening uses nothing up. */
export function holdsSession(known: SessionState | undefined, session: string): boolean {
  if (known === undefined || session === '') return false;
  return known.used === session || known.offers.some((open) => open.session === session);
}

function useOffer(known: SessionState, used: SessionOffer): SessionState {
  const retired = used.epoch === known.epoch ? known.retired : [...known.retired, known.epoch].slice(-retiredMax);
  return { epoch: used.epoch, used: used.session, offers: [], generation: known.generation + 1, retired };
}

function offer(state: SessionState, claim: HelloClaim, given: HelloGiven, because: HelloReason): HelloJudgement {
  const session = sessionOf(state.generation, given.chance);
  const offers = [...state.offers, { epoch: claim.epoch, session, nonce: claim.nonce }].slice(-offersMax);
  return { kind: 'accepted', session, state: { ...state, offers }, because };
}

function conflict(reason: string): HelloJudgement {
  return { kind: 'epoch-conflict', reason };
}

/**
 * A session is 8 bytes of counter and 16 of chance. Chance makes it unguessable; the counter tells a session that this
 * hub has forgotten (not below the generation it knows) from a stale one (below it).
 */
function sessionOf(counter: number, chance: string): string {
  if (!/^[0-9a-f]{32}$/.test(chance)) throw new RangeError('a session needs 32 hex digits of chance');
  return counter.toString(16).padStart(16, '0') + chance;
}

function sessionCounterOf(session: string): number | undefined {
  if (session === '') return 0;
  if (!/^[0-9a-f]{48}$/.test(session)) return undefined;
  const counter = Number.parseInt(session.slice(0, 16), 16);
  // One below the bound, so that the next session still has an exact counter.
  return counter < Number.MAX_SAFE_INTEGER ? counter : undefined;
}
