/**
 * Every field of the language: its type, what may stand in its brackets, what it may not be used for, and what it holds.
 * Which event classes supply it here is said by `fields.ts`; a field that only stands here is known and supplied nowhere,
 * so that a rule which needs it loads and is told what is missing. `fields.test.ts` holds the two tables to each other.
 *
 * A line: name, type, kind of argument (- none), flags (r: not on the right side, t: not transformed), description.
 */
import type { ArgumentKind, FieldSpec, ValueType } from './field-table.ts';

const lines = `
evt.num number - -: Number of the event, from 1
evt.time text - -: When it happened: RFC 3339, UTC, nanoseconds
evt.time.s text - -: When it happened, in whole seconds
evt.time.iso8601 text - -: When it happened: ISO 8601, UTC, nanoseconds
evt.datetime text - -: Date and time with nanoseconds
evt.datetime.s text - -: Date and time in whole seconds
evt.rawtime number - -: Nanoseconds since 1970
evt.rawtime.s number - -: Whole seconds since 1970
evt.rawtime.ns number - -: The nanoseconds behind the whole second
evt.reltime number - -: Nanoseconds since the first event
evt.reltime.s number - -: Whole seconds since the first event
evt.reltime.ns number - -: Nanoseconds behind the whole second since the first event
evt.pluginname text - -: Plugin that made the event
evt.plugininfo text - -: What the plugin says of the event
evt.source text - -: Where the event comes from: syscall
evt.is_async boolean - -: The event did not come from a system call but was put in
evt.asynctype text - -: Kind of an event that was put in
evt.hostname text - -: Name of the host

evt.latency number - -: Nanoseconds between entering the system call and its end
evt.latency.s number - -: Whole seconds of the latency
evt.latency.ns number - -: Nanoseconds behind the whole second of the latency
evt.latency.quantized number - -: Logarithm of the latency
evt.latency.human text - -: The latency, made readable
evt.deltatime number - -: Nanoseconds since the event before
evt.deltatime.s number - -: Whole seconds since the event before
evt.deltatime.ns number - -: Nanoseconds behind the whole second since the event before
evt.outputtime text - -: The time as outputs print it
evt.dir text - -: Direction: < for the end of a system call, which is all that there is
evt.type text - -: Name of the event; the usual name of its class where the system call is not known
evt.type.is number dotted -: 1 on events of the type that is named behind the dot, 0 on others
syscall.type text - -: Name of the system call
evt.category text - -: Kind of the event: file, net, process and so on
evt.cpu number - -: Processor on which it happened
evt.args text - -: All arguments as one text
evt.arg text event-argument -: An argument by its name, as text: evt.arg.flags
evt.rawarg text event-argument rt: An argument by its name, as the number or text that it is
evt.info text - -: All arguments as one text
evt.buffer bytes - -: Bytes that were read, written, sent or received
evt.buflen number - -: How many bytes were read, written, sent or received
evt.buflen.in number - -: Bytes read or received
evt.buflen.out number - -: Bytes written or sent
evt.buflen.file number - -: Bytes read from or written to files
evt.buflen.file.in number - -: Bytes read from files
evt.buflen.file.out number - -: Bytes written to files
evt.buflen.net number - -: Bytes received or sent
evt.buflen.net.in number - -: Bytes received
evt.buflen.net.out number - -: Bytes sent
evt.res text - -: SUCCESS, or the name of the error
evt.rawres number - -: What the system call returned
evt.failed boolean - -: The system call failed
evt.is_io boolean - -: Something was read or written
evt.is_io_read boolean - -: Something was read
evt.is_io_write boolean - -: Something was written
evt.io_dir text - -: r for reading, w for writing
evt.is_wait boolean - -: The call makes the thread wait
evt.wait_latency number - -: Nanoseconds that the thread waited
evt.is_syslog boolean - -: Something was written to /dev/log
evt.count number - -: 1
evt.count.error number - -: 1 on calls that failed
evt.count.error.file number - -: 1 on calls about files that failed
evt.count.error.net number - -: 1 on calls about the network that failed
evt.count.error.memory number - -: 1 on calls about memory that failed
evt.count.error.other number - -: 1 on other calls that failed
evt.count.exit number - -: 1 on the ends of calls
evt.count.procinfo number - -: 1 on events about main threads
evt.count.threadinfo number - -: 1 on events about threads
evt.around number key rt: Within so many milliseconds of the time in brackets
evt.abspath text - -: Whole path of a call that takes a directory and a name
evt.abspath.src text - -: Whole path of the source
evt.abspath.dst text - -: Whole path of the destination
evt.is_open_read boolean - -: Opened for reading
evt.is_open_write boolean - -: Opened for writing
evt.is_open_exec boolean - -: Created with the permission to execute
evt.is_open_create boolean - -: Created
evt.infra.docker.name text - -: Name of an event of the container engine
evt.infra.docker.container.id text - -: Container of such an event
evt.infra.docker.container.name text - -: Name of that container
evt.infra.docker.container.image text - -: Image of that container

proc.exe text - -: First argument of the program, which the caller chose
proc.pexe text - -: First argument of the parent
proc.aexe text ancestor rt: First argument of an ancestor
proc.exepath text - -: Path of the executable, from the kernel
proc.pexepath text - -: Executable of the parent
proc.aexepath text ancestor rt: Executable of an ancestor, from the kernel
proc.name text - -: Name of the process, as the kernel keeps it: 15 characters
proc.pname text - -: Name of the parent
proc.aname text ancestor rt: Name of an ancestor, as the kernel keeps it: 15 characters
proc.args text index -: Arguments after the first, joined by blanks; with [n] one of them, from 0
proc.cmdline text - -: Name and arguments, up to 4,096 characters
proc.pcmdline text - -: Name and arguments of the parent
proc.acmdline text ancestor rt: Name and arguments of an ancestor
proc.cmdnargs number - -: How many arguments there are after the first
proc.cmdlenargs number - -: Characters of the arguments after the first, without blanks between them
proc.exeline text - -: First argument and the others
proc.env text optional-key -: The environment, joined by blanks; with a name in brackets that variable's value
proc.aenv text ancestor-or-key rt: Environment of an ancestor; with a name in brackets the first of the ancestors' that has it
proc.cwd text - -: Working directory, ending in /
proc.loginshellid number - -: Process id of the eldest shell among the ancestors
proc.tty number - -: Controlling terminal; 0: none
proc.pid number - -: Process id
proc.ppid number - -: Process id of the parent
proc.apid number ancestor rt: Process id of an ancestor
proc.vpid number - -: Process id in its own pid namespace
proc.pvpid number - -: Process id of the parent, as the process sees it
proc.sid number - -: Session id
proc.sname text - -: Name of the session's leader
proc.sid.exe text - -: First argument of the session's leader
proc.sid.exepath text - -: Executable of the session's leader
proc.vpgid number - -: Process group, as its own pid namespace numbers it
proc.vpgid.name text - -: Name of the group's leader, by that number
proc.vpgid.exe text - -: First argument of the group's leader, by that number
proc.vpgid.exepath text - -: Executable of the group's leader, by that number
proc.pgid number - -: Process group, as the host numbers it
proc.pgid.name text - -: Name of the group's leader
proc.pgid.exe text - -: First argument of the group's leader
proc.pgid.exepath text - -: Executable of the group's leader
proc.duration number - -: Nanoseconds since the process started
proc.ppid.duration number - -: Nanoseconds since the parent started
proc.pid.ts number - -: When the process started, nanoseconds since 1970
proc.ppid.ts number - -: When the parent started, nanoseconds since 1970
proc.is_exe_writable boolean - -: The user of the process may write its executable
proc.is_exe_upper_layer boolean - -: The executable is in the upper layer of the overlay: not from the image
proc.is_exe_lower_layer boolean - -: The executable is in a lower layer of the overlay: from the image
proc.is_exe_from_memfd boolean - -: The executable exists only in memory
proc.is_sid_leader boolean - -: The process leads its session
proc.is_vpgid_leader boolean - -: The process leads its group, as its own pid namespace numbers them
proc.is_pgid_leader boolean - -: The process leads its group
proc.exe_ino number - -: Inode of the executable
proc.exe_ino.ctime number - -: Last change of the executable or its metadata, nanoseconds since 1970
proc.exe_ino.mtime number - -: Last change of what the executable holds, nanoseconds since 1970
proc.exe_ino.ctime_duration_proc_start number - -: Nanoseconds between the executable's last change and the start of the process
proc.exe_ino.ctime_duration_pidns_start number - -: Nanoseconds between the start of the pid namespace and the executable's last change
proc.pidns_init_start_ts number - -: When the pid namespace started, nanoseconds since 1970
proc.fdopencount number - -: Open descriptors
proc.fdlimit number - -: How many descriptors may be open
proc.fdusage number - -: Share of the descriptors that are open
proc.vmsize number - -: Virtual memory, KiB
proc.vmrss number - -: Resident memory, KiB
proc.vmswap number - -: Swapped memory, KiB
proc.nthreads number - -: Living threads
proc.nchilds number - -: Living threads without the main one
proc.cpu number - -: Processor time of the last second
proc.stdin.type text - -: Type of the standard input
proc.stdout.type text - -: Type of the standard output
proc.stderr.type text - -: Type of the standard error
proc.stdin.name text - -: Name of the standard input
proc.stdout.name text - -: Name of the standard output
proc.stderr.name text - -: Name of the standard error
proc.fd.name text - -: Name of a descriptor of the process
proc.is_container_healthcheck boolean - -: Part of the container's health check
proc.is_container_liveness_probe boolean - -: Part of the container's liveness probe
proc.is_container_readiness_probe boolean - -: Part of the container's readiness probe
thread.cap_permitted text - -: Permitted capabilities when the program was executed
thread.cap_inheritable text - -: Inheritable capabilities
thread.cap_effective text - -: Effective capabilities when the program was executed: CAP_SYS_ADMIN and so on, joined by blanks
thread.pfmajor number - -: Page faults that needed the disk
thread.pfminor number - -: Page faults that did not
thread.tid number - -: Thread id
thread.ismain boolean - -: The main thread of its process
thread.vtid number - -: Thread id in its own pid namespace
thread.nametid text - -: Name of the process and thread id
thread.exectime number - -: Nanoseconds on the processor when last scheduled
thread.totexectime number - -: Nanoseconds on the processor in all
thread.cgroups text - -: All cgroups as one text
thread.cgroup text dotted -: Cgroup of the controller behind the dot: thread.cgroup.cpuacct
thread.cpu number - -: Processor time of the last second
thread.cpu.user number - -: Processor time of the last second outside of the kernel
thread.cpu.system number - -: Processor time of the last second in the kernel
thread.vmsize number - -: Virtual memory, KiB; 0 for others than the main thread
thread.vmrss number - -: Resident memory, KiB; 0 for others than the main thread
thread.vmsize.b number - -: Virtual memory, bytes
thread.vmrss.b number - -: Resident memory, bytes

user.uid number - -: User id, in the initial user namespace
user.name text - -: User name, where it is known
user.homedir text - -: Home directory
user.shell text - -: Shell of the user
user.loginuid number - -: User id of the login session; -1: none
user.loginname text - -: User name of the login session
group.gid number - -: Group id
group.name text - -: Group name
util.cnt number - -: A counter that grows with each use
syslog.facility number - -: Facility of a line that is written to the system log
syslog.facility.str text - -: Name of that facility
syslog.severity number - -: Severity of a line that is written to the system log
syslog.severity.str text - -: Name of that severity
syslog.message text - -: The line that is written to the system log

fd.num number - -: Number of the descriptor
fd.type text - -: file, directory, memfd, ipv4, ipv6, unix, pipe and so on
fd.typechar text - -: The type as one character: f 4 6 u p e s l i b r m o
fd.name text - -: Path of the file, or the ends of the connection: a:p->b:p
fd.nameraw text - -: Path as it was given, not made absolute
fd.directory text - -: Directory of the file
fd.filename text - -: Name of the file without its directory
fd.ip address - rt: Either end's address
fd.cip address - -: Client's address
fd.sip address - -: Server's address
fd.lip address - -: Local address
fd.rip address - -: Remote address
fd.port number - rt: Either end's port
fd.cport number - -: Client's port
fd.sport number - -: Server's port
fd.lport number - -: Local port
fd.rport number - -: Remote port
fd.l4proto text - -: tcp, udp, icmp or raw
fd.sockfamily text - -: ip or unix
fd.is_server boolean - -: The process is the server of the connection
fd.uid text - -: Number of the descriptor and thread id
fd.containername text - -: Id of the container and name of the descriptor
fd.containerdirectory text - -: Id of the container and directory of the file
fd.proto text - rt: Name of either end's port
fd.cproto text - -: Name of the client's port
fd.sproto text - -: Name of the server's port
fd.lproto text - -: Name of the local port
fd.rproto text - -: Name of the remote port
fd.net network - rt: Either end's network
fd.cnet network - rt: Client's network
fd.snet network - rt: Server's network
fd.lnet network - rt: Local network
fd.rnet network - rt: Remote network
fd.connected boolean - -: The socket is connected
fd.name_changed boolean - -: This event changed the name of the descriptor
fd.cip.name text - rt: Host name of the client's address
fd.sip.name text - rt: Host name of the server's address
fd.lip.name text - rt: Host name of the local address
fd.rip.name text - rt: Host name of the remote address
fd.dev number - -: Device that holds the file
fd.dev.major number - -: Major number of that device
fd.dev.minor number - -: Minor number of that device
fd.ino number - -: Inode of the file
fd.is_upper_layer boolean - -: The file is in the upper layer of the overlay
fd.is_lower_layer boolean - -: The file is in a lower layer of the overlay
fd.types texts index r: Types of all open descriptors; with [n] that of one
fdlist.nums text - -: Numbers of the descriptors of a poll, joined by commas
fdlist.names text - -: Their names
fdlist.cips text - -: Their clients' addresses
fdlist.sips text - -: Their servers' addresses
fdlist.cports text - -: Their clients' ports
fdlist.sports text - -: Their servers' ports
fs.path.name text - -: Path that the call is about, made absolute
fs.path.nameraw text - -: That path as it was given
fs.path.source text - -: Source path, made absolute
fs.path.sourceraw text - -: Source path as it was given
fs.path.target text - -: Target path, made absolute
fs.path.targetraw text - -: Target path as it was given

container.id text - -: Id of the container; host outside of containers
container.full_id text - -: Whole id of the container
container.name text - -: Name of the container
container.image text - -: Image as it was named, with its tag
container.image.id text - -: Id of the image
container.image.repository text - -: Image without tag and digest
container.image.tag text - -: Tag of the image
container.image.digest text - -: Digest of the image
container.type text - -: Container runtime
container.privileged boolean - -: The container is privileged
container.mounts text - -: All mounts, source:destination, joined by commas
container.mount text key -: A mount, by its number or its source, which may hold wildcards
container.mount.source text key -: Source of a mount, by its number or destination
container.mount.dest text key -: Where a source is mounted; the source in brackets may hold wildcards, or be a number
container.mount.mode text key -: Mode of a mount
container.mount.rdwr text key -: Whether a mount may be written
container.mount.propagation text key -: Propagation of a mount
container.healthcheck text - -: Command of the health check
container.liveness_probe text - -: Command of the liveness probe
container.readiness_probe text - -: Command of the readiness probe
container.start_ts number - -: When the container started, nanoseconds since 1970
container.duration number - -: Nanoseconds since the container started
container.ip text - -: Address of the container
container.cni.json text - -: Result of the network plug-in
container.host_pid boolean - -: The container shares the host's pid namespace
container.host_network boolean - -: The container shares the host's network
container.host_ipc boolean - -: The container shares the host's IPC namespace
container.label text key -: One label of the container
container.labels text - -: All labels of the container
container.info text - -: Prints nothing; kept because old outputs hold it
k8s.ns.name text - -: Namespace of the pod
k8s.ns.id text - -: UID of the namespace
k8s.ns.label text key -: One label of the namespace
k8s.ns.labels text - -: All labels of the namespace
k8s.pod.name text - -: Name of the pod
k8s.pod.id text - -: UID of the pod, by its old name
k8s.pod.uid text - -: UID of the pod
k8s.pod.sandbox_id text - -: Id of the pod's sandbox, 12 characters
k8s.pod.full_sandbox_id text - -: Id of the pod's sandbox
k8s.pod.label text key -: One label of the pod, its name in brackets
k8s.pod.labels text - -: All labels of the pod, name:value, joined by a comma and a blank
k8s.pod.ip text - -: Address of the pod
k8s.pod.cni.json text - -: Result of the network plug-in for the pod
k8s.deployment.name text - -: Deployment that the pod belongs to
k8s.deployment.id text - -: UID of the Deployment
k8s.deployment.label text key -: One label of the Deployment
k8s.deployment.labels text - -: All labels of the Deployment
k8s.rs.name text - -: ReplicaSet that the pod belongs to
k8s.rs.id text - -: UID of the ReplicaSet
k8s.rs.label text key -: One label of the ReplicaSet
k8s.rs.labels text - -: All labels of the ReplicaSet
k8s.rc.name text - -: ReplicationController that the pod belongs to
k8s.rc.id text - -: UID of the ReplicationController
k8s.rc.label text key -: One label of the ReplicationController
k8s.rc.labels text - -: All labels of the ReplicationController
k8s.svc.name text - -: Service in front of the pod
k8s.svc.id text - -: UID of the Service
k8s.svc.label text key -: One label of the Service
k8s.svc.labels text - -: All labels of the Service
k8smeta.pod.name text - -: Name of the pod
k8smeta.pod.uid text - -: UID of the pod
k8smeta.pod.label text key -: One label of the pod
k8smeta.pod.labels texts - -: All labels of the pod
k8smeta.pod.ip text - -: Address of the pod
k8smeta.ns.name text - -: Name of the namespace
k8smeta.ns.uid text - -: UID of the namespace
k8smeta.ns.label text key -: One label of the namespace
k8smeta.ns.labels texts - -: All labels of the namespace
k8smeta.deployment.name text - -: Name of the Deployment
k8smeta.deployment.uid text - -: UID of the Deployment
k8smeta.deployment.label text key -: One label of the Deployment
k8smeta.deployment.labels texts - -: All labels of the Deployment
k8smeta.svc.name texts - -: Names of the Services
k8smeta.svc.uid texts - -: UIDs of the Services
k8smeta.svc.label texts key -: One label of the Services
k8smeta.svc.labels texts - -: All labels of the Services
k8smeta.rs.name text - -: Name of the ReplicaSet
k8smeta.rs.uid text - -: UID of the ReplicaSet
k8smeta.rs.label text key -: One label of the ReplicaSet
k8smeta.rs.labels texts - -: All labels of the ReplicaSet
k8smeta.rc.name text - -: Name of the ReplicationController
k8smeta.rc.uid text - -: UID of the ReplicationController
k8smeta.rc.label text key -: One label of the ReplicationController
k8smeta.rc.labels texts - -: All labels of the ReplicationController
`;

