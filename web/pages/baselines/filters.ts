/** What the addresses of the list of baselines and of one baseline hold. */
import { baselineStates } from '@vedette/model/baseline-words';
import { oneOf, text } from '../../view/url.ts';

export const baselineFilters = {
  state: oneOf([...baselineStates, 'all'], 'all'),
  outside: oneOf(['only'], undefined),
  image: text(100),
  q: text(200),
};

export const behaviourFilters = { q: text(200) };
