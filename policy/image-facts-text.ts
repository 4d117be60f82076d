/**
 * The facts of an image as JSON under the names that conditions use, and back: what a report shows, what the hub keeps and judges again later, what
 * a cluster part is told. Each fact keeps which of the three it is: `{"value": …}`, `{"absent": true}` or `{"unknown": "reason"}`. A fact that the
 * text does not hold is unknown, so an older writer is never taken for a clean image; a name that this version does not know is passed over; what
 * is not of this form is refused whole.
 */
import type { CheckReport, StoredFact } from '@vedette/model/api/checks';
import { severities } from '@vedette/model/policy';
import { z } from 'zod';
import { imageFactKeys, imageVocabulary, unknownImage, type ImageFacts, type SignatureFacts } from './image-facts.ts';
import { absent, known, unknown, type Fact, type FactType, type FactValue, type OpenList } from './vocabulary.ts';

const formVersion = 2;
const itemsMax = 50_000;
const notSaid = 'whoever answered does not say';

/** One fact as it stands in the text. */
export function storedFact(fact: Fact<FactValue>): StoredFact {
  switch (fact.is) {
    case 'known':
      return { value: fact.value as Extract<StoredFact, { value: unknown }>['value'] };
    case 'absent':
      return { absent: true };
    case 'unknown':
      return { unknown: fact.reason };
    default:
      return fact satisfies never;
  }
}

export function storedFacts(image: ImageFacts): Record<string, StoredFact> {
  return Object.fromEntries(imageVocabulary.facts.map(({ name, read }) => [name, storedFact(read(image))]));
}

/** A value of another type than the fact has is none: it came from outside. */
export function readStoredFacts(stored: Readonly<Record<string, StoredFact>>): Partial<ImageFacts> {
  const out: Record<string, Fact<FactValue>> = {};
  for (const { name, type } of imageVocabulary.facts) {
    const key = imageFactKeys.get(name);
    const one = stored[name];
    if (key !== undefined && one !== undefined) out[key] = factOf(one, type);
  }
  return out as Partial<ImageFacts>;
}

function factOf(stored: StoredFact, type: FactType): Fact<FactValue> {
  if ('unknown' in stored) return unknown(stored.unknown);
  if ('absent' in stored) return absent;
  return isOf(type, stored.value) ? known(stored.value) : unknown('what was kept of it is of another kind');
}

function isOf(type: FactType, value: unknown): value is FactValue {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'int':
      return Number.isSafeInteger(value);
    case 'double':
      return typeof value === 'number';
    case 'bool':
      return typeof value === 'boolean';
    case 'list<string>':
      return Array.isArray(value);
    case 'map<string, string>':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return type satisfies never;
  }
}

export type StoredSignatures = CheckReport['image']['signatures'];

export function storedSignatures({ items, incomplete }: OpenList<SignatureFacts>): StoredSignatures {
  return { items: items.map((one) => ({ verified: storedFact(one.verified), signer: storedFact(one.signer) })), incomplete };
}

function formOf<T extends z.ZodType>(value: T) {
  return z.union([
    z.object({ absent: z.literal(true) }).transform((): Fact<z.output<T>> => absent),
    z.object({ unknown: z.string() }).transform((form): Fact<z.output<T>> => unknown(form.unknown)),
    // a generic field is only known to the compiler under this name
    z.object({ value }).transform((form): Fact<z.output<T>> => known((form as { value: z.output<T> }).value)),
  ]);
}

const Package = z.object({ ecosystem: z.string(), name: z.string(), version: z.string(), path: z.string() });
const Vulnerability = z.object({
  id: z.string(),
  aliases: z.array(z.string()),
  severity: formOf(z.enum(severities)),
  cvss: formOf(z.number()),
  fixedIn: formOf(z.string()),
  malicious: z.boolean(),
  package: Package,
  affected: formOf(z.literal(true)),
  loaded: formOf(z.enum(['yes', 'no', 'not-applicable'])),
});
const Signature = z.object({ verified: formOf(z.boolean()), signer: formOf(z.string()) });

function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item).max(itemsMax), incomplete: z.string().nullable() }).optional();
}

/** Without the bounds of a report: it comes from a hub, and one label that is too long must not hide all the rest. */
const AnyFact = z.union([
  z.object({ value: z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.record(z.string(), z.string())]) }),
  z.object({ absent: z.literal(true) }),
  z.object({ unknown: z.string() }),
]);

const Form = z.object({
  version: z.literal(formVersion),
  facts: z.record(z.string(), AnyFact),
  packages: listOf(Package),
  vulnerabilities: listOf(Vulnerability),
  signatures: listOf(Signature),
});

/** All of an image, its lists too. The same facts give the same text. */
export function writeImageFacts(image: ImageFacts): string {
  return JSON.stringify({
    version: formVersion,
    facts: storedFacts(image),
    packages: image.packages,
    vulnerabilities: {
      items: image.vulnerabilities.items.map((one) => ({
        ...one, severity: storedFact(one.severity), cvss: storedFact(one.cvss), fixedIn: storedFact(one.fixedIn), affected: storedFact(one.affected), loaded: storedFact(one.loaded),
      })),
      incomplete: image.vulnerabilities.incomplete,
    },
    signatures: storedSignatures(image.signatures),
  });
}

export type ReadFacts = { readonly ok: true; readonly image: ImageFacts } | { readonly ok: false; readonly reason: string };

export function readImageFacts(json: string): ReadFacts {
  let plain: unknown;
  try {
    plain = JSON.parse(json);
  } catch {
    return { ok: false, reason: 'the facts are not JSON' };
  }
  const read = Form.safeParse(plain);
  if (!read.success) return { ok: false, reason: `the facts do not have their form: ${read.error.issues[0]?.path.join('.') ?? ''} ${read.error.issues[0]?.message ?? ''}`.trim() };
  const { facts, packages, vulnerabilities, signatures } = read.data;
  const nothing = unknownImage(notSaid);
  return {
    ok: true,
    image: { ...nothing, ...readStoredFacts(facts), packages: packages ?? nothing.packages, vulnerabilities: vulnerabilities ?? nothing.vulnerabilities, signatures: signatures ?? nothing.signatures },
  };
}
