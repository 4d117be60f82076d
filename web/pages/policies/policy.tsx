/**
 * One policy: its mode and how to change it, its text, the form in which the kernel holds it or what is missing for
 * that, on which sensors it is in force, and what it has decided so far.
 */
import { useState, type ReactNode } from 'react';
import type { PolicyView } from '@vedette/model/api/views';
import { useNow } from '../../clock.ts';
import { useApi, useChange } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { Severity } from '../../parts/marks.tsx';
import { BoneLines, Page, Section } from '../../parts/page.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Fields, Time } from '../../parts/text.tsx';
import { go, Link } from '../../router.tsx';
import { useMay, useSeesHosts } from '../../session.tsx';
import { countWords } from '../../view/numbers.ts';
import { countedWords } from '../../view/policy-words.ts';
import { modeSentenceFor } from '../../view/stage-words.ts';
import { hrefOf } from '../../view/url.ts';
import { InForce } from './policies.tsx';
import { ModeSwitch } from './mode-switch.tsx';
import { PolicyText } from './policy-text.tsx';
import { Explain, StageRules } from './stages.tsx';
import './policies.css';

export function PolicyPage({ params }: { readonly params: Readonly<Record<string, string>> }): ReactNode {
  const name = params['name'] ?? '';
  const remove = useChange('deletePolicy', ['listPolicies']);
  // what is being removed is not asked for again when the removal is told
  const { data, error, refetch } = useApi('getPolicy', { params: { name } }, { enabled: remove.isIdle || remove.isError });
  const back = <Link to="/policies" className="back-link"><Icon name="back" size={12} />Policies</Link>;
  if (data === undefined) {
    return <Page title="Policy" sentence={name} above={back} note=" ">{error === null ? <BoneLines count={12} /> : <ProblemBox error={error} again={() => void refetch()} />}</Page>;
  }
  return (
    <Page title="Policy" sentence={<><b>{data.name}</b> {data.mode === 'off' ? 'is off' : data.mode === 'shadow' ? 'watches in shadow' : 'enforces'}.</>} above={back} note={modeSentenceFor(data.mode, data.stages)} actions={<Remove policy={data} remove={remove} />}>
      <div className="policy" data-testid="policy" data-key={data.name}>
        <div className="policy-side">
          <ModeSwitch policy={data} />
          <Section title="What it says"><p className="policy-description">{data.description === '' ? <span className="faint">It has no description.</span> : data.description}</p></Section>
          <Facts policy={data} />
          <StageRules policy={data} />
          {data.stages.includes('run') ? <><KernelForm policy={data} /><InForceSection policy={data} /></> : null}
        </div>
        <div className="policy-text">
          <Explain policy={data} />
          <PolicyText key={data.generation} policy={data} />
        </div>
      </div>
    </Page>
  );
}

function Facts({ policy }: { readonly policy: PolicyView }): ReactNode {
  return (
    <Section title="Decisions" aside={`in ${countedWords(policy.verdicts.since, useNow())}`}>
      <Fields items={[
        ...(policy.stages.includes('run') ? ([['Killed', <Link key="killed" to={hrefOf('/incidents', { source: policy.name, outcome: 'killed', state: 'all' })}>{countWords(policy.verdicts.killed)}</Link>],
        ['Would have killed', <Link key="would" to={hrefOf('/incidents', { source: policy.name, outcome: 'would-have-killed', state: 'all' })}>{countWords(policy.verdicts.wouldHaveKilled)}</Link>],
        ['Violations now', <Link key="violations" to={hrefOf('/violations', { policy: policy.name })}>what runs against it</Link>]] as const) : []),
        ['Severity', <Severity key="severity" severity={policy.severity} />],
        ['ATT&CK', policy.attack.length === 0 ? <span key="attack" className="faint">none named</span> : policy.attack.join(', ')],
        ['Generation', <span key="generation">{policy.generation}, <Time at={policy.updatedAt} /> by {policy.updatedBy}{policy.shipped ? ', shipped with the product' : ''}</span>],
      ]} />
    </Section>
  );
}

/** What the kernel can hold of each rule. A kill rule without a form cannot act: that must not be overlooked. */
function KernelForm({ policy }: { readonly policy: PolicyView }): ReactNode {
  return (
    <Section title="Kernel form" id="kernel-form">
      <ul className="kernel-form">
        {policy.kernelForm.map((rule) => (
          <li key={rule.rule}>
            <span className="row-flow"><span className="strong">{rule.rule}</span><span className="quiet">{rule.action}</span></span>
            {rule.form === null
              ? <span className="kernel-missing">{rule.action === 'kill' ? 'Cannot act: ' : 'Decided outside the kernel: '}{rule.problem ?? 'it has no kernel form'}</span>
              : <code className="mono">{rule.form}</code>}
            {rule.form !== null && rule.problem !== null ? <span className="quiet">{rule.problem}</span> : null}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function InForceSection({ policy }: { readonly policy: PolicyView }): ReactNode {
  const { problems } = policy.inForce;
  const seesHosts = useSeesHosts();
  return (
    <Section title="In force" aside={seesHosts ? <Link to="/fleet">Fleet</Link> : undefined}>
      <p><InForce policy={policy} /></p>
      {problems.length === 0 ? null : <ul className="plain-list">{problems.map((problem) => <li key={problem}>{problem}</li>)}</ul>}
    </Section>
  );
}

function Remove({ policy, remove }: { readonly policy: PolicyView; readonly remove: ReturnType<typeof useChange<'deletePolicy'>> }): ReactNode {
  const may = useMay('policy');
  const [asking, setAsking] = useState(false);
  if (!may) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking(true)}><Icon name="bin" size={14} />Remove</button>
      {asking ? (
        <Dialog title={`Remove ${policy.name}?`} onClose={() => setAsking(false)}>
          <p>{policy.mode === 'enforce' ? 'Sensors stop acting by it at once. ' : 'Sensors stop deciding by it. '}Its incidents stay.</p>
          <p className="quiet">To undo: copy the YAML now and make the policy again. {policy.shipped ? 'It was shipped with the product; switching it off keeps it at hand.' : ''}</p>
          <FormProblem error={remove.error} />
          <DialogActions>
            <button type="button" className="button" onClick={() => setAsking(false)}>Keep it</button>
            <button type="button" className="button is-grave" disabled={remove.isPending} onClick={() => remove.mutate({ params: { name: policy.name } }, { onSuccess: () => go('/policies') })}>Remove {policy.name}</button>
          </DialogActions>
        </Dialog>
      ) : null}
    </>
  );
}
