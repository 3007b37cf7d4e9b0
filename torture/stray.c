// SPDX-License-Identifier: GPL-2.0
/*
 * The stressor stray: an instance whose free memory is written to, as late devices and overruns
 * write to it; see gaps.c. Nothing that is live may change for it.
 *
 *	thread	instance after instance, with regions of another size each:
 *		  batch after batch: BATCH_OPS ops, writes after each, then all objects are checked
 *		  at the end its objects are freed, or it is destroyed with them
 *	ops	one after the other, in the thread, or in a hard interrupt of this or of another
 *		CPU, for which the thread waits. So frees of other CPUs are in flight when it writes
 *	racer	another CPU writes, too, while the thread frees: what is read twice may differ. An
 *		allocation has no racer, since only its end tells which bytes it takes
 *
 * An object's contents are checked before it is freed, and an allocation against all live objects
 * before a byte of it is written. The numbers of objects, of writes, and of ops in interrupts and
 * with racers change with each batch: some find all of the heap damaged, some a trace.
 *
 * The control thread calls stray_check() and stray_destroy() once the thread has stopped. After a
 * failure the thread does nothing more: the objects may be wrong.
 */
#include <linux/align.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <dualtree/dualtree.h>

#include "torture.h"

/* Allocations or ranges of one call. */
#define BULK_MAX	16

/* Ops from one check of all objects to the next, and such checks of one instance at most. */
#define BATCH_OPS	64
#define BATCHES_MAX	16

/* Ops from one dualtree_shrink() to the next, on average: it waits for each CPU. */
#define SHRINK_OPS	512

/* Bytes of an object at most; one object in 32 may take a region. */
#define SIZE_MAX_USUAL	SZ_4K

/* Writes of a racer: they take longer than a free, and its interrupt stays short. */
#define RACE_WRITES	32

/* The smallest region for which params have a value other than 0, which is the default. */
#define ORDER_MIN	1

/**
 * struct stray - the state of the thread
 * @gaps: its instance, and what is live and what is free there; no instance before the first
 * @batches: batches that are left to the instance
 * @instances: number of instances so far
 * @nr_wanted: how many objects there should be in this batch
 * @writes: writes after each op of this batch: fewer than so many
 * @irq_percent: ops of this batch that run in interrupts
 * @race_percent: frees of this batch that have a racer
 * @damaged: times that damage was found, in all instances
 */
struct stray {
	struct gaps gaps;
	unsigned int batches;
	unsigned int instances;
	unsigned int nr_wanted;
	u32 writes;
	u32 irq_percent;
	u32 race_percent;
	u64 damaged;
};

static struct stray stray;

/* Instances after which damage must have been found in one of them. */
#define DAMAGED_BY	16

/* The one call of dualtree that is being made: what it gets, and what comes of it. */
static struct {
	void (*make)(void);
	struct worker *w;
	struct irq_work irq;
	struct object obj;
	size_t len;
	unsigned int nr;
	void *ptrs[BULK_MAX];
	struct dualtree_range ranges[BULK_MAX];
	u8 *ptr;
} call;

static void call_from_cpu(void *unused)
{
	call.make();
}

static void call_from_irq_work(struct irq_work *unused)
{
	call.make();
}

/* In a hard interrupt of any CPU, or of this one if that has gone down. */
static void call_in_irq(void)
{
	struct worker *w = call.w;

	w->context = IN_HARDIRQ;
	w->gfp = GFP_ATOMIC | __GFP_NOWARN;
	if (one_in(w, 4) ||
	    smp_call_function_single(torture_any_cpu(&w->rnd), call_from_cpu, NULL, true)) {
		call.irq = IRQ_WORK_INIT_HARD(call_from_irq_work);
		irq_work_queue(&call.irq);
		irq_work_sync(&call.irq);
	}
	w->context = IN_TASK;
	w->gfp = GFP_KERNEL;
}

static void call_make(struct worker *w, void (*make)(void))
{
	call.make = make;
	call.w = w;
	if (random_chance(&w->rnd, stray.irq_percent))
		call_in_irq();
	else
		make();
}

