/** Advisory feeds: which are loaded, how old each is, what could not be read of it, and how to bring in newer ones. */
import type { ReactNode } from 'react';
import type { FeedView } from '@vedette/model/api/views';
import { useNow } from '../../clock.ts';
import { useApi, useChange } from '../../data.ts';
import { Bone, BoneLines, Empty, Page, Section } from '../../parts/page.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Command, Time } from '../../parts/text.tsx';
import { useMay } from '../../session.tsx';
import { countWords, plural } from '../../view/numbers.ts';
import { feedState } from '../../view/feeds.ts';
import { ageWords } from '../../view/time.ts';
import { syncCommand, syncCopyCommand } from '../../view/words.ts';
import './advisories.css';

export function AdvisoriesPage(): ReactNode {
  const { data, error, refetch } = useApi('listFeeds', {});
  const may = useMay('policy');
  const reload = useChange('reloadAdvisories', ['listFeeds', 'listVulnerabilities', 'getVulnerability', 'risk', 'listContainers']);
  const button = may ? <button type="button" className="button" disabled={reload.isPending} onClick={() => reload.mutate({})} data-testid="reload">{reload.isPending ? 'Reading' : 'Read the store again'}</button> : undefined;
  return (
    <Page title="Advisories" sentence={<Sentence feeds={data?.items} />} actions={button} note="Vulnerabilities are found by matching what runs against these feeds. What is not in them is not found.">
      {reload.data === undefined ? null : <p className="next-action" role="status">Read {plural(reload.data.advisories, 'advisory', 'advisories')}; {plural(reload.data.matches, 'match', 'matches')} with what runs.</p>}
      <FormProblem error={reload.error} />
      {data === undefined || data.problem === null || data.items.length === 0 ? null : <div className="problem"><p className="strong">{data.problem}</p></div>}
      {data === undefined ? error === null ? <BoneLines count={6} /> : <ProblemBox error={error} again={() => void refetch()} /> : data.items.length === 0 ? <NoFeeds problem={data.problem} /> : <><Feeds feeds={data.items} /><Section title="To bring in newer ones"><Commands /></Section></>}
    </Page>
  );
}

function Sentence({ feeds }: { readonly feeds: readonly FeedView[] | undefined }): ReactNode {
  if (feeds === undefined) return <Bone width={380} height={18} />;
  if (feeds.length === 0) return <>No advisories are loaded, so vulnerabilities are <b>unknown</b>, not absent.</>;
  const oldest = Math.max(...feeds.map((feed) => feed.ageSeconds));
  const sum = feeds.reduce((total, feed) => total + feed.advisories, 0);
  return <><b>{countWords(sum)}</b> advisories from {plural(feeds.length, 'feed')}; the oldest was read {ageWords(oldest * 1000)} ago.</>;
}

function Feeds({ feeds }: { readonly feeds: readonly FeedView[] }): ReactNode {
  const now = useNow();
  return (
    <table className="plain-table feeds">
      <thead><tr><th>Ecosystem</th><th className="number">Advisories</th><th>Read</th><th>Newest in it</th><th className="number">Not readable</th></tr></thead>
      <tbody>
        {feeds.map((feed) => {
          const state = feedState(feed, now);
          return (
            <tr key={feed.ecosystem} data-testid="feed" data-key={feed.ecosystem}>
              <td className="strong">{feed.ecosystem}</td><td className="number">{countWords(feed.advisories)}</td>
              <td><Time at={feed.syncedAt} />{state === 'old' || state === 'stale' ? <span className="strong">{state === 'old' ? ', older than a day' : ', too old to rely on'}</span> : null}</td>
              <td><Time at={feed.newest} absent="not known" />{state === 'old-copy' ? <span className="strong">: this is an old copy</span> : null}</td>
              <td className={`number ${feed.rejected === 0 ? 'faint' : 'strong'}`}>{countWords(feed.rejected)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Commands(): ReactNode {
  return (
    <div className="stack feed-commands">
      <p>On the hub, with a network:</p><Command text={syncCommand} />
      <p>Without one, from a copy of such a directory (<code className="mono">Debian/all.zip</code>, <code className="mono">npm/all.zip</code>):</p><Command text={syncCopyCommand} />
      <p className="quiet">The hub sees the new content within seconds and matches everything that runs against it.</p>
    </div>
  );
}

function NoFeeds({ problem }: { readonly problem: string | null }): ReactNode {
  return (
    <Empty title={problem ?? 'No feed is in the advisory store.'}>
      <p>Here stand the advisory feeds, how old each is, and what of it could not be read. Without them nothing can be said about vulnerabilities.</p>
      <Commands />
    </Empty>
  );
}
