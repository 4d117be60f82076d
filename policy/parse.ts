/**
 * YAML text → policies or exceptions, several documents a file. Each document stands for itself: one that is not what it
 * should be is reported, with line, column and what to do, and the others are read; only a file that is not YAML is refused
 * whole. The shapes are the model's; what a policy means is checked by `check.ts`.
 */
import { Exception } from '@vedette/model/exception';
import { Policy } from '@vedette/model/policy';
import { fileCharactersMax, readDocuments, type Node } from '@vedette/rules/load/document';
import { checkPolicy, type CheckedPolicy, type PolicyFault } from './check.ts';

export interface PolicyProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
  /** Name of the policy, where it has one. */
  readonly policy: string | null;
}

export interface ParsedPolicies {
  readonly policies: readonly CheckedPolicy[];
  readonly problems: readonly PolicyProblem[];
}

const documentsMax = 500;

export interface ParsedExceptions {
  readonly exceptions: readonly Exception[];
  readonly problems: readonly PolicyProblem[];
}

export function parsePolicies(file: string, text: string): ParsedPolicies {
  const kind: Kind<Policy, CheckedPolicy> = {
    one: 'policy',
    several: 'policies',
    form: 'See the form of a policy: apiVersion vedette.dev/v1alpha1, kind Policy, metadata, spec.',
    shape: (plain) => Policy.safeParse(plain),
    read: (policy) => {
      const { checked, faults } = checkPolicy(policy);
      return { object: checked, faults };
    },
  };
  const { objects, problems } = parseObjects(file, text, kind);
  return { policies: objects, problems };
}

export function parseExceptions(file: string, text: string): ParsedExceptions {
  const kind: Kind<Exception, Exception> = {
    one: 'exception',
    several: 'exceptions',
    form: 'See the form of an exception: apiVersion vedette.dev/v1alpha1, kind Exception, metadata, spec with scope, reason, owner, approval, expiresAt.',
    shape: (plain) => Exception.safeParse(plain),
    read: (exception) => ({ object: exception, faults: [] }),
  };
  const { objects, problems } = parseObjects(file, text, kind);
  return { exceptions: objects, problems };
}

type Shaped<Object> = { readonly success: true; readonly data: Object } | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };

export interface Kind<Object, Read> {
  readonly one: string;
  readonly several: string;
  readonly form: string;
  shape(plain: unknown): Shaped<Object>;
  read(object: Object): { readonly object: Read | null; readonly faults: readonly PolicyFault[] };
}

export function parseObjects<Object extends { readonly metadata: { readonly name: string } }, Read>(file: string, text: string, kind: Kind<Object, Read>): { objects: Read[]; problems: PolicyProblem[] } {
  const { roots, problems: yaml } = readDocuments(file, text);
  const problems: PolicyProblem[] = yaml.map((one) => ({ ...one.place, message: one.message, advice: adviceOnYaml(one.code), policy: null }));
  const objects: Read[] = [];
  const names = new Set<string>();
  for (const root of roots.slice(0, documentsMax)) {
    if (root.kind === 'null') continue;
    const report = (faults: readonly PolicyFault[], name: string | null) => {
      for (const fault of faults) problems.push({ ...placeOf(root, fault), message: fault.message, advice: fault.advice, policy: name });
    };
    const repeated = repeatedKeys(root, []);
    report(repeated, nameOf(root));
    if (repeated.length > 0) continue;
    const shaped = kind.shape(plainOf(root));
    if (!shaped.success) {
      report(shaped.error.issues.flatMap((issue) => faultsOf(issue, kind.form)), nameOf(root));
      continue;
    }
    const { name } = shaped.data.metadata;
    const { object, faults } = kind.read(shaped.data);
    report(faults, name);
    if (names.has(name)) report([{ path: ['metadata', 'name'], offset: null, message: `two ${kind.several} of this file are called ${name}`, advice: `Give each ${kind.one} its own name.` }], name);
    else if (object !== null) objects.push(object);
    names.add(name);
  }
  const [extra] = roots.slice(documentsMax);
  if (extra !== undefined) problems.push({ ...extra.place, message: `a file holds at most ${documentsMax} documents`, advice: 'Use several files.', policy: null });
  return { objects, problems };
}

function adviceOnYaml(code: string): string {
  return code === 'file-too-large' ? `Use files of at most ${fileCharactersMax} characters.` : 'Correct the YAML.';
}

interface Issue {
  readonly code: string;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  readonly keys?: readonly string[];
}

function faultsOf(issue: Issue, form: string): readonly PolicyFault[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => ({ path: [...path, key], offset: null, message: `the key ${JSON.stringify(key.slice(0, 60))} is not known here`, advice: 'Remove it, or correct its name.' }));
  }
  const where = path.length === 0 ? 'the document' : path.join('.');
  return [{ path, offset: null, message: `${where}: ${issue.message}`, advice: form }];
}

function repeatedKeys(node: Node, path: readonly (string | number)[]): readonly PolicyFault[] {
  if (node.kind === 'list') return node.items.flatMap((item, index) => repeatedKeys(item, [...path, index]));
  if (node.kind !== 'map') return [];
  const seen = new Set<string>();
  return node.entries.flatMap((entry) => {
    const at = [...path, entry.key];
    const twice = seen.has(entry.key) ? [{ path: at, offset: null, message: `the key ${at.join('.')} is given twice`, advice: 'Keep one of them.' }] : [];
    seen.add(entry.key);
    return [...twice, ...repeatedKeys(entry.value, at)];
  });
}

/** All scalars are texts, as the model wants them. */
function plainOf(node: Node): unknown {
  switch (node.kind) {
    case 'null':
      return null;
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainOf);
    case 'map':
      return Object.fromEntries(node.entries.map((entry) => [entry.key, plainOf(entry.value)]));
    default:
      return node satisfies never;
  }
}

function nameOf(root: Node): string | null {
  const name = childOf(childOf(root, 'metadata'), 'name');
  return name?.kind === 'scalar' ? name.value.slice(0, 100) : null;
}

function childOf(node: Node | null, key: string | number): Node | null {
  if (node?.kind === 'map') return node.entries.find((entry) => entry.key === key)?.value ?? null;
  return node?.kind === 'list' ? (node.items[Number(key)] ?? null) : null;
}

/** The deepest place that the path leads to: a missing key is told at what lacks it. */
function placeOf(root: Node, fault: PolicyFault): { readonly file: string; readonly line: number; readonly column: number } {
  let node: Node = root;
  let place = root.place;
  for (const key of fault.path) {
    const entry = node.kind === 'map' ? node.entries.find((one) => one.key === key) : undefined;
    const child = childOf(node, key);
    if (child === null) break;
    place = entry?.keyPlace ?? child.place;
    node = child;
  }
  return fault.offset !== null && node.kind === 'scalar' ? node.locate(fault.offset) : place;
}
