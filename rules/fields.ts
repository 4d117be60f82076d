/**
 * The fields of this engine. `suppliedFields` are what a sensor reads out (its getters are typed by this table);
 * `derivedFields` are other views of those; every further field of the language is known by name and supplied on no
 * event class (`fields-known.ts`), so that a rule which needs it is told so instead of never firing in silence.
 */
import { classShapes, eventClasses, type ClassShape, type EventClass } from './events.ts';
import type { FieldSpec, FieldTable } from './field-table.ts';
import { knownFields, rawArgumentTypes } from './fields-known.ts';

const every = eventClasses;

function where(holds: (shape: ClassShape) => boolean): readonly EventClass[] {
  return eventClasses.filter((one) => holds(classShapes[one]));
}

const opens = ['open', 'openFailed'] as const;
const files = where((shape) => shape.descriptor === 'file' || shape.descriptor === 'any');
const sockets = where((shape) => shape.descriptor === 'socket' || shape.descriptor === 'any');
const descriptors = where((shape) => shape.descriptor !== undefined);
/** Sockets whose ends are known; of a listening or bound one only the local end is. */
const local = ['connect', 'accept', 'listen', 'bind', 'send', 'receive', 'dup'] as const;
const remote = ['connect', 'accept', 'send', 'receive', 'dup'] as const;
const returned = where((shape) => shape.outcome === 'returned');
const succeeded = where((shape) => shape.outcome === 'success');
const withArguments = where((shape) => shape.arguments.length > 0);
/** One path, or the two ends of a move. */
const onePath = ['open', 'openFailed', 'unlink', 'rmdir', 'mkdir', 'mknod', 'chmod', 'chown', 'truncate', 'chdir', 'chroot', 'umount'] as const;
const twoPaths = ['rename', 'link', 'symlink', 'mount'] as const;

function onAll<T>(classes: readonly EventClass[], fact: T): Partial<Record<EventClass, T>> {
  return Object.fromEntries(classes.map((one) => [one, fact]));
}

const done = { is: 'SUCCESS' } as const;
const counted = { atLeast: 0 } as const;

