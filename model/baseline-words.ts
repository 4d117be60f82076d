/** The words of baselines, for those who need no schemas. */
export const baselineStates = ['learn', 'watch', 'enforce'] as const;
export type BaselineState = (typeof baselineStates)[number];

export const behaviourKinds = ['execution', 'file', 'peer', 'capability'] as const;
export type BehaviourKind = (typeof behaviourKinds)[number];

/** Where an executed file came from; the kernel's words for what runs in a container. */
export const executedOrigins = ['image', 'modified', 'dropped', 'memory', 'volume', 'unjudged'] as const;
export type ExecutedOrigin = (typeof executedOrigins)[number];

export const peerDirections = ['out', 'in', 'listen'] as const;

/** Why something that a container did may be missing. */
export const blindReasons = ['started-before', 'not-watched', 'records-lost', 'telemetry-dropped', 'hook-missing', 'bound-met', 'identity-pending'] as const;
export type BlindReason = (typeof blindReasons)[number];
