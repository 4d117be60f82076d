/** What the address of the vulnerability list holds. */
import { oneOf, text } from '../../view/url.ts';

export const vulnerabilityFilters = {
  severity: oneOf(['critical', 'high', 'medium', 'low', 'unknown'], undefined),
  loaded: oneOf(['yes', 'no', 'not-seen', 'unknown'], undefined),
  container: text(300),
  q: text(200),
  open: text(100),
};
