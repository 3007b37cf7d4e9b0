/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Meetings: pieces that share a granule, freed by two actors at the same moment.
 *
 * A thread cuts an allocation, often in the middle of a granule, puts pieces on offer, and
 * waits for a few microseconds. Whoever comes by, in any context and on any CPU, takes one
 * and frees it; the thread sees it gone and frees its own. What nobody takes it takes back.
 */
#ifndef TORTURE_MEETING_H
#define TORTURE_MEETING_H

#include <linux/types.h>

struct place;
struct turn;

/* Offers that one thread can make at a time. */
#define PLACES	3

/* Places for so many threads. Return: 0 or -ENOMEM. May sleep. */
int meetings_create(unsigned int threads);
void meetings_destroy(void);

/* Those of a thread. */
struct place *meeting_places(unsigned int thread);

/* Make an offer, and free the rest at the same moment. The actor is a thread. */
void meeting_call(struct turn *t);

/* Take what is on offer somewhere and free it. Any context. */
void meeting_come(struct turn *t);

#endif /* TORTURE_MEETING_H */
