/**
 * How much an advisory feed can be relied on: when it was read, and how new the newest thing in it is. A feed that was read
 * a minute ago from a copy made last year is a year old, whatever the clock of the reading says.
 */
import type { FeedView } from '@vedette/model/api/views';
import { freshness, type Freshness } from './time.ts';

export type FeedState = Freshness | 'old-copy';

const limits = { oldAfterSeconds: 24 * 3600, staleAfterSeconds: 3 * 24 * 3600 };
/** Every ecosystem that is looked after gets an advisory more often than this. */
const oldCopyDays = 30;

export function feedState(feed: Pick<FeedView, 'ageSeconds' | 'newest'>, nowMs: number): FeedState {
  const read = freshness(feed.ageSeconds, limits);
  if (read !== 'fresh') return read;
  const isOldCopy = feed.newest !== null && nowMs - Date.parse(feed.newest) > oldCopyDays * 86_400_000;
  return isOldCopy ? 'old-copy' : 'fresh';
}

const worstFirst: readonly FeedState[] = ['stale', 'old-copy', 'old', 'fresh'];

/** A list is as good as its worst part. */
export function worstFeedState(feeds: readonly Pick<FeedView, 'ageSeconds' | 'newest'>[], nowMs: number): FeedState | 'none' {
  const states = feeds.map((feed) => feedState(feed, nowMs));
  return worstFirst.find((state) => states.includes(state)) ?? 'none';
}
