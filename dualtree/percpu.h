/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heaps of an instance, one for each CPU and one that all share: see percpu.c.
 */
#ifndef DUALTREE_PERCPU_H
#define DUALTREE_PERCPU_H

#include <linux/compiler.h>
#include <linux/types.h>
#include "instance.h"

struct dt_region;

extern unsigned int dt_shared_calls;

struct dt_region *dt_shared_unlock(struct dualtree *dt, unsigned long flags)
	__releases(&dt->shared_lock);
void dt_shared_drain(struct dualtree *dt);

void dt_percpu_prepare(struct dualtree *dt, gfp_t gfp);
void dt_percpu_prepare_growth(struct dualtree *dt, size_t size, gfp_t gfp);
const struct dt_heap *dt_percpu_heap(const struct dualtree *dt);
int dt_percpu_setup(void);
void dt_percpu_teardown(void);
int dt_percpu_init(struct dualtree *dt);
void dt_percpu_destroy(struct dualtree *dt);

#endif /* DUALTREE_PERCPU_H */
