/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Files: opens for writing, the first open for reading of each (container, reader's executable, file), and the first
 * executable mapping of each.
 *
 * Opens that succeed: by tp_btf/sys_exit (call.bpf.h), of the 32-bit interface too: the returned descriptor leads to the
 * kernel's own file object, so the path is the one that was opened. Misses: opens by io_uring and by the kernel itself; a
 * descriptor that another thread replaces between the call's return and this hook. Mappings: tp/syscalls/sys_enter_mmap,
 * since the protection and the descriptor are known there; those of the 32-bit interface when the call returns. Misses what
 * execve maps (the program and its ELF interpreter, which exec reports), and shows a mapping that then fails. mprotect and mappings without a file are calls
 * like others.
 */
/* Room for one record of each program; in one table, since the verifier follows a function once for each table that it may be about. */
enum vd_file_program { VD_OPENED, VD_MAPPED, VD_MAPPED_EXIT, VD_RING_OPENED, VD_RING_OVERFLOW_OPENED, VD_FILE_PROGRAMS };
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VD_FILE_PROGRAMS);
	__type(key, __u32);
	__type(value, struct vd_file_scratch);
} vd_file_scratch_map SEC(".maps");

static __always_inline struct vd_file_scratch *file_scratch(__u32 program)
{
	return bpf_map_lookup_elem(&vd_file_scratch_map, &program);
}

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
	key->generation = BPF_CORE_READ(inode, i_generation);
	key->name = 0;
}

