/** Who asks: a person by session cookie, a program by API token, or nobody yet. */
import type { Grant, Scope } from '@vedette/model/access';
import { Problem } from '@vedette/model/problem';

export interface Caller {
  /** As it stands in the audit log. */
  readonly name: string;
  readonly grants: readonly Grant[];
  /** Where the permission of the endpoint that is asked holds: what a read may show, and a write may change. */
  readonly scope: Scope;
  /** Where the caller may view: what a write may show of what it must not change. */
  readonly sees: Scope;
  readonly by:
    | { readonly kind: 'session'; readonly personId: number; readonly tokenHash: Buffer; readonly csrf: string; readonly expiresAt: Date }
    | { readonly kind: 'token'; readonly tokenId: number };
}

/** What belongs to the hub as a whole (policies, people, advisories) takes a role in all of it: one in a part is no say in the rest. */
export function requireWholeHub(caller: Caller): void {
  if (caller.scope.kind !== 'all') throw new Problem('forbidden', 'This concerns all clusters, and your role holds only in some places.');
}
