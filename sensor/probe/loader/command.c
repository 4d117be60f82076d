/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands from the sensor, each answered by one reply, on a thread of its own: the main thread may be waiting for room
 * in the pipe. The sensor is trusted with little: whatever is malformed, out of range or touches a life line is
 * refused and counted. Garbage is skipped up to the next frame that begins with the magic.
 */
#include "loader.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct conversation {
	struct loader *loader;
	int fd;
};

/* Every origin that a file in a container can have. */
static const uint32_t every_origin = 1u << VD_ORIGIN_IMAGE | 1u << VD_ORIGIN_MODIFIED | 1u << VD_ORIGIN_DROPPED |
				     1u << VD_ORIGIN_MEMORY | 1u << VD_ORIGIN_VOLUME | 1u << VD_ORIGIN_UNJUDGED;

/*
 * Host files are never a reason to kill, and files that cannot be judged only where the container as a whole must not run:
 * then everything in it is killed, and the decision says so. The host's own processes never get as far as this (their
 * mount namespace).
 */
static bool kills_wrongly(const struct vd_decision *decision)
{
	uint32_t never = 1u << VD_ORIGIN_NONE | 1u << VD_ORIGIN_HOST;

	if (!(decision->flags & VD_D_EVERY_ORIGIN) || (decision->kill_origins & every_origin) != every_origin)
		never |= 1u << VD_ORIGIN_UNJUDGED;
	return decision->kill_origins & never || decision->kill_origins >> VD_ORIGIN_MAX || decision->shadow_origins >> VD_ORIGIN_MAX;
}

static int set_cgroup(struct loader *loader, const char *payload, uint32_t bytes)
{
	struct vd_decision decision;
	uint64_t key;

	if (bytes != 8 + sizeof(decision))
		return -EINVAL;
	memcpy(&key, payload, 8);
	memcpy(&decision, payload + 8, sizeof(decision));
	if (kills_wrongly(&decision))
		return -EPERM;
	if (decision.kill_origins && lifeline_cgroup(key))
		return -EPERM;
	if (atomic_load(&loader->enforcement_off))
		decision.kill_origins = 0;
	return bpf_map_update_elem(probe_map_fd("vd_decisions"), &key, &decision, BPF_ANY) ? -errno : 0;
}

static int set_pending(struct loader *loader, const char *payload, uint32_t bytes)
{
	struct vd_decision decision;
	uint32_t zero = 0;

	if (bytes != sizeof(decision))
		return -EINVAL;
	memcpy(&decision, payload, sizeof(decision));
	if (kills_wrongly(&decision))
		return -EPERM;
	if (atomic_load(&loader->enforcement_off))
		decision.kill_origins = 0;
	return bpf_map_update_elem(probe_map_fd("vd_pending"), &zero, &decision, BPF_ANY) ? -errno : 0;
}

static int delete_cgroup(const char *payload, uint32_t bytes)
{
	uint64_t key;

	if (bytes != 8)
		return -EINVAL;
	memcpy(&key, payload, 8);
	return bpf_map_delete_elem(probe_map_fd("vd_decisions"), &key) && errno != ENOENT ? -errno : 0;
}

/* Start time of a process in clock ticks since boot: field 22 of stat, behind the name's closing parenthesis. */
uint64_t start_ticks(pid_t pid)
{
	char path[64], line[1024];
	unsigned long long ticks = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file)) {
		char *at = strrchr(line, ')');

		for (int field = 2; at && field < 22; field++)
			at = strchr(at + 1, ' ');
		if (at)
			ticks = strtoull(at, NULL, 10);
	}
	fclose(file);
	return ticks;
}

/* Kills exactly the process meant: pinned by a pidfd first, then compared by its start time. */
static int kill_process(const char *payload, uint32_t bytes)
{
	uint64_t start, ticks_per_second = (uint64_t)sysconf(_SC_CLK_TCK);
	uint32_t tgid;
	int fd, error = 0;

	if (bytes != 12)
		return -EINVAL;
	memcpy(&start, payload, 8);
	memcpy(&tgid, payload + 8, 4);
	if (tgid <= 1 || tgid > INT32_MAX)
		return -EPERM;
	fd = (int)syscall(SYS_pidfd_open, (pid_t)tgid, 0);
	if (fd < 0)
		return -errno;
	if (start_ticks((pid_t)tgid) != start / (1000000000ull / ticks_per_second))
		error = -ESRCH;
	else if (lifeline_process((pid_t)tgid))
		error = -EPERM;
	else if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0))
		error = -errno;
	close(fd);
	return error;
}

/* Text "/etc/passwd" becomes the kernel's key: the components from the leaf to the root, each ended by NUL, cut at 128. */
static int watch_path(const char *payload, uint32_t bytes)
{
	char key[128] = {};
	size_t at = 0, end = bytes;
	uint32_t one = 1;

	if (bytes < 2 || bytes > VD_COMMAND_BYTES_MAX || payload[0] != '/' || memchr(payload, 0, bytes))
		return -EINVAL;
	while (end > 0 && at < sizeof(key)) {
		size_t begin = end, length;

		while (begin > 0 && payload[begin - 1] != '/')
			begin--;
		length = end - begin;
		if (length > sizeof(key) - at)
			length = sizeof(key) - at;
		memcpy(key + at, payload + begin, length);
		at += length + 1;
		end = begin > 0 ? begin - 1 : 0;
	}
	return bpf_map_update_elem(probe_map_fd("vd_watched"), key, &one, BPF_ANY) ? -errno : 0;
}

