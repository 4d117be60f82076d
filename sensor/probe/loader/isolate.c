/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's connections cut off by cgroup programs (hooks/isolate.bpf.h) on its own cgroup in the unified hierarchy.
 * Each isolation is an instance of the programs with its own list of allowed peers, loaded when it is asked for and gone
 * with the last descriptor: when it is taken back, when the dead man acts, when this loader dies. A new list replaces
 * the old one without a moment in between. Refused where some process of the container is not in that cgroup: half an isolation is none.
 */
#include "effect.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ISOLATIONS_MAX 256

static const struct { const char *program, *hook; enum bpf_attach_type type; bool needed; } parts[] = {
	{ "vd_isolate_out", "cgroup_skb/egress", BPF_CGROUP_INET_EGRESS, true },
	{ "vd_isolate_in", "cgroup_skb/ingress", BPF_CGROUP_INET_INGRESS, true },
	{ "vd_isolate_connect4", "cgroup/connect4", BPF_CGROUP_INET4_CONNECT, false },
	{ "vd_isolate_connect6", "cgroup/connect6", BPF_CGROUP_INET6_CONNECT, false },
	{ "vd_isolate_send4", "cgroup/sendmsg4", BPF_CGROUP_UDP4_SENDMSG, false },
	{ "vd_isolate_send6", "cgroup/sendmsg6", BPF_CGROUP_UDP6_SENDMSG, false },
};
#define PARTS (int)(sizeof(parts) / sizeof(parts[0]))

static struct isolation {
	uint64_t id;			/* of the cgroup; 0: free */
	struct bpf_object *object;
	struct bpf_link *link[PARTS];
	uint32_t program[PARTS];
} isolations[ISOLATIONS_MAX];

static struct isolation *isolation_of(uint64_t id)
{
	for (int i = 0; i < ISOLATIONS_MAX; i++)
		if (isolations[i].id == id)
			return &isolations[i];
	return NULL;
}

static void forget(struct isolation *one)
{
	for (int i = 0; i < PARTS; i++)
		if (one->link[i])
			bpf_link__destroy(one->link[i]);
	bpf_object__close(one->object);
	memset(one, 0, sizeof(*one));
}

/* The kernel takes programs off a cgroup that is removed: their place is free again. */
static void forget_removed(void)
{
	for (int i = 0; i < ISOLATIONS_MAX; i++) {
		struct bpf_link_info info = {};
		uint32_t size = sizeof(info);

		if (isolations[i].id && !bpf_obj_get_info_by_fd(bpf_link__fd(isolations[i].link[0]), &info, &size) && !info.cgroup.cgroup_id)
			forget(&isolations[i]);
	}
}

/* Is the program really there? Asked of the kernel, not of ourselves. */
static bool read_back(int cgroup, int part, uint32_t program)
{
	uint32_t ids[64], count = 64, flags = 0;

	if (!program || bpf_prog_query(cgroup, parts[part].type, 0, &flags, ids, &count))
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (ids[i] == program)
			return true;
	return false;
}

static void add_programs(struct evidence *evidence, const struct isolation *one, int cgroup)
{
	const char *separator = "";

	evidence_add(evidence, "\"programs\":[");
	for (int i = 0; one && i < PARTS; i++) {
		if (!one->program[i])
			continue;
		evidence_add(evidence, "%s{\"hook\":\"%s\",\"id\":%u,\"readBack\":%s}", separator, parts[i].hook, one->program[i], read_back(cgroup, i, one->program[i]) ? "true" : "false");
		separator = ",";
	}
	evidence_add(evidence, "]");
}

static void add_refused(struct evidence *evidence, const struct isolation *one)
{
	static const char *const names[] = { "connections", "datagrams", "packetsOut", "packetsIn" };
	int map = one->object ? bpf_object__find_map_fd_by_name(one->object, "vd_isolate_refused") : -1;

	evidence_add(evidence, ",\"refused\":{");
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t count = 0;

		if (map >= 0)
			bpf_map_lookup_elem(map, &i, &count);
		evidence_add(evidence, "%s\"%s\":%llu", i ? "," : "", names[i], (unsigned long long)count);
	}
	evidence_add(evidence, "}");
}

/* An instance of the programs of isolation alone. Those that this kernel refuses and that are not needed are left out. */
static struct bpf_object *load(const char *path, uint32_t left_out, int *error)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	struct bpf_map *map;

	if (!object) {
		*error = -errno;
		return NULL;
	}
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, false);
	bpf_object__for_each_map(map, object)
		bpf_map__set_autocreate(map, !strncmp(bpf_map__name(map), "vd_isolate_", 11) || strstr(bpf_map__name(map), ".rodata"));
	for (int i = 0; i < PARTS; i++) {
		program = bpf_object__find_program_by_name(object, parts[i].program);
		if (program && !(left_out & 1u << i))
			bpf_program__set_autoload(program, true);
	}
	*error = bpf_object__load(object);
	if (!*error)
		return object;
	bpf_object__close(object);
	return NULL;
}

