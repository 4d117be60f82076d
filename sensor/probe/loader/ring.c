/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mapped ring and the pipe. A run of finished records goes to the pipe untouched, 8-byte heads included: with one
 * write, or two where it wraps, because the data is mapped once; the second mapping that the kernel offers would count
 * the whole ring into the loader's memory once more. Reading and releasing are apart: sent_position is how far the pipe
 * got, the consumer position moves with the sensor's acknowledgement.
 */
#include "loader.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* One write takes at most this much, so that ticks are never far apart. */
#define RUN_BYTES_MAX (256u << 10)

/*
 * Edge-triggered: the ring always holds what the sensor has not acknowledged yet, and that must not wake us. Without it (a kernel that
 * refuses one of the two) we look by the clock, and only records take longer.
 */
static void wake_map(struct loader *loader, int ring_fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = epoll_create1(EPOLL_CLOEXEC);
	void *asleep = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, probe_map_fd("vd_asleep"), 0);

	loader->wake_fd = -1;
	if (fd < 0 || asleep == MAP_FAILED || epoll_ctl(fd, EPOLL_CTL_ADD, ring_fd, &event)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	loader->asleep = asleep;
	loader->wake_fd = fd;
}

int ring_map(struct loader *loader)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = loader->options.ring_bytes;
	int fd = probe_map_fd("vd_ring");
	void *consumer, *producer;

	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	producer = mmap(NULL, page + size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED)
		return -errno;
	loader->consumer_position = consumer;
	loader->producer_position = producer;
	loader->ring_data = (const char *)producer + page;
	loader->ring_mask = size - 1;
	wake_map(loader, fd);
	return 0;
}

/* Writes everything, waiting while the pipe is full. -EPIPE: the reader is gone. */
int write_all(int fd, const void *bytes, size_t count)
{
	const char *at = bytes;

	while (count > 0) {
		ssize_t written = write(fd, at, count);

		if (written < 0) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };
			int ready;

			if (errno == EINTR)
				continue;
			if (errno != EAGAIN)
				return -errno;
			ready = poll(&wait, 1, 1000);
			if (ready < 0 && errno != EINTR)
				return -errno;
			if (ready == 0 && stopping)	/* a sensor that reads nothing must not keep us */
				return -ETIMEDOUT;
			continue;
		}
		at += written;
		count -= (size_t)written;
	}
	return 0;
}

/* The end of the run of finished records that starts at `position`. A head is 8 bytes at a multiple of 8: it never wraps. */
static uint64_t run_end(struct loader *loader, uint64_t position, uint64_t produced)
{
	uint64_t end = position;

	while (end < produced && end - position < RUN_BYTES_MAX) {
		const _Atomic uint32_t *head = (const void *)(loader->ring_data + (end & loader->ring_mask));
		uint32_t length = atomic_load_explicit(head, memory_order_acquire);

		if (length & VD_RING_BUSY)
			break;
		length &= ~(VD_RING_BUSY | VD_RING_DISCARDED);
		end += (length + 8 + 7) / 8 * 8;
	}
	return end;
}

/* Both positions count from the ring's start and never wrap; the data does. */
static int write_run(struct loader *loader, uint64_t from, uint64_t to)
{
	uint64_t at = from & loader->ring_mask, count = to - from, until_wrap = loader->ring_mask + 1 - at;
	int error;

	if (count <= until_wrap)
		return write_all(loader->pipe_fd, loader->ring_data + at, count);
	error = write_all(loader->pipe_fd, loader->ring_data + at, until_wrap);
	return error ? error : write_all(loader->pipe_fd, loader->ring_data, count - until_wrap);
}

/* Sends one run. Returns how many bytes went, 0 when there is nothing to send, or a negative errno. */
int64_t ring_drain(struct loader *loader)
{
	uint64_t sent = atomic_load(&loader->sent_position);
	uint64_t produced = atomic_load_explicit(loader->producer_position, memory_order_acquire);
	uint64_t fill = produced - atomic_load(loader->consumer_position), end;
	int error;

	if (fill > loader->fill_max)
		loader->fill_max = fill;
	end = run_end(loader, sent, produced);
	if (end == sent)
		return 0;
	/* told before it is sent: an acknowledgement may arrive while we are still in write() */
	atomic_store(&loader->sent_position, end);
	error = write_run(loader, sent, end);
	return error ? error : (int64_t)(end - sent);
}

/* Sleeps until the kernel programs wake us, or until `until_ns`; a moment only while a record is being written. */
void ring_wait(struct loader *loader, uint64_t until_ns)
{
	uint64_t now = boot_ns();
	struct timespec look = { .tv_nsec = LOOK_NS }, moment = { .tv_nsec = 100000 };
	struct epoll_event event;

	if (!loader->loaded || loader->wake_fd < 0) {
		nanosleep(&look, NULL);
		return;
	}
	if (until_ns <= now)
		return;
	atomic_store(loader->asleep, 1);
	if (atomic_load(loader->producer_position) == atomic_load(&loader->sent_position))
		epoll_wait(loader->wake_fd, &event, 1, (int)((until_ns - now) / 1000000) + 1);
	else
		nanosleep(&moment, NULL);
	atomic_store(loader->asleep, 0);
}

/* -EINVAL: not a position between what was released and what was sent. */
int ring_acknowledge(struct loader *loader, uint64_t position)
{
	uint64_t released;

	if (!loader->consumer_position)
		return -EINVAL;
	released = atomic_load(loader->consumer_position);
	if (position < released || position > atomic_load(&loader->sent_position) || position % 8)
		return -EINVAL;
	atomic_store_explicit(loader->consumer_position, position, memory_order_release);
	return 0;
}
