/**
 * One baseline: how it is used and what to do next, what was seen outside of it with what was expected nearby, where nobody looked, and all that
 * belongs to it, line by line.
 */
import { useState, type ReactNode } from 'react';
import type { BaselineDetailView, BehaviourView } from '@vedette/model/api/baselines';
import type { BehaviourKind } from '@vedette/model/baseline-words';
import { addressOf } from '../../client.ts';
import { useApi, useChange } from '../../data.ts';
import { FilterBar, FilterText } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Bone, BoneLines, NextAction, Page, Section } from '../../parts/page.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Digest, Fields, ImageText, Moment, Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link, useFilters } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { baselineStateSentences, baselineStateWords, behaviourKindsShown, behaviourTitles, blindWords, learningSentence, matchesText, workloadWords } from '../../view/baseline-words.ts';
import { visible } from '../../view/cut.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { lengthWords } from '../../view/time.ts';
import { hrefOf } from '../../view/url.ts';
import { EditBaseline } from './edit.tsx';
import { behaviourFilters } from './filters.ts';
import { StateSwitch } from './state-switch.tsx';
import './baselines.css';

export function BaselinePage({ params }: { readonly params: Readonly<Record<string, string>> }): ReactNode {
  const id = params['id'] ?? '';
  const { data, error, refetch } = useApi('getBaseline', { params: { id } });
  const [editing, setEditing] = useState(false);
  const may = useMay('policy', data === undefined ? 'somewhere' : data);
  const actions = data === undefined ? undefined : (
    <>
      {may ? <button type="button" className="button" onClick={() => setEditing(true)} data-testid="edit-baseline">Edit</button> : null}
      <a className="button" href={addressOf('exportBaseline', { params: { id } })} download={`baseline-${id}.yaml`} data-testid="export-baseline">Export YAML</a>
    </>
  );
  const sentence = data === undefined ? <Bone width={380} height={18} /> : <Sentence baseline={data} />;
  return (
    <Page title="Baseline" sentence={sentence} actions={actions} above={<Link to="/baselines" className="back-link"><Icon name="back" size={12} />Baselines</Link>}>
      {data === undefined ? (error === null ? <BoneLines count={8} /> : <ProblemBox error={error} again={() => void refetch()} />) : <Loaded baseline={data} may={may} />}
      {editing && data !== undefined ? <EditBaseline baseline={data} onClose={() => setEditing(false)} /> : null}
    </Page>
  );
}

function Sentence({ baseline }: { readonly baseline: BaselineDetailView }): ReactNode {
  const { state, outside } = baseline;
  const name = <b>{workloadWords(baseline)}</b>;
  if (state === 'learn') return <>{name} is still learned.</>;
  if (outside === 0) return <>{name} does what its baseline holds{state === 'enforce' ? ', and is held to it' : ''}.</>;
  return <>{name} did <b>{plural(outside, 'thing')}</b> outside of its baseline.</>;
}

function Loaded({ baseline, may }: { readonly baseline: BaselineDetailView; readonly may: boolean }): ReactNode {
  const [{ q }, set] = useFilters(behaviourFilters);
  return (
    <div data-testid="baseline" data-key={baseline.id}>
      <div className="baseline-head">
        <StateSwitch baseline={baseline} may={may} />
        <p className="quiet">{baselineStateSentences[baseline.state]} {baseline.state === 'learn' ? learningSentence(baseline) : null}</p>
      </div>
      <WhatToDo baseline={baseline} />
      {baseline.outsideBehaviours.length === 0 ? null : <Outside baseline={baseline} may={may} />}
      <Section title="Where nobody looked" id="baseline-blind" aside={baseline.blind.intervals === 0 ? undefined : plural(baseline.blind.intervals, 'time')}><BlindTimes baseline={baseline} /></Section>
      <Section title="What belongs to it"><FilterBar><FilterText label="Path, argument, peer or program" value={q} onChange={(value) => set({ q: value }, { replace: true })} /></FilterBar></Section>
      {behaviourKindsShown.map((kind) => <OfKind key={kind} kind={kind} baseline={baseline} search={q} />)}
      <Section title="What enforcing can stop"><Enforcing baseline={baseline} /></Section>
      <Section title="About it"><About baseline={baseline} /></Section>
    </div>
  );
}

