/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF object: configured, loaded with whatever this kernel refuses left out, attached program by program. What is
 * left out keeps its reason, and the sensor shows it: a missing hook is a fact about coverage, not a failure to start.
 */
#include "loader.h"
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct bpf_object *object;
static struct bpf_link *snapshot_link;
static char last_message[512];		/* libbpf's latest warning: the most precise reason there is */
static char refused_program[64];

static int on_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[512], name[64];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = 0;
	if (sscanf(text, "libbpf: prog '%63[^']': ", name) == 1 && strstr(text, "failed to load")) {
		snprintf(refused_program, sizeof(refused_program), "%s", name);
		return 0;
	}
	if (!strstr(text, "BEGIN PROG LOAD LOG") && !strstr(text, "END PROG LOAD LOG"))
		snprintf(last_message, sizeof(last_message), "%s", strncmp(text, "libbpf: ", 8) ? text : text + 8);
	return 0;
}

static struct hook *hook_named(const char *program)
{
	for (int i = 0; i < hook_count; i++)
		if (!strcmp(hooks[i].program, program))
			return &hooks[i];
	return NULL;
}

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

/* The variable's place in the object's constants, found by name so that their order does not matter. */
static void set_constant(const char *name, const void *value, size_t bytes)
{
	struct bpf_map *constants = bpf_object__find_map_by_name(object, ".rodata");
	const struct btf *types = bpf_object__btf(object);
	int section = types ? btf__find_by_name_kind(types, ".rodata", BTF_KIND_DATASEC) : -1;
	const struct btf_type *type = section < 0 ? NULL : btf__type_by_id(types, (uint32_t)section);
	size_t size = 0;
	char *data = NULL;

	if (!constants || !type)
		return;
	data = (char *)(uintptr_t)bpf_map__initial_value(constants, &size);
	for (int i = 0; data && i < btf_vlen(type); i++) {
		const struct btf_var_secinfo *variable = btf_var_secinfos(type) + i;
		const struct btf_type *named = btf__type_by_id(types, variable->type);

		if (!strcmp(btf__name_by_offset(types, named->name_off), name) && variable->offset + bytes <= size)
			memcpy(data + variable->offset, value, bytes);
	}
}

/* Its programs and tables come with each isolation that is asked for (isolate.c). */
static void leave_out_isolation(void)
{
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_program(program, object)
		if (!strncmp(bpf_program__name(program), "vd_isolate_", 11))
			bpf_program__set_autoload(program, false);
	bpf_object__for_each_map(map, object)
		if (!strncmp(bpf_map__name(map), "vd_isolate_", 11))
			bpf_map__set_autocreate(map, false);
}

static int open_object(struct loader *loader)
{
	struct bpf_map *ring;
	uint32_t self = (uint32_t)getpid(), uid = loader->options.uid ? loader->options.uid : ~0u;

	object = bpf_object__open_file(loader->options.object, NULL);
	if (!object)
		return -errno;
	set_constant("cfg_v1_hierarchy", &loader->v1_hierarchy, 4);
	set_constant("cfg_scope_cgroup", &loader->scope_cgroup, 8);
	set_constant("cfg_ring_bytes", &loader->options.ring_bytes, 4);
	set_constant("cfg_every_open", &loader->options.every_open, 4);
	set_constant("cfg_sensor_uid", &uid, 4);
	set_constant("cfg_loader", &self, 4);
	ring = bpf_object__find_map_by_name(object, "vd_ring");
	if (!ring || bpf_map__set_max_entries(ring, loader->options.ring_bytes))
		return -EINVAL;
	leave_out_isolation();
	for (int i = 0; i < hook_count; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(object, hooks[i].program);

		if (program && hooks[i].reason[0])
			bpf_program__set_autoload(program, false);
	}
	return 0;
}

/* Loads; a program that the kernel refuses is left out with its reason, and the rest is tried again. */
static int load_object(struct loader *loader)
{
	for (int attempt = 0; attempt <= hook_count; attempt++) {
		struct hook *refused;
		int error = open_object(loader);

		if (error)
			return error;
		refused_program[0] = 0;
		error = bpf_object__load(object);
		if (!error)
			return 0;
		refused = hook_named(refused_program);
		bpf_object__close(object);
		object = NULL;
		if (!refused || refused->reason[0])
			return error;
		snprintf(refused->reason, REASON_BYTES, "this kernel refuses it: %.150s", last_message);
	}
	return -ELOOP;
}

/* Puts the program behind the hook that every call passes. Returns 0, or a negative errno. */
static int put_through(const struct bpf_program *program, uint32_t slot)
{
	uint32_t fd = (uint32_t)bpf_program__fd(program);
	int map = bpf_object__find_map_fd_by_name(object, "vd_exits");

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
		struct bpf_program *program = bpf_object__find_program_by_name(object, hooks[i].program);
		const struct hook *first = hook_named(hooks[i].program);

		if (first != &hooks[i]) {
			hooks[i].attached = first->attached;
			memcpy(hooks[i].reason, first->reason, REASON_BYTES);
		} else if (program && bpf_program__autoload(program)) {
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
	libbpf_set_print(on_message);
	if (geteuid() != 0)
		return fail(loader, "not started as root: kernel programs need CAP_BPF and CAP_PERFMON");
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return fail(loader, "this kernel has no BTF (/sys/kernel/btf/vmlinux): it was built without CONFIG_DEBUG_INFO_BTF");
	error = load_object(loader);
	if (error) {
		snprintf(why, sizeof(why), "the kernel programs cannot be loaded (%s): %.120s", strerror(-error), last_message);
		return fail(loader, why);
	}
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

void probe_close(void)
{
	bpf_object__close(object);
	object = NULL;
}

int probe_map_fd(const char *name)
{
	return object ? bpf_object__find_map_fd_by_name(object, name) : -1;
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
	struct bpf_program *program = object ? bpf_object__find_program_by_name(object, "vd_call_enter") : NULL;

	return program && bpf_program__fd(program) >= 0 ? entries_attach(program, kinds) : 0;
}

/* Runs that the kernel skipped because the program was already running on that processor. */
static uint64_t missed_runs(const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (!program || bpf_program__fd(program) < 0 || bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
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
