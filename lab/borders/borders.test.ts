import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { breaches, importsOf, projectRoot, sourcesUnder } from './borders.ts';

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
    ['model/x.ts', `import { readFileSync } from 'node:fs';`, /model is pure/],
    ['link/protocol/x.ts', `import { Client } from '../transport/client.ts';`, /link\/protocol is pure/],
    ['web/view/x.ts', `export * from '../pages/risk/page.tsx';`, /web\/view is pure/],
    ['hub/api/x.ts', `import { ingest } from '../ingest/ingest.ts';`, /the step api imports the step ingest/],
    ['hub/api/x.ts', `import { startHub } from '../main.ts';`, /knows the order/],
    ['rules/x.ts', `import x from 'left-pad';`, /not in the table/],
    ['rules/utils/x.ts', `export {};`, /says nothing/],
    ['cli/x.ts', `const { startHub } = await import('@vedette/hub/main');`, /cli may not use hub/],
    ['cli/x.ts', 'x\n'.repeat(500), /longer than/],
  ];
  for (const [path, text, expected] of cases) assert.match(breaches([{ path, text }]).join('\n'), expected, path);
});

test('what is allowed is not reported', () => {
  const cases: [path: string, text: string][] = [
    ['hub/ingest/x.ts', `import { query } from '../store/query.ts';`],
    ['hub/main.ts', `import { ingest } from './ingest/ingest.ts';`],
    ['sensor/pipeline.ts', `import { decode } from './decode/stream.ts';`],
    ['policy/x.ts', `import { regex } from '@vedette/rules/regex';`],
    ['sensor/x.host.test.ts', `import { PrivateContainerd } from '@vedette/lab/containers/containerd';`],
  ];
  for (const [path, text] of cases) assert.deepEqual(breaches([{ path, text }]), [], path);
});

test('imports are found in every form', () => {
  const text = `import a from 'a';\nimport type { B } from "b";\nexport { c } from 'c';\nimport 'd';\nimport {\n  e,\n  f,\n} from 'e';\nconst g = await import('node:path');\n// import h from 'h' in a comment is harmless\n`;
  assert.deepEqual(importsOf(text), ['a', 'b', 'c', 'd', 'e', 'node:path']);
});
