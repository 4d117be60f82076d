/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life lines: the processes without which a node is lost, and the cgroups they live in. A command that would kill one,
 * or put one under a decision that kills, is refused here, whoever asks. A process is a life line when it is pid 1, a
 * kernel thread, this loader or its sensor, or runs in the host's mount namespace a program of the list below; the
 * same name in a container protects nothing.
 */
#include "loader.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const resident_names[] = {
	"systemd", "init", "containerd", "containerd-shim", "containerd-shim-runc-v1", "containerd-shim-runc-v2", "dockerd",
	"docker-proxy", "crio", "conmon", "podman", "kubelet", "sshd", "systemd-udevd", "udevd", "systemd-journald",
	"systemd-logind", "dbus-daemon", "dbus-broker", "agetty", "login", "vedette-loader",
};

/*
 * Low-level runtimes pass through a new container's cgroup while they set it up. They may not be killed, but they do not
 * make the container's cgroup a life line: the exec hook spares whatever is still in the host's mount namespace.
 */
static const char *const passing_names[] = { "runc", "crun", "youki" };
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *further_names = "";
static uint32_t host_mounts;

void lifeline_configure(const char *further, uint32_t host_mount_namespace)
{
	further_names = further ? further : "";
	host_mounts = host_mount_namespace;
}

static bool passing(const char *name)
{
	for (size_t i = 0; i < COUNT(passing_names); i++)
		if (!strcmp(passing_names[i], name))
			return true;
	return false;
}

static bool resident(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < COUNT(resident_names); i++)
		if (!strcmp(resident_names[i], name))
			return true;
	for (const char *at = further_names; *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == length && !strncmp(at, name, length))
			return true;
	return false;
}

static ssize_t link_of(pid_t pid, const char *what, char *out, size_t size)
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	length = readlink(path, out, size - 1);
	out[length > 0 ? length : 0] = 0;
	return length;
}

/* What cannot be read counts as the host's. */
static bool in_host_mounts(pid_t pid)
{
	unsigned int theirs;
	char text[64];

	return !host_mounts || link_of(pid, "ns/mnt", text, sizeof(text)) <= 0 || sscanf(text, "mnt:[%u]", &theirs) != 1 ||
	       theirs == host_mounts;
}

/* The program's name; empty for a kernel thread, or when the process is gone or out of reach. */
static void program_of(pid_t pid, char *out, size_t size)
{
	char exe[PATH_MAX];
	const char *name;

	out[0] = 0;
	if (link_of(pid, "exe", exe, sizeof(exe)) <= 0)
		return;
	if (!strncmp(exe, "/memfd:runc", 11)) {
		snprintf(out, size, "runc");
		return;
	}
	exe[strcspn(exe, " ")] = 0;	/* "/usr/sbin/sshd (deleted)" after an upgrade */
	name = strrchr(exe, '/');
	snprintf(out, size, "%.*s", (int)size - 1, name ? name + 1 : exe);
}

/* Unknown counts as a life line: when it cannot be told, it is not killed. */
bool lifeline_process(pid_t pid)
{
	char name[NAME_MAX + 1];

	if (pid <= 1 || pid == getpid() || pid == getppid())
		return true;
	program_of(pid, name, sizeof(name));
	if (!name[0])
		return true;
	return in_host_mounts(pid) && (resident(name) || passing(name));
}

static pid_t parent_of(pid_t pid)
{
	char path[64], line[512], *at;
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file) && (at = strrchr(line, ')')))
		sscanf(at + 1, " %*c %d", &parent);
	if (file)
		fclose(file);
	return parent;
}

/*
 * Why an effect must spare this process; NULL when it need not. Stricter than lifeline_process: whatever is still in the
 * host's mount namespace is spared, be it only passing through (a runtime's own stage), and so is our sensor.
 */
const char *lifeline_reason(pid_t pid, bool *passing_through)
{
	char name[NAME_MAX + 1];

	if (passing_through)
		*passing_through = false;
	if (pid <= 1)
		return "it is the first process of the host";
	if (pid == getpid() || pid == getppid() || parent_of(pid) == getpid())
		return "it is Vedette's own";
	program_of(pid, name, sizeof(name));
	if (name[0] && in_host_mounts(pid) && resident(name))
		return "it is a life line of the host";
	if (passing_through)
		*passing_through = true;
	if (name[0] && !in_host_mounts(pid))
		return NULL;
	return name[0] ? "it is in the host's mount namespace" : "what it runs cannot be told: it is ending, or a kernel thread";
}

