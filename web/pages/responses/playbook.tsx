/** One playbook: its mode, its text, and what it would have done about what has happened. */
import { useState, type ReactNode } from 'react';
import type { PlaybookView } from '@vedette/model/api/responses';
import type { PolicyMode } from '@vedette/model/policy';
import { useApi, useChange } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { ModeMark } from '../../parts/marks.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { BoneLines, Page, Section } from '../../parts/page.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { CopyButton, Fields, Time } from '../../parts/text.tsx';
import { YamlEditor } from '../../parts/yaml-editor.tsx';
import { go, Link, useLeaveGuard } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { kindWords, triggerWords } from '../../view/response-words.ts';
import { hrefOf } from '../../view/url.ts';
import { modeOrder } from '../../view/words.ts';
import { problemsOf } from '../../view/yaml-text.ts';
import { Tried } from './tried.tsx';
import '../policies/policies.css';
import './responses.css';
import '../../parts/mode-switch.css';

const modeSentences: Readonly<Record<PolicyMode, string>> = {
  off: 'It answers to nothing by itself. It can be run by hand.',
  shadow: 'It answers, and only says what it would do: nothing is changed or sent.',
  enforce: 'It answers, and does what its steps say, after the approvals that they ask for.',
};

export function PlaybookPage({ params }: { readonly params: Readonly<Record<string, string>> }): ReactNode {
  const name = params['name'] ?? '';
  const remove = useChange('deletePlaybook', ['listPlaybooks']);
  const { data, error, refetch } = useApi('getPlaybook', { params: { name } }, { enabled: remove.isIdle || remove.isError });
  const back = <Link to="/playbooks" className="back-link"><Icon name="back" size={12} />Playbooks</Link>;
  if (data === undefined) return <Page title="Playbook" sentence={name} above={back}>{error === null ? <BoneLines count={12} /> : <ProblemBox error={error} again={() => void refetch()} />}</Page>;
  return (
    <Page title="Playbook" sentence={<><b>{data.name}</b> {data.mode === 'off' ? 'is off' : data.mode === 'shadow' ? 'watches in shadow' : 'acts'}.</>} above={back} note={modeSentences[data.mode]} actions={<Remove playbook={data} remove={remove} />}>
      <div className="policy" data-testid="playbook" data-key={data.name}>
        <div className="policy-side">
          <Modes playbook={data} />
          <Section title="What it does"><p>{data.description}</p></Section>
          <Section title="Steps" aside={<Link to={hrefOf('/responses', { playbook: data.name })}>its runs</Link>}>
            <ol className="plan">{data.steps.map((step) => <li key={step.name}><span className="strong">{step.name}</span> <span className="quiet">{kindWords[step.kind]}</span>{step.approver === null ? null : <span className="small"> after approval by {step.approver}</span>}{step.undo ? null : <span className="faint small"> cannot be undone</span>}</li>)}</ol>
          </Section>
          <Section title="Limits and changes"><Fields items={[['Answers to', triggerWords[data.trigger]], ['At most', `${data.maxTargets} at a time, ${data.perHour} runs an hour`], ['In this mode since', <Time key="since" at={data.modeSince} />], ['Changed', <span key="changed"><Time at={data.updatedAt} /> by {data.updatedBy}</span>]]} /></Section>
        </div>
        <PlaybookText key={data.generation} playbook={data} />
      </div>
    </Page>
  );
}

