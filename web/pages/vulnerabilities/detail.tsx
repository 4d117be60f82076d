/**
 * One vulnerability: why it matters, where it runs with the four facts and their evidence, the score as the sum of its
 * shown parts, and the fix. Texts of advisories are foreign: shown as text, links only to the web.
 */
import { useState, type ReactNode } from 'react';
import type { FindingView, VulnerabilityDetailView } from '@vedette/model/api/views';
import { shortId } from '@vedette/model/api/short-id';
import { useApi } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { FactLines, Glyph, LoadedBar, Severity } from '../../parts/marks.tsx';
import { ScoreParts } from '../../parts/meters.tsx';
import { Bone, BoneLines, NextAction, Section } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { CutMiddle } from '../../parts/process.tsx';
import { Code, CopyButton, Digest, Fields, ImageText, Outside, Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link } from '../../router.tsx';
import { useNow } from '../../clock.ts';
import { visible } from '../../view/cut.ts';
import { factMarks } from '../../view/glyph.ts';
import { scoreWords } from '../../view/meters.ts';
import { countWords, listWords, plural } from '../../view/numbers.ts';
import { hrefOf } from '../../view/url.ts';
import './vulnerabilities.css';

const findingsShown = 50;
const detailsLengthMax = 6000;

/** `titled`: the page around it already says what it is. */
export function VulnerabilityDetail({ id, titled = false }: { readonly id: string; readonly titled?: boolean }): ReactNode {
  const { data, error, refetch } = useApi('getVulnerability', { params: { id } });
  if (data !== undefined) return <Loaded vulnerability={data} titled={titled} />;
  if (error !== null) return <ProblemBox error={error} again={() => void refetch()} />;
  return <div className="stack"><Bone width="50%" height={18} /><Bone width="80%" /><BoneLines count={10} /></div>;
}

function Loaded({ vulnerability, titled }: { readonly vulnerability: VulnerabilityDetailView; readonly titled: boolean }): ReactNode {
  return (
    <article data-testid="vulnerability" data-key={vulnerability.id}>
      <Head vulnerability={vulnerability} titled={titled} />
      <WhatToDo vulnerability={vulnerability} />
      <Section title="Where it runs" aside={vulnerability.findings.length === 1 ? '1 place' : `${plural(vulnerability.findings.length, 'place')}, the worst first`} id="findings"><Findings findings={vulnerability.findings} /></Section>
      <Section title="What is known"><Known vulnerability={vulnerability} /></Section>
    </article>
  );
}

function Head({ vulnerability, titled }: { readonly vulnerability: VulnerabilityDetailView; readonly titled: boolean }): ReactNode {
  const { loaded } = vulnerability;
  return (
    <header className="stack">
      <div className="wrap-flow">
        <Severity severity={vulnerability.severity} />
        <span className="quiet">{vulnerability.cvss === null ? 'no CVSS score' : `CVSS ${vulnerability.cvss.toFixed(1)}`}</span>
        <span className={vulnerability.exploited === true ? 'strong' : 'quiet'}>{vulnerability.exploited === null ? 'exploited: unknown, no feed loaded' : vulnerability.exploited ? 'exploited in the wild' : 'not known to be exploited'}</span>
      </div>
      {titled ? null : <h2 className="panel-title row-flow">{vulnerability.id}<CopyButton text={vulnerability.id} what="id" /></h2>}
      <p>{vulnerability.summary ?? <span className="quiet">The advisory has no summary.</span>}</p>
      <p className="wrap-flow quiet"><LoadedBar loaded={loaded} /><span>loaded in {countWords(loaded.yes)} of {plural(vulnerability.workloads, 'run')}{loaded.unknown === 0 ? '' : `, unknown in ${countWords(loaded.unknown)}`}</span><span>here for <Time at={vulnerability.firstSeen} age /></span></p>
    </header>
  );
}

/** Only what the advisory says: a version to go to, or that there is none. */
function WhatToDo({ vulnerability }: { readonly vulnerability: VulnerabilityDetailView }): ReactNode {
  const fixes = vulnerability.fixedIn;
  return (
    <NextAction>
      {fixes.length === 0
        ? <p><span className="strong">No fixed version is known.</span> Remove {listWords(vulnerability.packages, 2)} where it is not loaded, or watch the places where it is.</p>
        : <p><span className="strong">Raise {listWords(vulnerability.packages, 2)} to {listWords(fixes, 3)}</span> and rebuild the images below.</p>}
    </NextAction>
  );
}

function findingKey(finding: FindingView): string {
  return `${finding.node}/${finding.workload}/${finding.platformDigest}/${finding.package}@${finding.version}${finding.path ?? ''}`;
}

