/**
 * Reading and writing through the API from components: one query a request, keyed by endpoint and input, renewed when
 * the live stream says so. Lists are read page by page; a list that was read far down is not fetched again behind the
 * reader's back but marked as changed.
 */
import { QueryClient, useInfiniteQuery, useMutation, useQuery, useQueryClient, type UseInfiniteQueryResult, type UseMutationResult, type UseQueryResult } from '@tanstack/react-query';
import type { EndpointName, Input, Output } from '@vedette/model/api/table';
import { call, failureOf, type Failure } from './client.ts';
import { passesByItself } from './view/problems.ts';

/** Above this many pages a live update only marks the list as changed. */
const renewedPagesMax = 3;
const tries = 3;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < tries && passesByItself(failureOf(error).code),
      retryDelay: (count) => Math.min(1000 * 2 ** count, 15_000),
    },
    mutations: { retry: false },
  },
});

interface Options {
  readonly enabled?: boolean;
  readonly refetchInterval?: number;
  /** Keep showing the last answer while the input changes (typing into a filter). */
  readonly keep?: boolean;
}

export function useApi<N extends EndpointName>(name: N, input: Input<N>, options: Options = {}): UseQueryResult<Output<N>, Failure> {
  const { keep = false, ...rest } = options;
  return useQuery<Output<N>, Failure>({
    queryKey: [name, input],
    queryFn: ({ signal }) => call(name, input, signal),
    ...rest,
    ...(keep ? { placeholderData: (last: Output<N> | undefined) => last as never } : {}),
  });
}

interface AnyPage {
  readonly items: readonly unknown[];
  readonly next: string | null;
  readonly total: number | null;
}
export type PagedName = { [N in EndpointName]: Output<N> extends AnyPage ? N : never }[EndpointName];
export type RowOf<N extends PagedName> = Output<N> extends { items: (infer Row)[] } ? Row : never;

export interface PagedList<Row> {
  readonly rows: readonly Row[] | undefined;
  readonly total: number | null;
  readonly failure: Failure | null;
  readonly isFetching: boolean;
  readonly hasMore: boolean;
  readonly isFetchingMore: boolean;
  /** It changed on the hub, and was not fetched again because the reader is far down in it. */
  readonly changed: boolean;
  more(): void;
  again(): void;
}

export function usePages<N extends PagedName>(name: N, query: Readonly<Record<string, unknown>>, options: { readonly params?: Readonly<Record<string, string>>; readonly pageSize?: number } = {}): PagedList<RowOf<N>> {
  const { params, pageSize = 100 } = options;
  const client = useQueryClient();
  const key = [name, 'pages', query, params ?? null];
  const list: UseInfiniteQueryResult<{ pages: Output<N>[] }, Failure> = useInfiniteQuery({
    queryKey: key,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => call(name, { ...(params === undefined ? {} : { params }), query: { ...query, limit: pageSize, cursor: pageParam } } as unknown as Input<N>, signal),
    getNextPageParam: (last) => (last as AnyPage).next ?? undefined,
    // Stale only when the live stream says so: that is what `changed` shows.
    staleTime: Infinity,
  });
  const pages = list.data?.pages as readonly AnyPage[] | undefined;
  return {
    rows: pages?.flatMap((page) => page.items) as RowOf<N>[] | undefined,
    total: pages?.at(-1)?.total ?? null,
    failure: list.error,
    isFetching: list.isFetching,
    hasMore: list.hasNextPage,
    isFetchingMore: list.isFetchingNextPage,
    changed: list.isStale && (pages?.length ?? 0) > renewedPagesMax,
    more: () => {
      if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
    },
    again: () => {
      client.setQueryData<{ pages: unknown[]; pageParams: unknown[] }>(key, (old) => (old === undefined ? undefined : { pages: old.pages.slice(0, 1), pageParams: old.pageParams.slice(0, 1) }));
      void list.refetch();
    },
  };
}

/** A list that the hub gives whole, in the form of one that is read page by page. */
export function wholeList<Row>(rows: readonly Row[] | undefined, query: { readonly error: Failure | null; readonly refetch: () => unknown }): PagedList<Row> {
  return {
    rows, total: rows?.length ?? null, failure: query.error, isFetching: false, hasMore: false, isFetchingMore: false, changed: false,
    more: () => {},
    again: () => void query.refetch(),
  };
}

/** A write; the endpoints named in `touches` are fetched again when it worked. */
export function useChange<N extends EndpointName>(name: N, touches: readonly EndpointName[] = []): UseMutationResult<Output<N>, Failure, Input<N>> {
  return useMutation<Output<N>, Failure, Input<N>>({
    mutationFn: (input) => call(name, input),
    onSuccess: () => renew(new Set(touches)),
  });
}

function pageCount(data: unknown): number {
  return typeof data === 'object' && data !== null && 'pages' in data && Array.isArray(data.pages) ? data.pages.length : 1;
}

/** Fetches again what is on screen of these endpoints, and marks the rest as stale. */
export async function renew(names: ReadonlySet<string>): Promise<void> {
  if (names.size === 0) return;
  const touches = (key: readonly unknown[]): boolean => names.has(String(key[0]));
  await queries.invalidateQueries({ predicate: (query) => touches(query.queryKey), refetchType: 'none' });
  await queries.refetchQueries({ type: 'active', predicate: (query) => touches(query.queryKey) && query.state.isInvalidated && pageCount(query.state.data) <= renewedPagesMax });
}
