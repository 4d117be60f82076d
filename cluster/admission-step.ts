/** The step admit with its surroundings: the hub for facts of images, the pods and the relay for who comes in, the reporter for what was decided. */
import { Admission } from './admit/admission.ts';
import type { ClusterConfig } from './config.ts';
import type { HubLink } from './hub-link.ts';
import type { Kubernetes } from './kubernetes/client.ts';
import { log } from './log.ts';
import type { PodDirectory } from './relay/pods.ts';
import type { Reporter } from './reporter.ts';
import type { PartFacts } from './watch/cluster-watch.ts';

/** A question of admission's own is worth no longer than this, whoever waits for it. */
const imageQuestionMs = 20_000;

/** Undefined: it is off. */
export function openAdmission(config: ClusterConfig, kubernetes: Kubernetes, parts: { readonly pods: PodDirectory; readonly reporter: Reporter; readonly link: HubLink | undefined }): Admission | undefined {
  const { admission, namespace, stateDirectory } = config;
  if (admission?.enabled !== true) return undefined;
  return new Admission({
    place: { ...admission, namespace },
    listenHost: admission.host,
    stateDirectory,
    kubernetes,
    ask: async (references) => (await parts.link?.imageFacts(references, imageQuestionMs)) ?? { kind: 'unanswered', reason: 'this cluster part has not joined a hub' },
    pod: (inNamespace, name) => parts.pods.find(inNamespace, name),
    push: async (node, session, waitMs) => (await parts.link?.relay?.pushSession(node, session, waitMs)) ?? false,
    report: (record) => void parts.reporter.report(record, 'detection'),
    log,
  });
}

type AdmissionSaid = Pick<PartFacts, 'admissionsAnswered' | 'admissionsFailedOpen' | 'admissionState' | 'admissionReason'>;

export function admissionSaid(admission: Admission | undefined): AdmissionSaid {
  if (admission === undefined) return { admissionsAnswered: 0, admissionsFailedOpen: 0, admissionState: 'off', admissionReason: '' };
  const { decisions: { answered, failedOpen }, state: { state, reason } } = admission;
  return { admissionsAnswered: answered, admissionsFailedOpen: failedOpen, admissionState: state, admissionReason: reason };
}
