/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reclaim: what heaps hold and do not need returns to the pool, also if their CPUs make no further
 * call. See reclaim.c.
 */
#ifndef DUALTREE_RECLAIM_H
#define DUALTREE_RECLAIM_H

#include <linux/types.h>

struct dualtree;

/* The parameter idle_ms; 0 for no passes over idle heaps. */
extern unsigned int dt_idle_ms;

void dt_reclaim_add(struct dualtree *dt);
void dt_reclaim_remove(struct dualtree *dt);
void dt_reclaim_arm(void);
void dt_reclaim_start(void);
void dt_reclaim_now(struct dualtree *dt);
void dt_reclaim_set_idle_ms(unsigned int ms);
int dt_reclaim_init(void);
void dt_reclaim_exit(void);

#endif /* DUALTREE_RECLAIM_H */
