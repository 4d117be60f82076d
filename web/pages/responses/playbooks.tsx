/** Playbooks: what each waits for, what it would do, in which mode. */
import { useState, type ReactNode } from 'react';
import type { PlaybookView } from '@vedette/model/api/responses';
import { useApi, useChange, wholeList } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { ModeMark } from '../../parts/marks.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { Bone, Empty, Page, Tabs } from '../../parts/page.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Time } from '../../parts/text.tsx';
import { YamlEditor } from '../../parts/yaml-editor.tsx';
import { go, Link } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { plural } from '../../view/numbers.ts';
import { policyNameIn } from '../../view/policy-text.ts';
import { kindWords, newPlaybookText } from '../../view/response-words.ts';
import { pathOf } from '../../view/url.ts';
import { problemsOf } from '../../view/yaml-text.ts';
import { responseTabs } from './responses.tsx';

const keyOf = (row: PlaybookView): string => row.name;
const linkOf = (row: PlaybookView): string => pathOf('/playbooks/:name', { name: row.name });

export function PlaybooksPage(): ReactNode {
  const query = useApi('listPlaybooks', {});
  const [making, setMaking] = useState(false);
  const may = useMay('policy');
  const make = may ? <button type="button" className="button is-main" onClick={() => setMaking(true)} data-testid="new-playbook"><Icon name="plus" size={14} />New playbook</button> : null;
  return (
    <Page title="Playbooks" sentence={<Sentence playbooks={query.data?.items} />} actions={make} note="A playbook answers to something that happened, by steps in order. In shadow it only says what it would do.">
      <Tabs label="Responses" tabs={responseTabs} chosen="playbooks" />
      <Table label="Playbooks" kind="playbook" noun={['playbook', 'playbooks']} list={wholeList(query.data?.items, query)} columns={columns} keyOf={keyOf} linkOf={linkOf} skeletonRows={4}
        empty={<Empty title="There is no playbook" action={make}><p>A playbook says what to do when an incident, a violation or a verdict about an image fits its condition.</p></Empty>} />
      {making ? <NewPlaybook onClose={() => setMaking(false)} /> : null}
    </Page>
  );
}

function Sentence({ playbooks }: { readonly playbooks: readonly PlaybookView[] | undefined }): ReactNode {
  if (playbooks === undefined) return <Bone width={320} height={18} />;
  const enforcing = playbooks.filter((one) => one.mode === 'enforce').length;
  const shadow = playbooks.filter((one) => one.mode === 'shadow').length;
  if (enforcing + shadow === 0) return <>Nothing is answered by itself: {playbooks.length === 0 ? 'there is no playbook' : `all ${plural(playbooks.length, 'playbook')} are off`}.</>;
  const off = playbooks.length - enforcing - shadow;
  return <><b>{enforcing === 0 ? 'No playbook' : plural(enforcing, 'playbook')}</b> {enforcing > 1 ? 'act' : 'acts'}{shadow === 0 ? '' : `, ${shadow} ${shadow === 1 ? 'watches' : 'watch'} in shadow`}{off === 0 ? '' : `, ${off} ${off === 1 ? 'is' : 'are'} off`}.</>;
}

const columns: readonly Column<PlaybookView>[] = [
  { id: 'mode', head: 'Mode', minPx: 88, grow: 0, keep: 9, cell: (row) => <ModeMark mode={row.mode} /> },
  { id: 'name', head: 'Playbook', minPx: 200, grow: 2, keep: 10, cell: (row) => <><Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut">{row.name}</Link>{row.shipped ? <span className="faint small">shipped</span> : null}</> },
  { id: 'trigger', head: 'Answers to', minPx: 88, grow: 0, keep: 8, cell: (row) => row.trigger },
  { id: 'steps', head: 'Steps', minPx: 180, grow: 4, keep: 7, cell: (row) => <span className="cut" title={row.steps.map((step) => kindWords[step.kind]).join(' → ')}>{row.steps.map((step) => `${step.name}${step.approver === null ? '' : ' (approval)'}`).join(' → ')}</span> },
  { id: 'description', head: 'What it does', minPx: 160, grow: 5, keep: 3, cell: (row) => <span className="cut quiet" title={row.description}>{row.description}</span> },
  { id: 'updated', head: 'Changed', minPx: 88, grow: 0, keep: 2, end: true, cell: (row) => <Time at={row.updatedAt} /> },
];

function NewPlaybook({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [yaml, setYaml] = useState(newPlaybookText);
  const put = useChange('putPlaybook', ['listPlaybooks']);
  const name = policyNameIn(yaml);
  const problems = problemsOf(put.error);
  const save = (): void => {
    if (name !== null) put.mutate({ params: { name }, body: { yaml } }, { onSuccess: () => { onClose(); go(pathOf('/playbooks/:name', { name })); } });
  };
  return (
    <Dialog title="New playbook" onClose={onClose} wide>
      <p className="quiet">It starts in the mode that the text says; shadow changes nothing.</p>
      <YamlEditor text={yaml} label="Playbook as YAML" onChange={setYaml} problems={problems} />
      {problems.length > 0 ? null : <FormProblem error={put.error} />}
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button is-main" disabled={name === null || put.isPending} onClick={save} data-testid="save-playbook">{name === null ? 'metadata.name is missing' : `Make ${name}`}</button>
      </DialogActions>
    </Dialog>
  );
}
