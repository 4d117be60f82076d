/**
 * What a rule reads of one event: each field of the language answered from the event, the execution and its ancestors,
 * and the container. null means that this event has no such value, which every check then knows.
 */
import { addressText } from '@vedette/rules/address';
import { globPredicate } from '@vedette/rules/compile/glob';
import { classShapes, eventNames, type EventClass } from '@vedette/rules/events';
import type { Suppliers } from '@vedette/rules/subject';
import type { Container } from '@vedette/model/container';
import type { CallEvent, ExecEvent, ExitEvent, FileEvent, ForkEvent, SocketEvent, Subject as KernelSubject } from '@vedette/model/event';
import type { Execution } from '@vedette/model/process';
import { allArguments, argument, endText, givenText, rawArgument, rawValue, type CallContext } from './call-arguments.ts';
import { opened } from './alike.ts';
import { absolute, directoryOf, pathOf } from './call-paths.ts';
import { modeNames } from './call-words.ts';
import { directoryText, executionArgument, exitArgument, forkArgument, userNameOf } from './execution-arguments.ts';
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
  /** Name of the remote address, where a name server told it. */
  readonly remoteName?: string | null;
}

export interface HostFacts {
  readonly hostname: string;
  readonly userName: (uid: number) => string | null;
}

const O_WRONLY = 1;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const noLogin = 0xffffffff;

function ancestor(subject: RuleSubject, depth: number): Execution | null {
  let one: Execution | null = subject.execution;
  for (let i = 0; i < depth && one !== null; i++) one = one.parent;
  return one;
}

/** Of the arguments that were asked about last: rules read them many times. */
const lastTexts: { arguments: readonly string[] | null; rest: string; command: string; line: string | null } = { arguments: null, rest: '', command: '', line: null };

/** The arguments behind the first as one text. */
function restOf(execution: Execution): string {
  if (lastTexts.arguments === execution.arguments) return lastTexts.rest;
  lastTexts.arguments = execution.arguments;
  lastTexts.rest = execution.arguments.slice(1).join(' ');
  lastTexts.line = null;
  return lastTexts.rest;
}

/** As the language prints it: the name, then the arguments behind the first. At most 4,096 characters. */
export function commandLine(execution: Execution): string {
  const rest = restOf(execution);
  const { command } = execution;
  if (lastTexts.line !== null && lastTexts.command === command) return lastTexts.line;
  lastTexts.command = command;
  lastTexts.line = (rest === '' ? command : `${command} ${rest}`).slice(0, 4096);
  return lastTexts.line;
}

function fileEvent(subject: RuleSubject): FileEvent | null {
  return subject.eventClass === 'open' || subject.eventClass === 'mapExec' ? (subject.event as FileEvent) : null;
}

function callEvent(subject: RuleSubject): CallEvent | null {
  return subject.event.kind === 'call' ? (subject.event as CallEvent) : null;
}

