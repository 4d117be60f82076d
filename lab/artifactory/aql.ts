/**
 * AQL's items domain as the double answers it: find, include, sort, offset, limit. Rows that the caller may not read are left out without a
 * word; one who is no administrator must include repo, path and name; `range.total` counts what is returned and not what matches.
 */
import type { Item } from './content.ts';

export interface AqlAnswer {
  readonly status: number;
  readonly body: unknown;
}

const refused = (message: string): AqlAnswer => ({ status: 400, body: { errors: [{ status: 400, message }] } });
const defaults = ['repo', 'path', 'name', 'type', 'size', 'created', 'created_by', 'modified', 'modified_by', 'updated'];

/** SHA-1 of what a build made or used: that is how items and builds are joined. */
export type BuildFiles = (name: string, number: string | null, part: 'artifacts' | 'dependencies') => ReadonlySet<string>;

export interface AqlCaller {
  readonly admin: boolean;
  mayRead(repo: string): boolean;
}

export function answerAql(text: string, items: readonly Item[], caller: AqlCaller, buildFiles: BuildFiles = () => new Set()): AqlAnswer {
  const match = /^items\.find\((.*?)\)((?:\.(?:include|sort|offset|limit|distinct)\([^()]*\))*)$/s.exec(text.trim());
  if (match === null) return refused('Failed to parse query: it looks like there is syntax error near the following sub-query');
  let criteria: unknown;
  const calls = new Map<string, string>();
  try {
    // JFrog's own clients repeat $and and $or in one object, and each counts
    let repeated = 0;
    criteria = JSON.parse((match[1] || '{}').replaceAll(/"(\$and|\$or)"(?=\s*:)/g, (_, name: string) => `"${name}#${(repeated += 1)}"`));
  } catch {
    return refused('Failed to parse query');
  }
  for (const [, name = '', argument = ''] of (match[2] ?? '').matchAll(/\.(\w+)\(([^()]*)\)/g)) calls.set(name, argument);
  const include = calls.has('include') ? [...calls.get('include')!.matchAll(/"([^"]+)"/g)].map((one) => one[1]!) : defaults;
  if (!caller.admin && !['repo', 'path', 'name'].every((one) => include.includes(one))) return refused('For permissions reasons AQL demands the following fields: repo, path and name.');
  const offset = Number(calls.get('offset') ?? 0);
  const limit = Number(calls.get('limit') ?? 1000);
  const found = items.filter((one) => caller.mayRead(one.repo) && matches(one, criteria, buildFiles));
  const rows = sorted(found, calls.get('sort') ?? null).slice(offset, offset + limit);
  return { status: 200, body: { results: rows.map((one) => rowOf(one, include)), range: { start_pos: offset, end_pos: offset + rows.length, total: rows.length, ...(calls.has('limit') ? { limit } : {}) } } };
}

function rowOf(item: Item, include: readonly string[]): Record<string, unknown> {
  const all: Record<string, unknown> = {
    repo: item.repo, path: item.path, name: item.name, type: 'file', size: item.size, created: item.created.toISOString(), created_by: item.createdBy, modified: item.created.toISOString(), modified_by: item.createdBy,
    updated: item.created.toISOString(), sha256: item.sha256, actual_sha1: item.sha1, actual_md5: item.md5,
  };
  const row = Object.fromEntries(Object.entries(all).filter(([key]) => include.includes(key) || include.includes('*')));
  // an item without properties has no such field at all
  if (include.includes('property') && item.properties.size > 0) row['properties'] = [...item.properties].flatMap(([key, values]) => values.map((value) => ({ key, value })));
  return row;
}

/** `.sort({"$desc":["created"]})` */
function sorted(items: readonly Item[], sort: string | null): readonly Item[] {
  const [, direction = '', fields = ''] = /"\$(asc|desc)"\s*:\s*\[([^\]]*)\]/.exec(sort ?? '') ?? [];
  const keys = [...fields.matchAll(/"([^"]+)"/g)].map((one) => one[1]!);
  if (keys.length === 0) return items;
  const key = (item: Item) => keys.map((one) => valueOf(item, one)).join('\0');
  return items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1) * (direction === 'desc' ? -1 : 1));
}

function matches(item: Item, criteria: unknown, buildFiles: BuildFiles): boolean {
  const entries = Object.entries(criteria as Record<string, unknown>);
  return entries.every(([key, value]) => {
    if (key.startsWith('$and#')) return (value as unknown[]).every((one) => matches(item, one, buildFiles));
    if (key.startsWith('$or#')) return (value as unknown[]).some((one) => matches(item, one, buildFiles));
    // there are no folders of their own here: what is any is a file
    if (key === 'type' && value === 'any') return true;
    const [, part, field] = /^(artifact|dependency)\.module\.build\.(name|number)$/.exec(key) ?? [];
    if (field === 'number') return true;
    if (field === 'name') {
      const number = (criteria as Record<string, unknown>)[`${part}.module.build.number`];
      return buildFiles(String(value), number === undefined ? null : String(number), part === 'artifact' ? 'artifacts' : 'dependencies').has(item.sha1);
    }
    const found = key.startsWith('@') ? (item.properties.get(key.slice(1)) ?? []) : [valueOf(item, key)];
    return found.some((one) => fits(one, value));
  });
}

function valueOf(item: Item, field: string): string {
  const fields: Record<string, string> = { repo: item.repo, path: item.path, name: item.name, type: 'file', sha256: item.sha256, actual_sha1: item.sha1, created: item.created.toISOString(), created_by: item.createdBy, size: String(item.size), modified: item.created.toISOString() };
  return fields[field] ?? '';
}

function fits(found: string, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return found === String(wanted);
  const glob = (pattern: string) => new RegExp(`^${pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return Object.entries(wanted).every(([operator, operand]) => {
    const value = String(operand);
    switch (operator) {
      case '$eq': return found === value;
      case '$ne': return found !== value;
      case '$match': return glob(value).test(found);
      case '$nmatch': return !glob(value).test(found);
      case '$gt': return found > value;
      case '$gte': return found >= value;
      case '$lt': return found < value;
      case '$lte': return found <= value;
      default: return false;
    }
  });
}
