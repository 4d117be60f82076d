/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Files: opens for writing, the first open for reading of each (container, reader's executable, file), and the first
 * executable mapping of each.
 *
 * Opens: tp/syscalls/sys_exit_{open,openat,openat2,creat,open_by_handle_at}: the returned descriptor leads to the
 * kernel's own file object, so the path is the one that was opened. Misses: failed opens; opens by io_uring, by the
 * kernel itself and by 32-bit programs (their calls have no such tracepoints); a descriptor that another thread
 * replaces between the call's return and this hook. Mappings: tp/syscalls/sys_enter_mmap, since the protection and the
 * descriptor are known there; misses what execve maps (the program and its ELF interpreter, which exec reports),
 * mprotect of a mapping made without PROT_EXEC, and shows a mapping that then fails.
 */
VD_SCRATCH(vd_open_scratch_map, struct vd_file_scratch);
VD_SCRATCH(vd_map_scratch_map, struct vd_file_scratch);

static __always_inline void fill_mark_key(struct vd_mark_key *key, const struct vd_header *header, struct task_struct *task,
					  struct inode *inode, __u32 kind)
{
	struct inode *reader = BPF_CORE_READ(task, mm, exe_file, f_inode);

	key->cgroup = header->cgroup_v1 > 1 ? header->cgroup_v1 : header->cgroup_v2;
	key->reader_inode = BPF_CORE_READ(reader, i_ino);
	key->reader_device = BPF_CORE_READ(reader, i_sb, s_dev);
	key->inode = BPF_CORE_READ(inode, i_ino);
	key->device = BPF_CORE_READ(inode, i_sb, s_dev);
	key->kind = kind;
	key->ctime_ns = kind == VD_MAP_EXEC ? inode_ctime_ns(inode) : 0;
	key->pad = 0;
}

/* Is the path, leaf first, one whose writes may use the reserve? */
static __always_inline int is_watched(struct vd_file_scratch *scratch)
{
	__u64 bytes = scratch->record.path_bytes;

	__builtin_memset(&scratch->watch, 0, sizeof(scratch->watch));
	if (bytes > sizeof(scratch->watch))
		bytes = sizeof(scratch->watch);
	vd_opaque(bytes);
	if (bytes > sizeof(scratch->watch))
		return 0;
	bpf_probe_read_kernel(&scratch->watch, bytes, scratch->data);
	return bpf_map_lookup_elem(&vd_watched, &scratch->watch) != 0;
}

static __always_inline int report_file(struct vd_file_scratch *scratch, struct task_struct *task, struct file *file,
				       struct inode *inode)
{
	struct vd_file *record = &scratch->record;
	__u64 bytes;
	int named = 0;

	record->inode = BPF_CORE_READ(inode, i_ino);
	record->device = BPF_CORE_READ(inode, i_sb, s_dev);
	record->magic = BPF_CORE_READ(inode, i_sb, s_magic);
	record->open_flags = BPF_CORE_READ(file, f_flags);
	record->mode = BPF_CORE_READ(inode, i_mode);
	record->mount_namespace = task_mount_namespace(task);
	record->origin = VD_ORIGIN_NONE;
	record->pad = 0;
	path_components(BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), scratch->data,
			&record->path_bytes, &record->header.flags);
	if (record->header.kind == VD_OPEN_WRITE &&
	    bpf_ringbuf_query(&vd_ring, BPF_RB_AVAIL_DATA) >= cfg_ring_bytes / 2)
		named = is_watched(scratch);
	bytes = sizeof(*record) + record->path_bytes;
	vd_opaque(bytes);
	if (bytes > sizeof(*record) + sizeof(scratch->data))
		return 0;
	return emit_limited(record, bytes, named);
}

/* A first open or mapping. The mark is set only once the record has its place, so a lost one is reported again. */
static __always_inline void report_first(struct vd_file_scratch *scratch, struct task_struct *task, struct file *file,
					 struct inode *inode, __u32 kind)
{
	__u32 marks = switch_value(VD_SWITCH_MARKS), *known;
	struct vd_mark_key key;

	fill_mark_key(&key, &scratch->record.header, task, inode, kind);
	known = bpf_map_lookup_elem(&vd_marks, &key);
	if (known && *known == marks)
		return;
	if (report_file(scratch, task, file, inode))
		bpf_map_update_elem(&vd_marks, &key, &marks, BPF_ANY);
}

static __always_inline int opened(long fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct vd_file_scratch *scratch;
	struct inode *inode;
	struct file *file;
	__u32 zero = 0, mode;

	if (fd < 0 || !task_in_scope(task))
		return 0;
	file = file_of_fd(task, fd);
	inode = BPF_CORE_READ(file, f_inode);
	if (!inode || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	scratch = bpf_map_lookup_elem(&vd_open_scratch_map, &zero);
	if (!scratch)
		return 0;
	mode = BPF_CORE_READ(file, f_mode);
	if (mode & FMODE_WRITE) {
		fill_header(&scratch->record.header, VD_OPEN_WRITE, task);
		report_file(scratch, task, file, inode);
	} else if (mode & FMODE_READ) {
		/* the sensor's own inventory reads would only report themselves */
		if (BPF_CORE_READ(task, cred, uid.val) == cfg_sensor_uid)
			return 0;
		fill_header(&scratch->record.header, VD_OPEN_READ, task);
		report_first(scratch, task, file, inode, VD_OPEN_READ);
	}
	return 0;
}

SEC("tp/syscalls/sys_exit_openat") int vd_openat(struct trace_event_raw_sys_exit *ctx) { return opened(ctx->ret); }
SEC("tp/syscalls/sys_exit_open") int vd_open(struct trace_event_raw_sys_exit *ctx) { return opened(ctx->ret); }
SEC("tp/syscalls/sys_exit_openat2") int vd_openat2(struct trace_event_raw_sys_exit *ctx) { return opened(ctx->ret); }
SEC("tp/syscalls/sys_exit_creat") int vd_creat(struct trace_event_raw_sys_exit *ctx) { return opened(ctx->ret); }
SEC("tp/syscalls/sys_exit_open_by_handle_at")
int vd_open_handle(struct trace_event_raw_sys_exit *ctx) { return opened(ctx->ret); }

SEC("tp/syscalls/sys_enter_mmap")
int vd_map(struct trace_event_raw_sys_enter *ctx)
{
	struct task_struct *task;
	struct vd_file_scratch *scratch;
	struct inode *inode;
	struct file *file;
	__u32 zero = 0;

	if (!(ctx->args[2] & PROT_EXEC) || (ctx->args[3] & MAP_ANONYMOUS))
		return 0;
	task = (void *)bpf_get_current_task();
	if (!task_in_scope(task))
		return 0;
	file = file_of_fd(task, ctx->args[4]);
	inode = BPF_CORE_READ(file, f_inode);
	if (!inode)
		return 0;
	scratch = bpf_map_lookup_elem(&vd_map_scratch_map, &zero);
	if (!scratch)
		return 0;
	fill_header(&scratch->record.header, VD_MAP_EXEC, task);
	report_first(scratch, task, file, inode, VD_MAP_EXEC);
	return 0;
}
