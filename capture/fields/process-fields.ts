/**
 * `proc.*`, `thread.*`, `user.*`, `group.*`: the thread that did it, its process and ancestors. A thread that was never
 * introduced has the name `<NA>`, no id and no user. Without a thread there is no value.
 */
import type { CaptureEvent } from '../events/event.ts';
import { typeWord } from '../state/descriptor.ts';
import { withSlash } from '../state/paths.ts';
import { noId, type Thread } from '../state/thread.ts';
import type { World } from '../state/world.ts';
import type { FieldArgument, FieldGetter, FieldGetters } from './getters.ts';
import { capabilityNames } from './words.ts';

const lineMax = 4096;

function argumentsOf(thread: Thread): string {
  return thread.args.join(' ');
}

export function commandLine(thread: Thread): string {
  return (thread.args.length === 0 ? thread.comm : `${thread.comm} ${argumentsOf(thread)}`).slice(0, lineMax);
}

function executableLine(thread: Thread): string {
  return `${thread.exe} ${argumentsOf(thread)}`.slice(0, lineMax);
}

function environment(thread: Thread | null, argument: FieldArgument): string | null {
  if (thread === null) return null;
  if (argument === null) return thread.env.join(' ');
  const prefix = `${argument}=`;
  return thread.env.find((one) => one.startsWith(prefix))?.slice(prefix.length) ?? null;
}

/** The leader by its id, or, where only the id inside of a pid namespace is known, the highest ancestor that has the same. */
function leaderOf(thread: Thread, world: World, idOf: (one: Thread) => number): Thread | null {
  const id = idOf(thread);
  if (thread.tid === thread.vtid) {
    const leader = world.threads.get(id);
    if (leader !== undefined) return leader;
  }
  let one = world.main(thread);
  for (let step = 0; step < 256; step += 1) {
    const parent = world.parent(one);
    if (parent === null || idOf(parent) !== id) return one;
    one = parent;
  }
  return one;
}

const shells: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'csh', 'tcsh', 'fish', 'ash']);

/** The oldest of the shells that the process runs under. */
function loginShell(thread: Thread, world: World): Thread | null {
  let found: Thread | null = null;
  let one: Thread | null = world.main(thread);
  for (let step = 0; one !== null && step < 256; step += 1) {
    if (shells.has(one.comm)) found = one;
    one = world.parent(one);
  }
  return found;
}

function signed(id: number): number {
  return id === noId ? -1 : id;
}

function onThread(get: (thread: Thread, event: CaptureEvent, argument: FieldArgument) => ReturnType<FieldGetter>): FieldGetter {
  return (event, argument) => (event.thread === null ? null : get(event.thread, event, argument));
}

function standardType(thread: Thread, fd: number, world: World): string | null {
  const one = world.descriptor(thread, fd);
  return one === null ? null : typeWord(one);
}

/** In percent of how many it may hold. */
export function descriptorUsage(thread: Thread, world: World): number {
  const main = world.main(thread);
  return main.fdLimit > 0 ? (main.descriptors.size * 100) / main.fdLimit : 0;
}

/** The file that the program is. */
function programFields(): FieldGetters {
  return {
    'proc.is_exe_writable': onThread((thread) => thread.exeFlags.writable),
    'proc.is_exe_upper_layer': onThread((thread) => thread.exeFlags.upperLayer),
    'proc.is_exe_lower_layer': onThread((thread) => thread.exeFlags.lowerLayer),
    'proc.is_exe_from_memfd': onThread((thread) => thread.exeFlags.fromMemfd),
    'proc.exe_ino': onThread((thread) => thread.exeInode),
    'proc.exe_ino.ctime': onThread((thread) => thread.exeCtimeNs),
    'proc.exe_ino.mtime': onThread((thread) => thread.exeMtimeNs),
    'proc.exe_ino.ctime_duration_proc_start': onThread((thread) => (thread.cloneNs === 0 || thread.exeCtimeNs === 0 ? 0 : thread.cloneNs - thread.exeCtimeNs)),
    'proc.exe_ino.ctime_duration_pidns_start': onThread((thread) => (thread.pidnsStartNs === 0 || thread.exeCtimeNs < thread.pidnsStartNs ? 0 : thread.exeCtimeNs - thread.pidnsStartNs)),
    'proc.pidns_init_start_ts': onThread((thread) => thread.pidnsStartNs),
  };
}

