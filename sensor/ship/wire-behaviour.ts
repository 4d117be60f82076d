/** What was learned of a container, to its record of the wire: nothing is decided here. */
import { create } from '@bufbuild/protobuf';
import type { Behaviour } from '@vedette/model/baseline';
import type { BehaviourKind } from '@vedette/model/baseline-words';
import { BehaviourReportSchema, BehaviourSchema, type Behaviour as WireBehaviour, type BehaviourReport } from '@vedette/model/wire/generated/record_pb';
import { wireNs } from './wire.ts';

export interface LearnedFacts {
  readonly containerId: string;
  readonly session: number;
  readonly fromBootNs: number;
  readonly untilBootNs: number;
  readonly seenFromStart: boolean;
  readonly recordsLost: number;
  readonly cut: number;
  readonly seen: readonly { readonly behaviour: Behaviour; readonly firstBootNs: number; readonly program: string }[];
  readonly hasEnded: boolean;
}

export function wireLearned(report: LearnedFacts, unseen: readonly BehaviourKind[]): BehaviourReport {
  return create(BehaviourReportSchema, {
    containerId: report.containerId,
    session: wireNs(report.session),
    observedFromBootNs: wireNs(report.fromBootNs),
    observedUntilBootNs: wireNs(report.untilBootNs),
    seenFromStart: report.seenFromStart,
    recordsLost: BigInt(report.recordsLost),
    behavioursCut: BigInt(report.cut),
    behaviours: report.seen.map(({ behaviour, firstBootNs, program }) => {
      const out = wireBehaviour(behaviour);
      out.firstBootNs = wireNs(firstBootNs);
      out.program = program;
      return out;
    }),
    unseen: [...unseen],
    hasEnded: report.hasEnded,
  });
}

function wireBehaviour(behaviour: Behaviour): WireBehaviour {
  switch (behaviour.kind) {
    case 'execution': {
      const { kind, path, parent, user, origin, arguments: list } = behaviour;
      return create(BehaviourSchema, { kind, path, parent, user, origin, arguments: [...(list ?? [])], anyArguments: list === null });
    }
    case 'file':
      return create(BehaviourSchema, { kind: behaviour.kind, path: behaviour.path });
    case 'peer': {
      const { kind, direction, protocol, port, name, address } = behaviour;
      return create(BehaviourSchema, { kind, direction, protocol, port: port ?? 0, anyPort: port === null, name: name ?? '', address: address ?? '' });
    }
    case 'capability':
      return create(BehaviourSchema, { kind: behaviour.kind, capability: behaviour.capability });
    default:
      return behaviour satisfies never;
  }
}
