// SPDX-License-Identifier: GPL-2.0
/*
 * The cases that allocators have in common, and which of them "cost" and "native" measure of
 * each; first the baselines, which say how much of a case can be the allocator's. Nothing is
 * subtracted from anything.
 */
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include <dualtree/dualtree.h>

#include "allocators.h"
#include "bench.h"

static DEFINE_RAW_SPINLOCK(base_lock);

static void empty_loop(const struct bench *b, unsigned int ops)
{
	while (ops--)
		barrier();
}

static void preempt_loop(const struct bench *b, unsigned int ops)
{
	while (ops--) {
		preempt_disable();
		preempt_enable();
	}
}

static void irqsave_loop(const struct bench *b, unsigned int ops)
{
	unsigned long flags;

	while (ops--) {
		local_irq_save(flags);
		local_irq_restore(flags);
	}
}

static void lock_loop(const struct bench *b, unsigned int ops)
{
	while (ops--) {
		raw_spin_lock(&base_lock);
		raw_spin_unlock(&base_lock);
	}
}

static void lock_irqsave_loop(const struct bench *b, unsigned int ops)
{
	unsigned long flags;

	while (ops--) {
		raw_spin_lock_irqsave(&base_lock, flags);
		raw_spin_unlock_irqrestore(&base_lock, flags);
	}
}

/* A reader, in bytes: its buffer, what of it is filled, and the headers at the front of that. */
#define READ_ROOM	SZ_16K
#define READ_LEN	1400
#define READ_HEAD	54
#define READ_PAYLOAD	(READ_LEN - READ_HEAD)

/* Return: the payload of one packet, whose tail and headers have been freed. */
static __always_inline void *read_one(struct dualtree *dt)
{
	void *packet = dualtree_alloc(dt, READ_ROOM, GFP_ATOMIC);

	dualtree_trim(dt, packet, READ_ROOM, READ_LEN);
	dualtree_free(dt, packet, READ_HEAD);
	return packet + READ_HEAD;
}

static void reader_loop(const struct bench *b, unsigned int ops)
{
	struct dualtree *dt = b->ctx;

	while (ops--)
		dualtree_free(dt, read_one(dt), READ_PAYLOAD);
}

static void reader_ring_loop(const struct bench *b, unsigned int ops)
{
	struct bench_slot *slots = b->table->slots;
	unsigned int mask = b->c->live - 1, i;
	struct dualtree *dt = b->ctx;

	for (i = 0; i < ops; i++) {
		struct bench_slot *slot = &slots[i & mask];
		void *payload = read_one(dt);

		dualtree_free(dt, slot->ptr, READ_PAYLOAD);
		slot->ptr = payload;
	}
}

/* Buffers with which a descriptor ring is refilled at a time. */
#define BULK		16

static void refill_loop(const struct bench *b, unsigned int ops)
{
	struct dualtree_range ranges[BULK];
	void *ptrs[BULK] = { };

	bulk_loop(b, ops, BULK, ptrs, ranges);
}

#define BASE	BIT(BASELINE)
#define DT	BIT(DUALTREE)
#define EX	BIT(EXACT)
#define KM	BIT(KMALLOC)
#define FR	BIT(FRAG)
#define GEN	BIT(GEN_FIRST)
#define BEST	BIT(GEN_BEST)
#define DRM	(BIT(DRM_BEST) | BIT(DRM_LOW))

/* A case, and the allocators that "cost" and "native" measure it of. */
#define CASE(what, in_cost, in_native, ...)						\
	{ what, .cost = in_cost, .native = in_native, __VA_ARGS__ }
#define BASE_CASE(what, function)	CASE(what, BASE, BASE, .loop = function)
#define PAIR(bytes, in_cost, in_native)							\
	CASE("pair " #bytes " B", in_cost, in_native, .kind = LOOP_PAIR, .size = bytes)
#define RANDOM(nr, in_cost, in_native)							\
	CASE("1500 B, " #nr " live", in_cost, in_native, .kind = LOOP_RANDOM, .size = 1500,	\
	     .live = nr)

/*
 * Those of one name stand together. drm_mm and gen_pool by best fit are not in user-mode Linux's
 * run, where all allocators of a case are open at once.
 */
static const struct bench_case cases[] = {
	BASE_CASE("empty loop", empty_loop),
	BASE_CASE("preempt off/on", preempt_loop),
	BASE_CASE("irqsave", irqsave_loop),
	BASE_CASE("raw spinlock pair", lock_loop),
	BASE_CASE("raw spinlock pair, irqsave", lock_irqsave_loop),

	PAIR(64, DT | EX | KM, DT | KM | FR),
	PAIR(1500, DT | EX | KM | FR | GEN | BEST | DRM, DT | EX | KM | FR | GEN),
	PAIR(2048, DT | KM, DT | KM | FR),
	PAIR(4096, DT | KM | BIT(PAGES), DT | KM | FR),
	PAIR(16384, DT | KM | BIT(PAGES), 0),
	CASE("1500 B, 64 live", DT | KM | FR | GEN | DRM, DT | KM | FR | GEN,
	     .kind = LOOP_RING, .size = 1500, .live = 64),
	RANDOM(512, BEST, 0),
	RANDOM(4096, DT | KM | GEN | BEST | DRM, DT | KM | FR | GEN),
	CASE("64..4096 B, 1k live", DT | EX | KM | GEN | BEST | DRM, DT | EX | KM | GEN,
	     .kind = LOOP_MIXED, .live = 1000),
	CASE("64..4096 B, 10k live", DT | EX | KM | DRM, DT | EX | KM,
	     .kind = LOOP_MIXED, .live = 10000),
	CASE("reader", DT | EX, DT | EX, .loop = reader_loop),
	CASE("reader", 0, BIT(KMALLOC_WHOLE), .kind = LOOP_PAIR, .size = READ_ROOM),
	CASE("reader, ring of 64", DT, 0, .loop = reader_ring_loop, .size = READ_PAYLOAD,
	     .live = 64),
	CASE("1500 B, bulks of 16", DT, 0, .loop = refill_loop, .size = 1500),
};

const struct bench_set dt_common_cases = { cases, ARRAY_SIZE(cases) };
