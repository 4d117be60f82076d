/**
 * Somebody comes in by exec or attach: the answer is always yes, but first the sensor of the pod's node is told who, and the hub
 * is told by a record. The wait for the sensor is bounded; where there is none, or it does not listen, the session is
 * remembered in the hub alone.
 */
import { create } from '@bufbuild/protobuf';
import { ExecSessionSchema, type ExecSession } from '@vedette/model/wire/generated/link_pb';
import { ExecSessionSeenSchema, RecordSchema, type Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import type { SessionReview } from './review.ts';

export interface PodPlace {
  readonly uid: string;
  readonly node: string;
  readonly containers: readonly { readonly name: string; readonly containerId: string }[];
}

export interface SessionDoors {
  readonly pod: (namespace: string, name: string) => PodPlace | undefined;
  /** Whether a sensor of the node has taken it. */
  readonly push: (node: string, session: ExecSession, waitMs: number) => Promise<boolean>;
  readonly report: (record: WireRecord) => void;
  readonly nowMs: () => number;
}

const waitMsMax = 1000;

export class Sessions {
  readonly #doors: SessionDoors;
  seen = 0;
  /** No sensor of the node took it in time: the processes that follow have no user. */
  unheard = 0;

  constructor(doors: SessionDoors) {
    this.#doors = doors;
  }

  async begin(review: SessionReview, waitMs: number): Promise<void> {
    if (review.dryRun) return;
    this.seen += 1;
    const pod = this.#doors.pod(review.namespace, review.pod);
    // the API server takes no empty name where there are several to choose from; the pod's own containers come first
    const container = review.container === '' ? (pod?.containers[0]?.name ?? '') : review.container;
    const { uid: sessionId, user, groups, namespace, pod: podName, command, attach } = review;
    const admittedAtMs = BigInt(Math.round(this.#doors.nowMs()));
    const words = { sessionId, user, groups: [...groups], podUid: pod?.uid ?? '', namespace, pod: podName, container, command: [...command], attach, admittedAtMs };
    this.#doors.report(create(RecordSchema, { kind: { case: 'execSession', value: create(ExecSessionSeenSchema, words) } }));
    const containerId = pod?.containers.find((one) => one.name === container)?.containerId ?? '';
    const session = create(ExecSessionSchema, { ...words, userUid: review.userUid, containerId });
    const heard = pod !== undefined && (await this.#doors.push(pod.node, session, Math.min(waitMs, waitMsMax)));
    if (!heard) this.unheard += 1;
  }
}