/* Where a hierarchy is mounted: v2 by file system type, v1 by its controller. Asked once: it does not move. */
const char *cgroup_mount_point(bool v2)
{
	static char found[2][PATH_MAX];
	char line[PATH_MAX * 2], device[256], path[PATH_MAX], type[64], flags[1024];
	FILE *mounts = found[v2][0] ? NULL : fopen("/proc/self/mounts", "re");

	while (mounts && !found[v2][0] && fgets(line, sizeof(line), mounts)) {
		char *at;

		if (sscanf(line, "%255s %4095s %63s %1023s", device, path, type, flags) != 4)
			continue;
		if (strcmp(type, v2 ? "cgroup2" : "cgroup"))
			continue;
		at = strstr(flags, "pids");
		if (!v2 && (!at || (at > flags && at[-1] != ',') || (at[4] && at[4] != ',')))
			continue;
		snprintf(found[v2], sizeof(found[v2]), "%s", path);
	}
	if (mounts)
		fclose(mounts);
	return found[v2][0] ? found[v2] : NULL;
}

static uint64_t key_of(bool v2, const char *path)
{
	const char *root = cgroup_mount_point(v2);
	char full[PATH_MAX * 2];
	struct stat status;

	if (!root)
		return 0;
	snprintf(full, sizeof(full), "%s%s", root, path);
	return stat(full, &status) ? 0 : (uint64_t)status.st_ino | (v2 ? VD_CGROUP_V2 : 0);
}

/* The key of a cgroup directory given by its place in the file system; 0 when it is not one. */
uint64_t cgroup_key_of_path(const char *path)
{
	char resolved[PATH_MAX];
	struct stat status;

	if (!realpath(path, resolved) || stat(resolved, &status) || !S_ISDIR(status.st_mode))
		return 0;
	for (int v2 = 0; v2 < 2; v2++) {
		const char *root = cgroup_mount_point(v2);

		if (root && !strncmp(resolved, root, strlen(root)) && (resolved[strlen(root)] == '/' || !resolved[strlen(root)]))
			return (uint64_t)status.st_ino | (v2 ? VD_CGROUP_V2 : 0);
	}
	return 0;
}

/* Number of the v1 hierarchy that has the pids controller; 0 when it is on v2 or nowhere. */
uint32_t v1_pids_hierarchy(void)
{
	FILE *file = fopen("/proc/cgroups", "re");
	char line[256], name[64];
	unsigned int hierarchy, found = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %u", name, &hierarchy) == 2 && !strcmp(name, "pids"))
			found = hierarchy;
	if (file)
		fclose(file);
	return found;
}

/* Is one of the two cgroups of `pid` the one with this key? */
static bool process_in(pid_t pid, uint64_t key)
{
	char path[64], line[PATH_MAX + 128];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		char *controllers = strchr(line, ':'), *place = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!place)
			continue;
		place[strcspn(place, "\n")] = 0;
		*place++ = 0;
		if (!controllers[1])
			found = (key & VD_CGROUP_V2) && key_of(true, place) == key;
		else if (strstr(controllers + 1, "pids"))
			found = !(key & VD_CGROUP_V2) && key_of(false, place) == key;
	}
	if (file)
		fclose(file);
	return found;
}

/* Does a life line live in this cgroup? The root always counts. */
bool lifeline_cgroup(uint64_t key)
{
	struct dirent *entry;
	bool found = false;
	DIR *directory;

	if ((key & ~VD_CGROUP_V2) <= 1)
		return true;
	directory = opendir("/proc");
	while (directory && !found && (entry = readdir(directory))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
		char name[NAME_MAX + 1];

		if (pid <= 0)
			continue;
		program_of(pid, name, sizeof(name));
		if (pid == 1 || pid == getpid() || pid == getppid() || (name[0] && resident(name) && in_host_mounts(pid)))
			found = process_in(pid, key);
	}
	if (directory)
		closedir(directory);
	return found;
}
