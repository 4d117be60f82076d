/**
 * Stored facts of an image, kept checks of it, and what the sensor says of a process → station facts, put together by the same code that shows a chain
 * that was asked for just now. Pure. A known fact whose source did not answer the last time appears twice: as it is known, and as what is missing since.
 */
import { absent, known, unknown, wordsOf, type Answer, type Confidence, type SourceKind, type Station, type UnknownReason } from '@vedette/model/origin';
import type { ChainLinkView } from '@vedette/model/api/origin';
import { chainOf, sourceWords, type Link, type LinkValue, type StationFact } from '@vedette/origin/trace';
import type { CheckOfImage, LayerOfPackage, OriginFactShape } from '../store/origin-content.ts';
import type { PackageOfFile, TracedProcess } from '../store/read-origin.ts';
import { remedyFor } from './remedy.ts';

export function storedFacts(rows: readonly OriginFactShape[]): StationFact[] {
  return rows.flatMap((row) => {
    const fact: StationFact = {
      station: row.station as Station,
      source: { kind: row.source_kind as SourceKind, name: row.source_name },
      // written by keepLearned from the same type
      answer: row.answer as Answer<LinkValue>,
      confidence: row.confidence as Confidence,
      learnedAtMs: row.learned_at.getTime(),
    };
    if (row.refused === null || fact.answer.state === 'unknown') return [fact];
    return [fact, { ...fact, answer: unknown(row.refused.reason as UnknownReason, `${row.refused.detail} (what is shown was learned before)`), learnedAtMs: row.refused_at?.getTime() ?? fact.learnedAtMs }];
  });
}

function details(all: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (value === null || value === '' ? [] : [[key, value]])));
}

/** The newest check that names a commit, and the newest that names a run. The pipeline's words are its own claim: who handed them in is verified. */
export function checkFacts(checks: readonly CheckOfImage[]): StationFact[] {
  const facts: StationFact[] = [];
  const add = (station: Station, check: CheckOfImage, value: LinkValue): void => void facts.push({ station, source: { kind: 'check', name: check.pipeline }, answer: known(value), confidence: 'claimed', learnedAtMs: check.at.getTime() });
  const withCommit = checks.find((one) => one.commit !== null);
  if (withCommit?.commit != null) add('commit', withCommit, { text: withCommit.commit, names: { revision: [withCommit.commit] }, details: details({ repository: withCommit.repository, run: withCommit.run, handedInBy: withCommit.reported_by }) });
  const withRun = checks.find((one) => one.run !== null || one.run_url !== null);
  if (withRun !== undefined) {
    const text = `${withRun.repository === null ? '' : `${withRun.repository} `}run ${withRun.run ?? withRun.run_url ?? ''}`;
    add('build', withRun, { text, names: withRun.run_url === null ? {} : { run: [withRun.run_url] }, details: details({ run: withRun.run_url, principal: withRun.principal, verdict: withRun.verdict, handedInBy: withRun.reported_by }) });
  }
  if (checks.length === 0) return [];
  if (withCommit === undefined) facts.push({ station: 'commit', source: { kind: 'check', name: checks[0]!.pipeline }, answer: absent('the checks that are kept name no commit'), confidence: 'claimed', learnedAtMs: checks[0]!.at.getTime() });
  return facts;
}

export interface FileSubject {
  readonly process: TracedProcess | null;
  readonly path: string;
  /** undefined: not known. */
  readonly package: PackageOfFile | undefined;
  readonly layer: LayerOfPackage | undefined;
  readonly inContainer: boolean;
}

const originWords: Readonly<Record<string, string>> = {
  image: 'as it is in the image', modified: 'changed since the container started', dropped: 'not from the image: written while the container ran', memory: 'in memory only', volume: 'on a volume', unjudged: 'where it comes from was not judged', host: 'of the host itself',
};

