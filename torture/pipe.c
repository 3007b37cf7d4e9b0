// SPDX-License-Identifier: GPL-2.0
/*
 * The pipe: a producer on one CPU allocates, a consumer on another frees, with BYTES_MIN to
 * BYTES_MAX between them. What the instance holds must stay near what is in flight.
 *
 * BYTES_MIN keeps the pipe from running empty, when the size of regions would decide what is held.
 * The ring is the kernel's, with one thread at each end; it holds addresses of packed objects. The
 * producer alone writes the maxima and the counts of allocations, the consumer alone @passed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/ptr_ring.h>
#include <linux/sizes.h>

#include <dualtree/dualtree.h>

#include "torture.h"

#define BYTES_MAX	SZ_8M
#define BYTES_MIN	SZ_4M

/* Objects that fit: they are about 1000 bytes long on average, so BYTES_MAX is reached first. */
#define RING_SIZE	SZ_16K

/* What half of the objects are allocated with before they are trimmed, as a read would do. */
#define READ_ROOM	SZ_16K

/* Allocations from one look at the held bytes to the next. */
#define SAMPLE_PERIOD	64

/* Held bytes may be so many tenths of those in flight: fragmentation, regions and spares. */
#define HELD_TENTHS_MAX	15

static struct {
	struct instance *inst;
	struct ptr_ring ring;
	atomic_long_t bytes;
	unsigned long bytes_max;
	unsigned long held_max;
	unsigned long failed;
	unsigned long passed;
} pipe;

int pipe_create(void)
{
	struct dualtree_params params = {};
	int err = ptr_ring_init(&pipe.ring, RING_SIZE, GFP_KERNEL);

	if (err)
		return err;
	pipe.inst = instance_create("torture-pipe", &params, 0);
	return pipe.inst ? 0 : -ENOMEM;
}

void pipe_destroy(void)
{
	instance_destroy(pipe.inst);
	pipe.inst = NULL;
	ptr_ring_cleanup(&pipe.ring, NULL);
}

static void sample_held(void)
{
	struct dualtree_stats stats;

	dualtree_get_stats(pipe.inst->dt, &stats);
	pipe.held_max = max(pipe.held_max, stats.held_bytes);
}

static bool produce(struct worker *w)
{
	u32 size = random_log(&w->rnd, 64, 6), room = one_in(w, 2) ? READ_ROOM : size;
	struct object obj;

	w->inst = pipe.inst;
	w->gfp = GFP_KERNEL;
	if (!object_alloc(w, &obj, room, 0, size))
		return false;
	if (room > size)
		object_trim(w, &obj, size);
	pipe.bytes_max = max_t(unsigned long, pipe.bytes_max,
			       atomic_long_add_return(size, &pipe.bytes));
	/* There is room: nothing else produces, and pipe_produce() has looked. */
	ptr_ring_produce(&pipe.ring, object_pack(&obj));
	return true;
}

unsigned long pipe_produce(struct worker *w)
{
	if (ptr_ring_full(&pipe.ring) || atomic_long_read(&pipe.bytes) >= BYTES_MAX) {
		torture_nap(0);
	} else if (!produce(w)) {
		pipe.failed++;
		torture_nap(0);
	} else if (++w->iterations % SAMPLE_PERIOD == 0) {
		sample_held();
	}
	return 0;
}

/* Free an object in two parts, the front first, as it is read. Return: false if there is none. */
static bool consume(struct worker *w)
{
	u8 *ptr = ptr_ring_consume(&pipe.ring);
	struct object obj;
	size_t front;

	if (!ptr || !object_unpack(&obj, ptr, pipe.inst->name))
		return ptr;
	w->inst = pipe.inst;
	atomic_long_sub(obj.len, &pipe.bytes);
	front = pick_below(w, obj.len);
	object_free(w, &obj, 0, front);
	object_free(w, &obj, front, obj.len);
	pipe.passed++;
	return true;
}

unsigned long pipe_consume(struct worker *w)
{
	if (atomic_long_read(&pipe.bytes) > BYTES_MIN && consume(w))
		return 1;
	torture_nap(0);
	return 0;
}

static void drain(void)
{
	struct worker w = {};

	worker_init(&w, IN_TASK, UINT_MAX);
	while (consume(&w))
		cond_resched();
}

void pipe_check(void)
{
	unsigned long tenths = 10 * pipe.held_max / max(pipe.bytes_max, 1UL);

	drain();
	pr_info("pipe: %lu passed, at most %lu KiB held for %lu KiB in flight: %lu.%lu times; %lu allocations failed\n",
		pipe.passed, pipe.held_max / SZ_1K, pipe.bytes_max / SZ_1K, tenths / 10,
		tenths % 10, pipe.failed);
	if (pipe.bytes_max < BYTES_MIN)
		pr_info("pipe: not filled, so what it held is not checked\n");
	else if (10 * pipe.held_max > HELD_TENTHS_MAX * pipe.bytes_max)
		torture_fail("pipe: %lu bytes held for %lu in flight, expected at most %d tenths",
			     pipe.held_max, pipe.bytes_max, HELD_TENTHS_MAX);
	instance_check(pipe.inst, "when all workers had stopped");
	instance_check_empty(pipe.inst);
	instance_print(pipe.inst);
}
