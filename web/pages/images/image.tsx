/** One image: the chain as a picture and in words, the verdicts with their history, where it runs, and what Xray and its labels say. */
import type { ReactNode } from 'react';
import type { ImageDetailView } from '@vedette/model/api/origin';
import type { Station } from '@vedette/model/origin';
import { useApi, useChange } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { OriginChain, VerdictList } from '../../parts/origin-chain.tsx';
import { Bone, BoneLines, NextAction, Page, Section } from '../../parts/page.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Digest, ImageText, Time } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { plural } from '../../view/numbers.ts';
import { unknownOf, verdictWords, violatedOf } from '../../view/origin.ts';
import { hrefOf } from '../../view/url.ts';

/** Stations that only a process has: of an image nobody could know them, and that is no gap. */
const ofProcess: ReadonlySet<Station> = new Set(['process', 'file', 'package']);

export function ImagePage({ params }: { readonly params: Readonly<Record<string, string>> }): ReactNode {
  const id = params['id'] ?? '';
  const { data, error, refetch } = useApi('getImage', { params: { id } });
  const may = useMay('triage');
  const askAgain = useChange('askImage', ['getImage', 'listImages']);
  const above = <Link to="/images" className="back-link"><Icon name="back" size={12} />Images</Link>;
  const button = may && data !== undefined && data.problem === null ? <button type="button" className="button" disabled={askAgain.isPending} onClick={() => askAgain.mutate({ params: { id } })} data-testid="ask-again">{askAgain.isPending ? 'Asking' : 'Ask again now'}</button> : undefined;
  return (
    <Page title="Image" above={above} sentence={data === undefined ? error === null ? <Bone width={420} height={18} /> : <>There is no such image.</> : <Sentence image={data} />} actions={button} note={data === undefined ? undefined : <Note image={data} />}>
      <FormProblem error={askAgain.error} />
      {data === undefined ? error === null ? <BoneLines count={10} /> : <ProblemBox error={error} again={() => void refetch()} /> : <Detail image={data} />}
    </Page>
  );
}

function Sentence({ image }: { readonly image: ImageDetailView }): ReactNode {
  const name = <b className="wrap-anywhere">{image.problem === null ? <ImageText image={image.reference} whole /> : image.reference}</b>;
  const violated = violatedOf(image.verdicts);
  const open = unknownOf(image.verdicts);
  if (image.problem !== null) return <>{name} cannot be asked about.</>;
  if (image.askedAt === null) return <>Nobody was asked about {name} yet.</>;
  if (violated.length > 0) return <>{name}: {violated.map((one) => verdictWords[one.kind].toLowerCase()).join(', ')}.</>;
  if (image.conflicts.length > 0) return <>What is said about {name} contradicts itself.</>;
  return open.length > 0 ? <>Nothing wrong is known of {name}, and {plural(open.length, 'verdict')} of {image.verdicts.length} {open.length === 1 ? 'is' : 'are'} <b>unknown</b>.</> : <>Everything that was asked about {name} holds.</>;
}

function Note({ image }: { readonly image: ImageDetailView }): ReactNode {
  return (
    <>
      {image.digest === null ? <span>only its tag is known</span> : <Digest digest={image.digest} />}
      <span>{image.platform}</span>
      <span>{image.problem ?? <>asked <Time at={image.askedAt} absent="not yet" />{image.nextAt === null ? null : <>, again by itself</>}</>}</span>
    </>
  );
}

function Detail({ image }: { readonly image: ImageDetailView }): ReactNode {
  const worst = violatedOf(image.verdicts).find((one) => one.action !== null);
  return (
    <>
      {worst === undefined ? null : <NextAction><p>{worst.action}</p></NextAction>}
      {image.unanswered.length === 0 ? null : <div className="problem" data-testid="unanswered"><p className="strong">Not everyone answered the last time; what was known before is shown with its age.</p>{image.unanswered.map((one) => <p key={one} className="wrap-anywhere">{one}</p>)}</div>}
      <Section title="Where it came from"><OriginChain chain={image.chain.filter((one) => !ofProcess.has(one.station) || one.claims.length > 0)} /></Section>
      <Section title="Integrity"><VerdictList verdicts={image.verdicts} /></Section>
      <Section title="Runs in" aside={plural(image.containers, 'container')}><Places image={image} /></Section>
      <p><Link to={hrefOf('/baselines', { image: image.digest ?? undefined })}>What it was learned to do</Link></p>
      {image.xray === null ? null : <Section title="Xray"><table className="plain-table is-pairs"><tbody><tr><td>Issues</td><td>{image.xray.issues}</td></tr><tr><td>Violations of its policies</td><td>{image.xray.violations}</td></tr></tbody></table></Section>}
      {image.history.length === 0 ? null : <Section title="Before"><VerdictList verdicts={image.history.slice(0, 24)} /></Section>}
      <Section title="Labels"><Labels labels={image.labels} /></Section>
    </>
  );
}

function Places({ image }: { readonly image: ImageDetailView }): ReactNode {
  if (image.places.length === 0) return <p className="quiet">No container of it runs in what you may see.</p>;
  return (
    <table className="plain-table">
      <thead><tr><th>Cluster</th><th>Workload</th><th>Container</th><th>Host</th><th>Started</th></tr></thead>
      <tbody>
        {image.places.map((one) => (
          <tr key={`${one.node} ${one.container}`}>
            <td>{one.cluster}</td><td>{one.workload === null ? <span className="faint">not known</span> : `${one.namespace === null || one.namespace === '' ? '' : `${one.namespace}/`}${one.workload}`}</td>
            <td><Link to={hrefOf('/live', { open: one.container })}>{one.containerName || one.container.slice(0, 12)}</Link></td><td>{one.hostname}</td><td><Time at={one.startedAt} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Labels({ labels }: { readonly labels: Readonly<Record<string, string>> | null }): ReactNode {
  if (labels === null) return <p className="quiet">Not known: the configuration of the image could not be read.</p>;
  const all = Object.entries(labels);
  if (all.length === 0) return <p className="quiet">The image has none.</p>;
  return <table className="plain-table is-pairs"><tbody>{all.map(([name, value]) => <tr key={name}><td className="mono">{name}</td><td className="mono">{value}</td></tr>)}</tbody></table>;
}
