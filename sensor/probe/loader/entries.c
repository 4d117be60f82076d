/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One program on the entries of all calls that hand over texts and that somebody wants: attached and detached as interests change, so
 * that a call nobody asks about pays nothing. A call that this architecture or kernel lacks is left out.
 */
#include "loader.h"
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VD_TEXT(n) 1
#define VD_TEXT_AT(n, d) 1
#define VD_ADDRESS(n) 1
#define VD_MESSAGE(n) 1
#define VD_FILLED 2			/* by the kernel: nothing is there yet at the entry */
#define VD_SECOND(n) 0
#define VD_SECOND_AT(n, d) 0
#define VD_DESCRIPTOR(n) 0
#define VD_MADE 0
#define VD_DIRECTORY 0
#define VD_ROOT 0

#ifdef __aarch64__
#define NUMBER(x86_64, arm64) (arm64)
#else
#define NUMBER(x86_64, arm64) (x86_64)
#endif

static struct entry {
	const char *name;
	uint32_t kind;
	int number;
	bool has_texts;
	struct bpf_link *link;
} entries[] = {
#define VD_CALL(name_, kind_, x86_64, i386, arm64, shape) { .name = #name_, .kind = kind_, .number = NUMBER(x86_64, arm64), .has_texts = (shape) == 1 },
#include "../calls.h"
#undef VD_CALL
};

/* The kernel's own name of the call, which its tracepoint bears. */
static const char *kernel_name(const char *name)
{
	return strcmp(name, "umount2") ? name : "umount";
}

/* An open that fails opened nothing: what it was asked for is read when it returns. */
static bool is_wanted(const struct entry *entry, uint64_t kinds)
{
	uint64_t of_entry = 1ull << entry->kind | (strcmp(entry->name, "unlinkat") ? 0 : 1ull << VD_RMDIR);

	return entry->has_texts && entry->number >= 0 && entry->kind != VD_OPEN_FAILED && kinds & of_entry;
}

#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

struct dropped {
	size_t count;
	struct bpf_link *links[ENTRIES];
};

static void *drop(void *argument)
{
	struct dropped *dropped = argument;

	for (size_t i = 0; i < dropped->count; i++)
		bpf_link__destroy(dropped->links[i]);
	free(dropped);
	return NULL;
}

/*
 * Taking a program off waits for every processor to have left it, up to 0.1 s each time: commands behind it (decisions, kills) must not
 * wait for that. Meanwhile a text nobody asks for is kept and thrown away.
 */
static void drop_aside(struct dropped *dropped)
{
	pthread_t thread;

	if (dropped->count == 0 || pthread_create(&thread, NULL, drop, dropped))
		drop(dropped);
	else
		pthread_detach(thread);
}

/* Returns 0, or the first negative errno of those that could not be attached. */
int entries_attach(struct bpf_program *program, uint64_t kinds)
{
	struct dropped *dropped = calloc(1, sizeof(*dropped));
	int problem = 0;

	if (!dropped)
		return -ENOMEM;
	for (size_t i = 0; i < ENTRIES; i++) {
		struct entry *entry = &entries[i];
		char event[64];

		if (is_wanted(entry, kinds) == (entry->link != NULL))
			continue;
		if (entry->link) {
			dropped->links[dropped->count++] = entry->link;
			entry->link = NULL;
			continue;
		}
		snprintf(event, sizeof(event), "sys_enter_%s", kernel_name(entry->name));
		entry->link = bpf_program__attach_tracepoint(program, "syscalls", event);
		if (!entry->link && errno != ENOENT && !problem)
			problem = -errno;
	}
	drop_aside(dropped);
	return problem;
}
