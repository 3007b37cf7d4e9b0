/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Giving back: what heaps hold and do not need goes back to the pool, whether or not their
 * owners ever come by again. reclaim.c says how.
 */
#ifndef DUALTREE_RECLAIM_H
#define DUALTREE_RECLAIM_H

#include <linux/types.h>

struct dualtree;

/* The parameter idle_ms; 0: there is no pass over idle heaps. */
extern unsigned int dt_idle_ms;

void dt_reclaim_add(struct dualtree *dt);
void dt_reclaim_remove(struct dualtree *dt);
void dt_reclaim_arm(void);
void dt_reclaim_set_idle_ms(unsigned int ms);
int dt_reclaim_init(void);
void dt_reclaim_exit(void);

#endif /* DUALTREE_RECLAIM_H */
