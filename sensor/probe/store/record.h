/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * From facts to the ring: the common head, the counters, and the one way a record gets its place or is counted as
 * lost, for its class and for its cgroup. Floods (architecture, 12.8): above half full each cgroup has a share of each kind of
 * record, named by an interest or not; above three quarters what no interest names gets in only from cgroups that write
 * hardly anything, and the rest of the ring is kept for what is named, exec, exit, fork, cgroups and verdicts, which have no share.
 * A cgroup that a container makes inside its own has a share of its own; its losses are told of the container.
 */
#ifndef VEDETTE_STORE_RECORD_H
#define VEDETTE_STORE_RECORD_H

static __always_inline struct vd_counters *counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&vd_counts, &zero);
}

static __always_inline __u64 cgroup_of(const struct vd_header *header)
{
	return header->cgroup_v1 ? header->cgroup_v1 : header->cgroup_v2;
}

static __always_inline void count_cgroup_loss(const struct vd_header *header, __u32 kind, __u32 cause)
{
	struct vd_loss_key key = { .cgroup = cgroup_of(header), .kind = kind, .cause = cause };
	__u64 *lost = bpf_map_lookup_elem(&vd_cgroup_losses, &key), none = 0;

	if (!lost) {
		/* two processors may find that there is no count yet: neither may write over the other's */
		bpf_map_update_elem(&vd_cgroup_losses, &key, &none, BPF_NOEXIST);
		lost = bpf_map_lookup_elem(&vd_cgroup_losses, &key);
	}
	if (lost)
		__sync_fetch_and_add(lost, 1);
}

static __always_inline void count_lost(const struct vd_header *header, __u32 kind, __u32 cause)
{
	struct vd_counters *counts = counters();

	if (counts && kind < VD_KIND_MAX && cause < VD_CAUSE_MAX)
		counts->lost[kind][cause]++;
	count_cgroup_loss(header, kind, cause);
}

static __always_inline void fill_header(struct vd_header *header, __u16 kind, struct task_struct *task)
{
	const struct vd_interests *wants = interests_now();
	const struct cred *cred = VD_GET(task_struct, task, cred);

	header->kind = kind;
	header->flags = 0;
	header->tgid = VD_GET(task_struct, task, tgid);
	header->time_boot_ns = bpf_ktime_get_boot_ns();
	header->start_boot_ns = task_start(task);
	header->cgroup_v1 = task_cgroup_v1(task);
	header->cgroup_v2 = task_cgroup_v2(task);
	header->exec_id = (__u32)VD_GET(task_struct, task, self_exec_id);
	header->tid = VD_GET(task_struct, task, pid);
	header->uid = VD_GET(cred, cred, uid.val);
	header->generation = wants ? wants->generation : 0;
}

/*
 * Who finds the loader asleep wakes it, once: after that it looks by itself every few milliseconds until there is nothing more, since
 * waking it for each record would cost more than the record. Asked only once the record has its place, as the loader looks at the ring once
 * more after saying that it sleeps: one of the two sees the other. Only a record can wake, so an empty one that nobody reads does it.
 */
static __always_inline void wake_loader(void)
{
	__u32 zero = 0, *asleep = bpf_map_lookup_elem(&vd_asleep, &zero);
	void *nothing;

	if (!asleep || !*(volatile __u32 *)asleep)
		return;
	*asleep = 0;
	nothing = bpf_ringbuf_reserve(&vd_ring, 8, 0);
	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

/* Puts a record into the ring. */
static __always_inline int emit(void *record, __u64 bytes)
{
	struct vd_header *header = record;
	struct vd_counters *counts = counters();
	__u32 kind = header->kind;

	if (counts && kind < VD_KIND_MAX)
		counts->seen[kind]++;
	if (!bpf_ringbuf_output(&vd_ring, record, bytes, BPF_RB_NO_WAKEUP)) {
		wake_loader();
		return 1;
	}
	count_lost(header, kind, VD_LOST_RING_FULL);
	return 0;
}

/* Of the ring's bytes: what one cgroup may write of one kind in a slice, what of those that are named, and what one still may that is not a quiet one's. */
#define VD_SHARE_OF_RING 128
#define VD_NAMED_OF_RING 16
#define VD_QUIET_OF_RING 2048

/* Has this cgroup written more than `limit` of this kind in the current slice of time? */
static __always_inline int share_exceeded(const struct vd_header *header, __u32 bytes, __u32 named, __u64 limit)
{
	struct vd_share_key key = { .cgroup = cgroup_of(header), .kind = header->kind, .named = named };
	__u64 slice = header->time_boot_ns >> 27;
	struct vd_share *share = bpf_map_lookup_elem(&vd_shares, &key);

	if (!share || share->slice != slice) {
		struct vd_share fresh = { .slice = slice, .bytes = bytes };

		bpf_map_update_elem(&vd_shares, &key, &fresh, BPF_ANY);
		return 0;
	}
	return __sync_fetch_and_add(&share->bytes, bytes) > limit;
}

/*
 * All records but those of processes and cgroups: while the ring is filling, a cgroup has only its share, and less of what is not `named` by an
 * interest. Returns 1 when the record has its place.
 */
static __always_inline int emit_limited(void *record, __u64 bytes, int named)
{
	__u64 fill = bpf_ringbuf_query(&vd_ring, BPF_RB_AVAIL_DATA), limit = cfg_ring_bytes / (named ? VD_NAMED_OF_RING : VD_SHARE_OF_RING);
	struct vd_header *header = record;
	struct vd_counters *counts;
	__u32 kind = header->kind, cause = VD_LOST_SHARE;

	if (fill < cfg_ring_bytes / 2)
		return emit(record, bytes);
	if (!named && fill > cfg_ring_bytes / 4 * 3) {
		cause = VD_LOST_RESERVE;
		limit = cfg_ring_bytes / VD_QUIET_OF_RING;
	}
	if (!share_exceeded(header, bytes, named != 0, limit))
		return emit(record, bytes);
	counts = counters();
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
