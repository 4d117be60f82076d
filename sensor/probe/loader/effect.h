/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files about effects share.
 *
 * group.c    a container's own cgroups and who is in them
 * effect.c   the command: kill and freeze, the reply with its evidence, the end of everything that holds
 * isolate.c  cgroup programs on a container's connections
 */
#ifndef VEDETTE_EFFECT_H
#define VEDETTE_EFFECT_H

#include "loader.h"

#define MEMBERS_MAX 4096

/* Index 0: the v1 hierarchy of the pids controller; 1: the unified one. */
struct group {
	int fd[2];
	uint64_t id[2];
};

struct members {
	int count;
	int foreign;
	bool overflow;
	pid_t pid[MEMBERS_MAX];
};

/* A JSON object in the making; what does not fit is left out at its end, and the object stays whole. */
struct evidence {
	size_t at;
	char text[VD_EFFECT_TEXT_BYTES_MAX];
};

/* group.c */
int group_open(struct group *group, uint64_t key_v1, uint64_t key_v2);
void group_close(struct group *group);
void members_of(int fd, struct members *members);
void group_members(const struct group *group, struct members *members);
bool members_have(const struct members *members, pid_t pid);
bool members_equal(int one, int other);
int members_outside(const struct members *first, const struct members *second);
bool pidfd_ended(int pidfd, int wait_ms);
int group_freezer(const struct group *group);

/* effect.c */
__attribute__((format(printf, 2, 3))) void evidence_add(struct evidence *evidence, const char *format, ...);

/* isolate.c */
int isolate(const struct group *group, const struct vd_effect *effect, const struct vd_network *networks, const char *object, struct evidence *evidence);
int isolations_end(void);

#endif