/** Arguments of events that are numbers; the others are texts. */
const rawNumbers = `res fd fd1 fd2 dirfd olddirfd newdirfd linkdirfd targetfd oldfd newfd mode flags uid gid ruid euid suid rgid egid
  sgid pid ptid tid vpid vtid pgid vpgid sid tty ino dev size len offset pos prot addr length pgoffset whence how level domain type
  proto backlog op cmd sig nstype option request loginuid resource cur max status fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap
  exe_ino exe_ino_ctime exe_ino_mtime nsems semflg key msgflg quota_fmt id count fd_in fd_out initval maxevents timeout`;

export const rawArgumentTypes: Readonly<Partial<Record<string, ValueType>>> = Object.fromEntries(rawNumbers.split(/\s+/).map((one) => [one, 'number' as const]));

const types: readonly ValueType[] = ['text', 'number', 'boolean', 'address', 'network', 'bytes', 'texts'];
const argumentKinds: readonly ArgumentKind[] = ['none', 'ancestor', 'index', 'key', 'optional-key', 'ancestor-or-key', 'dotted', 'event-argument'];

function specOf(line: string): readonly [string, FieldSpec] {
  const [head = '', description = ''] = line.split(/: (.*)/s, 2);
  const [name = '', typeWord, argumentWord, flags = ''] = head.split(' ');
  const type = types.find((one) => one === typeWord);
  const argument = argumentKinds.find((one) => one === (argumentWord === '-' ? 'none' : argumentWord));
  if (type === undefined || argument === undefined || description === '') throw new RangeError(`not a line of the table of fields: ${line}`);
  const spec: FieldSpec = {
    type, argument, on: [], description,
    ...(flags.includes('r') ? { notOnRight: true } : {}),
    ...(flags.includes('t') ? { notTransformed: true } : {}),
    ...(name === 'evt.rawarg' ? { argumentTypes: rawArgumentTypes } : {}),
  };
  return [name, spec];
}

export const knownFields: ReadonlyMap<string, FieldSpec> = new Map(lines.trim().split(/\n+/).map(specOf));
