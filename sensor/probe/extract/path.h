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
 * Writes at most VD_PATH_BYTES_MAX bytes to out and leaves their number in *count; out needs VD_NAME_BYTES_MAX bytes of
 * slack. The count lives in map memory on purpose: the verifier then sees the same state in every round of the loop,
 * whatever was written before, instead of following each possible length.
 */
static __always_inline void path_components(struct vfsmount *vfsmount, struct dentry *dentry, char *out,
					    volatile __u16 *count, __u16 *flags)
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
		if (parent == dentry)	/* a root of its own: memfd, pipe, a tree that was unmounted lazily */
			return;
		dentry = parent;
	}
	*flags |= VD_F_PATH_TRUNCATED;
}

#endif
