/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `equivalent PROCS[,PROCS] DYNAMIC LIBRARY NAME`: makes its ground, moves itself into the cgroups, executes itself there, so that who
 * watches them knows it, and carries out the operation NAME. Prints "NAME RESULT": 0 or a negative errno. `--list` prints the names.
 * With other arguments or none it does nothing: it is also what the operations execute.
 */
#include "ground.h"

static char first[] = "marker";
char *const no_arguments[] = { first, NULL };

static void must(long result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static void join_cgroups(char *list)
{
	for (char *one = strtok(list, ","); one; one = strtok(NULL, ",")) {
		int fd = open(one, O_WRONLY);

		must(fd, one);
		must(write(fd, "0", 1), one);
		close(fd);
	}
}

long copy_file(const char *from, const char *to)
{
	static char bytes[1 << 16];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t got;

	must(in, from);
	must(out, to);
	while ((got = read(in, bytes, sizeof(bytes))) > 0)
		must(write(out, bytes, (size_t)got), to);
	close(in);
	return close(out);
}

static void make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	must(fd, path);
	must(write(fd, text, strlen(text)), path);
	close(fd);
}

static void make_ground(const char *dynamic, const char *library)
{
	static const char *fresh[] = { "/etc", "/var/log", "/run" };

	must(unshare(CLONE_NEWNS), "unshare");
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	copy_file(dynamic, "/tmp/.goal-dynamic");
	copy_file(library, "/tmp/.goal-library");
	for (int i = 0; i < 3; i++)
		must(mount("ground", fresh[i], "tmpfs", 0, NULL), fresh[i]);
	must(mkdir(ROOM, 0755), ROOM);
	must(mkdir("/etc/cron.d", 0755), "/etc/cron.d");
	make_file(SECRET, "root:*:20000:0:99999:7:::\n");
	make_file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
	make_file(TRACE, "somebody was here\n");
	make_file(ROOM "/plain", "nothing of note\n");
	copy_file("/proc/self/exe", MARKER);
	copy_file("/tmp/.goal-dynamic", DYNAMIC);
	copy_file("/tmp/.goal-library", LIBRARY);
	unlink("/tmp/.goal-dynamic");
	unlink("/tmp/.goal-library");
	must(chdir(ROOM), ROOM);
}

long send_descriptor(int channel, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec byte = { (char[]){ 'x' }, 1 };
	struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	return answer(sendmsg(channel, &message, 0));
}

long take_descriptor(int channel)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, got;
	struct iovec byte = { &got, 1 };
	struct msghdr message = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	int fd = -EBADF;

	if (recvmsg(channel, &message, 0) < 0)
		return -errno;
	if (CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

static const struct operation *const tables[] = { executions, reads, writes, rings, connections, others };
#define TABLES (sizeof(tables) / sizeof(tables[0]))

static int operate(const char *name)
{
	for (size_t i = 0; i < TABLES; i++) {
		for (const struct operation *one = tables[i]; one->name; one++) {
			if (strcmp(one->name, name))
				continue;
			printf("%s %ld\n", name, one->run());
			return 0;
		}
	}
	fprintf(stderr, "there is no operation %s\n", name);
	return 2;
}

int main(int count, char **given)
{
	if (count == 2 && !strcmp(given[1], "--list")) {
		for (size_t i = 0; i < TABLES; i++)
			for (const struct operation *one = tables[i]; one->name; one++)
				puts(one->name);
		return 0;
	}
	if (count == 3 && !strcmp(given[1], "operate"))
		return operate(given[2]);
	if (count != 5)
		return 0;
	make_ground(given[2], given[3]);
	join_cgroups(given[1]);
	must(execl(given[0], given[0], "operate", given[4], NULL), given[0]);
	return 0;
}