/** What the process holds and takes, and what it is to its container. */
function sizeFields(world: World): FieldGetters {
  return {
    'proc.is_container_init': onThread((thread) => world.containerOf(thread) !== null && world.main(thread).vpid === 1),
    'proc.is_container_healthcheck': onThread(() => false),
    'proc.is_container_liveness_probe': onThread(() => false),
    'proc.is_container_readiness_probe': onThread(() => false),
    'proc.fdopencount': onThread((thread) => world.main(thread).descriptors.size),
    'proc.fdlimit': onThread((thread) => world.main(thread).fdLimit),
    'proc.fdusage': onThread((thread) => descriptorUsage(thread, world)),
    'proc.vmsize': onThread((thread) => thread.vmSizeKib),
    'proc.vmrss': onThread((thread) => thread.vmResidentKib),
    'proc.vmswap': onThread((thread) => thread.vmSwapKib),
    'proc.nthreads': onThread((thread) => world.main(thread).threads),
    'proc.nchilds': onThread((thread) => Math.max(0, world.main(thread).threads - 1)),
  };
}

/** What the first three descriptors of the process are. */
function standardFields(world: World): FieldGetters {
  return {
    'proc.stdin.name': onThread((thread) => world.descriptor(thread, 0)?.name ?? null),
    'proc.stdout.name': onThread((thread) => world.descriptor(thread, 1)?.name ?? null),
    'proc.stderr.name': onThread((thread) => world.descriptor(thread, 2)?.name ?? null),
    'proc.stdin.type': onThread((thread) => standardType(thread, 0, world)),
    'proc.stdout.type': onThread((thread) => standardType(thread, 1, world)),
    'proc.stderr.type': onThread((thread) => standardType(thread, 2, world)),
  };
}

export function processFields(world: World): FieldGetters {
  const ancestor = (event: CaptureEvent, argument: FieldArgument): Thread | null => {
    if (event.thread === null) return null;
    return argument === 0 ? world.main(event.thread) : world.ancestor(event.thread, Number(argument));
  };
  const of = (get: (one: Thread) => ReturnType<FieldGetter>): FieldGetter => (event, argument) => {
    const one = ancestor(event, argument);
    return one === null ? null : get(one);
  };
  const parent = (get: (one: Thread, event: CaptureEvent) => ReturnType<FieldGetter>): FieldGetter => (event) => {
    const one = event.thread === null ? null : world.parent(event.thread);
    return one === null ? null : get(one, event);
  };
  const since = (event: CaptureEvent, fromNs: bigint): number | null => (fromNs === 0n ? null : Math.max(0, Number(event.exactTimeNs() - fromNs)));
  return {
    ...leaderFields(world),
    'proc.aname': of((one) => one.comm),
    'proc.aexe': of((one) => one.exe),
    'proc.aexepath': of((one) => one.exepath),
    'proc.acmdline': of(commandLine),
    'proc.apid': of((one) => one.pid),
    'proc.aenv': (event, argument) => {
      if (event.thread === null || argument === null) return null;
      if (/^\d+$/.test(String(argument))) return environment(world.ancestor(event.thread, Number(argument)), null);
      for (let level = 1; level <= world.ancestorCount(event.thread); level += 1) {
        const value = environment(world.ancestor(event.thread, level), argument);
        if (value !== null) return value;
      }
      return null;
    },
    'proc.name': onThread((thread) => thread.comm),
    'proc.exe': onThread((thread) => thread.exe),
    'proc.exepath': onThread((thread) => thread.exepath),
    'proc.pname': parent((one) => one.comm),
    'proc.pexe': parent((one) => one.exe),
    'proc.pexepath': parent((one) => one.exepath),
    'proc.cmdline': onThread(commandLine),
    'proc.pcmdline': parent(commandLine),
    'proc.exeline': onThread(executableLine),
    'proc.args': onThread((thread, _, index) => (index === null ? argumentsOf(thread) : (thread.args[Number(index)] ?? null))),
    'proc.cmdnargs': onThread((thread) => thread.args.length),
    'proc.cmdlenargs': onThread((thread) => thread.args.reduce((sum, one) => sum + Buffer.byteLength(one), 0)),
    'proc.env': (event, argument) => (event.thread === null ? null : environment(world.main(event.thread), argument)),
    'proc.cwd': onThread((thread) => withSlash(world.main(thread).cwd)),
    'proc.pid': onThread((thread) => thread.pid),
    'proc.ppid': onThread((thread) => thread.ptid),
    'proc.vpid': onThread((thread) => thread.vpid),
    'proc.pvpid': parent((one) => one.vpid),
    'proc.tty': onThread((thread) => thread.tty),
    'proc.duration': onThread((thread, event) => since(event, thread.cloneExactNs)),
    'proc.ppid.duration': parent((one, event) => since(event, one.cloneExactNs)),
    'proc.pid.ts': onThread((thread) => thread.cloneNs),
    'proc.ppid.ts': parent((one) => one.cloneNs),
    ...programFields(),
    ...sizeFields(world),
    'proc.fd.name': (event, argument) => {
      const one = event.thread === null ? null : world.descriptor(event.thread, Number(argument));
      return one?.name ?? null;
    },
    ...standardFields(world),
    'thread.nametid': onThread((thread) => `${thread.comm}${thread.tid}`),
    ...threadFields(),
    ...personFields(world),
  };
}

