/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The build that counts accesses: included before kernel.h. The compiler calls cache.c for each
 * load and store (-fsanitize=thread, without its library). An atomic operation is made of several
 * of them here, and is announced as one write.
 */
#ifndef DUALTREE_HOST_GROWTH_COUNTED_H
#define DUALTREE_HOST_GROWTH_COUNTED_H

void cache_modify(const void *at);

#define host_modify(p)		cache_modify((const void *)(p))

#endif /* DUALTREE_HOST_GROWTH_COUNTED_H */
