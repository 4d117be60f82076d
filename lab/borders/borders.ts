/**
 * The borders of the architecture as a check over the sources: who may import whom, which packages are pure, which steps
 * never meet, who may use which third-party package, how long files and functions' files may be, what folders may not be
 * called. Works on import statements as text; returns every breach as a sentence with file and reason, empty when clean.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';

export const pure = ['model', 'rules', 'policy', 'link/protocol', 'web/view'] as const;
const packages = ['model', 'rules', 'capture', 'policy', 'inventory', 'advisories', 'origin', 'image', 'link', 'sensor', 'cluster', 'hub', 'web', 'cli', 'deploy', 'content', 'lab'] as const;
type PackageName = (typeof packages)[number];

/**
 * Which packages of ours each may import. `lab` crosses parts on purpose: it is where they are tested together. Content
 * is data, and its code is the tests of it.
 */
const mayUse: Record<PackageName, readonly PackageName[]> = {
  model: [],
  rules: ['model'],
  capture: ['rules'],
  policy: ['model', 'rules'],
  inventory: ['model'],
  advisories: ['model'],
  origin: ['model'],
  image: ['model', 'policy', 'inventory', 'advisories', 'origin'],
  link: ['model'],
  sensor: ['model', 'rules', 'policy', 'inventory', 'link'],
  cluster: ['model', 'rules', 'policy', 'link'],
  hub: ['model', 'rules', 'policy', 'inventory', 'advisories', 'origin', 'image', 'link'],
  web: ['model', 'rules', 'policy'],
  cli: ['model', 'rules', 'capture', 'policy', 'inventory', 'advisories', 'origin', 'image', 'link'],
  deploy: ['cli'],
  content: ['model', 'rules', 'policy'],
  lab: [...packages],
};

/** What every step of the cluster part stands on: the client of the API server, and the log. */
const clusterGround = ['kubernetes', 'log.ts'];

/** Parts with steps: a step imports no other step; only the named files know more than one. */
const steps: Partial<Record<PackageName, { readonly names: readonly string[]; readonly may?: Readonly<Record<string, readonly string[]>> }>> = {
  sensor: { names: ['probe', 'decode', 'enrich', 'detect', 'enforce', 'ship'] },
  cluster: { names: ['watch', 'relay', 'admit', 'enforce'], may: { watch: clusterGround, relay: clusterGround, admit: clusterGround, enforce: clusterGround } },
  origin: { names: ['ask', 'oci', 'cosign', 'jfrog'], may: { oci: ['ask'], cosign: ['oci'], jfrog: ['ask'] } },
  hub: { names: ['ingest', 'store', 'assess', 'trace', 'respond', 'api'], may: { ingest: ['store'], assess: ['store'], trace: ['store'], respond: ['store'], api: ['store'] } },
};

const forbiddenFolders = new Set(['common', 'core', 'shared', 'utils', 'helpers', 'lib', 'services', 'managers']);
const linesMax = 450;

/** Third-party packages and the one place (a folder, or a few where a contract crosses) that may import each. */
export const thirdParty: Readonly<Record<string, readonly string[]>> = {
  '@bufbuild/protobuf': ['model/wire', 'link', 'sensor', 'cluster', 'hub/ingest', 'hub', 'lab'],
  '@connectrpc/connect': ['link/transport', 'sensor/enrich/runtime', 'lab'],
  '@connectrpc/connect-node': ['link/transport', 'sensor/enrich/runtime', 'lab'],
  '@marcbachmann/cel-js': ['policy'],
  '@peculiar/x509': ['link/transport', 'lab/kubernetes'],
  '@tanstack/react-query': ['web'],
  '@vitejs/plugin-react': ['web'],
  'ae-cvss-calculator': ['advisories'],
  ajv: ['lab'],
  'ajv-formats': ['lab'],
  'axe-core': ['lab'],
  'fast-check': ['*.test.ts'],
  fastify: ['hub/api'],
  nodemailer: ['hub/respond'],
  pdfkit: ['hub/api/report'],
  pg: ['hub/store'],
  'playwright-core': ['lab'],
  react: ['web'],
  'react-dom': ['web'],
  re2js: ['rules'],
  semver: ['advisories'],
  vite: ['web', 'sensor/vite.config.ts'],
  yaml: ['rules', 'policy', 'cluster/kubernetes'],
  yauzl: ['advisories'],
  zod: ['model', 'inventory/oci', 'advisories', 'origin', 'policy', 'sensor', 'cluster', 'hub', 'cli', 'deploy', 'lab'],
};

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export function sourcesUnder(root: string): SourceFile[] {
  const out: SourceFile[] = [];
  const walk = (directory: string) => {
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (['node_modules', '.git', 'generated', 'fixture'].includes(entry.name)) continue;
        walk(path);
      } else if (/\.(ts|tsx)$/.test(entry.name)) {
        out.push({ path: path.split(sep).join('/'), text: readFileSync(join(root, path), 'utf8') });
      }
    }
  };
  for (const one of packages) walk(one);
  return out;
}

