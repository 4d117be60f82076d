/**
 * Home: what is most dangerous now. The hub ranks and words; this page shows each card with why, where, since, what is
 * known of its exposure and one next action, and beside them how complete that picture is.
 */
import type { ReactNode } from 'react';
import type { RiskCardView, RiskSummaryView } from '@vedette/model/api/views';
import { useNow } from '../../clock.ts';
import { useApi } from '../../data.ts';
import { useCardKeys } from './card-keys.ts';
import { AddHostLink } from '../../parts/add-host-link.tsx';
import { Chain } from '../../parts/chain.tsx';
import { Icon, type IconName } from '../../parts/icons.tsx';
import { Glyph, LoadedShape, SeverityShape } from '../../parts/marks.tsx';
import { Bone, Empty, Page, Tiles, type Tile } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Spark } from '../../parts/spark.tsx';
import { Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link } from '../../router.tsx';
import { useSeesHosts } from '../../session.tsx';
import { factMeaning, factNames } from '../../view/glyph.ts';
import { scoreWords } from '../../view/meters.ts';
import { countWords, lostWords, percentWords, plural } from '../../view/numbers.ts';
import { hrefOf, localPath } from '../../view/url.ts';
import { severityWords } from '../../view/words.ts';
import { RiskAside, RiskAsideWaiting } from './aside.tsx';
import { ClassicRisks } from './classic.tsx';
import './risk.css';

export function RiskPage(): ReactNode {
  const { data, error, refetch } = useApi('risk', {});
  if (data === undefined && error !== null) {
    return <Page title="Risk" sentence="The risk summary cannot be shown."><ProblemBox error={error} again={() => void refetch()} /></Page>;
  }
  return (
    <Page title="Risk" sentence={data?.sentence ?? <Bone width={520} height={18} />} note={data === undefined ? ' ' : <CoverageNote summary={data} />} tall>
      <RiskTiles summary={data} />
      <ClassicRisks risks={data?.classic} />
      <div className="risk-columns">
        <div>{data === undefined ? <CardsWaiting /> : <Cards cards={data.cards} summary={data} />}</div>
        {data === undefined ? <RiskAsideWaiting /> : <RiskAside summary={data} />}
      </div>
    </Page>
  );
}

function CoverageNote({ summary }: { readonly summary: RiskSummaryView }): ReactNode {
  const { coverage } = summary;
  if (coverage.sensorsTotal === 0) return <span>Here stand the most dangerous things that run now, each with why, where, since when, and what to do.</span>;
  const missed = coverage.unhooked.length;
  return (
    <>
      <span>{coverage.sensorsConnected} of {plural(coverage.sensorsTotal, 'sensor')} connected, {lostWords(coverage.recordsLost)}.</span>
      {missed === 0 ? null : <span>No percentage holds <Link to="/coverage" className="clause-link">what no hook sees</Link>: {missed === 1 ? 'one known kind' : `${countWords(missed)} known kinds`}.</span>}
    </>
  );
}

function RiskTiles({ summary }: { readonly summary: RiskSummaryView | undefined }): ReactNode {
  const seesHosts = useSeesHosts();
  const counts = summary?.counts;
  const number = (count: number | undefined): string | null => (count === undefined ? null : countWords(count));
  const noFeeds = summary !== undefined && summary.feeds.length === 0;
  // Nothing counted is not zero where nobody counts; and what was counted last is not what runs now.
  const unwatched = summary?.coverage.sensorsTotal === 0;
  const running = (count: number | undefined): Pick<Tile, 'count' | 'note'> => (unwatched ? { count: 'unknown', note: 'no host is watched' } : { count: number(count), note: summary?.coverage.sensorsConnected === 0 ? 'when last seen' : 'running now' });
  const tiles: readonly Tile[] = [
    { id: 'incidents', label: 'Open incidents', count: number(counts?.incidentsOpen), note: 'rules and policies', beside: <BeganDaily />, to: '/incidents' },
    { id: 'loaded', label: 'Vulnerabilities loaded', count: noFeeds || unwatched ? 'unknown' : number(counts?.vulnerabilitiesLoaded), note: counts === undefined ? ' ' : noFeeds ? 'no advisories loaded' : unwatched ? 'no host is watched' : `of ${countWords(counts.vulnerabilities)} present`, beside: noFeeds || unwatched ? undefined : <LoadedOfAll />, to: hrefOf('/vulnerabilities', { loaded: 'yes' }) },
    { id: 'hosts', label: 'Hosts', count: number(counts?.hosts), note: summary === undefined ? ' ' : `${summary.coverage.sensorsConnected} connected`, to: seesHosts ? '/fleet' : '/live' },
    { id: 'containers', label: 'Containers', ...running(counts?.containers), to: '/live' },
    { id: 'processes', label: 'Processes', ...running(counts?.processes), to: hrefOf('/live', { view: 'processes' }) },
  ];
  return <Tiles label="Counts" tiles={tiles} />;
}

