/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The contract between the kernel programs, the loader and the sensor: what one record looks like, byte by byte.
 * Everything is little endian and naturally aligned; padding is explicit and zeroed; nothing is packed. Kinds,
 * classes, causes and flags are append-only: a meaning is never reused. VD_SCHEMA rises when a layout changes, and the
 * sensor refuses a stream whose schema it does not know. sensor/decode/layout.ts is checked against the BTF of the
 * compiled object by a test, so the two cannot drift apart.
 */
#ifndef VEDETTE_EVENT_H
#define VEDETTE_EVENT_H

#ifndef __BPF__
#include <linux/types.h>
#endif

#define VD_SCHEMA 2	/* 2: calls; a tick with room for all kinds of the ring */

#define VD_PATH_BYTES_MAX 1024
#define VD_NAME_BYTES_MAX 256
#define VD_TEXT_BYTES_MAX 512
#define VD_ARGUMENT_BYTES_MAX 4096
#define VD_COMPONENTS_MAX 48

/* What a record says. 1 to 63 come from the kernel's ring, 64 and above are made by the loader. */
enum vd_kind {
	VD_EXEC = 1,
	VD_FORK = 2,
	VD_EXIT = 3,
	VD_CGROUP_CREATE = 4,
	VD_CGROUP_REMOVE = 5,
	VD_CGROUP_ATTACH = 6,
	VD_OPEN_WRITE = 7,
	VD_OPEN_READ = 8,
	VD_MAP_EXEC = 9,
	VD_CONNECT = 10,
	VD_ACCEPT = 11,
	VD_LISTEN = 12,
	VD_PROCESS = 13,
	/* system calls by one common record, struct vd_call */
	VD_SETUID = 14,
	VD_SETGID = 15,
	VD_CAPSET = 16,
	VD_SETNS = 17,
	VD_UNSHARE = 18,
	VD_PTRACE = 19,
	VD_PROCESS_VM_WRITE = 20,
	VD_PROCESS_VM_READ = 21,
	VD_PRCTL = 22,
	VD_KILL = 23,
	VD_SETPGID = 24,
	VD_SETSID = 25,
	VD_CHROOT = 26,
	VD_CHDIR = 27,
	VD_OPEN_FAILED = 28,
	VD_MAP_ANONYMOUS = 29,
	VD_MPROTECT = 30,
	VD_RENAME = 31,
	VD_LINK = 32,
	VD_SYMLINK = 33,
	VD_UNLINK = 34,
	VD_RMDIR = 35,
	VD_MKDIR = 36,
	VD_MKNOD = 37,
	VD_CHMOD = 38,
	VD_CHOWN = 39,
	VD_TRUNCATE = 40,
	VD_MOUNT = 41,
	VD_UMOUNT = 42,
	VD_PIVOT_ROOT = 43,
	VD_MEMFD = 44,
	VD_SOCKET = 45,
	VD_BIND = 46,
	VD_SEND = 47,
	VD_RECEIVE = 48,
	VD_DUP = 49,
	VD_BPF = 50,
	VD_MODULE_LOAD = 51,
	VD_MODULE_UNLOAD = 52,
	VD_IO_URING = 53,
	VD_USERFAULTFD = 54,
	VD_KEYCTL = 55,
	VD_CONNECT_UNIX = 56,
	/* an answer of a name server, struct vd_dns */
	VD_DNS = 57,
	VD_KIND_MAX = 64,		/* so that a set of kinds is one word */

	VD_HELLO = 64,
	VD_HOOK = 65,
	VD_SNAPSHOT_END = 66,
	VD_TICK = 67,
	VD_CGROUP_LOSS = 68,
	VD_CANARY = 72,
	VD_TABLE = 73,
};

/* Why a record did not reach the ring. */
enum vd_cause {
	VD_LOST_RING_FULL = 0,		/* no room at all */
	VD_LOST_RESERVE = 1,		/* above 75 % fill, no interest names it, and its cgroup is not a quiet one */
	VD_LOST_SHARE = 2,		/* above 50 % fill, and its cgroup had used up its share of this kind */
	VD_LOST_UNREADABLE = 3,		/* a kernel object could not be read */
	VD_LOST_MAP_FULL = 4,		/* no place to keep what the entry of the call knew */
	VD_LOST_MISSED = 5,		/* the kernel did not run the program (recursion); counted by the loader */
	VD_CAUSE_MAX = 6,
};

