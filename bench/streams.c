// SPDX-License-Identifier: GPL-2.0
/*
 * Footprint of many streams and many CPUs, all in: what the kernel has less of, and not only what
 * instances say that they hold. A line of results is
 *
 *	case|allocator|CPUs|streams|bytes live|bytes all in|bytes held|peak|mean
 *
 * where held, and the peak and mean of held/live in thousandths, are dualtree's own.
 *
 *	movers		a stream whose producer moves from CPU to CPU, and its consumer before it
 *	quiet		streams with 1 to 4 live packets, used on each of the CPUs in turn
 *	tenth		the same, and every tenth is busy
 *	audio		200 streams of 37 KB in small pieces, served by any CPU; and 7 s later
 *	message		50 streams, a message of 4 MiB each, then small packets for 4 s
 *	keepalive	a stream that was large, and makes a call every half second
 *
 * One call at a time, each on the CPU that it is to be on: the same comes out each time.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <dualtree/dualtree.h>

#include "bench.h"
#include "random.h"

/* Slots of all streams, and streams, at most. */
#define SLOTS_MAX	40960
#define STREAMS_MAX	10000

/* Packets or pieces that a call on a CPU handles of each stream. */
#define BATCH		64

/* Streams of one case, and what they have live. */
struct run {
	struct bench b;				/* the allocator; each stream has opened it */
	unsigned int cpus;			/* that serve them */
	unsigned int nr;			/* streams */
	unsigned int each;			/* slots of a stream, a ring */
	unsigned int size_min;			/* bytes of an allocation at least */
	unsigned int size_range;		/* and so many more at most */
	unsigned int at;			/* the next slot of each ring, counted on and on */
	bool busy;				/* only every tenth stream makes calls */
	unsigned int batch;			/* allocations of a stream in a call on a CPU */
	bool free;				/* it only frees, and leaves the slots empty */
	size_t live;				/* bytes live */
	int err;				/* an error, after which nothing goes on */
	void *ctx[STREAMS_MAX];			/* the instances */
	struct bench_slot slots[SLOTS_MAX];	/* the rings */
};

static struct run *r;
static s64 available_before;

/*
 * Milliseconds after which the counts of all CPUs are summed up; and after which the memory of the
 * case before is the kernel's again: pools return idle arenas after two seconds.
 */
#define COUNTED_MS	1500
#define RETURNED_MS	6000

static void slot_free(unsigned int stream, struct bench_slot *slot)
{
	if (!slot->ptr)
		return;
	r->b.allocator->free(r->ctx[stream], slot->ptr, slot->size);
	r->live -= slot->size;
	slot->ptr = NULL;
}

static void slot_alloc(unsigned int stream, struct bench_slot *slot)
{
	slot->size = r->size_min + random_below(&r->b.rnd, r->size_range + 1);
	slot->ptr = r->b.allocator->alloc(r->ctx[stream], slot->size);
	if (!slot->ptr)
		r->err = -ENOMEM;
	r->live += slot->ptr ? slot->size : 0;
}

/* A part of each ring, from @at on: free the old, and allocate the new. */
static int serve(void *unused)
{
	unsigned int stream, i;

	for (stream = 0; stream < r->nr; stream += r->busy ? 10 : 1) {
		for (i = 0; i < r->batch; i++) {
			struct bench_slot *slot = &r->slots[stream * r->each +
							    (r->at + i) % r->each];

			slot_free(stream, slot);
			if (!r->free)
				slot_alloc(stream, slot);
		}
		cond_resched();
	}
	return 0;
}

/* serve() on one CPU after the other, from slot @at of each ring on; @turn is any number. */
static void serve_on(unsigned int turn, unsigned int at)
{
	unsigned int cpu = cpumask_nth(turn % r->cpus, cpu_online_mask);

	r->at = at;
	r->err = smp_call_on_cpu(cpu, serve, NULL, false) ?: r->err;
}

static size_t held(void)
{
	size_t bytes = 0;
	unsigned int i;

	for (i = 0; i < r->nr && r->b.allocator->id == DUALTREE; i++)
		bytes += dt_bench_held(r->ctx[i]);
	return bytes;
}

static void result(const char *name, u64 peak, u64 mean)
{
	s64 all;

	if (r->err)
		return;
	all = available_before - dt_bench_available(COUNTED_MS);
	dt_bench_report("%s|%s|%u|%u|%zu|%lld|%zu|%llu|%llu\n", name, r->b.allocator->name,
			r->cpus, r->nr, r->live, max_t(s64, all, 0), held(), peak, mean);
}