export const suppliedFields = {
  'evt.num': { type: 'number', on: every, facts: onAll(every, { atLeast: 1 }), description: 'Number of the event, from 1' },
  'evt.type': { type: 'text', on: every, description: 'Name of the event; the usual name of its class where the system call is not known' },
  'evt.time': { type: 'text', on: every, description: 'When it happened: RFC 3339, UTC, nanoseconds' },
  'evt.hostname': { type: 'text', on: every, description: 'Name of the host' },
  'evt.rawres': { type: 'number', on: returned, facts: { exec: { is: 0 }, listen: { is: 0 }, open: counted, accept: counted, receive: counted }, description: 'What the system call returned' },
  'evt.res': { type: 'text', on: returned, facts: onAll(succeeded, done), description: 'SUCCESS, or the name of the error' },
  'evt.arg': {
    type: 'text', argument: 'event-argument', on: withArguments,
    eventArguments: Object.fromEntries(withArguments.map((one) => [one, classShapes[one].arguments])),
    description: 'An argument as text: paths as they were given, flags and modes by their names, users by their name where it is known',
  },
  'evt.rawarg': {
    type: 'text', argument: 'event-argument', argumentTypes: rawArgumentTypes, on: withArguments, notOnRight: true, notTransformed: true,
    eventArguments: Object.fromEntries(withArguments.map((one) => [one, classShapes[one].arguments])),
    description: 'An argument as it was given: numbers stay numbers',
  },
  'evt.args': { type: 'text', on: withArguments, description: 'All arguments, name=value, joined by blanks' },
  'evt.is_open_read': { type: 'boolean', on: opens, description: 'Opened for reading' },
  'evt.is_open_write': { type: 'boolean', on: opens, description: 'Opened for writing' },
  'evt.is_open_create': { type: 'boolean', on: opens, description: 'Opened with leave to create the file' },
  'evt.is_open_exec': { type: 'boolean', on: opens, description: 'Opened with leave to create the file, and that executable' },

  'proc.aname': { type: 'text', argument: 'ancestor', on: every, notOnRight: true, notTransformed: true, description: 'Name of an ancestor, as the kernel keeps it: 15 characters' },
  'proc.aexe': { type: 'text', argument: 'ancestor', on: every, notOnRight: true, notTransformed: true, description: 'First argument of an ancestor' },
  'proc.aexepath': { type: 'text', argument: 'ancestor', on: every, notOnRight: true, notTransformed: true, description: 'Executable of an ancestor, from the kernel' },
  'proc.acmdline': { type: 'text', argument: 'ancestor', on: every, notOnRight: true, notTransformed: true, description: 'Name and arguments of an ancestor' },
  'proc.apid': { type: 'number', argument: 'ancestor', on: every, notOnRight: true, notTransformed: true, description: 'Process id of an ancestor' },
  'proc.args': { type: 'text', argument: 'index', on: every, description: 'Arguments after the first, joined by blanks; with [n] one of them, from 0' },
  'proc.vpid': { type: 'number', on: every, description: 'Process id in its own pid namespace' },
  'proc.pvpid': { type: 'number', on: every, description: 'Process id of the parent, as the process sees it; 0: the parent is outside of its pid namespace' },
  'proc.sid': { type: 'number', on: every, description: 'Session id' },
  'proc.tty': { type: 'number', on: every, description: 'Controlling terminal; 0: none' },
  'proc.cwd': { type: 'text', on: every, description: 'Working directory, ending in /' },
  'proc.duration': { type: 'number', on: every, description: 'Nanoseconds since the process started' },
  'proc.is_exe_upper_layer': { type: 'boolean', on: every, description: 'The executable is in the upper layer of the overlay: not from the image' },
  'proc.is_exe_from_memfd': { type: 'boolean', on: every, description: 'The executable exists only in memory' },
  'proc.exe_ino.ctime': { type: 'number', on: every, description: 'Last change of the executable or its metadata, nanoseconds since 1970' },
  'proc.exe_ino.mtime': { type: 'number', on: every, description: 'Last change of what the executable holds, nanoseconds since 1970' },
  'proc.env': { type: 'text', argument: 'optional-key', on: ['exec'], description: 'Environment, NAME=value joined by blanks; with [NAME] one value. The first 4 KiB of it, and only while a rule reads it' },
  'proc.pgid': { type: 'number', on: every, description: 'Id of the process group' },
  'proc.is_pgid_leader': { type: 'boolean', on: every, description: 'The process leads its process group' },
  'proc.is_vpgid_leader': { type: 'boolean', on: every, description: 'The process leads its process group, as it sees it itself' },
  'proc.is_sid_leader': { type: 'boolean', on: every, description: 'The process leads its session' },
  'proc.is_container_init': {
    type: 'boolean', on: every,
    description: "Ours. The process is the first of its container: the one the runtime started it with, also when the container shares another's pid namespace and its id is not 1",
  },

  'thread.cap_effective': { type: 'text', on: every, description: 'Effective capabilities when the program was executed: CAP_SYS_ADMIN and so on, joined by blanks' },
  'thread.cap_permitted': { type: 'text', on: every, description: 'Permitted capabilities when the program was executed' },

  'user.uid': { type: 'number', on: every, description: 'User id, in the initial user namespace' },
  'user.name': { type: 'text', on: every, description: 'User name, where it is known' },
  'user.loginuid': { type: 'number', on: every, description: 'User id of the login session; -1: none' },
  'group.gid': { type: 'number', on: every, description: 'Group id' },

  /** Where only successes are reported the number may be unknown, but never negative. */
  'fd.num': {
    type: 'number', on: descriptors.filter((one) => one !== 'listen'),
    facts: { ...onAll(['open', 'mapExec', 'connect', 'accept', 'listen', 'send', 'receive', 'dup'], counted), openFailed: { is: -1 } },
    description: 'Number of the descriptor, where it is known',
  },
  'fd.name': { type: 'text', on: descriptors, description: 'Path of the file, or the ends of the connection: a:p->b:p' },
  'fd.nameraw': { type: 'text', on: files, description: 'Path of the file as it was given to the call' },
  'fd.type': { type: 'text', on: descriptors, description: 'file, directory, memfd, ipv4, ipv6 or unix' },
  'fd.lip': { type: 'address', on: local, description: 'Local address' },
  'fd.rip': { type: 'address', on: remote, description: 'Remote address' },
  'fd.lport': { type: 'number', on: local, description: 'Local port' },
  'fd.rport': { type: 'number', on: remote, description: 'Remote port' },
  'fd.rip.name': { type: 'text', on: remote, notOnRight: true, notTransformed: true, description: 'Name of the remote address: the last one that a name server answered to this container, or this host' },
  'fd.l4proto': { type: 'text', on: sockets, description: 'tcp or udp' },

  'fs.path.name': { type: 'text', on: onePath, description: 'The path that the call is about, made absolute' },
  'fs.path.nameraw': { type: 'text', on: onePath, description: 'The path that the call is about, as it was given' },
  'fs.path.source': { type: 'text', on: twoPaths, description: 'Where it was, made absolute; of a symbolic link what it names' },
  'fs.path.sourceraw': { type: 'text', on: twoPaths, description: 'Where it was, as it was given' },
  'fs.path.target': { type: 'text', on: twoPaths, description: 'Where it is now, made absolute' },
  'fs.path.targetraw': { type: 'text', on: twoPaths, description: 'Where it is now, as it was given' },

  'container.id': { type: 'text', on: every, description: 'Id of the container; host outside of containers' },
  'container.name': { type: 'text', on: every, identity: true, description: 'Name of the container' },
  'container.image': { type: 'text', on: every, identity: true, description: 'Image as it was named, with its tag' },
  'container.image.digest': { type: 'text', on: every, identity: true, description: 'Digest of the image' },
  'container.privileged': { type: 'boolean', on: every, identity: true, description: 'The container is privileged' },
  'container.mounts': { type: 'text', on: every, identity: true, description: 'All mounts, source:destination, joined by commas' },
  'container.mount.dest': { type: 'text', argument: 'key', on: every, identity: true, description: 'Where a source is mounted; the source in brackets may hold wildcards, or be a number' },
  'k8s.ns.name': { type: 'text', on: every, identity: true, description: 'Namespace of the pod' },
  'k8s.pod.name': { type: 'text', on: every, identity: true, description: 'Name of the pod' },
  'k8s.pod.uid': { type: 'text', on: every, identity: true, description: 'UID of the pod' },
  'k8s.pod.labels': { type: 'text', on: every, identity: true, description: 'All labels of the pod, name:value, joined by a comma and a blank; told by the cluster part' },
  'k8s.pod.label': { type: 'text', argument: 'key', on: every, identity: true, description: 'One label of the pod, its name in brackets; told by the cluster part' },
  'k8s.deployment.name': { type: 'text', on: every, identity: true, description: 'Deployment that the pod belongs to; told by the cluster part' },
  'k8s.rs.name': { type: 'text', on: every, identity: true, description: 'ReplicaSet that the pod belongs to; told by the cluster part' },
  'k8s.rc.name': { type: 'text', on: every, identity: true, description: 'ReplicationController that the pod belongs to; told by the cluster part' },
} as const satisfies Record<string, FieldSpec<EventClass>>;

