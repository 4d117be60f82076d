/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the loader itself makes, in the same framing as the ring's: hello, one hook each, the processes that
 * were there before (from the task iterator), the cgroups that were there before (from the file system), the end of that
 * snapshot, and five times a second a tick with everything that was lost so far. A recording thus holds all that a
 * sensor starts from.
 */
#include "loader.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/*
 * Reads all processes from the iterator, which writes them without framing, and hands each to `use` until it returns
 * something else than 0.
 */
static int each_process(int (*use)(void *context, const char *record, size_t bytes), void *context)
{
	static char buffer[256 << 10];
	int fd = probe_snapshot_fd(), result = 0;
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
		while (!result && (bytes = snapshot_record_bytes(buffer + at, have - at)) > 0) {
			result = use(context, buffer + at, bytes);
			at += bytes;
		}
		memmove(buffer, buffer + at, have - at);
		have -= at;
		if (result || have == sizeof(buffer))
			break;
	}
	close(fd);
	return result;
}

/* The iterator cannot read another process's memory on older kernels, so its arguments come from /proc. */
static int send_process(void *context, const char *record, size_t bytes)
{
	char whole[sizeof(struct vd_exec) + 16384], path[64];
	struct vd_exec exec;
	ssize_t got = 0;
	int fd;

	memcpy(&exec, record, sizeof(exec));
	if (exec.header.flags & VD_F_OUTSIDE)
		return 0;
	if (bytes > sizeof(whole) - VD_ARGUMENT_BYTES_MAX || exec.header.flags & VD_F_KERNEL_THREAD)
		return send_record(context, record, bytes);
	memcpy(whole, record, bytes);
	snprintf(path, sizeof(path), "/proc/%u/cmdline", exec.header.tgid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, whole + bytes, VD_ARGUMENT_BYTES_MAX - 1);
		close(fd);
	}
	if (got > 0) {
		exec.argument_bytes = (__u16)got;
		exec.header.flags &= (__u16)~VD_F_ARGUMENTS_MISSING;
		if (got == VD_ARGUMENT_BYTES_MAX - 1)
			exec.header.flags |= VD_F_ARGUMENTS_TRUNCATED;
		memcpy(whole, &exec, sizeof(exec));
		bytes += (size_t)got;
	}
	return send_record(context, whole, bytes);
}

static int take_host_mounts(void *context, const char *record, size_t bytes)
{
	struct vd_exec exec;

	(void)bytes;
	memcpy(&exec, record, sizeof(exec));
	if (exec.header.tgid != 1 && !(exec.header.flags & VD_F_KERNEL_THREAD))
		return 0;
	*(uint32_t *)context = exec.mount_namespace;
	return 1;
}

/*
 * The host's mount namespace: of pid 1, or of a kernel thread, which never leaves the first one. Some hosts hide pid 1
 * even from the iterator. 0 when neither is to be seen from here.
 */
uint32_t frame_host_mount_namespace(void)
{
	uint32_t found = 0;

	each_process(take_host_mounts, &found);
	return found;
}

/* Existing cgroups of one hierarchy, as if each were made now. Depth and number are bounded by nftw and CGROUPS_MAX. */
#define CGROUPS_MAX 65536
static struct {
	struct loader *loader;
	const char *root;
	bool v2;
	int sent, error;
} walk;

static uint64_t cgroup_key(uint64_t inode)
{
	return inode | (walk.v2 ? VD_CGROUP_V2 : 0);
}

static int visit_cgroup(const char *path, const struct stat *status, int type, struct FTW *place)
{
	struct { struct vd_cgroup cgroup; char path[VD_PATH_BYTES_MAX]; } record = {};
	const char *inside = path + strlen(walk.root);
	char parent[PATH_MAX];
	struct stat above;

	if (type != FTW_D || place->level == 0)
		return 0;
	if (walk.sent++ >= CGROUPS_MAX)
		return 1;
	head(&record.cgroup.header, VD_CGROUP_CREATE);
	record.cgroup.header.flags = VD_F_PRESENT_AT_START;
	record.cgroup.cgroup = cgroup_key(status->st_ino);
	snprintf(parent, sizeof(parent), "%.*s", place->base - 1, path);
	if (!stat(parent, &above))
		record.cgroup.parent = cgroup_key(above.st_ino);
	record.cgroup.hierarchy = walk.v2 ? 0 : walk.loader->v1_hierarchy;
	record.cgroup.path_bytes = (__u16)append(record.path, 0, sizeof(record.path), inside);
	walk.error = send_record(walk.loader, &record, sizeof(record.cgroup) + record.cgroup.path_bytes);
	return walk.error;
}

static int send_cgroups(struct loader *loader)
{
	for (int v2 = 0; v2 < 2; v2++) {
		const char *root = cgroup_mount_point(v2);

		if (!root || (!v2 && !loader->v1_hierarchy))
			continue;
		walk.loader = loader;
		walk.root = root;
		walk.v2 = v2;
		walk.sent = walk.error = 0;
		nftw(root, visit_cgroup, 32, FTW_PHYS | FTW_MOUNT);
		if (walk.error)
			return walk.error;
	}
	return 0;
}

/* Of all records, when the losses by cgroup were last told; a new sensor is told of all of them. */
static uint64_t lost_before;

/* Everything a sensor must hear before the ring's records. */
int frame_session_start(struct loader *loader)
{
	struct vd_header end;
	int error = send_hello(loader);

	lost_before = 0;
	if (!error)
		error = send_hooks(loader);
	if (!error)
		error = send_cgroups(loader);
	if (!error && loader->loaded)
		error = each_process(send_process, loader);
	head(&end, VD_SNAPSHOT_END);
	return error ? error : send_record(loader, &end, sizeof(end));
}

/* Losses by cgroup, kind and cause are sent when their sum has changed: lost records are rare, and so this is no cost. */
static int send_cgroup_losses(struct loader *loader)
{
	struct { uint64_t cgroup; uint32_t kind, cause; } key = {}, next;
	int map = probe_map_fd("vd_cgroup_losses"), error = 0;
	uint64_t lost;
	bool first = true;

	for (int i = 0; i < 8192 && !bpf_map_get_next_key(map, first ? NULL : &key, &next); i++) {
		struct vd_cgroup_loss record = {};

		first = false;
		key = next;
		if (bpf_map_lookup_elem(map, &key, &lost))
			continue;
		head(&record.header, VD_CGROUP_LOSS);
		record.cgroup = key.cgroup;
		record.lost = lost;
		record.lost_kind = key.kind;
		record.cause = key.cause;
		error = send_record(loader, &record, sizeof(record));
		if (error)
			break;
	}
	return error;
}

static int send_record_of(void *context, const void *record, size_t bytes)
{
	return send_record(context, record, bytes);
}

/* What a canary is and did, once there is something to tell. */
int frame_canary(struct loader *loader)
{
	return canary_tell(send_record_of, loader);
}

/* The kernel's tables: at the start of a session, and once a minute. */
int frame_tables(struct loader *loader)
{
	return loader->loaded ? tables_tell(send_record_of, loader) : 0;
}

int frame_tick(struct loader *loader)
{
	struct vd_tick tick = {};
	uint64_t lost = 0;

	head(&tick.header, VD_TICK);
	if (atomic_load(&loader->enforcement_off))
		tick.header.flags |= VD_F_ENFORCEMENT_OFF;
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
