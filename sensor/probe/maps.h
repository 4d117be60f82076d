/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Configuration and maps shared by all hooks. Everything is bounded; what each costs is beside it. Scratch space is
 * one per program: two programs may not share one, since a preempted one would find it overwritten.
 */
#ifndef VEDETTE_MAPS_H
#define VEDETTE_MAPS_H

/* Set by the loader before the object is loaded; constant for its life. */
const volatile __u32 cfg_v1_hierarchy = 0;	/* 0: the pids controller is on v2, there are no v1 keys */
const volatile __u64 cfg_scope_cgroup = 0;	/* key; only processes in it or below it are seen */
const volatile __u32 cfg_ring_bytes = 0;
const volatile __u32 cfg_loader = 0;		/* its own work on kernel programs is no news */
const volatile __u32 cfg_sensor_uid = 0xffffffff;
const volatile __u32 cfg_every_open = 0;	/* every open for reading and every mapping, not the first ones alone: for recordings */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);		/* resized by the loader */
} vd_ring SEC(".maps");

/* [0]: not 0 while the loader sleeps until it is woken. In memory that it shares, so that going to sleep is no system call. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, 1u << 10 /* BPF_F_MMAPABLE */);
	__type(key, __u32);
	__type(value, __u32);
} vd_asleep SEC(".maps");

struct vd_counters {
	__u64 seen[VD_KIND_MAX];
	__u64 lost[VD_KIND_MAX][VD_CAUSE_MAX];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vd_counters);
} vd_counts SEC(".maps");

/* What may run in a container's cgroup, by cgroup key. 16,384 × about 120 B = 2 MiB, allocated as needed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, 1 /* BPF_F_NO_PREALLOC */);
	__type(key, __u64);
	__type(value, struct vd_decision);
} vd_decisions SEC(".maps");

/* [0]: the decision for a container that the kernel saw being made and nobody has spoken about yet. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vd_decision);
} vd_pending SEC(".maps");

/*
 * Run-time switches: [1] generation of the marks, [2] enforcement is off, [3] the host's mount namespace,
 * which the loader learns from the iterator: /proc/1/ns can be closed even to root; [4] the canary's process, of which every class is wanted.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 5);
	__type(key, __u32);
	__type(value, __u32);
} vd_switches SEC(".maps");
#define VD_SWITCH_MARKS 1
#define VD_SWITCH_ENFORCE_OFF 2
#define VD_SWITCH_HOST_MOUNTS 3
#define VD_SWITCH_CANARY 4

static __always_inline __u32 switch_value(__u32 index)
{
	__u32 *value = bpf_map_lookup_elem(&vd_switches, &index);

	return value ? *value : 0;
}

/* First opens and mappings already reported: 65,536 × about 110 B = 7 MiB. The value is the generation of the marks. */
struct vd_mark_key {
	__u64 cgroup;
	__u64 reader_inode;
	__u64 inode;
	__u64 ctime_ns;			/* only for mappings: a rewritten library is another one */
	__u32 reader_device;
	__u32 device;
	__u32 kind;
	__u32 generation;		/* another file may come to the number of one that is gone */
	__u64 name;			/* one file under two names is reported twice: rules may know one of them */
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct vd_mark_key);
	__type(value, __u32);
} vd_marks SEC(".maps");

/* Paths whose writes use the ring's reserve: the first bytes of the path from the leaf to the root, zero padded. */
struct vd_watch_key { char leaf_first[128]; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, 1);
	__type(key, struct vd_watch_key);
	__type(value, __u32);
} vd_watched SEC(".maps");

/*
 * Bytes that a cgroup's records of one kind took in the current slice of 2^27 ns (134 ms); those that an interest names have a share of
 * their own. 16,384 × about 100 B = 2 MiB.
 */
struct vd_share_key { __u64 cgroup; __u32 kind; __u32 named; };
struct vd_share { __u64 slice; __u64 bytes; };
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct vd_share_key);
	__type(value, struct vd_share);
} vd_shares SEC(".maps");

/*
 * Records lost, by whose they were, of which kind and why: for "unknown because records of this container were lost", and so that a flood is
 * shown for its maker alone. 8,192 × about 100 B = 1 MiB.
 */
struct vd_loss_key { __u64 cgroup; __u32 kind; __u32 cause; };
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct vd_loss_key);
	__type(value, __u64);
} vd_cgroup_losses SEC(".maps");

