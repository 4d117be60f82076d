/** Batches as a sensor would send them, for tests: every builder has plausible defaults and takes what matters. */
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { BatchPayloadSchema, FileOrigin, IdentityState, RuntimeKind, type ExecutionSchema, type RecordSchema } from '@vedette/model/wire/generated/record_pb';

export const sampleBoot = '6f0a2f1e-0000-4000-8000-000000000001';
const secondNs = 1_000_000_000n;

export type RecordInit = MessageInitShape<typeof RecordSchema>;
type KindInit = NonNullable<RecordInit['kind']>;
type Value<C extends string> = Extract<KindInit, { case: C }> extends { value: infer V } ? V : never;

/** Boot time 0 is `bootedAt`. */
export function payloadBytes(records: readonly RecordInit[], options: { bootId?: string; bootedAt?: Date } = {}): Uint8Array {
  const bootedAt = options.bootedAt ?? new Date(Date.now() - 3_600_000);
  return toBinary(BatchPayloadSchema, create(BatchPayloadSchema, { bootId: options.bootId ?? sampleBoot, wallOffsetNs: BigInt(bootedAt.getTime()) * 1_000_000n, records: [...records] }));
}

export function seconds(value: number): bigint {
  return BigInt(Math.round(value * 1000)) * (secondNs / 1000n);
}

export function execution(init: MessageInitShape<typeof ExecutionSchema> & { tgid?: number; execId?: number; startedS?: number } = {}): MessageInitShape<typeof ExecutionSchema> {
  const { tgid = 100, execId = 1, startedS = 1, ...rest } = init;
  const defaults: MessageInitShape<typeof ExecutionSchema> = {
    ref: { tgid, startBootNs: seconds(startedS), execId },
    path: '/usr/bin/node',
    command: 'node',
    arguments: ['node', 'server.js'],
    origin: FileOrigin.HOST,
    executedBootNs: seconds(startedS),
  };
  return Object.assign(defaults, rest);
}

