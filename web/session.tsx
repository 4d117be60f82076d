/**
 * Who is signed in. Without a session the reader is sent to the sign-in page and, after it, back to where they were.
 * What a role does not permit is not offered; the hub refuses it in any case.
 */
import { createContext, useContext, useEffect, type ReactNode } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { permitsSomewhere, scopeFor, scopeHolds, seesWholeCluster, type Permission } from '@vedette/model/access';
import type { SessionView } from '@vedette/model/api/views';
import { call, Failure, holdCsrf, whenSignedOut } from './client.ts';
import { startLive } from './live.ts';
import { go, usePlace } from './router.tsx';
import { hrefOf } from './view/url.ts';
import { FullPageFailure } from './parts/problem.tsx';

const Session = createContext<SessionView | null>(null);
const sessionKey = ['session', {}];

async function readSession(signal: AbortSignal): Promise<SessionView | null> {
  try {
    const session = await call('session', {}, signal);
    holdCsrf(session.csrf);
    return session;
  } catch (error) {
    if (error instanceof Failure && error.status === 401) return null;
    throw error;
  }
}

export function useHoldSession(): (session: SessionView | null) => void {
  const client = useQueryClient();
  return (session) => {
    holdCsrf(session?.csrf ?? null);
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
    client.setQueryData(sessionKey, session);
  };
}

/** Everything below has a session; the sign-in page stands outside. */
export function SessionGate({ children }: { readonly children: ReactNode }): ReactNode {
  const { path, search } = usePlace();
  const client = useQueryClient();
  const query = useQuery({ queryKey: sessionKey, queryFn: ({ signal }) => readSession(signal), staleTime: Infinity });
  const session = query.data;
  useEffect(() => whenSignedOut(() => client.setQueryData(sessionKey, null)), [client]);
  useEffect(() => {
    if (session === null) go(hrefOf('/sign-in', { to: path === '/' ? undefined : hrefOf(path, search) }), { replace: true });
  }, [session, path, search]);
  const signedIn = session !== null && session !== undefined;
  // Without a role there is nothing to be told.
  const hears = signedIn && session.grants.length > 0;
  useEffect(() => (hears ? startLive() : undefined), [hears]);
  if (query.isError) return <FullPageFailure error={query.error} again={() => void query.refetch()} />;
  if (!signedIn) return null;
  return <Session value={session}>{children}</Session>;
}

export function useSession(): SessionView {
  const session = useContext(Session);
  if (session === null) throw new Error('used outside of a session');
  return session;
}

/** Whether there are hosts and sensors to look at: they are of a cluster as a whole. */
export function useSeesHosts(): boolean {
  return seesWholeCluster(scopeFor(useSession().grants, 'view'));
}

/** What concerns the hub as a whole (policies, users) takes a role in all of it; what has a place is asked by its place, or whether it may be anywhere. */
export function useMay(permission: Permission, place: 'hub' | 'somewhere' | { readonly cluster: string; readonly namespace: string | null } = permission === 'policy' || permission === 'admin' ? 'hub' : 'somewhere'): boolean {
  const { grants } = useSession();
  if (place === 'somewhere') return permitsSomewhere(grants, permission);
  const scope = scopeFor(grants, permission);
  return place === 'hub' ? scope.kind === 'all' : scopeHolds(scope, place.cluster, place.namespace);
}
