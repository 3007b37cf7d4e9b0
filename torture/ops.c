// SPDX-License-Identifier: GPL-2.0
/*
 * Ops: what a worker does in one iteration. The table ops[] below has all of them, and how often
 * each is picked.
 *
 * One iteration in five uses a stream, under RCU; the others use one of instances[], and free what
 * is on offer at a rendezvous first. What an op does not free it leaves in a slot of the instance.
 * Any context, NMI included.
 */
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include <dualtree/dualtree.h>

#include "torture.h"

/* What op_read() allocates before it knows how much it receives. */
#define READ_ROOM	SZ_16K

/* Allocations and ranges of one bulk call: an array of them is on the stack. */
#define BULK_MAX	16

/* The same in a rush, and how long one lasts; interrupts have to be short. */
#define RUSH_BULK	8
#define RUSH_NS		(500 * NSEC_PER_USEC)
#define RUSH_IRQ_NS	(20 * NSEC_PER_USEC)

/* Largest allocation in a thread, and elsewhere: filling one takes time. */
#define SIZE_MAX_TASK	SZ_128K
#define SIZE_MAX_IRQ	SZ_2K

/* Free the front, as that of a header, and keep the rest. */
static void free_front(struct worker *w, struct object *obj, size_t front)
{
	front = min(front, obj->len);
	object_free(w, obj, 0, front);
	*obj = object_part(obj, front, obj->len);
}

/* Free the middle and leave both ends, which share granules with it, to other workers. */
static void free_middle(struct worker *w, const struct object *obj)
{
	size_t start = pick_below(w, obj->len), end = start + 1 + pick_below(w, obj->len - start);
	struct object front = object_part(obj, 0, start), tail = object_part(obj, end, obj->len);

	object_leave(w, &front);
	object_free(w, obj, start, end);
	object_leave(w, &tail);
}

/* Free all of it in up to @nr ranges of one call; every other time the first range comes last. */
static void free_bulk(struct worker *w, const struct object *obj, unsigned int nr)
{
	struct dualtree_range ranges[BULK_MAX];
	size_t end = obj->len, start;
	unsigned int i = 0;

	while (end && i < nr) {
		start = i + 1 == nr ? 0 : pick_below(w, end);
		ranges[i++] = (struct dualtree_range) { obj->ptr + start, end - start };
		end = start;
	}
	if (one_in(w, 2))
		swap(ranges[0], ranges[i - 1]);
	object_free_ranges(w, ranges, i, obj->len);
}

/* Free the object in one of the ways that there are, or a part of it and leave the rest. */
static void free_somehow(struct worker *w, struct object *obj)
{
	size_t at = pick_below(w, obj->len);

	switch (pick_below(w, 8)) {
	case 0:
		object_free(w, obj, at, obj->len);
		object_free(w, obj, 0, at);
		break;
	case 1:
		free_front(w, obj, 1 + at);
		object_leave(w, obj);
		break;
	case 2:
		object_trim(w, obj, at);
		object_leave(w, obj);
		break;
	case 3:
		free_middle(w, obj);
		break;
	case 4:
		free_bulk(w, obj, 1 + pick_below(w, BULK_MAX));
		break;
	default:
		object_free(w, obj, 0, obj->len);
	}
}

/* Free an object that some worker left, and leave another one. */
static void op_exchange(struct worker *w)
{
	struct object obj;
	size_t size;

	if (object_take(w, &obj))
		free_somehow(w, &obj);
	if (one_in(w, 3))
		return;
	size = object_pick_size(w);
	if (object_alloc(w, &obj, size, 0, size))
		object_leave(w, &obj);
}

/* Allocate room, receive less, trim, parse the front bit by bit, and leave the rest. */
static void op_read(struct worker *w)
{
	u32 received = random_between(&w->rnd, 64, 4096), bits;
	struct object obj;

	received = min_t(u32, received, w->size_max);
	if (!object_alloc(w, &obj, READ_ROOM, 0, received))
		return;
	object_trim(w, &obj, received);
	for (bits = pick_below(w, 6); bits && obj.len; bits--)
		free_front(w, &obj, random_between(&w->rnd, 2, 50));
	if (obj.len && object_check(&obj, w->inst->name))
		object_leave(w, &obj);
	else
		object_free(w, &obj, 0, obj.len);
}

static void op_bulk(struct worker *w)
{
	size_t size = min_t(size_t, object_pick_size(w), SZ_2K);
	unsigned int got, i;
	void *ptrs[BULK_MAX];
	struct object obj;

	got = object_alloc_bulk(w, size, 1 + pick_below(w, BULK_MAX), ptrs);
	for (i = 0; i < got; i++) {
		object_init(w, &obj, ptrs[i], size, false);
		object_fill(&obj, 0, size);
		if (i % 2)
			object_leave(w, &obj);
		else
			free_bulk(w, &obj, 1 + pick_below(w, 3));
	}
}

/*
 * Calls with nothing between them: most of the time is spent inside sections, where interrupts
 * then arrive, which the shared heap serves. It is bounded by time and not by number: a checker
 * can make a call a thousand times as slow.
 */
static void op_rush(struct worker *w)
{
	size_t size = min_t(size_t, object_pick_size(w), SZ_1K);
	/* The clock that NMIs may read. Other CPUs' may differ a little, which does no harm. */
	u64 end = local_clock() + (w->context == IN_TASK ? RUSH_NS : RUSH_IRQ_NS);
	struct dualtree_range ranges[RUSH_BULK];
	void *ptrs[RUSH_BULK];
	unsigned int got, i;

	do {
		got = object_alloc_bulk(w, size, RUSH_BULK, ptrs);
		instance_account(w->inst, got * size);
		for (i = 0; i < got; i++)
			ranges[i] = (struct dualtree_range) { ptrs[i], size };
		object_free_ranges(w, ranges, got, got * size);
	} while (local_clock() < end);
}

