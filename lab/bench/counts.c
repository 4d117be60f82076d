/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what the kernel programs of the sensor that was loaded last have counted: records made, and of those lost. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "event.h"

struct counters {
	uint64_t seen[VD_KIND_MAX];
	uint64_t lost[VD_KIND_MAX][VD_CAUSE_MAX];
};

static int newest_table(void)
{
	uint32_t id = 0;
	int found = -1;

	while (!bpf_map_get_next_id(id, &id)) {
		struct bpf_map_info info = {};
		uint32_t size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &size) || strcmp(info.name, "vd_counts") || info.value_size != sizeof(struct counters)) {
			close(fd);
			continue;
		}
		if (found >= 0)
			close(found);
		found = fd;
	}
	return found;
}

int main(void)
{
	int processors = libbpf_num_possible_cpus(), map = newest_table();
	struct counters *each = calloc((size_t)(processors > 0 ? processors : 1), sizeof(*each));
	uint64_t seen = 0, lost = 0;
	uint32_t zero = 0;

	if (map < 0 || !each || bpf_map_lookup_elem(map, &zero, each)) {
		fprintf(stderr, "counts: no sensor is loaded in this kernel\n");
		return 1;
	}
	for (int cpu = 0; cpu < processors; cpu++)
		for (int kind = 0; kind < VD_KIND_MAX; kind++) {
			seen += each[cpu].seen[kind];
			for (int cause = 0; cause < VD_CAUSE_MAX; cause++)
				lost += each[cpu].lost[kind][cause];
		}
	printf("{\"seen\":%llu,\"lost\":%llu}\n", (unsigned long long)seen, (unsigned long long)lost);
	return 0;
}
