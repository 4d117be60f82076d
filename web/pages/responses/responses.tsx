/** Responses: what waits for somebody first, then what ran. Playbooks stand beside them. */
import type { ReactNode } from 'react';
import type { Output } from '@vedette/model/api/table';
import type { ResponseView } from '@vedette/model/api/responses';
import { runStates } from '@vedette/model/playbook-words';
import { useApi, useChange, usePages } from '../../data.ts';
import { Choices, FilterBar } from '../../parts/filters.tsx';
import { Bone, BoneLines, Empty, Page, Section, Tabs } from '../../parts/page.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Time } from '../../parts/text.tsx';
import { Link, useFilters } from '../../router.tsx';
import { countWords, plural } from '../../view/numbers.ts';
import { kindWords, runWords } from '../../view/response-words.ts';
import { oneOf, pathOf, text } from '../../view/url.ts';
import { StateMark } from './marks.tsx';
import './responses.css';

const shownStates = ['open', 'done', 'failed', 'stopped'] as const;
const filters = { state: oneOf([...runStates, 'open'], undefined), playbook: text(100) };
const keyOf = (row: ResponseView): string => row.id;
const linkOf = (row: ResponseView): string => pathOf('/responses/:id', { id: row.id });

const stateLabels: Readonly<Record<(typeof shownStates)[number], string>> = { open: 'Open', done: 'Done', failed: 'Failed', stopped: 'Stopped' };

export const responseTabs = [{ id: 'runs', label: 'Runs', to: '/responses' }, { id: 'playbooks', label: 'Playbooks', to: '/playbooks' }];

export function ResponsesPage(): ReactNode {
  const [{ state, playbook }, , link] = useFilters(filters);
  const query = { state: state ?? 'all', playbook };
  const list = usePages('listResponses', query);
  const waiting = useApi('listResponses', { query: { state: 'waiting', limit: 20 } }).data;
  const options = [{ id: 'any', label: 'Any', to: link({ state: undefined }), chosen: state === undefined }, ...shownStates.map((one) => ({ id: one, label: stateLabels[one], to: link({ state: one }), chosen: state === one }))];
  return (
    <Page title="Responses" sentence={<Sentence />} note="What playbooks did, step by step: asked for, done, read back, and how to take it back.">
      {waiting === undefined ? <BoneLines count={8} /> : <>
      <Waiting data={waiting} />
      <Tabs label="Responses" tabs={responseTabs} chosen="runs" />
      <FilterBar><Choices label="State" options={options} /></FilterBar>
      <Table key={JSON.stringify(query)} label="Runs" kind="response" noun={['run', 'runs']} list={list} columns={columns} keyOf={keyOf} linkOf={linkOf}
        empty={state === undefined && playbook === undefined
          ? <Empty title="No playbook has run yet" action={<Link to="/playbooks" className="button is-main">Playbooks</Link>}><p>Playbooks answer to incidents, violations and verdicts about images. They are off until somebody switches them on; in shadow they only say what they would do.</p></Empty>
          : <Empty title="No run matches" action={<Link to="/responses" className="button">Clear the filters</Link>}><p>Others exist; the filters above hide them.</p></Empty>} />
      </>}
    </Page>
  );
}

function Sentence(): ReactNode {
  const { data } = useApi('listResponses', { query: { state: 'open', limit: 1 } });
  if (data === undefined) return <Bone width={360} height={18} />;
  const open = data.total ?? 0;
  if (data.waiting > 0) return <><b>{plural(data.waiting, 'run')}</b> {data.waiting === 1 ? 'waits' : 'wait'} for an approval{open > data.waiting ? <>; {countWords(open - data.waiting)} under way</> : null}.</>;
  return open === 0 ? <>Nothing waits for anybody, and nothing is under way.</> : <><b>{plural(open, 'run')}</b> under way; nothing waits for an approval.</>;
}

