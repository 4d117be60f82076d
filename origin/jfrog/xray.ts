/**
 * What Xray says of a digest: issues and violations as facts. Three answers look like "nothing found" and are not: an artifact in `errors`, one without issues
 * because it was never scanned, and a page that holds less than the total. The first two become unknown unless the status says that the scan is
 * done, the third is half an answer. One reader takes both spellings of paths and scores.
 */
import { z } from 'zod';
import type { ImageDigest } from '@vedette/model/ids';
import { known, unknown, type Answer, type Unknown } from '@vedette/model/origin';
import { plain } from '../ask/plain.ts';
import type { ManifestPlace } from './manifest.ts';
import type { Platform } from './platform.ts';

export interface XrayComponent {
  readonly type: string;
  readonly name: string;
  readonly version: string | null;
}

export interface XrayIssue {
  readonly id: string;
  readonly severity: string;
  readonly summary: string;
  readonly cves: readonly { readonly name: string | null; readonly score: number | null; readonly vector: string | null }[];
  readonly components: readonly { readonly component: XrayComponent; readonly fixedIn: readonly string[] }[];
  readonly impactPaths: readonly string[];
  /** What contextual analysis says, in its own words; null: nothing. */
  readonly applicability: string | null;
}

export interface XrayViolation {
  readonly id: string;
  readonly issueId: string;
  readonly type: string;
  readonly severity: string;
  readonly watch: string;
  readonly policies: readonly string[];
  readonly createdAt: string | null;
}

const text = z.string().max(16_384);
const words = z.union([text, z.array(text)]).nullish().transform((one) => (one == null ? [] : Array.isArray(one) ? one : [one]));
const texts = z.array(text).nullish().transform((all) => all ?? []);
/** In the summary: "9.8/CVSS:3.1/…" under one name; in a graph: two fields. */
const cve = z.object({ cve: text.nullish(), cvss_v2: text.nullish(), cvss_v3: text.nullish(), cvss_v3_score: z.union([text, z.number()]).nullish(), cvss_v3_vector: text.nullish() }).transform((one) => {
  const joined = /^(\d{1,2}(?:\.\d)?)\/(.+)$/.exec(one.cvss_v3 ?? one.cvss_v2 ?? '');
  const score = one.cvss_v3_score ?? joined?.[1] ?? one.cvss_v3;
  return { name: one.cve ?? null, score: score == null || score === '' || Number.isNaN(Number(score)) ? null : Number(score), vector: one.cvss_v3_vector ?? joined?.[2] ?? null };
});
const issue = z.object({
  issue_id: text.nullish(),
  severity: text.nullish(),
  summary: text.nullish(),
  cves: z.array(cve).nullish(),
  components: z.array(z.object({ component_id: text, version: text.nullish(), fixed_versions: texts })).nullish(),
  impact_path: words,
  applicability_details: z.array(z.object({ result: text })).nullish(),
});
const summary = z.object({
  artifacts: z.array(z.object({ general: z.object({ sha256: text.nullish() }), issues: z.array(issue).max(100_000).nullish() })).nullish(),
  errors: z.array(z.object({ identifier: text.nullish(), error: text })).nullish(),
});
const statusAnswer = z.object({ overall: z.object({ status: text }) });
const violationPage = z.object({
  total_violations: z.number().int().min(0),
  violations: z.array(z.object({ violation_id: text.nullish(), issue_id: text.nullish(), type: text.nullish(), severity: text.nullish(), watch_name: text.nullish(), created: text.nullish(), matched_policies: z.array(z.object({ policy: text })).nullish() })).nullish().transform((all) => all ?? []),
});
const pageSize = 100;
const pagesMax = 20;

/** `npm://name:1.0`, `rpm://8:glibc:0:2.28-1`, `generic://sha256:…/name`: by the rules of JFrog's own tools. null: no such form. */
export function parseComponentId(id: string): XrayComponent | null {
  const parts = id.split('://');
  if (parts.length !== 2 || parts[0] === '') return null;
  const [type = '', rest = ''] = parts;
  if (type === 'generic') return { type, name: rest.slice(rest.lastIndexOf('/') + 1), version: null };
  if (type === 'rpm') {
    const [name, ...version] = rest.split(':').slice(-3);
    return version.length === 2 && name !== undefined ? { type, name, version: version.join(':') } : nameAndVersion(type, rest);
  }
  return nameAndVersion(type, rest);
}

