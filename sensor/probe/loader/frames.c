/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the loader itself makes, in the same framing as the ring's: hello, one hook each, the processes that
 * were there before (from the task iterator), the end of that snapshot, and five times a second a tick with everything
 * that was lost so far.
 */
#include "loader.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

uint64_t boot_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

static uint64_t wall_offset_ns(void)
{
	uint64_t before = boot_ns(), wall = clock_ns(CLOCK_REALTIME), after = boot_ns();

	return wall - (before + after) / 2;
}

static void head(struct vd_header *header, uint16_t kind)
{
	memset(header, 0, sizeof(*header));
	header->kind = kind;
	header->time_boot_ns = boot_ns();
	header->tgid = (uint32_t)getpid();
}

/* One record with its ring head; `bytes` without the head. */
static int send_record(struct loader *loader, const void *record, size_t bytes)
{
	char framed[8 + sizeof(struct vd_exec) + 16384];
	uint32_t words[2] = { (uint32_t)bytes, VD_FROM_LOADER };
	size_t padded = (bytes + 7) / 8 * 8;

	if (8 + padded > sizeof(framed))
		return -E2BIG;
	memcpy(framed, words, 8);
	memcpy(framed + 8, record, bytes);
	memset(framed + 8 + bytes, 0, padded - bytes);
	return write_all(loader->pipe_fd, framed, 8 + padded);
}

/* Appends text and its NUL, cut to what is left. */
static size_t append(char *out, size_t at, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (at + length + 1 > size)
		length = size - at - 1;
	memcpy(out + at, text, length);
	out[at + length] = 0;
	return at + length + 1;
}

static void read_line(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	out[got > 0 ? got : 0] = 0;
	out[strcspn(out, "\n")] = 0;
}

static int send_hello(struct loader *loader)
{
	struct { struct vd_hello hello; char text[512]; } record = {};
	struct utsname system;
	char boot_id[64];
	size_t at = 0;

	uname(&system);
	read_line("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
	head(&record.hello.header, VD_HELLO);
	record.hello.ring_epoch = loader->ring_epoch;
	record.hello.ring_position = atomic_load(&loader->sent_position);
	record.hello.wall_offset_ns = wall_offset_ns();
	record.hello.scope_cgroup = loader->scope_cgroup;
	record.hello.schema = VD_SCHEMA;
	record.hello.ring_bytes = loader->loaded ? loader->options.ring_bytes : 0;
	record.hello.host_mount_namespace = loader->host_mount_namespace;
	record.hello.v1_hierarchy = loader->v1_hierarchy;
	record.hello.loader_pid = (uint32_t)getpid();
	record.hello.session = loader->session;
	at = append(record.text, at, sizeof(record.text), system.release);
	at = append(record.text, at, sizeof(record.text), boot_id);
	at = append(record.text, at, sizeof(record.text), system.machine);
	at = append(record.text, at, sizeof(record.text), loader->problem);
	record.hello.text_bytes = (uint16_t)at;
	return send_record(loader, &record, sizeof(record.hello) + at);
}

static int send_hooks(struct loader *loader)
{
	for (int i = 0; i < loader->hook_count; i++) {
		struct { struct vd_hook hook; char text[1024]; } record = {};
		struct hook *hook = &loader->hooks[i];
		size_t at = 0;
		int error;

		head(&record.hook.header, VD_HOOK);
		record.hook.attached = hook->attached;
		at = append(record.text, at, sizeof(record.text), hook->event_class);
		at = append(record.text, at, sizeof(record.text), hook->hook);
		at = append(record.text, at, sizeof(record.text), hook->reason);
		at = append(record.text, at, sizeof(record.text), hook->misses);
		record.hook.text_bytes = (uint32_t)at;
		error = send_record(loader, &record, sizeof(record.hook) + at);
		if (error)
			return error;
	}
	return 0;
}

/* Length of the record at `at`, or 0 when it is not all there yet. The iterator writes them without framing. */
static size_t snapshot_record_bytes(const char *at, size_t available)
{
	struct vd_exec exec;
	size_t bytes;

	if (available < sizeof(exec))
		return 0;
	memcpy(&exec, at, sizeof(exec));	/* they follow each other unaligned */
	bytes = sizeof(exec) + exec.path_bytes + exec.directory_bytes + exec.filename_bytes + exec.argument_bytes;
	return bytes <= available ? bytes : 0;
}

static int send_snapshot(struct loader *loader)
{
	static char buffer[256 << 10];
	int fd = probe_snapshot_fd(), error = 0;
	size_t have = 0;

	if (fd < 0)
		return 0;
	for (;;) {
		ssize_t got = read(fd, buffer + have, sizeof(buffer) - have);
		size_t at = 0, bytes;

		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			break;
		have += (size_t)got;
		while (!error && (bytes = snapshot_record_bytes(buffer + at, have - at)) > 0) {
			error = send_record(loader, buffer + at, bytes);
			at += bytes;
		}
		memmove(buffer, buffer + at, have - at);
		have -= at;
		if (error || have == sizeof(buffer))
			break;
	}
	close(fd);
	return error;
}

/* Everything a sensor must hear before the ring's records. */
int frame_session_start(struct loader *loader)
{
	struct vd_header end;
	int error = send_hello(loader);

	if (!error)
		error = send_hooks(loader);
	if (!error && loader->loaded)
		error = send_snapshot(loader);
	head(&end, VD_SNAPSHOT_END);
	return error ? error : send_record(loader, &end, sizeof(end));
}

/* Losses by cgroup are sent when their sum has changed: the map is small and lost records are rare. */
static int send_cgroup_losses(struct loader *loader)
{
	int map = probe_map_fd("vd_cgroup_losses"), error = 0;
	uint64_t key = 0, next, lost;
	bool first = true;

	for (int i = 0; i < 8192 && !bpf_map_get_next_key(map, first ? NULL : &key, &next); i++) {
		struct vd_cgroup_loss record = {};

		first = false;
		key = next;
		if (bpf_map_lookup_elem(map, &key, &lost))
			continue;
		head(&record.header, VD_CGROUP_LOSS);
		record.cgroup = key;
		record.lost = lost;
		error = send_record(loader, &record, sizeof(record));
		if (error)
			break;
	}
	return error;
}

int frame_tick(struct loader *loader)
{
	static uint64_t lost_before;
	struct vd_tick tick = {};
	uint64_t lost = 0;

	head(&tick.header, VD_TICK);
	tick.wall_offset_ns = wall_offset_ns();
	tick.commands_refused = atomic_load(&loader->commands_refused);
	if (loader->loaded) {
		tick.ring_fill_bytes = atomic_load(loader->producer_position) - atomic_load(loader->consumer_position);
		tick.ring_fill_bytes_max = loader->fill_max;
		loader->fill_max = 0;
		probe_counters(&tick);
		for (int kind = 0; kind < VD_KIND_MAX; kind++)
			for (int cause = 0; cause < VD_CAUSE_MAX; cause++)
				lost += tick.lost[kind][cause];
		if (lost != lost_before) {
			int error = send_cgroup_losses(loader);

			if (error)
				return error;
			lost_before = lost;
		}
	}
	return send_record(loader, &tick, sizeof(tick));
}
