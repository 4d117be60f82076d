/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls for the kernel tests: `calls CGROUP_PROCS[,CGROUP_PROCS] PLACE NAME…`. The process moves itself into the cgroups, goes to
 * the directory PLACE and makes each call named, printing "NAME RESULT", below 0 a negative errno. A call that changes the process for
 * good is made in a child. NAME@32 makes it by int 0x80, the 32-bit interface: the program is static and not position independent, so that
 * its memory lies where 32 bits reach.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif

static void join_cgroups(char *list)
{
	for (char *one = strtok(list, ","); one; one = strtok(NULL, ",")) {
		int fd = open(one, O_WRONLY);

		if (fd < 0 || write(fd, "0", 1) != 1)
			exit(1);
		close(fd);
	}
}

static long answer(long result)
{
	return result < 0 ? -errno : result;
}

#define CALL(...) answer(syscall(__VA_ARGS__))

static long narrow(long number, long a, long b, long c)
{
	long result = -ENOSYS;

#ifdef __x86_64__
	asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "r8", "r9", "r10", "r11", "memory");
#endif
	return (int)result;
}

static char text_a[64] = "target-of-32", text_b[64] = "link-of-32";

static long make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	close(fd);
	return fd;
}

static long in_child(long (*made)(void))
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit((int)(-made() & 0xff));
	waitpid(child, &status, 0);
	return -WEXITSTATUS(status);
}

static long child_setuid(void) { return CALL(SYS_setuid, 4242); }
static long child_setresuid(void) { return CALL(SYS_setresuid, -1, 4243, -1); }
static long child_setgid(void) { return CALL(SYS_setgid, 4244); }
static long child_setuid_refused(void) { syscall(SYS_setresuid, 4242, 4242, 4242); return CALL(SYS_setuid, 0); }
static long child_unshare(void) { return CALL(SYS_unshare, CLONE_NEWUTS | CLONE_NEWIPC); }
static long child_setns(void) { return CALL(SYS_setns, open("/proc/self/ns/uts", O_RDONLY), CLONE_NEWUTS); }
static long child_setsid(void) { return CALL(SYS_setsid) > 0 ? 0 : -1; }
static long child_setpgid(void) { return CALL(SYS_setpgid, 0, 0); }
static long child_chroot(void) { return CALL(SYS_chroot, "inside"); }
static long child_chdir(void) { return CALL(SYS_chdir, "../calls-place/inside/."); }
static long child_fchdir(void) { return CALL(SYS_fchdir, open("inside", O_RDONLY)); }
static long child_chdir_32(void) { strcpy(text_a, "inside"); return narrow(12, (long)text_a, 0, 0); }
static long child_setuid_32(void) { return narrow(213, 4245, 0, 0); }

static long child_capset(void)
{
	static struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	static struct __user_cap_data_struct data[2];

	data[0].effective = data[0].permitted = 1 << CAP_CHOWN;
	return CALL(SYS_capset, &head, data);
}