function Modes({ playbook }: { readonly playbook: PlaybookView }): ReactNode {
  const may = useMay('policy');
  const change = useChange('setPlaybookMode', ['listPlaybooks', 'getPlaybook']);
  const [asking, setAsking] = useState(false);
  const set = (mode: PolicyMode): void => change.mutate({ params: { name: playbook.name }, body: { mode } }, { onSuccess: () => setAsking(false) });
  return (
    <div className="stack">
      <div className="mode-switch" role="radiogroup" aria-label="Mode" data-testid="mode-switch">
        {modeOrder.map((mode) => <button key={mode} type="button" role="radio" aria-checked={mode === playbook.mode} disabled={!may || change.isPending} className="mode-option" onClick={() => (mode === 'enforce' ? setAsking(true) : set(mode))} data-testid={`mode-${mode}`}><ModeMark mode={mode} /></button>)}
      </div>
      {asking ? null : <FormProblem error={change.error} />}
      {asking && playbook.mode !== 'enforce' ? (
        <Dialog title={`Let ${playbook.name} act?`} onClose={() => setAsking(false)} wide>
          <p>From now on it does what its steps say, about what happens from now on. Beneath is what it would have done about what has happened.</p>
          <Tried yaml={playbook.yaml} />
          <p className="quiet">To undo: choose Shadow. Runs that have begun go on; each can be stopped, and what it did taken back where its steps can.</p>
          <FormProblem error={change.error} />
          <DialogActions>
            <button type="button" className="button" onClick={() => setAsking(false)}>Leave it</button>
            <button type="button" className="button is-grave" disabled={change.isPending} onClick={() => set('enforce')} data-testid="enforce">Let it act</button>
          </DialogActions>
        </Dialog>
      ) : null}
    </div>
  );
}

function PlaybookText({ playbook }: { readonly playbook: PlaybookView }): ReactNode {
  const may = useMay('policy');
  const [draft, setDraft] = useState<string | null>(null);
  const [trying, setTrying] = useState(false);
  const put = useChange('putPlaybook', ['listPlaybooks', 'getPlaybook']);
  const unsaved = draft !== null && draft !== playbook.yaml;
  useLeaveGuard(unsaved);
  const problems = problemsOf(put.error);
  const save = (): void => {
    if (draft !== null) put.mutate({ params: { name: playbook.name }, body: { yaml: draft, generation: playbook.generation } }, { onSuccess: () => setDraft(null) });
  };
  const attempt = <button type="button" className="button" onClick={() => setTrying(true)} data-testid="try">Try it</button>;
  const buttons = draft === null
    ? <>{attempt}<CopyButton text={playbook.yaml} what="YAML" />{may ? <button type="button" className="button" onClick={() => setDraft(playbook.yaml)} data-testid="edit-playbook"><Icon name="edit" size={14} />Edit</button> : null}</>
    : <>{attempt}<button type="button" className="button" onClick={() => { setDraft(null); put.reset(); }}>Cancel</button><button type="button" className="button is-main" disabled={!unsaved || put.isPending} onClick={save} data-testid="save-playbook">Save</button></>;
  return (
    <div className="policy-text">
      <Section title="YAML" aside={<span className="row-flow">{buttons}</span>}>
        <YamlEditor text={draft ?? playbook.yaml} label="Playbook as YAML" problems={problems} {...(draft === null ? {} : { onChange: setDraft })} />
        {problems.length > 0 ? null : <FormProblem error={put.error} />}
      </Section>
      {trying ? <Section title="What it would have done" id="tried"><Tried key={draft ?? playbook.yaml} yaml={draft ?? playbook.yaml} /></Section> : null}
    </div>
  );
}

function Remove({ playbook, remove }: { readonly playbook: PlaybookView; readonly remove: ReturnType<typeof useChange<'deletePlaybook'>> }): ReactNode {
  const may = useMay('policy');
  const [asking, setAsking] = useState(false);
  if (!may) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking(true)}><Icon name="bin" size={14} />Remove</button>
      {asking ? (
        <Dialog title={`Remove ${playbook.name}?`} onClose={() => setAsking(false)}>
          <p>It answers to nothing any more. Runs that have begun go on, and all runs stay.</p>
          <FormProblem error={remove.error} />
          <DialogActions>
            <button type="button" className="button" onClick={() => setAsking(false)}>Keep it</button>
            <button type="button" className="button is-grave" disabled={remove.isPending} onClick={() => remove.mutate({ params: { name: playbook.name } }, { onSuccess: () => go('/playbooks') })}>Remove {playbook.name}</button>
          </DialogActions>
        </Dialog>
      ) : null}
    </>
  );
}
