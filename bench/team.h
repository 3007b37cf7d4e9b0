/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads, each bound to a CPU of its own, that start together.
 */
#ifndef DUALTREE_BENCH_TEAM_H
#define DUALTREE_BENCH_TEAM_H

#include <linux/types.h>

#define TEAM_MAX	4

/*
 * Runs @work on @nr CPUs at once, with numbers from 0 on. Return: nanoseconds from when all were
 * ready until the last was done; -ENODEV if there are too few CPUs; or the error of
 * kthread_create(), and nothing ran.
 */
s64 dt_team_run(unsigned int nr, void (*work)(void *data, unsigned int number), void *data);

#endif /* DUALTREE_BENCH_TEAM_H */
