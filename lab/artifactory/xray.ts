/**
 * Xray's half of the double: summary, status, violations, scans, ignore rules. An artifact that is not indexed comes back in `errors` inside a
 * 200, one that is being scanned comes back without issues, scans answer 202 before 200, `impact_path` is a list or a text,
 * a CVSS is "score/vector" in the summary and split in the graph, and the id of a new ignore rule stands inside a sentence.
 */
import { randomUUID } from 'node:crypto';
import { Governance } from './governance.ts';

export interface Issue {
  readonly id: string;
  readonly severity: string;
  readonly cves: readonly { readonly cve: string; readonly vector: string; readonly score: string }[];
  readonly component: string;
  readonly fixed: readonly string[];
  readonly applicable?: string;
}

export interface Scan {
  /** As `/artifact/status` says it. */
  status: 'NOT_SUPPORTED' | 'NOT_SCANNED' | 'PENDING' | 'SCANNING' | 'DONE' | 'PARTIAL' | 'FAILED';
  /** Known to the summary; otherwise it is in `errors`. */
  indexed: boolean;
  issues: readonly Issue[];
  violations: readonly { readonly watch: string; readonly policy: string; readonly issue: string; readonly severity: string; readonly type: string }[];
}

export interface XrayAnswer {
  readonly status: number;
  readonly body: unknown;
}

export class Xray {
  /** By sha256, hex. */
  readonly scans = new Map<string, Scan>();
  readonly #polls = new Map<string, number>();
  /** How often a scan answers 202 before it answers 200. */
  pollsUntilDone = 2;
  impactPath: 'list' | 'text' = 'list';
  readonly governance = new Governance();
  readonly entitled = new Set(['contextual_analysis']);
  /** Violations on one page at most, whatever is asked for. */
  pageMax = 100;

  /** `where`: sha256 of `<repo>/<path>`. null: no such call. */
  answer(method: string, path: string, body: Record<string, unknown>, where: (repo: string, path: string) => string | null, query: URLSearchParams = new URLSearchParams()): XrayAnswer | null {
    if (path === '/xray/api/v1/system/version') return { status: 200, body: { xray_version: '3.131.20', xray_revision: 'double' } };
    if (method === 'POST' && /^\/xray\/api\/v[12]\/summary\/artifact$/.test(path)) return this.#summary(body, where);
    if (method === 'POST' && path === '/xray/api/v1/artifact/status') return this.#status(body, where);
    if (method === 'POST' && path === '/xray/api/v1/violations') return this.#violations(body, where);
    if (path === '/xray/api/v1/configuration/jas') return { status: 200, body: { enable_token_validation_scanning: true } };
    const feature = /^\/xray\/api\/v1\/entitlements\/feature\/(\w+)$/.exec(path)?.[1];
    if (feature !== undefined) return { status: 200, body: { feature_id: feature, entitled: this.entitled.has(feature) } };
    if (method === 'POST' && path === '/xray/api/v1/summary/component') return this.#components(body);
    if (method === 'GET' && path === '/xray/api/v1/details/build') return this.#details(query);
    if (method === 'POST' && path === '/xray/api/v1/binMgr/builds') return { status: 200, body: { info: 'builds were added to indexing configuration' } };
    if (method === 'POST' && path === '/xray/api/v2/ci/build/scanResult') return this.#later(`build ${String(body['build_name'])}/${String(body['build_number'])}`, { status: 'completed', more_details_url: '', fail_build: false, violations: [], vulnerabilities: [] });
    if (method === 'POST' && path === '/xray/api/v2/ci/build') return { status: 200, body: { info: 'Build scan was sent' } };
    if (method === 'GET' && path.startsWith('/xray/api/v2/ci/build/')) return this.#later(path, { status: 'completed', more_details_url: '', fail_build: false, violations: [], vulnerabilities: [] });
    if (method === 'POST' && path === '/xray/api/v1/scan/graph') return { status: 201, body: { scan_id: randomUUID() } };
    if (method === 'GET' && path.startsWith('/xray/api/v1/scan/graph/')) return this.#later(path, this.#graph(path.split('/').at(-1)!));
    return this.governance.answer(method, path, body, this.scans);
  }

  #later(path: string, body: unknown): XrayAnswer {
    const polls = (this.#polls.get(path) ?? 0) + 1;
    this.#polls.set(path, polls);
    return polls > this.pollsUntilDone ? { status: 200, body } : { status: 202, body: { progress_percentage: 10 * polls } };
  }

