/* SPDX-License-Identifier: GPL-2.0 */
/* Making the trees of a region again: see repair.c. */
#ifndef DUALTREE_REPAIR_H
#define DUALTREE_REPAIR_H

#include <linux/types.h>

struct dt_heap;
struct dt_region;

void dt_heap_rebuild(struct dt_heap *heap, struct dt_region *region, bool keep_blocks);
void dt_heap_repair(struct dt_heap *heap, struct dt_region *region);

#endif /* DUALTREE_REPAIR_H */