const importPattern = /^\s*(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

export function importsOf(text: string): string[] {
  return [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function packageOf(path: string): PackageName | null {
  const first = path.split('/')[0];
  return packages.find((one) => one === first) ?? null;
}

/** The file or folder inside the project that an import leads to; null for Node's own and third-party modules. */
function targetOf(from: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return normalize(join(dirname(from), specifier)).split(sep).join('/');
  return specifier.startsWith('@vedette/') ? specifier.slice('@vedette/'.length) : null;
}

function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

export function breaches(files: readonly SourceFile[]): string[] {
  const out: string[] = [];
  for (const file of files) {
    const owner = packageOf(file.path);
    if (owner === null) continue;
    const isTest = /\.test\.tsx?$/.test(file.path) || file.path.includes('/testing/');
    if (owner === 'content' && !isTest) out.push(`${file.path}: content is data and tests of it, never code that runs`);
    if (file.text.split('\n').length > linesMax + 1) out.push(`${file.path}: longer than ${linesMax} lines: it has more than one subject`);
    for (const folder of file.path.split('/').slice(0, -1)) {
      if (forbiddenFolders.has(folder)) out.push(`${file.path}: a folder called ${folder} says nothing about what is in it`);
    }
    for (const specifier of importsOf(file.text)) out.push(...breachesOf(file.path, owner, specifier, isTest));
  }
  return out;
}

function breachesOf(path: string, owner: PackageName, specifier: string, isTest: boolean): string[] {
  const target = targetOf(path, specifier);
  if (target === null) return foreignBreaches(path, specifier, isTest);
  const other = packageOf(target);
  if (other === null) return [`${path}: imports ${specifier}, which is outside of the packages`];
  if (other !== owner) {
    if (isTest && other === 'lab') return [];
    if (specifier.startsWith('.')) return [`${path}: reaches into ${other} by a relative path; import it by name`];
    if (!mayUse[owner].includes(other)) return [`${path}: ${owner} may not use ${other} (it may use ${mayUse[owner].join(', ') || 'no other package'})`];
    const purePlace = pure.find((one) => isUnder(path, one));
    if (purePlace !== undefined && !isTest && !pure.some((one) => isUnder(target, one))) return [`${path}: ${purePlace} is pure and may not use ${target}`];
    return [];
  }
  return isTest ? [] : stepBreaches(path, owner, target);
}

function stepBreaches(path: string, owner: PackageName, target: string): string[] {
  const inOwner = steps[owner];
  const from = path.split('/')[1] ?? '';
  const to = target.split('/')[1] ?? '';
  if (inOwner === undefined || from === to || !inOwner.names.includes(from) || path.split('/').length < 3) return purityBreaches(path, target);
  if (inOwner.may?.[from]?.includes(to) === true) return [];
  if (inOwner.names.includes(to)) return [`${path}: the step ${from} imports the step ${to}; steps meet only where the order is known`];
  return [`${path}: the step ${from} imports ${target}, which knows the order of the steps`];
}

function purityBreaches(path: string, target: string): string[] {
  const purePlace = pure.find((one) => isUnder(path, one));
  if (purePlace === undefined || isUnder(target, purePlace)) return [];
  return [`${path}: ${purePlace} is pure and may not use ${target}`];
}

function foreignBreaches(path: string, specifier: string, isTest: boolean): string[] {
  const isNode = specifier.startsWith('node:');
  if (isNode) {
    const purePlace = pure.find((one) => isUnder(path, one));
    return purePlace !== undefined && !isTest ? [`${path}: ${purePlace} is pure and may not use ${specifier}`] : [];
  }
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]!;
  const places = thirdParty[name];
  if (places === undefined) return [`${path}: ${name} is not in the table of third-party packages`];
  const allowed = places.some((one) => (one.startsWith('*') ? isTest && path.endsWith(one.slice(1)) : isUnder(path, one))) || (isTest && name === 'fast-check');
  return allowed ? [] : [`${path}: ${name} is imported only in ${places.join(', ')}`];
}

export function projectRoot(): string {
  return relative('', join(import.meta.dirname, '..', '..')) || '.';
}
