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
 * A component as it is judged: its first eight bytes, and the last eight of a slash and it. `name` is at `at`, and eight bytes behind
 * it can be read.
 */
static __always_inline __u64 component_head(const char *out, __u32 at, __u32 length)
{
	__u64 head = *(const __u64 *)(out + at);

	return length < 8 ? head & ((1ull << length * 8) - 1) : head;
}

static __always_inline __u64 component_tail(const char *out, __u32 at, __u32 length)
{
	if (length < 8)
		return *(const __u64 *)(out + at) << (8 - length) * 8 | (__u64)'/' << (7 - length) * 8;
	return *(const __u64 *)(out + at + length - 8);
}

static __always_inline __u32 inside_bits(const struct vd_interests *wants, __u64 tail)
{
	__u32 bits = 0;

#pragma unroll
	for (int i = 0; i < VD_INSIDE_MAX; i++) {
		__u64 against = (tail & wants->inside_mask[i]) ^ wants->inside[i];

		/* without a branch, which the verifier would follow both ways each time */
		__u64 sign = -against;

		vd_opaque(sign);
		sign = (against | sign) >> 63;
		bits |= (__u32)(sign ^ 1) << i;
	}
	return bits;
}

/* Components come from the leaf to the root. A tree's own root is none, and what stands above it is not known. */
static __always_inline void note_component(volatile struct vd_path_facts *facts, const struct vd_interests *wants, const char *out, __u32 at, long length)
{
	__u64 head, tail;

	if (length <= 0 || length >= VD_NAME_BYTES_MAX)
		return;
	vd_opaque(at);
	if (at > VD_PATH_BYTES_MAX)
		return;
	head = component_head(out, at, length);
	tail = component_tail(out, at, length);
	if (length == 1 && head == '/') {
		facts->head_known = 0;
		return;
	}
	if (!facts->components)
		facts->last = tail;
	facts->second = facts->first;
	facts->first = head;
	facts->inside |= inside_bits(wants, tail);
	facts->components++;
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

/*
 * Writes at most VD_PATH_BYTES_MAX bytes to out and leaves their number in *count; out needs VD_NAME_BYTES_MAX bytes of
 * slack. The count lives in map memory on purpose: the verifier then sees the same state in every round of the loop,
 * whatever was written before, instead of following each possible length.
 */
static __always_inline void path_walk(struct vfsmount *vfsmount, struct dentry *dentry, char *out, volatile __u16 *count, __u16 *flags,
				      volatile struct vd_path_facts *facts, const struct vd_interests *wants)
{
	struct mount *mount = (void *)((char *)vfsmount - bpf_core_field_offset(struct mount, mnt));
	struct dentry *mount_root = BPF_CORE_READ(mount, mnt.mnt_root);

	*count = 0;
	for (int i = 0; i < VD_COMPONENTS_MAX; i++) {
		struct dentry *parent;
		__u32 bytes = *count;
		long length;

		if (dentry == mount_root) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount)
				return;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			mount_root = BPF_CORE_READ(mount, mnt.mnt_root);
			continue;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		if (bytes > VD_PATH_BYTES_MAX - VD_NAME_BYTES_MAX)
			break;
		length = bpf_probe_read_kernel_str(out + bytes, VD_NAME_BYTES_MAX, BPF_CORE_READ(dentry, d_name.name));
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
	if (facts) {
		facts->head_known = 0;
		facts->inside = ~0u;
		facts->pairs = ~0ull;
	}
}

static __always_inline void path_components(struct vfsmount *vfsmount, struct dentry *dentry, char *out,
					    volatile __u16 *count, __u16 *flags)
{
	path_walk(vfsmount, dentry, out, count, flags, 0, 0);
}

#endif