/** How many incidents began on each of the last days, of any severity. */
function BeganDaily(): ReactNode {
  const days = useApi('listIncidents', { query: { state: 'open', facets: 'include', limit: 1 } }, { keep: true }).data?.facets?.days;
  return days === undefined ? null : <Spark counts={days.map(({ critical, high, medium, low }) => critical + high + medium + low)} />;
}

function LoadedOfAll(): ReactNode {
  const loaded = useApi('listVulnerabilities', { query: { facets: 'include', limit: 1 } }, { keep: true }).data?.facets?.loaded;
  return loaded === undefined ? null : <LoadedShape loaded={loaded} />;
}

function Cards({ cards, summary }: { readonly cards: readonly RiskCardView[]; readonly summary: RiskSummaryView }): ReactNode {
  const keys = useCardKeys(cards);
  if (cards.length === 0) return <NoCards summary={summary} />;
  return (
    <>
      <div className="cards-head small quiet"><span>Ranked by score</span><Tip content={<span className="tip-lines">{factNames.map((fact) => <span key={fact}><b>{fact}</b>: {factMeaning(fact)}</span>)}</span>} focusable><span>present · loaded · linked · entered</span></Tip><span className="card-score">score</span></div>
      <ol className="cards" ref={keys} data-testid="risk-cards">
        {cards.map((card, index) => <Card key={card.id} card={card} rank={index + 1} />)}
      </ol>
    </>
  );
}

const kindIcons: Record<RiskCardView['kind'], IconName> = { vulnerability: 'vulnerabilities', incident: 'incidents', violation: 'violations', coverage: 'coverage', feed: 'advisories' };
const kindWords: Record<RiskCardView['kind'], string> = { vulnerability: 'Vulnerability', incident: 'Incident', violation: 'Violation', coverage: 'Coverage', feed: 'Advisories' };

function Card({ card, rank }: { readonly card: RiskCardView; readonly rank: number }): ReactNode {
  const to = localPath(card.link);
  return (
    <li className={`card is-${card.severity}`} data-testid="risk-card" data-key={card.id}>
      <span className="card-rank faint small" aria-label={`Rank ${rank}`}>{rank}</span>
      <SeverityShape severity={card.severity} size={14} />
      <h2 className="card-title"><Link to={to} className="plain-link" data-card-link="">{card.title}</Link></h2>
      <div className="card-marks">
        {card.facts === null ? null : <Glyph facts={card.facts} />}
        <Tip content={`${severityWords[card.severity]}. Score ${scoreWords(card.score)}: the sum of the parts that its page shows.`}><span className="card-score">{scoreWords(card.score)}</span></Tip>
      </div>
      {card.chain === null ? null : <div className="card-chain"><Chain steps={card.chain} /></div>}
      <p className="card-why">{card.why}</p>
      <p className="card-where quiet">
        <span className="row-flow"><Icon name={kindIcons[card.kind]} size={14} />{kindWords[card.kind]}</span>
        <span className="cut" title={card.where}>{card.where}</span>
        <Since at={card.since} />
      </p>
      <p className="card-action"><Icon name="arrow" size={14} /><span>{card.nextAction}</span></p>
    </li>
  );
}

/** What has been so for less than a minute is new, and "for 0 s" would say nothing. */
function Since({ at }: { readonly at: string }): ReactNode {
  const isNew = useNow() - Date.parse(at) < 60_000;
  return <span className="nowrap">{isNew ? 'now' : <>for <Time at={at} age /></>}</span>;
}

function NoCards({ summary }: { readonly summary: RiskSummaryView }): ReactNode {
  if (summary.coverage.sensorsTotal === 0) {
    return (
      <Empty title="Nothing is watched yet" action={<AddHostLink />}>
        <p>Here stand the most dangerous things that run now: each with why, where, since when and what to do.</p>
        <p>For that at least one host needs a sensor. It takes one command on the host and about a minute.</p>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing stands out right now" action={summary.feeds.length === 0 ? <Link to="/advisories" className="button">How to load advisories</Link> : <Link to="/coverage" className="button">What is not seen</Link>}>
      <p>No open incident, and no vulnerability worth a card in what is seen ({percentWords(summary.coverage.percent)} of what the hooks can see).</p>
      {summary.feeds.length === 0 ? <p>No advisories are loaded, so vulnerabilities are unknown, not absent.</p> : null}
    </Empty>
  );
}

function CardsWaiting(): ReactNode {
  return (
    <>
    <div className="cards-head" />
    <div className="cards" aria-hidden="true" data-testid="skeleton">
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} className="card is-waiting"><span /><Bone width={14} height={14} /><span className="card-title"><Bone width="55%" height={12} /></span><span className="card-marks"><Bone width={70} height={14} /></span><span className="card-why"><Bone width="80%" /></span><span className="card-where"><Bone width="40%" /></span><span className="card-action"><Bone width={260} /></span></div>
      ))}
    </div>
    </>
  );
}
