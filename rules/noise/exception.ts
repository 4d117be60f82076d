/**
 * One exception of a rule as it is proposed: fields that must each have a value, or a directory that the file must be in.
 * Printed in the form that rule files have (an override that appends), so that it can be read, kept in a repository and
 * loaded by any engine of the language. Values that the language could read otherwise than as themselves are refused.
 */
import type { KeptField } from './stored.ts';

export interface Atom {
  readonly field: KeptField;
  /** `startswith` only for directories, with the slash behind them. */
  readonly comparator: '=' | 'startswith';
  readonly value: string;
}

export interface NoiseException {
  readonly rule: string;
  readonly name: string;
  /** All must hold. */
  readonly atoms: readonly Atom[];
}

const plainValue = /^[\w./:@%+~-]+(?: [\w./:@%+~-]+)*$/;
const valueLengthMax = 300;

/** `lists`: names that the language would put a list in for. */
export function isUsableValue(value: string, lists: ReadonlySet<string>): boolean {
  return value.length <= valueLengthMax && plainValue.test(value) && !value.split(/[^\w.-]+/).some((word) => lists.has(word)) && !lists.has(value);
}

/** The same atoms have the same name, whenever they are proposed. */
export function exceptionName(atoms: readonly Atom[]): string {
  const first = atoms.find((one) => one.field === 'proc.exepath') ?? atoms.find((one) => one.field === 'proc.name') ?? atoms[0];
  const word = (first?.value.split('/').findLast((part) => part !== '') ?? 'noise').toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '').slice(0, 40);
  return `noise_${word === '' ? 'any' : word}_${fnv1a(atoms.map((one) => `${one.field}\0${one.comparator}\0${one.value}`).join('\0'))}`;
}

function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** JSON strings are YAML; what needs no quotes has none. */
function scalar(text: string): string {
  return /^[A-Za-z/][\w./@+-]*$/.test(text) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(text) ? text : JSON.stringify(text);
}

/** `heading`: sentences that stand above it as a comment. */
export function exceptionsYaml(rule: string, exceptions: readonly NoiseException[], heading: readonly string[] = []): string {
  const lines = heading.map((line) => `# ${line.replace(/\s+/g, ' ')}`);
  lines.push(`- rule: ${JSON.stringify(rule)}`, '  exceptions:');
  for (const { name, atoms } of exceptions) {
    lines.push(
      `    - name: ${name}`,
      `      fields: [${atoms.map((one) => one.field).join(', ')}]`,
      `      comps: [${atoms.map((one) => scalar(one.comparator)).join(', ')}]`,
      '      values:',
      `        - [${atoms.map((one) => scalar(one.value)).join(', ')}]`,
    );
  }
  lines.push('  override:', '    exceptions: append');
  return `${lines.join('\n')}\n`;
}

/** Names of lists in rule files, without loading them: more than there are does no harm. */
export function listNames(texts: Iterable<string>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const text of texts) for (const [, name = ''] of text.matchAll(/^\s*(?:-\s+)?list:\s*["']?([^"'\s#]+)/gm)) names.add(name);
  return names;
}
