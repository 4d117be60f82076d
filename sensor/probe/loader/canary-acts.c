/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canary itself: one act of each class of events, none of which changes anything. Most are calls with arguments that the kernel must refuse:
 * the hooks see them all the same. It first goes into user and network namespaces of its own, so it has no right over anything of the
 * host and its sockets are seen by nobody; where a host does not allow that, it becomes nobody, and the names of a name server cannot be tried.
 * What is told of each class: done, not tried, or the error for which it cannot be done here.
 */
#include "canary.h"
#include "loader.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct canary_outcomes outcomes;

static void done(int kind)
{
	outcomes.of[kind] = 1;
}

static void impossible(int kind)
{
	outcomes.of[kind] = (int16_t)-errno;
}

/* Made for the hooks: what it answers is of no interest. */
#define TRY(kind, call) do { if ((long)(call)) { } done(kind); } while (0)

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void loopback_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd >= 0)
		ioctl(fd, SIOCSIFFLAGS, &request);
	if (fd >= 0)
		close(fd);
}

/* Into namespaces of its own, or else to nobody. Whether it has a network of its own. */
static int leave_the_host(void)
{
	if (!unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
		loopback_up();
		return 1;
	}
	if (setgid(65534) || setuid(65534))
		_exit(1);
	return 0;
}

static void process_acts(void)
{
	static struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	static struct __user_cap_data_struct data[2];
	pid_t child = fork();

	if (!child)
		_exit(0);
	if (child > 0) {
		waitpid(child, NULL, 0);
		done(VD_FORK);
		done(VD_EXIT);
	} else {
		impossible(VD_FORK);
	}
	done(VD_EXEC);
	TRY(VD_SETGID, syscall(SYS_setgid, (gid_t)-1));
	TRY(VD_SETUID, syscall(SYS_setuid, (uid_t)-1));
	TRY(VD_SETNS, syscall(SYS_setns, -1, 0));
	done(VD_UNSHARE);
	TRY(VD_PTRACE, ptrace(PTRACE_PEEKDATA, -1, NULL, NULL));
	TRY(VD_PROCESS_VM_WRITE, process_vm_writev(getpid(), NULL, 0, NULL, 0, 0));
	TRY(VD_PROCESS_VM_READ, process_vm_readv(getpid(), NULL, 0, NULL, 0, 0));
	TRY(VD_PRCTL, prctl(PR_GET_DUMPABLE));
	TRY(VD_KILL, kill(getpid(), 0));
	TRY(VD_SETPGID, setpgid(-1, -1));
	TRY(VD_SETSID, setsid());
	TRY(VD_CAPSET, syscall(SYS_capset, &head, data));
}

static void file_acts(void)
{
	int memory = (int)syscall(SYS_memfd_create, CANARY_NAME, MFD_CLOEXEC), fd;
	char path[64];

	if (memory < 0) {
		impossible(VD_MEMFD);
		impossible(VD_OPEN_WRITE);
		impossible(VD_OPEN_READ);
		impossible(VD_MAP_EXEC);
	} else {
		done(VD_MEMFD);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		fd < 0 ? impossible(VD_OPEN_WRITE) : done(VD_OPEN_WRITE);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		fd < 0 ? impossible(VD_OPEN_READ) : done(VD_OPEN_READ);
		TRY(VD_MAP_EXEC, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, memory, 0));
	}
	TRY(VD_MAP_ANONYMOUS, mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	TRY(VD_MPROTECT, mprotect(NULL, 0, PROT_EXEC));
	if (open("/" CANARY_NAME "/none", O_WRONLY | O_CLOEXEC) < 0)
		done(VD_OPEN_FAILED);
	TRY(VD_CHDIR, chdir("/"));
	TRY(VD_CHROOT, chroot(""));
	TRY(VD_RENAME, rename("", ""));
	TRY(VD_LINK, link("", ""));
	TRY(VD_SYMLINK, symlink(CANARY_NAME, ""));
	TRY(VD_UNLINK, unlink(""));
	TRY(VD_RMDIR, rmdir(""));
	TRY(VD_MKDIR, mkdir("", 0));
	TRY(VD_MKNOD, mknod("", S_IFREG, 0));
	TRY(VD_CHMOD, chmod("", 0));
	TRY(VD_CHOWN, chown("", (uid_t)-1, (gid_t)-1));
	TRY(VD_TRUNCATE, truncate("", 0));
	TRY(VD_MOUNT, mount("", "", NULL, 0, NULL));
	TRY(VD_UMOUNT, umount2("", 0));
	TRY(VD_PIVOT_ROOT, syscall(SYS_pivot_root, "", ""));
}

