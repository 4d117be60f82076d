/**
 * A baseline as YAML, one line a behaviour, and back. What is written can be read again and is then the same; the head says for which workload and
 * image it is, how long it was watched and what may be missing, as comments that are not read. A text is refused whole with its problems by line
 * and column: half a baseline would call what is in the other half unexpected. Pure.
 */
import { Behaviour } from '@vedette/model/baseline';
import { baselineStates, executedOrigins, type BaselineState } from '@vedette/model/baseline-words';
import { z } from 'zod';
import { parseObjects, type PolicyProblem } from '../parse.ts';

export interface BaselineText {
  readonly name: string;
  readonly generation: number;
  readonly scope: { readonly cluster: string; readonly namespace: string; readonly workloadKind: string; readonly workload: string; readonly platformDigest: string; readonly image: string };
  readonly state: BaselineState;
  readonly behaviours: readonly Behaviour[];
  /** Sentences for the head. */
  readonly remarks: readonly string[];
}

const reserved = /^(?:true|false|yes|no|on|off|null|~|y|n)$/i;

function word(text: string | number): string {
  if (typeof text === 'number') return String(text);
  return /^[A-Za-z_/][A-Za-z0-9_./-]*$/.test(text) && !reserved.test(text) ? text : JSON.stringify(text);
}

function line(entries: readonly (readonly [string, string])[]): string {
  return `    - { ${entries.map(([key, value]) => `${key}: ${value}`).join(', ')} }`;
}

function lineOf(one: Behaviour): string {
  switch (one.kind) {
    case 'execution':
      return line([
        ['path', word(one.path)], ['arguments', one.arguments === null ? 'any' : `[${one.arguments.map(word).join(', ')}]`],
        ...(one.parent === '' ? [] : [['parent', word(one.parent)] as const]), ['user', word(one.user)], ...(one.origin === 'image' ? [] : [['origin', one.origin] as const]),
      ]);
    case 'file':
      return `    - ${word(one.path)}`;
    case 'peer':
      return line([['port', `${one.port === null ? 'any' : one.port}`], ['protocol', word(one.protocol)], ...(one.name === null ? [] : [['name', word(one.name)] as const]), ...(one.address === null ? [] : [['address', word(one.address)] as const])]);
    case 'capability':
      return `    - ${word(one.capability)}`;
    default:
      return one satisfies never;
  }
}

const sections: readonly { readonly key: string; readonly holds: (one: Behaviour) => boolean }[] = [
  { key: 'executions', holds: (one) => one.kind === 'execution' },
  { key: 'writes', holds: (one) => one.kind === 'file' },
  { key: 'connectsTo', holds: (one) => one.kind === 'peer' && one.direction === 'out' },
  { key: 'acceptsFrom', holds: (one) => one.kind === 'peer' && one.direction === 'in' },
  { key: 'listensOn', holds: (one) => one.kind === 'peer' && one.direction === 'listen' },
  { key: 'capabilities', holds: (one) => one.kind === 'capability' },
];

export function baselineYaml({ name, generation, scope, state, behaviours, remarks }: BaselineText): string {
  const head = remarks.map((one) => `# ${one.replaceAll(/\s+/g, ' ')}`);
  const body = sections.flatMap(({ key, holds }) => {
    const lines = behaviours.filter(holds).map(lineOf).sort();
    return lines.length === 0 ? [`  ${key}: []`] : [`  ${key}:`, ...lines];
  });
  return [
    ...head,
    'apiVersion: vedette.dev/v1alpha1',
    'kind: Baseline',
    'metadata:',
    `  name: ${word(name)}`,
    `  generation: ${generation}`,
    'scope:',
    ...Object.entries(scope).filter(([, value]) => value !== '').map(([key, value]) => `  ${key}: ${word(value)}`),
    `state: ${state}`,
    'spec:',
    ...body,
    '',
  ].join('\n');
}

const integer = z.string().regex(/^\d{1,10}$/, 'a whole number').transform(Number);
const Peer = z.strictObject({ port: z.union([z.literal('any').transform(() => null), integer]), protocol: z.string(), name: z.string().optional(), address: z.string().optional() });
const list = <T extends z.ZodType>(of: T) => z.array(of).max(10_000).nullish().transform((all) => all ?? []);

const Document = z.strictObject({
  apiVersion: z.literal('vedette.dev/v1alpha1'),
  kind: z.literal('Baseline'),
  metadata: z.strictObject({ name: z.string().max(400), generation: integer.optional() }),
  scope: z.strictObject({ cluster: z.string(), namespace: z.string(), workloadKind: z.string(), workload: z.string(), platformDigest: z.string(), image: z.string() }).partial().optional(),
  state: z.enum(baselineStates).optional(),
  spec: z.strictObject({
    executions: list(z.strictObject({
      path: z.string(),
      arguments: z.union([z.literal('any').transform(() => null), list(z.string())]),
      parent: z.string().default(''),
      user: integer,
      origin: z.enum(executedOrigins).default('image'),
    })),
    writes: list(z.string()),
    connectsTo: list(Peer),
    acceptsFrom: list(Peer),
    listensOn: list(Peer),
    capabilities: list(z.string()),
  }),
});
type Document = z.infer<typeof Document>;

function behavioursOf({ spec }: Document): unknown[] {
  const peers = (all: Document['spec']['connectsTo'], direction: string): unknown[] => all.map(({ name, address, ...one }) => ({ kind: 'peer', direction, ...one, name: name ?? null, address: address ?? null }));
  return [
    ...spec.executions.map((one) => ({ kind: 'execution', ...one })),
    ...spec.writes.map((path) => ({ kind: 'file', path })),
    ...peers(spec.connectsTo, 'out'), ...peers(spec.acceptsFrom, 'in'), ...peers(spec.listensOn, 'listen'),
    ...spec.capabilities.map((capability) => ({ kind: 'capability', capability })),
  ];
}

export interface ReadBaseline {
  readonly name: string;
  readonly generation: number | null;
  readonly platformDigest: string | null;
  readonly behaviours: readonly Behaviour[];
}

export function readBaseline(file: string, text: string): { readonly baseline: ReadBaseline | null; readonly problems: readonly PolicyProblem[] } {
  const { objects, problems } = parseObjects<Document, ReadBaseline>(file, text, {
    one: 'baseline',
    several: 'baselines',
    form: 'See the form of a baseline: export one with vedette baselines export.',
    shape: (plain) => Document.safeParse(plain),
    read(document) {
      const behaviours: Behaviour[] = [];
      for (const one of behavioursOf(document)) {
        const parsed = Behaviour.safeParse(one);
        if (parsed.success) behaviours.push(parsed.data);
        else return { object: null, faults: [{ path: ['spec'], offset: null, message: `${JSON.stringify(one).slice(0, 200)}: ${parsed.error.issues[0]?.message ?? 'not a behaviour'}`, advice: 'Correct this line.' }] };
      }
      const { name, generation } = document.metadata;
      return { object: { name, generation: generation ?? null, platformDigest: document.scope?.platformDigest ?? null, behaviours }, faults: [] };
    },
  });
  const [first, second] = objects;
  if (second !== undefined) return { baseline: null, problems: [{ file, line: 1, column: 1, message: 'the text holds more than one baseline', advice: 'Apply them one by one.', policy: null }] };
  if (first === undefined && problems.length === 0) return { baseline: null, problems: [{ file, line: 1, column: 1, message: 'the text holds no baseline', advice: 'Export one with vedette baselines export.', policy: null }] };
  return { baseline: problems.length > 0 ? null : (first ?? null), problems };
}