static int unwatch_paths(void)
{
	char key[128];
	int map = probe_map_fd("vd_watched");

	for (int i = 0; i < 8192 && !bpf_map_get_next_key(map, NULL, key); i++)
		bpf_map_delete_elem(map, key);
	return 0;
}

static int enforce_off(struct loader *loader)
{
	int error;

	atomic_store(&loader->enforcement_off, true);
	error = probe_set_switch(2, 1);
	effects_end();
	return error;
}

/* Ends enforcement whatever else happens: a thread of its own, since the main one may be waiting for the sensor. */
static void *dead_man(void *argument)
{
	struct loader *loader = argument;

	sleep(loader->options.dead_man_seconds);
	enforce_off(loader);
	return NULL;
}

int dead_man_start(struct loader *loader)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, dead_man, loader) ? -EAGAIN : pthread_detach(thread);
}

static int run_command(struct loader *loader, uint16_t command, const char *payload, uint32_t bytes)
{
	static _Atomic uint32_t marks;
	uint64_t position;

	if (!loader->loaded && command != VD_COMMAND_KILL)
		return -ENODEV;
	switch (command) {
	case VD_COMMAND_ACKNOWLEDGE:
		if (bytes != 8)
			return -EINVAL;
		memcpy(&position, payload, 8);
		return ring_acknowledge(loader, position);
	case VD_COMMAND_SET_CGROUP:
		return set_cgroup(loader, payload, bytes);
	case VD_COMMAND_DELETE_CGROUP:
		return delete_cgroup(payload, bytes);
	case VD_COMMAND_SET_PENDING:
		return set_pending(loader, payload, bytes);
	case VD_COMMAND_FORGET_MARKS:
		return probe_set_switch(1, atomic_fetch_add(&marks, 1) + 1);
	case VD_COMMAND_KILL:
		return kill_process(payload, bytes);
	case VD_COMMAND_WATCH_PATH:
		return watch_path(payload, bytes);
	case VD_COMMAND_UNWATCH_PATHS:
		return unwatch_paths();
	case VD_COMMAND_CANARY:
		if (bytes != 8)
			return -EINVAL;
		memcpy(&position, payload, 8);
		return canary_start(loader, position);
	case VD_COMMAND_SET_INTERESTS:
		return interests_take(payload, bytes);
	case VD_COMMAND_ENFORCE_OFF:
		return enforce_off(loader);
	default:
		return -ENOSYS;
	}
}

static int read_exact(int fd, void *out, size_t bytes)
{
	char *at = out;

	while (bytes > 0) {
		ssize_t got = read(fd, at, bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		at += got;
		bytes -= (size_t)got;
	}
	return 0;
}

/* A wrong magic or size: counted once, then byte by byte to the next frame that begins as one should. */
static int read_frame(struct conversation *talk, struct vd_command_frame *frame)
{
	bool counted = false;

	if (read_exact(talk->fd, frame, sizeof(*frame)))
		return -1;
	while (frame->magic != VD_COMMAND_MAGIC || frame->payload_bytes > VD_COMMAND_BYTES_MAX) {
		if (!counted)
			atomic_fetch_add(&talk->loader->commands_refused, 1);
		counted = true;
		memmove(frame, (char *)frame + 1, sizeof(*frame) - 1);
		if (read_exact(talk->fd, (char *)frame + sizeof(*frame) - 1, 1))
			return -1;
	}
	return 0;
}

static void *serve(void *argument)
{
	struct conversation *talk = argument;
	struct vd_command_frame frame;
	char payload[VD_COMMAND_BYTES_MAX];

	while (!read_frame(talk, &frame)) {
		struct vd_reply reply = { .magic = VD_COMMAND_MAGIC, .id = frame.id };

		if (read_exact(talk->fd, payload, frame.payload_bytes))
			break;
		if (frame.command == VD_COMMAND_EFFECT) {
			int status = effect_serve(talk->loader, talk->fd, frame.id, payload, frame.payload_bytes);

			if (status == 1)
				break;
			if (status == -EPERM || status == -EINVAL)
				atomic_fetch_add(&talk->loader->commands_refused, 1);
			continue;
		}
		reply.status = run_command(talk->loader, frame.command, payload, frame.payload_bytes);
		/* a process that is gone, or a ring that is not there, is the world; the rest is a command we refuse */
		if (reply.status && reply.status != -ESRCH && reply.status != -ENODEV)
			atomic_fetch_add(&talk->loader->commands_refused, 1);
		reply.refused = (uint32_t)atomic_load(&talk->loader->commands_refused);
		/* an acknowledgement that was taken needs no answer: it comes many times a second */
		if (frame.command == VD_COMMAND_ACKNOWLEDGE && !reply.status)
			continue;
		if (write_all(talk->fd, &reply, sizeof(reply)))
			break;
	}
	close(talk->fd);
	free(talk);
	return NULL;
}

int command_thread_start(struct loader *loader)
{
	struct conversation *talk = malloc(sizeof(*talk));
	pthread_t thread;

	if (!talk)
		return -ENOMEM;
	talk->loader = loader;
	talk->fd = loader->command_fd;
	if (pthread_create(&thread, NULL, serve, talk)) {
		free(talk);
		return -EAGAIN;
	}
	return pthread_detach(thread);
}
