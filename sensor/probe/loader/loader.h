/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader: the only process with kernel capabilities. It is the sensor's parent: loads and attaches the programs,
 * hands whole runs of the ring to the sensor through a pipe, serves commands on a socket pair, holds the life lines,
 * and starts the sensor again when it dies. The ring's consumer position moves only when the sensor acknowledges, so
 * what a killed sensor had read but not stored is delivered again to the next one.
 *
 * main.c      order of things, options, life of the sensor
 * hooks.c     the hooks, what each is for and what it misses
 * entries.c   the entries of the calls that are wanted
 * interests.c what is wanted, as one table that is swapped
 * load.c      BPF object: configuration, loading with what this kernel refuses left out, two halves at a time
 * probe.c     attaching, counters
 * ring.c      the mapped ring and the pipe
 * frames.c    the loader's own records: hello, hooks, snapshot, ticks, losses
 * command.c   commands and replies, and the end of enforcement by itself
 * lifeline.c  what may never be killed or frozen
 * effect.c    what is done to a container on order (effect.h), with group.c and isolate.c
 * canary.c    a harmless act of each class on the sensor's order, with canary-acts.c (canary.h)
 * tables.c    the kernel's tables with their bounds
 * child.c     the sensor process and its two capabilities
 */
#ifndef VEDETTE_LOADER_H
#define VEDETTE_LOADER_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "../event.h"

struct bpf_program;

#define HOOKS_MAX 96
#define REASON_BYTES 200
#define LOOK_NS 10000000		/* how often the ring is looked at while records keep coming */

struct options {
	const char *object;
	const char *cgroup;
	const char *record;
	const char *lifelines;		/* further names, comma separated */
	uint32_t ring_bytes;
	uint32_t every_open;		/* with record: opens for reading and mappings are not only reported the first time */
	uint32_t seconds;		/* with record: stop after this long */
	uint32_t dead_man_seconds;	/* enforcement ends by itself after this long; 0: never */
	uid_t uid;
	gid_t gid;
	gid_t groups[16];
	int group_count;
	char **command;			/* the sensor and its arguments */
};

/* One program as the coverage page shows it. */
struct hook {
	const char *program;
	const char *event_class;
	const char *hook;
	const char *misses;
	uint16_t kind;			/* whose losses its missed runs are */
	uint32_t through;		/* above 0: called by the hook that every call passes, from the place before this, and not attached itself */
	bool entries;			/* attached to the entries of the calls that are wanted */
	bool attached;
	char reason[REASON_BYTES];
};

struct loader {
	struct options options;
	struct hook *hooks;
	int hook_count;
	bool loaded;
	char problem[REASON_BYTES];	/* why nothing is loaded, when nothing is */
	uint32_t host_mount_namespace;
	uint32_t v1_hierarchy;
	uint64_t scope_cgroup;
	uint64_t ring_epoch;
	uint16_t session;

	/* ring */
	_Atomic uint64_t *consumer_position;
	_Atomic uint64_t *producer_position;
	uint64_t ring_mask;
	int ring_fd;
	off_t data_offset;		/* of the records in the ring's file */
	void *window;			/* what is mapped of them, from window_start on */
	uint64_t window_start;
	_Atomic uint64_t sent_position;
	uint64_t fill_max;
	_Atomic uint32_t *asleep;	/* shared with the kernel programs, which wake us while it is not 0 */
	int wake_fd;			/* epoll of the ring; -1: none, we look by the clock */

	/* sensor */
	pid_t child;
	int pipe_fd;
	int command_fd;
	_Atomic uint64_t commands_refused;
	_Atomic bool enforcement_off;
};

/* hooks.c */
extern struct hook hooks[];
extern const int hook_count;
/* The first of those that are this program's. */
struct hook *hook_named(const char *program);

/* entries.c */
int entries_attach(struct bpf_program *program, uint64_t kinds);

/* load.c */
int programs_load(struct loader *loader, char why[REASON_BYTES]);
void programs_close(void);
struct bpf_program *loaded_program(const char *name);
int probe_map_fd(const char *name);

/* probe.c */
int probe_load(struct loader *loader);
bool probe_other_sensor(void);
int probe_counters(struct vd_tick *tick);
int probe_snapshot_fd(void);
int probe_set_switch(uint32_t index, uint32_t value);
int probe_watch_entries(uint64_t kinds);

/* interests.c */
int interests_begin(void);
int interests_take(const char *payload, uint32_t bytes);
uint64_t interests_kinds(void);

/* ring.c */
int ring_map(struct loader *loader);
int64_t ring_drain(struct loader *loader);
void ring_wait(struct loader *loader, uint64_t until_ns);
int ring_acknowledge(struct loader *loader, uint64_t position);
/* The signal that told us to stop; 0 until then. */
extern volatile sig_atomic_t stopping;

int write_all(int fd, const void *bytes, size_t count);

/* frames.c */
int frame_session_start(struct loader *loader);
int frame_tick(struct loader *loader);
int frame_canary(struct loader *loader);
int frame_tables(struct loader *loader);
uint32_t frame_host_mount_namespace(void);
uint64_t boot_ns(void);

/* command.c */
int command_thread_start(struct loader *loader);
int dead_man_start(struct loader *loader);
uint64_t start_ticks(pid_t pid);

/* effect.c */
int effect_serve(struct loader *loader, int fd, uint32_t id, const char *payload, uint32_t bytes);
void effects_end(void);

/* lifeline.c */
void lifeline_configure(const char *further, uint32_t host_mount_namespace);
bool lifeline_process(pid_t pid);
const char *lifeline_reason(pid_t pid, bool *passing_through);
bool lifeline_cgroup(uint64_t key);
const char *cgroup_mount_point(bool v2);
uint64_t cgroup_key_of_path(const char *path);
uint32_t v1_pids_hierarchy(void);

/* canary.c */
int canary_start(struct loader *loader, uint64_t round);
int canary_tell(int (*send)(void *context, const void *record, size_t bytes), void *context);

/* tables.c */
int tables_tell(int (*send)(void *context, const void *record, size_t bytes), void *context);

/* child.c */
int child_start(struct loader *loader);
void own_capabilities_reduce(void);

#endif