enum race { RACE_CALLED, RACE_BEGUN, RACE_OVER };

/* The racer. @state passes @w, @writes and the gaps from the thread to it, and back. */
static struct {
	enum race state;
	struct worker w;
	unsigned long writes;
} racer;

static void race_on_cpu(void *unused)
{
	unsigned int i;

	/* Pairs with race_wait(). */
	smp_store_release(&racer.state, RACE_BEGUN);
	for (i = 0; i < RACE_WRITES; i++)
		racer.writes += gaps_write(&stray.gaps, &racer.w);
	/* Pairs with race_wait(). */
	smp_store_release(&racer.state, RACE_OVER);
}

static void race_wait(enum race state)
{
	/* Pairs with race_on_cpu(). A CPU that goes down answers first. */
	while (smp_load_acquire(&racer.state) < state)
		cpu_relax();
}

/* Before what makes nothing live: now and then another CPU writes until race_end(). */
static void race_begin(struct worker *w)
{
	unsigned int cpu = torture_any_cpu(&w->rnd);

	racer.state = RACE_CALLED;
	prandom_seed_state(&racer.w.rnd, prandom_u32_state(&w->rnd));
	if (!random_chance(&w->rnd, stray.race_percent) ||
	    smp_call_function_single(cpu, race_on_cpu, NULL, false))
		racer.state = RACE_OVER;
	race_wait(RACE_BEGUN);
}

static void race_end(void)
{
	race_wait(RACE_OVER);
}

static void call_make_free(struct worker *w, void (*make)(void))
{
	race_begin(w);
	call_make(w, make);
	race_end();
}

static void make_alloc(void)
{
	size_t align = one_in(call.w, 8) ? 64 << pick_below(call.w, 5) : 0;

	call.nr = object_alloc(call.w, &call.obj, call.len, align, 0);
}

static void make_alloc_bulk(void)
{
	call.nr = object_alloc_bulk(call.w, call.len, call.nr, call.ptrs);
}

static void make_free(void)
{
	object_free(call.w, &call.obj, 0, call.obj.len);
}

static void make_trim(void)
{
	object_trim(call.w, &call.obj, call.len);
}

static void make_free_bulk(void)
{
	object_free_ranges(call.w, call.ranges, call.nr, call.len);
}

static void make_resize(void)
{
	call.ptr = object_resize(call.w, &call.obj, call.len);
}

static size_t pick_size(struct worker *w)
{
	size_t max = one_in(w, 32) ? w->size_max : min_t(size_t, w->size_max / 2, SIZE_MAX_USUAL);

	return min_t(size_t, max, one_in(w, 4) ? 1 + pick_below(w, 256) : object_pick_size(w));
}

static void op_alloc(struct worker *w)
{
	call.len = pick_size(w);
	call_make(w, make_alloc);
	if (call.nr && gaps_add_live(&stray.gaps, &call.obj))
		object_fill(&call.obj, 0, call.obj.len);
}

static void op_alloc_bulk(struct worker *w)
{
	struct object obj;
	unsigned int i;

	call.len = pick_size(w);
	call.nr = 1 + pick_below(w, BULK_MAX);
	call_make(w, make_alloc_bulk);
	for (i = 0; i < call.nr; i++) {
		object_init(w, &obj, call.ptrs[i], call.len, false);
		if (gaps_add_live(&stray.gaps, &obj))
			object_fill(&obj, 0, obj.len);
	}
}

/* Return: the index of any object, whose contents are right. There is one. */
static unsigned int pick_object(struct worker *w)
{
	unsigned int at = pick_below(w, stray.gaps.nr_live);

	object_check(&stray.gaps.live[at], stray.gaps.inst->name);
	return at;
}

