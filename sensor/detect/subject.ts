/**
 * What a rule reads of one event: each field of the language answered from the event, the execution and its ancestors,
 * and the container. null means that this event has no such value, which every check then knows.
 */
import { addressText } from '@vedette/rules/address';
import { globPredicate } from '@vedette/rules/compile/glob';
import { eventNames, type EventClass } from '@vedette/rules/events';
import type { Suppliers } from '@vedette/rules/subject';
import type { Container } from '@vedette/model/container';
import type { FileEvent, SocketEvent, Subject as KernelSubject } from '@vedette/model/event';
import type { Execution } from '@vedette/model/process';
import { capabilityNames, errorName, openFlagNames } from './kernel-words.ts';

export interface RuleSubject {
  readonly eventClass: EventClass;
  readonly event: KernelSubject & { readonly kind: string };
  readonly number: number;
  readonly execution: Execution;
  /** null: the host. */
  readonly container: Container | null;
  readonly isContainerInit: boolean;
  readonly wallOffsetNs: number;
}

export interface HostFacts {
  readonly hostname: string;
  readonly userName: (uid: number) => string | null;
}

const O_WRONLY = 1;
const O_RDWR = 2;
const noLogin = 0xffffffff;

function ancestor(subject: RuleSubject, depth: number): Execution | null {
  let one: Execution | null = subject.execution;
  for (let i = 0; i < depth && one !== null; i++) one = one.parent;
  return one;
}

/** As the language prints it: the name, then the arguments behind the first. At most 4,096 characters. */
export function commandLine(execution: Execution): string {
  const rest = execution.arguments.slice(1).join(' ');
  return (rest === '' ? execution.command : `${execution.command} ${rest}`).slice(0, 4096);
}

function fileEvent(subject: RuleSubject): FileEvent | null {
  return subject.eventClass === 'open' || subject.eventClass === 'mapExec' ? (subject.event as FileEvent) : null;
}

function socketEvent(subject: RuleSubject): SocketEvent | null {
  const { eventClass } = subject;
  return eventClass === 'connect' || eventClass === 'accept' || eventClass === 'listen' ? (subject.event as SocketEvent) : null;
}

function ends(socket: SocketEvent): string {
  const local = `${addressText(socket.localAddress)}:${socket.localPort}`;
  const remote = `${addressText(socket.remoteAddress)}:${socket.remotePort}`;
  switch (socket.kind) {
    case 'connect':
      return `${local}->${remote}`;
    case 'accept':
      return `${remote}->${local}`;
    case 'listen':
      return local;
    default:
      return socket.kind satisfies never;
  }
}

function mountDestination(container: Container, source: string): string | null {
  const mounts = container.identity?.mounts ?? [];
  if (/^\d+$/.test(source)) return mounts[Number(source)]?.destination ?? null;
  const fits = globPredicate(source, false);
  return mounts.find((one) => fits(one.source))?.destination ?? null;
}

function eventArgument(subject: RuleSubject, name: string): string | null {
  if (subject.eventClass === 'exec' && name === 'filename') {
    const { filename, path } = subject.execution;
    return filename === '' ? path : filename;
  }
  const file = fileEvent(subject);
  return file !== null && name === 'flags' ? openFlagNames(file.openFlags) : null;
}

export function suppliers(host: HostFacts): Suppliers<RuleSubject> {
  return {
    ancestors: (subject) => {
      let count = 0;
      for (let one = subject.execution.parent; one !== null && count < 64; one = one.parent) count += 1;
      return count;
    },
    identityPending: (subject) => subject.container !== null && subject.container.identity === null,
    fields: { ...eventFields(host), ...processFields(host), ...descriptorFields, ...containerFields },
  };
}

type Fields = Suppliers<RuleSubject>['fields'];
type Some<Prefix extends string> = Pick<Fields, Extract<keyof Fields, `${Prefix}.${string}`>>;

function eventFields(host: HostFacts): Some<'evt'> {
  return {
    'evt.num': (subject) => subject.number,
    'evt.type': (subject) => eventNames[subject.eventClass][0],
    'evt.time': (subject) => wallTime(subject.event.timeBootNs + subject.wallOffsetNs),
    'evt.hostname': () => host.hostname,
    'evt.rawres': (subject) => (subject.eventClass === 'connect' ? (subject.event as SocketEvent).result : null),
    'evt.res': (subject) => (subject.eventClass === 'connect' ? errorName((subject.event as SocketEvent).result) : null),
    'evt.arg': eventArgument,
    'evt.rawarg': null,
    'evt.args': null,
    'evt.is_open_create': null,
    'evt.is_open_exec': null,
    'evt.is_open_read': (subject) => {
      const file = fileEvent(subject);
      return file === null ? null : (file.openFlags & (O_WRONLY | O_RDWR)) !== O_WRONLY;
    },
    'evt.is_open_write': (subject) => {
      const file = fileEvent(subject);
      return file === null ? null : (file.openFlags & (O_WRONLY | O_RDWR)) !== 0;
    },
  };
}

