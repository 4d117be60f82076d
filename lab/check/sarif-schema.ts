/** A SARIF log against the schema of SARIF 2.1.0 itself: what is wrong with it, nothing when it is valid. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
addFormats.default(ajv);
const isSarif = ajv.compile(JSON.parse(readFileSync(join(import.meta.dirname, 'sarif-2.1.0.schema.json'), 'utf8')) as object);

export function sarifProblems(log: unknown): readonly string[] {
  return isSarif(log) ? [] : (isSarif.errors ?? []).slice(0, 5).map((one) => `${one.instancePath} ${one.message ?? ''}`);
}
