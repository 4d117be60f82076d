/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * cgroups made, removed and joined: raw_tp/cgroup_mkdir, cgroup_rmdir, cgroup_attach_task (5.5 for the path). mkdir
 * fires before the directory is visible, so the decision for a container is in its place before its first process.
 * Only the v2 hierarchy and the v1 hierarchy of the pids controller are reported. Misses: cgroups made before the
 * sensor started, which the sensor reads from the file system.
 */
VD_SCRATCH(vd_cgroup_scratch_map, struct vd_cgroup_scratch);

static __always_inline int is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/*
 * Is the last component 64 hex digits, or something-<64 hex digits>.scope? That is how every runtime but a bare runc
 * names a container's cgroup (docker, containerd's and CRI-O's scopes, podman, Kubernetes with cgroupfs). 32 digits are
 * not enough: plenty of other things are named so. `bytes` counts the ending NUL.
 */
static __always_inline int named_as_container(const char *name, long bytes)
{
	__u32 start = 0;

	if (bytes != 65) {
		if (bytes < 73 || bytes > 127)
			return 0;
		start = bytes - 71;	/* 64 digits, ".scope", NUL */
		if (name[(start - 1) & 127] != '-' || name[(start + 64) & 127] != '.' || name[(start + 65) & 127] != 's')
			return 0;
	}
	for (__u32 i = 0; i < 64; i++) {
		if (!is_hex(name[(start + i) & 127]))
			return 0;
	}
	return 1;
}

/* A low-level runtime on the host makes cgroups for containers and for nothing else, whatever their names. */
static __always_inline int made_by_runtime(const struct vd_cgroup *record, struct task_struct *task)
{
	const char *comm = record->comm;

	if (task_mount_namespace(task) != switch_value(VD_SWITCH_HOST_MOUNTS))
		return 0;
	return (comm[0] == 'r' && comm[1] == 'u' && comm[2] == 'n' && comm[3] == 'c' && (!comm[4] || comm[4] == ':')) ||
	       (comm[0] == 'c' && comm[1] == 'r' && comm[2] == 'u' && comm[3] == 'n' && !comm[4]);
}

static __always_inline int report_cgroup(struct cgroup *cgroup, const char *path, __u16 kind, struct task_struct *subject,
					 struct vd_cgroup_scratch *scratch)
{
	struct vd_cgroup *record = &scratch->record;
	__u64 bit = BPF_CORE_READ(cgroup, root, hierarchy_id) ? 0 : VD_CGROUP_V2;
	long length;

	record->hierarchy = BPF_CORE_READ(cgroup, root, hierarchy_id);
	fill_header(&record->header, kind, subject);
	record->cgroup = BPF_CORE_READ(cgroup, kn, id) | bit;
	record->parent = BPF_CORE_READ(cgroup, self.parent, cgroup, kn, id) | bit;
	record->container = 0;
	record->pad = 0;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	length = bpf_probe_read_kernel_str(scratch->data, VD_PATH_BYTES_MAX, path);
	if (length < 0)
		length = 0;
	if (length == VD_PATH_BYTES_MAX)
		record->header.flags |= VD_F_PATH_TRUNCATED;
	record->path_bytes = length;
	return length;
}

static __always_inline void submit_cgroup(struct vd_cgroup_scratch *scratch)
{
	__u64 bytes = sizeof(scratch->record) + scratch->record.path_bytes;

	vd_opaque(bytes);
	if (bytes > sizeof(*scratch))
		return;
	emit(&scratch->record, bytes);
}

/* Is it in one of the two hierarchies we follow (0 is the unified one), and inside our scope? */
static __always_inline int cgroup_wanted(struct cgroup *cgroup)
{
	int hierarchy = BPF_CORE_READ(cgroup, root, hierarchy_id);
	__u64 scope_bit = hierarchy ? 0 : VD_CGROUP_V2;

	if (hierarchy && hierarchy != cfg_v1_hierarchy)
		return 0;
	if (!cfg_scope_cgroup)
		return 1;
	return (cfg_scope_cgroup & VD_CGROUP_V2) == scope_bit && cgroup_in_scope(cgroup);
}

SEC("raw_tp/cgroup_mkdir")
int vd_cgroup_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	struct cgroup *cgroup = (void *)ctx->args[0];
	struct task_struct *task = (void *)bpf_get_current_task();
	struct vd_decision *inherited, *pending, fresh;
	struct vd_cgroup_scratch *scratch;
	__u32 zero = 0;
	char name[128] = {};
	long bytes;
	__u64 key;

	if (!cgroup_wanted(cgroup))
		return 0;
	scratch = bpf_map_lookup_elem(&vd_cgroup_scratch_map, &zero);
	if (!scratch)
		return 0;
	report_cgroup(cgroup, (const char *)ctx->args[1], VD_CGROUP_CREATE, task, scratch);
	key = scratch->record.parent;
	inherited = bpf_map_lookup_elem(&vd_decisions, &key);
	key = scratch->record.cgroup;
	bytes = bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(cgroup, kn, name));
	if (made_by_runtime(&scratch->record, task) || (!inherited && named_as_container(name, bytes))) {
		pending = bpf_map_lookup_elem(&vd_pending, &zero);
		if (pending) {
			__builtin_memcpy(&fresh, pending, sizeof(fresh));
			fresh.flags = VD_D_CONTAINER | VD_D_PENDING;
			bpf_map_update_elem(&vd_decisions, &key, &fresh, BPF_ANY);
		}
		scratch->record.container = 1;
	} else if (inherited) {
		/* a cgroup made inside a container: its processes stay under the container's decision */
		__builtin_memcpy(&fresh, inherited, sizeof(fresh));
		bpf_map_update_elem(&vd_decisions, &key, &fresh, BPF_ANY);
	}
	submit_cgroup(scratch);
	return 0;
}

SEC("raw_tp/cgroup_rmdir")
int vd_cgroup_rmdir(struct bpf_raw_tracepoint_args *ctx)
{
	struct cgroup *cgroup = (void *)ctx->args[0];
	struct vd_cgroup_scratch *scratch;
	__u32 zero = 0;
	__u64 key;

	if (!cgroup_wanted(cgroup))
		return 0;
	scratch = bpf_map_lookup_elem(&vd_cgroup_scratch_map, &zero);
	if (!scratch)
		return 0;
	report_cgroup(cgroup, (const char *)ctx->args[1], VD_CGROUP_REMOVE, (void *)bpf_get_current_task(), scratch);
	key = scratch->record.cgroup;
	bpf_map_delete_elem(&vd_decisions, &key);
	submit_cgroup(scratch);
	return 0;
}

SEC("raw_tp/cgroup_attach_task")
int vd_cgroup_attach(struct bpf_raw_tracepoint_args *ctx)
{
	struct cgroup *cgroup = (void *)ctx->args[0];
	struct task_struct *task = (void *)ctx->args[2];
	struct vd_cgroup_scratch *scratch;
	__u32 zero = 0;

	if (!cgroup_wanted(cgroup) || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	scratch = bpf_map_lookup_elem(&vd_cgroup_scratch_map, &zero);
	if (!scratch)
		return 0;
	report_cgroup(cgroup, (const char *)ctx->args[1], VD_CGROUP_ATTACH, task, scratch);
	submit_cgroup(scratch);
	return 0;
}
