/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool whose memory is in order; see replay_pool.c.
 */
#ifndef DUALTREE_BENCH_REPLAY_POOL_H
#define DUALTREE_BENCH_REPLAY_POOL_H

struct buddy_pool;

struct buddy_pool *dt_replay_pool_create(unsigned int arenas);

#endif /* DUALTREE_BENCH_REPLAY_POOL_H */
