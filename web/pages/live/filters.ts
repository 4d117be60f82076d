/** What the address of the Live page holds: where in the drill-down the reader is, and what narrows it. */
import { oneOf, text, type Values } from '../../view/url.ts';

export const liveFilters = {
  view: oneOf(['containers', 'processes'], 'containers'),
  node: text(100),
  container: text(300),
  image: text(300),
  q: text(200),
  ended: oneOf(['include'], undefined),
  /** Containers that only hold a pod's namespaces. */
  sandboxes: oneOf(['include', 'only'], undefined),
  /** The container whose panel is open. */
  open: text(300),
  /** The process whose panel is open. */
  process: text(200),
  tab: oneOf(['overview', 'processes', 'packages', 'executions'], 'overview'),
  loaded: oneOf(['yes', 'no', 'not-seen', 'unknown'], undefined),
  package: text(200),
};
export type LiveFilters = Values<typeof liveFilters>;
export type Link = (change: Partial<LiveFilters>) => string;
