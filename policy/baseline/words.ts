/**
 * A behaviour as a list of words and back, in the order in which it folds: what is likely to vary comes last. The limits say how many
 * different ones a place may have before it counts as *any*. Pure.
 */
import type { Behaviour, PeerBehaviour } from '@vedette/model/baseline';
import { peerDirections, type BehaviourKind, type ExecutedOrigin } from '@vedette/model/baseline-words';
import type { Folded, FoldLimit } from './fold.ts';

/** Different arguments of one program, started by one parent as one user. */
const argumentsMax = 16;
/** Names in one directory; more near the root, where folding would say too little. */
const filesMax = 24;
const filesNearRootMax = 64;
/** Names or addresses with one beginning, of one port. */
const peersMax = 24;
const portsMax = 32;

const never = Infinity;

export const limits: Readonly<Record<BehaviourKind, FoldLimit>> = {
  execution: (words) => (words.length === 1 ? argumentsMax : never),
  file: (words) => (words.length <= 2 ? filesNearRootMax : filesMax),
  peer: (words) => (words.length < 2 ? never : words.length === 2 ? portsMax : words[0] !== 'out' || words.length === 3 ? never : peersMax),
  capability: () => never,
};

export function wordsOf(behaviour: Behaviour): Folded {
  switch (behaviour.kind) {
    case 'execution': {
      const { path, parent, user, origin, arguments: list } = behaviour;
      const head = JSON.stringify([path, parent, user, origin]);
      return list === null ? { words: [head], isFolded: true } : { words: [head, JSON.stringify(list)], isFolded: false };
    }
    case 'file': {
      const words = behaviour.path.split('/');
      return words.at(-1) === '**' ? { words: words.slice(0, -1), isFolded: true } : { words, isFolded: false };
    }
    case 'peer':
      return peerWords(behaviour);
    case 'capability':
      return { words: [behaviour.capability], isFolded: false };
    default:
      return behaviour satisfies never;
  }
}

function peerWords({ direction, protocol, port, name, address }: PeerBehaviour): Folded {
  if (port === null) return { words: [direction, protocol], isFolded: true };
  const head = [direction, protocol, String(port)];
  if (direction !== 'out') return { words: [...head, address ?? 'public'], isFolded: false };
  const ofName = name !== null;
  const parts = ofName ? name.split('.').reverse() : (address ?? '*').split(/[.:]/);
  const star = parts.indexOf('*');
  const kept = star < 0 ? parts : parts.slice(0, star);
  // the two forms of addresses are told apart by their separator
  const form = ofName ? 'name' : (address ?? '').includes(':') ? 'v6' : 'v4';
  return { words: [...head, form, ...kept], isFolded: star >= 0 };
}

export function behaviourOf(kind: BehaviourKind, { words, isFolded }: Folded): Behaviour {
  switch (kind) {
    case 'execution': {
      const [head = '', list = '[]'] = words;
      const [path, parent, user, origin] = JSON.parse(head) as [string, string, number, ExecutedOrigin];
      return { kind, path, parent, user, origin, arguments: isFolded ? null : (JSON.parse(list) as string[]) };
    }
    case 'file':
      return { kind, path: isFolded ? [...words, '**'].join('/') : words.join('/') };
    case 'peer':
      return peerOf(words, isFolded);
    case 'capability':
      return { kind, capability: words[0] ?? '' };
    default:
      return kind satisfies never;
  }
}

function peerOf(words: readonly string[], isFolded: boolean): PeerBehaviour {
  const [direction = 'out', protocol = '', port, form, ...rest] = words;
  const base = { kind: 'peer', direction: peerDirections.find((one) => one === direction) ?? 'out', protocol, port: port === undefined ? null : Number(port) } as const;
  if (port === undefined) return { ...base, name: null, address: null };
  if (base.direction !== 'out') return { ...base, name: null, address: form ?? 'public' };
  if (form === 'name') return { ...base, name: [...(isFolded ? ['*'] : []), ...rest.toReversed()].join('.'), address: null };
  const separator = form === 'v6' ? ':' : '.';
  // a folded v6 keeps its separator, or it would be taken for the other form
  const parts = isFolded ? [...rest, '*'] : rest;
  return { ...base, name: null, address: form === 'v6' && parts.length === 1 ? '*:*' : parts.join(separator) };
}
