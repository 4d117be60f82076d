/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The path of a kernel object: names from the leaf towards the root of its mount namespace, each ended by NUL,
 * crossing mounts upwards. This is what the kernel resolved, never what a program wrote into a buffer, so there is no
 * race with the program. A process's chroot is deliberately not respected: the path is the one in its mount
 * namespace. bpf_d_path would do this, but only for a few hooks that this kernel may refuse.
 */
#ifndef VEDETTE_EXTRACT_PATH_H
#define VEDETTE_EXTRACT_PATH_H

/*
 * A component as it is judged: its first eight bytes, and the last eight of a slash and it. `first` is what stands at its begin, whatever
 * follows it; `last` the eight bytes at its end, asked for only where it has as many.
 */
static __always_inline __u64 component_head(__u64 first, __u32 length)
{
	return length < 8 ? first & ((1ull << length * 8) - 1) : first;
}

static __always_inline __u64 short_tail(__u64 first, __u32 length)
{
	return first << (8 - length) * 8 | (__u64)'/' << (7 - length) * 8;
}

static __always_inline __u32 inside_bits_from(const struct vd_interests *wants, __u64 tail, int from, int to)
{
	__u32 bits = 0;

#pragma unroll
	for (int i = from; i < to; i++) {
		__u64 against = (tail & wants->inside_mask[i]) ^ wants->inside[i];

		/* without a branch, which the verifier would follow both ways each time */
		__u64 sign = -against;

		vd_opaque(sign);
		sign = (against | sign) >> 63;
		bits |= (__u32)(sign ^ 1) << i;
	}
	return bits;
}

static __always_inline __u32 inside_bits(const struct vd_interests *wants, __u64 tail)
{
	return inside_bits_from(wants, tail, 0, VD_INSIDE_MAX);
}

/* The same where a branch more may be followed: they are filled from the first on, and mostly there are two at most. */
static __always_inline __u32 few_inside_bits(const struct vd_interests *wants, __u64 tail)
{
	__u32 bits = inside_bits_from(wants, tail, 0, 2);

	return wants->inside_mask[2] ? bits | inside_bits_from(wants, tail, 2, VD_INSIDE_MAX) : bits;
}

/* All ones when it is not 0; without a branch, which the verifier would follow both ways in every round of a loop. */
static __always_inline __u64 mask_of(__u64 value)
{
	__u64 sign = -value;

	vd_opaque(sign);
	return -((value | sign) >> 63);
}

/* Components come from the leaf to the root. A tree's own root is none, and what stands above it is not known. */
static __always_inline void note_ends(volatile struct vd_path_facts *facts, const struct vd_interests *wants, __u64 head, __u64 tail, int may_branch)
{
	__u64 behind = mask_of(facts->components);

	if (head == '/') {
		facts->head_known = 0;
		return;
	}
	facts->last = (facts->last & behind) | (tail & ~behind);
	facts->second = facts->first;
	facts->first = head;
	facts->inside |= may_branch ? few_inside_bits(wants, tail) : inside_bits(wants, tail);
	facts->components++;
}

/* Of a name that was written to `out`, behind which eight bytes can be read. */
static __always_inline void note_component(volatile struct vd_path_facts *facts, const struct vd_interests *wants, const char *out, __u32 at, long length)
{
	__u64 first;

	if (length <= 0 || length >= VD_NAME_BYTES_MAX)
		return;
	vd_opaque(at);
	if (at > VD_PATH_BYTES_MAX)
		return;
	first = *(const __u64 *)(out + at);
	note_ends(facts, wants, component_head(first, length), length < 8 ? short_tail(first, length) : *(const __u64 *)(out + at + length - 8), 0);
}

static __always_inline void forget_facts(volatile struct vd_path_facts *facts)
{
	facts->first = facts->second = facts->last = 0;
	facts->pairs = 0;
	facts->inside = 0;
	facts->components = 0;
	facts->want = 0;
	facts->head_known = facts->last_known = ~0ull;
}

/* Pairs of neighbours in components that were written one behind the other. */
static __always_inline void note_pairs(volatile struct vd_path_facts *facts, const char *out, __u32 bytes)
{
	__u64 pairs = 0;
	__u32 before = 0;

	for (__u32 i = 0; i < VD_PATH_BYTES_MAX; i++) {
		__u32 now;

		if (i >= bytes)
			break;
		now = *(const __u8 *)(out + i);
		pairs |= VD_PAIR_BIT(before, now);
		before = now;
	}
	facts->pairs |= pairs;
}

