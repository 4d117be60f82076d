/**
 * One OSV record (schema 1.x, JSON) → the parts that matching and people need. Records come from outside: the size of the
 * text is bounded by who reads it, counts and lengths here, and a record that does not fit is refused with a reason
 * that names the place and not the record, so that refusals can be counted. Texts for people are cut, not refused.
 * GIT ranges are left out: they speak of commits. What is left of such a statement may be nothing, and says so.
 */
import { z } from 'zod';
import type { SeverityInput } from './severity.ts';

export type EventKind = 'introduced' | 'fixed' | 'last_affected' | 'limit';

export interface RangeEvent {
  readonly kind: EventKind;
  readonly version: string;
}

/** What a record says of one package: versions by ranges, by name, or both. */
export interface Statement {
  readonly ranges: readonly (readonly RangeEvent[])[];
  readonly versions: readonly string[];
  /** Debian's word for how pressing it is; null: none given. */
  readonly urgency: string | null;
  /** Where it differs from the record's. */
  readonly severity: readonly SeverityInput[];
}

export interface Affected extends Statement {
  /** With the release: `Debian:12`. */
  readonly ecosystem: string;
  readonly package: string;
}

export interface OsvRecord {
  readonly id: string;
  readonly modified: string;
  readonly published: string | null;
  readonly withdrawn: string | null;
  /** Other names of the same vulnerability. */
  readonly aliases: readonly string[];
  /** The vulnerabilities that this record passes on; several in an advisory that gathers them. */
  readonly upstream: readonly string[];
  readonly summary: string;
  readonly details: string;
  readonly references: readonly string[];
  readonly severity: readonly SeverityInput[];
  /** A word from the record's source, such as MODERATE. */
  readonly severityWord: string | null;
  readonly affected: readonly Affected[];
}

export interface Rejected {
  readonly rejected: string;
}

const summaryLengthMax = 500;
const detailsLengthMax = 16_000;
const referencesMax = 40;

/** Printable, without spaces: identifiers, names of ecosystems and packages. */
const word = z.string().min(1).max(256).regex(/^[\u0021-\u007e\u00a1-\uffff]+( [\u0021-\u007e\u00a1-\uffff]+)*$/, 'has characters that no name has');
const versionText = z.string().min(1).max(512);
const time = z
  .string()
  .max(40)
  .refine((text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)), 'is not a time')
  .transform((text) => new Date(text).toISOString());

function cut(lengthMax: number) {
  return z
    .string()
    .nullish()
    .transform((text) => (text ?? '').slice(0, lengthMax));
}

function listOf<T extends z.ZodType>(item: T, countMax: number) {
  return z
    .array(item)
    .max(countMax)
    .nullish()
    .transform((items) => items ?? []);
}

const Severity = z.object({ type: z.string().max(64), score: z.string().max(512) });

const Event = z
  .object({
    introduced: versionText.optional(),
    fixed: versionText.optional(),
    last_affected: versionText.optional(),
    limit: versionText.optional(),
  })
  .transform((event) => {
    const kinds: EventKind[] = ['introduced', 'fixed', 'last_affected', 'limit'];
    return kinds.flatMap((kind): RangeEvent[] => (event[kind] === undefined ? [] : [{ kind, version: event[kind] }]));
  })
  .refine((events) => events.length > 0, 'says nothing');

const Range = z.object({ type: z.string().max(64), events: z.array(Event).max(2000) });

const Urgent = z.object({ urgency: z.string().max(64).optional().catch(undefined) });

const AffectedShape = z.object({
  package: z.object({ ecosystem: word, name: word }).nullish(),
  ranges: listOf(Range, 2000),
  versions: listOf(versionText, 50_000),
  severity: listOf(Severity, 20),
  ecosystem_specific: Urgent.nullish().catch(null),
});

const Shape = z.object({
  id: word,
  modified: time,
  published: time.nullish(),
  withdrawn: time.nullish(),
  aliases: listOf(word, 1000),
  upstream: listOf(word, 5000),
  related: listOf(word, 5000),
  summary: cut(summaryLengthMax),
  details: cut(detailsLengthMax),
  references: listOf(z.object({ url: z.string().max(4096) }), 5000),
  severity: listOf(Severity, 20),
  database_specific: z.object({ severity: z.string().max(64).optional().catch(undefined) }).nullish().catch(null),
  affected: listOf(AffectedShape, 10_000),
});

/** An advisory of Debian's that lists its vulnerabilities as related, as the export did before it had `upstream`. */
function upstreamOf(id: string, upstream: readonly string[], related: readonly string[]): readonly string[] {
  if (upstream.length > 0 || !/^(DSA|DLA|DTSA)-/.test(id)) return upstream;
  return related.filter((name) => name.startsWith('CVE-'));
}

function affectedOf(one: z.infer<typeof AffectedShape>): Affected[] {
  // A record about commits only names no package; there is nothing to match it with.
  if (one.package === null || one.package === undefined) return [];
  const ranges = one.ranges.filter((range) => range.type === 'SEMVER' || range.type === 'ECOSYSTEM').map((range) => range.events.flat());
  return [
    {
      ecosystem: one.package.ecosystem,
      package: one.package.name,
      ranges,
      // Debian's export repeats its range as a list of every version that was ever uploaded.
      versions: one.package.ecosystem.startsWith('Debian') && ranges.length > 0 ? [] : one.versions,
      urgency: one.ecosystem_specific?.urgency ?? null,
      severity: one.severity,
    },
  ];
}

export function readOsv(text: string): OsvRecord | Rejected {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { rejected: 'is not JSON' };
  }
  const result = Shape.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    const place = (issue?.path ?? []).filter((part) => typeof part === 'string').join('.');
    return { rejected: `${place === '' ? 'the record' : place}: ${(issue?.message ?? 'does not fit').slice(0, 120)}` };
  }
  const record = result.data;
  return {
    id: record.id,
    modified: record.modified,
    published: record.published ?? null,
    withdrawn: record.withdrawn ?? null,
    aliases: record.aliases.filter((name) => name !== record.id),
    upstream: upstreamOf(record.id, record.upstream, record.related),
    summary: record.summary,
    details: record.details,
    references: [...new Set(record.references.map(({ url }) => url))].filter((url) => /^https?:\/\//.test(url)).slice(0, referencesMax),
    severity: record.severity,
    severityWord: record.database_specific?.severity ?? null,
    affected: record.affected.flatMap((one) => affectedOf(one)),
  };
}
