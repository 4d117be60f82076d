/**
 * The facts of an image as JSON and back, for whoever decides somewhere else than where they are known. Each fact keeps which of
 * the three it is: `{"value": …}`, `{"absent": true}` or `{"unknown": "reason"}`. A fact that the text does not hold is unknown,
 * so an older writer is never taken for a clean image; what is not of this form is refused whole.
 */
import { severities } from '@vedette/model/policy';
import { z } from 'zod';
import { unknownImage, type ImageFacts } from './image-facts.ts';
import { absent, known, unknown, type Fact, type OpenList } from './vocabulary.ts';

const formVersion = 1;
const itemsMax = 50_000;
const notSaid = 'whoever answered does not say';

function factOf<T extends z.ZodType>(value: T) {
  return z.union([
    z.object({ absent: z.literal(true) }).transform((): Fact<z.output<T>> => absent),
    z.object({ unknown: z.string() }).transform((form): Fact<z.output<T>> => unknown(form.unknown)),
    // a generic field is only known to the compiler under this name
    z.object({ value }).transform((form): Fact<z.output<T>> => known((form as { value: z.output<T> }).value)),
  ]);
}

const text = factOf(z.string()).optional();
const count = factOf(z.number()).optional();
const yesOrNo = factOf(z.boolean()).optional();
const texts = factOf(z.array(z.string())).optional();

const singles = {
  reference: text, registry: text, repository: text, tag: text, digest: text, indexDigest: text, pinned: yesOrNo, platform: text, created: text,
  labels: factOf(z.record(z.string(), z.string())).optional(), user: text, runsAsRoot: yesOrNo, environment: texts, exposedPorts: texts, layers: count, sizeBytes: count,
  distributionId: text, distributionVersion: text, distributionEcosystem: text, supportedUntil: text, endOfLife: yesOrNo, advisoriesAgeDays: count, registryTrusted: yesOrNo,
};
type SingleName = keyof typeof singles;
const singleNames = Object.keys(singles) as SingleName[];

const Package = z.object({ ecosystem: z.string(), name: z.string(), version: z.string(), path: z.string() });
const Vulnerability = z.object({
  id: z.string(),
  aliases: z.array(z.string()),
  severity: factOf(z.enum(severities)),
  cvss: factOf(z.number()),
  fixedIn: factOf(z.string()),
  malicious: z.boolean(),
  package: Package,
  affected: factOf(z.literal(true)),
  loaded: factOf(z.enum(['yes', 'no', 'not-applicable'])),
});
const Signature = z.object({ verified: factOf(z.boolean()), signer: factOf(z.string()) });

function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item).max(itemsMax), incomplete: z.string().nullable() }).optional();
}

const Form = z.object({
  version: z.literal(formVersion),
  facts: z.object(singles),
  packages: listOf(Package),
  vulnerabilities: listOf(Vulnerability),
  signatures: listOf(Signature),
});

type FactForm = { readonly value: unknown } | { readonly absent: true } | { readonly unknown: string };

/** One fact as it stands in the text. */
export function factForm(fact: Fact<unknown>): FactForm {
  switch (fact.is) {
    case 'known':
      return { value: fact.value };
    case 'absent':
      return { absent: true };
    case 'unknown':
      return { unknown: fact.reason };
    default:
      return fact satisfies never;
  }
}

/** The same facts give the same text. */
export function writeImageFacts(image: ImageFacts): string {
  return JSON.stringify({
    version: formVersion,
    facts: Object.fromEntries(singleNames.map((name) => [name, factForm(image[name])])),
    packages: image.packages,
    vulnerabilities: {
      items: image.vulnerabilities.items.map((one) => ({
        ...one, severity: factForm(one.severity), cvss: factForm(one.cvss), fixedIn: factForm(one.fixedIn), affected: factForm(one.affected), loaded: factForm(one.loaded),
      })),
      incomplete: image.vulnerabilities.incomplete,
    },
    signatures: { items: image.signatures.items.map((one) => ({ verified: factForm(one.verified), signer: factForm(one.signer) })), incomplete: image.signatures.incomplete },
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
  const said = Object.fromEntries(singleNames.flatMap((name) => (facts[name] === undefined ? [] : [[name, facts[name]]]))) as Partial<ImageFacts>;
  const list = <T>(given: OpenList<T> | undefined, otherwise: OpenList<T>): OpenList<T> => given ?? otherwise;
  return {
    ok: true,
    image: { ...nothing, ...said, packages: list(packages, nothing.packages), vulnerabilities: list(vulnerabilities, nothing.vulnerabilities), signatures: list(signatures, nothing.signatures) },
  };
}
