/* SPDX-License-Identifier: GPL-2.0 */
/* The operations of the test of heaps, by subject: see the files. */
#ifndef DUALTREE_HOST_OPS_H
#define DUALTREE_HOST_OPS_H

#include "model.h"

/* calls.c: calls of users. */
void host_op_alloc(struct subject *s);
void host_op_alloc_bulk(struct subject *s);
void host_op_free(struct subject *s);
void host_op_free_bulk(struct subject *s);
void host_op_extend(struct subject *s);
void host_op_realloc(struct subject *s);

/* refuse.c: calls that are refused, and questions. */
void host_op_bad_free(struct subject *s);
void host_op_ask(struct subject *s);

/* place.c: where an allocation with DUALTREE_EXACT_FIT must lie. */
void *host_place(struct subject *s, size_t size);

/* stray.c: writes to free memory. */
void host_op_stray(struct subject *s);

/* tree.c: the trees of a region by themselves. */
void host_tree_step(void);
void host_tree_end(void);
void host_tree_cases(void);

/* ledger.c: the ledger by itself. */
void host_ledger_cases(void);

/* nested.c: what happens at a point of another context. */
void host_nested_arm(void);
void host_nested_end(void);

/* life.c: instances come and go. */
void host_subject_create(struct subject *s);
void host_subject_destroy(struct subject *s);
void host_op_many(void);

/* pool.c: pools, of devices too, and one that is tested by itself. */
struct buddy_pool *host_pool_create(struct buddy_pool_params *params);
void host_pool_step(void);
void host_pool_end(void);

/* damage.c: cases of damaged links; and blocks in a quick list. */
void host_damage_cases(void);
u8 *host_listed_pieces(struct dualtree *dt);

/* flush.c: cases of what is cached. */
void host_flush_cases(void);

/* take.c: cases of requests that what is in flight serves. */
void host_take_cases(void);

/* retired.c: cases of regions that become empty in NMI. */
void host_retired_cases(void);

/* clear.c: cases with init_on_free. */
void host_clear_cases(void);

/* frees.c: cases of frees. */
void host_free_cases(void);

/* arenas.c: cases of a pool. */
void host_arena_cases(void);

/* holes.c: arenas of which pages were returned. */
void host_hole_cases(void);

/* checks.c: what the core's own checks must find. */
void host_check_cases(void);

/* What the round asks for. */
extern u32 host_sizes;

#endif /* DUALTREE_HOST_OPS_H */
