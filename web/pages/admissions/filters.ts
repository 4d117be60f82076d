/** What the address of the list of admissions holds. */
import { admissionOutcomes } from '../../view/admission-words.ts';
import { oneOf, text } from '../../view/url.ts';

export const admissionFilters = { show: oneOf(['decisions', 'sessions'], 'decisions'), outcome: oneOf(admissionOutcomes, undefined), policy: text(100), namespace: text(253), user: text(300), follow: oneOf(['include'], undefined), q: text(200), open: text(40) };
