/** One control: why it matters, what to do with the piece of YAML, where it fails with the evidence, how it stood before, and what it answers. */
import { useState, type ReactNode } from 'react';
import type { ControlDetailView, ControlResultView } from '@vedette/model/api/posture-views';
import { controlStates } from '@vedette/model/control-words';
import { useApi, usePages } from '../../data.ts';
import { Choices } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Severity } from '../../parts/marks.tsx';
import { Bone, BoneLines, NextAction, Page, Section } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { CopyButton, Time } from '../../parts/text.tsx';
import { Link, useFilters } from '../../router.tsx';
import { countWords } from '../../view/numbers.ts';
import { countOf, countsWords, frameworkWords, stateWords } from '../../view/posture-words.ts';
import { hrefOf, oneOf } from '../../view/url.ts';
import { FailedOverDays, StateMark } from './marks.tsx';
import './posture.css';

const inPage = { results: oneOf(controlStates, undefined) };

export function ControlPage({ params }: { readonly params: Readonly<Record<string, string>> }): ReactNode {
  const name = params['name'] ?? '';
  const { data } = useApi('getControl', { params: { name } });
  const sentence = data === undefined ? name : <>{data.title}: <b>{stateWords[data.state].toLowerCase()}</b>.</>;
  return (
    <Page title="Control" sentence={sentence} above={<Link to="/posture" className="back-link"><Icon name="back" size={12} />Posture</Link>}>
      <ControlDetail name={name} cluster={undefined} titled />
    </Page>
  );
}

export function ControlDetail({ name, cluster, titled = false }: { readonly name: string; readonly cluster: string | undefined; readonly titled?: boolean }): ReactNode {
  const { data, error, refetch } = useApi('getControl', { params: { name } });
  if (data !== undefined) return <Loaded control={data} cluster={cluster} titled={titled} />;
  if (error !== null) return <ProblemBox error={error} again={() => void refetch()} />;
  return <div className="stack"><Bone width="50%" height={18} /><Bone width="80%" /><BoneLines count={10} /></div>;
}

function Loaded({ control, cluster, titled }: { readonly control: ControlDetailView; readonly cluster: string | undefined; readonly titled: boolean }): ReactNode {
  return (
    <article data-testid="control" data-key={control.name}>
      <header className="stack">
        <div className="wrap-flow"><StateMark state={control.state} /><Severity severity={control.severity} /><span className="faint mono">{control.name}</span></div>
        {titled ? null : <h2 className="panel-title">{control.title}</h2>}
        <p>{control.why}</p>
        <FailedOverDays history={control.history} />
      </header>
      <NextAction>
        <p>{control.fix}</p>
        {control.snippet === null ? null : <div className="snippet"><pre className="mono">{control.snippet.trimEnd()}</pre><CopyButton text={control.snippet} what="snippet" /></div>}
      </NextAction>
      <Results control={control} cluster={cluster}><About control={control} /></Results>
    </article>
  );
}

function About({ control }: { readonly control: ControlDetailView }): ReactNode {
  return (
    <>
      {control.clusters.length < 2 ? null : (
        <Section title="By cluster">
          <table className="plain-table"><tbody>{control.clusters.map((one) => <tr key={one.id}><td className="strong">{one.name}</td><td>{one.cutOff ? <span className="unknown-mark hatched">cut off</span> : null} {countsWords(one.results)}</td></tr>)}</tbody></table>
        </Section>
      )}
      <Section title="What it answers">
        {control.requirements.length === 0 ? <p className="quiet">No requirement of the known frameworks: it is our own advice.</p> : (
          <ul className="wrap-flow">{control.requirements.map((one) => <li key={`${one.framework} ${one.id}`}><Link to={hrefOf('/posture', { framework: one.framework, requirement: one.id })} className="tag-link">{frameworkWords[one.framework]} {one.id}</Link></li>)}</ul>
        )}
      </Section>
      <Section title="How it is asked">
        <dl className="fields">
          <div><dt>Of</dt><dd>every {control.subject}</dd></div>
          {control.appliesWhen === null ? null : <div><dt>Applies when</dt><dd><code className="mono wrap-anywhere">{control.appliesWhen}</code></dd></div>}
          <div><dt>Fails when</dt><dd><code className="mono wrap-anywhere">{control.failsWhen}</code></dd></div>
        </dl>
      </Section>
    </>
  );
}

/** What follows the subjects comes with them: it would be pushed down by as many as there are. */
function Results({ control, cluster, children }: { readonly control: ControlDetailView; readonly cluster: string | undefined; readonly children: ReactNode }): ReactNode {
  const [{ results }, , link] = useFilters(inPage);
  const list = usePages('listControlResults', { control: control.name, cluster, state: results }, { pageSize: 50 });
  const options = [{ id: 'all', label: 'All', to: link({ results: undefined }), chosen: results === undefined }, ...controlStates.filter((state) => countOf(control.results, state) > 0).map((state) => ({ id: state, label: `${stateWords[state]} ${countWords(countOf(control.results, state))}`, to: link({ results: state }), chosen: results === state }))];
  return (
    <>
      <Section title="Subjects" id="results">
        <Choices label="State" options={options} />
        {list.failure === null ? null : <ProblemBox error={list.failure} again={list.again} />}
        {list.rows?.length === 0 ? <p className="quiet results-none">{results === undefined ? 'Nothing was asked yet: no cluster has been evaluated, or it holds nothing of this kind.' : 'None is in this state.'}</p> : null}
        {list.rows === undefined ? <BoneLines count={4} /> : <ul className="results">{list.rows.map((one) => <Result key={one.id} result={one} />)}</ul>}
        {list.hasMore ? <button type="button" className="button" onClick={list.more} disabled={list.isFetchingMore}>Show more</button> : null}
      </Section>
      {list.rows === undefined && list.failure === null ? null : children}
    </>
  );
}

function Result({ result }: { readonly result: ControlResultView }): ReactNode {
  const [open, setOpen] = useState(false);
  const { accepted, lastKnown } = result;
  return (
    <li className="result" data-testid="result" data-key={result.id}>
      <button type="button" className="result-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? 'down' : 'expand'} size={12} />
        <StateMark state={result.state} />
        <span className="cut result-subject"><span className="strong">{result.type === 'unseen' ? result.name : `${result.namespace === '' || result.type === 'Namespace' ? '' : `${result.namespace}/`}${result.name}`}</span> <span className="faint">{result.type === 'unseen' ? '' : result.type} in {result.clusterName}</span></span>
        <Time at={result.since} />
      </button>
      {result.reason === '' ? null : <p className="result-reason">{result.reason}</p>}
      {lastKnown === null ? null : <p className="result-reason quiet">Before: {stateWords[lastKnown.state].toLowerCase()}{lastKnown.at === null ? '' : <>, known until <Time at={lastKnown.at} /></>}. That is old.</p>}
      {accepted === null ? null : <p className="result-reason quiet">Accepted by {accepted.exception}: {accepted.reason} ({accepted.owner}, until {accepted.expiresAt})</p>}
      {open ? <dl className="fields result-evidence">{result.evidence.length === 0 ? <div><dt>Evidence</dt><dd className="faint">none</dd></div> : result.evidence.map((one) => <div key={`${one.fact} ${one.value}`}><dt>{one.fact}</dt><dd className="mono wrap-anywhere">{one.value}</dd></div>)}</dl> : null}
    </li>
  );
}