/* Free one range from inside @low up to inside @high, and leave the rest of both. */
static void free_across(struct worker *w, struct object *low, struct object *high)
{
	size_t from = pick_below(w, low->len), to = 1 + pick_below(w, high->len);
	struct object rest = object_part(high, to, high->len);

	count_event(w->context, SPANNED);
	object_free_range(w, low->ptr + from, low->len - from + to);
	object_leave(w, &rest);
	*low = object_part(low, 0, from);
	if (!low->len || object_check(low, w->inst->name))
		object_leave(w, low);
}

/* Two allocations in a row are often adjacent; whole granules leave no gap between them. */
static void op_span(struct worker *w)
{
	size_t size = ALIGN(min_t(size_t, object_pick_size(w), SZ_1K), 64);
	struct object a, b, *low = &a, *high = &b;

	if (!object_alloc(w, &a, size, 0, size))
		return;
	if (!object_alloc(w, &b, size, 0, size)) {
		object_free(w, &a, 0, size);
		return;
	}
	if (a.ptr > b.ptr)
		swap(low, high);
	if (low->ptr + size == high->ptr && dualtree_owns(w->inst->dt, low->ptr, 2 * size)) {
		free_across(w, low, high);
	} else {
		object_leave(w, &a);
		object_leave(w, &b);
	}
}

/* Alignments of 64 bytes to 4 KiB. */
static void op_align(struct worker *w)
{
	size_t size = min_t(size_t, object_pick_size(w), SZ_4K);
	struct object obj;

	if (object_alloc(w, &obj, size, 64 << pick_below(w, 7), size))
		object_leave(w, &obj);
}

/* Shrink an object, or grow it to up to twice its length, in place or elsewhere. */
static void op_resize(struct worker *w)
{
	struct object obj, old;
	size_t len, kept;
	u8 *ptr;

	if (!object_take(w, &obj))
		return;
	len = min_t(size_t, 1 + pick_below(w, 2 * obj.len), max(w->size_max, obj.len));
	old = obj;
	ptr = object_resize(w, &obj, len);
	if (ptr) {
		instance_account(w->inst, (long)len - (long)old.len);
		kept = min(len, old.len);
		obj = (struct object) { ptr, len, old.key };
		object_check_moved(&obj, old.ptr, kept, w->inst->name);
		object_fill(&obj, ptr == old.ptr ? kept : 0, len);
	}
	object_leave(w, &obj);
}

/* What an instance says of its own memory and of memory that is not its own. */
static void op_query(struct worker *w)
{
	struct dualtree *dt = w->inst->dt, *other = instances[pick_below(w, NR_INSTANCES)]->dt;
	struct object obj;

	if (!object_take(w, &obj))
		return;
	if (!dualtree_owns(dt, obj.ptr, obj.len))
		torture_fail("%s: does not own its own %zu bytes", w->inst->name, obj.len);
	if (other != dt && dualtree_owns(other, obj.ptr, obj.len))
		torture_fail("%s: another instance owns its %zu bytes", w->inst->name, obj.len);
	if (dualtree_owns(dt, &obj, sizeof(obj)))
		torture_fail("%s: owns the stack", w->inst->name);
	if (obj.len > dualtree_max_size(dt))
		torture_fail("%s: an object has %zu bytes, at most %zu expected", w->inst->name,
			     obj.len, dualtree_max_size(dt));
	free_somehow(w, &obj);
}

static void op_rendezvous(struct worker *w)
{
	if (w->may_offer)
		rendezvous_offer(w);
	else
		op_exchange(w);
}

/* Percent of iterations; they add up to 100. */
static const struct {
	unsigned int percent;
	void (*run)(struct worker *w);
} ops[] = {
	{ 44, op_exchange },
	{ 6, op_rush },
	{ 10, op_read },
	{ 6, op_bulk },
	{ 6, op_span },
	{ 6, op_align },
	{ 8, op_resize },
	{ 4, op_query },
	{ 10, op_rendezvous },
};

static void run_op(struct worker *w)
{
	u32 pick = pick_below(w, 100);
	unsigned int i = 0;

	while (pick >= ops[i].percent)
		pick -= ops[i++].percent;
	ops[i].run(w);
}

static void iterate_instance(struct worker *w)
{
	bool task = w->context == IN_TASK;

	w->inst = instances[pick_below(w, NR_INSTANCES)];
	w->gfp = task ? GFP_KERNEL : GFP_ATOMIC | __GFP_NOWARN;
	w->size_max = task ? SIZE_MAX_TASK : SIZE_MAX_IRQ;
	w->may_offer = w->rendezvous;
	rendezvous_accept(w);
	run_op(w);
}

/* A stream is destroyed only after rcu_read_unlock(). Return: false if there is none. */
static bool iterate_stream(struct worker *w)
{
	rcu_read_lock();
	w->inst = stream_get(pick_below(w, NR_STREAMS));
	w->gfp = GFP_ATOMIC | __GFP_NOWARN;
	w->size_max = SIZE_MAX_IRQ;
	w->may_offer = false;
	if (w->inst)
		run_op(w);
	rcu_read_unlock();
	return w->inst;
}

void worker_iterate(struct worker *w)
{
	count_event(w->context, ITERATIONS);
	/* Marked: only the worker writes it; the control thread reads it. */
	WRITE_ONCE(w->iterations, w->iterations + 1);
	if (!random_chance(&w->rnd, 20) || !iterate_stream(w))
		iterate_instance(w);
}
