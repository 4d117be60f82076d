/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects on a container: kill, freeze, isolate, each with what was there before and what was read back as evidence.
 * Life lines, and processes still in the host's mount namespace (the runtime at work), are never killed, and a container with one of them is
 * never frozen, nor isolated with a life line in it; the reply says which. A process is killed by its pidfd, after it was pinned and found listed in
 * the container. While a whole container is killed it is frozen in the unified hierarchy, so that it cannot fork faster. Under one lock: the command
 * thread and the dead man's.
 */
#include "effect.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 3000000000ull
#define ROUND_MAX 256		/* pinned at a time */
#define FROZEN_MAX 256
#define TOLD_MAX 32		/* processes named one by one in the evidence */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct members members;
static struct { int fd; bool v2; uint64_t id[2]; } frozen[FROZEN_MAX];
static int frozen_count;

void evidence_add(struct evidence *evidence, const char *format, ...)
{
	va_list arguments;
	size_t left = sizeof(evidence->text) - evidence->at;
	int length;

	va_start(arguments, format);
	length = vsnprintf(evidence->text + evidence->at, left, format, arguments);
	va_end(arguments);
	if (length > 0)
		evidence->at += (size_t)length < left ? (size_t)length : left - 1;
}

static void pause_ms(long ms)
{
	struct timespec pause = { .tv_nsec = ms * 1000000 };

	nanosleep(&pause, NULL);
}

struct sparing {
	int count;
	int lifelines;
};

/* Those that must be spared, named; what is gone meanwhile is nobody. */
static struct sparing add_spared(struct evidence *evidence, const char *separator)
{
	struct sparing sparing = {};

	evidence_add(evidence, "%s\"spared\":[", separator);
	for (int i = 0; i < members.count; i++) {
		bool passing = false;
		const char *why = lifeline_reason(members.pid[i], &passing);

		if (!why)
			continue;
		if (sparing.count < TOLD_MAX)
			evidence_add(evidence, "%s{\"pid\":%d,\"why\":\"%s\"}", sparing.count ? "," : "", (int)members.pid[i], why);
		sparing.count++;
		sparing.lifelines += !passing;
	}
	evidence_add(evidence, "]");
	return sparing;
}

static int write_word(int directory, const char *file, const char *word)
{
	int fd = openat(directory, file, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, word, strlen(word)) < 0)
		error = -errno;
	close(fd);
	return error;
}