static __always_inline void know_only_the_end(volatile struct vd_path_facts *facts)
{
	facts->head_known = 0;
	facts->inside = ~0u;
	facts->pairs = ~0ull;
}

/*
 * What path_walk would leave in the facts, pairs excepted, without writing the names anywhere: most files are of no interest, and for
 * that only the ends of their names are read, in place. *count is room for it.
 */
static __always_inline void path_facts(struct vfsmount *vfsmount, struct dentry *dentry, volatile __u16 *count,
				       volatile struct vd_path_facts *facts, const struct vd_interests *wants)
{
	struct mount *mount = (void *)((char *)vfsmount - bpf_core_field_offset(struct mount, mnt));
	struct dentry *mount_root = VD_GET(mount, mount, mnt.mnt_root);

	facts->pairs = ~0ull;
	*count = 0;
	for (int i = 0; i < VD_COMPONENTS_MAX; i++) {
		const unsigned char *name;
		struct dentry *parent;
		__u64 length;
		__s64 short_by;

		if (dentry == mount_root) {
			struct mount *above = VD_GET(mount, mount, mnt_parent);

			if (above == mount)
				return;
			dentry = VD_GET(mount, mount, mnt_mountpoint);
			mount = above;
			mount_root = VD_GET(mount, mount, mnt.mnt_root);
			continue;
		}
		if (*count > VD_PATH_BYTES_MAX - VD_NAME_BYTES_MAX)
			break;
		parent = VD_GET(dentry, dentry, d_parent);
		name = VD_GET(dentry, dentry, d_name.name);
		length = VD_GET(dentry, dentry, d_name.len);
		if (length >= VD_NAME_BYTES_MAX)
			break;
		*count += length + 1;
		/* by how many bits the name falls short of eight bytes: what stands around it is shifted out, and a slash put in front of its end */
		short_by = (__s64)(8 - length) * 8;
		vd_opaque(short_by);
		short_by &= ~(short_by >> 63);
		short_by &= 63;
		if (length)
			note_ends(facts, wants, word_at(name) << short_by >> short_by, (word_at(name + length - 8) >> short_by << short_by) | (((__u64)'/' << short_by) >> 8), 1);
		if (parent == dentry)
			return;
		dentry = parent;
	}
	know_only_the_end(facts);
}

/*
 * Writes at most VD_PATH_BYTES_MAX bytes to out and leaves their number in *count; out needs VD_NAME_BYTES_MAX bytes of
 * slack. The count lives in map memory on purpose: the verifier then sees the same state in every round of the loop,
 * whatever was written before, instead of following each possible length.
 */
static __always_inline void path_walk(struct vfsmount *vfsmount, struct dentry *dentry, char *out, volatile __u16 *count, __u16 *flags,
				      volatile struct vd_path_facts *facts, const struct vd_interests *wants)
{
	struct mount *mount = (void *)((char *)vfsmount - bpf_core_field_offset(struct mount, mnt));
	struct dentry *mount_root = VD_GET(mount, mount, mnt.mnt_root);

	*count = 0;
	for (int i = 0; i < VD_COMPONENTS_MAX; i++) {
		struct dentry *parent;
		__u32 bytes = *count;
		long length;

		if (dentry == mount_root) {
			struct mount *above = VD_GET(mount, mount, mnt_parent);

			if (above == mount)
				return;
			dentry = VD_GET(mount, mount, mnt_mountpoint);
			mount = above;
			mount_root = VD_GET(mount, mount, mnt.mnt_root);
			continue;
		}
		parent = VD_GET(dentry, dentry, d_parent);
		if (bytes > VD_PATH_BYTES_MAX - VD_NAME_BYTES_MAX)
			break;
		length = bpf_probe_read_kernel_str(out + bytes, VD_NAME_BYTES_MAX, VD_GET(dentry, dentry, d_name.name));
		if (length < 0)
			break;
		*count = bytes + length;
		if (facts)
			note_component(facts, wants, out, bytes, length - 1);
		if (parent == dentry)	/* a root of its own: memfd, pipe, a tree that was unmounted lazily */
			return;
		dentry = parent;
	}
	*flags |= VD_F_PATH_TRUNCATED;
	if (facts)
		know_only_the_end(facts);
}

static __always_inline void path_components(struct vfsmount *vfsmount, struct dentry *dentry, char *out,
					    volatile __u16 *count, __u16 *flags)
{
	path_walk(vfsmount, dentry, out, count, flags, 0, 0);
}

#endif