function leaderFields(world: World): FieldGetters {
  const session = (get: (one: Thread) => string): FieldGetter => onThread((thread) => mapped(leaderOf(thread, world, (one) => one.sid), get));
  const group = (get: (one: Thread) => string): FieldGetter => onThread((thread) => mapped(leaderOf(thread, world, (one) => one.vpgid), get));
  const hostGroup = (get: (one: Thread) => string): FieldGetter => onThread((thread) => mapped(world.threads.get(thread.pgid) ?? null, get));
  return {
    'proc.sid': onThread((thread) => thread.sid),
    'proc.sname': session((one) => one.comm),
    'proc.sid.exe': session((one) => one.exe),
    'proc.sid.exepath': session((one) => one.exepath),
    'proc.is_sid_leader': onThread((thread) => thread.sid === thread.vpid),
    'proc.vpgid': onThread((thread) => thread.vpgid),
    'proc.vpgid.name': group((one) => one.comm),
    'proc.vpgid.exe': group((one) => one.exe),
    'proc.vpgid.exepath': group((one) => one.exepath),
    'proc.is_vpgid_leader': onThread((thread) => thread.vpgid === thread.vpid),
    'proc.pgid': onThread((thread) => thread.pgid),
    'proc.pgid.name': hostGroup((one) => one.comm),
    'proc.pgid.exe': hostGroup((one) => one.exe),
    'proc.pgid.exepath': hostGroup((one) => one.exepath),
    'proc.is_pgid_leader': onThread((thread) => thread.pgid === thread.pid),
    'proc.loginshellid': onThread((thread) => loginShell(thread, world)?.pid ?? null),
  };
}

function mapped<T>(one: Thread | null, get: (one: Thread) => T): T | null {
  return one === null ? null : get(one);
}

const controllers: Readonly<Record<string, string>> = { io: 'blkio', mem: 'memory', perf: 'perf_event' };

/** With the controller's name as people know it. */
function cgroupText(one: string): string {
  const equals = one.indexOf('=');
  const name = one.slice(0, equals);
  return `${controllers[name] ?? name}${one.slice(equals)}`;
}

function threadFields(): FieldGetters {
  return {
    'thread.tid': (event) => event.tid,
    'thread.vtid': onThread((thread) => thread.vtid),
    'thread.ismain': onThread((thread) => thread.leads),
    'thread.cap_permitted': onThread((thread) => capabilityNames(thread.capabilities.permitted)),
    'thread.cap_inheritable': onThread((thread) => capabilityNames(thread.capabilities.inheritable)),
    'thread.cap_effective': onThread((thread) => capabilityNames(thread.capabilities.effective)),
    'thread.cgroups': onThread((thread) => (thread.cgroups.length === 0 ? null : thread.cgroups.map(cgroupText).join(' '))),
    'thread.cgroup': onThread((thread, _, name) => {
      const found = thread.cgroups.find((one) => one.slice(0, one.indexOf('=')).split(',').includes(String(name)));
      return found === undefined ? null : found.slice(found.indexOf('=') + 1);
    }),
    'thread.pfmajor': onThread((thread) => thread.majorFaults),
    'thread.pfminor': onThread((thread) => thread.minorFaults),
    'thread.vmsize': onThread((thread) => (thread.leads ? thread.vmSizeKib : 0)),
    'thread.vmrss': onThread((thread) => (thread.leads ? thread.vmResidentKib : 0)),
  };
}

/** The superuser has its name everywhere. */
function personFields(world: World): FieldGetters {
  const name = (thread: Thread, uid: number): string => (uid === noId ? '<NA>' : (world.user(thread, uid)?.name ?? (uid === 0 ? 'root' : '<NA>')));
  return {
    'user.uid': onThread((thread) => thread.uid),
    'user.name': onThread((thread) => name(thread, thread.uid)),
    'user.homedir': onThread((thread) => world.user(thread, thread.uid)?.home ?? (thread.uid === 0 ? '/root' : '<NA>')),
    'user.shell': onThread((thread) => world.user(thread, thread.uid)?.shell ?? '<NA>'),
    'user.loginuid': onThread((thread) => signed(thread.loginuid)),
    'user.loginname': onThread((thread) => name(thread, thread.loginuid)),
    'group.gid': onThread((thread) => thread.gid),
    'group.name': onThread((thread) => world.group(thread, thread.gid)?.name ?? (thread.gid === 0 ? 'root' : '<NA>')),
  };
}
