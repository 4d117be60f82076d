/** Why nobody could say → what a person does about it. One table: the same words on the page, in the API and in the test of an integration. */
import type { SourceKind, UnknownReason } from '@vedette/model/origin';

const remedies: Readonly<Record<UnknownReason, string | null>> = {
  'not-configured': 'Add it under Settings → Integrations.',
  'not-asked': null,
  unauthenticated: 'Give credentials under Settings → Integrations: it answers nobody without.',
  'wrong-credentials': 'The user, password or token is wrong or has expired: give a new one under Settings → Integrations.',
  forbidden: 'The credentials are right, and may not read this: give them the right to read.',
  'not-found': 'Look whether the address is right, and whether these credentials may see it: many servers hide what they do not show.',
  'rate-limited': 'It asks for fewer questions: raise the interval of this integration, or use credentials with a larger share.',
  unavailable: 'The server fails by itself: look at its log. It is asked again.',
  timeout: 'It did not answer in time: look whether it is up and reachable from the hub. It is asked again.',
  unreachable: 'Look at its name, port and certificate, and whether the hub may reach it through the network.',
  incomplete: 'The answer broke off, often at a proxy in between. It is asked again.',
  malformed: 'Something else answers at this address: look at the address and at what stands in between.',
  'too-large': 'The answer is beyond what is read from anyone.',
  'digest-mismatch': 'Treat the registry, or what stands in between, as broken or taken over until this is explained.',
  'unsafe-redirect': 'The server sends to an address that the hub does not go to by itself: configure that address, or mend the server.',
  'not-scanned': 'Let Xray index the repository and scan the image.',
  unsupported: null,
};

export function remedyFor(reason: UnknownReason, source: SourceKind | null): string | null {
  if (reason === 'not-configured' && source === 'signature') return 'Add the public key under Settings → Integrations.';
  return remedies[reason];
}

/** Worth asking again soon: the next answer may be another. */
export function isPassing(reason: UnknownReason): boolean {
  return reason !== 'not-configured' && reason !== 'unsupported' && reason !== 'not-scanned';
}
