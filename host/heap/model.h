/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of instances: which bytes are live, whose they are, and what they contain.
 *
 * A bit for each byte of host memory says whether it is live. A piece is a range of live bytes that
 * the test holds, all of them of one value. What is handed out must not be live; what is live keeps
 * its value; and each granule's count in the core's ledger is the number of its bits.
 */
#ifndef DUALTREE_HOST_MODEL_H
#define DUALTREE_HOST_MODEL_H

#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>
#include "../test.h"

/* Instances of a round. */
#define SUBJECTS	4
/* Pieces of an instance. */
#define PIECES_MAX	4096U

/**
 * struct piece - a range of live bytes
 * @ptr: first byte
 * @len: number of bytes
 * @fill: value of each byte
 */
struct piece {
	u8 *ptr;
	u32 len;
	u8 fill;
};

/**
 * struct subject - an instance under test
 * @dt: the instance, or NULL
 * @pool: its pool, or NULL
 * @params: its parameters
 * @pool_params: parameters of @pool, or zeros
 * @charged: its memory is charged to a cgroup
 * @nr: number of @pieces
 * @target: so many pieces it should have
 * @live: bytes of all pieces
 * @allocs: allocations that succeeded
 * @frees: frees that did
 * @failed: allocations that failed for want of memory
 * @bad: frees that were refused
 * @pieces: what is live
 */
struct subject {
	struct dualtree *dt;
	struct buddy_pool *pool;
	struct dualtree_params params;
	struct buddy_pool_params pool_params;
	bool charged;
	u32 nr;
	u32 target;
	u64 live;
	u64 allocs;
	u64 frees;
	u64 failed;
	u64 bad;
	struct piece pieces[PIECES_MAX];
};

extern struct subject host_subjects[SUBJECTS];

/* Free memory is written to in this round. */
extern bool host_stray;

bool host_live_any(const void *ptr, size_t len);
unsigned int host_live_count(const void *granule);
void host_piece_check(const struct piece *piece);
void host_piece_add(struct subject *s, struct piece piece);
struct piece host_piece_take(struct subject *s);
struct piece host_piece_after(struct subject *s, const struct piece *piece);
void host_piece_born(struct subject *s, void *ptr, size_t len, bool zero);
void host_piece_grows(struct subject *s, void *ptr, size_t len, bool zero);
void host_piece_forget(struct subject *s, const struct piece *piece);
void host_piece_dies(struct subject *s, struct piece piece);
void host_subject_forget(struct subject *s);
void host_subject_check(struct subject *s);

/* pool.c: what holds of all memory that a pool takes. */
void host_arena_page_check(const struct page *page, bool charged);

/* sums.c: what holds of a heap in spite of stray writes. */
struct dt_heap;
void host_heap_sums(const struct dt_heap *heap, struct dualtree_stats *stats);

#endif /* DUALTREE_HOST_MODEL_H */