/* struct vd_header.flags */
#define VD_F_PATH_TRUNCATED 0x0001	/* components or bytes beyond the bound were left out at the root's side */
#define VD_F_ARGUMENTS_TRUNCATED 0x0002
#define VD_F_ARGUMENTS_MISSING 0x0004	/* could not be read: not the same as none */
#define VD_F_SCRIPT 0x0008		/* filename is a script, path its interpreter */
#define VD_F_UNLINKED 0x0010		/* the file has no name any more (memfd, deleted) */
#define VD_F_HOST_MOUNTS 0x0020		/* in a container's cgroup, but still in the host's mount namespace: a runtime's own stage */
#define VD_F_KERNEL_THREAD 0x0040
#define VD_F_NAME_TRUNCATED 0x0080
#define VD_F_PRESENT_AT_START 0x0100	/* from the iterator, not from an event */
#define VD_F_ENFORCEMENT_OFF 0x0200	/* of a tick: nothing is stopped any more, by command or by the dead man */
#define VD_F_OUTSIDE 0x0400		/* from the iterator: not in our scope, told for the host's mount namespace only */

/* Where the executed file came from; the numbers of FileOrigin in record.proto. */
enum vd_origin {
	VD_ORIGIN_NONE = 0,
	VD_ORIGIN_HOST = 1,
	VD_ORIGIN_IMAGE = 2,
	VD_ORIGIN_MODIFIED = 3,
	VD_ORIGIN_DROPPED = 4,
	VD_ORIGIN_MEMORY = 5,
	VD_ORIGIN_VOLUME = 6,
	VD_ORIGIN_UNJUDGED = 7,
	VD_ORIGIN_MAX = 8,
};

enum vd_verdict {
	VD_VERDICT_NONE = 0,
	VD_VERDICT_SHADOW = 1,		/* would have been killed */
	VD_VERDICT_KILLED = 2,		/* SIGKILL is queued: not one instruction of the program runs */
	VD_VERDICT_KILL_FAILED = 3,
};

/*
 * Cgroup ids of two hierarchies can be equal, so a key carries which one it is of: bit 63 is set for the unified
 * (v2) hierarchy and clear for the v1 hierarchy of the pids controller.
 */
#define VD_CGROUP_V2 (1ULL << 63)

struct vd_header {
	__u16 kind;
	__u16 flags;
	__u32 tgid;
	__u64 time_boot_ns;
	__u64 start_boot_ns;		/* of the thread group's leader: with tgid, the process */
	__u64 cgroup_v1;		/* key; 0 where there is no v1 pids hierarchy */
	__u64 cgroup_v2;		/* key */
	__u32 exec_id;			/* the kernel's self_exec_id: with the process, the execution */
	__u32 tid;
	__u32 uid;			/* in the initial user namespace */
	__u32 generation;		/* of the interests by which this was judged */
};
_Static_assert(sizeof(struct vd_header) == 56, "vd_header");

struct vd_reference {
	__u64 start_boot_ns;
	__u32 tgid;
	__u32 exec_id;
};
_Static_assert(sizeof(struct vd_reference) == 16, "vd_reference");

/*
 * VD_EXEC and VD_PROCESS. Behind it, in this order: path, working directory (both as components from the leaf to the
 * root, each ended by NUL), filename as given (ended by NUL), arguments (each ended by NUL).
 */
struct vd_exec {
	struct vd_header header;
	struct vd_reference parent;
	__u64 inode;
	__u64 size;
	__u64 ctime_ns;
	__u64 cap_effective;
	__u64 cap_permitted;
	__u32 device;
	__u32 magic;			/* of the file's filesystem */
	__u32 root_magic;		/* of the process's root */
	__u32 gid;
	__u32 container_uid;		/* in the process's own user namespace */
	__u32 login_uid;
	__u32 pid_in_namespace;
	__u32 parent_pid_in_namespace;	/* 0: the parent is outside the namespace */
	__u32 session_id;
	__u32 terminal;			/* major << 20 | minor; 0: none */
	__u32 mount_namespace;
	__u32 pid_namespace;
	__u32 policy_generation;
	__u16 rule;			/* number of the rule that decided; 0: none */
	__u8 origin;
	__u8 verdict;
	__u16 path_bytes;
	__u16 directory_bytes;
	__u16 filename_bytes;
	__u16 argument_bytes;
	char comm[16];
	/* since schema 2 */
	__u32 process_group;
	__u16 environment_bytes;	/* behind the arguments, each ended by NUL; only when it is wanted */
	__u16 pad;
};
_Static_assert(sizeof(struct vd_exec) == 200, "vd_exec");