  #summary(body: Record<string, unknown>, where: (repo: string, path: string) => string | null): XrayAnswer {
    const asked = [
      ...((body['checksums'] as string[] | undefined) ?? []).map((sha256) => ({ identifier: sha256, sha256 })),
      ...((body['paths'] as string[] | undefined) ?? []).map((one) => ({ identifier: one, sha256: where(one.split('/')[1] ?? '', one.split('/').slice(2).join('/')) ?? '' })),
    ];
    const artifacts: unknown[] = [];
    const errors: unknown[] = [];
    for (const { identifier, sha256 } of asked) {
      const scan = this.scans.get(sha256);
      if (scan === undefined || !scan.indexed) errors.push({ identifier, error: "Artifact doesn't exist or not indexed/cached in Xray" });
      else artifacts.push({ general: { component_id: 'web:1', name: 'web:1', path: 'default/docker-local/web/1/', pkg_type: 'Docker', sha256, sha1: '', parent_sha256: [] }, issues: scan.issues.map((one) => this.#issue(one)), licenses: [] });
    }
    return { status: 200, body: { artifacts, errors } };
  }

  #components(body: Record<string, unknown>): XrayAnswer {
    const asked = ((body['component_details'] as { component_id: string }[] | undefined) ?? []).map((one) => one.component_id);
    const issues = [...this.scans.values()].flatMap((one) => one.issues);
    const artifacts = asked.map((id) => ({ general: { component_id: id, name: id, path: '', pkg_type: '', sha256: '', sha1: '', parent_sha256: [] }, issues: issues.filter((one) => one.component === id).map((one) => this.#issue(one)), licenses: [] }));
    return { status: 200, body: { artifacts, errors: [] } };
  }

  /** Not completed until it was asked for often enough: a 200 all the same. */
  #details(query: URLSearchParams): XrayAnswer {
    const [build_name, build_number] = [query.get('build_name') ?? '', query.get('build_number') ?? ''];
    const { status } = this.#later(`details ${build_name}/${build_number}`, null);
    return { status: 200, body: { build_name, build_number, project_key: query.get('project_key') ?? '', is_scan_completed: status === 200, components: [], error_details: { error_code: '', error_message: '' } } };
  }

  #issue(issue: Issue): unknown {
    const impact = `default/docker-local/web/1/sha256__abc.tar.gz/${issue.component}`;
    return {
      issue_id: issue.id, summary: `${issue.id} in ${issue.component}`, description: '', issue_type: 'security', severity: issue.severity, provider: 'JFrog', created: '2026-02-01T00:00:00.000Z',
      impact_path: this.impactPath === 'list' ? [impact] : impact,
      cves: issue.cves.map((one) => ({ cve: one.cve, cvss_v3: `${one.score}/${one.vector}`, cwe: [] })),
      components: [{ component_id: issue.component, fixed_versions: issue.fixed }],
      ...(issue.applicable === undefined ? {} : { applicability_details: [{ component_id: issue.component, source_comp_id: issue.component, vulnerability_id: issue.cves[0]?.cve ?? issue.id, result: issue.applicable }] }),
    };
  }

  #status(body: Record<string, unknown>, where: (repo: string, path: string) => string | null): XrayAnswer {
    const sha256 = where(String(body['repo']), String(body['path']));
    if (sha256 === null) return { status: 404, body: { error: 'Artifact not found' } };
    const status = this.scans.get(sha256)?.status ?? 'NOT_SCANNED';
    const at = { status, time: '2026-03-03T23:30:00Z' };
    return { status: 200, body: { overall: at, details: { sca: at, contextual_analysis: at, violations: at, exposures: { ...at, categories: {} } } } };
  }

  #violations(body: Record<string, unknown>, where: (repo: string, path: string) => string | null): XrayAnswer {
    const filters = body['filters'] as { resources?: { artifacts?: { repo: string; path: string }[] } } | undefined;
    const { limit = 25, offset = 1 } = (body['pagination'] ?? {}) as { limit?: number; offset?: number };
    const all = (filters?.resources?.artifacts ?? []).flatMap((one) => this.scans.get(where(one.repo, one.path) ?? '')?.violations ?? []);
    const size = Math.min(limit, this.pageMax);
    const page = all.slice((offset - 1) * size, offset * size).map((one) => ({
      issue_id: one.issue, violation_id: randomUUID(), type: one.type, watch_name: one.watch, severity: one.severity, created: '2026-03-03T23:31:00Z', description: `${one.issue} violates ${one.policy}`, summary: '',
      infected_components: [], impact_artifacts: [], matched_policies: [{ policy: one.policy, rule: 'rule-1', is_blocking: true }], properties: [],
    }));
    return { status: 200, body: { total_violations: all.length, violations: page } };
  }

  /** Another shape than the summary's: components by id, paths in paths, a CVSS split into its parts. */
  #graph(scanId: string): unknown {
    const issues = [...this.scans.values()].flatMap((one) => one.issues);
    return {
      scan_id: scanId, status: 'completed', component_id: 'root', package_type: 'docker',
      vulnerabilities: issues.map((one) => ({
        issue_id: one.id, summary: '', severity: one.severity, references: [], cves: one.cves.map(({ cve, score, vector }) => ({ cve, cvss_v3_score: score, cvss_v3_vector: vector })),
        components: { [one.component]: { fixed_versions: one.fixed, impact_paths: [[{ component_id: 'root' }, { component_id: one.component }]] } },
      })),
    };
  }
}
