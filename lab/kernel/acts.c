/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acts for the kernel tests, one a call: `acts CGROUP_PROCS[,CGROUP_PROCS] ACT ARGUMENTS`. The process first moves
 * itself into the cgroups given, so that nothing it does is outside of the sensor's scope.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void join_cgroups(char *list)
{
	for (char *one = strtok(list, ","); one; one = strtok(NULL, ",")) {
		int fd = open(one, O_WRONLY);

		if (fd < 0 || write(fd, "0", 1) != 1)
			fail(one);
		close(fd);
	}
}

static int tcp(int family, const char *address, int port, int listening)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(family, SOCK_STREAM, 0), one = 1;
	struct sockaddr *to = family == AF_INET ? (void *)&v4 : (void *)&v6;
	socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);

	inet_pton(family, address, family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr);
	if (!listening) {
		printf("connect %d\n", connect(fd, to, size) ? -errno : 0);
		return fd;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, to, size) || listen(fd, 5))
		fail("listen");
	return fd;
}

/* Listens, connects to itself in a child, accepts. */
static void network(int family, const char *address, int port)
{
	int listener = tcp(family, address, port, 1);

	if (!fork()) {
		tcp(family, address, port, 0);
		_exit(0);
	}
	if (accept(listener, NULL, NULL) < 0)
		fail("accept");
	wait(NULL);
}

static void opens(const char *path, const char *how)
{
	int fd;

	if (!strcmp(how, "creat"))
		fd = creat(path, 0644);
	else if (!strcmp(how, "open"))
		fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT, 0644);
#ifdef SYS_open
	else if (!strcmp(how, "open-old"))
		fd = (int)syscall(SYS_open, path, O_RDWR | O_CREAT, 0644);
#endif
	else if (!strcmp(how, "openat2")) {
		struct open_how request = { .flags = O_WRONLY | O_CREAT, .mode = 0644 };

		fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &request, sizeof(request));
	} else
		fd = open(path, O_RDONLY);
	if (fd < 0)
		fail(path);
	close(fd);
}

static void from_memory(const char *program)
{
	char buffer[65536], *const arguments[] = { "from-memory", NULL }, *const none[] = { NULL };
	int in = open(program, O_RDONLY), out = memfd_create("payload", 0);
	ssize_t got;

	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)got) != got)
			fail("write");
	close(in);
	syscall(SYS_execveat, out, "", arguments, none, AT_EMPTY_PATH);
	fail("execveat");
}

static void map_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		fail("mmap");
	close(fd);
}

/* COUNT executions of PROGRAM, each with its own number as argument, by one worker. */
static void execs(const char *program, int count, int first)
{
	for (int i = 0; i < count; i++) {
		pid_t child = vfork();

		if (child == 0) {
			char number[32];

			snprintf(number, sizeof(number), "%d", first + i);
			execl(program, program, "-", "exit", "0", number, NULL);
			_exit(127);
		}
		if (child < 0)
			fail("vfork");
		waitpid(child, NULL, 0);
	}
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Executions as fast as one worker can, each with its own mark "WORKER:NUMBER". Prints how many. */
static void storm_exec(const char *program, double seconds, const char *worker)
{
	double end = seconds_now() + seconds;
	long done = 0;

	while (seconds_now() < end) {
		pid_t child = vfork();

		if (child == 0) {
			char mark[64];

			snprintf(mark, sizeof(mark), "%s:%ld", worker, done);
			execl(program, program, mark, NULL);
			_exit(127);
		}
		if (child < 0)
			fail("vfork");
		waitpid(child, NULL, 0);
		done++;
	}
	printf("%ld\n", done);
}

/* Opens for writing as fast as one worker can, over FILES files so that no path comes twice in a row. Prints how many. */
static void storm_open(const char *directory, double seconds, int files)
{
	double end = seconds_now() + seconds;
	char path[512];
	long done = 0;

	while (done % 256 || seconds_now() < end) {
		int fd;

		snprintf(path, sizeof(path), "%s/file-number-%ld", directory, done % files);
		fd = open(path, O_WRONLY | O_CREAT, 0644);
		if (fd < 0)
			fail(path);
		close(fd);
		done++;
	}
	printf("%ld\n", done);
}

/* Opens each of COUNT files once for writing, spread over SECONDS. */
static void open_spread(const char *directory, int files, double seconds)
{
	double begin = seconds_now();
	char path[512];

	for (int i = 0; i < files; i++) {
		int fd;

		while (seconds_now() < begin + seconds * i / files)
			usleep(200);
		snprintf(path, sizeof(path), "%s/watched-%d", directory, i);
		fd = open(path, O_WRONLY | O_CREAT, 0644);
		if (fd < 0)
			fail(path);
		close(fd);
	}
}

int main(int count, char **values)
{
	const char *act = count > 2 ? values[2] : "";

	if (count < 3)
		return 2;
	if (strcmp(values[1], "-"))
		join_cgroups(values[1]);
	if (!strcmp(act, "exec"))
		execv(values[3], values + 3);
	else if (!strcmp(act, "exit"))
		return atoi(values[3]);
	else if (!strcmp(act, "signal"))
		raise(atoi(values[3]));
	else if (!strcmp(act, "open"))
		opens(values[3], values[4]);
	else if (!strcmp(act, "open-many"))
		for (int i = 0; i < atoi(values[4]); i++)
			opens(values[3], values[5]);
	else if (!strcmp(act, "tcp4"))
		network(AF_INET, "127.0.0.1", atoi(values[3]));
	else if (!strcmp(act, "tcp6"))
		network(AF_INET6, "::1", atoi(values[3]));
	else if (!strcmp(act, "refused"))
		tcp(AF_INET, "127.0.0.1", atoi(values[3]), 0);
	else if (!strcmp(act, "connect-ports"))
		for (int i = 0; i < atoi(values[4]); i++)
			close(tcp(AF_INET, "127.0.0.1", atoi(values[3]) + i, 0));
	else if (!strcmp(act, "memory"))
		from_memory(values[3]);
	else if (!strcmp(act, "map"))
		map_file(values[3]);
	else if (!strcmp(act, "execs"))
		execs(values[3], atoi(values[4]), atoi(values[5]));
	else if (!strcmp(act, "storm-exec"))
		storm_exec(values[3], atof(values[4]), values[5]);
	else if (!strcmp(act, "storm-open"))
		storm_open(values[3], atof(values[4]), atoi(values[5]));
	else if (!strcmp(act, "open-spread"))
		open_spread(values[3], atoi(values[4]), atof(values[5]));
	else
		return 2;
	return act[0] == 'e' && act[4] == 0 ? 127 : 0;
}
