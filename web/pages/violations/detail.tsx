/** One violation: what is wrong, what follows, what to do, what the rule asked of the image and what was known of it. */
import type { ReactNode } from 'react';
import type { ViolationDetailView } from '@vedette/model/api/views';
import { useApi } from '../../data.ts';
import { ModeMark, Severity } from '../../parts/marks.tsx';
import { Bone, BoneLines, NextAction, Section } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Digest, Fields, ImageText, Time } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { visible } from '../../view/cut.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { hrefOf, pathOf } from '../../view/url.ts';
import { factWords, followsSentence, namespaceOf, violationStateWords } from '../../view/violation-words.ts';
import { RespondButton, ResponsesOf, useResponsesKnown } from '../responses/respond.tsx';

export function ViolationDetail({ id, titled = false }: { readonly id: string; readonly titled?: boolean }): ReactNode {
  const { data, error, refetch } = useApi('getViolation', { params: { id } });
  const isKnown = useResponsesKnown('violation', id);
  if (data !== undefined && isKnown) return <Loaded violation={data} titled={titled} />;
  if (error !== null) return <ProblemBox error={error} again={() => void refetch()} />;
  return <div className="stack"><Bone width="60%" height={18} /><Bone width="80%" /><BoneLines count={8} /></div>;
}

function Loaded({ violation, titled }: { readonly violation: ViolationDetailView; readonly titled: boolean }): ReactNode {
  return (
    <article data-testid="violation" data-key={violation.id}>
      <Head violation={violation} titled={titled} />
      <Section title="What follows"><p>{followsSentence(violation)}</p><AcceptedBy violation={violation} /></Section>
      <Section title="What the rule found" id="violation-found"><Found violation={violation} /></Section>
      <Section title="Where"><Where violation={violation} /></Section>
      <Section title="Evidence"><ul className="plain-list">{violation.evidence.map((line) => <li key={line}>{visible(line)}</li>)}</ul></Section>
    </article>
  );
}

function Head({ violation, titled }: { readonly violation: ViolationDetailView; readonly titled: boolean }): ReactNode {
  const { fix, state } = violation;
  const mayRespond = useMay('policy', { cluster: violation.cluster, namespace: namespaceOf(violation.workload) });
  return (
    <header className="stack">
      <div className="wrap-flow"><Severity severity={violation.severity} /><span className={violation.verdict === 'unknown' ? 'unknown-mark hatched' : 'quiet'}>{violation.verdict}</span><span className="quiet">{violationStateWords[state]}</span><ModeMark mode={violation.mode} /></div>
      {titled ? null : <h2 className="panel-title">{violation.workload}</h2>}
      <p>{visible(violation.reason)}</p>
      <p className="quiet wrap-flow">
        <span>by policy <Link to={pathOf('/policies/:name', { name: violation.policy })}>{violation.policy}</Link>, rule {violation.rule}</span>
        <span>{state === 'closed' ? <>closed <Time at={violation.until} />: {violation.closedReason}</> : <>for <Time at={violation.since} age /></>}</span>
      </p>
      {state === 'closed' ? <ResponsesOf trigger="violation" event={violation.id} /> : <NextAction><p className="strong">{fix === null ? 'Decide: mend the image, or accept it with an exception that has an owner and an end.' : `${fix.charAt(0).toUpperCase()}${fix.slice(1)}.`}</p>{mayRespond ? <div className="row-flow"><RespondButton trigger="violation" event={violation.id} /></div> : null}<ResponsesOf trigger="violation" event={violation.id} /></NextAction>}
    </header>
  );
}

function AcceptedBy({ violation }: { readonly violation: ViolationDetailView }): ReactNode {
  if (violation.acceptedBy.length === 0) return null;
  return <ul className="plain-list">{violation.acceptedBy.map((one) => <li key={one.exception}><b>{one.exception}</b> of {visible(one.owner)}, until {one.expiresAt}: {visible(one.reason)}</li>)}</ul>;
}

function Found({ violation }: { readonly violation: ViolationDetailView }): ReactNode {
  const { found, foundMore, missing, asked } = violation;
  return (
    <>
      {found.length === 0 ? null : <ul className="plain-list">{found.map((one) => <li key={one}>{visible(one)}</li>)}</ul>}
      {foundMore === 0 ? null : <p className="quiet">and {countWords(foundMore)} more</p>}
      {missing.length === 0 ? null : <ul className="plain-list">{missing.map((one) => <li key={one.fact}><span className="unknown-mark hatched">not known</span> <code className="mono">{one.fact}</code> <span className="quiet">{visible(one.reason)}</span></li>)}</ul>}
      {asked.length === 0 ? null : <Fields items={asked.map(({ fact, value }) => [fact, <span key={fact} className={'unknown' in value ? 'quiet' : ''}>{visible(factWords(value))}</span>] as const)} />}
      {found.length + missing.length + asked.length === 0 ? <p className="quiet">The rule reads no single fact.</p> : null}
    </>
  );
}

function Where({ violation }: { readonly violation: ViolationDetailView }): ReactNode {
  const { workload, hostnames, containers, image } = violation;
  return (
    <Fields items={[
      ['Workload', <span key="workload">{visible(workload)} <span className="faint">in cluster {violation.clusterName}</span></span>],
      ['Runs on', hostnames.length === 0 ? <span key="hosts" className="faint">nothing now</span> : <span key="hosts">{hostnames.join(', ')}, <Link to={hrefOf('/live', { q: workload })}>{plural(containers, 'container')}</Link></span>],
      ['Image', image === null ? <span key="image" className="faint">it has no name there</span> : <ImageText key="image" image={image} whole />],
      ['Platform digest', <Digest key="digest" digest={violation.platformDigest} />],
      violation.indexDigest === null ? null : ['Index digest', <Digest key="index" digest={violation.indexDigest} />],
      ['Since', <Time key="since" at={violation.since} />],
      ['Stopped executions', <Link key="stopped" to={hrefOf('/incidents', { source: violation.policy, state: 'all' })}>incidents of this policy</Link>],
    ]} />
  );
}