function wallTime(ns: number): string {
  const seconds = Math.floor(ns / 1e9);
  const rest = Math.max(0, Math.round(ns - seconds * 1e9));
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(rest).padStart(9, '0')}Z`;
}

function processFields(host: HostFacts): Some<'proc'> & Some<'thread'> & Some<'user'> & Some<'group'> {
  return {
    'proc.aname': (subject, depth) => ancestor(subject, depth)?.command ?? null,
    'proc.aexe': (subject, depth) => ancestor(subject, depth)?.arguments[0] ?? null,
    'proc.aexepath': (subject, depth) => ancestor(subject, depth)?.path ?? null,
    'proc.acmdline': (subject, depth) => {
      const one = ancestor(subject, depth);
      return one === null ? null : commandLine(one);
    },
    'proc.apid': (subject, depth) => ancestor(subject, depth)?.tgid ?? null,
    'proc.args': (subject, index) => {
      const rest = subject.execution.arguments;
      return index === null ? rest.slice(1).join(' ') : (rest[index + 1] ?? null);
    },
    'proc.vpid': (subject) => subject.execution.pidInNamespace,
    'proc.pvpid': (subject) => subject.execution.parentPidInNamespace,
    'proc.sid': (subject) => subject.execution.sessionId,
    'proc.tty': (subject) => subject.execution.terminal,
    'proc.cwd': (subject) => directoryText(subject.execution.workingDirectory),
    'proc.duration': (subject) => Math.max(0, subject.event.timeBootNs - subject.execution.startBootNs),
    'proc.is_exe_upper_layer': (subject) => subject.execution.origin === 'dropped' || subject.execution.origin === 'modified',
    'proc.is_exe_from_memfd': (subject) => subject.execution.origin === 'memory' && subject.execution.path.startsWith('/memfd:'),
    'proc.exe_ino.ctime': (subject) => subject.execution.ctimeNs,
    'proc.exe_ino.mtime': null,
    'proc.is_container_init': (subject) => subject.isContainerInit,
    'thread.cap_effective': (subject) => capabilityNames(subject.execution.capEffectiveHigh, subject.execution.capEffectiveLow),
    'thread.cap_permitted': null,
    'user.uid': (subject) => subject.execution.uid,
    'user.name': (subject) => (subject.container === null ? host.userName(subject.execution.uid) : null),
    'user.loginuid': (subject) => (subject.execution.loginUid === noLogin ? -1 : subject.execution.loginUid),
    'group.gid': (subject) => subject.execution.gid,
  };
}

function directoryText(path: string): string {
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}

const descriptorFields: Some<'fd'> & Some<'fs'> = {
  'fd.num': null,
  'fd.nameraw': null,
  'fs.path.name': null,
  'fs.path.nameraw': null,
  'fs.path.source': null,
  'fs.path.sourceraw': null,
  'fs.path.target': null,
  'fs.path.targetraw': null,
  'fd.name': (subject) => {
    const socket = socketEvent(subject);
    return socket === null ? (fileEvent(subject)?.path ?? null) : ends(socket);
  },
  'fd.type': (subject) => {
    const socket = socketEvent(subject);
    if (socket !== null) return socket.family === 2 ? 'ipv4' : 'ipv6';
    const file = fileEvent(subject);
    return file === null ? null : file.path.startsWith('/memfd:') ? 'memfd' : 'file';
  },
  'fd.lip': (subject) => socketEvent(subject)?.localAddress ?? null,
  'fd.rip': (subject) => socketEvent(subject)?.remoteAddress ?? null,
  'fd.lport': (subject) => socketEvent(subject)?.localPort ?? null,
  'fd.rport': (subject) => socketEvent(subject)?.remotePort ?? null,
  'fd.l4proto': (subject) => {
    const socket = socketEvent(subject);
    return socket === null ? null : socket.protocol === 17 ? 'udp' : socket.protocol === 6 || socket.protocol === 262 ? 'tcp' : null;
  },
};

function workload(container: Container | null, kind: string): string | null {
  return container?.pod?.workloadKind === kind ? container.pod.workloadName : null;
}

/** A Deployment names its ReplicaSets by their revision. */
function replicaSet(container: Container | null): string | null {
  const deployment = workload(container, 'Deployment');
  if (deployment === null) return workload(container, 'ReplicaSet');
  const revision = container?.pod?.revision ?? '';
  return revision === '' ? null : `${deployment}-${revision}`;
}

const containerFields: Some<'container'> & Some<'k8s'> = {
  'container.id': (subject) => (subject.container === null ? 'host' : subject.container.id.slice(0, 12)),
  'container.name': (subject) => (subject.container === null ? 'host' : (subject.container.identity?.name ?? null)),
  'container.image': (subject) => subject.container?.identity?.imageName ?? null,
  'container.image.digest': (subject) => subject.container?.identity?.platformDigest ?? null,
  'container.privileged': (subject) => subject.container?.identity?.privileged ?? null,
  'container.mounts': (subject) => subject.container?.identity?.mounts.map((one) => `${one.source}:${one.destination}`).join(',') ?? null,
  'container.mount.dest': (subject, source) => (subject.container === null ? null : mountDestination(subject.container, source)),
  'k8s.ns.name': (subject) => subject.container?.identity?.podNamespace ?? subject.container?.pod?.namespace ?? null,
  'k8s.pod.name': (subject) => subject.container?.identity?.podName ?? subject.container?.pod?.name ?? null,
  'k8s.pod.uid': (subject) => subject.container?.identity?.podUid ?? subject.container?.pod?.uid ?? null,
  'k8s.pod.labels': ({ container }) => (container?.pod === undefined ? null : Object.entries(container.pod.labels).map(([name, value]) => `${name}:${value}`).join(', ')),
  'k8s.pod.label': ({ container }, name) => container?.pod?.labels[String(name)] ?? null,
  'k8s.deployment.name': ({ container }) => workload(container, 'Deployment'),
  'k8s.rs.name': ({ container }) => replicaSet(container),
  'k8s.rc.name': ({ container }) => workload(container, 'ReplicationController'),
};
