/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of things: options, is another sensor here, start the sensor, load while it gets ready, then drain and tick until told to stop.
 * The ring outlives the sensor: a new one is handed everything that the last one had not acknowledged. Exit codes:
 * 0 stopped as asked, 2 usage, 3 another sensor is in this kernel, 4 the sensor would not stay up.
 */
#include "canary.h"
#include "loader.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 200000000ull
#define TABLES_NS 60000000000ull
#define FIRST_PAUSE_NS 1000000ull
#define WAIT_NS 50000000ull
#define TRICKLE_NS 3000000ull
#define TRICKLE_BYTES 16384
#define STOP_NS 10000000000ull
#define LAST_DRAIN_NS 2000000000ull

static const char usage[] =
	"usage: vedette-loader --object FILE [options] -- SENSOR [ARGUMENT ...]\n"
	"       vedette-loader --object FILE --record FILE [--seconds N] [--cgroup PATH]\n"
	"\n"
	"Loads Vedette's kernel programs and hands their records to the sensor, which it starts and keeps running.\n"
	"\n"
	"  --object FILE       the compiled programs\n"
	"  --cgroup PATH       see only this cgroup; needed by a second sensor on one kernel\n"
	"  --ring-bytes N      size of the ring, a power of two (8388608)\n"
	"  --user UID:GID      run the sensor as this user\n"
	"  --group GID         and with this group besides; may be repeated\n"
	"  --life-lines NAMES  further programs that may never be killed, separated by commas\n"
	"  --dead-man SECONDS  end enforcement by itself after this long\n"
	"  --record FILE       write the records to FILE instead of starting a sensor\n"
	"  --seconds N         with --record: stop after N seconds\n"
	"  --every-open        every open for reading and every mapping, not the first of each reader alone\n";

static const char recording_magic[16] = "VEDETTE-RECORD1\n";
volatile sig_atomic_t stopping;

static void on_signal(int number)
{
	stopping = number;
}

/* A number and nothing else: "60s" taken for 0 would mean a dead man that never acts. */
static int number(const char *text, uint32_t *out)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > UINT32_MAX) {
		fprintf(stderr, "vedette-loader: %s is not a number\n", text);
		return -1;
	}
	*out = (uint32_t)value;
	return 0;
}

static int parse(struct options *options, int count, char **values)
{
	static const struct option known[] = {
		{ "object", 1, 0, 'o' },     { "cgroup", 1, 0, 'c' },  { "ring-bytes", 1, 0, 'r' }, { "user", 1, 0, 'u' },
		{ "group", 1, 0, 'g' },	     { "record", 1, 0, 'f' },  { "seconds", 1, 0, 's' },    { "life-lines", 1, 0, 'l' },
		{ "dead-man", 1, 0, 'd' },   { "every-open", 0, 0, 'e' }, { "help", 0, 0, 'h' }, { 0, 0, 0, 0 },
	};
	int option;

	options->ring_bytes = 8u << 20;
	while ((option = getopt_long(count, values, "+", known, NULL)) != -1) {
		switch (option) {
		case 'o': options->object = optarg; break;
		case 'c': options->cgroup = optarg; break;
		case 'r':
			if (number(optarg, &options->ring_bytes))
				return -1;
			break;
		case 'f': options->record = optarg; break;
		case 's':
			if (number(optarg, &options->seconds))
				return -1;
			break;
		case 'e': options->every_open = 1; break;
		case 'l': options->lifelines = optarg; break;
		case 'd':
			if (number(optarg, &options->dead_man_seconds))
				return -1;
			break;
		case 'u':
			if (sscanf(optarg, "%u:%u", &options->uid, &options->gid) != 2)
				return -1;
			break;
		case 'g':
			if (options->group_count == 16 || number(optarg, &options->groups[options->group_count++]))
				return -1;
			break;
		default: return -1;
		}
	}
	options->command = values + optind;
	if (options->ring_bytes < 65536 || options->ring_bytes > 1u << 30 || options->ring_bytes & (options->ring_bytes - 1)) {
		fprintf(stderr, "vedette-loader: --ring-bytes must be a power of two from 65536 to 1073741824\n");
		return -1;
	}
	if (options->every_open && !options->record) {
		fprintf(stderr, "vedette-loader: --every-open is for recordings\n");
		return -1;
	}
	return options->object && (options->record || optind < count) ? 0 : -1;
}