static int fill(struct bpf_object *object, const struct vd_network *networks, uint32_t count)
{
	int map = bpf_object__find_map_fd_by_name(object, "vd_isolate_allowed");
	struct vd_network v4 = { .prefix_bits = 96, .address = { [10] = 0xff, [11] = 0xff } };
	uint32_t one = 1, none = 0;

	if (bpf_map_update_elem(map, &v4, &none, BPF_ANY))
		return -errno;
	for (uint32_t i = 0; i < count; i++)
		if (bpf_map_update_elem(map, &networks[i], &one, BPF_ANY))
			return -errno;
	return 0;
}

static int attach(struct isolation *one, int cgroup)
{
	for (int i = 0; i < PARTS; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(one->object, parts[i].program);
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);

		if (!program || !bpf_program__autoload(program))
			continue;
		one->link[i] = bpf_program__attach_cgroup(program, cgroup);
		if (!one->link[i] && parts[i].needed)
			return -errno;
		if (one->link[i] && !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			one->program[i] = info.id;
	}
	return 0;
}

static int begin(const struct group *group, const struct vd_network *networks, uint32_t count, const char *path, struct evidence *evidence)
{
	struct isolation fresh = { .id = group->id[1] }, *before = isolation_of(group->id[1]), *place = before ? before : isolation_of(0);
	int error;

	if (!place)
		return -ENOSPC;
	fresh.object = load(path, 0, &error);
	if (!fresh.object)
		fresh.object = load(path, 0x3c, &error);	/* the packets alone */
	if (!fresh.object)
		return error;
	error = fill(fresh.object, networks, count);
	if (!error)
		error = attach(&fresh, group->fd[1]);
	if (error) {
		forget(&fresh);
		return error;
	}
	if (before)
		forget(before);
	*place = fresh;
	evidence_add(evidence, ",\"after\":{\"isolated\":true,\"cgroup\":%llu,\"allowed\":%u,", (unsigned long long)group->id[1], count);
	add_programs(evidence, place, group->fd[1]);
	evidence_add(evidence, "}");
	for (int i = 0; i < PARTS; i++)
		if (parts[i].needed && !read_back(group->fd[1], i, place->program[i]))
			return -EIO;
	return 0;
}

/* Why it cannot be whole; NULL when it can. */
static const char *incomplete(const struct group *group)
{
	static struct members v1, v2;	/* only under the lock of effects */

	if (group->fd[1] < 0)
		return "the container has no cgroup in the unified hierarchy, where programs on connections are attached";
	members_of(group->fd[0], &v1);
	members_of(group->fd[1], &v2);
	if (v1.overflow || v2.overflow)
		return "the container has more processes than can be checked";
	if (members_outside(&v1, &v2))
		return "a process of the container is not in its cgroup of the unified hierarchy, and its connections would go on";
	return NULL;
}

int isolate(const struct group *group, const struct vd_effect *effect, const struct vd_network *networks, const char *object, struct evidence *evidence)
{
	struct isolation *before;
	const char *why;

	forget_removed();
	before = group->fd[1] < 0 ? NULL : isolation_of(group->id[1]);
	evidence_add(evidence, ",\"before\":{\"isolated\":%s,", before ? "true" : "false");
	add_programs(evidence, before, group->fd[1]);
	evidence_add(evidence, "}");
	if (effect->flags & VD_E_UNDO) {
		if (!before)
			return -EALREADY;
		add_refused(evidence, before);
		if (!(effect->flags & VD_E_DRY_RUN)) {
			forget(before);
			evidence_add(evidence, ",\"after\":{\"isolated\":false}");
		}
		return 0;
	}
	why = incomplete(group);
	if (why) {
		evidence_add(evidence, ",\"why\":\"%s\"", why);
		return -EOPNOTSUPP;
	}
	return effect->flags & VD_E_DRY_RUN ? 0 : begin(group, networks, effect->networks, object, evidence);
}

/* All of them, at once. Returns how many there were. */
int isolations_end(void)
{
	int ended = 0;

	for (int i = 0; i < ISOLATIONS_MAX; i++) {
		if (!isolations[i].id)
			continue;
		forget(&isolations[i]);
		ended++;
	}
	return ended;
}
