/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to reach a port (4444 on a loopback address of the machine, where nobody listens) and the socket of a container engine. */
#include "ground.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

static struct sockaddr_in peer;
static struct sockaddr_in6 mapped_peer;

static void set_peers(void)
{
	peer = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(4444) };
	inet_pton(AF_INET, "127.0.0.9", &peer.sin_addr);
	mapped_peer = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(4444) };
	inet_pton(AF_INET6, "::ffff:127.0.0.9", &mapped_peer.sin6_addr);
}

/* Nobody listens there, which is no failure: it was tried. */
static long tried(long result) { return result == -ECONNREFUSED || result == -EINPROGRESS || result > 0 ? 0 : result; }

static long plain(void) { set_peers(); return tried(CALL(SYS_connect, socket(AF_INET, SOCK_STREAM, 0), &peer, sizeof(peer))); }
static long waiting_not(void) { set_peers(); return tried(CALL(SYS_connect, socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), &peer, sizeof(peer))); }
static long mapped(void) { set_peers(); return tried(CALL(SYS_connect, socket(AF_INET6, SOCK_STREAM, 0), &mapped_peer, sizeof(mapped_peer))); }
static long datagram(void) { set_peers(); return tried(CALL(SYS_connect, socket(AF_INET, SOCK_DGRAM, 0), &peer, sizeof(peer))); }
static long multipath(void) { set_peers(); int fd = socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */); return fd < 0 ? -errno : tried(CALL(SYS_connect, fd, &peer, sizeof(peer))); }
static long int_0x80(void) { set_peers(); return tried(narrow(362, socket(AF_INET, SOCK_STREAM, 0), (long)&peer, sizeof(peer))); }

/* The oldest 32-bit way: one call for all that sockets do. */
static long by_socketcall(void)
{
	static uint32_t given[3];

	set_peers();
	given[0] = (uint32_t)socket(AF_INET, SOCK_STREAM, 0);
	given[1] = (uint32_t)(uintptr_t)&peer;
	given[2] = sizeof(peer);
	return tried(narrow(102, 3, (long)given, 0));
}

static long by_socketcall_datagram(void)
{
	static uint32_t given[6];
	static char text[] = "x";

	set_peers();
	given[0] = (uint32_t)socket(AF_INET, SOCK_DGRAM, 0);
	given[1] = (uint32_t)(uintptr_t)text;
	given[2] = 1;
	given[4] = (uint32_t)(uintptr_t)&peer;
	given[5] = sizeof(peer);
	return tried(narrow(102, 11, (long)given, 0));
}

/* The first bytes go out with the connection's first packet, without connect. */
static long fast_open(void)
{
	set_peers();
	return tried(CALL(SYS_sendto, socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN, &peer, sizeof(peer)));
}

static long fast_open_message(void)
{
	struct iovec text = { "x", 1 };
	struct msghdr message = { .msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &text, .msg_iovlen = 1 };

	set_peers();
	return tried(CALL(SYS_sendmsg, socket(AF_INET, SOCK_STREAM, 0), &message, MSG_FASTOPEN));
}

static long sent(void) { set_peers(); return tried(CALL(SYS_sendto, socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, &peer, sizeof(peer))); }

static long sent_message(void)
{
	struct iovec text = { "x", 1 };
	struct msghdr message = { .msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &text, .msg_iovlen = 1 };

	set_peers();
	return tried(CALL(SYS_sendmsg, socket(AF_INET, SOCK_DGRAM, 0), &message, 0));
}

static long sent_messages(void)
{
	struct iovec text = { "x", 1 };
	struct mmsghdr message = { .msg_hdr = { .msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &text, .msg_iovlen = 1 } };

	set_peers();
	return tried(CALL(SYS_sendmmsg, socket(AF_INET, SOCK_DGRAM, 0), &message, 1, 0));
}

/* The second message of several goes to the peer, the first to somebody else. */
static long sent_second(void)
{
	struct sockaddr_in harmless;
	struct iovec text = { "x", 1 };
	struct mmsghdr messages[2] = {
		{ .msg_hdr = { .msg_name = &harmless, .msg_namelen = sizeof(harmless), .msg_iov = &text, .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &text, .msg_iovlen = 1 } },
	};

	set_peers();
	harmless = peer;
	harmless.sin_port = htons(53);
	return tried(CALL(SYS_sendmmsg, socket(AF_INET, SOCK_DGRAM, 0), messages, 2, 0));
}

static int engine(void)
{
	struct sockaddr_un one = { .sun_family = AF_UNIX, .sun_path = "/run/docker.sock" };
	int server = socket(AF_UNIX, SOCK_STREAM, 0);

	return bind(server, (struct sockaddr *)&one, sizeof(one)) || listen(server, 4) ? -1 : 0;
}

static long to_engine(const char *path)
{
	struct sockaddr_un one = { .sun_family = AF_UNIX };

	if (engine())
		return -errno;
	strcpy(one.sun_path, path);
	return CALL(SYS_connect, socket(AF_UNIX, SOCK_STREAM, 0), &one, sizeof(one));
}

static long engine_plain(void) { return to_engine("/run/docker.sock"); }
static long engine_symlink(void) { symlink("/run/docker.sock", "harmless"); return to_engine("/run/goal/harmless"); }
static long engine_relative(void) { return to_engine("../docker.sock"); }
static long engine_hard_link(void) { engine(); link("/run/docker.sock", "harmless"); struct sockaddr_un one = { .sun_family = AF_UNIX, .sun_path = "harmless" }; return CALL(SYS_connect, socket(AF_UNIX, SOCK_STREAM, 0), &one, sizeof(one)); }

static long engine_proc_fd(void)
{
	struct sockaddr_un one = { .sun_family = AF_UNIX };

	if (engine())
		return -errno;
	snprintf(one.sun_path, sizeof(one.sun_path), "/proc/self/fd/%d", open("/run/docker.sock", O_PATH));
	return CALL(SYS_connect, socket(AF_UNIX, SOCK_STREAM, 0), &one, sizeof(one));
}

const struct operation connections[] = {
	{ "connect", plain }, { "connect-nonblocking", waiting_not }, { "connect-mapped", mapped }, { "connect-datagram", datagram },
	{ "connect-multipath", multipath }, { "connect-int-0x80", int_0x80 }, { "connect-socketcall", by_socketcall }, { "sendto-socketcall", by_socketcall_datagram },
	{ "connect-fast-open", fast_open }, { "connect-fast-open-sendmsg", fast_open_message }, { "sendto", sent }, { "sendmsg", sent_message },
	{ "sendmmsg", sent_messages }, { "sendmmsg-second", sent_second },
	{ "engine", engine_plain }, { "engine-symlink", engine_symlink }, { "engine-relative", engine_relative }, { "engine-hard-link", engine_hard_link },
	{ "engine-proc-fd", engine_proc_fd },
	{ 0 },
};