function WhatToDo({ baseline }: { readonly baseline: BaselineDetailView }): ReactNode {
  const { state, outside, enforcement, blind } = baseline;
  if (state === 'learn') return <NextAction><p className="strong">{blind.intervals === 0 ? 'Wait until it has seen a usual day, or choose Watched when what stands below is all that belongs here.' : 'Look at the times in which nobody looked: what happened then is missing. Restart a container to have its start seen.'}</p></NextAction>;
  if (outside > 0) return <NextAction><p className="strong">Look at what stands outside: take in what belongs to it; of the rest <Link to={hrefOf('/incidents', { q: baseline.workload })}>the incidents</Link> show who did it.</p></NextAction>;
  if (state === 'watch' && enforcement.possible) return <NextAction><p className="strong">Nothing stands outside. Enforced, {enforcement.stops[0]}.</p></NextAction>;
  return null;
}

function Outside({ baseline, may }: { readonly baseline: BaselineDetailView; readonly may: boolean }): ReactNode {
  const accept = useChange('acceptBehaviours', ['getBaseline', 'listBaselines']);
  const take = (keys: string[] | 'all'): void => accept.mutate({ params: { id: baseline.id }, body: { keys } });
  const all = may ? <button type="button" className="button is-small" disabled={accept.isPending} onClick={() => take('all')} data-testid="accept-all">Take all in</button> : undefined;
  return (
    <Section title="Outside of it" id="baseline-outside" aside={all}>
      <FormProblem error={accept.error} />
      <table className="plain-table baseline-table">
        <thead><tr><th>Seen</th><th>What was expected</th><th className="is-aside">First</th><th className="is-aside">On</th>{may ? <th><span className="unseen">Take in</span></th> : null}</tr></thead>
        <tbody>
          {baseline.outsideBehaviours.map((one) => (
            <tr key={one.key} data-testid="outside" data-key={one.key}>
              <td className="mono wrap-anywhere">{visible(one.text)}{one.behaviour.kind === 'execution' ? null : <div className="small quiet">by {visible(one.program)}</div>}</td>
              <td className="quiet wrap-anywhere">{visible(one.expected)}</td>
              <td className="is-aside"><Time at={one.firstSeen} /></td>
              <td className="quiet nowrap is-aside">{one.containerId === null ? one.hostname : <Link to={hrefOf('/live', { open: one.containerId })}>{one.hostname ?? one.containerId.slice(0, 12)}</Link>}</td>
              {may ? <td className="is-end"><button type="button" className="button is-bare is-small" disabled={accept.isPending} onClick={() => take([one.key])}>Take in</button></td> : null}
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function BlindTimes({ baseline }: { readonly baseline: BaselineDetailView }): ReactNode {
  const { blindIntervals, blind, wholeStart, cut } = baseline;
  return (
    <>
      {blindIntervals.length === 0 ? <p className="quiet">Nothing is known to be missing since its first container was seen{wholeStart ? ', from its first process on' : ''}.</p> : null}
      {blindIntervals.length === 0 ? null : (
        <table className="plain-table baseline-table">
          <thead><tr><th>From</th><th>For</th><th>Why</th><th>Container</th></tr></thead>
          <tbody>
            {blindIntervals.map((one) => (
              <tr key={`${one.reason} ${one.since} ${one.containerId}`} data-testid="blind">
                <td><Time at={one.since} /></td>
                <td className="nowrap">{one.since === one.until ? <span className="faint">a moment</span> : <Tip content={<Moment at={one.until} />}><span>{lengthWords(Math.max(1, Math.round((Date.parse(one.until) - Date.parse(one.since)) / 1000)))}</span></Tip>}</td>
                <td><span className="unknown-mark hatched">{blindWords[one.reason]}</span> {one.sentence}.</td>
                <td className="mono quiet">{one.containerId === null ? 'gone' : one.containerId.slice(0, 12)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {blind.intervals > blindIntervals.length ? <p className="quiet">And {countWords(blind.intervals - blindIntervals.length)} earlier ones.</p> : null}
      {cut === 0 ? null : <p><span className="unknown-mark hatched">no room</span> {plural(cut, 'time')} something new was seen for which there was no room: this is not everything.</p>}
      {wholeStart ? null : <p className="quiet">No container of it was watched from its first process on without loss.</p>}
    </>
  );
}

function OfKind({ kind, baseline, search }: { readonly kind: BehaviourKind; readonly baseline: BaselineDetailView; readonly search: string | undefined }): ReactNode {
  const all = baseline.behaviours.filter((one) => one.behaviour.kind === kind);
  const shown = all.filter((one) => matchesText(one, search));
  return (
    <Section title={behaviourTitles[kind]} id={`baseline-${kind}`} aside={shown.length === all.length ? countWords(all.length) : `${countWords(shown.length)} of ${countWords(all.length)}`}>
      {all.length === 0 ? <p className="quiet">{baseline.blindIntervals.some((one) => one.reason === 'hook-missing') ? 'Nothing was seen; on some kernel there is no hook for it.' : 'Nothing was seen.'}</p> : null}
      {shown.length === 0 ? null : <Lines kind={kind} lines={shown} />}
    </Section>
  );
}

function Lines({ kind, lines }: { readonly kind: BehaviourKind; readonly lines: readonly BehaviourView[] }): ReactNode {
  if (kind === 'capability') return <p className="wrap-flow">{lines.map((one) => <code key={one.key} className="mono">{one.text}</code>)}</p>;
  return (
    <table className="plain-table baseline-table">
      <thead><tr><th>{kind === 'execution' ? 'Program, arguments, parent, user' : kind === 'file' ? 'Path' : 'Peer'}</th>{kind === 'execution' ? null : <th>By</th>}<th>First</th></tr></thead>
      <tbody>
        {lines.map((one) => (
          <tr key={one.key} data-testid="behaviour" data-key={one.key}>
            <td className="mono wrap-anywhere">{visible(one.text)}{one.standing === 'written' ? <span className="faint"> written by hand</span> : null}</td>
            {kind === 'execution' ? null : <td className="mono quiet wrap-anywhere">{visible(one.program)}</td>}
            <td className="nowrap"><Time at={one.firstSeen} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Enforcing({ baseline: { enforcement } }: { readonly baseline: BaselineDetailView }): ReactNode {
  return (
    <>
      {enforcement.stops.length === 0 ? <p className="quiet">Nothing of it.</p> : <ul className="plain-list">{enforcement.stops.map((one) => <li key={one}><b>Stops</b> {visible(one)}.</li>)}</ul>}
      <ul className="plain-list quiet">{enforcement.cannotStop.map((one) => <li key={one.what}>Tells and does not stop {visible(one.what)}: {visible(one.missing)}.</li>)}</ul>
    </>
  );
}

function About({ baseline }: { readonly baseline: BaselineDetailView }): ReactNode {
  const { image, platformDigest, clusterName, workloadKind, watchedSeconds, watchedUntil, runs, history, workload } = baseline;
  return (
    <Fields items={[
      ['Image', image === null ? <span key="image" className="faint">it has no name there</span> : <ImageText key="image" image={image} whole />],
      ['Platform digest', <Digest key="digest" digest={platformDigest} />],
      ['Workload', <span key="workload">{workloadWords(baseline)}{workloadKind === null ? '' : `, ${workloadKind}`} <span className="faint">in cluster {clusterName}</span></span>],
      ['Runs now', runs === 0 ? <span key="runs" className="faint">nothing</span> : <Link key="runs" to={hrefOf('/live', { q: workload })}>{plural(runs, 'container')}</Link>],
      ['Watched', <span key="watched">{lengthWords(Math.round(watchedSeconds))}, last <Time at={watchedUntil} /></span>],
      ['History', <ul key="history" className="plain-list">{history.map((one) => <li key={one.at}>{baselineStateWords[one.state]} <Time at={one.at} /> by {visible(one.by)}: {visible(one.reason)}</li>)}</ul>],
    ]} />
  );
}