static void streams_open(enum allocator_id id, unsigned int cpus, unsigned int nr,
			 unsigned int each)
{
	const struct allocator *a = dt_allocators[id];

	available_before = dt_bench_available(RETURNED_MS);
	memset(r, 0, sizeof(*r));
	r->b.allocator = a;
	prandom_seed_state(&r->b.rnd, 1);
	r->cpus = cpus;
	r->each = each;
	r->batch = 1;
	if (cpus > num_online_cpus() || nr > STREAMS_MAX || nr * each > SLOTS_MAX)
		r->err = -EINVAL;
	for (; r->nr < nr && !r->err; r->nr++) {
		r->ctx[r->nr] = a->open ? a->open(&r->b) : NULL;
		if (IS_ERR(r->ctx[r->nr])) {
			r->err = PTR_ERR(r->ctx[r->nr]);
			return;
		}
		cond_resched();
	}
}

static int streams_close(void)
{
	unsigned int stream, i;

	for (stream = 0; stream < r->nr; stream++) {
		for (i = 0; i < r->each; i++)
			slot_free(stream, &r->slots[stream * r->each + i]);
		r->b.ctx = r->ctx[stream];
		if (r->b.allocator->close)
			r->err = r->b.allocator->close(&r->b) ?: r->err;
		cond_resched();
	}
	return r->err;
}

/* Calls of one ring by CPUs: @move batches on each, and what is freed is some that another made. */
static int movers(enum allocator_id id, unsigned int cpus)
{
	const unsigned int ring = 16384, rounds = 6 * ring / BATCH, move = 4;
	u64 peak = 0, sum = 0, nr = 0, ratio;
	unsigned int i;

	streams_open(id, cpus, 1, ring);
	r->size_min = 64;
	r->size_range = 1436;
	r->batch = BATCH;
	for (i = 0; i < rounds && !r->err; i++) {
		/* The consumer is on the CPU after the producer's. */
		r->free = true;
		serve_on(i / move + 1, i * BATCH);
		r->free = false;
		serve_on(i / move, i * BATCH);
		if (i < ring / BATCH)
			continue;
		ratio = (u64)held() * 1000 / r->live;
		peak = max(peak, ratio);
		sum += ratio;
		nr++;
	}
	result("movers", peak, div64_u64(sum, max(nr, 1ULL)));
	return streams_close();
}

/* @tenth: every tenth stream goes on. */
static int quiet(enum allocator_id id, unsigned int cpus, unsigned int nr, unsigned int live,
		 bool tenth)
{
	unsigned int i;

	streams_open(id, cpus, nr, live);
	r->size_min = 200;
	for (i = 0; i < cpus * live && !r->err; i++)
		serve_on(i / live, i);
	r->busy = true;
	for (i = 0; tenth && i < 400 && !r->err; i++)
		serve_on(i / 8, i);
	result(tenth ? "tenth" : "quiet", 0, 0);
	return streams_close();
}

static int audio_streams(enum allocator_id id, unsigned int cpus)
{
	const unsigned int each = 123;
	unsigned int i;

	streams_open(id, cpus, 200, each);
	r->size_min = 200;
	r->size_range = 200;
	for (i = 0; i < 16 * each && !r->err; i++)
		serve_on(i, i);
	result("audio", 0, 0);
	if (!r->err)
		msleep(7000);
	result("audio, 7 s later", 0, 0);
	return streams_close();
}

static int message(void)
{
	unsigned int i;
	void *ptr;

	streams_open(DUALTREE, 1, 50, 4);
	for (i = 0; i < r->nr && !r->err; i++) {
		ptr = dualtree_alloc(r->ctx[i], SZ_4M, GFP_KERNEL);
		r->err = ptr ? dualtree_free(r->ctx[i], ptr, SZ_4M) : -ENOMEM;
	}
	r->size_min = 1000;
	for (i = 0; i < 80 && !r->err; i++) {
		serve_on(0, i);
		msleep(50);
	}
	result("message", 0, 0);
	return streams_close();
}

static int keepalive(void)
{
	const unsigned int each = 16384;
	unsigned int i;

	streams_open(DUALTREE, 1, 1, each);
	r->size_min = 1000;
	r->batch = each;
	serve_on(0, 0);
	r->free = true;
	serve_on(0, 0);
	r->batch = 1;
	for (i = 0; i < 20 && !r->err; i++) {
		r->free = i % 2;
		serve_on(0, 0);
		msleep(250);
	}
	result("keepalive", 0, 0);
	return streams_close();
}

static int all_allocators(enum allocator_id id)
{
	static const unsigned int cpus[] = { 1, 2, 4 };
	unsigned int nr, live, i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(cpus) && !err; i++)
		err = movers(id, cpus[i]);
	for (nr = 1000; nr <= (dt_bench_quick ? 1000 : STREAMS_MAX) && !err; nr *= 10) {
		for (live = 1; live <= 4 && !err; live *= 2)
			err = quiet(id, 1, nr, live, false);
		err = err ?: quiet(id, 4, nr, 1, false) ?: quiet(id, 4, nr, 4, true);
	}
	return err ?: audio_streams(id, 4);
}

int dt_run_streams(void)
{
	int err;

	r = kvzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	err = all_allocators(DUALTREE) ?: all_allocators(KMALLOC) ?: all_allocators(FRAG) ?:
	      message() ?: keepalive();
	kvfree(r);
	return err;
}
