/* SPDX-License-Identifier: GPL-2.0 */
/* Putting parts of a heap's cache into its trees. The caller owns the heap. */
#ifndef DUALTREE_EVICT_H
#define DUALTREE_EVICT_H

#include <linux/types.h>

struct dt_heap;
struct dt_region;

bool dt_evict_run(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		  unsigned int nr);
void dt_evict_cold(struct dt_heap *heap);
unsigned int dt_evict_deferred(struct dt_heap *heap, unsigned int budget);
void dt_evict_block(struct dt_heap *heap, struct dt_region *region, unsigned int first,
		    unsigned int nr);

#endif /* DUALTREE_EVICT_H */
