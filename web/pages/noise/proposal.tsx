/** What would quieten one rule in one workload: the sentence of the back-test, the text to read and apply, and samples of what it would have hidden and of what stays. */
import type { ReactNode } from 'react';
import type { NoiseProposalView } from '@vedette/model/api/noise';
import { useApi, useChange } from '../../data.ts';
import { BoneLines, NextAction, Section } from '../../parts/page.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { CopyButton, Time } from '../../parts/text.tsx';
import { YamlEditor } from '../../parts/yaml-editor.tsx';
import { Link } from '../../router.tsx';
import { visible } from '../../view/cut.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { pathOf, hrefOf } from '../../view/url.ts';

export function Proposal({ rule, place, days }: { readonly rule: string; readonly place: string | undefined; readonly days: number }): ReactNode {
  const { data, error, refetch } = useApi('proposeExceptions', { query: { rule, days, ...(place === undefined ? {} : { place }) } });
  if (data === undefined) return error === null ? <BoneLines count={8} /> : <ProblemBox error={error} again={() => void refetch()} />;
  return (
    <article className="stack" data-testid="proposal" data-key={rule}>
      <h2 className="panel-title">{rule}</h2>
      <NextAction>
        <p className="strong" data-testid="proposal-sentence">{data.sentence}</p>
        {data.isCut ? <p className="quiet">There are more; it was tried on the newest.</p> : null}
        <Apply proposal={data} />
      </NextAction>
      {data.exceptions.length === 0 ? null : (
        <Section title="What it excepts" aside={plural(data.exceptions.length, 'exception')}>
          <ul className="noise-exceptions">{data.exceptions.map((one) => <li key={one.name}><span className="strong">{countWords(one.hidden)}</span><span className="wrap-anywhere">{one.words}</span></li>)}</ul>
        </Section>
      )}
      {data.yaml === null ? null : <Section title="As a rule file" aside={<CopyButton text={data.yaml} what="rule file" />}><YamlEditor text={data.yaml.trimEnd()} label="Proposed exceptions as YAML" /></Section>}
      {data.exceptions.length === 0 ? null : <Samples title="Would have been hidden" rows={data.samples.hidden} total={data.hidden} />}
      <Samples title={data.exceptions.length === 0 ? 'What it reported' : 'Stays'} rows={data.samples.kept} total={data.kept + data.undecided} />
      <p className="quiet">What is confirmed on the page of an incident is never hidden by a proposal. <Link to={hrefOf('/incidents', { source: rule, state: 'all' })}>Incidents of this rule</Link>{data.confirmedIncidents === 0 ? null : <>, <Link to={hrefOf('/incidents', { source: rule, state: 'all', verdict: 'confirmed' })}>{countWords(data.confirmedIncidents)} confirmed</Link></>}</p>
    </article>
  );
}

function Apply({ proposal }: { readonly proposal: NoiseProposalView }): ReactNode {
  const put = useChange('putRuleFile', ['listRuleFiles', 'proposeExceptions', 'listNoise']);
  const remove = useChange('deleteRuleFile', ['listRuleFiles', 'proposeExceptions', 'listNoise']);
  const { yaml, file, appliedAs } = proposal;
  if (yaml === null || file === null) return null;
  if (appliedAs !== null) {
    return (
      <div className="stack">
        <p>It is applied, as {appliedAs}: what comes from now on is no longer reported. What is stored stays.</p>
        <div className="row-flow"><button type="button" className="button" disabled={remove.isPending} onClick={() => remove.mutate({ params: { name: appliedAs } })} data-testid="take-back">Take it back</button></div>
        <FormProblem error={remove.error} />
      </div>
    );
  }
  return (
    <div className="stack">
      <div className="row-flow"><button type="button" className="button is-main" disabled={put.isPending} onClick={() => put.mutate({ params: { name: file }, body: { yaml } })} data-testid="apply-proposal">Apply to all sensors</button><span className="quiet">It can be taken back at any time.</span></div>
      <FormProblem error={put.error} />
    </div>
  );
}

function Samples({ title, rows, total }: { readonly title: string; readonly rows: NoiseProposalView['samples']['kept']; readonly total: number }): ReactNode {
  if (rows.length === 0) return <Section title={title}><p className="quiet">{total === 0 ? 'Nothing.' : 'No sample is stored.'}</p></Section>;
  return (
    <Section title={title} aside={`the most of ${countWords(total)}`}>
      <ul className="noise-samples">
        {rows.map((row) => <li key={`${row.incident}${row.at}${row.output}`}><Link to={pathOf('/incidents/:id', { id: row.incident })}><Time at={row.at} /></Link><span className="faint">{row.count === 1 ? 'once' : `${countWords(row.count)} times`}</span><span className="mono wrap-anywhere">{visible(row.output)}</span></li>)}
      </ul>
    </Section>
  );
}