/* Free an object from @start to @end, either of which may be an end of it. */
static void free_part(struct worker *w, unsigned int at, size_t start, size_t end)
{
	struct object obj = stray.gaps.live[at];
	struct object front = object_part(&obj, 0, start), tail = object_part(&obj, end, obj.len);

	gaps_remove_live(&stray.gaps, at, 1);
	gaps_add_freed(&stray.gaps, obj.ptr + start, obj.ptr + end);
	if (front.len)
		gaps_add_live(&stray.gaps, &front);
	if (tail.len)
		gaps_add_live(&stray.gaps, &tail);
	if (!tail.len && one_in(w, 2)) {
		call.obj = obj;
		call.len = start;
		call_make_free(w, make_trim);
	} else {
		call.obj = object_part(&obj, start, end);
		call_make_free(w, make_free);
	}
}

/* Free all of an object, or its front, middle or tail. */
static void op_free(struct worker *w)
{
	unsigned int at = pick_object(w);
	size_t len = stray.gaps.live[at].len, start = 0, end = len;

	/* The rest may be two objects. */
	if (one_in(w, 2) && stray.gaps.nr_live < GAPS_LIVE_MAX) {
		start = one_in(w, 3) ? 0 : pick_below(w, len);
		end = one_in(w, 3) ? len : start + 1 + pick_below(w, len - start);
	}
	free_part(w, at, start, end);
}

/* Free objects that follow each other; every other time the first comes last. */
static void op_free_bulk(struct worker *w)
{
	unsigned int at = pick_object(w), i;

	call.nr = min(1 + pick_below(w, BULK_MAX), stray.gaps.nr_live - at);
	call.len = 0;
	for (i = 0; i < call.nr; i++) {
		struct object *obj = &stray.gaps.live[at + i];

		object_check(obj, stray.gaps.inst->name);
		gaps_add_freed(&stray.gaps, obj->ptr, obj->ptr + obj->len);
		call.ranges[i] = (struct dualtree_range) { obj->ptr, obj->len };
		call.len += obj->len;
	}
	if (one_in(w, 2))
		swap(call.ranges[0], call.ranges[call.nr - 1]);
	gaps_remove_live(&stray.gaps, at, call.nr);
	call_make_free(w, make_free_bulk);
}

/* Shrink an object, or grow it to up to twice its length, in place or elsewhere. */
static void op_resize(struct worker *w)
{
	unsigned int at = pick_object(w);
	struct object old = stray.gaps.live[at], obj = old;
	size_t kept;

	call.obj = old;
	call.len = min_t(size_t, 1 + pick_below(w, 2 * old.len), w->size_max);
	call_make(w, make_resize);
	if (!call.ptr)
		return;
	obj.ptr = call.ptr;
	obj.len = call.len;
	kept = min(obj.len, old.len);
	instance_account(w->inst, (long)obj.len - (long)old.len);
	gaps_remove_live(&stray.gaps, at, 1);
	gaps_add_freed(&stray.gaps, obj.ptr == old.ptr ? obj.ptr + obj.len : old.ptr,
		       old.ptr + old.len);
	if (gaps_add_live(&stray.gaps, &obj)) {
		object_check_moved(&obj, old.ptr, kept, stray.gaps.inst->name);
		object_fill(&obj, obj.ptr == old.ptr ? kept : 0, obj.len);
	}
}

static void op_shrink(struct worker *w)
{
	race_begin(w);
	dualtree_shrink(w->inst->dt);
	race_end();
}

/* Of 64 ops while there are fewer objects than wanted, and while there are more. */
static const struct {
	unsigned int fewer;
	unsigned int more;
	void (*run)(struct worker *w);
} ops[] = {
	{ 33, 10, op_alloc },
	{ 4, 1, op_alloc_bulk },
	{ 16, 34, op_free },
	{ 2, 10, op_free_bulk },
	{ 9, 9, op_resize },
};

static void run_op(struct worker *w)
{
	bool fewer = stray.gaps.nr_live < stray.nr_wanted;
	u32 pick = pick_below(w, 64);
	unsigned int i = 0, share;

	while (pick >= (share = fewer ? ops[i].fewer : ops[i].more)) {
		pick -= share;
		i++;
	}
	/* Most ops need an object, or room for some. */
	if (one_in(w, SHRINK_OPS))
		op_shrink(w);
	else if (!stray.gaps.nr_live)
		op_alloc(w);
	else if (stray.gaps.nr_live + BULK_MAX > GAPS_LIVE_MAX)
		op_free(w);
	else
		ops[i].run(w);
}