function nameAndVersion(type: string, rest: string): XrayComponent {
  const colon = rest.lastIndexOf(':');
  return colon === -1 ? { type, name: rest, version: null } : { type, name: rest.slice(0, colon), version: rest.slice(colon + 1) };
}

/** `place`: where the digest lies; without it the status of a scan cannot be asked for. */
export async function findIssues(platform: Platform, digest: ImageDigest, place: ManifestPlace | null): Promise<Answer<readonly XrayIssue[]>> {
  const hex = digest.slice('sha256:'.length);
  const found = await platform.json({ method: 'POST', path: 'xray/api/v1/summary/artifact', body: { checksums: [hex] } }, summary);
  if ('why' in found) return found.why;
  const error = found.value.errors?.find((one) => one.identifier == null || one.identifier.includes(hex)) ?? null;
  if (error !== null) return unknown('not-scanned', `Xray says of ${digest}: ${plain(error.error)}`);
  const artifacts = (found.value.artifacts ?? []).filter((one) => one.general.sha256 == null || one.general.sha256 === hex);
  if (artifacts.length === 0) return unknown('not-scanned', `Xray knows nothing of ${digest}`);
  const issues = artifacts.flatMap((one) => one.issues ?? []).map(issueOf);
  if (place === null) return issues.length > 0 ? known(issues) : unknown('not-scanned', 'Xray lists no issues, and whether it has scanned the image cannot be asked without its path');
  const why = await unfinished(platform, place);
  // an unfinished scan may list some issues: what it lists is not all
  return why === null ? known(issues) : unknown(why.reason, `${issues.length === 0 ? 'Xray lists no issues' : `Xray lists ${issues.length} issues so far`}: ${why.detail}`);
}

/** Why the scan cannot be taken for whole; null: it is done. */
async function unfinished(platform: Platform, place: ManifestPlace): Promise<Unknown | null> {
  const found = await platform.json({ method: 'POST', path: 'xray/api/v1/artifact/status', body: { repo: place.repository, path: `${place.path}/${place.name}` } }, statusAnswer);
  if ('why' in found) return found.why;
  const { status } = found.value.overall;
  return status === 'DONE' ? null : unknown('not-scanned', `the scan's status is ${plain(status, 40)}`);
}

function issueOf(raw: z.infer<typeof issue>): XrayIssue {
  const results = (raw.applicability_details ?? []).map((one) => one.result);
  return {
    id: raw.issue_id ?? '',
    severity: raw.severity ?? 'Unknown',
    summary: plain(raw.summary ?? '', 500),
    cves: raw.cves ?? [],
    components: (raw.components ?? []).map((one) => ({ component: parseComponentId(one.component_id) ?? { type: '', name: one.component_id, version: one.version ?? null }, fixedIn: one.fixed_versions })),
    impactPaths: raw.impact_path,
    // one applicable component makes the issue so
    applicability: results.find((one) => one === 'applicable') ?? results[0] ?? null,
  };
}

export async function findViolations(platform: Platform, place: ManifestPlace): Promise<Answer<readonly XrayViolation[]>> {
  const out: XrayViolation[] = [];
  for (let page = 1; page <= pagesMax; page += 1) {
    const body = { filters: { resources: { artifacts: [{ repo: place.repository, path: `${place.path}/${place.name}` }] } }, pagination: { limit: pageSize, offset: page, order_by: 'created', direction: 'asc' } };
    const found = await platform.json({ method: 'POST', path: 'xray/api/v1/violations', body }, violationPage);
    if ('why' in found) return found.why;
    const { total_violations: total, violations } = found.value;
    out.push(
      ...violations.map((one) => ({ id: one.violation_id ?? '', issueId: one.issue_id ?? '', type: one.type ?? '', severity: one.severity ?? 'Unknown', watch: one.watch_name ?? '', policies: (one.matched_policies ?? []).map((policy) => policy.policy), createdAt: one.created ?? null })),
    );
    if (out.length >= total) return out.length === 0 ? await noneIfScanned(platform, place) : known(out);
    if (violations.length === 0 || page === pagesMax) return unknown('incomplete', `Xray says that there are ${total} violations and lists ${out.length}`);
  }
  return unknown('incomplete', 'Xray lists violations without end');
}

async function noneIfScanned(platform: Platform, place: ManifestPlace): Promise<Answer<readonly XrayViolation[]>> {
  const why = await unfinished(platform, place);
  return why === null ? known([]) : unknown(why.reason, `Xray lists no violations: ${why.detail}`);
}