static void read_word(int directory, const char *file, char *out, size_t size)
{
	int fd = openat(directory, file, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	out[got > 0 ? got : 0] = 0;
}

/* As the kernel reports it, which may be later than it was asked for. */
static bool is_frozen(int fd, bool v2)
{
	char text[256];

	read_word(fd, v2 ? "cgroup.events" : "freezer.state", text, sizeof(text));
	return strstr(text, v2 ? "frozen 1" : "FROZEN");
}

static bool was_asked_to_freeze(int fd, bool v2)
{
	char text[64];

	read_word(fd, v2 ? "cgroup.freeze" : "freezer.self_freezing", text, sizeof(text));
	return text[0] == '1';
}

static int set_frozen(int fd, bool v2, bool on)
{
	int error = v2 ? write_word(fd, "cgroup.freeze", on ? "1" : "0") : write_word(fd, "freezer.state", on ? "FROZEN" : "THAWED");
	uint64_t until = boot_ns() + WAIT_NS;

	while (!error && is_frozen(fd, v2) != on && boot_ns() < until)
		pause_ms(5);
	return error ? error : is_frozen(fd, v2) == on ? 0 : -ETIMEDOUT;
}

/*
 * Where the container is frozen: its cgroup in the unified hierarchy when everybody is in it (there a frozen process can still be
 * killed), else the v1 freezer's cgroup of the same name when exactly the same processes are in it. Never one above.
 */
static int freezer_of(const struct group *group, bool *v2)
{
	static struct members here, there;
	int fd;

	members_of(group->fd[0], &here);
	members_of(group->fd[1], &there);
	*v2 = group->fd[1] >= 0 && !members_outside(&here, &there) && !faccessat(group->fd[1], "cgroup.freeze", F_OK, 0);
	if (*v2)
		return fcntl(group->fd[1], F_DUPFD_CLOEXEC, 0);
	fd = group_freezer(group);
	if (fd < 0)
		return fd;
	if (members_equal(group->fd[0], fd))
		return fd;
	close(fd);
	return -EXDEV;
}

static void remember_frozen(int fd, bool v2, const struct group *group, bool on)
{
	for (int i = 0; i < frozen_count; i++) {
		if (memcmp(frozen[i].id, group->id, sizeof(group->id)))
			continue;
		close(frozen[i].fd);
		frozen[i] = frozen[--frozen_count];
		break;
	}
	if (on && frozen_count < FROZEN_MAX) {
		frozen[frozen_count].fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		frozen[frozen_count].v2 = v2;
		memcpy(frozen[frozen_count++].id, group->id, sizeof(group->id));
	}
}

static int freeze(const struct group *group, uint16_t flags, struct evidence *evidence)
{
	bool v2, on = !(flags & VD_E_UNDO), was;
	struct sparing sparing;
	int fd, error;

	group_members(group, &members);
	evidence_add(evidence, ",\"processes\":%d", members.count);
	sparing = add_spared(evidence, ",");
	if (on && sparing.count)
		return -EPERM;
	if (on && !members.count)
		return -ESRCH;
	fd = freezer_of(group, &v2);
	if (fd < 0) {
		evidence_add(evidence, ",\"why\":\"%s\"", fd == -EXDEV ? "the freezer's cgroup of this name does not hold exactly the container's processes" : "no freezer of the container's own was found");
		return -EOPNOTSUPP;
	}
	was = was_asked_to_freeze(fd, v2);
	evidence_add(evidence, ",\"freezer\":\"%s\",\"before\":{\"frozen\":%s}", v2 ? "v2" : "v1", was ? "true" : "false");
	error = was == on && is_frozen(fd, v2) == on ? -EALREADY : 0;
	if (!error && !(flags & VD_E_DRY_RUN)) {
		error = set_frozen(fd, v2, on);
		remember_frozen(fd, v2, group, on);
		evidence_add(evidence, ",\"after\":{\"frozen\":%s}", is_frozen(fd, v2) ? "true" : "false");
	}
	close(fd);
	return error;
}

/* Pins who is listed, and of those whom the second listing still has. Returns how many; the others are closed. */
static int pin(const struct group *group, int *pidfds, pid_t *pids)
{
	int count = 0, kept = 0;

	group_members(group, &members);
	for (int i = 0; i < members.count && count < ROUND_MAX; i++) {
		int fd = lifeline_reason(members.pid[i], NULL) ? -1 : (int)syscall(SYS_pidfd_open, members.pid[i], 0);

		if (fd < 0)
			continue;
		pidfds[count] = fd;
		pids[count++] = members.pid[i];
	}
	group_members(group, &members);
	for (int i = 0; i < count; i++) {
		if (members_have(&members, pids[i]) && !pidfd_ended(pidfds[i], 0)) {
			pidfds[kept] = pidfds[i];
			pids[kept++] = pids[i];
		} else {
			close(pidfds[i]);
		}
	}
	return kept;
}

/*
 * One round: everybody who may be killed and is pinned. Returns how many were still there. `thaw`: the v1 freezer's cgroup where they
 * are frozen, or -1; there the signal arrives only when they go on.
 */
static int kill_round(const struct group *group, int thaw, uint64_t until, int *told, struct evidence *evidence)
{
	static int pidfds[ROUND_MAX];
	static pid_t pids[ROUND_MAX];
	int count = pin(group, pidfds, pids);

	for (int i = 0; i < count; i++) {
		if (lifeline_reason(pids[i], NULL) || syscall(SYS_pidfd_send_signal, pidfds[i], SIGKILL, NULL, 0))
			continue;
		if (*told < TOLD_MAX)
			evidence_add(evidence, "%s%d", *told ? "," : "", (int)pids[i]);
		++*told;
	}
	if (thaw >= 0)
		write_word(thaw, "freezer.state", "THAWED");
	for (int i = 0; i < count; i++) {
		while (!pidfd_ended(pidfds[i], 20) && boot_ns() < until)
			;
		close(pidfds[i]);
	}
	return count;
}

static int kill_all(const struct group *group, uint16_t flags, struct evidence *evidence)
{
	uint64_t until = boot_ns() + WAIT_NS;
	int told = 0, found = 0, left = 1, fd = -1;
	struct sparing sparing;
	bool v2 = false, was = false;

	group_members(group, &members);
	evidence_add(evidence, ",\"before\":{\"processes\":%d", members.count);
	found = members.count;
	sparing = add_spared(evidence, ",");
	evidence_add(evidence, "}");
	if (!found)
		return -ESRCH;
	if (flags & VD_E_DRY_RUN || sparing.count == found)
		return sparing.count == found ? -EPERM : 0;
	if (!sparing.count)
		fd = freezer_of(group, &v2);
	was = fd >= 0 && v2 && was_asked_to_freeze(fd, true);
	if (fd >= 0 && v2 && !was)
		write_word(fd, "cgroup.freeze", "1");
	evidence_add(evidence, ",\"killed\":[");
	for (int quiet = 0; quiet < 2 && boot_ns() < until; quiet = left ? 0 : quiet + 1)
		left = kill_round(group, fd >= 0 && !v2 && was_asked_to_freeze(fd, false) ? fd : -1, until, &told, evidence);
	evidence_add(evidence, "],\"killedCount\":%d", told);
	if (fd >= 0 && v2 && !was)
		write_word(fd, "cgroup.freeze", "0");
	if (fd >= 0)
		close(fd);
	group_members(group, &members);
	evidence_add(evidence, ",\"after\":{\"processes\":%d}", members.count);
	return left ? -ETIMEDOUT : 0;
}

/* Exactly this one, if it is the one that was meant and is the container's. */
static int kill_one(const struct group *group, const struct vd_effect *effect, struct evidence *evidence)
{
	uint64_t tick_ns = 1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK);
	pid_t pid = (pid_t)effect->tgid;
	const char *why;
	int fd, error = 0;

	if (effect->tgid <= 1 || effect->tgid > INT32_MAX)
		return -EPERM;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return -errno;
	group_members(group, &members);
	why = lifeline_reason(pid, NULL);
	if (pidfd_ended(fd, 0) || start_ticks(pid) != effect->start_boot_ns / tick_ns) {
		error = -ESRCH;
	} else if (why || !members_have(&members, pid)) {
		evidence_add(evidence, ",\"why\":\"%s\"", why ? why : "the process is not in the container");
		error = -EPERM;
	} else if (!(effect->flags & VD_E_DRY_RUN)) {
		error = syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) ? -errno : pidfd_ended(fd, (int)(WAIT_NS / 1000000)) ? 0 : -ETIMEDOUT;
		evidence_add(evidence, ",\"killed\":[%d],\"killedCount\":1", (int)pid);
	}
	close(fd);
	return error;
}

