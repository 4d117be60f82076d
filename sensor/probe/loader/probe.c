/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel programs, once they are loaded (load.c): attached one by one, and their counters read. What is left out keeps its
 * reason, and the sensor shows it: a missing hook is a fact about coverage, not a failure to start.
 */
#include "loader.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct bpf_link *snapshot_link;

/* Is there another sensor's exec program in this kernel? Programs are seen across containers and file systems. */
bool probe_other_sensor(void)
{
	uint32_t id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		bool ours = !bpf_obj_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, "vd_exec");

		close(fd);
		if (ours)
			return true;
	}
	return false;
}

/* Puts the program behind the hook that every call passes. Returns 0, or a negative errno. */
static int put_through(const struct bpf_program *program, uint32_t slot)
{
	uint32_t fd = (uint32_t)bpf_program__fd(program);
	int map = probe_map_fd("vd_exits");

	return bpf_map_update_elem(map, &slot, &fd, BPF_ANY) ? -errno : 0;
}

static void attach(struct hook *hook, struct bpf_program *program)
{
	struct bpf_link *link = NULL;
	int error = 0;

	if (hook->through)
		error = put_through(program, hook->through - 1);
	else if (hook->entries)
		error = entries_attach(program, interests_kinds());
	else if (!(link = bpf_program__attach(program)))
		error = -errno;
	if (error) {
		snprintf(hook->reason, REASON_BYTES, error == -ENOENT ? "this kernel or architecture has no such hook" : "cannot be attached: %s", strerror(-error));
		return;
	}
	hook->attached = true;
	if (!strcmp(hook->program, "vd_process"))
		snapshot_link = link;
}

/* Several classes can be one program's: it is attached once, and what became of it is said of each. */
static void attach_all(void)
{
	for (int i = 0; i < hook_count; i++) {
		struct bpf_program *program = loaded_program(hooks[i].program);
		const struct hook *first = hook_named(hooks[i].program);

		if (first != &hooks[i]) {
			hooks[i].attached = first->attached;
			memcpy(hooks[i].reason, first->reason, REASON_BYTES);
		} else if (program) {
			attach(&hooks[i], program);
		}
	}
}

static int fail(struct loader *loader, const char *why)
{
	snprintf(loader->problem, REASON_BYTES, "%s", why);
	for (int i = 0; i < hook_count; i++)
		if (!hooks[i].reason[0])
			snprintf(hooks[i].reason, REASON_BYTES, "%s", why);
	return -1;
}

int probe_load(struct loader *loader)
{
	char why[REASON_BYTES];
	int error;

	loader->hooks = hooks;
	loader->hook_count = hook_count;
	if (geteuid() != 0)
		return fail(loader, "not started as root: kernel programs need CAP_BPF and CAP_PERFMON");
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return fail(loader, "this kernel has no BTF (/sys/kernel/btf/vmlinux): it was built without CONFIG_DEBUG_INFO_BTF");
	if (programs_load(loader, why))
		return fail(loader, why);
	error = interests_begin();
	if (error) {
		snprintf(why, sizeof(why), "the table of what is wanted cannot be made: %s", strerror(-error));
		return fail(loader, why);
	}
	attach_all();
	loader->loaded = true;
	loader->host_mount_namespace = frame_host_mount_namespace();
	probe_set_switch(3, loader->host_mount_namespace);
	error = ring_map(loader);
	if (error) {
		loader->loaded = false;
		return fail(loader, "the ring buffer cannot be mapped");
	}
	return 0;
}

int probe_snapshot_fd(void)
{
	return snapshot_link ? bpf_iter_create(bpf_link__fd(snapshot_link)) : -1;
}

int probe_set_switch(uint32_t index, uint32_t value)
{
	int map = probe_map_fd("vd_switches");

	return map < 0 ? -ENODEV : bpf_map_update_elem(map, &index, &value, BPF_ANY);
}

/* Follows what is wanted: only the entries of wanted calls are watched. */
int probe_watch_entries(uint64_t kinds)
{
	struct bpf_program *program = loaded_program("vd_call_enter");

	return program ? entries_attach(program, kinds) : 0;
}

/* Runs that the kernel skipped because the program was already running on that processor. */
static uint64_t missed_runs(const char *name)
{
	struct bpf_program *program = loaded_program(name);
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (!program || bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return 0;
	return info.recursion_misses;
}

int probe_counters(struct vd_tick *tick)
{
	static struct { uint64_t seen[VD_KIND_MAX], lost[VD_KIND_MAX][VD_CAUSE_MAX]; } *each;
	int map = probe_map_fd("vd_counts"), processors = libbpf_num_possible_cpus();
	uint32_t zero = 0;

	if (processors < 1)
		return -EINVAL;
	if (!each)
		each = calloc((size_t)processors, sizeof(*each));
	if (!each || bpf_map_lookup_elem(map, &zero, each))
		return -errno;
	for (int cpu = 0; cpu < processors; cpu++)
		for (int kind = 0; kind < VD_KIND_MAX; kind++) {
			tick->seen[kind] += each[cpu].seen[kind];
			for (int cause = 0; cause < VD_CAUSE_MAX; cause++)
				tick->lost[kind][cause] += each[cpu].lost[kind][cause];
		}
	for (int i = 0; i < hook_count; i++)
		if (hook_named(hooks[i].program) == &hooks[i])
			tick->lost[hooks[i].kind][VD_LOST_MISSED] += missed_runs(hooks[i].program);
	return 0;
}
