/** Stored detections of a rule → a proposal as people see it: text to read, what it would have hidden, and on what that was tried. */
import type { NoiseProposalView } from '@vedette/model/api/noise';
import { backTest, type BackTested } from '@vedette/rules/noise/back-test';
import { exceptionsYaml, type NoiseException } from '@vedette/rules/noise/exception';
import { proposeExceptions } from '@vedette/rules/noise/propose';
import type { StoredDetection } from '@vedette/rules/noise/stored';
import type { StoredShape } from '../store/read-noise.ts';
import type { OwnRuleFile } from '../store/rule-files.ts';

/** Of each kind, confirmed and not. */
export const rowsMax = 20_000;
const samplesMax = 10;
const outputMax = 500;

/** Asked about single events, about several, or not among the rules of the hub. */
export type RuleForm = 'single' | 'several' | 'none';

export interface ProposalSource {
  readonly form: RuleForm;
  readonly rule: string;
  readonly since: Date;
  readonly until: Date;
  readonly noise: readonly StoredShape[];
  readonly confirmed: readonly StoredShape[];
  readonly incidents: { readonly incidents: number; readonly without: number };
  readonly lists: ReadonlySet<string>;
  readonly own: readonly OwnRuleFile[];
}

export function storedDetection(row: StoredShape): StoredDetection {
  return { eventClass: row.event_class ?? '', fields: row.fields, varied: row.varied, identityPending: row.identity_pending, inContainer: row.container_id !== null, count: row.count };
}

function sum(rows: readonly { readonly count: number }[]): number {
  return rows.reduce((total, one) => total + one.count, 0);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

const nothingTested: BackTested = { hidden: 0, kept: 0, undecided: 0, answers: [] };

export function proposalView(source: ProposalSource): NoiseProposalView {
  const { rule, since, until, incidents } = source;
  const [noise, confirmed] = [source.noise.map(storedDetection), source.confirmed.map(storedDetection)];
  const isCut = noise.length >= rowsMax;
  const canTest = confirmed.length < rowsMax && source.form === 'single';
  const exceptions = canTest ? proposeExceptions({ rule, noise, confirmed, lists: source.lists }) : [];
  const tested = exceptions.length === 0 ? { ...nothingTested, kept: sum(noise) } : backTest(rule, exceptions, noise);
  const base = { rule, detections: sum(noise), confirmed: sum(confirmed), days: Math.round((until.getTime() - since.getTime()) / 86_400_000), form: source.form, isConfirmedCut: confirmed.length >= rowsMax };
  const sentence = exceptions.length === 0 ? noneSentence(base) : testedSentence(base, tested, incidents.without);
  const samples = (of: 'hidden' | 'kept'): NoiseProposalView['samples']['kept'] => source.noise
    .filter((_, index) => (tested.answers[index] === 'hidden') === (of === 'hidden')).sort((a, b) => b.count - a.count).slice(0, samplesMax)
    .map((row) => ({ incident: String(row.incident_id), at: (row.last_at ?? row.at).toISOString(), count: row.count, output: row.output.slice(0, outputMax) }));
  return {
    rule,
    since: since.toISOString(),
    until: until.toISOString(),
    detections: base.detections,
    isCut,
    confirmed: base.confirmed,
    confirmedIncidents: incidents.incidents,
    confirmedNotStored: incidents.without,
    sentence,
    yaml: exceptions.length === 0 ? null : exceptionsYaml(rule, exceptions, [`Proposed from what ${rule} reported from ${since.toISOString().slice(0, 10)} to ${until.toISOString().slice(0, 10)}.`, sentence]),
    file: exceptions.length === 0 ? null : fileName(rule, exceptions),
    appliedAs: exceptions.length === 0 ? null : (source.own.find((one) => exceptions.every(({ name }) => new RegExp(`^\\s*- name: ${name}$`, 'm').test(one.content)))?.name ?? null),
    exceptions: exceptions.map((one) => ({ name: one.name, words: wordsOf(one), hidden: backTest(rule, [one], noise).hidden })),
    hidden: tested.hidden,
    kept: tested.kept,
    undecided: tested.undecided,
    samples: { hidden: exceptions.length === 0 ? [] : samples('hidden'), kept: samples('kept') },
  };
}

interface Base {
  readonly detections: number;
  readonly confirmed: number;
  readonly days: number;
  readonly form: RuleForm;
  readonly isConfirmedCut: boolean;
}

function testedSentence({ detections, confirmed, days }: Base, tested: BackTested, notStored: number): string {
  const spared = confirmed === 0 ? 'None of this rule was confirmed yet: confirm what was real, so that nothing like it is hidden.' : `It hides none of the ${number(confirmed)} confirmed.`;
  const unsure = tested.undecided === 0 ? '' : ` Of ${number(tested.undecided)} it cannot be said, for want of a value that was stored.`;
  const gone = notStored === 0 ? '' : ` ${number(notStored)} confirmed ${notStored === 1 ? 'incident has' : 'incidents have'} no stored detection any more: it could not be tried on ${notStored === 1 ? 'it' : 'them'}.`;
  return `Hides ${number(tested.hidden)} of ${number(detections)} detections of the last ${days === 1 ? 'day' : `${days} days`}. ${spared}${unsure}${gone}`;
}

const formSentences: Readonly<Record<Exclude<RuleForm, 'single'>, string>> = {
  several: 'This rule speaks of several events: an exception changes which of them count, and that cannot be tried on what was stored of the last one. Write it by hand, and try it with vedette rules test.',
  none: 'The hub has no rule of this name now: there is nothing that an exception could be added to.',
};

function noneSentence({ detections, days, form, isConfirmedCut }: Base): string {
  const time = days === 1 ? 'day' : `${days} days`;
  if (form !== 'single') return formSentences[form];
  if (isConfirmedCut) return `More than ${number(rowsMax)} rows of this rule are confirmed: too many to try an exception on. Judge incidents that were none as false positives.`;
  if (detections === 0) return `No detection of this rule that nobody confirmed is stored from the last ${time}.`;
  return `No exception is narrow enough: none that names a program and an image hides a part worth it of ${number(detections)} detections of the last ${time} without touching what was confirmed, or what is not known well enough.`;
}

function wordsOf({ atoms }: NoiseException): string {
  return atoms.map((one) => `${one.field} ${one.comparator === '=' ? 'is' : 'begins with'} ${one.value}`).join(', ');
}

function fileName(rule: string, exceptions: readonly NoiseException[]): string {
  const slug = rule.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 50);
  return `exceptions-${slug === '' ? 'rule' : slug}-${exceptions[0]?.name.slice(-8)}.yaml`;
}