/* With a life line in it, or this loader, a container is not cut off; a runtime passing through is no matter. */
static int isolate_safely(const struct group *group, const struct vd_effect *effect, const struct vd_network *networks, const char *object, struct evidence *evidence)
{
	struct sparing sparing;

	group_members(group, &members);
	evidence_add(evidence, ",\"processes\":%d", members.count);
	sparing = add_spared(evidence, ",");
	if (!(effect->flags & VD_E_UNDO) && sparing.lifelines)
		return -EPERM;
	return isolate(group, effect, networks, object, evidence);
}

static int act(struct loader *loader, const struct vd_effect *effect, const struct vd_network *networks, struct evidence *evidence)
{
	struct group group;
	int error;

	if (!loader->loaded)
		return -ENODEV;
	if (!(effect->flags & VD_E_UNDO) && atomic_load(&loader->enforcement_off)) {
		evidence_add(evidence, ",\"why\":\"enforcement was ended, by command or by the dead man, until the loader is started again\"");
		return -EPERM;
	}
	error = group_open(&group, effect->cgroup_v1, effect->cgroup_v2);
	if (!error) {
		group_members(&group, &members);
		if (members.foreign || members.overflow || members_have(&members, getpid())) {
			evidence_add(evidence, ",\"why\":\"%s\"", members.foreign ? "it has processes that this loader cannot name" : members.overflow ? "it has more than 4096 processes" : "Vedette itself runs in it");
			error = -EPERM;
		} else if (effect->act == VD_ACT_KILL) {
			error = effect->flags & VD_E_UNDO ? -EINVAL : effect->tgid ? kill_one(&group, effect, evidence) : kill_all(&group, effect->flags, evidence);
		} else if (effect->act == VD_ACT_FREEZE) {
			error = freeze(&group, effect->flags, evidence);
		} else if (effect->act == VD_ACT_ISOLATE) {
			error = isolate_safely(&group, effect, networks, loader->options.object, evidence);
		} else {
			error = -EINVAL;
		}
	}
	group_close(&group);
	return error;
}

