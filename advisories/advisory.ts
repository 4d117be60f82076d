/**
 * All that is known of one vulnerability, put together from every record about it: the words for people from the most precise
 * record that has any, the highest severity, the first publication and the last change. Records that only gather it with
 * others lend their words when nobody else has any; their severity is that of the worst of several and is not used.
 */
import { type Claim, canonicalOf, claimsOf, groupByNames } from './identity.ts';
import { type Rating, highest } from './severity.ts';

/** A record as the store keeps it. */
export interface StoredRecord {
  readonly id: string;
  /** The ecosystem whose feed brought it. */
  readonly feed: string;
  readonly modified: string;
  readonly published: string | null;
  readonly withdrawn: string | null;
  readonly aliases: readonly string[];
  readonly upstream: readonly string[];
  readonly summary: string;
  readonly details: string;
  readonly references: readonly string[];
  readonly rating: Rating;
}

export interface Advisory {
  readonly id: string;
  readonly aliases: readonly string[];
  /** The ids of all records that name it, also those that gather it with others. */
  readonly records: readonly string[];
  readonly summary: string | null;
  readonly details: string | null;
  readonly references: readonly string[];
  readonly rating: Rating;
  readonly published: string | null;
  readonly modified: string;
}

const referencesMax = 60;

/** Null: no record that still stands names it. Asked for by its own id, a gathering advisory is shown as itself. */
export function mergeRecords(id: string, records: readonly StoredRecord[]): Advisory | null {
  const claims = records
    .filter((record) => record.withdrawn === null)
    .flatMap((record) => claimsOf(record).map((claim) => ({ record, claim })));
  const group =
    groupByNames(claims, ({ claim }) => claim.names).find(({ names }) => names.has(id)) ??
    itself(id, records.filter((record) => record.withdrawn === null && record.id === id));
  if (group === null) return null;
  const precise = group.items.filter(({ claim }) => claim.precise).map(({ record }) => record);
  const gathering = group.items.filter(({ claim }) => !claim.precise).map(({ record }) => record);
  const ordered = [...precise.sort(byWords), ...gathering.sort(byWords)];
  const canonical = canonicalOf(group.names);
  const published = ordered.map((record) => record.published).filter((time) => time !== null);
  return {
    id: canonical,
    aliases: [...group.names].filter((name) => name !== canonical).sort(),
    records: [...new Set(ordered.map((record) => record.id))].sort(),
    summary: ordered.find((record) => record.summary !== '')?.summary ?? null,
    details: ordered.find((record) => record.details !== '')?.details ?? null,
    references: [...new Set(ordered.flatMap((record) => record.references))].slice(0, referencesMax),
    rating: highest(precise.map((record) => record.rating)),
    published: published.length === 0 ? null : published.reduce((first, time) => (time < first ? time : first)),
    modified: ordered.reduce((last, record) => (record.modified > last ? record.modified : last), ordered[0]!.modified),
  };
}

function itself(id: string, records: readonly StoredRecord[]): { items: { record: StoredRecord; claim: Claim }[]; names: Set<string> } | null {
  if (records.length === 0) return null;
  return { items: records.map((record) => ({ record, claim: { names: [id], precise: true } })), names: new Set([id]) };
}

/** GitHub's reviewed text first, then by id, so that the choice never depends on the order of the feeds. */
function byWords(a: StoredRecord, b: StoredRecord): number {
  const rank = (record: StoredRecord): number => (record.id.startsWith('GHSA-') ? 0 : 1);
  return rank(a) - rank(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
