/**
 * The body of a request of the API server → what is asked: whether a workload may be, or who comes in by exec or attach. Only
 * what decides is read. Refuses with one sentence what is no AdmissionReview, what has no form, and kinds that were never
 * asked for. An update that changes nothing of the pods' specification is none of our matter: labels, status and scale.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { Labels, PodSpec, type PodTemplate, type WorkloadName } from './pod-template.ts';

export interface WorkloadReview extends WorkloadName {
  readonly is: 'workload';
  readonly uid: string;
  readonly user: string;
  readonly operation: 'CREATE' | 'UPDATE';
  readonly dryRun: boolean;
  readonly template: PodTemplate;
  /** Who made it, as `ReplicaSet/cart-7d9f`; empty: a person, or nobody says. */
  readonly owner: string;
}

export interface SessionReview {
  readonly is: 'session';
  readonly uid: string;
  readonly user: string;
  readonly userUid: string;
  readonly groups: readonly string[];
  readonly namespace: string;
  readonly pod: string;
  /** Empty: the pod's only one. */
  readonly container: string;
  readonly command: readonly string[];
  readonly attach: boolean;
  readonly dryRun: boolean;
}

export interface UnchangedReview {
  readonly is: 'unchanged';
  readonly uid: string;
}

export type Review = WorkloadReview | SessionReview | UnchangedReview;
export type ReadReview = { readonly ok: true; readonly review: Review } | { readonly ok: false; readonly uid: string; readonly reason: string };

const name = z.string().max(253);
const Request = z.object({
  uid: z.string().min(1).max(128),
  kind: z.object({ group: z.string().max(253).default(''), kind: z.string().max(63) }),
  resource: z.object({ resource: z.string().max(63).default('') }).default({ resource: '' }),
  subResource: z.string().max(63).default(''),
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
  namespace: name.default(''),
  name: name.default(''),
  userInfo: z.object({ username: z.string().max(1024).default(''), uid: z.string().max(256).default(''), groups: z.array(z.string().max(1024)).max(1000).nullish() }),
  dryRun: z.boolean().nullish(),
  object: z.unknown(),
  oldObject: z.unknown(),
});
type Request = z.output<typeof Request>;
const Envelope = z.object({ apiVersion: z.literal('admission.k8s.io/v1'), kind: z.literal('AdmissionReview'), request: Request });
const Uid = z.object({ request: z.object({ uid: z.string().min(1).max(128) }) });

const Metadata = z.object({
  name: name.default(''),
  generateName: name.default(''),
  labels: Labels,
  deletionTimestamp: z.string().nullish(),
  ownerReferences: z.array(z.object({ kind: z.string().max(63), name: z.string().max(253), controller: z.boolean().nullish() })).max(100).nullish(),
});
const Template = z.object({ metadata: z.object({ labels: Labels }).nullish(), spec: PodSpec });
const Pod = z.object({ metadata: Metadata, spec: PodSpec });
const WithTemplate = z.object({ metadata: Metadata, spec: z.object({ template: Template }) });
const CronJob = z.object({ metadata: Metadata, spec: z.object({ jobTemplate: z.object({ spec: z.object({ template: Template }) }) }) });
const SessionOptions = z.object({ container: name.nullish(), command: z.array(z.string().max(65_536)).max(1000).nullish() });

interface ReadObject {
  readonly metadata: z.output<typeof Metadata>;
  readonly template: PodTemplate;
}
type Read = { readonly ok: true; readonly object: ReadObject } | { readonly ok: false; readonly reason: string };

const templated = new Set(['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet', 'batch/Job', '/ReplicationController']);