static int check(const char *payload, uint32_t bytes, struct vd_effect *effect, struct vd_network *networks)
{
	if (bytes < sizeof(*effect))
		return -EINVAL;
	memcpy(effect, payload, sizeof(*effect));
	if (effect->networks > VD_NETWORKS_MAX || bytes != sizeof(*effect) + effect->networks * sizeof(*networks))
		return -EINVAL;
	memcpy(networks, payload + sizeof(*effect), effect->networks * sizeof(*networks));
	for (uint32_t i = 0; i < effect->networks; i++)
		if (networks[i].prefix_bits > 128)
			return -EINVAL;
	return 0;
}

/* Answers by itself, since the reply is longer than others. Returns the status that was sent, or 1 when nothing could be. */
int effect_serve(struct loader *loader, int fd, uint32_t id, const char *payload, uint32_t bytes)
{
	static struct evidence evidence;	/* one command thread, and the lock */
	struct vd_network networks[VD_NETWORKS_MAX];
	struct vd_effect_reply reply = { .magic = VD_EFFECT_MAGIC, .id = id };
	struct vd_effect effect;
	int error;

	pthread_mutex_lock(&lock);
	evidence.at = 0;
	evidence_add(&evidence, "{\"bootNs\":%llu", (unsigned long long)boot_ns());
	reply.status = check(payload, bytes, &effect, networks);
	if (!reply.status)
		reply.status = act(loader, &effect, networks, &evidence);
	if (evidence.at >= sizeof(evidence.text) - 2)
		evidence.at = (size_t)snprintf(evidence.text, sizeof(evidence.text), "{\"why\":\"the evidence is longer than may be told\"");
	evidence_add(&evidence, "}");
	reply.text_bytes = (uint32_t)evidence.at;
	error = write_all(fd, &reply, sizeof(reply)) || write_all(fd, evidence.text, evidence.at);
	pthread_mutex_unlock(&lock);
	return error ? 1 : reply.status;
}

/* Everything that holds is let go: isolations detached, what was frozen here thawed. */
void effects_end(void)
{
	pthread_mutex_lock(&lock);
	isolations_end();
	for (int i = 0; i < frozen_count; i++) {
		set_frozen(frozen[i].fd, frozen[i].v2, false);
		close(frozen[i].fd);
	}
	frozen_count = 0;
	pthread_mutex_unlock(&lock);
}
