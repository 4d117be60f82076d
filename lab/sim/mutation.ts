/**
 * Deliberate faults in the protocol's own parts. A simulation that does not catch each of them proves nothing when it
 * is silent; `link.test.ts` runs every one until it is caught.
 */
export const mutations = [
  'hub-applies-duplicates',
  'hub-jumps-gaps',
  'hub-ignores-sessions',
  'hub-lets-the-used-session-deliver-beside-an-offer',
  'sender-releases-before-the-answer',
  'sender-uses-a-session-before-it-is-stored',
  'sender-trusts-any-watermark',
  'spool-shows-entries-before-the-commit',
  'spool-keeps-uncommitted-entries',
  'owner-forgets-drops',
] as const;
export type Mutation = (typeof mutations)[number];
