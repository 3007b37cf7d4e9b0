/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The threads that act: some bound to a CPU, the others everywhere in turn.
 */
#ifndef TORTURE_ACTORS_H
#define TORTURE_ACTORS_H

#include <linux/types.h>

/* @per_cpu of them for each CPU that is online. Return: 0 or what was wrong. May sleep. */
int actors_start(unsigned int per_cpu);

/* When it returns they stand still, outside of all turns. May sleep. */
void actors_park(void);
void actors_unpark(void);

/* May sleep; may be called although they did not all start, or none did. */
void actors_stop(void);

/* Turns of the one that had most, and of the one that had least. Not after actors_stop(). */
void actors_most_least(unsigned long *most, unsigned long *least);

#endif /* TORTURE_ACTORS_H */
