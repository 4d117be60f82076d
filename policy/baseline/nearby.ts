/** What a baseline expected next to something that it does not hold, in one sentence: the same program otherwise, the same directory, the same port. Pure. */
import type { Behaviour, ExecutionBehaviour, PeerBehaviour } from '@vedette/model/baseline';

const shownMax = 3;

export function behaviourText(one: Behaviour): string {
  switch (one.kind) {
    case 'execution':
      return `${commandText(one)}${one.parent === '' ? '' : ` by ${one.parent}`} as user ${one.user}${one.origin === 'image' ? '' : ` (${one.origin})`}`;
    case 'file':
      return one.path;
    case 'peer':
      return peerText(one);
    case 'capability':
      return one.capability;
    default:
      return one satisfies never;
  }
}

function commandText({ path, arguments: list }: ExecutionBehaviour): string {
  const words = list === null ? ['…'] : list.map((one) => (one === '' || /\s/.test(one) ? JSON.stringify(one) : one));
  return [path, ...words].join(' ');
}

function peerText({ direction, protocol, port, name, address }: PeerBehaviour): string {
  const at = `${protocol}/${port ?? '*'}`;
  switch (direction) {
    case 'out':
      return `to ${name ?? address ?? '*'} ${at}`;
    case 'in':
      return `from ${address ?? '*'} to own ${at}`;
    case 'listen':
      return `listens on ${at} (${address ?? 'any'})`;
    default:
      return direction satisfies never;
  }
}

/** How near: 0 is no neighbour at all. */
function nearness(wanted: Behaviour, other: Behaviour): number {
  if (wanted.kind === 'execution' && other.kind === 'execution') return (wanted.path === other.path ? 4 : 0) + (wanted.parent === other.parent ? 2 : 0);
  if (wanted.kind === 'file' && other.kind === 'file') return sharedParts(wanted.path, other.path);
  if (wanted.kind === 'peer' && other.kind === 'peer') {
    if (wanted.direction !== other.direction) return 0;
    const samePeer = (wanted.name ?? wanted.address) === (other.name ?? other.address);
    return 1 + (samePeer ? 4 : 0) + (wanted.port === other.port ? 2 : 0);
  }
  return wanted.kind === 'capability' && other.kind === 'capability' ? 1 : 0;
}

function sharedParts(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  let shared = 0;
  while (shared < left.length && left[shared] === right[shared]) shared += 1;
  // the root alone is no neighbourhood
  return shared - 1;
}

export function expectedNearby(wanted: Behaviour, learned: Iterable<Behaviour>): Behaviour[] {
  const near: { readonly one: Behaviour; readonly score: number }[] = [];
  for (const one of learned) {
    const score = nearness(wanted, one);
    if (score > 0) near.push({ one, score });
  }
  return near.toSorted((a, b) => b.score - a.score).slice(0, shownMax).map(({ one }) => one);
}

export function nearbySentence(wanted: Behaviour, learned: Iterable<Behaviour>): string {
  const near = expectedNearby(wanted, learned);
  return near.length === 0 ? 'Nothing like it was learned' : `Learned nearby: ${near.map(behaviourText).join('; ')}`;
}
