/** The words of the posture: kinds of subject, frameworks, and how a control can stand. Without schemas, so that the console has them too. */
export const subjectKinds = ['workload', 'grant', 'service-account', 'namespace', 'service', 'ingress', 'node', 'component', 'cluster'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

/** The folder of a control, and how people find it. */
export const controlCategories = ['workload', 'rbac', 'network', 'node'] as const;
export type ControlCategory = (typeof controlCategories)[number];

export const frameworkIds = ['cis-kubernetes-1.10', 'pss', 'nsa-cisa', 'nist-800-190', 'pci-dss-4.0'] as const;
export type FrameworkId = (typeof frameworkIds)[number];

/** `accepted`: failed, and an exception that counts covers it. */
export const controlStates = ['failed', 'no-data', 'accepted', 'passed', 'not-applicable'] as const;
export type ControlState = (typeof controlStates)[number];

/** A fact that decided, as it was. */
export interface Evidence {
  readonly fact: string;
  readonly value: string;
}
