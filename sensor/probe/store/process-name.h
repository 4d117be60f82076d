/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What rules know a process by: the name in the record of its last execution, or of its fork. A process can call itself otherwise at any
 * time, so the kernel's name of the moment is never asked; what was told is kept, as one bit of 64 by its hash. Not known, and so never a
 * reason to leave something out: processes from before the programs, and those whose record was lost.
 */
#ifndef VEDETTE_STORE_PROCESS_NAME_H
#define VEDETTE_STORE_PROCESS_NAME_H

/* FNV-1a, as sensor/interest-table.ts has it. */
static __always_inline __u64 index_of_name(const char *comm)
{
	__u64 hash = 14695981039346656037ull;

	for (int i = 0; i < 16; i++) {
		if (!comm[i])
			break;
		hash = (hash ^ (__u8)comm[i]) * 1099511628211ull;
	}
	return hash >> 58;
}

/*
 * A process, as the upper bits of its word: its start, and what its set does not say of its id. Two that would be one have starts that
 * differ by an exact multiple of 2^49 ns, and ids that fit to it.
 */
static __always_inline __u64 word_of_process(__u32 tgid, __u64 start_boot_ns)
{
	return (start_boot_ns << 7 ^ (__u64)(tgid / VD_NAME_SETS) << 56) | 1 << 6;
}

/* A word is read and written as a whole, so whoever finds a process's own word has what was told of that process. */
static __always_inline volatile __u64 *names_beside(__u32 tgid)
{
	__u32 set = tgid & (VD_NAME_SETS - 1);
	struct vd_process_names *names = bpf_map_lookup_elem(&vd_process_names, &set);

	return names ? names->words : 0;
}

/* The record is in the ring, or it is lost and nobody knows the name; nor where no place is free. */
static __always_inline void keep_name(const struct vd_header *header, const char *comm, int told)
{
	__u64 word = word_of_process(header->tgid, header->start_boot_ns);
	volatile __u64 *words = names_beside(header->tgid);

	if (!words)
		return;
	for (int i = 0; i < VD_NAMES_IN_SET; i++)
		if (!((words[i] ^ word) >> 6))
			words[i] = 0;
	if (!told)
		return;
	word |= index_of_name(comm);
	for (int i = 0; i < VD_NAMES_IN_SET; i++) {
		if (words[i])
			continue;
		words[i] = word;
		return;
	}
}

static __always_inline void forget_name(const struct vd_header *header)
{
	keep_name(header, 0, 0);
}

/* Of the process that runs now, as a bit; 0: not known, or nobody asks. */
static __always_inline __u64 name_now(const struct vd_interests *wants, __u32 kind)
{
	struct task_struct *leader = VD_GET(task_struct, (void *)bpf_get_current_task(), group_leader);
	const volatile __u64 *words;
	__u64 own;
	__u32 tgid;

	if (!(wants->named >> (kind & 63) & 1))
		return 0;
	tgid = VD_GET(task_struct, leader, tgid);
	words = names_beside(tgid);
	if (!words)
		return 0;
	own = word_of_process(tgid, VD_GET(task_struct, leader, start_boottime));
	for (int i = 0; i < VD_NAMES_IN_SET; i++) {
		__u64 word = words[i];

		if (!((word ^ own) >> 6))
			return 1ull << (word & 63);
	}
	return 0;
}

#endif