static long child_mounts(void)
{
	if (CALL(SYS_unshare, CLONE_NEWNS) || CALL(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	if (CALL(SYS_mount, "calls-tmpfs", "inside", "tmpfs", 0, NULL))
		return -2;
	return CALL(SYS_umount2, "inside", MNT_DETACH);
}

static long traced(bool seize)
{
	pid_t child = fork();
	long result;

	if (!child) {
		pause();
		_exit(0);
	}
	result = CALL(SYS_ptrace, seize ? 0x4206 : PTRACE_ATTACH, child, 0, 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return result;
}

static long memory(long number)
{
	static char here[16] = "written", there[16];
	struct iovec mine = { here, 8 }, theirs = { there, 8 };
	pid_t child = fork();
	long result;

	if (!child) {
		pause();
		_exit(0);
	}
	result = CALL(number, child, &mine, 1, &theirs, 1, 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return result;
}

static long unix_socket(bool abstract)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t size;

	strcpy(name.sun_path + abstract, "calls.sock");
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + 10 + !abstract);
	if (bind(listener, (void *)&name, size) || listen(listener, 1))
		return -errno;
	return answer(connect(client, (void *)&name, size));
}

static long bind_inet(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(42611), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return answer(bind(fd, (void *)&name, sizeof(name)));
}

static long datagram(bool by_message)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(42612), .sin6_addr = IN6ADDR_LOOPBACK_INIT }, from = {};
	struct iovec piece = { "hello", 5 };
	struct msghdr message = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &piece, .msg_iovlen = 1 };
	int receiver = socket(AF_INET6, SOCK_DGRAM, 0), sender = socket(AF_INET6, SOCK_DGRAM, 0);
	socklen_t size = sizeof(from);
	char buffer[16];
	long result;

	if (bind(receiver, (void *)&to, sizeof(to)))
		return -errno;
	result = by_message ? answer(sendmsg(sender, &message, 0)) : answer(sendto(sender, "hello", 5, 0, (void *)&to, sizeof(to)));
	recvfrom(receiver, buffer, sizeof(buffer), 0, (void *)&from, &size);
	close(receiver);
	close(sender);
	return result;
}

/* A name server of its own answers that api.shop.example is 127.0.0.9; recv takes the answer, and a connection to there is refused. */
static long dns(void)
{
	static const unsigned char question[] = "\0\7\1\0\0\1\0\0\0\0\0\0\3api\4shop\7example\0\0\1\0\1";
	static const unsigned char record[] = "\300\14\0\1\0\1\0\0\0\74\0\4\177\0\0\11";
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(0x7f4d0035) }, client;
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(42613), .sin_addr.s_addr = htonl(0x7f000009) };
	int answering = socket(AF_INET, SOCK_DGRAM, 0), asking = socket(AF_INET, SOCK_DGRAM, 0), stream = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(client);
	unsigned char buffer[512];
	ssize_t length;

	if (bind(answering, (void *)&server, sizeof(server)) || connect(asking, (void *)&server, sizeof(server)))
		return -errno;
	send(asking, question, sizeof(question) - 1, 0);
	length = recvfrom(answering, buffer, 256, 0, (void *)&client, &size);
	buffer[2] = 0x81;
	buffer[3] = 0x80;
	buffer[7] = 1;
	memcpy(buffer + length, record, sizeof(record) - 1);
	sendto(answering, buffer, (size_t)length + sizeof(record) - 1, 0, (void *)&client, size);
	length = recv(asking, buffer, sizeof(buffer), 0);
	answer(connect(stream, (void *)&there, sizeof(there)));
	return length;
}

static long connect_32(void)
{
	static struct sockaddr_in there = { .sin_family = AF_INET };

	there.sin_port = htons(42614);
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return narrow(362, socket(AF_INET, SOCK_STREAM, 0), (long)&there, sizeof(there));
}

static long open_32(const char *path, int flags)
{
	strcpy(text_a, path);
	return narrow(5, (long)text_a, flags, 0644);
}

/* A program without a standard input gets its socket there. */
static long socket_as_input(void)
{
	int keep = dup(0);
	long result;

	close(0);
	result = answer(socket(AF_INET, SOCK_STREAM, 0));
	dup2(keep, 0);
	close(keep);
	return result;
}

static long dup_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), keep = dup(0);
	long result = answer(dup2(fd, 0));

	dup2(keep, 0);
	close(keep);
	close(fd);
	return result;
}

/* Another thread flips the path while this one makes the call: the record must tell of both. Returns how many calls were made. */
static char racing[64] = "race-a";
static atomic_bool stop_racing;

static void *flip(void *unused)
{
	for (unsigned i = 0; !atomic_load(&stop_racing); i++)
		((volatile char *)racing)[5] = i & 1 ? 'a' : 'b';
	return unused;
}

