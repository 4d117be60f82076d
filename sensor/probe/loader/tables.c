/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's tables: their bounds in entries and bytes, how full they are, and what the kernel accounts for them. Bytes come from the
 * descriptor's fdinfo (memlock, which the kernel computes for the bound where a table is allocated as a whole). Entries are counted once a
 * minute: of tables that have keys by walking them, at most 65,536 steps; of the names of processes, which are words beside each other, by
 * what is not zero.
 */
#include "loader.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ENTRIES_UNKNOWN 0xffffffffu
#define KEY_BYTES_MAX 256

static const char *const tables[] = {
	"vd_ring", "vd_marks", "vd_decisions", "vd_watched", "vd_shares", "vd_cgroup_losses", "vd_connects", "vd_call_entries", "vd_process_names",
};

static uint64_t bytes_of(int fd)
{
	unsigned long long bytes = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	if (file)
		fclose(file);
	return bytes;
}

static uint32_t words_of(const struct bpf_map_info *info)
{
	return info->max_entries * (info->value_size / sizeof(uint64_t));
}

static uint32_t words_in_use(int fd, const struct bpf_map_info *info)
{
	size_t bytes = words_of(info) * sizeof(uint64_t);
	const volatile uint64_t *words = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	uint32_t count = 0;

	if (words == MAP_FAILED)
		return ENTRIES_UNKNOWN;
	for (uint32_t i = 0; i < words_of(info); i++)
		count += words[i] != 0;
	munmap((void *)(uintptr_t)words, bytes);
	return count;
}

static uint32_t entries_of(int fd, const struct bpf_map_info *info)
{
	char key[KEY_BYTES_MAX], next[KEY_BYTES_MAX];
	uint32_t count = 0;

	if (info->type == BPF_MAP_TYPE_ARRAY)
		return words_in_use(fd, info);
	if (info->type != BPF_MAP_TYPE_HASH && info->type != BPF_MAP_TYPE_LRU_HASH)
		return ENTRIES_UNKNOWN;
	if (info->key_size > KEY_BYTES_MAX)
		return ENTRIES_UNKNOWN;
	/* a key that is gone meanwhile makes the walk begin anew: the bound ends it */
	while (count < info->max_entries && !bpf_map_get_next_key(fd, count ? key : NULL, next)) {
		memcpy(key, next, info->key_size);
		count++;
	}
	return count;
}

int tables_tell(int (*send)(void *context, const void *record, size_t bytes), void *context)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct { struct vd_table table; char name[32]; } record = {};
		struct bpf_map_info info = {};
		uint32_t size = sizeof(info);
		int fd = probe_map_fd(tables[i]), error;

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
			continue;
		record.table.header.kind = VD_TABLE;
		record.table.header.time_boot_ns = boot_ns();
		record.table.bytes = bytes_of(fd);
		record.table.entries_max = info.type == BPF_MAP_TYPE_RINGBUF ? 0 : info.type == BPF_MAP_TYPE_ARRAY ? words_of(&info) : info.max_entries;
		record.table.entries = entries_of(fd, &info);
		/* what is allocated as needed is a key, a value and the table's own 64 bytes an entry at most */
		record.table.bytes_max = info.map_flags & BPF_F_NO_PREALLOC ? (uint64_t)info.max_entries * (info.key_size + info.value_size + 64) : record.table.bytes;
		if (record.table.bytes > record.table.bytes_max)
			record.table.bytes_max = record.table.bytes;
		record.table.name_bytes = (uint32_t)strlen(tables[i]) + 1;
		memcpy(record.name, tables[i], record.table.name_bytes);
		error = send(context, &record, sizeof(record.table) + record.table.name_bytes);
		if (error)
			return error;
	}
	return 0;
}
