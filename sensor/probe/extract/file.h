/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Facts about a file: identity, change time, and where it came from as overlayfs tells it. Reads only. */
#ifndef VEDETTE_EXTRACT_FILE_H
#define VEDETTE_EXTRACT_FILE_H

static __always_inline struct file *file_of_fd(struct task_struct *task, unsigned int fd)
{
	struct files_struct *open = VD_GET(task_struct, task, files);
	struct fdtable *table = VD_GET(files_struct, open, fdt);
	struct file **files = VD_GET(fdtable, table, fd);

	if (fd >= VD_GET(fdtable, table, max_fds))
		return 0;
	return pointer_at(files + fd);
}

/* The inode's change time has had three names: i_ctime, __i_ctime (6.6), i_ctime_sec and _nsec (6.11). */
static __always_inline __u64 inode_ctime_ns(struct inode *inode)
{
	struct inode___611 *now = (void *)inode;
	struct inode___66 *middle = (void *)inode;
	struct inode___old *old = (void *)inode;

	if (bpf_core_field_exists(now->i_ctime_sec))
		return BPF_CORE_READ(now, i_ctime_sec) * 1000000000ULL + BPF_CORE_READ(now, i_ctime_nsec);
	if (bpf_core_field_exists(middle->__i_ctime))
		return BPF_CORE_READ(middle, __i_ctime.tv_sec) * 1000000000ULL + BPF_CORE_READ(middle, __i_ctime.tv_nsec);
	return BPF_CORE_READ(old, i_ctime.tv_sec) * 1000000000ULL + BPF_CORE_READ(old, i_ctime.tv_nsec);
}

/* The field behind __upperdentry says whether there is a lower file; it has changed its type twice. */
static __always_inline int overlay_has_lower(struct inode *inode)
{
	long base = bpf_core_field_offset(struct ovl_inode, vfs_inode);
	void *lower = 0;

	if (bpf_core_field_exists(struct ovl_inode___65, oe)) {
		struct ovl_entry *entry = 0;

		bpf_probe_read_kernel(&entry, sizeof(entry),
				      (char *)inode + bpf_core_field_offset(struct ovl_inode___65, oe) - base);
		return BPF_CORE_READ(entry, __numlower) > 0;
	}
	if (bpf_core_field_exists(struct ovl_inode___519, lowerpath))
		bpf_probe_read_kernel(&lower, sizeof(lower),
				      (char *)inode + bpf_core_field_offset(struct ovl_inode___519, lowerpath.dentry) - base);
	else
		bpf_probe_read_kernel(&lower, sizeof(lower),
				      (char *)inode + bpf_core_field_offset(struct ovl_inode___to518, lower) - base);
	return lower != 0;
}

/*
 * image: lower layers only; modified: in both, so it was written or copied up after the container was made; dropped:
 * upper layer only. Where overlay is a module without BTF the two pointers follow the embedded inode (4.19 to 5.18).
 */
static __always_inline __u8 overlay_origin(struct inode *inode)
{
	void *upper = 0, *lower = 0;

	if (bpf_core_type_exists(struct ovl_inode)) {
		bpf_probe_read_kernel(&upper, sizeof(upper),
				      (char *)inode + bpf_core_field_offset(struct ovl_inode, __upperdentry) -
					      bpf_core_field_offset(struct ovl_inode, vfs_inode));
		if (!upper)
			return VD_ORIGIN_IMAGE;
		return overlay_has_lower(inode) ? VD_ORIGIN_MODIFIED : VD_ORIGIN_DROPPED;
	}
	bpf_probe_read_kernel(&upper, sizeof(upper), (char *)inode + bpf_core_type_size(struct inode));
	bpf_probe_read_kernel(&lower, sizeof(lower), (char *)inode + bpf_core_type_size(struct inode) + sizeof(void *));
	if (!upper)
		return VD_ORIGIN_IMAGE;
	return lower ? VD_ORIGIN_MODIFIED : VD_ORIGIN_DROPPED;
}

/*
 * Where a file came from, seen from a process in a container. Only the overlay that is the process's own root can
 * vouch for it; without one nothing can be said ("unjudged"), and that is never called dropped.
 */
static __always_inline __u8 file_origin(struct task_struct *task, struct inode *inode)
{
	struct super_block *root = BPF_CORE_READ(task, fs, root.dentry, d_sb);

	if (!BPF_CORE_READ(inode, i_nlink))
		return VD_ORIGIN_MEMORY;
	if (BPF_CORE_READ(root, s_magic) != OVERLAYFS_SUPER_MAGIC)
		return VD_ORIGIN_UNJUDGED;
	if (BPF_CORE_READ(inode, i_sb) != root)
		return VD_ORIGIN_VOLUME;
	return overlay_origin(inode);
}

#endif
