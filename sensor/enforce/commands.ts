/** Commands to the loader as bytes (sensor/probe/event.h, vd_command and vd_decision): the only encoder of them. */
import type { KernelDecision } from '@vedette/model/decision';
import { everyOrigin } from '@vedette/policy/kernel-form';
import type { CgroupKey } from '@vedette/model/event';
import type { FileOrigin } from '@vedette/model/policy';
import type { Network } from '@vedette/rules/address';

export const commandMagic = 0x31434456;
export const effectMagic = 0x31454456;
export const frameBytes = 16;
export const replyBytes = 16;
const decisionBytes = 48;
const [containerFlag, everyOriginFlag] = [1, 4];
const originCount = 8;

const codes = { acknowledge: 1, setCgroup: 2, deleteCgroup: 3, setPending: 4, forgetMarks: 5, kill: 6, watchPath: 7, unwatchPaths: 8, enforceOff: 9, effect: 10, setInterests: 12, canary: 20 } as const;

export type Command =
  | { readonly do: 'acknowledge'; readonly position: number }
  | { readonly do: 'setCgroup'; readonly key: CgroupKey; readonly isContainer: boolean; readonly decision: KernelDecision }
  | { readonly do: 'deleteCgroup'; readonly key: CgroupKey }
  | { readonly do: 'setPending'; readonly decision: KernelDecision }
  | { readonly do: 'forgetMarks' }
  | { readonly do: 'kill'; readonly tgid: number; readonly startBootNs: number }
  | { readonly do: 'watchPath'; readonly path: string }
  | { readonly do: 'unwatchPaths' }
  | { readonly do: 'enforceOff' }
  /** One harmless act of each class, told of by records that bear the round. */
  | { readonly do: 'canary'; readonly round: number }
  /** A piece of the table of what is wanted (interest-table.ts); the one that ends it puts it in force. */
  | { readonly do: 'setInterests'; readonly at: number; readonly piece: Uint8Array }
  | EffectOrder;

/** What is done to a container by its own cgroups' keys (0: it has none in that hierarchy), or taken back. */
export interface EffectOrder {
  readonly do: 'effect';
  readonly act: 'kill' | 'freeze' | 'isolate';
  readonly keyV1: CgroupKey;
  readonly keyV2: CgroupKey;
  /** Of a kill: only this process; null: all of them. */
  readonly process: { readonly tgid: number; readonly startBootNs: bigint } | null;
  /** Of an isolation: peers that may still be spoken with. */
  readonly allowed: readonly Pick<Network, 'bytes' | 'prefixBits'>[];
  readonly undo: boolean;
  readonly dryRun: boolean;
}

export const networksMax = 128;
const acts = { kill: 1, freeze: 2, isolate: 3 } as const;

/** Bits as the kernel numbers origins (enum vd_origin). */
const originBits: Record<FileOrigin, number> = { host: 1, image: 2, modified: 3, dropped: 4, memory: 5, volume: 6, unjudged: 7 };

export function encodeCommand(command: Command, id: number): Uint8Array {
  const payload = payloadOf(command);
  const out = Buffer.alloc(frameBytes + payload.length);
  out.writeUInt32LE(commandMagic, 0);
  out.writeUInt32LE(payload.length, 4);
  out.writeUInt32LE(id >>> 0, 8);
  out.writeUInt16LE(codes[command.do], 12);
  payload.copy(out, frameBytes);
  return out;
}

function payloadOf(command: Command): Buffer {
  switch (command.do) {
    case 'acknowledge':
      return u64(BigInt(command.position));
    case 'setCgroup':
      return Buffer.concat([u64(keyBits(command.key)), decisionBits(command.decision, command.isContainer)]);
    case 'deleteCgroup':
      return u64(keyBits(command.key));
    case 'canary':
      return u64(BigInt(command.round));
    case 'setInterests': {
      const at = Buffer.alloc(4);
      at.writeUInt32LE(command.at);
      return Buffer.concat([at, command.piece]);
    }
    case 'setPending':
      return decisionBits(command.decision, true);
    case 'kill': {
      const tgid = Buffer.alloc(4);
      tgid.writeUInt32LE(command.tgid);
      return Buffer.concat([u64(BigInt(Math.round(command.startBootNs))), tgid]);
    }
    case 'watchPath':
      return Buffer.from(command.path, 'utf8');
    case 'effect':
      return effectBytes(command);
    case 'forgetMarks':
    case 'unwatchPaths':
    case 'enforceOff':
      return Buffer.alloc(0);
    default:
      return command satisfies never;
  }
}

/** vd_effect, and a vd_network for each that is allowed. */
function effectBytes({ act, keyV1, keyV2, process, allowed, undo, dryRun }: EffectOrder): Buffer {
  const out = Buffer.alloc(40 + allowed.length * 20);
  out.writeBigUInt64LE(keyBits(keyV1), 0);
  out.writeBigUInt64LE(keyBits(keyV2), 8);
  out.writeBigUInt64LE(process?.startBootNs ?? 0n, 16);
  out.writeUInt32LE(process?.tgid ?? 0, 24);
  out.writeUInt16LE(acts[act], 28);
  out.writeUInt16LE((undo ? 1 : 0) | (dryRun ? 2 : 0), 30);
  out.writeUInt32LE(allowed.length, 32);
  for (const [index, { bytes, prefixBits }] of allowed.entries()) {
    out.writeUInt32LE(prefixBits, 40 + index * 20);
    out.set(bytes, 44 + index * 20);
  }
  return out;
}

function u64(value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(value);
  return out;
}

function keyBits(key: CgroupKey): bigint {
  return key < 0 ? BigInt(-key) | (1n << 63n) : BigInt(key);
}

function decisionBits(decision: KernelDecision, isContainer: boolean): Buffer {
  const out = Buffer.alloc(decisionBytes);
  // the loader takes a decision about files that cannot be judged only where the container as a whole is meant: everything in it
  const isWhole = everyOrigin.every((origin) => decision.kill[origin] !== undefined);
  out.writeUInt32LE((isContainer ? containerFlag : 0) | (isWhole ? everyOriginFlag : 0), 0);
  out.writeUInt32LE(decision.generation >>> 0, 4);
  for (const [at, rulesAt, rules] of [[8, 16, decision.kill], [12, 16 + originCount * 2, decision.shadow]] as const) {
    let bits = 0;
    for (const [origin, rule] of Object.entries(rules) as [FileOrigin, number][]) {
      const bit = originBits[origin];
      bits |= 1 << bit;
      out.writeUInt16LE(rule, rulesAt + bit * 2);
    }
    out.writeUInt32LE(bits >>> 0, at);
  }
  return out;
}
