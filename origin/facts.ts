/** What registry, signatures and Artifactory answered → facts for the stations of the chain. Pure: times are given, nothing is asked. */
import { absent, known, mapAnswer, unknown, type Answer, type Confidence, type Source, type Station } from '@vedette/model/origin';
import type { SignatureFinding } from './cosign/verify.ts';
import type { Build, Commit } from './jfrog/build-info.ts';
import type { ManifestPlace } from './jfrog/manifest.ts';
import { digestsOf, type ImageFound } from './oci/image.ts';
import { platformWords } from './oci/manifest.ts';
import { formatReference } from './oci/reference.ts';
import type { LinkValue, StationFact } from './trace.ts';

function fact(station: Station, answer: Answer<LinkValue>, source: Source, confidence: Confidence, learnedAtMs: number): StationFact {
  return { station, answer, source, confidence, learnedAtMs };
}

function details(all: Readonly<Record<string, string | null | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (value == null || value === '' ? [] : [[key, value]])));
}

const labelOf = 'org.opencontainers.image.';

export function registryFacts(found: ImageFound, learnedAtMs: number): StationFact[] {
  const { reference, image, config, index } = found;
  const source: Source = { kind: 'registry', name: reference.registry };
  const name = `${reference.registry}/${reference.repository}`;
  const imageLink = mapAnswer(image, (one) => ({
    text: `${formatReference({ ...reference, digest: null, tag: reference.tag })}@${reference.digest ?? index?.digest ?? one.digest}`,
    names: { digest: digestsOf(found) },
    details: details({ index: index?.digest, image: one.digest, platform: config.state === 'known' ? platformWords(config.value.platform) : null, created: config.state === 'known' ? config.value.created : null }),
  }));
  const labels: Source = { kind: 'image-config', name: '' };
  return [
    fact('layer', mapAnswer(image, (one) => ({ text: one.layers.length === 1 ? '1 layer' : `${one.layers.length} layers`, names: {}, details: details({ highest: one.layers.at(-1)?.digest }) })), source, 'verified', learnedAtMs),
    fact('image', imageLink, source, 'verified', learnedAtMs),
    fact('registry', mapAnswer(image, () => ({ text: name, names: {}, details: {} })), source, 'verified', learnedAtMs),
    fact('commit', labelledCommit(config), labels, 'claimed', learnedAtMs),
  ];
}

function labelledCommit(config: ImageFound['config']): Answer<LinkValue> {
  if (config.state !== 'known') return config;
  const { labels } = config.value;
  const revision = labels[`${labelOf}revision`];
  if (revision === undefined || revision === '') return absent(`the image has no label ${labelOf}revision`);
  return known({ text: revision, names: { revision: [revision] }, details: details({ repository: labels[`${labelOf}source`] }) });
}

/** A signature that does not count leads to no signer; which it is, the verdicts say. */
export function signerFact(signature: SignatureFinding | null, learnedAtMs: number): StationFact {
  const source: Source = { kind: 'signature', name: '' };
  const { signer } = signature ?? { signer: null };
  let answer: Answer<LinkValue>;
  if (signature === null) answer = unknown('not-asked', 'the image could not be read');
  else if (signer !== null) answer = known({ text: `${signer.keyName} (key ${signer.fingerprint.slice(0, 16)}…)`, names: { key: [signer.fingerprint] }, details: details({ fingerprint: signer.fingerprint, form: signer.form, of: signer.subject, as: signer.reference, ...signer.annotations }) });
  else answer = signature.verdict === 'unknown' ? unknown(signature.reason ?? 'not-asked', signature.sentence) : absent(signature.sentence);
  return fact('signer', answer, source, 'verified', learnedAtMs);
}

/** `place`: the best of those that were found. */
export function artifactoryFacts(server: string, place: Answer<ManifestPlace>, build: Answer<Build>, learnedAtMs: number): StationFact[] {
  const store: Source = { kind: 'artifactory', name: server };
  const placeLink = mapAnswer(place, (one) => ({
    text: `${server}: ${one.repository}/${one.path}`,
    names: {},
    details: details({ repository: one.repository, path: `${one.path}/${one.name}`, pushedBy: one.createdBy, pushed: one.createdAtMs === null ? null : new Date(one.createdAtMs).toISOString() }),
  }));
  const info: Source = { kind: 'build-info', name: build.state === 'known' ? `${build.value.name} #${build.value.number}` : server };
  const confidence = build.state === 'known' ? build.value.confidence : 'recorded';
  return [
    fact('registry', placeLink, store, 'recorded', learnedAtMs),
    fact('build', mapAnswer(build, buildLink), info, confidence, learnedAtMs),
    fact('commit', build.state === 'known' ? mapAnswer(build.value.commits, commitLink) : build, info, confidence, learnedAtMs),
  ];
}

function buildLink(build: Build): LinkValue {
  const run = build.runUrl.state === 'known' ? build.runUrl.value : null;
  return {
    text: `${build.name} #${build.number}${build.confidence === 'claimed' ? ', which does not list this image' : ''}`,
    names: { build: [`${build.project === null ? '' : `${build.project}/`}${build.name} #${build.number}`], run: run === null ? [] : [run] },
    details: details({ run, principal: build.principal.state === 'known' ? build.principal.value : null, project: build.project, module: build.module, started: build.startedAtMs === null ? null : new Date(build.startedAtMs).toISOString() }),
  };
}

function commitLink(commits: readonly Commit[]): LinkValue {
  const [first] = commits;
  return { text: commits.map((one) => one.revision).join(', '), names: { revision: commits.map((one) => one.revision) }, details: details({ repository: first?.repository, branch: first?.branch, message: first?.message?.split('\n')[0] }) };
}
