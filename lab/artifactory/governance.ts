/**
 * What people set up in Xray, in the double: watches, policies, ignore rules, reports. A second one of a name is a 409, an update that names the object is
 * refused (the name stands in the path), and the id of a new ignore rule has to be read out of a sentence.
 */
import { randomUUID } from 'node:crypto';
import type { Scan, XrayAnswer } from './xray.ts';

type Body = Record<string, unknown>;
const ok = (body: unknown, status = 200): XrayAnswer => ({ status, body });
const refused = (status: number, error: string): XrayAnswer => ({ status, body: { error } });

export class Governance {
  readonly watches = new Map<string, Body>();
  readonly policies = new Map<string, Body>();
  readonly ignoreRules = new Map<string, Body>();
  readonly #reports = new Map<string, string>();
  #lastReport = 0;

  /** null: no such call. */
  answer(method: string, path: string, body: Body, scans: ReadonlyMap<string, Scan>): XrayAnswer | null {
    const [, what = '', name] = /^\/xray\/api\/(v2\/watches|v2\/policies|v1\/ignore_rules)(?:\/(.+))?$/.exec(path) ?? [];
    switch (what) {
      case 'v2/watches': return named(this.watches, method, name, body, 'Watch', (one) => (one['general_data'] as Body | undefined) ?? {});
      case 'v2/policies': return named(this.policies, method, name, body, 'Policy', (one) => one);
      case 'v1/ignore_rules': return this.#ignoreRule(method, name, body);
      default: return this.#report(method, path, scans);
    }
  }

  #ignoreRule(method: string, id: string | undefined, body: Body): XrayAnswer | null {
    if (method === 'POST') {
      const made = randomUUID();
      this.ignoreRules.set(made, { ...body, id: made, author: 'admin', created: '2026-03-04T00:00:00Z', is_expired: false });
      return ok({ info: `Successfully added Ignore rule with id: ${made}` }, 201);
    }
    if (id === undefined) return method === 'GET' ? ok({ data: [...this.ignoreRules.values()], total_count: this.ignoreRules.size }) : null;
    const found = this.ignoreRules.get(id);
    if (found === undefined) return refused(404, 'Ignore rule not found');
    if (method === 'GET') return ok(found);
    this.ignoreRules.delete(id);
    return { status: 204, body: null };
  }

  #report(method: string, path: string, scans: ReadonlyMap<string, Scan>): XrayAnswer | null {
    const [, first, id] = /^\/xray\/api\/v1\/reports\/(\w+)(?:\/(\d+))?$/.exec(path) ?? [];
    if (first === undefined) return null;
    if (method === 'POST' && id === undefined) {
      this.#lastReport += 1;
      this.#reports.set(String(this.#lastReport), first);
      return ok({ report_id: this.#lastReport, status: 'pending' });
    }
    const kind = this.#reports.get(id ?? first);
    if (kind === undefined) return refused(404, 'Report not found');
    if (method === 'DELETE') return this.#reports.delete(first), ok({ info: 'report deleted successfully' });
    const rows = [...scans.values()].flatMap((one) => one.violations.map((violation) => ({ issue_id: violation.issue, severity: violation.severity, type: violation.type, watch_name: violation.watch, policies: [violation.policy] })));
    if (method === 'GET') return ok({ id: Number(first), name: 'lab', report_type: kind, status: 'completed', total_artifacts: scans.size, num_of_processed_artifacts: scans.size, progress: 100, number_of_rows: rows.length, author: 'admin' });
    return ok({ total_rows: rows.length, rows });
  }
}

function named(all: Map<string, Body>, method: string, name: string | undefined, body: Body, kind: string, head: (body: Body) => Body): XrayAnswer | null {
  if (name === undefined) {
    if (method === 'GET') return ok([...all.values()]);
    const made = String(head(body)['name'] ?? '');
    if (all.has(made)) return refused(409, `${kind} with name ${made} already exists`);
    all.set(made, body);
    return ok({ info: `${kind} created successfully` }, 201);
  }
  const found = all.get(name);
  if (found === undefined) return refused(404, `Failed to find ${kind.toLowerCase()} ${name}`);
  switch (method) {
    case 'GET': return ok(found);
    case 'DELETE': return all.delete(name), ok({ info: `${kind} was deleted successfully` });
    case 'PUT': {
      const given = head(body)['name'];
      if (kind === 'Watch' && given !== undefined && given !== '') return refused(400, 'the name of a watch cannot be updated');
      if (kind === 'Watch') head(body)['name'] = name;
      all.set(name, body);
      return ok({ info: `${kind} was updated successfully` });
    }
    default: return null;
  }
}
