/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed amounts of work, so that the time it takes can be set beside the time it takes elsewhere:
 *
 *   loads exec COUNT WORKERS    fork, execute /bin/true, wait
 *   loads file COUNT WORKERS    open, read 4 KiB, close: one file
 *   loads net  COUNT WORKERS    connect over loopback, a byte there and one back, close
 *   loads run  PROGRAM ...      a program and whatever it starts
 *   loads idle COUNT            so many processes that sleep until standard input ends; no JSON
 *
 * Prints one JSON line: seconds, processor time of the work alone (what kernel programs take is in its system time), and of single
 * operations their latency. The work of a kind is split evenly; workers are processes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define BLOCK 4096

extern char **environ;

static struct sockaddr_in server_at = { .sin_family = AF_INET };
static char file_name[] = "/tmp/vedette-loads-XXXXXX";

static void die(const char *what)
{
	fprintf(stderr, "loads: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void one_exec(void)
{
	char *const arguments[] = { "/bin/true", NULL };
	int status;
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child) {
		execve(arguments[0], arguments, environ);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status))
		die("/bin/true");
}

static void one_file(void)
{
	char block[BLOCK];
	int fd = open(file_name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, block, sizeof(block)) != BLOCK)
		die(file_name);
	close(fd);
}

static void one_net(void)
{
	/* ends at once, so that tens of thousands do not wait in TIME_WAIT */
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte = 'v';

	if (fd < 0 || connect(fd, (struct sockaddr *)&server_at, sizeof(server_at)))
		die("connect");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
		die("echo");
	close(fd);
}

static void make_file(void)
{
	char block[BLOCK];
	int fd = mkstemp(file_name);

	memset(block, 'v', sizeof(block));
	if (fd < 0 || write(fd, block, sizeof(block)) != BLOCK)
		die(file_name);
	close(fd);
}

/* Echoes one byte of each connection until it is killed. */
static pid_t start_server(void)
{
	socklen_t length = sizeof(server_at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	pid_t server;
	char byte;

	server_at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener < 0 || bind(listener, (struct sockaddr *)&server_at, length) || listen(listener, 512) ||
	    getsockname(listener, (struct sockaddr *)&server_at, &length))
		die("listen");
	server = fork();
	if (server < 0)
		die("fork");
	while (!server) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) != 1)
			byte = 0;
		close(fd);
	}
	close(listener);
	return server;
}

static void work(void (*one)(void), uint32_t *took_ns, long count)
{
	uint64_t before = monotonic_ns();

	for (long i = 0; i < count; i++) {
		uint64_t after;

		one();
		after = monotonic_ns();
		took_ns[i] = after - before > UINT32_MAX ? UINT32_MAX : (uint32_t)(after - before);
		before = after;
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void report(long total, uint64_t took_ns, const char *more)
{
	struct rusage used;

	getrusage(RUSAGE_CHILDREN, &used);
	printf("{\"count\":%ld,\"seconds\":%.4f,\"userSeconds\":%.3f,\"systemSeconds\":%.3f%s}\n", total, (double)took_ns / 1e9,
	       seconds_of(used.ru_utime), seconds_of(used.ru_stime), more);
}

static int run_program(char **words)
{
	uint64_t begun = monotonic_ns();
	pid_t child = fork();
	int status;

	if (!child) {
		execvp(words[0], words);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		die(words[0]);
	report(1, monotonic_ns() - begun, "");
	return 0;
}

/* They end with this process, whatever ends it. */
static int idle(long count)
{
	int pipe_fds[2];
	char byte;

	if (pipe(pipe_fds))
		die("pipe");
	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child)
			continue;
		close(pipe_fds[1]);
		_exit(read(pipe_fds[0], &byte, 1) > 0);
	}
	printf("ready\n");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

int main(int count, char **words)
{
	long total = count == 4 ? atol(words[2]) : 0, workers = count == 4 ? atol(words[3]) : 0, each;
	pid_t children[WORKERS_MAX], server = 0;
	void (*one)(void) = NULL;
	uint32_t *took_ns;
	uint64_t begun, took;
	char latency[64];
	int failed = 0, status;

	if (count > 2 && !strcmp(words[1], "run"))
		return run_program(words + 2);
	if (count == 3 && !strcmp(words[1], "idle"))
		return idle(atol(words[2]));
	if (count == 4)
		one = !strcmp(words[1], "exec") ? one_exec : !strcmp(words[1], "file") ? one_file : !strcmp(words[1], "net") ? one_net : NULL;
	if (!one || workers < 1 || workers > WORKERS_MAX || total < workers) {
		fprintf(stderr, "usage: loads exec|file|net COUNT WORKERS | run PROGRAM ... | idle COUNT\n");
		return 2;
	}
	each = total / workers;
	total = each * workers;
	if (one == one_file)
		make_file();
	if (one == one_net)
		server = start_server();
	took_ns = mmap(NULL, (size_t)total * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (took_ns == MAP_FAILED)
		die("mmap");
	begun = monotonic_ns();
	for (long i = 0; i < workers; i++) {
		children[i] = fork();
		if (children[i] < 0)
			die("fork");
		if (!children[i]) {
			work(one, took_ns + i * each, each);
			_exit(0);
		}
	}
	for (long i = 0; i < workers; i++)
		failed |= waitpid(children[i], &status, 0) != children[i] || status;
	took = monotonic_ns() - begun;
	if (server) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	if (one == one_file)
		unlink(file_name);
	if (failed)
		return 1;
	qsort(took_ns, (size_t)total, 4, by_size);
	snprintf(latency, sizeof(latency), ",\"p50Us\":%.2f,\"p99Us\":%.2f", took_ns[total / 2] / 1e3, took_ns[total * 99 / 100] / 1e3);
	report(total, took, latency);
	return 0;
}