/** Process, file, package and layer of one file. The layers of the image as a whole are left out: they do not say which. */
export function fileFacts(subject: FileSubject, nowMs: number): StationFact[] {
  const { process, path } = subject;
  const facts: StationFact[] = [];
  const sensor = { kind: 'sensor', name: process?.hostname ?? '' } as const;
  if (process !== null) {
    const at = process.started_at.getTime();
    facts.push({ station: 'process', source: sensor, answer: known({ text: `${process.command} (pid ${process.tgid})`, names: {}, details: details({ host: process.hostname, user: String(process.uid), started: process.started_at.toISOString() }) }), confidence: 'verified', learnedAtMs: at });
    if (process.path === path) facts.push({ station: 'file', source: sensor, answer: known({ text: process.path, names: {}, details: details({ origin: originWords[process.origin] ?? process.origin }) }), confidence: 'verified', learnedAtMs: at });
  }
  if (process === null || process.path !== path) facts.push({ station: 'file', source: { kind: 'inventory', name: '' }, answer: known({ text: path, names: {}, details: {} }), confidence: 'inferred', learnedAtMs: nowMs });
  facts.push(packageFact(subject, nowMs), layerFact(subject, nowMs));
  return facts;
}

const notFromImage = new Set(['dropped', 'memory', 'volume']);

function packageFact({ process, path, package: found, inContainer }: FileSubject, nowMs: number): StationFact {
  const isOwn = process === null || process.path !== path || !notFromImage.has(process.origin);
  let answer: Answer<LinkValue>;
  if (found !== undefined) answer = known({ text: `${found.name} ${found.version}`, names: {}, details: { ecosystem: found.ecosystem, known: found.how === 'evidence' ? 'a file of the package was seen in use' : 'the file lies in the folder of the package' } });
  else if (!isOwn) answer = absent(`${path} did not come with the image: ${originWords[process?.origin ?? ''] ?? 'it belongs to no package of it'}`);
  else answer = inContainer ? unknown('not-asked', `which package ${path} belongs to is not in the hub: it has not been seen in use as a package's file`) : unknown('unsupported', 'packages of the host itself are not read');
  return { station: 'package', source: { kind: 'inventory', name: '' }, answer, confidence: found?.how === 'folder' ? 'inferred' : 'verified', learnedAtMs: found?.at == null ? nowMs : new Date(found.at).getTime() };
}

function layerFact({ package: found, layer }: FileSubject, nowMs: number): StationFact {
  const source = { kind: 'check', name: '' } as const;
  if (layer !== undefined) return { station: 'layer', source, answer: known({ text: `layer ${layer.height} of ${layer.layers}`, names: { layer: [layer.digest] }, details: { digest: layer.digest } }), confidence: 'verified', learnedAtMs: layer.at.getTime() };
  const detail = found === undefined ? 'the package is not known, and so neither is the layer that brought it' : `which layer brought ${found.name} ${found.version} is known only from a check of the image, and none is kept`;
  return { station: 'layer', source, answer: unknown('not-asked', detail), confidence: 'verified', learnedAtMs: nowMs };
}

export interface ChainOptions {
  /** What a station that nobody was asked about says instead. */
  readonly silent?: Partial<Record<Station, string>>;
}

export function chainView(facts: readonly StationFact[], nowMs: number, options: ChainOptions = {}): ChainLinkView[] {
  return chainOf(facts, nowMs).links.map((link) => linkView(link, options.silent?.[link.station]));
}

function linkView(link: Link, silent: string | undefined): ChainLinkView {
  return {
    station: link.station,
    state: link.state,
    confidence: link.confidence,
    claims: link.claims.map(({ value, source, confidence, learnedAtMs, ageSeconds }) => ({ text: value.text, details: value.details, source: sourceWords(source), confidence, learnedAt: new Date(learnedAtMs).toISOString(), ageSeconds })),
    gaps: link.gaps.map(({ source, state, reason, detail }) => ({
      source: source === null ? null : sourceWords(source),
      state,
      reason,
      words: source === null && silent !== undefined ? silent : reason === null ? detail : `${wordsOf(reason)}: ${detail}`,
      action: reason === null ? null : remedyFor(reason, source?.kind ?? null),
    })),
    conflicts: [...link.conflicts],
    agreements: [...link.agreements],
  };
}

/** The strongest claim of a station in one line. */
export function headline(chain: readonly ChainLinkView[], station: Station): string | null {
  return chain.find((one) => one.station === station)?.claims[0]?.text ?? null;
}

