/**
 * What is known of where an image came from. Every answer is known, known to be absent, or unknown with the reason why nobody
 * could say; each comes with its source, with how far it can be trusted, and with the time it was learned. Nothing here is
 * ever "clean" for want of an answer: a registry that refuses, throttles or stops in the middle makes a fact unknown, and
 * each of these is a reason of its own, because each has another remedy.
 */

/** Why nothing is known. */
export type UnknownReason =
  /** Nobody was named who could be asked: no server, no key, no list. */
  | 'not-configured'
  /** What has to be known before asking is itself unknown. */
  | 'not-asked'
  /** 401, and no credentials were there to send. */
  | 'unauthenticated'
  /** 401 although credentials were sent: a wrong or expired token. */
  | 'wrong-credentials'
  /** 403. */
  | 'forbidden'
  /** 404 from something that does not say what it has not found: absent, hidden from us, or no such service. */
  | 'not-found'
  /** 429, after waiting as long as we may. */
  | 'rate-limited'
  /** 5xx. */
  | 'unavailable'
  | 'timeout'
  /** No connection, no name, no valid certificate. */
  | 'unreachable'
  /** Half an answer: broken off, or less than it says there is. */
  | 'incomplete'
  | 'malformed'
  /** More than we read from anyone. */
  | 'too-large'
  /** The bytes are not the ones that the digest names. */
  | 'digest-mismatch'
  /** The answer leads to where we do not go: fewer safeguards than before, another machine's loopback. */
  | 'unsafe-redirect'
  /** The server has not looked at it, or has not finished. */
  | 'not-scanned'
  /** A form that we do not read. */
  | 'unsupported';

const reasonWords: Record<UnknownReason, string> = {
  'not-configured': 'not configured',
  'not-asked': 'not asked',
  unauthenticated: 'credentials are required (401)',
  'wrong-credentials': 'the credentials were refused (401)',
  forbidden: 'no permission (403)',
  'not-found': 'not found, for a reason that the server does not say (404)',
  'rate-limited': 'too many requests (429)',
  unavailable: 'the server failed',
  timeout: 'no answer in time',
  unreachable: 'no connection',
  incomplete: 'half an answer',
  malformed: 'the answer was not understood',
  'too-large': 'the answer is too large',
  'digest-mismatch': 'the bytes are not what their digest says',
  'unsafe-redirect': 'led to an unsafe address',
  'not-scanned': 'not scanned',
  unsupported: 'a form that is not supported',
};

export function wordsOf(reason: UnknownReason): string {
  return reasonWords[reason];
}

export interface Unknown {
  readonly state: 'unknown';
  readonly reason: UnknownReason;
  /** Who, what, which status: one sentence for a person. Never holds a secret. */
  readonly detail: string;
}

export interface Absent {
  readonly state: 'absent';
  /** Who said that it is not there. */
  readonly detail: string;
}

export type Answer<T> = { readonly state: 'known'; readonly value: T } | Absent | Unknown;

export function known<T>(value: T): Answer<T> {
  return { state: 'known', value };
}

export function absent(detail: string): Absent {
  return { state: 'absent', detail };
}

export function unknown(reason: UnknownReason, detail: string): Unknown {
  return { state: 'unknown', reason, detail };
}

/** Makes more of what is known; what is not known stays so, with its reason. */
export function mapAnswer<T, U>(answer: Answer<T>, make: (value: T) => U): Answer<U> {
  return answer.state === 'known' ? known(make(answer.value)) : answer;
}

/** How far an answer can be trusted, the strongest first. */
export const confidences = ['verified', 'recorded', 'claimed', 'inferred'] as const;
/**
 * *verified*: we computed it ourselves (digest of the bytes, signature by a key that was given). *recorded*: a server that we
 * are configured to ask says so of this very digest. *claimed*: whoever made the image, or could write beside it, says so
 * (labels, properties). *inferred*: follows from other answers, may be wrong.
 */
export type Confidence = (typeof confidences)[number];

export type SourceKind = 'sensor' | 'runtime' | 'inventory' | 'registry' | 'image-config' | 'signature' | 'artifactory' | 'build-info' | 'xray' | 'check';

export interface Source {
  readonly kind: SourceKind;
  /** Which one: host of the registry, name of the build, fingerprint of the key. */
  readonly name: string;
}

export interface OriginFact<T> {
  readonly answer: Answer<T>;
  readonly source: Source;
  readonly confidence: Confidence;
  /** When the source was asked; its age is told from this. */
  readonly learnedAtMs: number;
}

/** What can be wrong with where a running image came from. Each is judged by itself and has a remedy of its own. */
export const integrityKinds = ['tag-moved', 'missing-in-registry', 'unknown-digest', 'unsigned', 'signature-failed', 'untrusted-registry'] as const;
export type IntegrityKind = (typeof integrityKinds)[number];

export interface IntegrityVerdict {
  readonly kind: IntegrityKind;
  /** `violated`: it is wrong. `holds`: it was checked and is right. `not-applicable`: there is nothing that could be wrong. */
  readonly state: 'violated' | 'holds' | 'unknown' | 'not-applicable';
  /** Set when the state is unknown. */
  readonly reason: UnknownReason | null;
  /** What was found, in one sentence. */
  readonly sentence: string;
  /** What to do about it; null when nothing is. */
  readonly action: string | null;
  readonly expected: string | null;
  readonly found: string | null;
}

/** The stations of the chain, from what runs to who answers for it. */
export const stations = ['process', 'file', 'package', 'layer', 'image', 'registry', 'build', 'commit', 'signer'] as const;
export type Station = (typeof stations)[number];

/** Whom the hub may be told to ask, and by what it checks. */
export const integrationKinds = ['registry', 'cosign-key', 'artifactory', 'xray', 'webhook', 'slack', 'smtp'] as const;
export type IntegrationKind = (typeof integrationKinds)[number];
