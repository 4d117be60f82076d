/** What admission can come to, worst first, and what it can say of one rule. */
export const admissionOutcomes = ['denied', 'failed-open', 'warned', 'would-deny', 'informed', 'allowed'] as const;
export type AdmissionOutcome = (typeof admissionOutcomes)[number];

export const admissionVerdicts = ['violated', 'unknown', 'accepted'] as const;