/* What connect() was asked, from its entry to its exit, by thread. */
struct vd_connect_entry { __u32 fd; __u16 family; __u16 port; __u8 address[16]; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, 1);
	__type(key, __u64);
	__type(value, struct vd_connect_entry);
} vd_connects SEC(".maps");

/* [0]: what is wanted, as one table that is swapped as a whole: 45 KiB, twice for the moment of a swap. */
struct vd_interests_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct vd_interests));
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct vd_interests_map);
} vd_interests_now SEC(".maps");

/*
 * What a process was called when its last execution, or its fork, was told: a word each (store/process-name.h), four in a set that its
 * id chooses. What is not here is not known: 65,536 names, 512 KiB. The loader maps it to count them.
 */
#define VD_NAME_SETS 16384
#define VD_NAMES_IN_SET 4
struct vd_process_names { __u64 words[VD_NAMES_IN_SET]; };
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VD_NAME_SETS);
	__uint(map_flags, 1u << 10 /* BPF_F_MMAPABLE */);
	__type(key, __u32);
	__type(value, struct vd_process_names);
} vd_process_names SEC(".maps");

/* The programs behind the two hooks that every call passes; filled by the loader, so that one the kernel refuses is only left out. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} vd_exits SEC(".maps");
#define VD_EXIT_CALL 0
#define VD_EXIT_OPEN 1
#define VD_EXIT_CONNECT 2
#define VD_EXIT_ACCEPT 3
#define VD_EXIT_RECEIVE 4
#define VD_EXIT_MAP 5
#define VD_EXIT_NONE 7

/* The texts of a call from its entry to its exit, by thread: at most 8,192 × about 1.1 KiB = 9 MiB, allocated as needed. */
struct vd_call_entry { __u16 bytes[2]; __u16 call; __u16 pad; char text[2 * VD_TEXT_BYTES_MAX]; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, 1);
	__type(key, __u64);
	__type(value, struct vd_call_entry);
} vd_call_entries SEC(".maps");

/*
 * What is judged of a path, in map memory: what the verifier does not see the value of, it follows one way only. The masks are all ones
 * where the thing is known; where it is not, nothing contradicts it.
 */
struct vd_path_facts {
	__u64 first;
	__u64 second;
	__u64 last;
	__u64 head_known;		/* first, second and the number of components */
	__u64 last_known;
	__u64 pairs;			/* all ones where it is not known, as the next */
	__u64 name;			/* the bit of what the process is called; 0 where it is not known */
	__u32 inside;
	__u32 components;
	/* room of the judging */
	__u32 from;
	__u32 count;
	__u32 want;
	__u32 ends;
};

/* Room for one record; the slack behind the bounds lets the verifier see that no write leaves it. */
#define VD_SCRATCH_DATA (VD_PATH_BYTES_MAX * 2 + VD_NAME_BYTES_MAX + VD_ARGUMENT_BYTES_MAX)
struct vd_exec_scratch { struct vd_exec record; char data[VD_SCRATCH_DATA + VD_ARGUMENT_BYTES_MAX + 4096]; };
struct vd_file_scratch { struct vd_file record; char data[VD_PATH_BYTES_MAX + 1024]; struct vd_watch_key watch; struct vd_path_facts facts; struct vfsmount *mount; struct dentry *dentry; __u32 judged_by; };
struct vd_call_scratch { struct vd_call record; char data[4 * VD_TEXT_BYTES_MAX + 2 * VD_PATH_BYTES_MAX + 4096]; struct vd_call_entry entry; char slack[VD_TEXT_BYTES_MAX + 16]; struct vd_path_facts facts; struct vd_path_facts base[2]; __u16 ends[32]; __u32 data_bytes; __u64 message_thread; __u32 message; };
struct vd_dns_scratch { struct vd_dns record; char data[VD_DNS_BYTES_MAX * 2]; };
struct vd_cgroup_scratch { struct vd_cgroup record; char data[VD_PATH_BYTES_MAX + 64]; };

#define VD_SCRATCH(name, type_)                                                                                        \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                                               \
		__uint(max_entries, 1);                                                                                \
		__type(key, __u32);                                                                                    \
		__type(value, type_);                                                                                  \
	} name SEC(".maps")

/* Keeps the compiler from moving a bound check away from the use it protects. */
#define vd_opaque(variable) asm volatile("" : "+r"(variable))

#endif