function Findings({ findings }: { readonly findings: readonly FindingView[] }): ReactNode {
  // The worst place stands open: its facts and its score are what the page is about.
  const [open, setOpen] = useState<string | null>(() => (findings[0] === undefined ? null : findingKey(findings[0])));
  const [all, setAll] = useState(false);
  if (findings.length === 0) return <p className="quiet">Nowhere that is seen. What is not seen is listed under <Link to="/coverage">coverage</Link>.</p>;
  const shown = all ? findings : findings.slice(0, findingsShown);
  return (
    <>
      <ul>{shown.map((finding) => {
        const key = findingKey(finding);
        return <Finding key={key} finding={finding} open={open === key} toggle={() => setOpen(open === key ? null : key)} />;
      })}</ul>
      {findings.length > shown.length ? <button type="button" className="button finding-more" onClick={() => setAll(true)}>Show all {countWords(findings.length)}</button> : null}
    </>
  );
}

function Finding({ finding, open, toggle }: { readonly finding: FindingView; readonly open: boolean; readonly toggle: () => void }): ReactNode {
  return (
    <li className="finding" data-testid="finding" data-key={`${finding.node}/${finding.workload}`}>
      <button type="button" className="finding-line" aria-expanded={open} onClick={toggle}>
        <Icon name={open ? 'down' : 'expand'} size={12} />
        <Glyph facts={finding} />
        <span className="cut finding-workload"><span className="strong">{finding.workload}</span> <span className="faint">on {finding.hostname}</span></span>
        <span className="packages quiet"><CutMiddle text={`${finding.package} ${visible(finding.version)}`} /></span>
        <Tip content="The score: the sum of the parts shown when this line is opened."><span className="strong finding-score">{scoreWords(finding.score)}</span></Tip>
      </button>
      {open ? <FindingFields finding={finding} /> : null}
    </li>
  );
}

function FindingFields({ finding }: { readonly finding: FindingView }): ReactNode {
  const now = useNow();
  return (
    <div className="finding-open">
      <FactLines marks={factMarks(finding, now)} />
      <Fields items={[
        ['Package', <span key="package" className="row-flow">{finding.ecosystem} · {finding.package} <span className="mono">{visible(finding.version)}</span></span>],
        finding.uncertain === null ? null : ['Affected', <span key="uncertain"><span className="hatched unknown-mark">uncertain</span> <span className="quiet">{finding.uncertain}</span></span>],
        ['Fixed in', finding.fixedIn === null ? <span key="fix" className="faint">no fix known</span> : <Code key="fix" text={finding.fixedIn} what="version" />],
        finding.path === null ? null : ['Path', <Code key="path" text={finding.path} what="path" max={120} />],
        ['Image', finding.image === null ? <span key="image" className="faint">not known</span> : <span key="image" className="row-flow"><ImageText image={finding.image} whole /><CopyButton text={finding.image} what="image" /></span>],
        ['Digest', finding.platformDigest === null ? <span key="digest" className="faint">not known</span> : <Digest key="digest" digest={finding.platformDigest} />],
        ['Containers', finding.containers.length === 0 ? <span key="containers" className="faint">none now</span> : <span key="containers" className="wrap-flow">{finding.containers.map((id) => <Link key={id} to={hrefOf('/live', { open: id, tab: 'packages', package: finding.package })} className="mono">{shortId(id)}</Link>)}</span>],
      ]} />
      <ScoreParts parts={finding.parts} score={finding.score} />
    </div>
  );
}

function Known({ vulnerability }: { readonly vulnerability: VulnerabilityDetailView }): ReactNode {
  const absolute = (at: string | null): ReactNode => (at === null ? <span className="faint">not known</span> : <Time at={at} />);
  return (
    <>
      <Fields items={[
        ['Also known as', vulnerability.aliases.length === 0 ? <span key="aliases" className="faint">no other name</span> : vulnerability.aliases.join(', ')],
        ['Packages', vulnerability.packages.join(', ')],
        ['Published', absolute(vulnerability.published)],
        ['Changed', absolute(vulnerability.modified)],
        ['References', vulnerability.references.length === 0 ? <span key="references" className="faint">none</span> : <ul key="references">{vulnerability.references.slice(0, 20).map((address) => <li key={address}><Outside address={address} /></li>)}</ul>],
      ]} />
      {vulnerability.details === null ? null : <div className="advisory-text">{visibleText(vulnerability.details)}</div>}
    </>
  );
}

function visibleText(details: string): string {
  const cut = details.length > detailsLengthMax ? `${details.slice(0, detailsLengthMax)}…` : details;
  return cut.split('\n').map((line) => visible(line)).join('\n');
}
