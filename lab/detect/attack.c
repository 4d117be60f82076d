/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attacker's programs do, in small: one static program with a word for each act. Under any other name than "attack"
 * or "barrier" it stands in for a program of that name and does nothing, so that an image can have an nmap that harms nobody.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/bpf.h>
#include <linux/memfd.h>
#include <net/ethernet.h>
#include <sched.h>
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
#include <sys/prctl.h>
#include <unistd.h>

static struct sockaddr_in place_of(const char *address, const char *port)
{
	struct sockaddr_in place = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	inet_pton(AF_INET, address, &place.sin_addr);
	return place;
}

/* A server of its own on that address, so that a connection succeeds without any network. */
static int listen_at(const char *address, const char *port)
{
	struct sockaddr_in place = place_of(address, port);
	int one = 1, server = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(server, (struct sockaddr *)&place, sizeof(place)) || listen(server, 4))
		return -1;
	return server;
}

static int connect_to(const char *address, const char *port)
{
	struct sockaddr_in place = place_of(address, port);
	int made = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(made, (struct sockaddr *)&place, sizeof(place)))
		fprintf(stderr, "connect: %s\n", strerror(errno));
	return made;
}

static int run_memfd(int argc, char **argv)
{
	static char bytes[1 << 16];
	int made = syscall(SYS_memfd_create, "x", 0), self = open("/proc/self/exe", O_RDONLY);
	ssize_t got;
	char path[64];

	while ((got = read(self, bytes, sizeof(bytes))) > 0)
		if (write(made, bytes, got) != got)
			return 1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", made);
	execl(path, "barrier-not", NULL);
	return 1;
}

static int act(int argc, char **argv)
{
	const char *what = argv[1];

	if (!strcmp(what, "memfd"))
		return run_memfd(argc, argv);
	if (!strcmp(what, "connect"))
		return connect_to(argv[2], argv[3]) < 0;
	if (!strcmp(what, "serve")) {
		int server = listen_at(argv[2], argv[3]);

		if (server < 0)
			return 1;
		puts("ready");
		fflush(stdout);
		for (;;) {
			int one = accept(server, NULL, NULL);

			if (one >= 0)
				close(one);
		}
	}
	fprintf(stderr, "there is no act %s\n", what);
	return 2;
}

int main(int argc, char **argv)
{
	if (strcmp(basename(argv[0]), "attack") || argc < 2)
		return 0;
	return act(argc, argv);
}
