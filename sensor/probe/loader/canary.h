/* SPDX-License-Identifier: Apache-2.0 */
/* Canaries: what stands between the loader (canary.c) and the acts themselves (canary-acts.c). */
#ifndef VEDETTE_CANARY_H
#define VEDETTE_CANARY_H

#include <stdint.h>

/* The name of the canary's cgroup, its process and every file that it names. */
#define CANARY_NAME "vedette-canary"

/* The canary's process finds its own pipe to the loader here. */
#define CANARY_FD 3

/* What it answers: one outcome a kind, as in vd_canary. */
struct canary_outcomes { int16_t of[64]; };

int canary_acts(void);

#endif
