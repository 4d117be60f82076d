/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What rules know a process by: the name in the record of its last execution, or of its fork. A process can call itself otherwise at any
 * time, so the kernel's name of the moment is never asked; what was told is kept, as one bit of 64 by its hash. Not known, and so never a
 * reason to leave something out: processes from before the programs, and those whose record was lost.
 */
#ifndef VEDETTE_STORE_PROCESS_NAME_H
#define VEDETTE_STORE_PROCESS_NAME_H

/* FNV-1a, as sensor/interest-table.ts has it. */
static __always_inline __u64 bit_of_name(const char *comm)
{
	__u64 hash = 14695981039346656037ull;

	for (int i = 0; i < 16; i++) {
		if (!comm[i])
			break;
		hash = (hash ^ (__u8)comm[i]) * 1099511628211ull;
	}
	return 1ull << (hash >> 58);
}

static __always_inline void forget_name(__u32 tgid)
{
	bpf_map_delete_elem(&vd_process_names, &tgid);
}

/* The record is in the ring, or it is lost and nobody knows the name. */
static __always_inline void keep_name(const struct vd_header *header, const char *comm, int told)
{
	struct vd_process_name name = { .start_boot_ns = header->start_boot_ns, .bit = bit_of_name(comm) };
	__u32 tgid = header->tgid;

	if (!told || bpf_map_update_elem(&vd_process_names, &tgid, &name, BPF_ANY))
		forget_name(tgid);
}

/* Of the process that runs now; 0: not known, or nobody asks. */
static __always_inline __u64 name_now(const struct vd_interests *wants, __u32 kind)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct vd_process_name *name;

	if (!(wants->named >> (kind & 63) & 1))
		return 0;
	name = bpf_map_lookup_elem(&vd_process_names, &tgid);
	return name && name->start_boot_ns == BPF_CORE_READ(task, group_leader, start_boottime) ? name->bit : 0;
}

#endif