function Waiting({ data }: { readonly data: Output<'listResponses'> }): ReactNode {
  if (data.items.length === 0) return null;
  return (
    <Section title="Waiting for approval" aside={plural(data.waiting, 'run')} id="waiting">
      <ul className="waiting-list">{data.items.map((run) => <li key={run.id}><WaitingRun run={run} /></li>)}</ul>
    </Section>
  );
}

export function WaitingRun({ run, alone = false }: { readonly run: ResponseView; readonly alone?: boolean }): ReactNode {
  const decide = useChange('decideStep', ['listResponses', 'getResponse']);
  const { waiting } = run;
  if (waiting === null) return null;
  const step = run.steps[waiting.step];
  const say = (decision: 'approved' | 'rejected'): void => decide.mutate({ params: { id: run.id, number: waiting.step }, body: { decision } });
  return (
    <article className="waiting-run" data-testid="waiting-run" data-key={run.id}>
      <div className="waiting-what">
        <p className="strong">{step === undefined ? waiting.name : `${waiting.name}: ${kindWords[step.kind]}`}</p>
        <p className="waiting-targets">{waiting.targets.length === 0 ? <span className="faint">Nothing it could act on is left.</span> : waiting.targets.join(', ')}</p>
        {alone ? null : <p className="quiet cut">because <Link to={linkOf(run)}>{run.title}</Link></p>}
        <p className="faint small">{run.playbook} in {run.cluster}{run.namespace === null ? '' : `, ${run.namespace}`}{step?.deadline == null ? null : <>; until <Time at={step.deadline} /></>}</p>
      </div>
      <div className="waiting-do">
        {waiting.mayDecide ? (
          <span className="row-flow">
            <button type="button" className="button" disabled={decide.isPending} onClick={() => say('rejected')} data-testid="reject">Reject</button>
            <button type="button" className="button is-main" disabled={decide.isPending} onClick={() => say('approved')} data-testid="approve">Approve</button>
          </span>
        ) : <p className="quiet small">{waiting.whyNot === null ? '' : `You cannot decide this: ${waiting.whyNot}.`}</p>}
        <FormProblem error={decide.error} />
      </div>
    </article>
  );
}

const columns: readonly Column<ResponseView>[] = [
  { id: 'state', head: 'State', minPx: 138, grow: 0, keep: 9, cell: (row) => <StateMark state={runWords[row.state]} /> },
  { id: 'title', head: 'Because', minPx: 150, grow: 5, keep: 10, cell: (row) => <Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut">{row.title}</Link> },
  { id: 'playbook', head: 'Playbook', minPx: 130, grow: 2, keep: 8, cell: (row) => <span className="cut">{row.playbook}</span> },
  { id: 'steps', head: 'Steps', minPx: 88, grow: 1, keep: 7, cell: (row) => <Steps run={row} /> },
  { id: 'dry', head: 'How', minPx: 70, grow: 0, keep: 6, cell: (row) => (row.dryRun ? <span className="faint">dry run</span> : <span>for real</span>) },
  { id: 'where', head: 'Where', minPx: 120, grow: 2, keep: 5, cell: (row) => <span className="cut">{[row.cluster, row.namespace, row.workload].filter((one) => one !== null).join(' / ')}</span> },
  { id: 'by', head: 'Begun by', minPx: 88, grow: 1, keep: 3, cell: (row) => <span className="cut">{row.startedBy}</span> },
  { id: 'at', head: 'When', minPx: 88, grow: 0, keep: 4, end: true, cell: (row) => <Time at={row.createdAt} /> },
];

/** One mark a step, in order. */
function Steps({ run }: { readonly run: ResponseView }): ReactNode {
  const done = run.steps.filter((step) => step.state === 'done').length;
  return <span className="row-flow"><span className="step-dots" aria-hidden="true">{run.steps.map((step) => <i key={step.number} className={`is-${step.state}`} />)}</span><span className="faint small">{done}/{run.steps.length}</span></span>;
}
