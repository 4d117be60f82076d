/* SPDX-License-Identifier: Apache-2.0 */
/* The same by io_uring, whose operations are no system calls: by the process's own thread, by a worker, by the kernel's polling thread. */
#include "ground.h"
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sys/un.h>

#ifndef IORING_OP_SOCKET
#define IORING_OP_SOCKET 45
#endif
#define OP_FTRUNCATE 55

struct ring { int fd; uint32_t flags; char *queue, *answers; struct io_uring_sqe *entries; struct io_uring_params how; };

static long make_ring(struct ring *ring, uint32_t flags)
{
	ring->flags = flags;
	ring->how.flags = flags;
	ring->fd = (int)CALL(SYS_io_uring_setup, 4, &ring->how);
	if (ring->fd < 0)
		return ring->fd;
	ring->queue = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->answers = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_CQ_RING);
	ring->entries = mmap(NULL, 4 * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->queue == MAP_FAILED || ring->answers == MAP_FAILED || ring->entries == MAP_FAILED ? -errno : 0;
}

/* Has one operation done; its answer. One whose success is not answered gives 0 after a while. */
static long done(struct ring *ring, const struct io_uring_sqe *entry)
{
	uint32_t *tail = (uint32_t *)(ring->queue + ring->how.sq_off.tail), *array = (uint32_t *)(ring->queue + ring->how.sq_off.array);
	uint32_t *head = (uint32_t *)(ring->answers + ring->how.cq_off.head), *end = (uint32_t *)(ring->answers + ring->how.cq_off.tail);
	uint32_t mask = *(uint32_t *)(ring->answers + ring->how.cq_off.ring_mask), place = *tail & 3;
	bool silent = entry->flags & IOSQE_CQE_SKIP_SUCCESS;
	long result = 0;

	ring->entries[place] = *entry;
	array[place] = place;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (ring->flags & IORING_SETUP_SQPOLL)
		result = CALL(SYS_io_uring_enter, ring->fd, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
	else
		result = CALL(SYS_io_uring_enter, ring->fd, 1, silent ? 0 : 1, silent ? 0 : IORING_ENTER_GETEVENTS, NULL, 0);
	if (result < 0)
		return result;
	for (int i = 0; i < 200 && __atomic_load_n(end, __ATOMIC_ACQUIRE) == *head; i++)
		usleep(silent && i > 10 ? 0 : 5000);
	if (__atomic_load_n(end, __ATOMIC_ACQUIRE) == *head)
		return silent ? 0 : -ETIME;
	result = ((struct io_uring_cqe *)(ring->answers + ring->how.cq_off.cqes))[*head & mask].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static long once(uint32_t flags, const struct io_uring_sqe *entry)
{
	struct ring ring = { 0 };
	long result = make_ring(&ring, flags);

	return result ? result : done(&ring, entry);
}

static struct io_uring_sqe of(uint8_t operation, int fd, const void *address)
{
	return (struct io_uring_sqe){ .opcode = operation, .fd = fd, .addr = (uintptr_t)address };
}

static long ring_open(uint32_t flags, uint8_t more)
{
	struct io_uring_sqe entry = of(IORING_OP_OPENAT, AT_FDCWD, SECRET);

	entry.flags = more;
	return once(flags, &entry) < 0 ? -EIO : 0;
}

static long plain(void) { return ring_open(0, 0); }
static long by_worker(void) { return ring_open(0, IOSQE_ASYNC); }
static long by_poll_thread(void) { return ring_open(IORING_SETUP_SQPOLL, 0); }
static long deferred(void) { return ring_open(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0); }
static long silent(void) { return ring_open(0, IOSQE_CQE_SKIP_SUCCESS); }

static long of_link(void)
{
	struct io_uring_sqe entry = of(IORING_OP_OPENAT, open(ROOM, O_PATH), "link");

	symlink(SECRET, "link");
	return taste(once(0, &entry));
}

static long by_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY };
	struct io_uring_sqe entry = of(IORING_OP_OPENAT2, AT_FDCWD, "../../etc/shadow");

	entry.len = sizeof(how);
	entry.off = (uintptr_t)&how;
	return taste(once(0, &entry));
}

/* Into the ring's own table of files: the process never has a descriptor. */
static long direct(void)
{
	struct ring ring = { 0 };
	int none[2] = { -1, -1 };
	char text[16];
	struct io_uring_sqe entry = of(IORING_OP_OPENAT, AT_FDCWD, SECRET), then = of(IORING_OP_READ, 0, text);
	long result = make_ring(&ring, 0);

	if (result || (result = CALL(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, none, 2)))
		return result;
	entry.file_index = 1;
	result = done(&ring, &entry);
	then.len = sizeof(text);
	then.flags = IOSQE_FIXED_FILE;
	return result < 0 ? result : done(&ring, &then) > 0 ? 0 : -EIO;
}

