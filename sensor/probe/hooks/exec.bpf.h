/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * exec: raw_tp/sched_process_exec (raw tracepoints: 4.17). It runs in the new program's context after the point of no
 * return and before its first user instruction, so a SIGKILL queued here lets nothing of it run. Misses: a failed
 * execve (nothing was executed); for a script, path is the interpreter and filename the script.
 */
VD_SCRATCH(vd_exec_scratch_map, struct vd_exec_scratch);

/* The verdict, before anything else: what follows is only the report. */
static __always_inline void judge(struct vd_exec *record, const struct vd_decision *decision)
{
	__u32 bit = 1u << (record->origin & (VD_ORIGIN_MAX - 1));
	__u32 slot = record->origin & (VD_ORIGIN_MAX - 1);

	record->policy_generation = decision->generation;
	if (decision->kill_origins & bit) {
		record->rule = decision->kill_rule[slot];
		if (switch_value(VD_SWITCH_ENFORCE_OFF)) {
			record->verdict = VD_VERDICT_SHADOW;
			return;
		}
		record->verdict = bpf_send_signal(SIGKILL) ? VD_VERDICT_KILL_FAILED : VD_VERDICT_KILLED;
	} else if (decision->shadow_origins & bit) {
		record->rule = decision->shadow_rule[slot];
		record->verdict = VD_VERDICT_SHADOW;
	}
}

static __always_inline void fill_exec_task(struct vd_exec *record, struct task_struct *task)
{
	struct task_struct *leader = task_leader(task), *parent = BPF_CORE_READ(leader, real_parent);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	__u32 level = pid_level(pid);

	task_reference(parent, &record->parent);
	record->cap_effective = capabilities(cred, 1);
	record->cap_permitted = capabilities(cred, 0);
	record->gid = BPF_CORE_READ(cred, gid.val);
	record->container_uid = uid_in_namespace(cred, record->header.uid);
	record->login_uid = bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : 0xffffffff;
	record->pid_in_namespace = pid_at_level(pid, level);
	record->pid_namespace = pid_namespace_of(pid, level);
	record->parent_pid_in_namespace = 0;
	pid = BPF_CORE_READ(parent, group_leader, thread_pid);
	if (pid_namespace_of(pid, level) == record->pid_namespace)
		record->parent_pid_in_namespace = pid_at_level(pid, level);
	record->session_id = pid_at_level(BPF_CORE_READ(leader, signal, pids[PIDTYPE_SID]), 0);
	record->process_group = pid_at_level(BPF_CORE_READ(leader, signal, pids[PIDTYPE_PGID]), 0);
	record->environment_bytes = 0;
	record->pad = 0;
	record->terminal = task_terminal(leader);
	record->mount_namespace = task_mount_namespace(task);
	BPF_CORE_READ_STR_INTO(&record->comm, task, comm);
}

static __always_inline void fill_exec_file(struct vd_exec *record, struct task_struct *task, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	record->inode = BPF_CORE_READ(inode, i_ino);
	record->size = BPF_CORE_READ(inode, i_size);
	record->ctime_ns = inode_ctime_ns(inode);
	record->device = BPF_CORE_READ(inode, i_sb, s_dev);
	record->magic = BPF_CORE_READ(inode, i_sb, s_magic);
	record->root_magic = BPF_CORE_READ(task, fs, root.dentry, d_sb, s_magic);
	if (!BPF_CORE_READ(inode, i_nlink))
		record->header.flags |= VD_F_UNLINKED;
}

/* Path and working directory. Returns the number of bytes written behind the record. */
static __always_inline __u32 fill_exec_paths(struct vd_exec_scratch *scratch, struct task_struct *task, struct file *file)
{
	struct vd_exec *record = &scratch->record;
	__u32 bytes;

	path_components(BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), scratch->data,
			&record->path_bytes, &record->header.flags);
	bytes = *(volatile __u16 *)&record->path_bytes;
	if (bytes > VD_PATH_BYTES_MAX)
		return 0;
	path_components(BPF_CORE_READ(task, fs, pwd.mnt), BPF_CORE_READ(task, fs, pwd.dentry), scratch->data + bytes,
			&record->directory_bytes, &record->header.flags);
	return *(volatile __u16 *)&record->path_bytes + *(volatile __u16 *)&record->directory_bytes;
}