/* A sensor that was killed a moment ago may still be leaving the kernel, so a refusal waits two seconds. */
static bool alone_or_scoped(const struct options *options)
{
	struct timespec pause = { .tv_nsec = 100000000 };

	if (options->cgroup)
		return true;
	for (int attempt = 0; attempt < 20; attempt++) {
		if (!probe_other_sensor())
			return true;
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "vedette-loader: another Vedette sensor is loaded in this kernel, and two that see everything would report it\n"
			"twice and decide it twice. Stop the other one, or give this one a cgroup of its own: --cgroup PATH\n");
	return false;
}

static int configure(struct loader *loader)
{
	if (getrandom(&loader->ring_epoch, 8, 0) != 8)
		return -1;
	loader->ring_epoch >>= 12;	/* stays exact in a double */
	loader->v1_hierarchy = v1_pids_hierarchy();
	if (!loader->options.cgroup)
		return 0;
	loader->scope_cgroup = cgroup_key_of_path(loader->options.cgroup);
	if (loader->scope_cgroup)
		return 0;
	fprintf(stderr, "vedette-loader: --cgroup %s is not a cgroup directory of the unified hierarchy or of the pids controller\n",
		loader->options.cgroup);
	return -1;
}

static void close_session(struct loader *loader)
{
	if (loader->pipe_fd >= 0)
		close(loader->pipe_fd);
	loader->pipe_fd = -1;
	loader->command_fd = -1;	/* the command thread closes it when the sensor's end is gone */
}

