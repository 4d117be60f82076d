import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { breaches, importsOf, projectRoot, sourcesUnder, thirdParty } from './borders.ts';

test('the sources keep the borders of the architecture', () => {
  const files = sourcesUnder(projectRoot());
  assert.ok(files.length > 100, `only ${files.length} files were found: the check would be over nothing`);
  assert.deepEqual(breaches(files), []);
});

test('a deliberately wrong import is reported', () => {
  const path = 'sensor/decode/wrong-import.ts';
  const text = readFileSync(join(projectRoot(), 'lab', 'borders', 'fixture', path), 'utf8');
  const found = breaches([{ path, text }]);
  assert.equal(found.length, 4, found.join('\n'));
  assert.match(found[0]!, /sensor may not use advisories/);
  assert.match(found[1]!, /the step decode imports the step enrich/);
  assert.match(found[2]!, /reaches into hub by a relative path/);
  assert.match(found[3]!, /fastify is imported only in hub\/api/);
});

test('each kind of breach is seen', () => {
  const cases: [path: string, text: string, expected: RegExp][] = [
    ['model/x.ts', `import { existsSync, readdirSync, readFileSync } from 'node:fs';`, /model is pure/],
    ['link/protocol/x.ts', `import { Client } from '../transport/client.ts';`, /link\/protocol is pure/],
    ['web/view/x.ts', `export * from '../pages/risk/page.tsx';`, /web\/view is pure/],
    ['hub/api/x.ts', `import { ingest } from '../ingest/ingest.ts';`, /the step api imports the step ingest/],
    ['hub/api/x.ts', `import { startHub } from '../main.ts';`, /knows the order/],
    ['rules/x.ts', `import x from 'left-pad';`, /not in the table/],
    ['rules/utils/x.ts', `export {};`, /says nothing/],
    ['cli/x.ts', `const { startHub } = await import('@vedette/hub/main');`, /cli may not use hub/],
    ['cli/x.ts', 'x\n'.repeat(500), /longer than/],
    ['sensor/ship/x.ts', `import { trace } from '@vedette/origin/trace';`, /sensor may not use origin/],
    ['origin/jfrog/x.ts', `import { openRegistry } from '../oci/registry.ts';`, /the step jfrog imports the step oci/],
    ['origin/oci/x.ts', `import { chainOf } from '../trace.ts';`, /knows the order/],
    ['content/rules/x.test.ts', `import { startHub } from '@vedette/hub/main';`, /content may not use hub/],
    ['content/rules/x.ts', `export {};`, /content is data/],
  ];
  for (const [path, text, expected] of cases) assert.match(breaches([{ path, text }]).join('\n'), expected, path);
});

test('what is allowed is not reported', () => {
  const cases: [path: string, text: string][] = [
    ['hub/ingest/x.ts', `import { query } from '../store/query.ts';`],
    ['hub/main.ts', `import { ingest } from './ingest/ingest.ts';`],
    ['sensor/pipeline.ts', `import { decode } from './decode/stream.ts';`],
    ['origin/cosign/x.ts', `import { openRegistry } from '../oci/registry.ts';`],
    ['cli/x.ts', `import { chainOf } from '@vedette/origin/trace';`],
    ['policy/x.ts', `import { regex } from '@vedette/rules/regex';`],
    ['content/rules/execution/x.test.ts', `import { loadRules } from '@vedette/rules/ruleset';`],
    ['sensor/x.host.test.ts', `import { PrivateContainerd } from '@vedette/lab/containers/containerd';`],
  ];
  for (const [path, text] of cases) assert.deepEqual(breaches([{ path, text }]), [], path);
});

test('imports are found in every form', () => {
  const text = `import a from 'a';\nimport type { B } from "b";\nexport { c } from 'c';\nimport 'd';\nimport {\n  e,\n  f,\n} from 'e';\nconst g = await import('node:path');\n// import h from 'h' in a comment is harmless\n`;
  assert.deepEqual(importsOf(text), ['a', 'b', 'c', 'd', 'e', 'node:path']);
});

/** Names of the first column of the table of third-party packages in docs/decisions.md. */
function decidedPackages(): Set<string> {
  const text = readFileSync(join(projectRoot(), 'docs', 'decisions.md'), 'utf8');
  const table = text.slice(text.indexOf('## Third-party packages'), text.indexOf('## Sensor'));
  return new Set([...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, names = '']) => names.split(', ')));
}

test('every third-party package has its line of reason, and no line is about one that is gone', () => {
  const decided = decidedPackages();
  assert.ok(decided.size > 15, 'the table was not found');
  const sources = sourcesUnder(projectRoot());
  const resolved = sources.flatMap((file) => [...file.text.matchAll(/\bresolve\('([@a-z][\w./@-]*)'\)/g)].map((one) => one[1] ?? ''));
  const imported = new Set([...sources.flatMap((file) => importsOf(file.text)), ...resolved].filter((one) => !/^(\.|node:|@vedette\/)/.test(one)).map((one) => one.split('/').slice(0, one.startsWith('@') ? 2 : 1).join('/')));
  for (const one of imported) assert.ok(decided.has(one), `${one} is imported and not in docs/decisions.md`);
  for (const one of Object.keys(thirdParty)) assert.ok(imported.has(one), `${one} is in the table of lab/borders and imported nowhere`);
});

test('what is installed is what was decided, in exact versions', () => {
  const decided = decidedPackages();
  const manifests = ['.', ...readdirSync(projectRoot())].map((one) => join(projectRoot(), one, 'package.json')).filter((one) => existsSync(one));
  assert.ok(manifests.length > 8);
  const installed = new Set<string>();
  for (const path of manifests) {
    const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>>;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, `${name} in ${path} has no exact version`);
      // types belong to the package that they describe
      if (!/^@(vedette|types)\//.test(name)) installed.add(name);
    }
  }
  for (const one of installed) assert.ok(decided.has(one), `${one} is installed and not in docs/decisions.md`);
  for (const one of decided) if (one !== 'Package' && one !== '---') assert.ok(installed.has(one), `${one} is in docs/decisions.md and not installed`);
});
