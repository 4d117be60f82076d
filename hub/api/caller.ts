/** Who asks: a person by session cookie, a program by API token, or nobody yet. */
import type { Role, Scope } from '@vedette/model/access';

export interface Caller {
  /** As it stands in the audit log. */
  readonly name: string;
  readonly role: Role;
  readonly scope: Scope;
  readonly by:
    | { readonly kind: 'session'; readonly personId: number; readonly tokenHash: Buffer; readonly csrf: string; readonly expiresAt: Date }
    | { readonly kind: 'token'; readonly tokenId: number };
}