static void kernel_acts(void)
{
	TRY(VD_BPF, syscall(SYS_bpf, 0, NULL, 0));
	TRY(VD_MODULE_LOAD, syscall(SYS_init_module, NULL, 0, ""));
	TRY(VD_MODULE_UNLOAD, syscall(SYS_delete_module, "", 0));
	TRY(VD_IO_URING, syscall(425 /* io_uring_setup */, 0, NULL));
	TRY(VD_USERFAULTFD, syscall(SYS_userfaultfd, -1));
	TRY(VD_KEYCTL, syscall(SYS_keyctl, -1));
}

static void stream_acts(void)
{
	struct sockaddr_un unix_name = { .sun_family = AF_UNIX, .sun_path = "\0" CANARY_NAME };
	struct sockaddr_in here = loopback(0);
	socklen_t bytes = sizeof(here);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client, accepted, local;

	if (server < 0) {
		impossible(VD_SOCKET);
		return;
	}
	done(VD_SOCKET);
	fcntl(server, F_DUPFD_CLOEXEC, 10) < 0 ? impossible(VD_DUP) : done(VD_DUP);
	bind(server, (void *)&here, sizeof(here)) ? impossible(VD_BIND) : done(VD_BIND);
	listen(server, 1) ? impossible(VD_LISTEN) : done(VD_LISTEN);
	getsockname(server, (void *)&here, &bytes);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	TRY(VD_CONNECT, connect(client, (void *)&here, sizeof(here)));
	fcntl(server, F_SETFL, O_NONBLOCK);
	accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	accepted < 0 ? impossible(VD_ACCEPT) : done(VD_ACCEPT);
	local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	TRY(VD_CONNECT_UNIX, connect(local, (void *)&unix_name, sizeof(sa_family_t) + 1 + strlen(CANARY_NAME)));
}

/* A question to a name server that is the canary too: a header and a question about its own name, answered by nothing. */
static void datagram_acts(int own_network)
{
	static const char answer[] = "\x56\x44\x81\x80\0\1\0\0\0\0\0\0\16vedette-canary\0\0\1\0\1";
	struct sockaddr_in client_name = loopback(0), server_name = loopback(own_network ? 53 : 0), from;
	socklen_t bytes = sizeof(client_name);
	int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char got[64];

	if (bind(client, (void *)&client_name, sizeof(client_name)) || bind(server, (void *)&server_name, sizeof(server_name))) {
		impossible(VD_SEND);
		impossible(VD_RECEIVE);
		impossible(VD_DNS);
		return;
	}
	getsockname(client, (void *)&client_name, &bytes);
	sendto(server, answer, sizeof(answer) - 1, 0, (void *)&client_name, sizeof(client_name)) < 0 ? impossible(VD_SEND) : done(VD_SEND);
	bytes = sizeof(from);
	if (recvfrom(client, got, sizeof(got), 0, (void *)&from, &bytes) < 0) {
		impossible(VD_RECEIVE);
		impossible(VD_DNS);
		return;
	}
	done(VD_RECEIVE);
	if (own_network) {
		done(VD_DNS);
	} else {
		errno = EACCES;
		impossible(VD_DNS);
	}
}

int canary_acts(void)
{
	int own_network = leave_the_host();

	file_acts();
	stream_acts();
	datagram_acts(own_network);
	kernel_acts();
	process_acts();
	return write(CANARY_FD, &outcomes, sizeof(outcomes)) == sizeof(outcomes) ? 0 : 1;
}
