/**
 * The parts of an asking that are no station of the chain, in the form in which the store keeps them: what policies and the page read of labels, layers,
 * signatures, properties, Xray. Bounded here: an image may carry any number of labels. `readSaid` takes back what `saidOf` wrote.
 */
import type { Answer, IntegrityVerdict } from '@vedette/model/origin';
import { mapAnswer, wordsOf } from '@vedette/model/origin';
import { platformWords } from '@vedette/origin/oci/manifest';
import type { Heard, ImageTrace } from '@vedette/origin/trace-image';
import { z } from 'zod';

const entriesMax = 300;
const valueLengthMax = 4096;

const answerOf = <T extends z.ZodType>(value: T) =>
  z.discriminatedUnion('state', [z.object({ state: z.literal('known'), value }), z.object({ state: z.literal('absent'), detail: z.string() }), z.object({ state: z.literal('unknown'), reason: z.string(), detail: z.string() })]);

const text = z.record(z.string(), z.string());
export const Said = z.object({
  image: answerOf(z.object({ digest: z.string(), indexDigest: z.string().nullable(), platform: z.string().nullable(), created: z.string().nullable(), layers: z.array(z.object({ digest: z.string(), size: z.number() })), labels: text.nullable(), user: z.string().nullish(), environment: z.array(z.string()).nullish(), exposedPorts: z.array(z.string()).nullish() })),
  signature: z.object({ verdict: z.enum(['signed', 'unsigned', 'failed', 'unknown']), reason: z.string().nullable(), sentence: z.string(), signer: z.object({ name: z.string(), fingerprint: z.string() }).nullable(), attempts: z.int() }).nullable(),
  trusted: z.object({ state: z.enum(['violated', 'holds', 'unknown', 'not-applicable']), sentence: z.string() }),
  properties: answerOf(z.record(z.string(), z.array(z.string()))).nullable(),
  issues: answerOf(z.record(z.string(), z.int())).nullable(),
  violations: answerOf(z.int()).nullable(),
});
export type Said = z.output<typeof Said>;

function cut(all: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).slice(0, entriesMax).map(([key, value]) => [clean(key), clean(value)]));
}

/** PostgreSQL's JSON cannot hold NUL, nor half a character. */
function clean(value: string): string {
  return value.slice(0, valueLengthMax).replaceAll('\0', '').toWellFormed();
}

function plainAnswer<T>(answer: Answer<T>): { state: 'known'; value: T } | { state: 'absent'; detail: string } | { state: 'unknown'; reason: string; detail: string } {
  return answer.state === 'known' ? { state: 'known', value: answer.value } : { ...answer };
}

/** `fresh` is so now; `otherwise` only where nothing was said before, since what an image's bytes said stays true when they cannot be read again. */
export interface SaidParts {
  readonly fresh: Partial<Said>;
  readonly otherwise: Partial<Said>;
}

export function saidOf(trace: ImageTrace): SaidParts {
  const { image, signature, ...others } = allOf(trace);
  const isRead = image.state === 'known' || (image.state === 'unknown' && image.reason === 'not-configured');
  return isRead ? { fresh: { image, signature, ...others }, otherwise: {} } : { fresh: others, otherwise: { image, signature } };
}

/** What registry and signatures say, as it is kept. */
export function saidByRegistry({ found, signature }: Heard): Pick<Said, 'image' | 'signature'> {
  const config = found.config.state === 'known' ? found.config.value : null;
  return {
    image: plainAnswer(
      mapAnswer(found.image, (one) => ({
        digest: one.digest, indexDigest: found.index?.digest ?? null, platform: config === null ? null : platformWords(config.platform), created: config?.created ?? null,
        layers: one.layers.slice(0, entriesMax).map(({ digest, size }) => ({ digest, size })), labels: config === null ? null : cut(config.labels),
        user: config === null ? null : clean(config.user), environment: config === null ? null : config.environment.slice(0, entriesMax).map(clean), exposedPorts: config === null ? null : config.exposedPorts.slice(0, entriesMax).map(clean),
      })),
    ),
    signature: signature === null ? null : { verdict: signature.verdict, reason: signature.reason, sentence: clean(signature.sentence), signer: signature.signer === null ? null : { name: signature.signer.keyName, fingerprint: signature.signer.fingerprint }, attempts: signature.attempts.length },
  };
}

function allOf({ found, signature, jfrog, verdicts }: ImageTrace): Said {
  const trust = verdicts.find((one): one is IntegrityVerdict & { kind: 'untrusted-registry' } => one.kind === 'untrusted-registry');
  return {
    ...saidByRegistry({ found, signature }),
    trusted: { state: trust?.state ?? 'unknown', sentence: trust?.sentence ?? '' },
    properties: jfrog === null ? null : plainAnswer(mapAnswer(jfrog.places, (all) => Object.fromEntries([...(all[0]?.properties ?? [])].slice(0, entriesMax).map(([key, values]) => [clean(key), values.slice(0, 50).map(clean)])))),
    issues: jfrog === null ? null : plainAnswer(mapAnswer(jfrog.issues, (all) => { const counts: Record<string, number> = {}; for (const { severity } of all) counts[severity.toLowerCase()] = (counts[severity.toLowerCase()] ?? 0) + 1; return counts; })),
    violations: jfrog === null ? null : plainAnswer(mapAnswer(jfrog.violations, (all) => all.length)),
  };
}

/** null: not asked yet. */
export function readSaid(stored: Readonly<Record<string, unknown>>): Said | null {
  const parsed = Said.safeParse(stored);
  return parsed.success ? parsed.data : null;
}

function inWords<T>(answer: { state: 'known'; value: T } | { state: 'absent'; detail: string } | { state: 'unknown'; reason: string; detail: string }, words: (value: T) => string): string {
  switch (answer.state) {
    case 'known': return words(answer.value);
    case 'absent': return answer.detail;
    case 'unknown': return `${wordsOf(answer.reason as Parameters<typeof wordsOf>[0])}: ${answer.detail}`;
    default: return answer satisfies never;
  }
}

const severityOrder = ['critical', 'high', 'medium', 'low', 'unknown'];

/** What Xray says, for people; null: nobody could say. */
export function xrayWords(said: Said | null): { issues: string; violations: string } | null {
  if (said?.issues == null || said.violations === null) return null;
  return {
    issues: inWords(said.issues, (counts) => Object.entries(counts).sort(([a], [b]) => severityOrder.indexOf(a) - severityOrder.indexOf(b)).map(([severity, n]) => `${n} ${severity}`).join(', ') || 'scanned, none'),
    violations: inWords(said.violations, (n) => (n === 0 ? 'scanned, none' : String(n))),
  };
}