/* Which name the file has: the kernel's hash of it, which its directory is part of, and the mount. */
static __always_inline __u64 name_mark(struct file *file)
{
	return (__u64)BPF_CORE_READ(file, f_path.dentry, d_name.hash) << 32 ^ (__u64)BPF_CORE_READ(file, f_path.mnt);
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

/* These three on their own for the verifier, which then follows them once and not by every way that leads there. */

/* What is judged of the path, by the ends of its names. */
__noinline int vd_file_facts(__u32 program)
{
	const struct vd_interests *wants = interests_now();
	struct vd_file_scratch *scratch = file_scratch(program);

	if (!wants || !scratch)
		return 0;
	forget_facts(&scratch->facts);
	scratch->judged_by = wants->generation;
	path_facts(scratch->mount, scratch->dentry, &scratch->record.path_bytes, &scratch->facts, wants);
	return 0;
}

/* The path, and all that is judged of it; both stay in the scratch space. */
__noinline int vd_file_path(__u32 program, __u32 kind)
{
	const struct vd_interests *wants = interests_now();
	struct vd_file_scratch *scratch = file_scratch(program);

	if (!wants || !scratch)
		return 0;
	scratch->record.header.flags = 0;
	forget_facts(&scratch->facts);
	scratch->judged_by = wants->generation;
	path_walk(scratch->mount, scratch->dentry, scratch->data, &scratch->record.path_bytes, &scratch->record.header.flags, &scratch->facts, wants);
	if (wants->paired >> (kind & 63) & 1)
		note_pairs(&scratch->facts, scratch->data, *(volatile __u16 *)&scratch->record.path_bytes);
	return 0;
}

__noinline int vd_file_want(__u32 program, __u32 kind, __u32 have)
{
	const struct vd_interests *wants = interests_now();
	struct vd_file_scratch *scratch = file_scratch(program);

	if (!wants || !scratch)
		return VD_WANT_NOT;
	if (scratch->judged_by != wants->generation)	/* swapped meanwhile */
		return VD_WANT_EACH;
	judge_interest(wants, kind, &scratch->facts, have, 0);
	return *(volatile __u32 *)&scratch->facts.want;
}

/* The head, and the file; flags that the walk left are kept. */
static __always_inline void fill_file(struct vd_file *record, __u32 kind, struct task_struct *task, struct file *file, struct inode *inode)
{
	__u16 flags = record->header.flags;

	fill_header(&record->header, kind, task);
	record->header.flags = flags;
	record->inode = BPF_CORE_READ(inode, i_ino);
	record->device = BPF_CORE_READ(inode, i_sb, s_dev);
	record->magic = BPF_CORE_READ(inode, i_sb, s_magic);
	record->open_flags = BPF_CORE_READ(file, f_flags);
	record->mode = BPF_CORE_READ(inode, i_mode);
	record->mount_namespace = task_mount_namespace(task);
	record->origin = VD_ORIGIN_NONE;
	record->pad = 0;
	record->more_pad = 0;
}

static __always_inline int report_file(struct vd_file_scratch *scratch)
{
	struct vd_file *record = &scratch->record;
	__u64 bytes;
	int named = 0;

	if (record->header.kind == VD_OPEN_WRITE &&
	    bpf_ringbuf_query(&vd_ring, BPF_RB_AVAIL_DATA) >= cfg_ring_bytes / 2)
		named = is_watched(scratch);
	bytes = sizeof(*record) + *(volatile __u16 *)&record->path_bytes;
	vd_opaque(bytes);
	if (bytes > sizeof(*record) + sizeof(scratch->data))
		return 0;
	return emit_limited(record, bytes, named);
}

#define O_RDWR 2
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

/* What a record about a file is, as interests ask it. */
static __always_inline __u32 file_needs(const struct vd_file *record, struct task_struct *task)
{
	__u32 host = switch_value(VD_SWITCH_HOST_MOUNTS), have = 0;

	if (!host || task_mount_namespace(task) != host)
		have |= VD_I_CONTAINER;
	if ((record->open_flags & (O_WRONLY | O_RDWR)) != O_WRONLY)
		have |= VD_I_READ;
	if (record->open_flags & (O_WRONLY | O_RDWR))
		have |= VD_I_WRITE;
	else
		have |= VD_I_NO_WRITE;
	if (record->asked_flags & O_CREAT)
		have |= VD_I_CREATE;
	if (record->asked_flags & O_TRUNC)
		have |= VD_I_TRUNCATE;
	return have;
}

/*
 * Judged by the ends of its names before anything else is read of it, and what that leaves open by all that they hold where an interest asks
 * for it: not knowing their pairs can only make more wanted. The mark of
 * a first one is set only once the record has its place, so a lost one is reported again.
 */
static __always_inline void report_wanted(__u32 program, struct vd_file_scratch *scratch, struct task_struct *task, struct file *file, struct inode *inode, __u32 kind)
{
	const struct vd_interests *wants = interests_now();
	__u32 marks = switch_value(VD_SWITCH_MARKS), *known, want, have = 0;
	struct vd_mark_key key;
	int judged;

	if (!wants)
		return;
	scratch->mount = VD_GET(file, file, f_path.mnt);
	scratch->dentry = VD_GET(file, file, f_path.dentry);
	judged = kind_judged(wants, kind);
	want = kind == VD_OPEN_WRITE ? VD_WANT_EACH : VD_WANT_FIRST;
	if (judged) {
		have = file_needs(&scratch->record, task);
		vd_file_facts(program);
		want = vd_file_want(program, kind, have);
		if (want == VD_WANT_NOT && !is_canary())
			return;
	}
	vd_file_path(program, kind);
	if (judged && wants->paired >> (kind & 63) & 1)
		want = vd_file_want(program, kind, have);
	if (is_canary())
		want = VD_WANT_EACH;
	if (want == VD_WANT_NOT)
		return;
	fill_file(&scratch->record, kind, task, file, inode);
	if (want & VD_WANT_EACH) {
		report_file(scratch);
		return;
	}
	fill_mark_key(&key, &scratch->record.header, task, inode, kind);
	key.name = name_mark(file);
	known = bpf_map_lookup_elem(&vd_marks, &key);
	if (known && *known == marks && !cfg_every_open)
		return;
	if (report_file(scratch))
		bpf_map_update_elem(&vd_marks, &key, &marks, BPF_ANY);
}

/* An open that succeeded. One that failed has opened nothing, and is a call like others (call.bpf.h). */
SEC("tp_btf/sys_exit")
int vd_opened(unsigned long long *context)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pt_regs *registers = (void *)context[0];
	struct vd_file_scratch *scratch;
	__u32 mode, fd = context[1];
	const struct cred *cred;
	struct inode *inode;
	struct file *file;

	if (!task_in_scope(task))
		return 0;
	file = file_of_fd(task, fd);
	inode = VD_GET(file, file, f_inode);
	if (!inode || (VD_GET(inode, inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	mode = VD_GET(file, file, f_mode);
	cred = VD_GET(task_struct, task, cred);
	/* the sensor's own inventory reads would only report themselves */
	if (!(mode & (FMODE_READ | FMODE_WRITE)) || (!(mode & FMODE_WRITE) && VD_GET(cred, cred, uid.val) == cfg_sensor_uid))
		return 0;
	scratch = file_scratch(VD_OPENED);
	if (!scratch)
		return 0;
	scratch->record.result = fd;
	scratch->record.open_flags = VD_GET(file, file, f_flags);
	fill_asked(&scratch->record, registers);
	report_wanted(VD_OPENED, scratch, task, file, inode, mode & FMODE_WRITE ? VD_OPEN_WRITE : VD_OPEN_READ);
	return 0;
}

static __always_inline void report_mapping(__u32 program, struct vd_file_scratch *scratch, struct task_struct *task, __u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	if (!inode)
		return;
	scratch->record.call = 0;
	scratch->record.result = 0;
	scratch->record.asked_flags = 0;
	scratch->record.asked_mode = 0;
	scratch->record.open_flags = BPF_CORE_READ(file, f_flags);
	report_wanted(program, scratch, task, file, inode, VD_MAP_EXEC);
}

SEC("tp/syscalls/sys_enter_mmap")
int vd_map(struct trace_event_raw_sys_enter *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct vd_file_scratch *scratch;

	if ((ctx->args[3] & MAP_ANONYMOUS) || !makes_executable(task, ctx->args[2]) || !task_in_scope(task))
		return 0;
	scratch = file_scratch(VD_MAPPED);
	if (scratch)
		report_mapping(VD_MAPPED, scratch, task, ctx->args[4]);
	return 0;
}

/* Mappings by the 32-bit interface: of a file here, of none as a call like others. */
SEC("tp_btf/sys_exit")
int vd_map_exit(unsigned long long *context)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct vd_file_scratch *scratch;
	__u64 arguments[6];

	call_arguments((void *)context[0], 1, arguments);
	if (arguments[3] & MAP_ANONYMOUS) {
		bpf_tail_call(context, &vd_exits, VD_EXIT_CALL);
		return 0;
	}
	if (!makes_executable(task, arguments[2]) || !task_in_scope(task))
		return 0;
	scratch = file_scratch(VD_MAPPED_EXIT);
	if (scratch)
		report_mapping(VD_MAPPED_EXIT, scratch, task, arguments[4]);
	return 0;
}