function socketEvent(subject: RuleSubject): SocketEvent | null {
  const { eventClass } = subject;
  if (subject.event.kind === 'call') return null;
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

function eventArgument(host: HostFacts, subject: RuleSubject, name: string, raw: boolean): string | null {
  const call = callEvent(subject);
  if (call !== null) return (raw ? rawArgument : argument)(callContext(host, subject, call), name);
  if (subject.eventClass === 'exec') return executionArgument(host, subject, name, raw);
  if (subject.event.kind === 'fork') return forkArgument(subject.event as ForkEvent, name, raw);
  if (subject.event.kind === 'exit') return exitArgument(subject.event as ExitEvent, name, raw);
  const file = fileEvent(subject);
  if (file !== null) return fileArgument(file, name, raw);
  const socket = socketEvent(subject);
  if (socket !== null) return name === 'tuple' ? ends(socket) : name === 'addr' ? endText(socket.remoteAddress, socket.remotePort) : name === 'res' ? (raw ? String(socket.result) : errorName(socket.result)) : null;
  return null;
}

function callContext(host: HostFacts, subject: RuleSubject, event: CallEvent): CallContext {
  return { event, eventClass: subject.eventClass, execution: subject.execution, userName: (uid) => userNameOf(host, subject, uid) };
}

function fileArgument(file: FileEvent, name: string, raw: boolean): string | null {
  switch (name) {
    case 'name':
      return file.path;
    case 'flags':
      return file.kind === 'map-exec' ? null : raw ? String(file.askedFlags) : openFlagNames(file.askedFlags);
    case 'fd':
      return file.descriptor < 0 ? null : String(file.descriptor);
    case 'mode':
      return raw ? String(file.askedMode) : modeNames(file.askedMode);
    case 'prot':
      return file.kind === 'map-exec' ? 'PROT_EXEC' : null;
    case 'ino':
      return String(file.inodeHigh * 4294967296 + file.inodeLow);
    case 'dev':
      return String(file.device);
    default:
      return null;
  }
}

/** All arguments of what is no common call, as those print them. */
function argumentsText(host: HostFacts, subject: RuleSubject): string {
  const call = callEvent(subject);
  if (call !== null) return allArguments(callContext(host, subject, call));
  const shown = classShapes[subject.eventClass].arguments.map((name) => [name, eventArgument(host, subject, name, false)] as const);
  return shown.flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`])).join(' ');
}

export function suppliers(host: HostFacts): Suppliers<RuleSubject> {
  return {
    ancestors: (subject) => {
      let count = 0;
      for (let one = subject.execution.parent; one !== null && count < 64; one = one.parent) count += 1;
      return count;
    },
    identityPending: (subject) => subject.container !== null && subject.container.identity === null,
    timeNs: (subject) => subject.event.timeBootNs,
    common: { open: opened, mapExec: opened },
    fields: { ...eventFields(host), ...processFields(host), ...descriptorFields, ...pathFields, ...containerFields },
  };
}

type Fields = Suppliers<RuleSubject>['fields'];
type Some<Prefix extends string> = Pick<Fields, Extract<keyof Fields, `${Prefix}.${string}`>>;

function eventFields(host: HostFacts): Some<'evt'> {
  return {
    'evt.num': (subject) => subject.number,
    'evt.type': (subject) => callEvent(subject)?.call ?? (fileEvent(subject)?.call || null) ?? eventNames[subject.eventClass][0],
    'evt.time': (subject) => wallTime(subject.event.timeBootNs + subject.wallOffsetNs),
    'evt.hostname': () => host.hostname,
    'evt.rawres': (subject) => resultOf(subject),
    'evt.res': (subject) => {
      const result = resultOf(subject);
      return result === null ? null : errorName(result);
    },
    'evt.arg': (subject, name) => eventArgument(host, subject, name, false),
    'evt.rawarg': (subject, name) => rawValue(name, eventArgument(host, subject, name, true)),
    'evt.args': (subject) => argumentsText(host, subject),
    'evt.is_open_create': (subject) => {
      const flags = askedFlagsOf(subject);
      return flags === null ? null : (flags & O_CREAT) !== 0;
    },
    'evt.is_open_exec': (subject) => {
      const flags = askedFlagsOf(subject);
      return flags === null ? null : (flags & O_CREAT) !== 0 && (askedModeOf(subject) & 0o111) !== 0;
    },
    'evt.is_open_read': (subject) => {
      const flags = openFlagsOf(subject);
      return flags === null ? null : (flags & (O_WRONLY | O_RDWR)) !== O_WRONLY;
    },
    'evt.is_open_write': (subject) => {
      const flags = openFlagsOf(subject);
      return flags === null ? null : (flags & (O_WRONLY | O_RDWR)) !== 0;
    },
  };
}

function resultOf(subject: RuleSubject): number | null {
  return callEvent(subject)?.result ?? socketEvent(subject)?.result ?? null;
}

function askedFlagsOf(subject: RuleSubject): number | null {
  return fileEvent(subject)?.askedFlags ?? openFlagsOf(subject);
}

const modePosition: Readonly<Record<string, number>> = { open: 2, openat: 3, creat: 1 };

function askedModeOf(subject: RuleSubject): number {
  const call = callEvent(subject);
  if (call === null) return fileEvent(subject)?.askedMode ?? 0;
  const at = modePosition[call.call];
  return at === undefined ? 0 : call.argumentsLow[at]!;
}

function openFlagsOf(subject: RuleSubject): number | null {
  const file = fileEvent(subject);
  if (file !== null) return file.openFlags;
  const call = callEvent(subject);
  if (call === null || call.callKind !== 'openFailed') return null;
  switch (call.call) {
    case 'creat':
      return O_CREAT | O_TRUNC | O_WRONLY;
    case 'open':
      return call.argumentsLow[1]!;
    case 'openat':
    case 'open_by_handle_at':
      return call.argumentsLow[2]!;
    default:
      return null; // openat2 keeps its flags in the program's memory
  }
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
      return index === null ? restOf(subject.execution) : (subject.execution.arguments[index + 1] ?? null);
    },
    'proc.vpid': (subject) => subject.execution.pidInNamespace,
    'proc.pvpid': (subject) => subject.execution.parentPidInNamespace,
    'proc.sid': (subject) => subject.execution.sessionId,
    'proc.tty': (subject) => subject.execution.terminal,
    'proc.cwd': (subject) => directoryText(subject.execution.workingDirectory),
    'proc.duration': (subject) => Math.max(0, subject.event.timeBootNs - subject.execution.startBootNs),
    'proc.is_exe_upper_layer': (subject) => subject.execution.origin === 'dropped' || subject.execution.origin === 'modified',
    // outside of containers no origin is told, and the kernel's name for such files must do
    'proc.is_exe_from_memfd': (subject) => (subject.execution.origin === 'memory' || subject.execution.origin === 'host') && subject.execution.path.startsWith('/memfd:'),
    'proc.exe_ino.ctime': (subject) => subject.execution.ctimeNs,
    'proc.exe_ino.mtime': null,
    'proc.env': (subject, name) => {
      const environment = subject.event.kind === 'exec' ? (subject.event as ExecEvent).environment : null;
      if (environment === null) return null;
      if (name === null) return environment.join(' ');
      const begin = `${name}=`;
      return environment.find((one) => one.startsWith(begin))?.slice(begin.length) ?? null;
    },
    'proc.pgid': (subject) => subject.execution.processGroup || null,
    'proc.is_pgid_leader': (subject) => (subject.execution.processGroup === 0 ? null : subject.execution.processGroup === subject.execution.tgid),
    'proc.is_vpgid_leader': (subject) => (subject.execution.processGroup === 0 ? null : subject.execution.processGroup === subject.execution.tgid),
    'proc.is_sid_leader': (subject) => subject.execution.sessionId === subject.execution.tgid,
    'proc.is_container_init': (subject) => subject.isContainerInit,
    'thread.cap_effective': (subject) => capabilityNames(subject.execution.capEffectiveHigh, subject.execution.capEffectiveLow),
    'thread.cap_permitted': (subject) => capabilityNames(subject.execution.capPermittedHigh, subject.execution.capPermittedLow),
    'user.uid': (subject) => subject.execution.uid,
    'user.name': (subject) => userNameOf(host, subject, subject.execution.uid),
    'user.loginuid': (subject) => (subject.execution.loginUid === noLogin ? -1 : subject.execution.loginUid),
    'group.gid': (subject) => subject.execution.gid,
  };
}

const S_IFMT = 0o170000;
const typesByMode: Readonly<Record<number, string>> = { [0o100000]: 'file', [0o040000]: 'directory', [0o020000]: 'char', [0o060000]: 'block', [0o010000]: 'pipe' };
const typesByFamily: Readonly<Record<number, string>> = { 1: 'unix', 2: 'ipv4', 10: 'ipv6', 16: 'netlink', 17: 'packet' };

function fileType(path: string, mode: number): string | null {
  if (path.startsWith('/memfd:')) return 'memfd';
  return typesByMode[mode & S_IFMT] ?? null;
}

/** What the call's descriptor is: the kernel's own file or socket. A file that could not be opened is what was asked for. */
function callDescriptorName(call: CallEvent, subject: RuleSubject): string | null {
  if (call.callKind === 'openFailed') return pathOf(call, 0, subject.execution);
  if (call.family === 1) return call.texts[1] === '' ? (call.given?.path ?? '') : call.texts[1];
  if (call.family === 2 || call.family === 10) {
    if (call.callKind === 'bind') return endText(call.localAddress, call.localPort);
    const remote = call.given?.address ? givenText(call.given) : endText(call.remoteAddress, call.remotePort);
    return call.callKind === 'socket' ? '' : `${endText(call.localAddress, call.localPort)}->${remote}`;
  }
  return call.mode === 0 || call.paths[0] === '' ? null : call.paths[0];
}

function numberOf(call: CallEvent): number | null {
  if (['socket', 'memfd', 'dup', 'openFailed'].includes(call.callKind)) return call.callKind === 'openFailed' ? -1 : call.result;
  return call.mode === 0 ? null : call.argumentsLow[0]! | 0;
}

function hasEnds(call: CallEvent): boolean {
  return call.family === 2 || call.family === 10;
}

function transport(protocol: number): string | null {
  return protocol === 17 ? 'udp' : protocol === 6 || protocol === 262 ? 'tcp' : protocol === 1 || protocol === 58 ? 'icmp' : null;
}

const descriptorFields: Some<'fd'> = {
  'fd.num': (subject) => {
    const call = callEvent(subject);
    if (call !== null) return numberOf(call);
    const file = fileEvent(subject);
    return file === null || file.descriptor < 0 || file.kind === 'map-exec' ? null : file.descriptor;
  },
  'fd.name': (subject) => {
    const call = callEvent(subject);
    if (call !== null) return callDescriptorName(call, subject);
    const socket = socketEvent(subject);
    return socket === null ? (fileEvent(subject)?.path ?? null) : ends(socket);
  },
  'fd.nameraw': (subject) => {
    const call = callEvent(subject);
    return call === null ? (fileEvent(subject)?.path ?? null) : call.texts[0] === '' ? callDescriptorName(call, subject) : call.texts[0];
  },
  'fd.type': (subject) => {
    const call = callEvent(subject);
    if (call !== null) return call.callKind === 'openFailed' ? 'file' : call.family === 0 ? fileType(call.paths[0], call.mode) : (typesByFamily[call.family] ?? null);
    const socket = socketEvent(subject);
    if (socket !== null) return socket.family === 2 ? 'ipv4' : 'ipv6';
    const file = fileEvent(subject);
    return file === null ? null : file.path.startsWith('/memfd:') ? 'memfd' : 'file';
  },
  'fd.lip': (subject) => {
    const call = callEvent(subject);
    return call === null ? (socketEvent(subject)?.localAddress ?? null) : hasEnds(call) ? call.localAddress : null;
  },
  'fd.rip': (subject) => {
    const call = callEvent(subject);
    return call === null ? (socketEvent(subject)?.remoteAddress ?? null) : hasEnds(call) ? (call.given?.address ?? call.remoteAddress) : null;
  },
  'fd.lport': (subject) => {
    const call = callEvent(subject);
    return call === null ? (socketEvent(subject)?.localPort ?? null) : hasEnds(call) ? call.localPort : null;
  },
  'fd.rport': (subject) => {
    const call = callEvent(subject);
    return call === null ? (socketEvent(subject)?.remotePort ?? null) : hasEnds(call) ? (call.given?.address ? call.given.port : call.remotePort) : null;
  },
  'fd.rip.name': (subject) => subject.remoteName ?? null,
  'fd.l4proto': (subject) => {
    const one = callEvent(subject) ?? socketEvent(subject);
    return one === null || (one.family !== 2 && one.family !== 10) ? null : transport(one.protocol);
  },
};

/** The path that is told for each class: what it is about, or where it was and where it is now. */
function callPath(subject: RuleSubject, which: 0 | 1, raw: boolean): string | null {
  const call = callEvent(subject);
  if (call === null) return which === 0 ? (fileEvent(subject)?.path ?? null) : null;
  if (raw) return call.texts[which] === '' ? null : call.texts[which];
  // what a symbolic link names begins at the link
  if (call.callKind === 'symlink' && which === 0) return absolute(call.texts[0], directoryOf(pathOf(call, 1, subject.execution)));
  if (call.callKind === 'mount' && which === 0 && call.call === 'mount') return call.texts[0];
  return pathOf(call, which, subject.execution) || null;
}

const pathFields: Some<'fs'> = {
  'fs.path.name': (subject) => callPath(subject, 0, false),
  'fs.path.nameraw': (subject) => callPath(subject, 0, true),
  'fs.path.source': (subject) => callPath(subject, 0, false),
  'fs.path.sourceraw': (subject) => callPath(subject, 0, true),
  'fs.path.target': (subject) => callPath(subject, 1, false),
  'fs.path.targetraw': (subject) => callPath(subject, 1, true),
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
