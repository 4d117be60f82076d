/**
 * One rule file → its items, in order, and what the file requires of the engine. An item that is not well formed is
 * reported and left out; the rest of the file still counts. A file that asks for a newer engine, or for a plugin whose
 * events this engine does not supply, is refused as a whole.
 */
import { ruleProblem, type RuleProblem } from '../problems.ts';
import { readDocuments, type Node } from './document.ts';
import type { Item } from './item.ts';
import { MapReader } from './map-reader.ts';
import { readOverride } from './override.ts';
import { readRule } from './read-rule.ts';
import { requirePlugins } from './require-plugins.ts';
import { compareVersions, engineVersion, versionOf } from './version.ts';

export interface RuleFile {
  readonly name: string;
  readonly text: string;
}

export interface ReadFile {
  readonly items: readonly Item[];
  readonly problems: readonly RuleProblem[];
}

const identifier = /^[a-zA-Z]+[a-zA-Z0-9_]*$/;
const bareWord = /^[^()"'\s=,]+$/;
const itemsMax = 20_000;
const nameCharactersMax = 500;

export function readItems(file: RuleFile): ReadFile {
  const { roots, problems: yamlProblems } = readDocuments(file.name, file.text);
  const problems = [...yamlProblems];
  const items: Item[] = [];
  let refused = yamlProblems.some((one) => one.severity === 'error');
  for (const root of roots) {
    if (root.kind === 'null') continue;
    // A file of tests (`trial/tests.ts`) lies beside the rules it tests, and is none of them.
    if (root.kind === 'map' && root.entries.some((entry) => entry.key === 'tests')) continue;
    if (root.kind !== 'list') {
      problems.push(ruleProblem('item-invalid', 'a rule file is a list of items: rule, macro, list', root.place));
      continue;
    }
    for (const node of root.items) {
      if (node.kind === 'null') continue;
      if (items.length >= itemsMax) {
        problems.push(ruleProblem('too-many', `a file holds at most ${itemsMax} items`, node.place));
        return { items: [], problems };
      }
      const read = readItem(node);
      problems.push(...read.problems);
      if (read.item !== null) items.push(read.item);
      refused ||= read.refuseFile;
    }
  }
  return { items: refused ? [] : items, problems };
}

interface ReadItem {
  readonly item: Item | null;
  readonly problems: readonly RuleProblem[];
  readonly refuseFile: boolean;
}

function readItem(node: Node): ReadItem {
  if (node.kind !== 'map') {
    const problem = ruleProblem('item-invalid', 'each item must be a mapping with one of the keys rule, macro, list', node.place);
    return { item: null, problems: [problem], refuseFile: false };
  }
  const keys = node.entries.map((entry) => entry.key);
  const nameOf = (key: string): string | null => {
    const value = node.entries.find((entry) => entry.key === key)?.value;
    return value?.kind === 'scalar' ? value.value.slice(0, nameCharactersMax) : null;
  };
  const reader = new MapReader(node, keys.includes('rule') ? nameOf('rule') : null);
  let refuseFile = false;
  let item: Item | null = null;
  if (keys.includes('required_engine_version')) refuseFile = !requireEngine(reader);
  else if (keys.includes('required_plugin_versions')) refuseFile = !requirePlugins(reader);
  else if (keys.includes('list')) item = readList(reader);
  else if (keys.includes('macro')) item = readMacro(reader);
  else if (keys.includes('rule')) item = readRule(reader);
  else reader.report('item-unknown', 'this item is none of rule, macro, list; it has no effect');
  return { item: reader.failed ? null : item, problems: reader.problems, refuseFile };
}

function requireEngine(reader: MapReader): boolean {
  const text = reader.required('required_engine_version');
  reader.finish([]);
  if (text === null) return false;
  const wanted = versionOf(text);
  if (wanted === null) {
    reader.report('item-invalid', `${JSON.stringify(text.slice(0, 40))} is neither a number nor a version such as 0.57.0`);
    return false;
  }
  if (compareVersions(wanted, engineVersion) <= 0) return true;
  reader.report('engine-too-old', `the file requires version ${wanted.join('.')} of the rule language; this engine has ${engineVersion.join('.')}`);
  return false;
}

function readList(reader: MapReader): Item | null {
  const name = nameOf(reader, 'list', bareWord, 'without blanks, quotes, parentheses, = and commas');
  if (!reader.has('items')) reader.report('item-invalid', 'the key items is missing');
  const items = reader.words('items') ?? [];
  const mode = modeOf(reader, 'items');
  reader.finish([]);
  return name === null ? null : { kind: 'list', name, items, mode, place: reader.place };
}

function readMacro(reader: MapReader): Item | null {
  const name = nameOf(reader, 'macro', identifier, 'of letters, digits and underscores, beginning with a letter');
  if (!reader.has('condition')) reader.report('item-invalid', 'the key condition is missing');
  const condition = reader.text('condition');
  const mode = modeOf(reader, 'condition');
  reader.finish([]);
  return name === null || condition === null ? null : { kind: 'macro', name, condition, mode, place: reader.place };
}

function nameOf(reader: MapReader, key: string, pattern: RegExp, rule: string): string | null {
  const name = reader.required(key);
  if (name === null) return null;
  if (pattern.test(name) && name.length <= nameCharactersMax) return name;
  reader.report('item-invalid', `${JSON.stringify(name.slice(0, 60))} cannot be the name of a ${key}: a name is a word ${rule}`, reader.placeOf(key));
  return null;
}

/** `append: true` is the old way, `override: { <key>: append | replace }` the present one. */
function modeOf(reader: MapReader, key: 'items' | 'condition'): 'define' | 'append' | 'replace' {
  const append = reader.flag('append') === true;
  if (reader.has('append')) reader.report('deprecated', `append is deprecated: write override: { ${key}: append }`, reader.placeOf('append'));
  const override = readOverride(reader, [key], [key]);
  if (append && override.size > 0) reader.report('override-invalid', 'append and override cannot be used together', reader.placeOf('append'));
  return override.get(key)?.mode ?? (append ? 'append' : 'define');
}
