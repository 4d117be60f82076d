/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hooks: for which event class each is, and what it misses, as the coverage page shows it. The classes of calls.h all come through
 * tp_btf/sys_exit, which every system call passes, the 32-bit ones of x86-64 too.
 */
#include "loader.h"
#include <string.h>

/* Places of the programs behind the hook that every call passes (maps.h). */
#define VD_EXIT_CALL 0
#define VD_EXIT_OPEN 1
#define VD_EXIT_CONNECT 2
#define VD_EXIT_ACCEPT 3
#define VD_EXIT_RECEIVE 4
#define VD_EXIT_MAP 5

#define VD_THROUGH(kind_, class, misses_) \
	{ .program = "vd_call", .through = VD_EXIT_CALL + 1, .kind = kind_, .event_class = class, .hook = "tp_btf/sys_exit", .misses = misses_ }

static const char opens_miss[] =
	"opens for reading after the first of each container, program and name of a file, but for those that the kernel knows to be named by a rule; devices and directories; the kernel's own opens; reads by the sensor's own user";

struct hook hooks[] = {
	{ .program = "vd_exec", .kind = VD_EXEC, .event_class = "exec", .hook = "raw_tp/sched_process_exec",
	  .misses = "failed execve; of a script the interpreter is judged, the script is only named" },
	{ .program = "vd_fork", .kind = VD_FORK, .event_class = "fork", .hook = "raw_tp/sched_process_fork", .misses = "threads" },
	{ .program = "vd_exit", .kind = VD_EXIT, .event_class = "exit", .hook = "raw_tp/sched_process_exit", .misses = "threads" },
	{ .program = "vd_process", .kind = VD_PROCESS, .event_class = "process-snapshot", .hook = "iter/task",
	  .misses = "what processes opened and loaded before the sensor started" },
	{ .program = "vd_cgroup_mkdir", .kind = VD_CGROUP_CREATE, .event_class = "cgroup-create", .hook = "raw_tp/cgroup_mkdir", .misses = "" },
	{ .program = "vd_cgroup_rmdir", .kind = VD_CGROUP_REMOVE, .event_class = "cgroup-remove", .hook = "raw_tp/cgroup_rmdir", .misses = "" },
	{ .program = "vd_cgroup_attach", .kind = VD_CGROUP_ATTACH, .event_class = "cgroup-attach",
	  .hook = "raw_tp/cgroup_attach_task", .misses = "processes born into a cgroup, which fork reports" },
	{ .program = "vd_opened", .through = VD_EXIT_OPEN + 1, .kind = VD_OPEN_WRITE, .event_class = "open", .hook = "tp_btf/sys_exit", .misses = opens_miss },
	{ .program = "vd_map", .kind = VD_MAP_EXEC, .event_class = "map-exec", .hook = "tp/syscalls/sys_enter_mmap",
	  .misses = "" },
	{ .program = "vd_map_exit", .through = VD_EXIT_MAP + 1, .kind = VD_MAP_EXEC, .event_class = "map-exec", .hook = "tp_btf/sys_exit", .misses = "32-bit programs on arm64" },
	{ .program = "vd_listen", .kind = VD_CONNECT, .event_class = "connect", .hook = "raw_tp/inet_sock_set_state",
	  .misses = "what became of a TCP connection that no connect asked for (io_uring, TCP fast open, 32-bit programs): it is told when its first packet leaves" },
	{ .program = "vd_connect_enter", .kind = VD_CONNECT, .event_class = "connect", .hook = "tp/syscalls/sys_enter_connect",
	  .misses = "datagrams sent without connect, which send reports" },
	{ .program = "vd_connect", .through = VD_EXIT_CONNECT + 1, .kind = VD_CONNECT, .event_class = "connect", .hook = "tp_btf/sys_exit",
	  .misses = "datagrams sent without connect, which send reports" },
	{ .program = "vd_accept", .through = VD_EXIT_ACCEPT + 1, .kind = VD_ACCEPT, .event_class = "accept", .hook = "tp_btf/sys_exit", .misses = "io_uring" },
	{ .program = "vd_listen", .kind = VD_LISTEN, .event_class = "listen", .hook = "raw_tp/inet_sock_set_state",
	  .misses = "sockets that listened before the sensor started; datagram sockets" },
	{ .program = "vd_dns", .through = VD_EXIT_RECEIVE + 1, .kind = VD_DNS, .event_class = "dns", .hook = "tp_btf/sys_exit",
	  .misses = "names asked over TCP, TLS or HTTPS; answers taken by read (Go's own resolver), io_uring or 32-bit programs; names known before the sensor started" },
	{ .program = "vd_call_exit", .kind = VD_SETUID, .event_class = "calls", .hook = "tp_btf/sys_exit", .misses = "32-bit programs on arm64" },
	{ .program = "vd_call_enter", .entries = true, .kind = VD_SYMLINK, .event_class = "calls-entry", .hook = "tp/syscalls/sys_enter_*",
	  .misses = "32-bit programs; a text that is changed and changed back while the kernel works; of a text longer than 511 bytes all but its end" },
	{ .program = "vd_ring_submit", .kind = VD_OPEN_FAILED, .event_class = "io-uring-requests", .hook = "raw_tp/io_uring_submit_req",
	  .misses = "receiving, accepts, extended attributes; the link that an open without an answer went through" },
	{ .program = "vd_ring_complete", .kind = VD_OPEN_FAILED, .event_class = "io-uring-results", .hook = "raw_tp/io_uring_complete", .misses = "" },
	{ .program = "vd_ring_overflow", .kind = VD_OPEN_FAILED, .event_class = "io-uring-results", .hook = "raw_tp/io_uring_cqe_overflow", .misses = "" },
	VD_THROUGH(VD_SETUID, "setuid", ""),
	VD_THROUGH(VD_SETGID, "setgid", ""),
	VD_THROUGH(VD_CAPSET, "capset", ""),
	VD_THROUGH(VD_SETNS, "setns", ""),
	VD_THROUGH(VD_UNSHARE, "unshare", ""),
	VD_THROUGH(VD_PTRACE, "ptrace", ""),
	VD_THROUGH(VD_PROCESS_VM_WRITE, "process-vm-write", "writes through /proc/PID/mem, which open reports"),
	VD_THROUGH(VD_PROCESS_VM_READ, "process-vm-read", "reads through /proc/PID/mem, which open reports"),
	VD_THROUGH(VD_PRCTL, "prctl", ""),
	VD_THROUGH(VD_KILL, "kill", "signals of a process to its own threads"),
	VD_THROUGH(VD_SETPGID, "setpgid", ""),
	VD_THROUGH(VD_SETSID, "setsid", ""),
	VD_THROUGH(VD_CHROOT, "chroot", ""),
	VD_THROUGH(VD_CHDIR, "chdir", ""),
	VD_THROUGH(VD_OPEN_FAILED, "open-failed", ""),
	VD_THROUGH(VD_MAP_ANONYMOUS, "map-anonymous", "mappings through the oldest 32-bit call of mmap"),
	VD_THROUGH(VD_MPROTECT, "mprotect", ""),
	VD_THROUGH(VD_RENAME, "rename", "links to directories that were there before the sensor: the path is told as it was given"),
	VD_THROUGH(VD_LINK, "link", "links to directories that were there before the sensor: the path is told as it was given"),
	VD_THROUGH(VD_SYMLINK, "symlink", ""),
	VD_THROUGH(VD_UNLINK, "unlink", "links to directories that were there before the sensor: the path is told as it was given"),
	VD_THROUGH(VD_RMDIR, "rmdir", "links to directories that were there before the sensor: the path is told as it was given"),
	VD_THROUGH(VD_MKDIR, "mkdir", "links to directories that were there before the sensor: the path is told as it was given"),
	VD_THROUGH(VD_MKNOD, "mknod", ""),
	VD_THROUGH(VD_CHMOD, "chmod", ""),
	VD_THROUGH(VD_CHOWN, "chown", ""),
	VD_THROUGH(VD_TRUNCATE, "truncate", "files cut by being opened with O_TRUNC, which open reports"),
	VD_THROUGH(VD_MOUNT, "mount", "file systems made by fsopen and fsmount before move_mount attaches them"),
	VD_THROUGH(VD_UMOUNT, "umount", ""),
	VD_THROUGH(VD_PIVOT_ROOT, "pivot-root", ""),
	VD_THROUGH(VD_MEMFD, "memfd", ""),
	VD_THROUGH(VD_SOCKET, "socket", ""),
	VD_THROUGH(VD_BIND, "bind", ""),
	VD_THROUGH(VD_SEND, "send", "write and further messages to the same peer; of one sendmmsg those after the sixteenth"),
	VD_THROUGH(VD_RECEIVE, "receive", "io_uring, read and further messages from the same peer"),
	VD_THROUGH(VD_DUP, "dup", "descriptors of files; those passed through unix sockets; connections that are accepted at a free number"),
	VD_THROUGH(VD_BPF, "bpf", "reads and writes of tables, and what Vedette's own loader does"),
	VD_THROUGH(VD_MODULE_LOAD, "module-load", ""),
	VD_THROUGH(VD_MODULE_UNLOAD, "module-unload", ""),
	VD_THROUGH(VD_IO_URING, "io-uring", "operations whose class says so: receiving, accepts, extended attributes"),
	VD_THROUGH(VD_USERFAULTFD, "userfaultfd", "/dev/userfaultfd, which open reports"),
	VD_THROUGH(VD_KEYCTL, "keyctl", ""),
	VD_THROUGH(VD_CONNECT_UNIX, "connect-unix", ""),
};
const int hook_count = sizeof(hooks) / sizeof(hooks[0]);
_Static_assert(sizeof(hooks) / sizeof(hooks[0]) <= HOOKS_MAX, "hooks");

struct hook *hook_named(const char *program)
{
	for (int i = 0; i < hook_count; i++)
		if (!strcmp(hooks[i].program, program))
			return &hooks[i];
	return NULL;
}
