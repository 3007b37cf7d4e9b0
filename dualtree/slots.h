/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPUs' slots of instances: see slots.c.
 */
#ifndef DUALTREE_SLOTS_H
#define DUALTREE_SLOTS_H

struct dualtree;

int dt_slots_alloc(struct dualtree *dt);
void dt_slots_free(struct dualtree *dt);
void dt_slots_exit(void);

#endif /* DUALTREE_SLOTS_H */
