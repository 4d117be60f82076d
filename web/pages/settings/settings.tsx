/** Settings: whom the hub may ask where images came from. Each integration says whether it works, as it was tested for real; secrets go in and never come out. */
import { useState, type ReactNode } from 'react';
import type { IntegrationTestView, IntegrationView } from '@vedette/model/api/origin';
import { integrationKinds, type IntegrationKind } from '@vedette/model/origin';
import { useApi, useChange } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { Bone, BoneLines, Empty, Page, Section } from '../../parts/page.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Time } from '../../parts/text.tsx';
import { useMay } from '../../session.tsx';
import { plural } from '../../view/numbers.ts';
import { IntegrationDialog } from './integration-dialog.tsx';
import { kindSentences, kindWords, settingsWords } from './words.ts';
import '../../parts/verdict.css';
import './settings.css';

type Editing = { readonly kind: IntegrationKind; readonly held: IntegrationView | null };

export function SettingsPage(): ReactNode {
  const may = useMay('admin');
  return (
    <Page title="Settings" sentence={may ? <Sentence /> : 'Settings are kept by administrators.'} note="Nothing is asked of a registry or server that does not stand here: image references come from whoever may start a pod.">
      {may ? <Integrations /> : <Empty title="Your role does not permit this"><p>Ask an administrator to add what is missing, or for the role.</p></Empty>}
    </Page>
  );
}

function Sentence(): ReactNode {
  const { data } = useApi('listIntegrations', {});
  if (data === undefined) return <Bone width={360} height={18} />;
  const failing = data.items.filter((one) => one.test?.ok === false).length;
  const untested = data.items.filter((one) => one.test === null).length;
  if (data.items.length === 0) return <>The hub may ask <b>nobody</b> yet where images came from.</>;
  return <><b>{plural(data.items.length, 'integration')}</b>{failing > 0 ? <>, of which <b>{failing}</b> {failing === 1 ? 'does' : 'do'} not work as tested.</> : untested > 0 ? <>, {untested} not tested as {untested === 1 ? 'it is' : 'they are'}.</> : ', all working when last tested.'}</>;
}

function Integrations(): ReactNode {
  const { data, error, refetch } = useApi('listIntegrations', {});
  const [editing, setEditing] = useState<Editing | null>(null);
  const [removing, setRemoving] = useState<IntegrationView | null>(null);
  if (data === undefined) return error === null ? <BoneLines count={8} /> : <ProblemBox error={error} again={() => void refetch()} />;
  return (
    <>
      {integrationKinds.map((kind) => {
        const held = data.items.filter((one) => one.kind === kind);
        return (
          <Section key={kind} id={`integrations-${kind}`} title={kindWords[kind].many} aside={<button type="button" className="button" onClick={() => setEditing({ kind, held: null })} data-testid={`add-${kind}`}><Icon name="plus" size={14} />{kindWords[kind].add}</button>}>
            {held.length === 0 ? <p className="quiet integration-none">{kindSentences[kind]}</p> : <ul className="integration-list">{held.map((one) => <Integration key={one.name} integration={one} edit={() => setEditing({ kind, held: one })} remove={() => setRemoving(one)} />)}</ul>}
          </Section>
        );
      })}
      {editing === null ? null : <IntegrationDialog key={editing.held?.name ?? editing.kind} kind={editing.kind} held={editing.held} onClose={() => setEditing(null)} />}
      {removing === null ? null : <Remove integration={removing} onClose={() => setRemoving(null)} />}
    </>
  );
}

function Integration({ integration, edit, remove }: { readonly integration: IntegrationView; readonly edit: () => void; readonly remove: () => void }): ReactNode {
  const test = useChange('testIntegration', ['listIntegrations']);
  return (
    <li className="integration" data-testid="integration" data-key={integration.name}>
      <div className="integration-head">
        <div className="stack integration-what">
          <p><span className="strong">{integration.name}</span> <TestState test={integration.test} /></p>
          <p className="quiet wrap-anywhere">{settingsWords(integration)}</p>
          <p className="small faint">{integration.declared ? 'declared in the hub’s file' : <>changed <Time at={integration.updatedAt} /> by {integration.updatedBy}</>}{integration.kind === 'cosign-key' ? null : integration.hasSecret ? ', secret kept' : ', no secret'}</p>
        </div>
        <div className="row-flow">
          <button type="button" className="button" disabled={test.isPending} onClick={() => test.mutate({ params: { name: integration.name } })} data-testid="test-integration">{test.isPending ? 'Asking' : 'Test'}</button>
          {integration.declared ? null : <><button type="button" className="icon-button" aria-label={`Change ${integration.name}`} title="Change" onClick={edit}><Icon name="edit" size={14} /></button><button type="button" className="icon-button" aria-label={`Remove ${integration.name}`} title="Remove" onClick={remove}><Icon name="bin" size={14} /></button></>}
        </div>
      </div>
      <FormProblem error={test.error} />
      {integration.test === null ? null : <TestResult test={integration.test} />}
    </li>
  );
}

function TestState({ test }: { readonly test: IntegrationTestView | null }): ReactNode {
  if (test === null) return <span className="unknown-mark hatched">not tested</span>;
  return test.ok ? <span className="verdict-mark is-holding"><Icon name="check" size={12} />works</span> : <span className="verdict-mark is-violated"><Icon name="cross" size={12} />does not work</span>;
}

function TestResult({ test }: { readonly test: IntegrationTestView }): ReactNode {
  return (
    <div className="integration-test" role="status" data-testid="integration-test" data-ok={test.ok}>
      <p className="small quiet">Tested <Time at={test.at} /></p>
      <ul>
        {test.asked.map((one) => (
          <li key={one.question} className={one.ok ? '' : 'is-failed'}>
            <Icon name={one.ok ? 'check' : 'cross'} size={12} />
            <span className="stack"><span className="wrap-anywhere">{one.question}{one.status === null ? null : <code className="mono quiet"> {one.status}</code>}</span><span className={`wrap-anywhere ${one.ok ? 'quiet' : 'strong'}`}>{one.words}</span>{one.action === null ? null : <span className="wrap-anywhere">→ {one.action}</span>}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Remove({ integration, onClose }: { readonly integration: IntegrationView; readonly onClose: () => void }): ReactNode {
  const remove = useChange('deleteIntegration', ['listIntegrations', 'listImages', 'getImage']);
  return (
    <Dialog title={`Remove ${integration.name}?`} onClose={onClose}>
      <p>It is not asked any more, and its secret is deleted. What only it could say becomes unknown.</p>
      <FormProblem error={remove.error} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Keep it</button>
        <button type="button" className="button is-grave" disabled={remove.isPending} onClick={() => remove.mutate({ params: { name: integration.name } }, { onSuccess: onClose })}>Remove {integration.name}</button>
      </DialogActions>
    </Dialog>
  );
}
