/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF object, configured and loaded with whatever this kernel refuses left out. The kernel follows every path through every program
 * in the thread that loads it, and that is nearly all of the time until we see: so the tables are made first, and then the object is
 * loaded twice on the same tables, one half of the programs each, at the same time. With one processor it is loaded once.
 */
#include "loader.h"
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HALVES 2

static struct half {
	struct loader *loader;
	struct bpf_object *object;
	struct bpf_object *tables;	/* which it shares */
	int error;
	char message[512];		/* the most precise reason there is for the error */
} halves[HALVES];
static int half_count;

/* Those that take the kernel half of the time that all take; the others are the first half. */
static const char *const second_half[] = { "vd_call", "vd_map", "vd_map_exit" };

/* libbpf's latest warning to this thread, and the program it was about. */
static __thread char last_message[512];
static __thread char refused_program[64];

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

/* The variable's place in the object's constants, found by name so that their order does not matter. */
static void set_constant(struct bpf_object *object, const char *name, const void *value, size_t bytes)
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
static bool is_isolation(const char *name)
{
	return !strncmp(name, "vd_isolate_", 11);
}

/* Configured, with the tables that will be made and no program yet. */
static struct bpf_object *open_object(const struct loader *loader, int *error)
{
	struct bpf_object *object = bpf_object__open_file(loader->options.object, NULL);
	uint32_t self = (uint32_t)getpid(), uid = loader->options.uid ? loader->options.uid : ~0u;
	struct bpf_program *program;
	struct bpf_map *map;

	if (!object) {
		*error = -errno;
		return NULL;
	}
	set_constant(object, "cfg_v1_hierarchy", &loader->v1_hierarchy, 4);
	set_constant(object, "cfg_scope_cgroup", &loader->scope_cgroup, 8);
	set_constant(object, "cfg_ring_bytes", &loader->options.ring_bytes, 4);
	set_constant(object, "cfg_every_open", &loader->options.every_open, 4);
	set_constant(object, "cfg_sensor_uid", &uid, 4);
	set_constant(object, "cfg_loader", &self, 4);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, false);
	bpf_object__for_each_map(map, object)
		bpf_map__set_autocreate(map, !is_isolation(bpf_map__name(map)));
	map = bpf_object__find_map_by_name(object, "vd_ring");
	*error = !map || bpf_map__set_max_entries(map, loader->options.ring_bytes) ? -EINVAL : 0;
	if (!*error)
		return object;
	bpf_object__close(object);
	return NULL;
}

static struct bpf_object *make_tables(const struct loader *loader, int *error)
{
	struct bpf_object *object = open_object(loader, error);

	if (!object)
		return NULL;
	*error = bpf_object__load(object);
	if (!*error)
		return object;
	bpf_object__close(object);
	return NULL;
}

/* Both were made from one file, so that the tables of both follow each other alike. */
static int share_tables(struct bpf_object *object, const struct bpf_object *tables)
{
	struct bpf_map *map, *made = NULL;
	int error;

	bpf_object__for_each_map(map, object) {
		made = bpf_object__next_map(tables, made);
		if (!made)
			return -EINVAL;
		if (!bpf_map__autocreate(map))
			continue;
		error = bpf_map__reuse_fd(map, bpf_map__fd(made));
		if (error)
			return error;
	}
	return 0;
}

static int half_of(const char *program)
{
	for (size_t i = 0; half_count > 1 && i < sizeof(second_half) / sizeof(second_half[0]); i++)
		if (!strcmp(second_half[i], program))
			return 1;
	return 0;
}

static int open_half(struct half *half)
{
	int error;

	half->object = open_object(half->loader, &error);
	if (!half->object)
		return error;
	for (int i = 0; i < hook_count; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(half->object, hooks[i].program);

		if (program && &halves[half_of(hooks[i].program)] == half)
			bpf_program__set_autoload(program, !hook_named(hooks[i].program)->reason[0]);
	}
	return share_tables(half->object, half->tables);
}

/* A program that the kernel refuses is left out with its reason, and the rest is tried again. */
static int try_half(struct half *half)
{
	for (int attempt = 0; attempt <= hook_count; attempt++) {
		struct hook *refused;
		int error = open_half(half);

		refused_program[0] = 0;
		if (!error)
			error = bpf_object__load(half->object);
		if (!error)
			return 0;
		refused = hook_named(refused_program);
		bpf_object__close(half->object);
		half->object = NULL;
		if (!refused || refused->reason[0])
			return error;
		snprintf(refused->reason, REASON_BYTES, "this kernel refuses it: %.150s", last_message);
	}
	return -ELOOP;
}

static void *load_half(void *argument)
{
	struct half *half = argument;

	half->error = try_half(half);
	snprintf(half->message, sizeof(half->message), "%s", last_message);
	return NULL;
}

/* Signals are the first thread's: one that tells us to stop must reach it wherever it waits. */
static void load_halves(void)
{
	sigset_t all, before;
	pthread_t second;
	bool aside = false;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (half_count > 1)
		aside = !pthread_create(&second, NULL, load_half, &halves[1]);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	load_half(&halves[0]);
	if (aside)
		pthread_join(second, NULL);
	else if (half_count > 1)
		load_half(&halves[1]);
}

static int refuse(char why[REASON_BYTES], int error, const char *message)
{
	snprintf(why, REASON_BYTES, "the kernel programs cannot be loaded (%s): %.120s", strerror(-error), message);
	programs_close();
	return error;
}

/* Returns 0, or a negative errno with the reason in words. */
int programs_load(struct loader *loader, char why[REASON_BYTES])
{
	int error;
	struct bpf_object *tables;

	libbpf_set_print(on_message);
	half_count = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? HALVES : 1;
	tables = make_tables(loader, &error);
	if (!tables)
		return refuse(why, error, last_message);
	for (int i = 0; i < half_count; i++)
		halves[i] = (struct half){ .loader = loader, .tables = tables };
	load_halves();
	bpf_object__close(tables);
	for (int i = 0; i < half_count; i++)
		if (halves[i].error)
			return refuse(why, halves[i].error, halves[i].message);
	return 0;
}

void programs_close(void)
{
	for (int i = 0; i < half_count; i++) {
		bpf_object__close(halves[i].object);
		halves[i].object = NULL;
	}
}

/* NULL: the kernel refused it. */
struct bpf_program *loaded_program(const char *name)
{
	struct bpf_object *object = halves[half_of(name)].object;
	struct bpf_program *program = object ? bpf_object__find_program_by_name(object, name) : NULL;

	return program && bpf_program__fd(program) >= 0 ? program : NULL;
}

int probe_map_fd(const char *name)
{
	return halves[0].object ? bpf_object__find_map_fd_by_name(halves[0].object, name) : -1;
}