static void check_objects(void)
{
	unsigned int i;

	for (i = 0; i < stray.gaps.nr_live; i++)
		object_check(&stray.gaps.live[i], stray.gaps.inst->name);
}

/* Return: false on OOM. */
static bool next_instance(struct worker *w)
{
	const unsigned int orders[] = {
		max(16 - PAGE_SHIFT, ORDER_MIN), ORDER_MIN, max(20 - PAGE_SHIFT, ORDER_MIN),
	};
	unsigned int order = orders[stray.instances % ARRAY_SIZE(orders)];
	struct dualtree_params params = {
		.min_region_order = order,
		.max_region_order = order,
		.flags = pick_below(w, 4) & (DUALTREE_EXACT_FIT | DUALTREE_ZERO),
	};

	w->inst = instance_create("torture-stray", &params, 0);
	gaps_init(&stray.gaps, w->inst, PAGE_SIZE << order);
	if (!w->inst)
		return false;
	w->inst->written = true;
	w->gfp = GFP_KERNEL;
	w->size_max = PAGE_SIZE << order;
	stray.instances++;
	stray.batches = 1 + pick_below(w, BATCHES_MAX);
	return true;
}

/* Check and free all objects; then there is nothing that the instance could hold. */
static void free_objects(struct worker *w)
{
	while (stray.gaps.nr_live) {
		unsigned int at = pick_object(w);

		free_part(w, at, 0, stray.gaps.live[at].len);
	}
	instance_check_empty(w->inst);
}

static void end_instance(struct worker *w)
{
	if (one_in(w, 2))
		free_objects(w);
	else
		instance_check(w->inst, "when an instance with stray writes was destroyed");
	stray_destroy();
}

/* How many objects, writes, interrupts and racers the next batch has. */
static void pick_batch(struct worker *w)
{
	static const u32 irq_percents[] = { 0, 0, 5, 50 };

	stray.nr_wanted = pick_below(w, 1 + pick_below(w, GAPS_LIVE_MAX - 2 * BULK_MAX));
	stray.writes = 1 << pick_below(w, 7);
	stray.irq_percent = irq_percents[pick_below(w, ARRAY_SIZE(irq_percents))];
	stray.race_percent = one_in(w, 4) ? 20 : 0;
}

/* One batch. Return: how many writes it made. */
unsigned long stray_step(struct worker *w)
{
	unsigned long writes = 0, races = racer.writes;
	unsigned int i;
	u32 nr;

	if (torture_failed() || (!stray.gaps.inst && !next_instance(w))) {
		torture_nap(10);
		return 0;
	}
	pick_batch(w);
	for (i = 0; i < BATCH_OPS && !torture_failed(); i++) {
		run_op(w);
		for (nr = pick_below(w, stray.writes); nr; nr--)
			writes += gaps_write(&stray.gaps, w);
		cond_resched();
	}
	check_objects();
	if (!--stray.batches && !torture_failed())
		end_instance(w);
	return writes + racer.writes - races;
}

void stray_check(void)
{
	struct worker w = { .inst = stray.gaps.inst, .gfp = GFP_KERNEL };

	gaps_print(&stray.gaps, stray.instances, stray.damaged);
	if (!w.inst || torture_failed())
		return;
	/* Of so many writes some hit what an allocator has in free memory. */
	if (stray.instances > DAMAGED_BY && !stray.damaged)
		torture_fail("torture-stray: no damage found in %u instances, expected some",
			     stray.instances);
	worker_init(&w, IN_TASK, UINT_MAX);
	check_objects();
	instance_check(w.inst, "when all workers had stopped");
	free_objects(&w);
}

void stray_destroy(void)
{
	struct dualtree_stats stats;

	if (stray.gaps.inst) {
		dualtree_get_stats(stray.gaps.inst->dt, &stats);
		stray.damaged += stats.damaged;
	}
	instance_destroy(stray.gaps.inst);
	stray.gaps.inst = NULL;
}
