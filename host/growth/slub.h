/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of one of kmalloc()'s caches, as Linux 6.1 has them, by the lines that each path touches.
 * See slub.c.
 */
#ifndef DUALTREE_HOST_GROWTH_SLUB_H
#define DUALTREE_HOST_GROWTH_SLUB_H

#include <kernel.h>

struct slub;

/* The cache for objects of @size bytes on a machine with CPUs 0 to @cpus - 1. */
struct slub *slub_create(size_t size, unsigned int cpus);
/* All objects were freed, or are forgotten. */
void slub_destroy(struct slub *slub);

void *slub_alloc(struct slub *slub);
void slub_free(void *object);

/*
 * Where slabs come from: lists of each CPU, then one that all share, then the layer's pages. The
 * kernel's page allocator is not modelled, and its accesses are not counted.
 */
void *slub_pages_get(unsigned int order);
void slub_pages_put(void *pages, unsigned int order);
/* All pages that were got are free. */
void slub_pages_reset(void);

#endif /* DUALTREE_HOST_GROWTH_SLUB_H */