export const record = {
  started: (value: MessageInitShape<typeof ExecutionSchema>): RecordInit => ({ kind: { case: 'processStarted', value: { execution: value } } }),
  ended: (tgid: number, startedS = 1): RecordInit => ({ kind: { case: 'processEnded', value: { ref: { tgid, startBootNs: seconds(startedS), execId: 1 }, endedBootNs: seconds(startedS + 1) } } }),
  canaries: (value: Value<'canaryRound'> = {}): RecordInit => ({ kind: { case: 'canaryRound', value: { round: 1n, atBootNs: seconds(60), intervalMs: 60_000, classes: [{ eventClass: 'exec', outcome: 'seen', reason: '' }], problem: '', ...value } } }),
  live: (atS: number, alive: readonly { tgid: number; startedS: number }[]): RecordInit => ({
    kind: { case: 'liveProcesses', value: { atBootNs: seconds(atS), alive: alive.map((one) => ({ tgid: one.tgid, startBootNs: seconds(one.startedS), execId: 1 })) } },
  }),
  count: (value: Value<'executionCount'> = {}): RecordInit => ({
    kind: {
      case: 'executionCount',
      value: {
        hourStartMs: BigInt(Math.floor(Date.now() / 3_600_000) * 3_600_000),
        path: '/bin/true',
        parentPath: '/bin/sh',
        uid: 0,
        origin: FileOrigin.HOST,
        count: 1n,
        firstBootNs: seconds(1),
        lastBootNs: seconds(2),
        ...value,
      },
    },
  }),
  container: (value: Value<'containerSeen'> = {}): RecordInit => ({
    kind: {
      case: 'containerSeen',
      value: {
        containerId: 'c'.repeat(64),
        runtime: RuntimeKind.PODMAN,
        identity: IdentityState.KNOWN,
        name: 'web',
        imageName: 'registry.example/shop/web:1',
        platformDigest: `sha256:${'a'.repeat(64)}`,
        startedBootNs: seconds(1),
        seenFromStart: true,
        rootFilesystem: 'overlay',
        ...value,
      },
    },
  }),
  containerEnded: (containerId: string, endedS = 100): RecordInit => ({ kind: { case: 'containerEnded', value: { containerId, endedBootNs: seconds(endedS) } } }),
  inventory: (value: Value<'inventory'> = {}): RecordInit => ({
    kind: {
      case: 'inventory',
      value: {
        containerId: 'c'.repeat(64),
        platformDigest: `sha256:${'a'.repeat(64)}`,
        revision: 'sha256:r1',
        distribution: 'debian 12',
        packages: [
          { ecosystem: 'Debian:12', name: 'openssl', version: '3.0.1-1' },
          { ecosystem: 'npm', name: 'left-pad', version: '1.0.0', path: '/app/node_modules/left-pad' },
          { ecosystem: 'npm', name: 'left-pad', version: '1.0.0', path: '/opt/node_modules/left-pad' },
        ],
        scannedBootNs: seconds(2),
        ...value,
      },
    },
  }),
  loaded: (bits: number, value: Value<'packagesLoaded'> = {}): RecordInit => ({
    kind: {
      case: 'packagesLoaded',
      value: {
        containerId: 'c'.repeat(64),
        revision: 'sha256:r1',
        loaded: Uint8Array.of(bits),
        observedFromBootNs: seconds(1),
        observedUntilBootNs: seconds(601),
        seenFromStart: true,
        ...value,
      },
    },
  }),
  detection: (value: Value<'detection'> = {}): RecordInit => ({
    kind: {
      case: 'detection',
      value: {
        detectionId: 'd1',
        rule: 'Terminal shell in container',
        priority: 'Warning',
        tags: ['container', 'mitre_execution', 'T1059'],
        output: 'A shell was spawned in a container with an attached terminal (user=root shell=bash)',
        fields: [{ name: 'proc.name', value: 'bash' }, { name: 'user.name', missing: true }],
        atBootNs: seconds(10),
        tree: [execution({ tgid: 1, command: 'systemd', path: '/sbin/init' }), execution({ tgid: 100 }), execution({ tgid: 200, command: 'bash', path: '/bin/bash' })],
        eventClass: 'execve',
        ...value,
      },
    },
  }),
  verdict: (value: Value<'verdict'> = {}): RecordInit => ({
    kind: {
      case: 'verdict',
      value: {
        verdictId: 'v1',
        policy: 'only-from-image',
        rule: 'not-from-image',
        generation: 1n,
        mode: 'enforce',
        action: 'kill',
        applied: true,
        origin: FileOrigin.DROPPED,
        atBootNs: seconds(11),
        tree: [execution({ tgid: 100 }), execution({ tgid: 201, command: 'x', path: '/tmp/x', origin: FileOrigin.DROPPED })],
        containerId: 'c'.repeat(64),
        ...value,
      },
    },
  }),
  coverage: (value: Value<'coverage'> = {}): RecordInit => ({
    kind: {
      case: 'coverage',
      value: {
        atBootNs: seconds(60),
        hooks: [
          { eventClass: 'execution', hook: 'sched_process_exec', attached: true },
          { eventClass: 'file', hook: 'lsm/file_open', attached: false, reason: 'this kernel has no BPF LSM' },
        ],
        losses: [{ eventClass: 'execution', cause: 'ring full', count: 0n }],
        enforcementMechanism: 'kill-at-exec',
        policyGeneration: 1n,
        eventsSeen: 1000n,
        processesKnown: 50,
        ringBytes: 1_048_576,
        ...value,
      },
    },
  }),
  behaviour: (value: Value<'behaviour'> = {}): RecordInit => ({ kind: { case: 'behaviour', value: { session: 1n, observedFromBootNs: seconds(1), observedUntilBootNs: seconds(120), seenFromStart: true, ...value } } }),
  flow: (value: Value<'flowCount'> = {}): RecordInit => ({
    kind: {
      case: 'flowCount',
      value: {
        hourStartMs: BigInt(Math.floor(Date.now() / 3_600_000) * 3_600_000),
        containerId: 'c'.repeat(64),
        processPath: '/usr/bin/node',
        direction: 3,
        address: new Uint8Array(16),
        port: 8080,
        protocol: 'tcp',
        count: 1n,
        firstBootNs: seconds(1),
        lastBootNs: seconds(2),
        ...value,
      },
    },
  }),
  dropped: (batches: number): RecordInit => ({ kind: { case: 'telemetryDropped', value: { batches: BigInt(batches), records: BigInt(batches * 100), firstBootNs: seconds(1), lastBootNs: seconds(2) } } }),
  forgotten: (what: string, count: number): RecordInit => ({ kind: { case: 'contextDropped', value: { what, count: BigInt(count) } } }),
};
