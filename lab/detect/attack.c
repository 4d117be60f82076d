/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attacker's programs do, in small: one static program with a word for each act, nothing of which harms anybody outside
 * of the lab. Under another name than "attack" it stands in for a program of that name: it starts what it is told to
 * (NAME start PROGRAM ARGUMENT…), connects (NAME to ADDRESS PORT), writes a program (NAME save PATH), or does nothing, so that an image can have an nmap.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/bpf.h>
#include <net/ethernet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in place_of(const char *address, const char *port)
{
	struct sockaddr_in place = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	inet_pton(AF_INET, address, &place.sin_addr);
	return place;
}

/* A server of its own at that address, so that a connection succeeds without any network; it ends with its parent. */
static void serve(const char *address, const char *port)
{
	struct sockaddr_in place = place_of(address, port);
	int one = 1, server = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(server, (struct sockaddr *)&place, sizeof(place)) || listen(server, 4))
		perror("listen");
}

static int connect_to(const char *address, const char *port)
{
	struct sockaddr_in place = place_of(address, port);
	int made;

	serve(address, port);
	made = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(made, (struct sockaddr *)&place, sizeof(place))) {
		perror("connect");
		return -1;
	}
	return made;
}

/* bash and its like connect by themselves: the server is this process, the client what it starts. */
static int serve_for(int argc, char **argv)
{
	pid_t child;
	int status;

	serve(argv[2], argv[3]);
	child = fork();
	if (child == 0) {
		execvp(argv[4], argv + 4);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static int reverse_shell(char **argv)
{
	int made = connect_to(argv[2], argv[3]);

	if (made < 0)
		return 1;
	for (int one = 0; one < 3; one++)
		dup2(made, one);
	execl("/bin/sh", "sh", "-c", "exit 0", NULL);
	return 1;
}

static int scan(const char *address)
{
	char port[8];

	for (int one = 8001; one <= 8030; one++) {
		struct sockaddr_in place;
		int made = socket(AF_INET, SOCK_STREAM, 0);

		snprintf(port, sizeof(port), "%d", one);
		place = place_of(address, port);
		connect(made, (struct sockaddr *)&place, sizeof(place));
		close(made);
	}
	return 0;
}

static int unix_connect(const char *path)
{
	struct sockaddr_un place = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(place.sun_path, sizeof(place.sun_path), "%s", path);
	unlink(path);
	if (bind(server, (struct sockaddr *)&place, sizeof(place)) || listen(server, 1))
		return 1;
	return connect(client, (struct sockaddr *)&place, sizeof(place)) != 0;
}

static int udp_to(const char *address, const char *port)
{
	struct sockaddr_in place = place_of(address, port);
	int made = socket(AF_INET, SOCK_DGRAM, 0);

	return sendto(made, "x", 1, 0, (struct sockaddr *)&place, sizeof(place)) < 0;
}

static int run_memfd(void)
{
	static char bytes[1 << 16];
	int made = syscall(SYS_memfd_create, "x", 0), self = open("/proc/self/exe", O_RDONLY);
	ssize_t got;
	char path[64];

	while ((got = read(self, bytes, sizeof(bytes))) > 0)
		if (write(made, bytes, got) != got)
			return 1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", made);
	execl(path, "payload", NULL);
	return 1;
}

static char word[] = "before";

/* Something done to a child of its own, which every kernel setting allows. */
static int on_child(const char *what)
{
	struct iovec local = { .iov_base = "after!", .iov_len = 6 }, remote = { .iov_base = word, .iov_len = 6 };
	static char there[8];
	struct iovec here = { .iov_base = there, .iov_len = 6 };
	pid_t child = fork();
	int failed = 0, status, file;
	char path[64];

	if (child == 0) {
		for (;;)
			pause();
	}
	if (!strcmp(what, "ptrace")) {
		failed = ptrace(PTRACE_ATTACH, child, 0, 0) != 0;
		waitpid(child, &status, 0);
		ptrace(PTRACE_DETACH, child, 0, 0);
	} else if (!strcmp(what, "vm-write")) {
		failed = process_vm_writev(child, &local, 1, &remote, 1, 0) != 6;
	} else if (!strcmp(what, "vm-read")) {
		failed = process_vm_readv(child, &here, 1, &remote, 1, 0) != 6;
	} else {
		snprintf(path, sizeof(path), "/proc/%d/mem", child);
		file = open(path, !strcmp(what, "mem-write") ? O_RDWR : O_RDONLY);
		failed = file < 0;
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return failed;
}

static int load_module(int by_file, const char *path)
{
	static char nothing[64] = "this is no module";

	if (!by_file)
		return syscall(SYS_init_module, nothing, sizeof(nothing), "") == 0;
	return syscall(SYS_finit_module, open(path, O_RDONLY), "", 0) == 0;
}

static int load_bpf(void)
{
	/* exit without a result: no verifier takes it, so nothing is ever loaded */
	struct bpf_insn refused = { .code = 0x95 };
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attributes.insns = (unsigned long)&refused;
	attributes.insn_cnt = 1;
	attributes.license = (unsigned long)"GPL";
	return syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes)) >= 0;
}

static int act(int argc, char **argv)
{
	const char *what = argv[1], *first = argc > 2 ? argv[2] : "", *second = argc > 3 ? argv[3] : "";
	char parameters[256] = { 0 };

	if (!strcmp(what, "memfd"))
		return run_memfd();
	if (!strcmp(what, "connect"))
		return connect_to(first, second) < 0;
	if (!strcmp(what, "serve-for"))
		return serve_for(argc, argv);
	if (!strcmp(what, "reverse-shell"))
		return reverse_shell(argv);
	if (!strcmp(what, "scan"))
		return scan(first);
	if (!strcmp(what, "unix"))
		return unix_connect(first);
	if (!strcmp(what, "udp"))
		return udp_to(first, second);
	if (!strcmp(what, "on-child"))
		return on_child(first);
	if (!strcmp(what, "setns"))
		return setns(open("/proc/self/ns/uts", O_RDONLY), CLONE_NEWUTS) != 0;
	if (!strcmp(what, "unshare-user"))
		return unshare(CLONE_NEWUSER) != 0;
	if (!strcmp(what, "module"))
		return load_module(argc > 2, first);
	if (!strcmp(what, "bpf"))
		return load_bpf();
	if (!strcmp(what, "io-uring"))
		return syscall(SYS_io_uring_setup, 4, parameters) < 0;
	if (!strcmp(what, "packets"))
		return socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) < 0;
	if (!strcmp(what, "make-setuid"))
		return open(first, O_CREAT | O_WRONLY, 04755) < 0;
	if (!strcmp(what, "write"))
		return open(first, O_WRONLY) < 0;
	if (!strcmp(what, "as")) {
		execv(argv[3], argv + 2);
		return 1;
	}
	fprintf(stderr, "there is no act %s\n", what);
	return 2;
}

/* This program once more, as if it had come over the network. */
static int save(const char *path)
{
	static char bytes[1 << 16];
	int self = open("/proc/self/exe", O_RDONLY), made = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t got;

	while ((got = read(self, bytes, sizeof(bytes))) > 0)
		if (write(made, bytes, got) != got)
			return 1;
	return 0;
}

static int stand_in(int argc, char **argv)
{
	int status = 0;
	pid_t child;

	if (argc == 4 && !strcmp(argv[1], "to"))
		return connect_to(argv[2], argv[3]) < 0;
	if (argc == 3 && !strcmp(argv[1], "save"))
		return save(argv[2]);
	if (argc < 3 || strcmp(argv[1], "start"))
		return 0;
	child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	if (strcmp(basename(argv[0]), "attack") || argc < 2)
		return stand_in(argc, argv);
	return act(argc, argv);
}