static long written(void)
{
	struct io_uring_sqe entry = of(IORING_OP_OPENAT, AT_FDCWD, TARGET);

	entry.open_flags = O_WRONLY | O_CREAT;
	entry.len = 0644;
	return leave(once(0, &entry), "job\n");
}

static long of_two(uint8_t operation, const char *from, const char *to)
{
	struct io_uring_sqe entry = of(operation, AT_FDCWD, from);

	entry.addr2 = (uintptr_t)to;
	if (operation != IORING_OP_SYMLINKAT)
		entry.len = (uint32_t)AT_FDCWD;
	return once(0, &entry);
}

static long renamed(void) { close(open("/etc/made", O_CREAT | O_WRONLY, 0644)); return of_two(IORING_OP_RENAMEAT, "/etc/made", TARGET); }
static long linked(void) { return of_two(IORING_OP_LINKAT, SECRET, "/etc/hard"); }
static long symlinked(void) { return of_two(IORING_OP_SYMLINKAT, SECRET, ROOM "/link"); }
static long removed(void) { struct io_uring_sqe entry = of(IORING_OP_UNLINKAT, AT_FDCWD, TRACE); return once(0, &entry); }
static long removed_by_worker(void) { struct io_uring_sqe entry = of(IORING_OP_UNLINKAT, open("/var/log", O_PATH), "auth.log"); entry.flags = IOSQE_ASYNC; return once(0, &entry); }
static long cut(void) { struct io_uring_sqe entry = of(OP_FTRUNCATE, open(TRACE, O_RDWR), NULL); return once(0, &entry); }

static long ring_connect(const void *address, size_t bytes, int family, int type)
{
	struct io_uring_sqe entry = of(IORING_OP_CONNECT, socket(family, type, 0), address);

	entry.off = bytes;
	return once(0, &entry);
}

static struct sockaddr_in peer(void)
{
	struct sockaddr_in one = { .sin_family = AF_INET, .sin_port = htons(4444) };

	inet_pton(AF_INET, "127.0.0.9", &one.sin_addr);
	return one;
}

static long refused(long result) { return result == -ECONNREFUSED || result > 0 ? 0 : result; }
static long connected(void) { struct sockaddr_in one = peer(); return refused(ring_connect(&one, sizeof(one), AF_INET, SOCK_STREAM)); }
static long connected_datagram(void) { struct sockaddr_in one = peer(); return ring_connect(&one, sizeof(one), AF_INET, SOCK_DGRAM); }

static long connected_unix(void)
{
	struct sockaddr_un one = { .sun_family = AF_UNIX, .sun_path = "/run/docker.sock" };
	int server = socket(AF_UNIX, SOCK_STREAM, 0);

	bind(server, (struct sockaddr *)&one, sizeof(one));
	listen(server, 1);
	return ring_connect(&one, sizeof(one), AF_UNIX, SOCK_STREAM);
}

static long sent(void)
{
	struct sockaddr_in one = peer();
	struct iovec text = { "x", 1 };
	struct msghdr message = { .msg_name = &one, .msg_namelen = sizeof(one), .msg_iov = &text, .msg_iovlen = 1 };
	struct io_uring_sqe entry = of(IORING_OP_SENDMSG, socket(AF_INET, SOCK_DGRAM, 0), &message);

	entry.len = 1;
	return refused(once(0, &entry));
}

static long sent_to(void)
{
	struct sockaddr_in one = peer();
	struct io_uring_sqe entry = of(IORING_OP_SEND, socket(AF_INET, SOCK_DGRAM, 0), "x");

	entry.len = 1;
	entry.addr2 = (uintptr_t)&one;
	entry.addr_len = sizeof(one);
	return refused(once(0, &entry));
}

const struct operation rings[] = {
	{ "ring-open", plain }, { "ring-open-worker", by_worker }, { "ring-open-poll-thread", by_poll_thread }, { "ring-open-deferred", deferred },
	{ "ring-open-silent", silent }, { "ring-open-symlink", of_link }, { "ring-openat2", by_openat2 }, { "ring-open-direct", direct },
	{ "ring-write", written }, { "ring-rename", renamed }, { "ring-link", linked }, { "ring-symlink", symlinked }, { "ring-unlink", removed },
	{ "ring-unlink-worker", removed_by_worker }, { "ring-ftruncate", cut }, { "ring-connect", connected }, { "ring-connect-datagram", connected_datagram },
	{ "ring-connect-unix", connected_unix }, { "ring-sendmsg", sent }, { "ring-send", sent_to },
	{ 0 },
};
