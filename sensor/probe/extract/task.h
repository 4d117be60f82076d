/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Facts about a task: which process and execution it is, where it stands, who it runs as. Reads only. */
#ifndef VEDETTE_EXTRACT_TASK_H
#define VEDETTE_EXTRACT_TASK_H

static __always_inline struct task_struct *task_leader(struct task_struct *task)
{
	return VD_GET(task_struct, task, group_leader);
}

static __always_inline __u64 task_start(struct task_struct *task)
{
	struct task_struct *leader = task_leader(task);

	return VD_GET(task_struct, leader, start_boottime);
}

/* Only a few bits of self_exec_id are ever used; 32 of them make an execution distinct within its process. */
static __always_inline void task_reference(struct task_struct *task, struct vd_reference *reference)
{
	reference->tgid = VD_GET(task_struct, task, tgid);
	reference->start_boot_ns = task_start(task);
	reference->exec_id = (__u32)VD_GET(task_struct, task, self_exec_id);
}

/*
 * Cgroup keys of a task. v1: its cgroup in the hierarchy of the pids controller, which every container runtime uses.
 * v2: its cgroup in the default hierarchy, also on hybrid hosts, where it stands beside the v1 controllers.
 */
static __always_inline __u64 cgroup_id(struct cgroup *cgroup)
{
	struct kernfs_node *node = VD_GET(cgroup, cgroup, kn);

	return VD_GET(kernfs_node, node, id);
}

static __always_inline __u64 task_cgroup_v1(struct task_struct *task)
{
	struct css_set *set = VD_GET(task_struct, task, cgroups);
	struct cgroup_subsys_state *state;

	if (!cfg_v1_hierarchy)
		return 0;
	state = pointer_at(&set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id)]);
	return cgroup_id(VD_GET(cgroup_subsys_state, state, cgroup));
}

static __always_inline __u64 task_cgroup_v2(struct task_struct *task)
{
	struct css_set *set = VD_GET(task_struct, task, cgroups);

	return cgroup_id(VD_GET(css_set, set, dfl_cgrp)) | VD_CGROUP_V2;
}

static __always_inline struct cgroup *task_cgroup_in(struct task_struct *task, int v2)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *state = 0;

	if (v2)
		return BPF_CORE_READ(set, dfl_cgrp);
	bpf_core_read(&state, sizeof(state), &set->subsys[bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id)]);
	return BPF_CORE_READ(state, cgroup);
}

/*
 * Is the task in the cgroup this sensor is limited to, or below it? Walks at most 12 levels towards the root: deeper
 * nesting below the scope than that is not seen, and a scoped sensor is for tests and for hosts shared by sensors.
 */
static __always_inline int cgroup_in_scope(struct cgroup *cgroup)
{
	__u64 wanted = cfg_scope_cgroup & ~VD_CGROUP_V2;

	for (int level = 0; level < 12; level++) {
		if (!cgroup)
			return 0;
		if (BPF_CORE_READ(cgroup, kn, id) == wanted)
			return 1;
		cgroup = BPF_CORE_READ(cgroup, self.parent, cgroup);
	}
	return 0;
}

static __always_inline int task_in_scope(struct task_struct *task)
{
	if (!cfg_scope_cgroup)
		return 1;
	return cgroup_in_scope(task_cgroup_in(task, (cfg_scope_cgroup & VD_CGROUP_V2) != 0));
}

static __always_inline __u32 task_mount_namespace(struct task_struct *task)
{
	struct nsproxy *spaces = VD_GET(task_struct, task, nsproxy);
	struct mnt_namespace *mounts = VD_GET(nsproxy, spaces, mnt_ns);

	return VD_GET(mnt_namespace, mounts, ns.inum);
}

/* Does memory of this protection become executable? To a process of that personality everything that it may read does. */
static __always_inline int makes_executable(struct task_struct *task, __u64 protection)
{
	return (protection & PROT_EXEC) || ((protection & PROT_READ) && (BPF_CORE_READ(task, personality) & READ_IMPLIES_EXEC));
}

/* The pid at one level of nesting; 0 when the task is not visible there. */
static __always_inline __u32 pid_at_level(struct pid *pid, __u32 level)
{
	__u32 own_level = BPF_CORE_READ(pid, level), number = 0;
	char *numbers = (char *)pid + bpf_core_field_offset(struct pid, numbers);

	if (!pid || level > own_level || level > 32)
		return 0;
	bpf_probe_read_kernel(&number, sizeof(number), numbers + level * bpf_core_type_size(struct upid));
	return number;
}

