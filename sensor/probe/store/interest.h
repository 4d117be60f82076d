/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Is a record wanted? Asked before it is made, of the table that is in force now (event.h, vd_interests). An interest says no only by
 * what is known to contradict it, so what cannot be decided here is delivered.
 */
#ifndef VEDETTE_STORE_INTEREST_H
#define VEDETTE_STORE_INTEREST_H

static __always_inline const struct vd_interests *interests_now(void)
{
	__u32 zero = 0;
	void *table = bpf_map_lookup_elem(&vd_interests_now, &zero);

	return table ? bpf_map_lookup_elem(table, &zero) : 0;
}

/* A canary's acts are wanted, whatever else is: they show that the hooks of each class work. */
static __always_inline int is_canary(void)
{
	__u32 canary = switch_value(VD_SWITCH_CANARY);

	return canary && canary == (__u32)(bpf_get_current_pid_tgid() >> 32);
}

static __always_inline int kind_wanted(__u32 kind)
{
	const struct vd_interests *wants = interests_now();

	return (wants && wants->kinds >> (kind & 63) & 1) || is_canary();
}

static __always_inline int kind_judged(const struct vd_interests *wants, __u32 kind)
{
	return wants->judged >> (kind & 63) & 1;
}

/* Leaves in the facts what this list of the kind adds to their want. */
static __always_inline void judge_list(const struct vd_interests *wants, __u32 kind, __u64 key, volatile struct vd_path_facts *facts, __u64 have, __u64 text)
{
	__u32 place = ((key ^ kind * 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull) >> 56, from = 0, count = 0;
	__u64 first, second, last, components, name, head_known, last_known, no_pairs, not_inside, want = 0;

	for (int i = 0; i < VD_BUCKET_PROBES; i++) {
		const struct vd_bucket *bucket = &wants->buckets[(place + i) & (VD_BUCKETS_MAX - 1)];

		if (!bucket->kind)	/* what was put in found the first place that was free */
			break;
		if (bucket->kind != kind || bucket->first != key)
			continue;
		from = bucket->from;
		count = bucket->count;
		goto found;
	}
	if (key == VD_EVERY_LIST)
		facts->want |= VD_WANT_EACH;
	return;
found:
	first = facts->first;
	second = facts->second;
	last = facts->last;
	components = facts->components;
	name = facts->name;
	head_known = facts->head_known;
	last_known = facts->last_known;
	no_pairs = ~facts->pairs;
	not_inside = ~(__u64)facts->inside;
	for (__u32 i = 0; i < VD_LIST_MAX; i++) {
		__u32 at = from + i;
		const struct vd_interest *one;
		__u64 against;

		if (i >= count)
			break;
		vd_opaque(at);
		one = &wants->interests[at & (VD_INTERESTS_MAX - 1)];
		against = (((first ^ one->first) & one->first_mask) | ((second ^ one->second) & one->second_mask) |
			   ((components ^ one->components) & one->components_mask)) & head_known;
		against |= (last ^ one->last) & one->last_mask & last_known;
		against |= (one->pairs & no_pairs) | (one->inside & not_inside) | (one->needs & ~have) | (one->text ^ text) | (name & ~one->names);
		want |= one->want & ~mask_of(against);
	}
	facts->want |= want;
}

/* By the path of a file (text 0), or by one of the texts of a call. Leaves in the facts which records are wanted. */
static __always_inline void judge_interest(const struct vd_interests *wants, __u32 kind, volatile struct vd_path_facts *facts, __u64 have, __u64 text)
{
	__u64 first = facts->first;

	facts->name = name_now(wants, kind);
	if (!facts->head_known) {
		judge_list(wants, kind, VD_EVERY_LIST, facts, have, text);
		return;
	}
	judge_list(wants, kind, 0, facts, have, text);
	if (first)
		judge_list(wants, kind, first, facts, have, text);
}

#endif