struct vd_fork {
	struct vd_header header;	/* of the child */
	struct vd_reference parent;
	__u32 pid_in_namespace;
	__u32 mount_namespace;
	char comm[16];
	/* later than schema 2's first records, which end here */
	__u32 clone_flags;		/* CLONE_*, by what parent and child share and what the child has for itself */
	__u32 pad;
};
_Static_assert(sizeof(struct vd_fork) == 104, "vd_fork");

struct vd_exit {
	struct vd_header header;
	__u32 exit_code;		/* as wait() encodes it: status << 8 | signal */
	__u32 pad;
};
_Static_assert(sizeof(struct vd_exit) == 64, "vd_exit");

/* VD_CGROUP_*. Behind it: the path in its hierarchy, ended by NUL. */
struct vd_cgroup {
	struct vd_header header;	/* of the process that did it; for attach, of the process that is moved */
	__u64 cgroup;			/* key of the cgroup spoken of */
	__u64 parent;			/* key of its parent */
	__u32 hierarchy;
	__u16 path_bytes;
	__u8 container;			/* the kernel took it for a container's and armed the pending policy */
	__u8 pad;
	char comm[16];			/* of the process that did it */
};
_Static_assert(sizeof(struct vd_cgroup) == 96, "vd_cgroup");

/* VD_OPEN_WRITE, VD_OPEN_READ, VD_MAP_EXEC. Behind it: the path as components from the leaf to the root. */
struct vd_file {
	struct vd_header header;
	__u64 inode;
	__u32 device;
	__u32 magic;
	__u32 open_flags;		/* f_flags */
	__u32 mode;			/* i_mode */
	__u32 mount_namespace;
	__u16 path_bytes;
	__u8 origin;
	__u8 pad;
	/* since schema 2 */
	__u32 asked_flags;		/* as the call was given them; of openat2 as they stood when it returned */
	__u32 asked_mode;
	__s32 result;			/* the descriptor */
	__u16 call;			/* its row in calls.h; 0: not by a call of those */
	__u16 more_pad;
};
_Static_assert(sizeof(struct vd_file) == 104, "vd_file");

/* VD_CONNECT, VD_ACCEPT, VD_LISTEN. Addresses are always 16 bytes, IPv4 mapped (::ffff:a.b.c.d). */
struct vd_socket {
	struct vd_header header;
	__u8 local_address[16];
	__u8 remote_address[16];
	__u16 local_port;
	__u16 remote_port;
	__u16 family;			/* 2 or 10 */
	__u16 protocol;			/* 6 tcp, 17 udp, … */
	__s32 result;			/* 0, or a negative errno; -115 (in progress) is a connection under way */
	__u32 network_namespace;
};
_Static_assert(sizeof(struct vd_socket) == 104, "vd_socket");

/*
 * Any of the calls in calls.h, as it was when it returned. Behind it, in this order: two texts as they were at the exit, the same two as
 * they were at the entry (only where they differ), two paths as components from the leaf to the root. A socket address is a text. The
 * paths are the kernel's own: of the descriptor, of the directory that a relative text begins at, of where the process stands now.
 */
struct vd_call {
	struct vd_header header;
	__s64 result;			/* what the call returned: below 0 a negative errno */
	__u64 arguments[6];
	__u64 cap_effective;		/* of the process, afterwards */
	__u64 cap_permitted;
	__u64 inode;			/* of the descriptor's file */
	__u32 device;
	__u32 mode;			/* its i_mode; 0: there is no such file */
	__u8 local_address[16];		/* of the descriptor's socket; of mount the type, of prctl with PR_SET_NAME the name, as texts */
	__u8 remote_address[16];
	__u16 local_port;
	__u16 remote_port;
	__u16 family;			/* 0: it is no socket */
	__u16 protocol;
	__u32 network_namespace;
	__u32 gid;
	__u32 effective_uid;
	__u32 session_id;
	__u32 process_group;
	__u16 call;			/* its row in calls.h */
	__u16 call_flags;
	__u16 text_bytes[2];
	__u16 entry_bytes[2];
	__u16 path_bytes[2];
	__u32 pad;
};
_Static_assert(sizeof(struct vd_call) == 224, "vd_call");

