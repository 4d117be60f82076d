/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * fork and exit of processes, and the iterator that tells of those that were there before.
 *
 * fork: raw_tp/sched_process_fork, after the child has its cgroup (also with clone3's CLONE_INTO_CGROUP) and before it
 * runs; threads are left out. exit: raw_tp/sched_process_exit; the thread whose decrement made signal->live zero is
 * the process's last. Two threads that exit at the same moment may both see zero, so the sensor takes the second
 * report of one exit as nothing new. iter/task: 5.8.
 */
SEC("raw_tp/sched_process_fork")
int vd_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *child = (void *)ctx->args[1];
	struct vd_fork record = {};
	struct pid *pid;

	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid) || !task_in_scope(child))
		return 0;
	fill_header(&record.header, VD_FORK, child);
	if (BPF_CORE_READ(child, flags) & PF_KTHREAD)
		record.header.flags |= VD_F_KERNEL_THREAD;
	task_reference(BPF_CORE_READ(child, real_parent), &record.parent);
	pid = BPF_CORE_READ(child, thread_pid);
	record.pid_in_namespace = pid_at_level(pid, pid_level(pid));
	record.mount_namespace = task_mount_namespace(child);
	record.clone_flags = clone_flags((void *)ctx->args[0], child);
	BPF_CORE_READ_STR_INTO(&record.comm, child, comm);
	keep_name(&record.header, record.comm, emit(&record, sizeof(record)));
	return 0;
}

SEC("raw_tp/sched_process_exit")
int vd_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct vd_exit record = {};

	if (BPF_CORE_READ(task, signal, live.counter) > 0 || !task_in_scope(task))
		return 0;
	fill_header(&record.header, VD_EXIT, task);
	record.exit_code = BPF_CORE_READ(task, exit_code);
	emit(&record, sizeof(record));
	forget_name(&record.header);
	return 0;
}

VD_SCRATCH(vd_process_scratch_map, struct vd_exec_scratch);

SEC("iter/task")
int vd_process(struct bpf_iter__task *ctx)
{
	struct seq_file *sequence = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct vd_exec_scratch *scratch;
	struct vd_exec *record;
	struct file *file;
	__u32 zero = 0, is_kernel_thread;
	int is_outside;
	__u64 bytes;

	if (!task || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	is_kernel_thread = BPF_CORE_READ(task, flags) & PF_KTHREAD;
	is_outside = !task_in_scope(task);
	/* whatever the scope, the loader must learn the host's mount namespace: made_by_runtime() compares with it */
	if (is_outside && !is_kernel_thread && BPF_CORE_READ(task, tgid) != 1)
		return 0;
	scratch = bpf_map_lookup_elem(&vd_process_scratch_map, &zero);
	if (!scratch)
		return 0;
	record = &scratch->record;
	__builtin_memset(record, 0, sizeof(*record));
	fill_header(&record->header, VD_PROCESS, task);
	record->header.flags = VD_F_PRESENT_AT_START | VD_F_ARGUMENTS_MISSING | (is_outside ? VD_F_OUTSIDE : 0);
	record->origin = VD_ORIGIN_NONE;
	fill_exec_task(record, task);
	bytes = 0;
	file = BPF_CORE_READ(task, mm, exe_file);
	if (is_kernel_thread) {
		record->header.flags |= VD_F_KERNEL_THREAD;
	} else if (file) {
		fill_exec_file(record, task, file);
		record->origin = file_origin(task, BPF_CORE_READ(file, f_inode));
		bytes = fill_exec_paths(scratch, task, file);
	}
	bytes += sizeof(*record);
	vd_opaque(bytes);
	if (bytes > sizeof(*scratch))
		return 0;
	bpf_seq_write(sequence, record, bytes);
	return 0;
}