static int open_session(struct loader *loader)
{
	if (loader->loaded)
		atomic_store(&loader->sent_position, atomic_load(loader->consumer_position));
	loader->session++;
	if (loader->options.record) {
		loader->pipe_fd = open(loader->options.record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (loader->pipe_fd < 0 || write_all(loader->pipe_fd, recording_magic, sizeof(recording_magic))) {
			fprintf(stderr, "vedette-loader: cannot write %s: %s\n", loader->options.record, strerror(errno));
			return -1;
		}
	} else if ((loader->child <= 0 && child_start(loader)) || command_thread_start(loader)) {
		fprintf(stderr, "vedette-loader: cannot start the sensor: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

/*
 * What happened before we were told to stop is sent, with the counters of what was lost until then. What goes on happening
 * is not waited for.
 */
static void drain_last(struct loader *loader)
{
	uint64_t deadline = boot_ns() + LAST_DRAIN_NS, produced;

	if (!loader->loaded)
		return;
	produced = atomic_load_explicit(loader->producer_position, memory_order_acquire);
	while (atomic_load(&loader->sent_position) < produced && boot_ns() < deadline) {
		if (ring_drain(loader) <= 0)
			return;
		if (loader->options.record)
			ring_acknowledge(loader, atomic_load(&loader->sent_position));
	}
	frame_tick(loader);
}

/*
 * The pause after a run of so many bytes, while there is one after the other: a trickle is worth another look sooner than a storm, unless
 * that fills much of the ring.
 */
static uint64_t longer_pause(const struct loader *loader, uint64_t pause_ns, int64_t bytes)
{
	uint64_t most = bytes < TRICKLE_BYTES ? TRICKLE_NS : LOOK_NS;

	if (bytes > loader->options.ring_bytes / 8)
		return FIRST_PAUSE_NS;
	return 2 * pause_ns < most ? 2 * pause_ns : most;
}

/*
 * Drains and ticks until the sensor is gone or we are told to stop. What comes after a silence is handed on at once, what follows it a
 * millisecond later, and while it goes on ever later: one act is told without delay, and a storm in large runs. Returns the sensor's
 * wait status, or -1.
 */
static int run_session(struct loader *loader, uint64_t end_ns)
{
	uint64_t next_tick = boot_ns(), next_tables = next_tick, pause_ns = FIRST_PAUSE_NS;
	int error = frame_session_start(loader), status;

	while (!stopping) {
		uint64_t now = boot_ns();
		int64_t sent = 0;

		if (!loader->options.record && waitpid(loader->child, &status, WNOHANG) == loader->child) {
			loader->child = 0;
			return status;
		}
		if (end_ns && now >= end_ns)
			break;
		if (error) {	/* the pipe is broken: wait for the sensor to be gone */
			usleep(10000);
			continue;
		}
		if (now >= next_tick) {
			error = frame_tick(loader);
			next_tick = now + TICK_NS;
		}
		if (!error && now >= next_tables) {
			error = frame_tables(loader);
			next_tables = now + TABLES_NS;
		}
		if (!error)
			error = frame_canary(loader);
		if (!error && loader->loaded)
			sent = ring_drain(loader);
		if (sent < 0)
			error = (int)sent;
		if (loader->options.record && sent > 0)
			ring_acknowledge(loader, atomic_load(&loader->sent_position));
		if (sent == 0 && !error) {
			ring_wait(loader, now + WAIT_NS < next_tick ? now + WAIT_NS : next_tick);
			pause_ns = FIRST_PAUSE_NS;
		} else if (sent < 65536 && (!loader->loaded || sent < loader->options.ring_bytes / 16)) {
			/* a small ring is looked at again at once while it fills */
			struct timespec pause = { .tv_nsec = (long)pause_ns };

			nanosleep(&pause, NULL);
			pause_ns = longer_pause(loader, pause_ns, sent);
		}
	}
	if (!error)
		drain_last(loader);
	return -1;
}

static void stop_child(struct loader *loader)
{
	uint64_t deadline = boot_ns() + STOP_NS;
	int status;

	if (loader->child <= 0)
		return;
	close_session(loader);	/* the end of the records is the sensor's sign to store what it has and leave */
	kill(loader->child, SIGTERM);
	while (waitpid(loader->child, &status, WNOHANG) == 0) {
		if (boot_ns() > deadline) {
			kill(loader->child, SIGKILL);
			waitpid(loader->child, &status, 0);
			return;
		}
		usleep(20000);
	}
}

/* Keeps a sensor running. One that dies young is started again ever later; after ten such deaths in a row we give up. */
static int supervise(struct loader *loader)
{
	uint64_t end_ns = loader->options.seconds ? boot_ns() + loader->options.seconds * 1000000000ull : 0;
	int young_deaths = 0;

	while (!stopping) {
		uint64_t started = boot_ns();
		int status;

		if (open_session(loader))
			return 4;
		status = run_session(loader, end_ns);
		if (loader->options.record || stopping || status == -1)
			break;
		close_session(loader);
		fprintf(stderr, "vedette-loader: the sensor %s %d; the ring is kept and a new one is started\n",
			WIFSIGNALED(status) ? "was ended by signal" : "left with status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		young_deaths = boot_ns() - started < 5000000000ull && !WIFSIGNALED(status) ? young_deaths + 1 : 0;
		if (young_deaths >= 10)
			return 4;
		for (int i = 0; i < young_deaths * 10 && !stopping; i++)
			usleep(50000);
	}
	stop_child(loader);
	return 0;
}

int main(int count, char **values)
{
	static struct loader loader = { .pipe_fd = -1, .command_fd = -1 };
	struct sigaction action = { .sa_handler = on_signal };
	int code;

	if (count == 1 && !strcmp(values[0], CANARY_NAME))
		return canary_acts();
	if (parse(&loader.options, count, values)) {
		fputs(usage, stderr);
		return 2;
	}
	prctl(PR_SET_NAME, "vedette-loader");
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (!alone_or_scoped(&loader.options))
		return 3;
	if (configure(&loader))
		return 2;
	/* it gets ready meanwhile, and waits for our first record; one that cannot be started is tried once more, and said */
	if (!loader.options.record)
		child_start(&loader);
	probe_load(&loader);
	lifeline_configure(loader.options.lifelines, loader.host_mount_namespace);
	if (loader.loaded && loader.options.dead_man_seconds && dead_man_start(&loader)) {
		fprintf(stderr, "vedette-loader: the dead man's thread cannot be started\n");
		stop_child(&loader);
		return 2;
	}
	if (loader.loaded)
		own_capabilities_reduce();
	code = supervise(&loader);
	programs_close();
	return code;
}