static long race(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, flip, NULL);
	for (int i = 0; i < 4000; i++)
		syscall(SYS_symlinkat, "/etc/shadow", AT_FDCWD, racing), unlink("race-a"), unlink("race-b");
	atomic_store(&stop_racing, true);
	pthread_join(thread, NULL);
	return 0;
}

static long made(const char *name)
{
	int directory = open("inside", O_RDONLY | O_DIRECTORY);

#define IS(text) else if (!strcmp(name, text))
	if (!*name)
		return -1;
	IS("setuid") return in_child(child_setuid);
	IS("setresuid") return in_child(child_setresuid);
	IS("setuid-refused") return in_child(child_setuid_refused);
	IS("setuid@32") return in_child(child_setuid_32);
	IS("setgid") return in_child(child_setgid);
	IS("capset") return in_child(child_capset);
	IS("unshare") return in_child(child_unshare);
	IS("unshare-refused") return CALL(SYS_unshare, 1);
	IS("setns") return in_child(child_setns);
	IS("setns-refused") return CALL(SYS_setns, -1, CLONE_NEWUTS);
	IS("ptrace") return traced(false);
	IS("ptrace-seize") return traced(true);
	IS("ptrace-refused") return CALL(SYS_ptrace, PTRACE_ATTACH, 0x7ffffff0, 0, 0);
	IS("process_vm_writev") return memory(SYS_process_vm_writev);
	IS("process_vm_readv") return memory(SYS_process_vm_readv);
	IS("prctl") return CALL(SYS_prctl, 38 /* PR_SET_NO_NEW_PRIVS */, 0, 0, 0, 0);
	IS("kill") return CALL(SYS_kill, getppid(), 0);
	IS("kill@32") return narrow(37, getppid(), 0, 0);
	IS("setsid") return in_child(child_setsid);
	IS("setpgid") return in_child(child_setpgid);
	IS("chroot") return in_child(child_chroot);
	IS("chdir") return in_child(child_chdir);
	IS("fchdir") return in_child(child_fchdir);
	IS("chdir@32") return in_child(child_chdir_32);
	IS("chdir-refused") return CALL(SYS_chdir, "nowhere");
	IS("open-failed") return CALL(SYS_openat, AT_FDCWD, "//etc/../etc/not-there", O_WRONLY | O_TRUNC, 0);
	IS("map-anonymous") return (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) < 0 ? -errno : 0;
	IS("mprotect") return answer(mprotect(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096, PROT_READ | PROT_EXEC));
	IS("symlink") return CALL(SYS_symlink, "/etc/shadow", "inside/.././a-link");
	IS("symlinkat") return CALL(SYS_symlinkat, "../../etc/passwd", directory, "b-link");
	IS("symlink@32") return narrow(83, (long)strcpy(text_a, "/etc/shadow"), (long)strcpy(text_b, "link-of-32"), 0);
	IS("symlink-refused") return CALL(SYS_symlink, "/etc/shadow", "nowhere/link");
	IS("link") return make_file("linked") < 0 ? -1 : CALL(SYS_link, "linked", "hard");
	IS("linkat") return CALL(SYS_linkat, AT_FDCWD, "linked", directory, "hard", 0);
	IS("linkat-empty") return CALL(SYS_linkat, open("linked", O_RDONLY), "", AT_FDCWD, "of-descriptor", AT_EMPTY_PATH);
	IS("rename") return make_file("old") < 0 ? -1 : CALL(SYS_rename, "old", "new");
	IS("renameat2") return make_file("old") < 0 ? -1 : CALL(SYS_renameat2, AT_FDCWD, "old", directory, "new", 1);
	IS("rename-refused") return CALL(SYS_rename, "nowhere", "new");
	IS("unlink") return make_file("gone") < 0 ? -1 : CALL(SYS_unlink, "gone");
	IS("unlinkat") return make_file("inside/gone") < 0 ? -1 : CALL(SYS_unlinkat, directory, "gone", 0);
	IS("unlink@32") return make_file("gone32") < 0 ? -1 : narrow(10, (long)strcpy(text_a, "gone32"), 0, 0);
	IS("mkdir") return CALL(SYS_mkdir, "made", 0750);
	IS("mkdirat") return CALL(SYS_mkdirat, directory, "made", 0700);
	IS("rmdir") return CALL(SYS_rmdir, "made");
	IS("rmdirat") return CALL(SYS_unlinkat, directory, "made", AT_REMOVEDIR);
	IS("mknod") return CALL(SYS_mknod, "fifo", S_IFIFO | 0600, 0);
	IS("chmod") return make_file("moded") < 0 ? -1 : CALL(SYS_chmod, "moded", 04755);
	IS("fchmod") return CALL(SYS_fchmod, open("moded", O_RDONLY), 02755);
	IS("fchmodat") return CALL(SYS_fchmodat, AT_FDCWD, "moded", 0644);
	IS("chmod@32") return narrow(15, (long)strcpy(text_a, "moded"), 04700, 0);
	IS("chown") return make_file("owned") < 0 ? -1 : CALL(SYS_chown, "owned", 4242, 4243);
	IS("fchown") return CALL(SYS_fchown, open("owned", O_RDONLY), 0, 0);
	IS("truncate") return make_file("cut") < 0 ? -1 : CALL(SYS_truncate, "cut", 10);
	IS("ftruncate") return CALL(SYS_ftruncate, open("cut", O_WRONLY), 0);
	IS("mounts") return in_child(child_mounts);
	IS("mount-refused") return CALL(SYS_mount, "none", "nowhere", "tmpfs", 0, NULL);
	IS("move_mount-refused") return CALL(SYS_move_mount, AT_FDCWD, "nowhere", AT_FDCWD, "inside", 0);
	IS("pivot_root-refused") return CALL(SYS_pivot_root, "nowhere", "inside");
	IS("memfd") return answer(memfd_create("payload", 1)) > 0 ? 0 : -1;
	IS("socket") return answer(socket(AF_PACKET, SOCK_RAW, 0)) > 0 ? 0 : -errno;
	IS("socket-refused") return answer(socket(AF_INET, 77, 0));
	IS("bind") return bind_inet();
	IS("unix") return unix_socket(false);
	IS("unix-abstract") return unix_socket(true);
	IS("sendto") return datagram(false);
	IS("sendmsg") return datagram(true);
	IS("dns") return dns();
	IS("connect@32") return connect_32();
	IS("open@32") return open_32("opened-by-32", O_WRONLY | O_CREAT | O_TRUNC);
	IS("open-failed@32") return open_32("nowhere/x", O_RDONLY);
	IS("socket-as-input") return socket_as_input();
	IS("dup") return dup_socket();
	IS("bpf-refused") return CALL(SYS_bpf, 5, NULL, 0);
	IS("init_module-refused") return CALL(SYS_init_module, NULL, 0, "options=1");
	IS("finit_module-refused") return CALL(SYS_finit_module, open("moded", O_RDONLY), "", 0);
	IS("delete_module-refused") return CALL(SYS_delete_module, "no_such_module", O_NONBLOCK);
	IS("io_uring_setup") return CALL(SYS_io_uring_setup, 0, NULL);
	IS("userfaultfd") return answer(syscall(SYS_userfaultfd, 1)) >= 0 ? 0 : -errno;
	IS("keyctl") return CALL(SYS_keyctl, 0, -3, 0) ? 0 : -1;
	IS("race") return race();
	fprintf(stderr, "no such call: %s\n", name);
	exit(2);
}

int main(int count, char **values)
{
	if (count < 3)
		return 2;
	join_cgroups(values[1]);
	if (chdir(values[2]))
		return 1;
	mkdir("inside", 0755);
	for (int i = 3; i < count; i++) {
		printf("%s %ld\n", values[i], made(values[i]));
		fflush(stdout);
	}
	return 0;
}
