/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A canary on the sensor's order: a process of our own in a cgroup of its own does one harmless act of each class (canary-acts.c). Who it is
 * stands in the records before it does anything, and which acts it did once its cgroups are gone, so that the sensor can hold them
 * against what the hooks saw. On a thread of its own; one at a time; it is given five seconds. The process of a canary is known by its
 * id and its cgroup together, and only root can make or enter that.
 */
#include "canary.h"
#include "loader.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANARY_MS 5000
#define TOLD_MS 2000
#define SWITCH_CANARY 4

/* What the main thread is to tell next, and whether it has. */
static struct vd_canary told;
static _Atomic int to_tell;	/* the phase; 0: nothing */
static _Atomic bool busy;

int canary_tell(int (*send)(void *context, const void *record, size_t bytes), void *context)
{
	int error;

	if (!atomic_load(&to_tell))
		return 0;
	error = send(context, &told, sizeof(told));
	atomic_store(&to_tell, 0);
	return error;
}

/* Waits until the main thread has sent it; a pipe that takes nothing must not keep a canary. */
static void tell(uint32_t phase)
{
	struct timespec pause = { .tv_nsec = 2000000 };

	told.phase = phase;
	told.header.kind = VD_CANARY;
	told.header.time_boot_ns = boot_ns();
	atomic_store(&to_tell, (int)phase);
	for (int i = 0; i < TOLD_MS / 2 && atomic_load(&to_tell); i++)
		nanosleep(&pause, NULL);
	atomic_store(&to_tell, 0);
}

/* Its cgroup in one hierarchy, below the part that this loader sees. Returns 0 and its path and key, or a negative errno. */
static int make_cgroup(struct loader *loader, bool v2, char path[PATH_MAX], __u64 *key)
{
	const char *root = cgroup_mount_point(v2), *scope = loader->options.cgroup;
	char resolved[PATH_MAX];
	struct stat status;

	*key = 0;
	path[0] = 0;
	if (!root || (!v2 && !loader->v1_hierarchy))
		return -ENOENT;
	if (scope) {
		bool here = ((loader->scope_cgroup & VD_CGROUP_V2) != 0) == v2;

		if (!here)
			return -ENOENT;
		if (!realpath(scope, resolved))
			return -errno;
		root = resolved;
	}
	if (snprintf(path, PATH_MAX, "%s/" CANARY_NAME, root) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	if (stat(path, &status))
		return -errno;
	*key = (uint64_t)status.st_ino | (v2 ? VD_CGROUP_V2 : 0);
	return 0;
}

static bool enter(const char *path)
{
	char procs[PATH_MAX + 16];
	int fd;
	bool entered;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	entered = fd >= 0 && write(fd, "0", 1) == 1;
	if (fd >= 0)
		close(fd);
	return entered;
}

/* In the new process: into its cgroups, then it waits to be told that it is known, and becomes the canary. */
static void become_canary(char paths[2][PATH_MAX], int go, int answer)
{
	char *const arguments[] = { (char *)CANARY_NAME, NULL }, *const environment[] = { NULL };
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	setpriority(PRIO_PROCESS, 0, 10);
	for (int v2 = 0; v2 < 2; v2++)
		if (paths[v2][0] && !enter(paths[v2]))
			_exit(1);
	if (read(go, &byte, 1) != 1)
		_exit(1);
	answer = fcntl(answer, F_DUPFD, 10);
	dup2(answer, CANARY_FD);
	syscall(SYS_close_range, CANARY_FD + 1, ~0u, 0);
	execve("/proc/self/exe", arguments, environment);
	_exit(1);
}

/* Its answer, within its time. Returns 0, or a negative errno. */
static int await(int answer, struct canary_outcomes *outcomes)
{
	struct pollfd wait = { .fd = answer, .events = POLLIN };
	int ready = poll(&wait, 1, CANARY_MS);
	ssize_t got = ready > 0 ? read(answer, outcomes, sizeof(*outcomes)) : 0;

	return ready == 0 ? -ETIMEDOUT : got == (ssize_t)sizeof(*outcomes) ? 0 : -EPROTO;
}

static int run_in(char paths[2][PATH_MAX])
{
	struct canary_outcomes outcomes = {};
	int go[2], answer[2], error;
	pid_t child;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(answer, O_CLOEXEC)) {
		close(go[0]);
		close(go[1]);
		return -EMFILE;
	}
	child = fork();
	if (!child) {
		close(go[1]);
		become_canary(paths, go[0], answer[1]);
	}
	close(go[0]);
	close(answer[1]);
	error = child < 0 ? -EAGAIN : 0;
	if (!error) {
		told.header.tgid = told.header.tid = (uint32_t)child;
		probe_set_switch(SWITCH_CANARY, (uint32_t)child);
		tell(VD_CANARY_BEGINS);
		if (write(go[1], "", 1) != 1)
			error = -EPIPE;
	}
	close(go[1]);
	if (!error)
		error = await(answer[0], &outcomes);
	close(answer[0]);
	if (child > 0) {
		if (error)
			kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	probe_set_switch(SWITCH_CANARY, 0);
	memcpy(told.outcomes, outcomes.of, sizeof(told.outcomes));
	return error;
}

static void *run(void *argument)
{
	struct loader *loader = argument;
	char paths[2][PATH_MAX];
	int errors[2];

	errors[0] = make_cgroup(loader, false, paths[0], &told.cgroup_v1);
	errors[1] = make_cgroup(loader, true, paths[1], &told.cgroup_v2);
	if (errors[0] && errors[1])
		told.problem = errors[1] == -ENOENT ? errors[0] : errors[1];
	else
		told.problem = run_in(paths);
	if (!told.problem)
		told.outcomes[VD_CGROUP_CREATE] = told.outcomes[VD_CGROUP_ATTACH] = told.outcomes[VD_CGROUP_REMOVE] = 1;
	for (int v2 = 0; v2 < 2; v2++)
		if (paths[v2][0])
			rmdir(paths[v2]);
	tell(VD_CANARY_ENDED);
	atomic_store(&busy, false);
	return NULL;
}

/* -EBUSY: the one before has not ended. */
int canary_start(struct loader *loader, uint64_t round)
{
	pthread_t thread;

	if (atomic_exchange(&busy, true))
		return -EBUSY;
	memset(&told, 0, sizeof(told));
	told.round = round;
	if (pthread_create(&thread, NULL, run, loader)) {
		atomic_store(&busy, false);
		return -EAGAIN;
	}
	return pthread_detach(thread);
}
