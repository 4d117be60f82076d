/**
 * Facts, verdicts and checks of images by the ids and digests that a scoped read gave. Content: it has no cluster, and is shown to nobody who has not
 * seen the image in a place of theirs.
 */
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';

const Fact = z.object({
  image_id: z.number(), station: z.string(), source_kind: z.string(), source_name: z.string(), answer: z.unknown(), confidence: z.string(), learned_at: z.date(),
  refused: z.object({ reason: z.string(), detail: z.string() }).nullable(), refused_at: z.date().nullable(),
});
export type OriginFactShape = z.infer<typeof Fact>;

export async function originFactsOf(db: Db, imageIds: readonly number[]): Promise<OriginFactShape[]> {
  return rows(db, Fact, 'select image_id, station, source_kind, source_name, answer, confidence, learned_at, refused, refused_at from origin_fact where image_id = any($1::bigint[]) order by image_id, station, source_kind', [imageIds]);
}

const Verdict = z.object({
  image_id: z.number(), kind: z.string(), state: z.string(), reason: z.string().nullable(), sentence: z.string(), action: z.string().nullable(), expected: z.string().nullable(),
  found: z.string().nullable(), since: z.date(), until: z.date().nullable(), checked_at: z.date(), unconfirmed: z.string().nullable(),
});
export type OriginVerdictShape = z.infer<typeof Verdict>;
const verdictColumns = 'image_id, kind, state, reason, sentence, action, expected, found, since, until, checked_at, unconfirmed';

export async function originVerdictsOf(db: Db, imageIds: readonly number[]): Promise<OriginVerdictShape[]> {
  return rows(db, Verdict, `select ${verdictColumns} from origin_verdict where image_id = any($1::bigint[]) and until is null`, [imageIds]);
}

export async function originVerdictHistory(db: Db, imageId: number, limit: number): Promise<OriginVerdictShape[]> {
  return rows(db, Verdict, `select ${verdictColumns} from origin_verdict where image_id = $1 and until is not null order by until desc, kind limit $2`, [imageId, limit]);
}

const Check = z.object({
  platform_digest: z.string(), index_digest: z.string().nullable(), reference: z.string().nullable(), repository: z.string().nullable(), commit: z.string().nullable(), run: z.string().nullable(),
  run_url: z.string().nullable(), principal: z.string().nullable(), pipeline: z.string(), verdict: z.string(), reported_by: z.string(), at: z.date(),
});
export type CheckOfImage = z.infer<typeof Check>;

/** Kept results of checks of any of the digests, the newest first. */
export async function checksOf(db: Db, digests: readonly string[]): Promise<CheckOfImage[]> {
  return rows(
    db,
    Check,
    `select platform_digest, index_digest, reference, repository, commit, run, run_url, principal, pipeline, verdict, reported_by, at from image_check
      where platform_digest = any($1) or index_digest = any($1) order by at desc, id desc limit 200`,
    [digests],
  );
}

const Layer = z.object({ digest: z.string(), height: z.number(), layers: z.number(), at: z.date() });
export type LayerOfPackage = z.infer<typeof Layer>;

/** Which layer brought a package, as the newest check of the image knows it. null digest is never answered: then nothing is. */
export async function layerOfPackage(db: Db, digests: readonly string[], one: { readonly ecosystem: string; readonly name: string; readonly version: string }): Promise<LayerOfPackage | undefined> {
  return firstRow(
    db,
    Layer,
    `select l.layer ->> 'digest' as digest, l.height::int as height, jsonb_array_length(c.layers)::int as layers, c.at
       from image_check c join inventory i on i.id = c.inventory_id cross join lateral jsonb_array_elements(c.layers) with ordinality l(layer, height)
      where (c.platform_digest = any($1) or c.index_digest = any($1)) and jsonb_typeof(l.layer -> 'packages') = 'array' and exists (
        select 1 from jsonb_array_elements_text(l.layer -> 'packages') at(position) join package p on p.id = i.packages[at.position::int + 1]
         where p.ecosystem = $2 and p.name = $3 and p.version = $4)
      order by c.at desc, l.height desc limit 1`,
    [digests, one.ecosystem, one.name, one.version],
  );
}
