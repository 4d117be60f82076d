/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wanted of the kernel programs: one table (event.h, vd_interests), told by the sensor in pieces and put in force by one update of
 * the outer map, so that every event meets either the old table or the new one and none meets neither. Until a sensor has spoken,
 * everything is wanted. The kernel programs bound every index themselves, so a wrong table can make them deliver too much or too
 * little, and no more. Only the thread that serves commands comes here, and the start before it.
 */
#include "loader.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct vd_interests told;	/* as far as its pieces have come */
static size_t told_bytes;
static struct vd_interests now = { .kinds = ~1ull };	/* all calls; no environments */

/* A table of its own for each generation: the one before stays whole for whoever still looks at it. */
static int swap(const struct vd_interests *table)
{
	int outer = probe_map_fd("vd_interests_now"), inner, error = 0;
	uint32_t zero = 0;

	if (outer < 0)
		return -ENODEV;
	inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vd_interests", sizeof(zero), sizeof(*table), 1, NULL);
	if (inner < 0)
		return -errno;
	if (bpf_map_update_elem(inner, &zero, table, BPF_ANY) || bpf_map_update_elem(outer, &zero, &inner, BPF_ANY))
		error = -errno;
	close(inner);
	return error;
}

/* Entries are watched before their calls are wanted, and as long as they are. */
static int put_in_force(const struct vd_interests *table)
{
	int entries = probe_watch_entries(table->kinds | now.kinds), error = swap(table);

	if (error)
		return error;
	now = *table;
	error = probe_watch_entries(now.kinds);
	return error ? error : entries;
}

int interests_begin(void)
{
	return swap(&now);
}

uint64_t interests_kinds(void)
{
	return now.kinds;
}

/* u32: where the piece begins, then its bytes. They come in order; the last one puts the table in force. */
int interests_take(const char *payload, uint32_t bytes)
{
	uint32_t at;

	if (bytes <= sizeof(at))
		return -EINVAL;
	memcpy(&at, payload, sizeof(at));
	bytes -= sizeof(at);
	if (at == 0)
		told_bytes = 0;
	if (at != told_bytes || bytes > sizeof(told) - told_bytes)
		return -EINVAL;
	memcpy((char *)&told + at, payload + sizeof(at), bytes);
	told_bytes += bytes;
	if (told_bytes < sizeof(told))
		return 0;
	told_bytes = 0;
	return put_in_force(&told);
}
