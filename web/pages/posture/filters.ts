/** What the address of the posture holds. */
import { controlCategories, controlStates, frameworkIds } from '@vedette/model/control-words';
import { oneOf, text } from '../../view/url.ts';

export const postureFilters = {
  framework: oneOf(frameworkIds, undefined),
  requirement: text(100),
  cluster: text(100),
  category: oneOf(controlCategories, undefined),
  state: oneOf(controlStates, undefined),
  q: text(200),
  open: text(100),
};
