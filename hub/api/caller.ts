/** Who asks: a person by session cookie, a program by API token, or nobody yet. */
import type { Grant, Scope } from '@vedette/model/access';

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
