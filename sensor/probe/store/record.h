/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * From facts to the ring: the common head, the counters, and the one way a record gets its place or is counted as
 * lost. Floods (architecture, 12.8): above half full each cgroup has a share of the file and network records; above
 * three quarters only those that an interest names get in, and the rest of the ring is kept for exec, exit, fork,
 * cgroups and verdicts.
 */
#ifndef VEDETTE_STORE_RECORD_H
#define VEDETTE_STORE_RECORD_H

static __always_inline struct vd_counters *counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&vd_counts, &zero);
}

static __always_inline __u32 switch_value(__u32 index)
{
	__u32 *value = bpf_map_lookup_elem(&vd_switches, &index);

	return value ? *value : 0;
}

static __always_inline void count_cgroup_loss(const struct vd_header *header)
{
	__u64 key = header->cgroup_v1 ? header->cgroup_v1 : header->cgroup_v2, one = 1;
	__u64 *lost = bpf_map_lookup_elem(&vd_cgroup_losses, &key);

	if (lost)
		__sync_fetch_and_add(lost, 1);
	else
		bpf_map_update_elem(&vd_cgroup_losses, &key, &one, BPF_ANY);
}

static __always_inline void count_lost(const struct vd_header *header, __u32 kind, __u32 cause)
{
	struct vd_counters *counts = counters();

	if (counts && kind < VD_KIND_MAX && cause < VD_CAUSE_MAX)
		counts->lost[kind][cause]++;
	count_cgroup_loss(header);
}

static __always_inline void fill_header(struct vd_header *header, __u16 kind, struct task_struct *task)
{
	const struct vd_interests *wants = interests_now();

	header->kind = kind;
	header->flags = 0;
	header->tgid = BPF_CORE_READ(task, tgid);
	header->time_boot_ns = bpf_ktime_get_boot_ns();
	header->start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	header->cgroup_v1 = task_cgroup_v1(task);
	header->cgroup_v2 = task_cgroup_v2(task);
	header->exec_id = (__u32)BPF_CORE_READ(task, self_exec_id);
	header->tid = BPF_CORE_READ(task, pid);
	header->uid = BPF_CORE_READ(task, cred, uid.val);
	header->generation = wants ? wants->generation : 0;
}

/* Puts a record into the ring without waking anyone: the loader looks every few milliseconds, which costs less. */
static __always_inline int emit(void *record, __u64 bytes)
{
	struct vd_header *header = record;
	struct vd_counters *counts = counters();
	__u32 kind = header->kind;

	if (counts && kind < VD_KIND_MAX)
		counts->seen[kind]++;
	if (!bpf_ringbuf_output(&vd_ring, record, bytes, BPF_RB_NO_WAKEUP))
		return 1;
	count_lost(header, kind, VD_LOST_RING_FULL);
	return 0;
}

/* Has this cgroup used up its share of the current slice of time? */
static __always_inline int share_exceeded(const struct vd_header *header, __u32 bytes)
{
	__u64 key = header->cgroup_v1 ? header->cgroup_v1 : header->cgroup_v2;
	__u64 slice = header->time_boot_ns >> 27;
	struct vd_share *share = bpf_map_lookup_elem(&vd_shares, &key);

	if (!share || share->slice != slice) {
		struct vd_share fresh = { .slice = slice, .bytes = bytes };

		bpf_map_update_elem(&vd_shares, &key, &fresh, BPF_ANY);
		return 0;
	}
	return __sync_fetch_and_add(&share->bytes, bytes) > cfg_share_bytes;
}

/*
 * File and network records: refused when the ring is filling, unless `named` by an interest. Returns 1 when the
 * record has its place.
 */
static __always_inline int emit_limited(void *record, __u64 bytes, int named)
{
	struct vd_header *header = record;
	struct vd_counters *counts = counters();
	__u64 fill = bpf_ringbuf_query(&vd_ring, BPF_RB_AVAIL_DATA);
	__u32 kind = header->kind, cause;

	if (named || fill < cfg_ring_bytes / 2)
		return emit(record, bytes);
	if (fill > cfg_ring_bytes / 4 * 3)
		cause = VD_LOST_RESERVE;
	else if (share_exceeded(header, bytes))
		cause = VD_LOST_SHARE;
	else
		return emit(record, bytes);
	if (counts && kind < VD_KIND_MAX)
		counts->seen[kind]++;
	count_lost(header, kind, cause);
	return 0;
}

/* The decision of the container that a record's process is in; none for host processes. */
static __always_inline struct vd_decision *decision_of(const struct vd_header *header)
{
	struct vd_decision *decision = 0;
	__u64 key = header->cgroup_v1;

	if (key)
		decision = bpf_map_lookup_elem(&vd_decisions, &key);
	if (decision)
		return decision;
	key = header->cgroup_v2;
	return bpf_map_lookup_elem(&vd_decisions, &key);
}

#endif