#define VD_C_32_BIT 1		/* by the 32-bit interface */
#define VD_C_CHANGED 2		/* the texts at the entry were others than at the exit: somebody wrote them while the kernel worked */
#define VD_C_TEXT_TRUNCATED 4
#define VD_C_TEXT_MISSING 8	/* could not be read */
#define VD_C_ENTRY_MISSING 16	/* what the texts were at the entry is not known */
#define VD_C_RING 32		/* by io_uring: no call, but what does the same */

/* VD_DNS: what a name server answered, as the process got it. Behind it: the message. */
struct vd_dns {
	struct vd_header header;
	__u16 message_bytes;
	__u16 pad[3];
};
_Static_assert(sizeof(struct vd_dns) == 64, "vd_dns");
#define VD_DNS_BYTES_MAX 1024

/* The loader's first record of a session. Behind it: kernel release, boot id, architecture, distribution-free text, each ended by NUL. */
struct vd_hello {
	struct vd_header header;
	__u64 ring_epoch;		/* random; a new one means a new ring, whose earlier records are gone */
	__u64 ring_position;		/* of the first kernel record that follows */
	__u64 wall_offset_ns;		/* wall clock = boot clock + this */
	__u64 scope_cgroup;		/* key; 0: the whole host */
	__u32 schema;
	__u32 ring_bytes;
	__u32 host_mount_namespace;
	__u32 v1_hierarchy;		/* id of the pids controller's v1 hierarchy; 0: it is on v2 */
	__u32 loader_pid;
	__u16 text_bytes;
	__u16 session;			/* counts the sensors that this loader has started */
};
_Static_assert(sizeof(struct vd_hello) == 112, "vd_hello");

/* One hook and how it fares. Behind it: event class, hook, reason, what it misses, each ended by NUL. */
struct vd_hook {
	struct vd_header header;
	__u32 attached;
	__u32 text_bytes;
};
_Static_assert(sizeof(struct vd_hook) == 64, "vd_hook");

/* Five times a second: time goes on, and what was lost since the ring was made. */
struct vd_tick {
	struct vd_header header;
	__u64 wall_offset_ns;
	__u64 ring_fill_bytes;
	__u64 ring_fill_bytes_max;	/* since the last tick */
	__u64 commands_refused;
	__u64 seen[VD_KIND_MAX];
	__u64 lost[VD_KIND_MAX][VD_CAUSE_MAX];
};
_Static_assert(sizeof(struct vd_tick) == 56 + 32 + 8 * 64 + 8 * 64 * 6, "vd_tick");

/* What one cgroup lost of one kind and by one cause since the ring was made, sent when anything was lost. */
struct vd_cgroup_loss {
	struct vd_header header;
	__u64 cgroup;
	__u64 lost;
	/* since schema 2; before, all kinds and causes were one */
	__u32 lost_kind;
	__u32 cause;
};
_Static_assert(sizeof(struct vd_cgroup_loss) == 80, "vd_cgroup_loss");

/* A canary (canary.c): once before it does anything, once when it has ended and its cgroups are gone. */
struct vd_canary {
	struct vd_header header;	/* tgid: of the canary */
	__u64 round;			/* as the command gave it */
	__u64 cgroup_v1;		/* keys of its own cgroups; 0 where there is none */
	__u64 cgroup_v2;
	__u32 phase;			/* 1: it begins; 2: it has ended */
	__s32 problem;			/* of the whole: a negative errno; 0: none */
	__s16 outcomes[VD_KIND_MAX];	/* by kind: 1 done, 0 not tried, or a negative errno for which it cannot be done here */
};
_Static_assert(sizeof(struct vd_canary) == 56 + 32 + 128, "vd_canary");
#define VD_CANARY_BEGINS 1
#define VD_CANARY_ENDED 2

/* One of the kernel's tables: at the start of a session and once a minute. Behind it: its name, ended by NUL. */
struct vd_table {
	struct vd_header header;
	__u64 bytes;			/* as the kernel accounts for it now */
	__u64 bytes_max;
	__u32 entries_max;
	__u32 entries;			/* 0xffffffff: not counted */
	__u32 name_bytes;
	__u32 pad;
};
_Static_assert(sizeof(struct vd_table) == 88, "vd_table");

