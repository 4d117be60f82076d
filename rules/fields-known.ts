/**
 * Fields of the language that this engine knows and does not supply: their names and types, so that rules which use
 * them load, and are told what is missing. A field moves from here to `fields.ts` when a sensor reads it out.
 */
import type { ArgumentKind, FieldSpec, ValueType } from './field-table.ts';

const byType: Readonly<Partial<Record<ValueType, string>>> = {
  text: `
    evt.time.s evt.datetime.s evt.pluginname evt.plugininfo evt.asynctype evt.category evt.io_dir
    evt.abspath evt.abspath.src evt.abspath.dst evt.reltime.s
    proc.exeline proc.sname proc.sid.exe proc.sid.exepath proc.vpgid.name proc.vpgid.exe proc.vpgid.exepath
    proc.pgid.name proc.pgid.exe proc.pgid.exepath proc.loginshellid.name proc.fd.name
    thread.cap_inheritable thread.cgroups
    fd.uid fd.containername fd.containerdirectory fd.proto fd.cproto fd.sproto fd.lproto fd.rproto
    fd.lip.name
    fdlist.nums fdlist.names fdlist.cips fdlist.sips fdlist.cports fdlist.sports
    user.homedir user.shell user.loginname group.name util.cnt
    container.full_id container.image.id container.type container.healthcheck container.liveness_probe
    container.readiness_probe container.host_pid container.host_network container.host_ipc container.ip
    container.cni.json container.info
    k8s.pod.id k8s.pod.full_sandbox_id k8s.pod.sandbox_id k8s.pod.ip k8s.pod.cni.json
    k8s.ns.id k8s.ns.labels k8s.rc.id k8s.rc.labels k8s.svc.name k8s.svc.id k8s.svc.labels
    k8s.rs.id k8s.rs.labels k8s.deployment.id k8s.deployment.labels
    k8smeta.pod.name k8smeta.pod.uid k8smeta.ns.name k8smeta.ns.uid k8smeta.deployment.name k8smeta.deployment.uid
    k8smeta.rs.name k8smeta.rs.uid k8smeta.rc.name k8smeta.rc.uid`,
  number: `
    evt.rawtime evt.rawtime.s evt.rawtime.ns evt.reltime evt.reltime.ns evt.latency evt.latency.s evt.latency.ns
    evt.deltatime evt.deltatime.s evt.deltatime.ns evt.cpu evt.buflen evt.count evt.count.error evt.count.error.file
    evt.count.error.net evt.count.error.memory evt.count.error.other evt.count.exit evt.count.procinfo
    evt.count.threadinfo evt.wait_latency evt.around
    proc.vpgid proc.cmdnargs proc.cmdlenargs proc.loginshellid proc.ppid.duration proc.pid.ts
    proc.ppid.ts proc.exe_ino proc.exe_ino.ctime_duration_proc_start proc.exe_ino.ctime_duration_pidns_start
    proc.pidns_init_start_ts proc.fdopencount proc.fdlimit proc.fdusage proc.vmsize proc.vmrss proc.vmswap
    proc.nthreads proc.nchilds proc.cpu
    thread.pfmajor thread.pfminor thread.tid thread.vtid thread.exectime thread.totexectime thread.cpu
    thread.cpu.user thread.cpu.system thread.vmsize thread.vmrss
    fd.dev fd.dev.major fd.dev.minor fd.ino container.start_ts container.duration`,
  boolean: `
    evt.is_io evt.is_io_read evt.is_io_write evt.is_wait evt.is_syslog
    proc.is_exe_writable proc.is_exe_lower_layer 
    proc.is_container_healthcheck proc.is_container_liveness_probe proc.is_container_readiness_probe
    thread.ismain`,
  bytes: 'evt.buffer',
};

const withArgument: Readonly<Record<string, readonly [ValueType, ArgumentKind]>> = {
  'evt.type.is': ['number', 'key'],
  'proc.aenv': ['text', 'optional-key'],
  'thread.cgroup': ['text', 'key'],
  'fd.types': ['texts', 'index'],
  'container.mount': ['text', 'key'],
  'container.mount.source': ['text', 'key'],
  'container.mount.mode': ['text', 'key'],
  'container.mount.rdwr': ['text', 'key'],
  'container.mount.propagation': ['text', 'key'],
  'container.label': ['text', 'key'],
  'k8s.ns.label': ['text', 'key'],
  'k8s.deployment.label': ['text', 'key'],
  'k8s.rs.label': ['text', 'key'],
  'k8s.rc.label': ['text', 'key'],
  'k8s.svc.label': ['text', 'key'],
};

const restricted = /^(proc\.aenv|fd\.proto|fd\.types|fd\..ip\.name)$/;

function known(name: string, type: ValueType, argument: ArgumentKind): FieldSpec {
  const spec: FieldSpec = { type, argument, on: [] };
  return restricted.test(name) ? { ...spec, notOnRight: true, ...(name === 'fd.types' ? {} : { notTransformed: true }) } : spec;
}

export const knownFields: Readonly<Record<string, FieldSpec>> = Object.fromEntries([
  ...Object.entries(byType).flatMap(([type, names]) => names.trim().split(/\s+/).map((name) => [name, known(name, type as ValueType, 'none')] as const)),
  ...Object.entries(withArgument).map(([name, [type, argument]]) => [name, known(name, type, argument)] as const),
]);
