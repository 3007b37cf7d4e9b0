// SPDX-License-Identifier: GPL-2.0
/*
 * The pipe; see pipe.h.
 *
 * A ring with one at each end. The producer fills it up to FULL bytes, the consumer leaves
 * LOW in it, so that it is neither empty, when the granularity of regions would decide, nor
 * without bound. The producer's CPU is one that never goes away.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include <dualtree/dualtree.h>

#include "../../bench/random.h"
#include "helpers.h"
#include "piece.h"
#include "pipe.h"
#include "subject.h"
#include "verdict.h"

#define FULL		SZ_8M
#define LOW		SZ_4M
#define DEPTH		SZ_16K
#define ROOM		SZ_16K
/* What is held is read after so many allocations. */
#define SAMPLE		64
/* Held bytes by which it is more than that many tenths of those in flight. */
#define MOST_TENTHS	15

/**
 * struct pipe - the ring
 * @subject: the instance
 * @bytes: in flight
 * @head: where the producer puts the next; written by it alone, and read by the consumer
 * @tail: where the consumer takes the next; written by it alone, and read by the producer
 * @most_bytes: most that were in flight; the producer's
 * @most_held: most that was held; the producer's
 * @nulls: allocations without memory; the producer's
 * @pieces: those from @tail up to @head are the consumer's, the others the producer's
 */
static struct pipe {
	struct subject *subject;
	atomic_long_t bytes;
	unsigned long head;
	unsigned long tail;
	unsigned long most_bytes;
	unsigned long most_held;
	unsigned long nulls;
	struct piece *pieces;
} pipe;

int pipe_create(void)
{
	struct dualtree_params params = {};

	pipe.pieces = kvcalloc(DEPTH, sizeof(*pipe.pieces), GFP_KERNEL);
	pipe.subject = subject_create("torture-pipe", &params, 0);
	return pipe.pieces && pipe.subject ? 0 : -ENOMEM;
}

void pipe_destroy(void)
{
	subject_destroy(pipe.subject);
	pipe.subject = NULL;
	kvfree(pipe.pieces);
	pipe.pieces = NULL;
}

struct subject *pipe_subject(void)
{
	return pipe.subject;
}

unsigned long pipe_passed(void)
{
	return READ_ONCE(pipe.tail);
}

static void account(long bytes)
{
	subject_account(pipe.subject, bytes);
	atomic_long_add(bytes, &pipe.bytes);
}

/* Half of them are read into more room than they need. */
static bool produce(struct rnd_state *rnd)
{
	struct piece *p = &pipe.pieces[pipe.head % DEPTH];
	u32 size = random_log(rnd, 64, 6), room = random_chance(rnd, 50) ? ROOM : size;
	u8 *ptr = dualtree_alloc(pipe.subject->dt, room, GFP_KERNEL);

	if (!ptr)
		return false;
	*p = (struct piece) { ptr, size, prandom_u32_state(rnd) };
	piece_fill(p, 0, size);
	account(room);
	if (room > size) {
		account((long)size - (long)room);
		if (dualtree_trim(pipe.subject->dt, ptr, room, size))
			torture_fail("pipe: a trim to %u bytes was refused", size);
	}
	/* Hands over the entry and the bytes; pairs with the acquire of consume(). */
	smp_store_release(&pipe.head, pipe.head + 1);
	return true;
}

static void sample(void)
{
	struct dualtree_stats stats;

	dualtree_get_stats(pipe.subject->dt, &stats);
	pipe.most_held = max(pipe.most_held, stats.held_bytes);
}

static bool has_room(void)
{
	/* Pairs with the release of consume(). */
	return pipe.head - smp_load_acquire(&pipe.tail) < DEPTH &&
	       atomic_long_read(&pipe.bytes) < FULL;
}

static void stay(unsigned int cpu)
{
	if (cpu < nr_cpu_ids)
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

int pipe_producer(void *unused)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, torture_seed + 6);
	stay(cpumask_first(cpu_online_mask));
	while (!kthread_should_stop()) {
		if (!has_room()) {
			helper_nap(0);
			continue;
		}
		if (!produce(&rnd)) {
			pipe.nulls++;
			helper_nap(0);
		}
		pipe.most_bytes = max_t(unsigned long, pipe.most_bytes,
					atomic_long_read(&pipe.bytes));
		if (pipe.head % SAMPLE == 0)
			sample();
		cond_resched();
	}
	return 0;
}

/* The front first, as it is read; then the rest. */
static void consume(struct rnd_state *rnd)
{
	struct piece p = pipe.pieces[pipe.tail % DEPTH];
	size_t front = random_below(rnd, p.len);
	int err = 0;

	/* The entry is the producer's again; pairs with the acquire of has_room(). */
	smp_store_release(&pipe.tail, pipe.tail + 1);
	piece_check(&p, "pipe");
	account(-(long)p.len);
	if (front)
		err = dualtree_free(pipe.subject->dt, p.ptr, front);
	err = err ?: dualtree_free(pipe.subject->dt, p.ptr + front, p.len - front);
	if (err)
		torture_fail("pipe: a free of %zu bytes in two was refused: %d", p.len, err);
}

static bool has_piece(void)
{
	/* Pairs with the release of produce(). */
	return smp_load_acquire(&pipe.head) != pipe.tail;
}

int pipe_consumer(void *unused)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, torture_seed + 7);
	stay(cpumask_next(cpumask_first(cpu_online_mask), cpu_online_mask));
	while (!kthread_should_stop()) {
		if (has_piece() && atomic_long_read(&pipe.bytes) > LOW)
			consume(&rnd);
		else
			helper_nap(0);
		cond_resched();
	}
	return 0;
}

/* Both have stopped. */
static void drain(void)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, torture_seed + 8);
	while (has_piece()) {
		consume(&rnd);
		cond_resched();
	}
}

void pipe_judge(void)
{
	unsigned long tenths = 10 * pipe.most_held / max(pipe.most_bytes, 1UL);

	drain();
	pr_info("pipe: %lu passed, at most %lu KiB held for %lu KiB in flight: %lu.%lu times; %lu allocations failed\n",
		pipe.tail, pipe.most_held / SZ_1K, pipe.most_bytes / SZ_1K, tenths / 10,
		tenths % 10, pipe.nulls);
	if (pipe.most_bytes < LOW)
		pr_info("pipe: not filled, and so not judged\n");
	else if (10 * pipe.most_held > MOST_TENTHS * pipe.most_bytes)
		torture_fail("pipe: %lu bytes held for %lu in flight, expected at most %d tenths",
			     pipe.most_held, pipe.most_bytes, MOST_TENTHS);
}