/* What a cgroup's processes may execute: the value of the kernel's map and the payload of a command. */
struct vd_decision {
	__u32 flags;
	__u32 generation;
	__u32 kill_origins;		/* bit n: origin n is killed */
	__u32 shadow_origins;		/* bit n: origin n would be */
	__u16 kill_rule[VD_ORIGIN_MAX];
	__u16 shadow_rule[VD_ORIGIN_MAX];
};
_Static_assert(sizeof(struct vd_decision) == 48, "vd_decision");

#define VD_D_CONTAINER 1	/* this cgroup belongs to a container */
#define VD_D_PENDING 2		/* armed by the kernel at creation; the sensor has not spoken yet */
#define VD_D_EVERY_ORIGIN 4	/* the image must not run: also what cannot be judged by its file is killed */

/* Commands from the sensor, framed by vd_command_frame on the socket pair; each is answered by one vd_reply. */
#define VD_COMMAND_MAGIC 0x31434456u	/* "VDC1" */
#define VD_COMMAND_BYTES_MAX 4096

enum vd_command {
	VD_COMMAND_ACKNOWLEDGE = 1,	/* u64: the ring up to here is stored for good */
	VD_COMMAND_SET_CGROUP = 2,	/* u64 key, vd_decision */
	VD_COMMAND_DELETE_CGROUP = 3,	/* u64 key */
	VD_COMMAND_SET_PENDING = 4,	/* vd_decision for cgroups of containers not yet known */
	VD_COMMAND_FORGET_MARKS = 5,	/* report first opens again */
	VD_COMMAND_KILL = 6,		/* u64 start_boot_ns, u32 tgid */
	VD_COMMAND_WATCH_PATH = 7,	/* text: writes to it use the ring's reserve */
	VD_COMMAND_UNWATCH_PATHS = 8,
	VD_COMMAND_ENFORCE_OFF = 9,	/* every decision becomes none, until the loader is started again */
	/* 11 was kinds alone, and is not used again */
	VD_COMMAND_SET_INTERESTS = 12,	/* a piece of vd_interests: u32 where it begins, its bytes; the piece that ends it puts it in force */
	VD_COMMAND_CANARY = 20,		/* u64 round: one harmless act of each class, told of by VD_CANARY */
	VD_COMMAND_EFFECT = 10,		/* vd_effect and its networks; answered by a vd_effect_reply */
};

/*
 * What is wanted, judged in the kernel before a record is made: one table, put in force by one swap, and every record says by which
 * generation it was judged. A record of a judged kind is made when one interest of that kind has nothing that it contradicts; all else is
 * open: what the kernel cannot decide is wanted. Names are compared by eight bytes: the first eight of a component, padded with zeroes,
 * or the last eight of a slash and the component. Pieces of names that can stand anywhere are asked by their pairs of neighbouring bytes:
 * VD_PAIR_BIT of each must be set somewhere in the path. Of sockets the same words are other things (store/interest-socket.h).
 */
#define VD_PAIR_BIT(one, next) (1ull << (((one) * 31 + (next)) & 63))

#define VD_INTERESTS_MAX 512
#define VD_BUCKETS_MAX 256
#define VD_BUCKET_PROBES 8
#define VD_INSIDE_MAX 8
#define VD_LIST_MAX 64

struct vd_interest {
	__u64 first_mask, first;	/* of the path's first component */
	__u64 second_mask, second;
	__u64 last_mask, last;		/* the end of its last one */
	__u32 inside;			/* bits of vd_interests.inside: some component ends so */
	__u16 needs;
	__u8 want;
	__u8 text;			/* which of a call's two texts */
	__u32 components_mask, components;	/* exactly so many */
	__u64 pairs;
	__u64 names;			/* a bit for each name that the process may have (store/process-name.h); all ones: any */
};
_Static_assert(sizeof(struct vd_interest) == 80, "vd_interest");

/* What the record must be. */
#define VD_I_CONTAINER 1		/* not in the host's mount namespace */
#define VD_I_READ 2
#define VD_I_WRITE 4
#define VD_I_CREATE 8			/* asked with O_CREAT */
#define VD_I_TRUNCATE 16		/* asked with O_TRUNC */
#define VD_I_NO_WRITE 32
#define VD_I_SET_ID 64			/* of a change of mode: with one of the set-id bits */
#define VD_I_FAILED 128			/* the call returned an error */
#define VD_I_SUCCEEDED 256