static __always_inline __u32 pid_level(struct pid *pid)
{
	return BPF_CORE_READ(pid, level);
}

static __always_inline __u32 pid_namespace_of(struct pid *pid, __u32 level)
{
	struct pid_namespace *namespace = 0;
	char *numbers = (char *)pid + bpf_core_field_offset(struct pid, numbers);

	if (level > 32)
		return 0;
	bpf_probe_read_kernel(&namespace, sizeof(namespace),
			      numbers + level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, ns));
	return BPF_CORE_READ(namespace, ns.inum);
}

/*
 * What a child shares with its parent and what it has for itself, as the flags that clone would be asked with: from the two tasks, so it
 * holds for every way to make a process, and nobody can change it meanwhile.
 */
static __always_inline __u32 clone_flags(struct task_struct *parent, struct task_struct *child)
{
	struct nsproxy *before = VD_GET(task_struct, parent, nsproxy), *after = VD_GET(task_struct, child, nsproxy);
	__u32 flags = 0, level = pid_level(VD_GET(task_struct, child, thread_pid));

	if (VD_GET(task_struct, parent, mm) == VD_GET(task_struct, child, mm))
		flags |= 0x100;
	if (VD_GET(task_struct, parent, fs) == VD_GET(task_struct, child, fs))
		flags |= 0x200;
	if (VD_GET(task_struct, parent, files) == VD_GET(task_struct, child, files))
		flags |= 0x400;
	if (BPF_CORE_READ(parent, cred, user_ns) != BPF_CORE_READ(child, cred, user_ns))
		flags |= 0x10000000;
	if (level > pid_level(VD_GET(task_struct, parent, thread_pid)))
		flags |= 0x20000000;
	if (before == after)
		return flags;
	if (VD_GET(nsproxy, before, mnt_ns) != VD_GET(nsproxy, after, mnt_ns))
		flags |= 0x20000;
	if (VD_GET(nsproxy, before, cgroup_ns) != VD_GET(nsproxy, after, cgroup_ns))
		flags |= 0x02000000;
	if (VD_GET(nsproxy, before, uts_ns) != VD_GET(nsproxy, after, uts_ns))
		flags |= 0x04000000;
	if (VD_GET(nsproxy, before, ipc_ns) != VD_GET(nsproxy, after, ipc_ns))
		flags |= 0x08000000;
	if (VD_GET(nsproxy, before, net_ns) != VD_GET(nsproxy, after, net_ns))
		flags |= 0x40000000;
	return flags;
}

/* The user id as the process itself sees it: its namespace's map, which holds at most five extents inline. */
static __always_inline __u32 uid_in_namespace(const struct cred *cred, __u32 uid)
{
	struct user_namespace *namespace = BPF_CORE_READ(cred, user_ns);
	__u32 extents;

	if (!BPF_CORE_READ(namespace, level))
		return uid;
	extents = BPF_CORE_READ(namespace, uid_map.nr_extents);
	for (__u32 i = 0; i < 5; i++) {
		__u32 first = BPF_CORE_READ(namespace, uid_map.extent[i].first);
		__u32 lower = BPF_CORE_READ(namespace, uid_map.extent[i].lower_first);
		__u32 count = BPF_CORE_READ(namespace, uid_map.extent[i].count);

		if (i >= extents)
			break;
		if (uid >= lower && uid - lower < count)
			return first + (uid - lower);
	}
	return 65534;
}

static __always_inline __u64 capabilities(const struct cred *cred, int effective)
{
	__u64 set = 0;

	/* one 64-bit word since 6.3, two 32-bit words before: the same bytes on little endian */
	if (effective)
		bpf_probe_read_kernel(&set, sizeof(set), (char *)cred + bpf_core_field_offset(struct cred, cap_effective));
	else
		bpf_probe_read_kernel(&set, sizeof(set), (char *)cred + bpf_core_field_offset(struct cred, cap_permitted));
	return set;
}

static __always_inline __u32 task_terminal(struct task_struct *task)
{
	struct tty_struct *terminal = BPF_CORE_READ(task, signal, tty);

	if (!terminal)
		return 0;
	return (__u32)BPF_CORE_READ(terminal, driver, major) << 20 |
	       ((BPF_CORE_READ(terminal, driver, minor_start) + BPF_CORE_READ(terminal, index)) & 0xfffff);
}

#endif