static __always_inline __u32 fill_arguments(struct vd_exec *record, struct task_struct *task, char *out)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start), end = BPF_CORE_READ(task, mm, arg_end);
	__u64 bytes = end - start;

	if (end <= start)
		return 0;
	if (bytes > VD_ARGUMENT_BYTES_MAX - 1) {
		bytes = VD_ARGUMENT_BYTES_MAX - 1;
		record->header.flags |= VD_F_ARGUMENTS_TRUNCATED;
	}
	vd_opaque(bytes);
	bytes &= VD_ARGUMENT_BYTES_MAX - 1;
	if (bpf_probe_read_user(out, bytes, (void *)start)) {
		record->header.flags |= VD_F_ARGUMENTS_MISSING;
		return 0;
	}
	return bytes;
}

static __always_inline int environment_wanted(void)
{
	return kind_wanted(0);
}

/* The first 4 KiB; what lies behind is not read. */
static __always_inline __u32 fill_environment(struct vd_exec *record, struct task_struct *task, char *out)
{
	unsigned long start = BPF_CORE_READ(task, mm, env_start), end = BPF_CORE_READ(task, mm, env_end);
	__u64 bytes = end - start;

	if (end <= start || !environment_wanted())
		return 0;
	if (bytes > VD_ARGUMENT_BYTES_MAX - 1)
		bytes = VD_ARGUMENT_BYTES_MAX - 1;
	vd_opaque(bytes);
	bytes &= VD_ARGUMENT_BYTES_MAX - 1;
	return bpf_probe_read_user(out, bytes, (void *)start) ? 0 : bytes;
}

SEC("raw_tp/sched_process_exec")
int vd_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct linux_binprm *binary = (void *)ctx->args[2];
	struct file *file = BPF_CORE_READ(binary, file);
	const char *filename = BPF_CORE_READ(binary, filename);
	struct vd_exec_scratch *scratch;
	struct vd_decision *decision;
	struct vd_exec *record;
	__u32 zero = 0;
	__u64 bytes;
	long length;

	if (!task_in_scope(task))
		return 0;
	scratch = bpf_map_lookup_elem(&vd_exec_scratch_map, &zero);
	if (!scratch)
		return 0;
	record = &scratch->record;
	fill_header(&record->header, VD_EXEC, task);
	record->rule = 0;
	record->policy_generation = 0;
	record->verdict = VD_VERDICT_NONE;
	record->origin = VD_ORIGIN_HOST;
	decision = decision_of(&record->header);
	if (decision && (decision->flags & VD_D_CONTAINER)) {
		/* a runtime sets the container up from the host's mount namespace: its stages are life lines */
		if (task_mount_namespace(task) == switch_value(VD_SWITCH_HOST_MOUNTS)) {
			record->header.flags |= VD_F_HOST_MOUNTS;
		} else {
			record->origin = file_origin(task, BPF_CORE_READ(file, f_inode));
			judge(record, decision);
		}
	}
	fill_exec_task(record, task);
	fill_exec_file(record, task, file);
	if (filename != BPF_CORE_READ(binary, interp))
		record->header.flags |= VD_F_SCRIPT;
	bytes = fill_exec_paths(scratch, task, file);
	vd_opaque(bytes);
	bytes &= VD_PATH_BYTES_MAX * 4 - 1;
	length = bpf_probe_read_kernel_str(scratch->data + bytes, VD_NAME_BYTES_MAX, filename);
	if (length < 0)
		length = 0;
	if (length == VD_NAME_BYTES_MAX)
		record->header.flags |= VD_F_NAME_TRUNCATED;
	record->filename_bytes = length;
	bytes += length & (VD_NAME_BYTES_MAX * 2 - 1);
	vd_opaque(bytes);
	if (bytes > VD_SCRATCH_DATA)
		return 0;
	length = fill_arguments(record, task, scratch->data + bytes);
	record->argument_bytes = length;
	bytes += length & (VD_ARGUMENT_BYTES_MAX - 1);
	vd_opaque(bytes);
	if (bytes > VD_SCRATCH_DATA)
		return 0;
	length = fill_environment(record, task, scratch->data + bytes);
	record->environment_bytes = length;
	bytes += sizeof(*record) + length;
	vd_opaque(bytes);
	if (bytes > sizeof(*scratch))
		return 0;
	keep_name(&record->header, record->comm, emit(record, bytes));
	return 0;
}
