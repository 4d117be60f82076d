/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operations stand on: a mount namespace of their own, in which /etc, /var/log and /run/goal are fresh tmpfs, so that each can
 * read, write and remove what matters on a real host without touching this one. An operation answers 0, or a negative errno of what failed.
 */
#ifndef GROUND_H
#define GROUND_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define SECRET "/etc/shadow"		/* what is to be read */
#define TARGET "/etc/cron.d/job"	/* what is to be written */
#define TRACE "/var/log/auth.log"	/* what is to be removed */
#define ROOM "/run/goal"		/* where the operations work */
#define MARKER "/run/goal/marker"	/* what is to be executed: this program, which does nothing when it has no arguments */
#define DYNAMIC "/run/goal/dynamic"	/* the same, with shared libraries */
#define LIBRARY "/run/goal/library.so"

struct operation { const char *name; long (*run)(void); };
extern const struct operation executions[], reads[], writes[], rings[], connections[], others[];

/* The answer of a call: what it returned, or its negative errno. */
static inline long answer(long result) { return result < 0 ? -errno : result; }
#define CALL(...) answer(syscall(__VA_ARGS__))

/* A call by the 32-bit interface; the program is static and lies below 4 GiB, and so must what is handed over. */
static inline long narrow_five(long number, long a, long b, long c, long d, long e)
{
	long result = -ENOSYS;

#ifdef __x86_64__
	asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "r8", "r9", "r10", "r11", "memory");
#endif
	return (int)result;
}

static inline long narrow(long number, long a, long b, long c) { return narrow_five(number, a, b, c, 0, 0); }

/* Reads a little of a descriptor, as the goal demands. */
static inline long taste(long fd)
{
	char bytes[16];
	long got = fd < 0 ? fd : answer(read((int)fd, bytes, sizeof(bytes)));

	if (fd >= 0)
		close((int)fd);
	return got < 0 ? got : 0;
}

static inline long leave(long fd, const char *text)
{
	long put = fd < 0 ? fd : answer(write((int)fd, text, strlen(text)));

	if (fd >= 0)
		close((int)fd);
	return put < 0 ? put : 0;
}

/* What a child answers; it ends with the positive errno. */
static inline long in_child(long (*made)(void))
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit((int)(-made() & 0xff));
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

/* A child that waits to be done something to. */
static inline pid_t victim(void)
{
	pid_t child = fork();

	if (!child) {
		pause();
		_exit(0);
	}
	return child;
}

static inline void end_of(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

extern char *const no_arguments[];
long send_descriptor(int channel, int fd);
long take_descriptor(int channel);
long copy_file(const char *from, const char *to);
#endif
