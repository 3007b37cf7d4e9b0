/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory in flight is bounded: heaps are drained that others have freed much of. See in_flight.c.
 */
#ifndef DUALTREE_IN_FLIGHT_H
#define DUALTREE_IN_FLIGHT_H

#include <linux/sizes.h>
#include "instance.h"

/* Bytes, one region of a grown heap: an instance that holds no more is not watched. */
#define IN_FLIGHT_MIN	SZ_64K

/* In no list: linked to itself. */
static inline bool in_flight_watched(const struct dualtree *dt)
{
	/* llist_add() writes to the node as plain C does. Any value but one says the same. */
	return data_race(READ_ONCE(dt->watch.next)) != &dt->watch;
}

void dt_in_flight_init(struct dualtree *dt);
void dt_in_flight_watch(struct dualtree *dt);
void dt_in_flight_forget(struct dualtree *dt);
void dt_in_flight_wait(void);
void dt_in_flight_exit(void);

/**
 * in_flight_note() - a region was queued on a heap
 * @dt: the instance
 *
 * Context: Any, NMI included. The read comes after the queueing, which is a full barrier: pairs
 * with in_flight_unwatch(), litmus/in-flight.
 */
static inline void in_flight_note(struct dualtree *dt)
{
	if (!in_flight_watched(dt) && atomic_long_read(&dt->held_bytes) > IN_FLIGHT_MIN)
		dt_in_flight_watch(dt);
}

#endif /* DUALTREE_IN_FLIGHT_H */
