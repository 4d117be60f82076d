/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to write into another process, to leave one's namespaces, and to put a socket where a shell reads. */
#include "ground.h"
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static long traced(int request)
{
	pid_t child = victim();
	long result = CALL(SYS_ptrace, request, child, 0, 0);

	end_of(child);
	return result;
}

static long attached(void) { return traced(PTRACE_ATTACH); }
static long seized(void) { return traced(0x4206 /* PTRACE_SEIZE */); }

static long written(void)
{
	static char here[8] = "written", there[8];
	struct iovec mine = { here, 8 }, theirs = { there, 8 };
	pid_t child = victim();
	long result = CALL(SYS_process_vm_writev, child, &mine, 1, &theirs, 1, 0);

	end_of(child);
	return result < 0 ? result : 0;
}

static long written_by_file(void)
{
	static char there[8];
	char path[64];
	pid_t child = victim();
	long result;

	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	result = answer(pwrite(open(path, O_RDWR), "written", 8, (off_t)(uintptr_t)there));
	end_of(child);
	return result < 0 ? result : 0;
}

static long traced_int_0x80(void)
{
	pid_t child = victim();
	long result = narrow(26, PTRACE_ATTACH, child, 0);

	end_of(child);
	return result;
}

static long child_unshare(void) { return CALL(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS); }
static long unshared(void) { return in_child(child_unshare); }
static long unshared_32(void) { return narrow(310, CLONE_NEWUSER | CLONE_NEWNS, 0, 0); }

static long cloned(void)
{
	long child = CALL(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);

	if (!child)
		_exit(0);
	if (child > 0)
		waitpid((pid_t)child, NULL, 0);
	return child < 0 ? child : 0;
}

static long cloned3(void)
{
	struct clone_args how = { .flags = CLONE_NEWUSER | CLONE_NEWNS, .exit_signal = SIGCHLD };
	long child = CALL(SYS_clone3, &how, sizeof(how));

	if (!child)
		_exit(0);
	if (child > 0)
		waitpid((pid_t)child, NULL, 0);
	return child < 0 ? child : 0;
}

static long entered(bool by_pidfd)
{
	pid_t child = fork();
	char path[64];
	long result;

	if (!child) {
		unshare(CLONE_NEWUTS);
		pause();
		_exit(0);
	}
	usleep(20000);
	snprintf(path, sizeof(path), "/proc/%d/ns/uts", child);
	result = CALL(SYS_setns, by_pidfd ? CALL(SYS_pidfd_open, child, 0) : open(path, O_RDONLY), CLONE_NEWUTS);
	end_of(child);
	return result;
}

static long entered_by_file(void) { return entered(false); }
static long entered_by_pidfd(void) { return entered(true); }

static long dup_plain(void) { return CALL(SYS_dup2, socket(AF_INET, SOCK_STREAM, 0), 0); }
static long dup_three(void) { return CALL(SYS_dup3, socket(AF_INET, SOCK_STREAM, 0), 0, 0); }
static long dup_lowest(void) { int fd = socket(AF_INET, SOCK_STREAM, 0); close(0); return CALL(SYS_dup, fd); }
static long dup_fcntl(void) { int fd = socket(AF_INET, SOCK_STREAM, 0); close(0); return CALL(SYS_fcntl, fd, F_DUPFD, 0); }
static long dup_int_0x80(void) { return narrow(63, socket(AF_INET, SOCK_STREAM, 0), 0, 0); }
static long dup_none(void) { close(0); return socket(AF_INET, SOCK_STREAM, 0); }

static long dup_passed(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return -errno;
	send_descriptor(ends[1], socket(AF_INET, SOCK_STREAM, 0));
	close(0);
	return take_descriptor(ends[0]);
}

/* A connection to oneself, taken when 0 is the lowest free number. */
static long dup_accepted(void)
{
	struct sockaddr_in place = { .sin_family = AF_INET };
	socklen_t bytes = sizeof(place);
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

	place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(server, (struct sockaddr *)&place, bytes) || listen(server, 1) || getsockname(server, (struct sockaddr *)&place, &bytes))
		return -errno;
	if (connect(client, (struct sockaddr *)&place, bytes))
		return -errno;
	close(0);
	return answer(accept(server, NULL, NULL));
}

static long dup_pidfd(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), self = (int)CALL(SYS_pidfd_open, getpid(), 0);

	close(0);
	return CALL(SYS_pidfd_getfd, self, fd, 0);
}

const struct operation others[] = {
	{ "inject-ptrace", attached }, { "inject-seize", seized }, { "inject-vm-write", written }, { "inject-proc-mem", written_by_file },
	{ "inject-int-0x80", traced_int_0x80 },
	{ "unshare", unshared }, { "unshare-int-0x80", unshared_32 }, { "clone-namespaces", cloned }, { "clone3-namespaces", cloned3 },
	{ "setns", entered_by_file }, { "setns-pidfd", entered_by_pidfd },
	{ "dup2", dup_plain }, { "dup3", dup_three }, { "dup-lowest", dup_lowest }, { "dup-fcntl", dup_fcntl }, { "dup-int-0x80", dup_int_0x80 },
	{ "dup-none", dup_none }, { "dup-passed", dup_passed }, { "dup-pidfd", dup_pidfd }, { "dup-accepted", dup_accepted },
	{ 0 },
};
