/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Files: opens for writing, the first open for reading of each (container, reader's executable, file), and the first
 * executable mapping of each.
 *
 * Opens that succeed: by tp_btf/sys_exit (call.bpf.h), of the 32-bit interface too: the returned descriptor leads to the
 * kernel's own file object, so the path is the one that was opened. Misses: opens by io_uring and by the kernel itself; a
 * descriptor that another thread replaces between the call's return and this hook. Mappings: tp/syscalls/sys_enter_mmap,
 * since the protection and the descriptor are known there; misses what execve maps (the program and its ELF interpreter,
 * which exec reports), 32-bit programs, and shows a mapping that then fails. mprotect and mappings without a file are calls
 * like others.
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
	record->more_pad = 0;
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

#define O_WRONLY 1
#define O_CREAT 0100
#define O_TRUNC 01000

/* What the call was asked for: the kernel forgets some of the flags once the file is open. */
static __always_inline void fill_asked(struct vd_file *record, struct pt_regs *registers)
{
	struct { __u64 flags; __u64 mode; } how = {};
	__u64 arguments[6];
	int by_32_bit = 0;
	__u32 row = row_of_call(registers, call_number(registers), &by_32_bit);

	record->call = row;
	call_arguments(registers, by_32_bit, arguments);
	switch (row) {
	case VD_ROW_creat:
		how.flags = O_CREAT | O_TRUNC | O_WRONLY;
		how.mode = arguments[1];
		break;
	case VD_ROW_open:
		how.flags = arguments[1];
		how.mode = arguments[2];
		break;
	case VD_ROW_openat2:
		if (bpf_probe_read_user(&how, sizeof(how), (void *)arguments[2]))
			how.flags = record->open_flags;
		break;
	case VD_ROW_openat:
		how.mode = arguments[3];	/* fall through */
	default:
		how.flags = arguments[2];
	}
	record->asked_flags = how.flags;
	record->asked_mode = how.mode;
}

/* A first open or mapping. The mark is set only once the record has its place, so a lost one is reported again. */
static __always_inline void report_first(struct vd_file_scratch *scratch, struct task_struct *task, struct file *file,
					 struct inode *inode, __u32 kind, struct pt_regs *registers)
{
	__u32 marks = switch_value(VD_SWITCH_MARKS), *known;
	struct vd_mark_key key;

	fill_mark_key(&key, &scratch->record.header, task, inode, kind);
	known = bpf_map_lookup_elem(&vd_marks, &key);
	if (known && *known == marks && !cfg_every_open)
		return;
	if (registers)
		fill_asked(&scratch->record, registers);
	if (report_file(scratch, task, file, inode))
		bpf_map_update_elem(&vd_marks, &key, &marks, BPF_ANY);
}

/* An open that succeeded. One that failed has opened nothing, and is a call like others (call.bpf.h). */
SEC("tp_btf/sys_exit")
int vd_opened(unsigned long long *context)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pt_regs *registers = (void *)context[0];
	struct vd_file_scratch *scratch;
	__u32 zero = 0, mode, fd = context[1];
	struct inode *inode;
	struct file *file;

	if (!task_in_scope(task))
		return 0;
	file = file_of_fd(task, fd);
	inode = BPF_CORE_READ(file, f_inode);
	if (!inode || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	scratch = bpf_map_lookup_elem(&vd_open_scratch_map, &zero);
	if (!scratch)
		return 0;
	scratch->record.result = fd;
	mode = BPF_CORE_READ(file, f_mode);
	if (mode & FMODE_WRITE) {
		fill_header(&scratch->record.header, VD_OPEN_WRITE, task);
		fill_asked(&scratch->record, registers);
		report_file(scratch, task, file, inode);
	} else if (mode & FMODE_READ) {
		/* the sensor's own inventory reads would only report themselves */
		if (BPF_CORE_READ(task, cred, uid.val) == cfg_sensor_uid)
			return 0;
		fill_header(&scratch->record.header, VD_OPEN_READ, task);
		report_first(scratch, task, file, inode, VD_OPEN_READ, registers);
	}
	return 0;
}

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
	scratch->record.call = 0;
	scratch->record.result = 0;
	scratch->record.asked_flags = 0;
	scratch->record.asked_mode = 0;
	report_first(scratch, task, file, inode, VD_MAP_EXEC, 0);
	return 0;
}