export function readReview(body: string): ReadReview {
  let plain: unknown;
  try {
    plain = JSON.parse(body);
  } catch {
    return { ok: false, uid: '', reason: 'the body is not JSON' };
  }
  const envelope = Envelope.safeParse(plain);
  if (!envelope.success) return { ok: false, uid: Uid.safeParse(plain).data?.request.uid ?? '', reason: `this is no AdmissionReview of admission.k8s.io/v1: ${issueOf(envelope.error)}` };
  const { request } = envelope.data;
  const refuse = (reason: string): ReadReview => ({ ok: false, uid: request.uid, reason });
  if (request.operation === 'CONNECT') return session(request, refuse);
  if (request.operation === 'DELETE') return refuse('a deletion is not judged here');
  const object = readObject(request, request.object);
  if (!object.ok) return refuse(object.reason);
  if (request.operation === 'UPDATE') {
    if (object.object.metadata.deletionTimestamp != null) return { ok: true, review: { is: 'unchanged', uid: request.uid } };
    const before = readObject(request, request.oldObject);
    if (before.ok && isDeepStrictEqual(before.object.template.spec, object.object.template.spec)) return { ok: true, review: { is: 'unchanged', uid: request.uid } };
    // a pod that runs is not judged again: only what is new in it, as the container of a debugger
    if (before.ok && request.kind.kind === 'Pod') return { ok: true, review: workload(request, request.operation, changedOnly(object.object, before.object)) };
  }
  return { ok: true, review: workload(request, request.operation, object.object) };
}

function changedOnly({ metadata, template }: ReadObject, before: ReadObject): ReadObject {
  const changed = (which: 'containers' | 'initContainers' | 'ephemeralContainers') =>
    template.spec[which].filter((one) => !before.template.spec[which].some((old) => isDeepStrictEqual(old, one)));
  const spec = { ...template.spec, containers: changed('containers'), initContainers: changed('initContainers'), ephemeralContainers: changed('ephemeralContainers') };
  return { metadata, template: { ...template, spec } };
}

function workload(request: Request, operation: 'CREATE' | 'UPDATE', { metadata, template }: ReadObject): WorkloadReview {
  const owner = metadata.ownerReferences?.find((one) => one.controller === true);
  return {
    is: 'workload',
    uid: request.uid,
    user: request.userInfo.username,
    operation,
    dryRun: request.dryRun ?? false,
    kind: request.kind.kind,
    namespace: request.namespace,
    name: [request.name, metadata.name, metadata.generateName].find((one) => one !== '') ?? '',
    template,
    owner: owner === undefined ? '' : `${owner.kind}/${owner.name}`,
  };
}

function session(request: Request, refuse: (reason: string) => ReadReview): ReadReview {
  const { subResource, userInfo, kind } = request;
  if (subResource !== 'exec' && subResource !== 'attach') return refuse(`connecting to ${kind.kind} ${subResource} is not remembered here`);
  const options = SessionOptions.safeParse(request.object);
  if (!options.success) return refuse(`the options of ${subResource} have no form: ${issueOf(options.error)}`);
  if (request.name === '' || request.namespace === '') return refuse('nobody says which pod is meant');
  const { container, command } = options.data;
  return {
    ok: true,
    review: {
      is: 'session', uid: request.uid, user: userInfo.username, userUid: userInfo.uid, groups: userInfo.groups ?? [],
      namespace: request.namespace, pod: request.name, container: container ?? '', command: command ?? [], attach: subResource === 'attach', dryRun: request.dryRun ?? false,
    },
  };
}

function readObject({ kind: { group, kind } }: Request, object: unknown): Read {
  const which = `${group}/${kind}`;
  if (which === '/Pod') {
    const pod = Pod.safeParse(object);
    return pod.success ? { ok: true, object: { metadata: pod.data.metadata, template: { labels: pod.data.metadata.labels, spec: pod.data.spec } } } : malformed(kind, pod.error);
  }
  if (which === 'batch/CronJob') {
    const job = CronJob.safeParse(object);
    return job.success ? { ok: true, object: { metadata: job.data.metadata, template: templateOf(job.data.spec.jobTemplate.spec.template) } } : malformed(kind, job.error);
  }
  if (!templated.has(which)) return { ok: false, reason: `objects of the kind ${kind} are not judged here` };
  const one = WithTemplate.safeParse(object);
  return one.success ? { ok: true, object: { metadata: one.data.metadata, template: templateOf(one.data.spec.template) } } : malformed(kind, one.error);
}

function templateOf({ metadata, spec }: z.output<typeof Template>): PodTemplate {
  return { labels: metadata?.labels ?? {}, spec };
}

function malformed(kind: string, error: z.ZodError): Read {
  return { ok: false, reason: `this ${kind} has no form: ${issueOf(error)}` };
}

function issueOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim().slice(0, 300);
}