enum vd_want {
	VD_WANT_NOT = 0,
	VD_WANT_FIRST = 1,		/* the first for each (container, executable, file): of opens for reading, mappings and opens that fail */
	VD_WANT_EACH = 2,
};

/*
 * The interests of a kind in paths that begin with this component; 0: those that name none. VD_EVERY_LIST: all of the kind, for paths
 * whose beginning is not known; where they are too many for one list there is none, and such a path is wanted.
 */
#define VD_EVERY_LIST (~0ull)
struct vd_bucket {
	__u64 first;
	__u32 kind;			/* 0: an empty place */
	__u16 from;
	__u16 count;
};
_Static_assert(sizeof(struct vd_bucket) == 16, "vd_bucket");

struct vd_interests {
	__u32 generation;
	__u32 pad;
	__u64 kinds;			/* bit n: records of kind n of vd_call are wanted, others are never made; bit 0: the environment of executions is */
	__u64 judged;			/* kinds that are judged; the others are wanted whole, or not at all */
	__u64 paired;			/* kinds of which an interest asks for pairs */
	__u64 named;			/* kinds of which an interest asks for the name of the process */
	__u64 inside_mask[VD_INSIDE_MAX];
	__u64 inside[VD_INSIDE_MAX];
	struct vd_bucket buckets[VD_BUCKETS_MAX];
	struct vd_interest interests[VD_INTERESTS_MAX];
};
_Static_assert(sizeof(struct vd_interests) == 40 + 128 + 16 * VD_BUCKETS_MAX + 80 * VD_INTERESTS_MAX, "vd_interests");

struct vd_command_frame {
	__u32 magic;
	__u32 payload_bytes;
	__u32 id;
	__u16 command;
	__u16 pad;
};
_Static_assert(sizeof(struct vd_command_frame) == 16, "vd_command_frame");

struct vd_reply {
	__u32 magic;
	__u32 id;
	__s32 status;			/* 0, or a negative errno; -1 (EPERM): touches a life line */
	__u32 refused;			/* commands refused so far */
};
_Static_assert(sizeof(struct vd_reply) == 16, "vd_reply");

/* What is done to a container, or taken back. Behind it: `networks` times vd_network. */
struct vd_effect {
	__u64 cgroup_v1;		/* keys of the container's own cgroups; 0 where it has none */
	__u64 cgroup_v2;
	__u64 start_boot_ns;		/* with tgid */
	__u32 tgid;			/* of a kill: only this process; 0: all */
	__u16 act;
	__u16 flags;
	__u32 networks;			/* of an isolation: that may still be spoken with */
	__u32 pad;
};
_Static_assert(sizeof(struct vd_effect) == 40, "vd_effect");

/* Also the key of the kernel's table. The address has 16 bytes, IPv4 mapped, and its prefix counts from there. */
struct vd_network {
	__u32 prefix_bits;
	__u8 address[16];
};
_Static_assert(sizeof(struct vd_network) == 20, "vd_network");
#define VD_NETWORKS_MAX 128

enum vd_act {
	VD_ACT_KILL = 1,
	VD_ACT_FREEZE = 2,
	VD_ACT_ISOLATE = 3,
};

#define VD_E_UNDO 1
#define VD_E_DRY_RUN 2

/* Behind it: what was there before, what was read back, and why not, as a JSON object. */
#define VD_EFFECT_MAGIC 0x31454456u	/* "VDE1" */
#define VD_EFFECT_TEXT_BYTES_MAX 8192
struct vd_effect_reply {
	__u32 magic;
	__u32 id;
	__s32 status;			/* 0, or a negative errno; -EALREADY: it was so before; -ESRCH: nobody is there */
	__u32 text_bytes;
};
_Static_assert(sizeof(struct vd_effect_reply) == 16, "vd_effect_reply");

/* Behind every record in the pipe stands the ring's own 8-byte head: length with two flag bits, then this word. */
#define VD_RING_BUSY (1u << 31)
#define VD_RING_DISCARDED (1u << 30)
#define VD_FROM_LOADER 0xffffffffu	/* second word of the head of a record that the loader made */

#endif
