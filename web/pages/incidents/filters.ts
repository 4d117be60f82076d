/** What the address of the incident list holds. */
import { oneOf, text } from '../../view/url.ts';
import { incidentSeverities } from '../../view/words.ts';

export const incidentFilters = {
  state: oneOf(['open', 'acknowledged', 'closed', 'all'], 'open'),
  severity: oneOf(incidentSeverities, undefined),
  kind: oneOf(['detection', 'verdict'], undefined),
  outcome: oneOf(['seen', 'killed', 'would-have-killed', 'kill-failed'], undefined),
  verdict: oneOf(['confirmed', 'false-positive'], undefined),
  /** The rule or policy that found it. */
  source: text(300),
  container: text(300),
  q: text(200),
  open: text(100),
  /** The event of the open incident that is pointed at. */
  event: text(100),
};
