/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both sides of the flood lab, static: `flood flooder SECONDS DIRECTORY` does all that a container can do, in every worker another kind of it,
 * as fast as it goes; `flood proof SECONDS DIRECTORY` does one act of each kind a second; `flood exit` is what both execute. Each prints what it
 * did as one line of JSON, counted by itself. Ends by itself, and with its container.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXECUTED 42
#define WORKERS 10
#define READ_FILES 120

enum act { EXEC, FORK, OPEN_WRITE, OPEN_READ, RENAME, LINK, SYMLINK, UNLINK, MKDIR, RMDIR, CHMOD, CONNECT, SEND, SETUID, PTRACE, MEMFD, BPF, MOUNT, MAP, KILL, ACTS };
static const char *const names[ACTS] = { "exec", "fork", "open-write", "open-read", "rename", "link", "symlink", "unlink", "mkdir", "rmdir", "chmod", "connect", "send",
					 "setuid", "ptrace", "memfd", "bpf", "mount", "map", "kill" };
static _Atomic uint64_t *counts;
static const char *directory, *program;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Only what really ran counts: the program says so by its exit code. */
static void execute(void)
{
	char path[256];
	int status = 0;
	pid_t child;

	snprintf(path, sizeof(path), "%s/executed", directory);
	child = fork();
	if (!child) {
		execl(path, path, "exit", NULL);
		_exit(1);
	}
	if (child < 0)
		return;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXECUTED)
		counts[EXEC]++;
	counts[FORK]++;
}

static void fork_only(void)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	if (child > 0) {
		waitpid(child, NULL, 0);
		counts[FORK]++;
	}
}

/* Of files that stay: a file whose inode number another had before is not a first one to the kernel's table. */
static void read_one(uint64_t n)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/r-%llu", directory, (unsigned long long)(n % READ_FILES));
	fd = open(path, O_RDONLY);
	if (fd >= 0)
		counts[OPEN_READ]++, close(fd);
}

static void make_files(void)
{
	char path[300];

	for (int i = 0; i < READ_FILES; i++) {
		snprintf(path, sizeof(path), "%s/r-%d", directory, i);
		close(open(path, O_WRONLY | O_CREAT, 0644));
	}
}

static void file_acts(uint64_t n)
{
	char path[300], other[300];
	int fd;

	snprintf(path, sizeof(path), "%s/f-%d-%llu", directory, getpid(), (unsigned long long)n);
	snprintf(other, sizeof(other), "%s/g-%d-%llu", directory, getpid(), (unsigned long long)n);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	if (fd >= 0)
		counts[OPEN_WRITE]++, close(fd);
	read_one(n);
	counts[CHMOD] += !chmod(path, 0600);
	counts[LINK] += !link(path, other);
	counts[UNLINK] += !unlink(other);
	counts[RENAME] += !rename(path, other);
	counts[SYMLINK] += !symlink(other, path);
	counts[UNLINK] += !unlink(path);
	counts[UNLINK] += !unlink(other);
	counts[MKDIR] += !mkdir(path, 0755);
	counts[RMDIR] += !rmdir(path);
}

static void network_acts(uint64_t n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)(40000 + n % 20000)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(n / 20000 % 200)) };
	int stream = socket(AF_INET, SOCK_STREAM, 0), datagram = socket(AF_INET, SOCK_DGRAM, 0);

	connect(stream, (void *)&to, sizeof(to));
	counts[CONNECT]++;
	if (sendto(datagram, "flood", 5, 0, (void *)&to, sizeof(to)) == 5)
		counts[SEND]++;
	to.sin_port = htons(53);
	sendto(datagram, "\x12\x34\1\0\0\1\0\0\0\0\0\0\5flood\4test\0\0\1\0\1", 28, 0, (void *)&to, sizeof(to));
	close(stream);
	close(datagram);
}

static void process_acts(void)
{
	int memory = (int)syscall(SYS_memfd_create, "flood", 0);

	counts[SETUID] += !setuid(getuid());
	ptrace(PTRACE_PEEKDATA, -1, NULL, NULL), counts[PTRACE]++;
	syscall(SYS_bpf, 0, NULL, 0), counts[BPF]++;
	mount("none", directory, "no-such-kind", 0, NULL), counts[MOUNT]++;
	counts[KILL] += !kill(getpid(), 0);
	if (memory >= 0)
		counts[MEMFD]++, close(memory);
}

static void map_acts(void)
{
	int memory = (int)syscall(SYS_memfd_create, "flood", 0);
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, memory, 0), *other = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	counts[MAP]++;
	mprotect(other, 4096, PROT_READ | PROT_EXEC);
	munmap(at, 4096);
	munmap(other, 4096);
	close(memory);
}

/* What nobody may: each is looked at by many rules. */
static void sensitive_acts(uint64_t n)
{
	char path[300];
	int fd = open("/etc/shadow", O_RDONLY);

	if (fd >= 0)
		close(fd);
	fd = open("/etc/passwd", O_WRONLY);
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "/etc/none-%llu", (unsigned long long)n);
	fd = open(path, O_RDONLY);
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "%s/s-%d", directory, getpid());
	symlink("/etc/shadow", path);
	unlink(path);
}

static void work(int kind, double until)
{
	for (uint64_t n = 0; n % 16 || now() < until; n++) {
		switch (kind % 7) {
		case 0: execute(); break;
		case 1: file_acts(n); break;
		case 2: network_acts(n); break;
		case 3: process_acts(); break;
		case 4: map_acts(); break;
		case 5: sensitive_acts(n); break;
		default: fork_only();
		}
	}
}

static void all_of_them(uint64_t n)
{
	execute();
	file_acts(n);
	network_acts(n);
	process_acts();
}

static void print(void)
{
	printf("{");
	for (int act = 0; act < ACTS; act++)
		printf("%s\"%s\":%llu", act ? "," : "", names[act], (unsigned long long)counts[act]);
	printf("}\n");
	fflush(stdout);
}

/* The container stays until it is ended, so that it is still there when it is asked about. */
int main(int count, char **values)
{
	double until;

	if (count == 2 && !strcmp(values[1], "exit"))
		return EXECUTED;
	if (count == 2 && !strcmp(values[1], "wait")) {
		signal(SIGCHLD, SIG_IGN);
		for (;;)
			pause();
	}
	if (count != 4)
		return 2;
	program = values[0];
	directory = values[3];
	until = now() + atof(values[2]);
	alarm((unsigned)atoi(values[2]) + 30);
	counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	make_files();
	if (!strcmp(values[1], "proof")) {
		for (uint64_t n = 0; now() < until; n++) {
			all_of_them(n);
			usleep(1000000);
		}
	} else {
		for (int i = 0; i < WORKERS; i++)
			if (!fork()) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				work(i, until);
				_exit(0);
			}
		while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
			;
	}
	print();
	return 0;
}
