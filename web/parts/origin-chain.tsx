/**
 * The chain from a process to the signer: a picture of the stations, each drawn by what is known of it, and below it every claim with its source, how far it
 * can be trusted and how old it is. Contradictions show both sides; what is not known says why and what to do.
 */
import type { ReactNode } from 'react';
import type { ChainLinkView, OriginVerdictView } from '@vedette/model/api/origin';
import type { Station } from '@vedette/model/origin';
import { Link } from '../router.tsx';
import { confidenceSentences, lookOf, lookSentences, shortText, stationWords, verdictWords, type LinkLook } from '../view/origin.ts';
import { Icon, type IconName } from './icons.tsx';
import { Code, Time } from './text.tsx';
import { Tip } from './tip.tsx';
import './origin-chain.css';
import './verdict.css';

const icons: Readonly<Record<Station, IconName>> = { process: 'process', file: 'file', package: 'package', layer: 'image', image: 'container', registry: 'registry', build: 'build', commit: 'commit', signer: 'signer' };

export function OriginChain({ chain }: { readonly chain: readonly ChainLinkView[] }): ReactNode {
  return (
    <>
      <ol className="origin-picture" aria-label="The chain, from what runs to who answers for it">
        {chain.map((link) => (
          <li key={link.station} className={`origin-stop is-${lookOf(link)}`}>
            <a href={`#station-${link.station}`} className="origin-stop-link" onClick={(event) => { event.preventDefault(); document.querySelector(`#station-${link.station}`)?.scrollIntoView({ block: 'center' }); }}>
              <Node station={link.station} look={lookOf(link)} />
              <span className="origin-stop-name">{stationWords[link.station]}</span>
              <span className="origin-stop-text quiet" title={link.claims[0]?.text}>{shortText(link)}</span>
            </a>
          </li>
        ))}
      </ol>
      <ol className="origin-list">{chain.map((link) => <StationRow key={link.station} link={link} />)}</ol>
    </>
  );
}

function Node({ station, look }: { readonly station: Station; readonly look: LinkLook }): ReactNode {
  return <span className={`origin-node is-${look}`}><Icon name={icons[station]} size={14} /><span className="unseen">{lookSentences[look]}</span></span>;
}

function StationRow({ link }: { readonly link: ChainLinkView }): ReactNode {
  const look = lookOf(link);
  return (
    <li className={`origin-row is-${look}`} id={`station-${link.station}`} data-testid={`station-${link.station}`} data-state={link.state}>
      <Node station={link.station} look={look} />
      <h3 className="origin-name">{stationWords[link.station]}</h3>
      <div className="origin-body">
        {link.conflicts.map((one) => <p key={one} className="origin-conflict"><Icon name="incidents" size={14} /><span><span className="strong">Contradiction.</span> {one}</span></p>)}
        {link.claims.map((claim) => <ClaimLine key={`${claim.source} ${claim.text}`} claim={claim} />)}
        {link.agreements.map((one) => <p key={one} className="origin-agreed small"><Icon name="check" size={12} />{one}</p>)}
        {link.gaps.map((gap) => (
          <p key={`${gap.source ?? ''} ${gap.words}`} className={`origin-gap ${gap.state === 'unknown' ? 'is-unknown' : ''}`}>
            <span className={gap.state === 'unknown' ? 'unknown-mark hatched' : 'none-mark small'}>{gap.state === 'unknown' ? 'unknown' : 'none'}</span>
            <span className="wrap-anywhere">{gap.words}{gap.source === null ? '' : ` (${gap.source})`} <Remedy action={gap.action} /></span>
          </p>
        ))}
      </div>
    </li>
  );
}

/** Where the settings mend it, the sentence leads there. */
export function Remedy({ action }: { readonly action: string | null }): ReactNode {
  if (action === null) return null;
  return action.includes('Settings → Integrations') ? <Link to="/settings" className="nowrap-last">{action}</Link> : <span>{action}</span>;
}

function ClaimLine({ claim }: { readonly claim: ChainLinkView['claims'][number] }): ReactNode {
  const details = Object.entries(claim.details);
  return (
    <div className="origin-claim">
      <p className="origin-claim-text"><Code text={claim.text} what="value" max={96} /></p>
      <p className="small quiet">{claim.source}, <Tip content={confidenceSentences[claim.confidence]}><span className={`confidence is-${claim.confidence}`}>{claim.confidence}</span></Tip>, <Time at={claim.learnedAt} /></p>
      {details.length === 0 ? null : <dl className="origin-details small">{details.map(([name, value]) => <div key={name}><dt className="faint">{name}</dt><dd className="wrap-anywhere">{value}</dd></div>)}</dl>}
    </div>
  );
}

const verdictLook: Readonly<Record<OriginVerdictView['state'], LinkLook>> = { violated: 'conflict', holds: 'firm', unknown: 'open', 'not-applicable': 'none' };

export function VerdictList({ verdicts }: { readonly verdicts: readonly OriginVerdictView[] }): ReactNode {
  if (verdicts.length === 0) return <p className="quiet">Nothing was judged yet: nobody was asked about this image.</p>;
  return (
    <ul className="verdict-list">
      {verdicts.map((one) => (
        <li key={`${one.kind} ${one.since}`} className={`verdict-row is-${verdictLook[one.state]}`} data-testid={`verdict-${one.kind}`} data-state={one.state}>
          <p className="verdict-head"><VerdictState state={one.state} /><span className={one.state === 'violated' ? 'strong' : ''}>{verdictWords[one.kind]}</span><span className="small quiet">{one.until === null ? <>since <Time at={one.since} age /></> : <>until <Time at={one.until} /></>}</span></p>
          <p className="quiet wrap-anywhere">{one.sentence}</p>
          {one.unconfirmed === null ? null : <p className="small"><span className="unknown-mark hatched">not confirmed</span> {one.unconfirmed}</p>}
          {one.expected === null && one.found === null ? null : <dl className="origin-details small">{one.expected === null ? null : <div><dt className="faint">expected</dt><dd className="wrap-anywhere mono">{one.expected}</dd></div>}{one.found === null ? null : <div><dt className="faint">found</dt><dd className="wrap-anywhere mono">{one.found}</dd></div>}</dl>}
          {one.action === null || one.until !== null ? null : <p className="small"><span className="faint">What to do: </span><Remedy action={one.action} /></p>}
        </li>
      ))}
    </ul>
  );
}

export function VerdictState({ state }: { readonly state: OriginVerdictView['state'] }): ReactNode {
  switch (state) {
    case 'violated': return <span className="verdict-mark is-violated"><Icon name="cross" size={12} />violated</span>;
    case 'holds': return <span className="verdict-mark is-holding"><Icon name="check" size={12} />holds</span>;
    case 'unknown': return <span className="unknown-mark hatched">unknown</span>;
    case 'not-applicable': return <span className="none-mark small">does not apply</span>;
    default: return state satisfies never;
  }
}
