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
#include <string.h>
#include <unistd.h>

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

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t wanted;
static bool dropping;

/* One that nobody wants any more is taken off; false: there is none. */
static bool drop_one(void)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < ENTRIES && !found; i++) {
		if (!entries[i].link || is_wanted(&entries[i], wanted))
			continue;
		bpf_link__destroy(entries[i].link);
		entries[i].link = NULL;
		found = true;
	}
	if (!found)
		dropping = false;
	pthread_mutex_unlock(&lock);
	return found;
}

static void *drop(void *argument)
{
	(void)argument;
	while (drop_one())
		usleep(1000);		/* whoever waits for the lock gets it */
	return NULL;
}

/*
 * Puts the program on the entries that are wanted now; returns 0, or the first negative errno of those that could not be attached. Taking
 * it off waits for every processor to have left it, up to 0.1 s each time, and is done aside: the commands behind this one (decisions,
 * kills) must not wait for that. Until then a text nobody asks for is kept and thrown away.
 */
int entries_attach(struct bpf_program *program, uint64_t kinds)
{
	pthread_t thread;
	int problem = 0;

	pthread_mutex_lock(&lock);
	wanted = kinds;
	for (size_t i = 0; i < ENTRIES; i++) {
		struct entry *entry = &entries[i];
		char event[64];

		if (entry->link || !is_wanted(entry, kinds))
			continue;
		snprintf(event, sizeof(event), "sys_enter_%s", kernel_name(entry->name));
		entry->link = bpf_program__attach_tracepoint(program, "syscalls", event);
		if (!entry->link && errno != ENOENT && !problem)
			problem = -errno;
	}
	if (!dropping && !pthread_create(&thread, NULL, drop, NULL)) {
		dropping = true;
		pthread_detach(thread);
	}
	pthread_mutex_unlock(&lock);
	return problem;
}
