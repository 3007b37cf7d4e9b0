/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device of a pool: which one is accepted, and the mapping of each arena. See dma.c.
 *
 * Context: as each says; no lock.
 */
#ifndef DUALTREE_BUDDY_DMA_H
#define DUALTREE_BUDDY_DMA_H

#include <linux/types.h>

struct buddy_arena;
struct buddy_pool;
struct buddy_pool_params;
struct device;

bool buddy_dma_reaches(struct device *dev);
bool buddy_dma_valid(const struct buddy_pool_params *params);
unsigned int buddy_dma_max_order(struct device *dev);
void buddy_dma_init(struct buddy_pool *pool, const struct buddy_pool_params *params);
void buddy_dma_exit(struct buddy_pool *pool);
int buddy_dma_map(struct buddy_arena *arena);
void buddy_dma_unmap(struct buddy_arena *arena);

#endif /* DUALTREE_BUDDY_DMA_H */
