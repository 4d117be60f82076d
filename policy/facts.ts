/**
 * The facts of one execution that policies speak about, and their names. A fact that is not known is null, which makes
 * what depends on it unknown; a fact that is known to be nothing (a container outside of Kubernetes has no namespace)
 * is an empty text. The names here are the whole environment of a condition and of a message.
 */
import { fileOrigins, type FileOrigin } from '@vedette/model/policy';
import { known, unknown, type FactType, type Vocabulary } from './vocabulary.ts';

export interface ContainerFacts {
  readonly id: string;
  readonly name: string | null;
  /** As it was named, with its tag: docker.io/library/nginx:1.27. */
  readonly image: string | null;
  /** sha256:… of the platform's image. */
  readonly digest: string | null;
  /** sha256:… of the multi-platform index it was taken from, where that is known. */
  readonly indexDigest?: string | null;
  readonly namespace: string | null;
  /** It only holds a pod's namespaces: its image is the node's choice and not the workload's. */
  readonly podSandbox?: boolean;
}

export interface ExecutionFacts {
  readonly origin: FileOrigin | null;
  /** Of the executed file, from the kernel. */
  readonly path: string | null;
  readonly uid: number | null;
  readonly arguments: readonly string[] | null;
  readonly parentPath: string | null;
}

export interface Facts {
  readonly execution: ExecutionFacts;
  readonly container: ContainerFacts;
}

export const unknownContainer: ContainerFacts = { id: '', name: null, image: null, digest: null, namespace: null };
export const unknownExecution: ExecutionFacts = { origin: null, path: null, uid: null, arguments: null, parentPath: null };

export const originFact = 'execution.file.origin';

/** Every fact by its name in conditions and messages. */
export const factNames = [
  originFact,
  'execution.file.path',
  'execution.file.name',
  'execution.uid',
  'execution.arguments',
  'execution.parent.path',
  'container.id',
  'container.name',
  'container.image',
  'container.digest',
  'container.namespace',
] as const;
export type FactName = (typeof factNames)[number];

export function factOf(facts: Facts, name: FactName): string | number | readonly string[] | null {
  const { execution, container } = facts;
  switch (name) {
    case 'execution.file.origin':
      return execution.origin;
    case 'execution.file.path':
      return execution.path;
    case 'execution.file.name':
      return execution.path === null ? null : execution.path.slice(execution.path.lastIndexOf('/') + 1);
    case 'execution.uid':
      return execution.uid;
    case 'execution.arguments':
      return execution.arguments;
    case 'execution.parent.path':
      return execution.parentPath;
    case 'container.id':
      return container.id === '' ? null : container.id;
    case 'container.name':
      return container.name;
    case 'container.image':
      return container.image;
    case 'container.digest':
      return container.digest;
    case 'container.namespace':
      return container.namespace;
    default:
      return name satisfies never;
  }
}

const typesOther: Readonly<Partial<Record<FactName, FactType>>> = { 'execution.uid': 'int', 'execution.arguments': 'list<string>' };

export const executionVocabulary: Vocabulary<Facts> = {
  roots: ['execution', 'container'],
  facts: factNames.map((name) => ({
    name,
    type: typesOther[name] ?? 'string',
    about: '',
    ...(name === originFact ? { words: { texts: fileOrigins, one: 'an origin', all: 'The origins are' } } : {}),
    read: (facts: Facts) => {
      const value = factOf(facts, name);
      return value === null ? unknown('') : known(value);
    },
  })),
  lists: [],
};
