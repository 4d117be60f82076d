/**
 * The test of an integration: asks for real what the hub would ask, and says question by question what was answered and what to do. A registry is asked
 * whether it lets us in and for one image of it that is known here; Artifactory for its version, a manifest and builds; Xray for its version and a
 * digest that nobody has. Nothing is changed anywhere.
 */
import type { IntegrationTestView } from '@vedette/model/api/origin';
import { wordsOf, type Answer, type SourceKind, type Unknown } from '@vedette/model/origin';
import type { Platform as JfrogPlatform } from '@vedette/origin/jfrog/platform';
import { parseReference } from '@vedette/origin/oci/reference';
import { z } from 'zod';
import type { IntegrationRow } from '../store/integrations.ts';
import { remedyFor } from './remedy.ts';
import type { Sources } from './sources.ts';

type Asked = IntegrationTestView['asked'][number];

/** `sample`: an image of the registry that is known here. */
export async function testIntegration(row: IntegrationRow, sources: Sources, sample: string | null, now: Date): Promise<IntegrationTestView> {
  const problem = sources.problems.get(row.name);
  const asked = problem !== undefined ? [refusal('whether it can be used as it is stored', problem)] : await questions(row, sources, sample);
  return testOf(asked, now);
}

export function testOf(asked: Asked[], now: Date): IntegrationTestView {
  const failed = asked.filter((one) => !one.ok);
  const sentence = failed.length === 0 ? 'It works.' : `${failed.length === asked.length ? 'It does not work' : 'It works in part'}: ${failed[0]!.words}`;
  return { at: now.toISOString(), ok: failed.length === 0, sentence, asked };
}

function refusal(question: string, words: string): Asked {
  return { question, ok: false, status: null, words, action: null };
}

async function questions(row: IntegrationRow, sources: Sources, sample: string | null): Promise<Asked[]> {
  switch (row.kind) {
    case 'registry': return askRegistry(row, sources, sample);
    case 'cosign-key': {
      const key = sources.keys.find((one) => one.key.name === row.name);
      return [{ question: 'whether the key can be read', ok: key !== undefined, status: null, words: key === undefined ? 'it cannot' : `ECDSA P-256, fingerprint ${key.key.fingerprint}`, action: null }];
    }
    case 'artifactory': {
      const found = sources.artifactories.get(row.name);
      return found === undefined ? [] : askArtifactory(found.platform);
    }
    case 'xray': {
      const found = sources.xrays.get(row.name);
      return found === undefined ? [] : askXray(found);
    }
    default: return [refusal('what it is', `${row.kind} is not a kind of integration that this hub knows`)];
  }
}

function ofAnswer<T>(question: string, answer: Answer<T>, source: SourceKind, words: (value: T) => string): Asked {
  switch (answer.state) {
    case 'known': return { question, ok: true, status: 200, words: words(answer.value), action: null };
    case 'absent': return { question, ok: false, status: 404, words: answer.detail, action: 'Look whether it was deleted, or whether these credentials may see it.' };
    case 'unknown': return ofUnknown(question, answer, source);
    default: return answer satisfies never;
  }
}

function ofUnknown(question: string, { reason, detail }: Unknown, source: SourceKind, status: number | null = null): Asked {
  return { question, ok: false, status: status ?? statusIn(detail), words: `${wordsOf(reason)}: ${detail}`, action: remedyFor(reason, source) };
}

/** The registry's own reader says the status in words. */
function statusIn(detail: string): number | null {
  const match = /(?:with |\()(\d{3})\b/.exec(detail);
  return match === null ? null : Number(match[1]);
}

async function askRegistry(row: IntegrationRow, sources: Sources, sample: string | null): Promise<Asked[]> {
  const host = String(row.settings['host']);
  const registry = sources.registries.get(host)?.registry;
  if (registry === undefined) return [];
  const asked = [ofAnswer(`GET /v2/ of ${host}: whether a registry is there and lets us in`, await registry.ping(), 'registry', () => (row.secret === null ? 'it lets us in without credentials' : 'it lets us in'))];
  const reference = sample === null ? null : parseReference(sample);
  if (reference === null || 'problem' in reference) return asked;
  const which = reference.digest ?? reference.tag ?? 'latest';
  const question = `the manifest ${which} of ${reference.repository}, which is known here`;
  const manifest = await registry.manifest(reference.repository, which);
  // Said in so many words it is an answer: what was checked in a pipeline need not have been pushed.
  asked.push(manifest.state === 'absent' ? { question, ok: true, status: 404, words: `it answers that it has none: ${manifest.detail}`, action: null } : ofAnswer(question, manifest, 'registry', (one) => `it is there: ${one.digest}`));
  return asked;
}

async function askJfrog<T>(platform: JfrogPlatform, question: string, source: SourceKind, call: Parameters<JfrogPlatform['json']>[0], schema: z.ZodType<T>, words: (value: T) => string): Promise<Asked> {
  const answer = await platform.json(call, schema);
  return 'why' in answer ? ofUnknown(question, answer.why, source, answer.status) : { question, ok: true, status: 200, words: words(answer.value), action: null };
}

const Version = z.object({ version: z.string().max(100) });
const XrayVersion = z.object({ xray_version: z.string().max(100) });

async function askArtifactory(platform: JfrogPlatform): Promise<Asked[]> {
  const aql = 'items.find({"type":"file","name":"manifest.json"}).include("repo","path","name").limit(1)';
  return [
    await askJfrog(platform, `the version of Artifactory at ${platform.name}`, 'artifactory', { method: 'GET', path: 'artifactory/api/system/version' }, Version, (one) => `Artifactory ${one.version}`),
    await askJfrog(platform, 'one manifest of an image, by AQL', 'artifactory', { method: 'POST', path: 'artifactory/api/search/aql', text: aql }, z.object({ results: z.array(z.unknown()) }), (one) => (one.results.length === 0 ? 'it answers, and shows this token no image' : 'it answers, and shows this token images')),
    await askJfrog(platform, 'which builds there are', 'artifactory', { method: 'GET', path: 'artifactory/api/build' }, z.object({ builds: z.array(z.unknown()).nullish() }), (one) => `${one.builds?.length ?? 0} builds`),
  ];
}

async function askXray(platform: JfrogPlatform): Promise<Asked[]> {
  return [
    await askJfrog(platform, `the version of Xray at ${platform.name}`, 'xray', { method: 'GET', path: 'xray/api/v1/system/version' }, XrayVersion, (one) => `Xray ${one.xray_version}`),
    await askJfrog(platform, 'the summary of a digest that nobody has', 'xray', { method: 'POST', path: 'xray/api/v1/summary/artifact', body: { checksums: ['0'.repeat(64)] } }, z.object({}), () => 'it answers this token'),
  ];
}
