/**
 * A policy at its three stages: its rules with what follows from each, and what it says of one image, with the facts that decided and what
 * to do. The image is one that a pipeline checked or that runs; the answer is the hub's, from what it knows today.
 */
import { useState, type ReactNode } from 'react';
import type { PolicyExplanationView, RuleResult } from '@vedette/model/api/checks';
import type { PolicyView } from '@vedette/model/api/views';
import type { PolicyStage } from '@vedette/model/policy';
import { useApi } from '../../data.ts';
import { BoneLines, Section } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Digest, Time } from '../../parts/text.tsx';
import { Link, useFilters } from '../../router.tsx';
import { plural } from '../../view/numbers.ts';
import { actionWord, factLine, stageOrder, stageSentences, stageWords, verdictWords } from '../../view/stage-words.ts';
import { hrefOf, text } from '../../view/url.ts';

export function StageMarks({ stages }: { readonly stages: readonly PolicyStage[] }): ReactNode {
  return <span className="stage-marks">{stageOrder.map((stage) => <span key={stage} className={`stage-mark${stages.includes(stage) ? ' is-on' : ''}`} title={stages.includes(stage) ? `${stageWords[stage]}: ${stageSentences[stage]}` : `It says nothing about ${stage}`}>{stageWords[stage]}</span>)}</span>;
}

