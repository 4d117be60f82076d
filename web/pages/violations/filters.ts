/** What the address of the list of violations holds. */
import { oneOf, text } from '../../view/url.ts';
import { incidentSeverities } from '../../view/words.ts';

export const violationFilters = {
  state: oneOf(['open', 'accepted', 'closed', 'all'], 'open'),
  severity: oneOf(incidentSeverities, undefined),
  verdict: oneOf(['violated', 'unknown'], undefined),
  policy: text(100),
  image: text(100),
  q: text(200),
  open: text(100),
};
