/** The chain of one process, file or container: what runs, and everything that is known of where it came from, from stored facts. */
import type { ReactNode } from 'react';
import type { TraceView } from '@vedette/model/api/origin';
import { useApi } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { OriginChain, VerdictList } from '../../parts/origin-chain.tsx';
import { Bone, BoneLines, Empty, Page, Section } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { ContainerText } from '../../parts/text.tsx';
import { Link, useFilters } from '../../router.tsx';
import { hrefOf, pathOf, text } from '../../view/url.ts';

const filters = { process: text(200), node: text(100), container: text(300), image: text(1000), path: text(4096) };

export function TracePage(): ReactNode {
  const [query] = useFilters(filters);
  const asks = query.process !== undefined || query.container !== undefined || query.image !== undefined;
  const { data, error, refetch } = useApi('trace', { query }, { enabled: asks });
  const above = <Link to={data?.container == null ? '/live' : hrefOf('/live', { open: data.container.id })} className="back-link"><Icon name="back" size={12} />Live</Link>;
  return (
    <Page title="Trace" above={above} sentence={data === undefined ? asks && error === null ? <Bone width={420} height={18} /> : <>Nothing to trace.</> : <Sentence traced={data} />} note={data === undefined ? undefined : <Note traced={data} />}>
      {asks ? null : <Empty title="Choose what to trace" action={<Link to="/live?view=processes" className="button is-main">Processes</Link>}><p>A process leads to its file, package, layer, image, registry, build, commit and signer. Open one under Live, or ask at the host: <code className="mono">vedette trace pid:N --hub URL</code>.</p></Empty>}
      {data === undefined ? asks && error === null ? <BoneLines count={10} /> : error === null ? null : <ProblemBox error={error} again={() => void refetch()} /> : (
        <>
          <Section title="Where it came from"><OriginChain chain={data.chain} /></Section>
          <Section title="Integrity"><VerdictList verdicts={data.verdicts} /></Section>
        </>
      )}
    </Page>
  );
}

function Sentence({ traced }: { readonly traced: TraceView }): ReactNode {
  const missing = traced.chain.filter((one) => one.state === 'unknown').length;
  const contradicting = traced.chain.filter((one) => one.state === 'conflict').length;
  return <><b className="wrap-anywhere">{traced.subject}</b>: {contradicting > 0 ? <>sources contradict one another at <b>{contradicting}</b> of {traced.chain.length} stations.</> : missing === 0 ? <>the whole chain is known.</> : <><b>{traced.chain.length - missing}</b> of {traced.chain.length} stations are known.</>}</>;
}

/** Its workload as every other page names it. */
function containerOf({ id, name, namespace, workload }: NonNullable<TraceView['container']>): { readonly id: string; readonly name: string; readonly workload: string | null } {
  return { id, name, workload: workload === null || namespace === null || workload.includes('/') ? workload : `${namespace}/${workload}` };
}

function Note({ traced }: { readonly traced: TraceView }): ReactNode {
  return (
    <>
      {traced.container === null ? <span>in no container</span> : <span>in <Link to={hrefOf('/live', { open: traced.container.id })}><ContainerText {...containerOf(traced.container)} /></Link></span>}
      {traced.image === null ? null : <span>of <Link to={pathOf('/images/:id', { id: traced.image.id })}>{traced.image.reference}</Link></span>}
    </>
  );
}
