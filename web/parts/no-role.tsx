/** Instead of every page, for someone who may sign in and has no role yet: what that means, and a way out. */
import type { ReactNode } from 'react';
import { useChange } from '../data.ts';
import { go } from '../router.tsx';
import { useHoldSession, useSession } from '../session.tsx';
import { Empty, Page } from './page.tsx';

export function WithRole({ children }: { readonly children: ReactNode }): ReactNode {
  return useSession().grants.length === 0 ? <NoRole /> : children;
}

function NoRole(): ReactNode {
  const { user } = useSession();
  const hold = useHoldSession();
  const signOut = useChange('signOut');
  const leave = (): void => signOut.mutate({}, { onSettled: () => { hold(null); go('/sign-in', { replace: true }); } });
  return (
    <Page title="No role yet" sentence={<>You are signed in as <b>{user}</b>, and have no role yet.</>}>
      <Empty title="There is nothing that you may see" action={<button type="button" className="button is-main" onClick={leave} data-testid="sign-out">Sign out</button>}>
        <p>Ask an administrator of this hub for a role: in all of it, in a cluster, or in the namespaces that are yours. Then load this page again.</p>
      </Empty>
    </Page>
  );
}
