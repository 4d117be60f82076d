/** One run: its steps down the page in time, each with its effects, what was read back, and how to take it back. */
import { useState, type ReactNode } from 'react';
import type { EffectView, ResponseStepView, ResponseView } from '@vedette/model/api/responses';
import { useApi, useChange } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { BoneLines, Page, Section } from '../../parts/page.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Fields, Time } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { doerWords, effectWords, kindWords, runSentences, stepWords, triggerPath } from '../../view/response-words.ts';
import { pathOf } from '../../view/url.ts';
import { StateMark } from './marks.tsx';
import { WaitingRun } from './responses.tsx';
import './responses.css';

export function ResponsePage({ params }: { readonly params: Readonly<Record<string, string>> }): ReactNode {
  const id = params['id'] ?? '';
  const { data, error, refetch } = useApi('getResponse', { params: { id } });
  const back = <Link to="/responses" className="back-link"><Icon name="back" size={12} />Responses</Link>;
  if (data === undefined) return <Page title="Response" sentence={`Response ${id}`} above={back} note=" ">{error === null ? <BoneLines count={10} /> : <ProblemBox error={error} again={() => void refetch()} />}</Page>;
  return (
    <Page title="Response" sentence={<><b>{data.playbook}</b>{data.dryRun ? ', a dry run,' : ''} {runSentences[data.state]}.</>} above={back} note={data.reason ?? ' '} actions={<Cancel run={data} />}>
      <div className="response" data-testid="response" data-key={data.id}>
        <div>
          {data.waiting === null ? null : <div className="waiting-list"><WaitingRun run={data} alone /></div>}
          <Section title="Steps" id="steps"><ol className="timeline">{data.steps.map((step) => <Step key={step.number} run={data} step={step} />)}</ol></Section>
        </div>
        <Section title="About"><About run={data} /></Section>
      </div>
    </Page>
  );
}

function About({ run }: { readonly run: ResponseView }): ReactNode {
  const path = triggerPath(run);
  return (
    <Fields items={[
      ['Because', path === null ? run.title : <Link key="because" to={path}>{run.title}</Link>],
      ['Playbook', <Link key="playbook" to={pathOf('/playbooks/:name', { name: run.playbook })}>{run.playbook}</Link>],
      ['Cluster', run.cluster],
      run.namespace === null ? null : ['Namespace', run.namespace],
      run.workload === null ? null : ['Workload', run.workload],
      ['Begun', <span key="begun"><Time at={run.createdAt} /> by {run.startedBy}</span>],
      run.endedAt === null ? null : ['Ended', <Time key="ended" at={run.endedAt} />],
      ['How', run.dryRun ? 'Dry run: nothing was changed or sent' : 'For real'],
    ]} />
  );
}

function Step({ run, step }: { readonly run: ResponseView; readonly step: ResponseStepView }): ReactNode {
  return (
    <li className={`timeline-step is-${step.state}`} data-testid="step" data-key={step.name}>
      <div className="timeline-head">
        <span className="strong">{step.name}</span><span className="quiet">{kindWords[step.kind]}</span><StateMark state={stepWords[step.state]} />
        <span className="timeline-time faint small"><Time at={step.endedAt ?? step.beganAt} absent="" /></span>
      </div>
      {step.approver === null ? null : <p className="quiet small">{step.decidedBy === null ? `Needs the word of somebody with the role ${step.approver}.` : <>{step.decision} by {step.decidedBy} <Time at={step.decidedAt} /></>}</p>}
      {step.reason === null ? null : <p className="timeline-reason">{step.reason}</p>}
      {step.effects.length === 0 ? null : <ul className="effects">{step.effects.map((effect) => <li key={effect.id}><Effect run={run} effect={effect} /></li>)}</ul>}
    </li>
  );
}

function Effect({ run, effect }: { readonly run: ResponseView; readonly effect: EffectView }): ReactNode {
  return (
    <article className="effect" data-testid="effect" data-key={effect.id} data-state={effect.state}>
      <div className="effect-head"><span className="effect-target">{effect.target}</span><StateMark state={effectWords[effect.state]} /><Undo run={run} effect={effect} /></div>
      {effect.detail === null ? <p className="faint small">{effect.state === 'asked' ? `${doerWords[effect.doer]} has it, and has not reported yet.` : ''}</p> : <p className="effect-detail">{effect.detail}</p>}
      {effect.later.length === 0 ? null : <ul className="effect-later" data-testid="effect-later">{effect.later.map((one) => <li key={`${one.at} ${one.detail}`} className="effect-detail"><span className="quiet">Later, </span><Time at={one.at} /><span className="quiet">: </span><StateMark state={effectWords[one.state]} /> {one.detail}</li>)}</ul>}
      {effect.undo === null ? null : <p className="effect-detail quiet">{effect.undo.state === 'applied' || effect.undo.state === 'not-needed' ? 'Taken back by' : 'To be taken back for'} {effect.undo.by ?? 'somebody'}: <StateMark state={effectWords[effect.undo.state]} /> {effect.undo.detail}</p>}
      <details className="effect-evidence">
        <summary className="quiet small">Evidence</summary>
        <Fields items={[
          ['Id', <code key="id" className="mono">{effect.id}</code>],
          ['Done by', doerWords[effect.doer]],
          ['Asked for', <span key="asked"><Time at={effect.askedAt} absent="not yet" />{effect.attempts > 1 ? `, ${effect.attempts} times` : ''}</span>],
          ['Ended', <Time key="ended" at={effect.endedAt} absent="not yet" />],
        ]} />
        {effect.evidence === null ? <p className="faint small">Nothing was read back.</p> : <pre className="mono evidence" tabIndex={0}>{JSON.stringify(effect.evidence, null, 2)}</pre>}
      </details>
    </article>
  );
}

function Undo({ run, effect }: { readonly run: ResponseView; readonly effect: EffectView }): ReactNode {
  const may = useMay('policy', { cluster: run.clusterId, namespace: run.namespace });
  const undo = useChange('undoEffect', ['getResponse', 'listResponses']);
  const [asking, setAsking] = useState(false);
  if (!effect.canUndo || !may) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking(true)} data-testid="undo"><Icon name="back" size={12} />Undo</button>
      {asking ? (
        <Dialog title={`Take back: ${kindWords[effect.kind]}?`} onClose={() => setAsking(false)}>
          <p>{effect.target}</p>
          <p className="quiet">What stood there before is restored, unless somebody has changed it since. The run itself stays as it is.</p>
          <FormProblem error={undo.error} />
          <DialogActions>
            <button type="button" className="button" onClick={() => setAsking(false)}>Leave it</button>
            <button type="button" className="button is-main" disabled={undo.isPending} onClick={() => undo.mutate({ params: { id: run.id, effect: effect.id } }, { onSuccess: () => setAsking(false) })} data-testid="undo-now">Take it back</button>
          </DialogActions>
        </Dialog>
      ) : null}
    </>
  );
}

function Cancel({ run }: { readonly run: ResponseView }): ReactNode {
  const may = useMay('policy', { cluster: run.clusterId, namespace: run.namespace });
  const cancel = useChange('cancelResponse', ['getResponse', 'listResponses']);
  if (!may || (run.state !== 'running' && run.state !== 'waiting')) return null;
  return <><button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate({ params: { id: run.id } })} data-testid="cancel-run">Begin nothing more</button><FormProblem error={cancel.error} /></>;
}
