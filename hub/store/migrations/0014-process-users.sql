-- Who came in by exec or attach and began the tree of a living process.

alter table process_live add column kubernetes_users jsonb not null default '[]';   -- [{sessionId, user, attached}]; several that are not attached: one of them
