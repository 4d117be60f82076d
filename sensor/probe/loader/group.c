/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's own cgroups, opened by the kernel's ids and not by path, so that nobody can put another directory in
 * their place; and who is in them. The root is nobody's container, and a cgroup that this loader lives in is refused. A process counts
 * as in it only when it is listed after it was pinned by a pidfd. Bounds: 4096 processes, 8 levels of cgroups below.
 */
#include "effect.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LEVELS_MAX 8
#define KERNFS_HANDLE 0xfe	/* FILEID_KERNFS: the 64-bit id, since 5.5 */

static int open_by_id(bool v2, uint64_t id)
{
	struct { struct file_handle head; uint64_t id; } handle = { .head = { .handle_bytes = 8, .handle_type = KERNFS_HANDLE } };
	const char *root = cgroup_mount_point(v2);
	int mount, fd, error;
	struct stat status;

	if (!root)
		return -ENOENT;
	mount = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0)
		return -errno;
	memcpy(handle.head.f_handle, &id, 8);
	fd = open_by_handle_at(mount, &handle.head, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = errno == ESTALE ? -ESRCH : -errno;
	close(mount);
	if (fd < 0)
		return error;
	if (!fstat(fd, &status) && (uint64_t)status.st_ino == id)
		return fd;
	close(fd);
	return -ESRCH;
}

void group_close(struct group *group)
{
	for (int v2 = 0; v2 < 2; v2++) {
		if (group->fd[v2] >= 0)
			close(group->fd[v2]);
		group->fd[v2] = -1;
	}
}

static void list_below(int fd, struct members *members, int levels)
{
	int file = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *lines = file < 0 ? NULL : fdopen(file, "r");
	struct dirent *entry;
	DIR *directory;
	char line[32];
	int copy;

	while (lines && fgets(line, sizeof(line), lines)) {
		pid_t pid = atoi(line);

		if (pid <= 0)
			members->foreign++;	/* in another pid namespace than the loader: cannot be named */
		else if (members->count < MEMBERS_MAX)
			members->pid[members->count++] = pid;
		else
			members->overflow = true;
	}
	if (lines)
		fclose(lines);
	copy = levels > 0 ? openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	directory = copy < 0 ? NULL : fdopendir(copy);
	while (directory && (entry = readdir(directory))) {
		int below;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (below >= 0) {
			list_below(below, members, levels - 1);
			close(below);
		}
	}
	if (directory)
		closedir(directory);
}

void members_of(int fd, struct members *members)
{
	members->count = members->foreign = 0;
	members->overflow = false;
	if (fd >= 0)
		list_below(fd, members, LEVELS_MAX);
}

bool members_have(const struct members *members, pid_t pid)
{
	for (int i = 0; i < members->count; i++)
		if (members->pid[i] == pid)
			return true;
	return false;
}

/* Everybody in either hierarchy, each once. */
void group_members(const struct group *group, struct members *members)
{
	static struct members other;	/* only under the lock of effects */

	members_of(group->fd[0], members);
	members_of(group->fd[1], &other);
	for (int i = 0; i < other.count; i++) {
		if (members_have(members, other.pid[i]))
			continue;
		if (members->count < MEMBERS_MAX)
			members->pid[members->count++] = other.pid[i];
		else
			members->overflow = true;
	}
	members->foreign += other.foreign;
	members->overflow = members->overflow || other.overflow;
}

/* How many of the first are not among the second: those a hook of the second hierarchy would not reach. */
int members_outside(const struct members *first, const struct members *second)
{
	int outside = 0;

	for (int i = 0; i < first->count; i++)
		outside += !members_have(second, first->pid[i]);
	return outside;
}

bool pidfd_ended(int pidfd, int wait_ms)
{
	struct pollfd one = { .fd = pidfd, .events = POLLIN };

	return poll(&one, 1, wait_ms) == 1;
}

/* A cgroup of another hierarchy at the same place as the container's of the pids controller; -ENOENT when there is none. */
static int at_same_place(const struct group *group, const char *root)
{
	const char *pids = cgroup_mount_point(false);
	char link[64], place[PATH_MAX], full[PATH_MAX * 2];
	ssize_t length;
	int fd;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", group->fd[0]);
	length = group->fd[0] < 0 || !pids || !root ? -1 : readlink(link, place, sizeof(place) - 1);
	place[length > 0 ? length : 0] = 0;
	if (length <= 0 || strncmp(place, pids, strlen(pids)) || place[strlen(pids)] != '/' || !place[strlen(pids) + 1])
		return -ENOENT;
	snprintf(full, sizeof(full), "%s%s", root, place + strlen(pids));
	fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Exactly the same processes, and some? They fork meanwhile, so it is looked at more than once. */
bool members_equal(int one, int other)
{
	static struct members here, there;	/* only under the lock of effects */

	for (int attempt = 0; attempt < 5; attempt++) {
		members_of(one, &here);
		members_of(other, &there);
		if (here.count && !members_outside(&here, &there) && !members_outside(&there, &here))
			return true;
	}
	return false;
}

/* A sensor that is limited to a v1 cgroup is not told of the unified one: it counts when exactly the container's processes are in it. */
static void find_unified(struct group *group)
{
	struct stat status;
	int fd = at_same_place(group, cgroup_mount_point(true));

	if (fd >= 0 && !fstat(fd, &status) && status.st_ino > 1 && members_equal(group->fd[0], fd)) {
		group->fd[1] = fd;
		group->id[1] = (uint64_t)status.st_ino;
	} else if (fd >= 0) {
		close(fd);
	}
}

int group_open(struct group *group, uint64_t key_v1, uint64_t key_v2)
{
	uint64_t id[2] = { key_v1, key_v2 & ~VD_CGROUP_V2 };
	int error = -ESRCH;

	group->fd[0] = group->fd[1] = -1;
	group->id[0] = id[0];
	group->id[1] = id[1];
	if (key_v1 & VD_CGROUP_V2 || (key_v2 && !(key_v2 & VD_CGROUP_V2)))
		return -EINVAL;
	if (id[0] == 1 || (key_v2 && id[1] <= 1))
		return -EPERM;
	for (int v2 = 0; v2 < 2; v2++) {
		if (!id[v2])
			continue;
		group->fd[v2] = open_by_id(v2, id[v2]);
		if (group->fd[v2] < 0)
			error = group->fd[v2];
	}
	if (group->fd[1] < 0)
		find_unified(group);
	return group->fd[0] < 0 && group->fd[1] < 0 ? error : 0;
}

/* The v1 freezer's cgroup of the container. */
int group_freezer(const struct group *group)
{
	char line[PATH_MAX * 2], device[256], path[PATH_MAX], type[64], flags[1024];
	FILE *mounts = fopen("/proc/self/mounts", "re");
	int fd = -ENOENT;

	while (mounts && fd == -ENOENT && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%255s %4095s %63s %1023s", device, path, type, flags) == 4 && !strcmp(type, "cgroup") && strstr(flags, "freezer"))
			fd = at_same_place(group, path);
	if (mounts)
		fclose(mounts);
	return fd;
}
