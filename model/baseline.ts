/**
 * Learned behaviour of an image in a workload: one thing that its processes do is a *behaviour*, all that were learned are its *baseline*.
 * Texts are normalised (policy/baseline/normalise.ts) and may be folded to patterns (policy/baseline/fold.ts): `**` at the end of a path is
 * everything below, `*` in a peer any name or any part of an address, `null` for arguments or a port any.
 */
import { z } from 'zod';
import { executedOrigins, peerDirections } from './baseline-words.ts';

const word = z.string().max(4096);

export const ExecutionBehaviour = z.strictObject({
  kind: z.literal('execution'),
  path: word,
  /** Without the program's own name; null: any. */
  arguments: z.array(z.string().max(1024)).max(64).nullable(),
  /** Path of who started it; empty: the container's runtime. */
  parent: word,
  /** As the container counts users. */
  user: z.int().min(0),
  origin: z.enum(executedOrigins),
});
export const FileBehaviour = z.strictObject({ kind: z.literal('file'), path: word });
export const PeerBehaviour = z.strictObject({
  kind: z.literal('peer'),
  direction: z.enum(peerDirections),
  protocol: z.string().min(1).max(16),
  /** The server's; null: any. */
  port: z.int().min(0).max(65535).nullable(),
  /** What a name server called it; null: it is known by its address. */
  name: z.string().min(1).max(256).nullable(),
  /** An address, or of whoever comes in its network: loopback, link-local, private, public; of what is listened on: any, loopback, own. */
  address: z.string().min(1).max(64).nullable(),
});
export const CapabilityBehaviour = z.strictObject({ kind: z.literal('capability'), capability: z.string().min(1).max(64) });

export const Behaviour = z.discriminatedUnion('kind', [ExecutionBehaviour, FileBehaviour, PeerBehaviour, CapabilityBehaviour]);
export type Behaviour = z.infer<typeof Behaviour>;
export type ExecutionBehaviour = z.infer<typeof ExecutionBehaviour>;
export type PeerBehaviour = z.infer<typeof PeerBehaviour>;

/** Which containers a baseline is for, as the sensor of a node can tell. */
export const BaselineScope = z.strictObject({
  platformDigest: z.string(),
  /** Empty: of a plain host. */
  namespace: z.string(),
  /** Empty: nobody has said. */
  workloadKind: z.string(),
  workload: z.string(),
});
export type BaselineScope = z.infer<typeof BaselineScope>;

/** What a sensor is told of one baseline. */
export const BaselineInForce = z.strictObject({ ...BaselineScope.shape, state: z.enum(['watch', 'enforce']), behaviours: z.array(Behaviour).max(10_000) });
export type BaselineInForce = z.infer<typeof BaselineInForce>;