export type SuppliedField = keyof typeof suppliedFields;

function ancestor(field: string, argument: number, type: 'text' | 'number' = 'text'): FieldSpec<EventClass> {
  return { type, on: every, from: { field, argument } };
}

/** Of a socket that is duplicated nobody knows any more who began. */
const server = { connect: 'fd.rip', accept: 'fd.lip', listen: 'fd.lip', bind: 'fd.lip', send: 'fd.rip', receive: 'fd.lip' } as const;
const client = { connect: 'fd.lip', accept: 'fd.rip', send: 'fd.lip', receive: 'fd.rip' } as const;
const serverPort = { connect: 'fd.rport', accept: 'fd.lport', listen: 'fd.lport', bind: 'fd.lport', send: 'fd.rport', receive: 'fd.lport' } as const;
const clientPort = { connect: 'fd.lport', accept: 'fd.rport', send: 'fd.lport', receive: 'fd.rport' } as const;
const servers = ['connect', 'accept', 'listen', 'bind', 'send', 'receive'] as const;
const clients = ['connect', 'accept', 'send', 'receive'] as const;

export const derivedFields: Readonly<Record<string, FieldSpec<EventClass>>> = {
  'syscall.type': { type: 'text', on: every, from: { field: 'evt.type' } },
  'evt.time.iso8601': { type: 'text', on: every, from: { field: 'evt.time' } },
  'evt.datetime': { type: 'text', on: every, from: { field: 'evt.time' } },
  'evt.dir': { type: 'text', on: [], facts: onAll(every, { is: '<' }) },
  'evt.source': { type: 'text', on: [], facts: onAll(every, { is: 'syscall' }) },
  'evt.is_async': { type: 'boolean', on: [], facts: onAll(every, { is: false }) },
  'evt.failed': { type: 'boolean', on: returned, facts: { ...onAll(succeeded, { is: false }), openFailed: { is: true } }, from: { field: 'evt.rawres', by: 'is-negative' } },
  'evt.info': { type: 'text', on: withArguments, from: { field: 'evt.args' } },

  'proc.name': ancestor('proc.aname', 0),
  'proc.pname': ancestor('proc.aname', 1),
  'proc.exe': ancestor('proc.aexe', 0),
  'proc.pexe': ancestor('proc.aexe', 1),
  'proc.exepath': ancestor('proc.aexepath', 0),
  'proc.pexepath': ancestor('proc.aexepath', 1),
  'proc.cmdline': ancestor('proc.acmdline', 0),
  'proc.pcmdline': ancestor('proc.acmdline', 1),
  'proc.pid': ancestor('proc.apid', 0, 'number'),
  'proc.ppid': ancestor('proc.apid', 1, 'number'),

  'fd.directory': { type: 'text', on: files, from: { field: 'fd.name', by: 'directory' } },
  'fd.filename': { type: 'text', on: files, from: { field: 'fd.name', by: 'file-name' } },
  'fd.typechar': { type: 'text', on: descriptors, from: { field: 'fd.type', by: 'type-character' } },
  'fd.sockfamily': { type: 'text', on: sockets, from: { field: 'fd.type', by: 'socket-family' } },
  'fd.is_server': { type: 'boolean', on: [], facts: { connect: { is: false }, accept: { is: true }, listen: { is: true }, bind: { is: true }, send: { is: false }, receive: { is: true } } },
  /** Datagrams are reported without a connection, and when their peer is new. */
  'fd.connected': { type: 'boolean', on: [], facts: { ...onAll(['send', 'receive', 'listen', 'bind', 'socket'], { is: false }), accept: { is: true } } },
  'fd.name_changed': { type: 'boolean', on: [], facts: onAll(['send', 'receive'], { is: true }) },
  'fd.ip': { type: 'address', on: local, from: { ends: ['fd.lip', 'fd.rip'] }, notOnRight: true, notTransformed: true },
  'fd.sip': { type: 'address', on: servers, from: { byClass: server } },
  'fd.cip': { type: 'address', on: clients, from: { byClass: client } },
  'fd.sip.name': { type: 'text', on: ['connect', 'send'], from: { byClass: { connect: 'fd.rip.name', send: 'fd.rip.name' } }, notOnRight: true, notTransformed: true },
  'fd.cip.name': { type: 'text', on: ['accept', 'receive'], from: { byClass: { accept: 'fd.rip.name', receive: 'fd.rip.name' } }, notOnRight: true, notTransformed: true },
  'fd.net': { type: 'network', on: local, from: { ends: ['fd.lip', 'fd.rip'] }, notOnRight: true, notTransformed: true },
  'fd.snet': { type: 'network', on: servers, from: { byClass: server }, notOnRight: true, notTransformed: true },
  'fd.cnet': { type: 'network', on: clients, from: { byClass: client }, notOnRight: true, notTransformed: true },
  'fd.lnet': { type: 'network', on: local, from: { field: 'fd.lip' }, notOnRight: true, notTransformed: true },
  'fd.rnet': { type: 'network', on: remote, from: { field: 'fd.rip' }, notOnRight: true, notTransformed: true },
  'fd.port': { type: 'number', on: local, from: { ends: ['fd.lport', 'fd.rport'] }, notOnRight: true, notTransformed: true },
  'fd.sport': { type: 'number', on: servers, from: { byClass: serverPort } },
  'fd.cport': { type: 'number', on: clients, from: { byClass: clientPort } },

  'container.image.repository': { type: 'text', on: every, identity: true, from: { field: 'container.image', by: 'image-repository' } },
  'container.image.tag': { type: 'text', on: every, identity: true, from: { field: 'container.image', by: 'image-tag' } },
};

export const fieldTable: FieldTable = new Map<string, FieldSpec>([
  ...knownFields,
  ...Object.entries(derivedFields),
  ...Object.entries(suppliedFields),
]);
