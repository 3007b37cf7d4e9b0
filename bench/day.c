// SPDX-License-Identifier: GPL-2.0
/*
 * A day of streams that come and go, an hour in three seconds: few at night, all of PEAK in the
 * evening. What the kernel has less of is compared with what lives, each hour. A line of results is
 *
 *	allocator|hour|streams|bytes live|bytes all in|bytes held
 *
 * where held, with records, is what dualtree's instances say. Hours begin at five in the morning.
 *
 * A stream keeps a ring of packets of 64 to 1500 bytes. Each hour a quarter of the streams end, and
 * others begin until there are as many as the hour has. Every 20th reads slowly and lasts all day.
 * In an hour a stream replaces all of its ring, a slow one an eighth. Streams take turns, a packet
 * each, on four CPUs, and each goes to the next CPU every hour.
 *
 * dualtree has an instance for each stream. page_frag has a cache for each CPU, as drivers have it.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <dualtree/dualtree.h>

#include "bench.h"
#include "random.h"

#define CPUS		4
#define PEAK		2000
#define RING		32
#define SLOW_RING	(RING / 8)
#define SLOW_EVERY	20
#define PACKET_MIN	64
#define PACKET_MAX	1500
/* Percent of the streams that end in an hour, but for slow ones. */
#define ENDING		25

/*
 * Milliseconds of an hour: heaps that are idle for two seconds are trimmed, and the counts of all
 * CPUs are summed up each second. And how long the memory of the allocator before takes to be the
 * kernel's again.
 */
#define HOUR_MS		3000
#define RETURNED_MS	6000

/* Percent of PEAK, from five in the morning on to the same hour of the next day. */
static const u8 hours[] = {
	5, 6, 10, 18, 28, 34, 38, 42, 46, 44, 42, 42, 46, 54, 66, 80, 94, 100, 80, 44, 20, 12, 8, 5,
	5,
};

struct stream {
	void *ctx;			/* what the allocator opened for it, or NULL */
	bool slow;			/* it reads slowly */
	unsigned int at;		/* the oldest of its packets */
	struct bench_slot ring[RING];
};

/* A day of an allocator. */
struct day {
	struct bench b;			/* the allocator */
	void *frags[CPUS];		/* the caches of the CPUs, if it is page_frag */
	unsigned int nr;		/* streams, from the first on */
	unsigned int begun;		/* streams that have begun */
	unsigned int part;		/* every CPUS-th stream from this one on is being served */
	unsigned int hour;		/* hours by now */
	size_t live;			/* bytes live */
	int err;			/* the first error; -ENOMEM after a failed allocation */
	struct stream streams[PEAK];
};

static struct day *day;

static bool is_frag(void)
{
	return day->b.allocator->id == FRAG;
}

/* What a call on behalf of a stream is given: page_frag's cache is that of the part's CPU. */
static void *context(const struct stream *stream)
{
	return is_frag() ? day->frags[day->part] : stream->ctx;
}

static void packet_free(struct stream *stream, struct bench_slot *slot)
{
	if (!slot->ptr)
		return;
	day->b.allocator->free(context(stream), slot->ptr, slot->size);
	day->live -= slot->size;
	slot->ptr = NULL;
}

static void packet_alloc(struct stream *stream, struct bench_slot *slot)
{
	slot->size = random_between(&day->b.rnd, PACKET_MIN, PACKET_MAX);
	slot->ptr = day->b.allocator->alloc(context(stream), slot->size);
	if (slot->ptr)
		day->live += slot->size;
	else
		day->err = -ENOMEM;
}

/* Replace each stream's oldest packets, one of each stream in turn. A new stream has none. */
static int serve(void *unused)
{
	unsigned int i, nr;

	for (nr = 0; nr < RING; nr++) {
		for (i = day->part; i < day->nr; i += CPUS) {
			struct stream *stream = &day->streams[i];
			struct bench_slot *slot = &stream->ring[stream->at];

			if (stream->slow && nr >= SLOW_RING && slot->ptr)
				continue;
			stream->at = (stream->at + 1) % RING;
			packet_free(stream, slot);
			packet_alloc(stream, slot);
		}
		cond_resched();
	}
	return 0;
}

