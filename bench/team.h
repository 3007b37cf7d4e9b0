/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads, each bound to a CPU of its own, that start together.
 */
#ifndef DUALTREE_BENCH_TEAM_H
#define DUALTREE_BENCH_TEAM_H

#include <linux/types.h>

#define TEAM_MAX	4

/**
 * dt_team_run() - run a function on several CPUs at once
 * @nr: threads, at most TEAM_MAX and at most as many as there are CPUs online
 * @work: what each does, with its number, from 0 on
 * @data: for @work
 *
 * Context: Process context. May sleep.
 * Return: nanoseconds from when all were ready until the last was done; -ENODEV if there are too
 * few CPUs; or the error of kthread_create(), and nothing ran.
 */
s64 dt_team_run(unsigned int nr, void (*work)(void *data, unsigned int number), void *data);

#endif /* DUALTREE_BENCH_TEAM_H */