export function StageRules({ policy }: { readonly policy: PolicyView }): ReactNode {
  return (
    <Section title="Stages">
      <ul className="stage-list">
        {stageOrder.map((stage) => {
          const rules = policy.rules.filter((rule) => rule.actions[stage] !== undefined);
          return (
            <li key={stage} className={rules.length === 0 ? 'is-silent' : ''} data-testid={`stage-${stage}`}>
              <span className="row-flow"><span className="strong">{stageWords[stage]}</span><span className="quiet small">{rules.length === 0 ? 'it says nothing here' : stageSentences[stage]}</span></span>
              {rules.map((rule) => (
                <span key={rule.name} className="stage-rule">
                  <span><span className="strong">{rule.name}</span> <span className="quiet">{actionWord(rule.actions[stage] ?? '')}</span></span>
                  <code className="mono">{rule.when}</code>
                  {rule.fix === null ? null : <span className="quiet">To mend: {rule.fix}</span>}
                </span>
              ))}
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

const filters = { image: text(200) };
const picksMax = 30;

/** On the policy's own page; the image is part of the address, so that an explanation can be sent to somebody. */
export function Explain({ policy }: { readonly policy: PolicyView }): ReactNode {
  const [{ image }, set] = useFilters(filters);
  const checks = useApi('listChecks', { query: { limit: picksMax } });
  const running = useApi('listContainers', { query: { limit: 200 } });
  if (!policy.stages.some((one) => one !== 'run')) return null;
  const picks = new Map<string, string>();
  for (const one of checks.data?.items ?? []) if (!picks.has(one.digest)) picks.set(one.digest, `${one.reference ?? one.digest} (checked)`);
  for (const one of running.data?.items ?? []) if (one.platformDigest !== null && !picks.has(one.platformDigest)) picks.set(one.platformDigest, `${one.image ?? one.platformDigest} (runs)`);
  return (
    <Section title="Explain" id="explain">
      <Pick picks={picks} image={image} isLoading={checks.data === undefined || running.data === undefined} onPick={(digest) => set({ image: digest }, { replace: true })} />
      {image === undefined ? null : <Explanation policy={policy.name} image={image} />}
    </Section>
  );
}

interface PickProps {
  readonly picks: ReadonlyMap<string, string>;
  readonly image: string | undefined;
  readonly isLoading: boolean;
  readonly onPick: (digest: string | undefined) => void;
}

function Pick({ picks, image, isLoading, onPick }: PickProps): ReactNode {
  const [typed, setTyped] = useState('');
  // The same in every state, so that nothing moves when the images are known.
  const first = isLoading ? 'Asking which images are known' : picks.size === 0 ? 'No image is known: none was checked with --hub, none runs' : 'Choose an image';
  return (
    <div className="explain-pick">
      <label><span className="label">Image</span>
        <select className="input" value={image ?? ''} onChange={(event) => onPick(event.target.value === '' ? undefined : event.target.value)} data-testid="explain-image">
          <option value="">{first}</option>
          {image !== undefined && !picks.has(image) ? <option value={image}>{image}</option> : null}
          {[...picks].map(([digest, name]) => <option key={digest} value={digest}>{name}</option>)}
        </select>
      </label>
      <form onSubmit={(event) => { event.preventDefault(); if (typed.trim() !== '') onPick(typed.trim()); }}>
        <label><span className="label">or a digest</span><input className="input mono" value={typed} placeholder="sha256:…" onChange={(event) => setTyped(event.target.value)} /></label>
      </form>
    </div>
  );
}

function Explanation({ policy, image }: { readonly policy: string; readonly image: string }): ReactNode {
  const { data, error, refetch } = useApi('explainPolicy', { params: { name: policy }, query: { image } });
  if (data === undefined) return error === null ? <BoneLines count={12} /> : <ProblemBox error={error} again={() => void refetch()} />;
  return (
    <div className="stack" data-testid="explanation">
      <p className="quiet">What is known of <span className="strong">{data.image.reference ?? 'an image without a name'}</span> <Digest digest={data.image.digest} /> {data.image.source === 'check' ? <>comes from its check in a pipeline, <Time at={data.image.checkedAt} />; advisories are today’s.</> : data.image.checkedAt === null ? 'comes from sensors that see it running; no pipeline has checked it.' : <>comes from sensors that see it running. A pipeline checked it <Time at={data.image.checkedAt} />.</>}</p>
      {data.stages.filter((one) => one.stage !== 'run').map((one) => (
        <div key={one.stage} className="explain-stage">
          <h3 className="strong">{stageWords[one.stage]}</h3>
          {one.says === null ? null : <p className="quiet">{one.says}</p>}
          {one.rules.map((rule) => <Verdict key={rule.rule} rule={rule} policy={policy} />)}
        </div>
      ))}
      <Facts image={data.image} />
    </div>
  );
}

function Verdict({ rule, policy }: { readonly rule: RuleResult; readonly policy: string }): ReactNode {
  const { word, look } = verdictWords(rule);
  return (
    <div className={`verdict is-${look}`} data-testid="verdict" data-answer={rule.answer}>
      <p><span className="verdict-word">{word}</span> <span className="quiet">{rule.rule}</span></p>
      <p>{rule.fact}</p>
      {rule.fix === null ? null : <p><span className="strong">To mend:</span> {rule.fix}</p>}
      {rule.exceptionsNotCounted.map((one) => <p key={one.exception} className="quiet">The exception {one.exception} does not count: {one.why}.</p>)}
      {rule.exceptions.length === 0 ? null : <p className="small"><Link to="/exceptions">See the exceptions</Link></p>}
      {rule.answer === 'broken' || rule.answer === 'unknown' ? <p className="small"><Link to={hrefOf('/exceptions', { make: policy })}>Ask for an exception</Link></p> : null}
      <details><summary className="quiet small">{plural(rule.evidence.length, 'line')} of evidence</summary><ul className="plain-list small">{rule.evidence.map((line) => <li key={line} className="wrap-anywhere">{line}</li>)}</ul></details>
    </div>
  );
}

function Facts({ image }: { readonly image: PolicyExplanationView['image'] }): ReactNode {
  const lists = [['image.packages', image.packages], ['image.vulnerabilities', image.vulnerabilities], ['image.signatures', image.signatures]] as const;
  return (
    <details className="explain-facts" data-testid="explain-facts">
      <summary>All facts of the image</summary>
      <dl className="fact-table">
        {Object.entries(image.facts).map(([name, fact]) => {
          const { text: words, look } = factLine(fact);
          return <div key={name} className={`is-${look}`}><dt className="mono">{name}</dt><dd className="wrap-anywhere">{look === 'unknown' ? `not known: ${words}` : words}</dd></div>;
        })}
        {lists.map(([name, list]) => <div key={name} className={list.incomplete === null ? 'is-known' : 'is-unknown'}><dt className="mono">{name}</dt><dd className="wrap-anywhere">{list.known} known{list.incomplete === null ? ', and these are all' : `; there may be more: ${list.incomplete}`}</dd></div>)}
      </dl>
    </details>
  );
}