static void serve_all(void)
{
	unsigned int cpu;
	int err;

	for (day->part = 0; day->part < CPUS; day->part++) {
		cpu = cpumask_nth((day->part + day->hour) % CPUS, cpu_online_mask);
		err = smp_call_on_cpu(cpu, serve, NULL, false);
		day->err = day->err ?: err;
	}
	day->part = 0;
}

static int close_context(void *ctx)
{
	day->b.ctx = ctx;
	return day->b.allocator->close ? day->b.allocator->close(&day->b) : 0;
}

/* The last stream takes its place. */
static void end(unsigned int i)
{
	struct stream *stream = &day->streams[i];
	unsigned int slot;
	int err;

	for (slot = 0; slot < RING; slot++)
		packet_free(stream, &stream->ring[slot]);
	if (!is_frag()) {
		err = close_context(stream->ctx);
		day->err = day->err ?: err;
	}
	*stream = day->streams[--day->nr];
}

static void begin(void)
{
	const struct allocator *a = day->b.allocator;
	struct stream *stream = &day->streams[day->nr];

	memset(stream, 0, sizeof(*stream));
	stream->slow = !(day->begun++ % SLOW_EVERY);
	if (a->open && !is_frag())
		stream->ctx = a->open(&day->b);
	if (IS_ERR(stream->ctx))
		day->err = PTR_ERR(stream->ctx);
	else
		day->nr++;
}

static void come_and_go(unsigned int nr)
{
	unsigned int i = 0, left = 4 * PEAK;

	while (i < day->nr)
		if (!day->streams[i].slow && random_chance(&day->b.rnd, ENDING))
			end(i);
		else
			i++;
	/* Slow ones go only if there is no other in many tries. */
	while (day->nr > nr) {
		i = random_below(&day->b.rnd, day->nr);
		if (!day->streams[i].slow || !left)
			end(i);
		else
			left--;
	}
	while (day->nr < nr && !day->err) {
		begin();
		cond_resched();
	}
}

static size_t held(void)
{
	size_t bytes = 0;
	unsigned int i;

	for (i = 0; i < day->nr && day->b.allocator->id == DUALTREE; i++)
		bytes += dt_bench_held(day->streams[i].ctx);
	return bytes;
}

static int open_frags(void)
{
	unsigned int i;

	for (i = 0; i < CPUS && is_frag(); i++) {
		day->frags[i] = day->b.allocator->open(&day->b);
		if (IS_ERR(day->frags[i]))
			return PTR_ERR(day->frags[i]);
	}
	return 0;
}

static void close_frags(void)
{
	unsigned int i;

	for (i = 0; i < CPUS; i++)
		if (!IS_ERR_OR_NULL(day->frags[i]))
			close_context(day->frags[i]);
}

static int live_day(enum allocator_id id)
{
	s64 before = dt_bench_available(RETURNED_MS), all;

	memset(day, 0, sizeof(*day));
	day->b.allocator = dt_allocators[id];
	prandom_seed_state(&day->b.rnd, 1);
	day->err = open_frags();
	for (; day->hour < ARRAY_SIZE(hours) && !day->err; day->hour++) {
		come_and_go(PEAK * hours[day->hour] / 100);
		serve_all();
		all = before - dt_bench_available(HOUR_MS);
		dt_bench_report("%s|%u|%u|%zu|%lld|%zu\n", day->b.allocator->name, day->hour,
				day->nr, day->live, max_t(s64, all, 0), held());
	}
	while (day->nr)
		end(day->nr - 1);
	close_frags();
	return day->err;
}

int dt_run_day(void)
{
	int err;

	if (num_online_cpus() < CPUS)
		return -EINVAL;
	day = kvzalloc(sizeof(*day), GFP_KERNEL);
	if (!day)
		return -ENOMEM;
	err = live_day(DUALTREE) ?: live_day(KMALLOC) ?: live_day(FRAG);
	kvfree(day);
	return err;
}
