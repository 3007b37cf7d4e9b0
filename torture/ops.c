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

static struct object part_before(const struct object *obj, size_t end)
{
	return (struct object) { obj->ptr, end, obj->key };
}

static struct object part_from(const struct object *obj, size_t start)
{
	return (struct object) { obj->ptr + start, obj->len - start, obj->key };
}

/* Free the front, as that of a header, and keep the rest. */
static void free_front(struct iteration *it, struct object *obj, size_t front)
{
	front = min(front, obj->len);
	object_free(it, obj, 0, front);
	*obj = part_from(obj, front);
}

/* Free the middle and leave both ends, which share granules with it, to other workers. */
static void free_middle(struct iteration *it, const struct object *obj)
{
	size_t start = pick_below(it, obj->len), end = start + 1 + pick_below(it, obj->len - start);
	struct object front = part_before(obj, start), tail = part_from(obj, end);

	object_leave(it, &front);
	object_free(it, obj, start, end);
	object_leave(it, &tail);
}

static void free_ranges(struct iteration *it, const struct dualtree_range *ranges, unsigned int nr,
			size_t bytes)
{
	int err;

	instance_account(it->inst, -(long)bytes);
	count_event(it->worker->context, FREES);
	err = dualtree_free_bulk(it->inst->dt, ranges, nr);
	if (err)
		torture_fail("%s: a free of %zu bytes in %u ranges was refused: %d, expected 0",
			     it->inst->name, bytes, nr, err);
}

/* Free all of it in up to @nr ranges of one call; every other time the first range comes last. */
static void free_bulk(struct iteration *it, const struct object *obj, unsigned int nr)
{
	struct dualtree_range ranges[BULK_MAX];
	size_t end = obj->len, start;
	unsigned int i = 0;

	while (end && i < nr) {
		start = i + 1 == nr ? 0 : pick_below(it, end);
		ranges[i++] = (struct dualtree_range) { obj->ptr + start, end - start };
		end = start;
	}
	if (one_in(it, 2))
		swap(ranges[0], ranges[i - 1]);
	free_ranges(it, ranges, i, obj->len);
}

/* Free the object in one of the ways that there are, or a part of it and leave the rest. */
static void free_somehow(struct iteration *it, struct object *obj)
{
	size_t at = pick_below(it, obj->len);

	switch (pick_below(it, 8)) {
	case 0:
		object_free(it, obj, at, obj->len);
		object_free(it, obj, 0, at);
		break;
	case 1:
		free_front(it, obj, 1 + at);
		object_leave(it, obj);
		break;
	case 2:
		object_trim(it, obj, at);
		object_leave(it, obj);
		break;
	case 3:
		free_middle(it, obj);
		break;
	case 4:
		free_bulk(it, obj, 1 + pick_below(it, BULK_MAX));
		break;
	default:
		object_free(it, obj, 0, obj->len);
	}
}

/* Free an object that some worker left, and leave another one. */
static void op_exchange(struct iteration *it)
{
	struct object obj;
	size_t size;

	if (object_take(it, &obj))
		free_somehow(it, &obj);
	if (one_in(it, 3))
		return;
	size = object_pick_size(it);
	if (object_alloc(it, &obj, size, 0, size))
		object_leave(it, &obj);
}

/* Allocate room, receive less, trim, parse the front bit by bit, and leave the rest. */
static void op_read(struct iteration *it)
{
	u32 received = random_between(&it->worker->rnd, 64, 4096), bits;
	struct object obj;

	received = min_t(u32, received, it->size_max);
	if (!object_alloc(it, &obj, READ_ROOM, 0, received))
		return;
	object_trim(it, &obj, received);
	for (bits = pick_below(it, 6); bits && obj.len; bits--)
		free_front(it, &obj, random_between(&it->worker->rnd, 2, 50));
	if (obj.len && object_check(&obj, it->inst->name))
		object_leave(it, &obj);
	else
		object_free(it, &obj, 0, obj.len);
}

/* Return: how many there are in @ptrs, up to @nr. */
static unsigned int alloc_bulk(struct iteration *it, size_t size, unsigned int nr, void **ptrs)
{
	unsigned int got = dualtree_alloc_bulk(it->inst->dt, size, it->gfp, nr, ptrs);

	if (got > nr)
		torture_fail("%s: got %u, asked for %u", it->inst->name, got, nr);
	count_event(it->worker->context, got == nr ? ALLOCS : FAILED_ALLOCS);
	return got;
}

static void op_bulk(struct iteration *it)
{
	size_t size = min_t(size_t, object_pick_size(it), SZ_2K);
	unsigned int got, i;
	void *ptrs[BULK_MAX];
	struct object obj;

	got = alloc_bulk(it, size, 1 + pick_below(it, BULK_MAX), ptrs);
	for (i = 0; i < got; i++) {
		object_init(it, &obj, ptrs[i], size, false);
		object_fill(&obj, 0, size);
		if (i % 2)
			object_leave(it, &obj);
		else
			free_bulk(it, &obj, 1 + pick_below(it, 3));
	}
}

/*
 * Calls with nothing between them: most of the time is spent inside sections, where interrupts
 * then arrive, which the shared heap serves. It is bounded by time and not by number: a checker
 * can make a call a thousand times as slow.
 */
static void op_rush(struct iteration *it)
{
	size_t size = min_t(size_t, object_pick_size(it), SZ_1K);
	/* The clock that NMIs may read. Other CPUs' may differ a little, which does no harm. */
	u64 end = local_clock() + (it->worker->context == IN_TASK ? RUSH_NS : RUSH_IRQ_NS);
	struct dualtree_range ranges[RUSH_BULK];
	void *ptrs[RUSH_BULK];
	unsigned int got, i;

	do {
		got = alloc_bulk(it, size, RUSH_BULK, ptrs);
		instance_account(it->inst, got * size);
		for (i = 0; i < got; i++)
			ranges[i] = (struct dualtree_range) { ptrs[i], size };
		free_ranges(it, ranges, got, got * size);
	} while (local_clock() < end);
}

/* Free one range from inside @low up to inside @high, and leave the rest of both. */
static void free_across(struct iteration *it, struct object *low, struct object *high)
{
	size_t from = pick_below(it, low->len), to = 1 + pick_below(it, high->len);
	struct object rest = part_from(high, to);

	count_event(it->worker->context, SPANNED);
	object_free_range(it, low->ptr + from, low->len - from + to);
	object_leave(it, &rest);
	*low = part_before(low, from);
	if (!low->len || object_check(low, it->inst->name))
		object_leave(it, low);
}

/* Two allocations in a row are often adjacent; whole granules leave no gap between them. */
static void op_span(struct iteration *it)
{
	size_t size = ALIGN(min_t(size_t, object_pick_size(it), SZ_1K), 64);
	struct object a, b, *low = &a, *high = &b;

	if (!object_alloc(it, &a, size, 0, size))
		return;
	if (!object_alloc(it, &b, size, 0, size)) {
		object_free(it, &a, 0, size);
		return;
	}
	if (a.ptr > b.ptr)
		swap(low, high);
	if (low->ptr + size == high->ptr && dualtree_owns(it->inst->dt, low->ptr, 2 * size)) {
		free_across(it, low, high);
	} else {
		object_leave(it, &a);
		object_leave(it, &b);
	}
}

/* Alignments of 64 bytes to 4 KiB. */
static void op_align(struct iteration *it)
{
	size_t size = min_t(size_t, object_pick_size(it), SZ_4K);
	struct object obj;

	if (object_alloc(it, &obj, size, 64 << pick_below(it, 7), size))
		object_leave(it, &obj);
}

/* Return: where @obj is with @len bytes, or NULL if it is as it was. */
static u8 *resize(struct iteration *it, const struct object *obj, size_t len)
{
	u8 *ptr;

	if (len > obj->len && one_in(it, 2)) {
		if (!dualtree_extend(it->inst->dt, obj->ptr, obj->len, len))
			return NULL;
		count_event(it->worker->context, EXTENDED);
		return obj->ptr;
	}
	ptr = dualtree_realloc(it->inst->dt, obj->ptr, obj->len, len, it->gfp);
	count_event(it->worker->context, ptr ? ALLOCS : FAILED_ALLOCS);
	return ptr;
}

/* Shrink an object, or grow it to up to twice its length, in place or elsewhere. */
static void op_resize(struct iteration *it)
{
	struct object obj, old;
	size_t len, kept;
	u8 *ptr;

	if (!object_take(it, &obj))
		return;
	len = min_t(size_t, 1 + pick_below(it, 2 * obj.len), max(it->size_max, obj.len));
	old = obj;
	ptr = resize(it, &obj, len);
	if (ptr) {
		instance_account(it->inst, (long)len - (long)old.len);
		kept = min(len, old.len);
		obj = (struct object) { ptr, len, old.key };
		object_check_moved(&obj, old.ptr, kept, it->inst->name);
		object_fill(&obj, ptr == old.ptr ? kept : 0, len);
	}
	object_leave(it, &obj);
}

/* What an instance says of its own memory and of memory that is not its own. */
static void op_query(struct iteration *it)
{
	struct dualtree *dt = it->inst->dt, *other = instances[pick_below(it, NR_INSTANCES)]->dt;
	struct object obj;

	if (!object_take(it, &obj))
		return;
	if (!dualtree_owns(dt, obj.ptr, obj.len))
		torture_fail("%s: does not own its own %zu bytes", it->inst->name, obj.len);
	if (other != dt && dualtree_owns(other, obj.ptr, obj.len))
		torture_fail("%s: another instance owns its %zu bytes", it->inst->name, obj.len);
	if (dualtree_owns(dt, &obj, sizeof(obj)))
		torture_fail("%s: owns the stack", it->inst->name);
	if (obj.len > dualtree_max_size(dt))
		torture_fail("%s: an object has %zu bytes, at most %zu expected", it->inst->name,
			     obj.len, dualtree_max_size(dt));
	free_somehow(it, &obj);
}

static void op_rendezvous(struct iteration *it)
{
	if (it->rendezvous)
		rendezvous_offer(it);
	else
		op_exchange(it);
}

/* Percent of iterations; they add up to 100. */
static const struct {
	unsigned int percent;
	void (*run)(struct iteration *it);
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

static void run_op(struct iteration *it)
{
	u32 pick = pick_below(it, 100);
	unsigned int i = 0;

	while (pick >= ops[i].percent)
		pick -= ops[i++].percent;
	ops[i].run(it);
}

static void iterate_instance(struct worker *worker)
{
	bool task = worker->context == IN_TASK;
	struct iteration it = {
		.worker = worker,
		.inst = instances[random_below(&worker->rnd, NR_INSTANCES)],
		.gfp = task ? GFP_KERNEL : GFP_ATOMIC | __GFP_NOWARN,
		.size_max = task ? SIZE_MAX_TASK : SIZE_MAX_IRQ,
		.rendezvous = worker->rendezvous,
	};

	rendezvous_accept(&it);
	run_op(&it);
}

/* A stream is destroyed only after rcu_read_unlock(). Return: false if there is none. */
static bool iterate_stream(struct worker *worker)
{
	struct iteration it = {
		.worker = worker,
		.gfp = GFP_ATOMIC | __GFP_NOWARN,
		.size_max = SIZE_MAX_IRQ,
	};

	rcu_read_lock();
	it.inst = stream_get(random_below(&worker->rnd, NR_STREAMS));
	if (it.inst)
		run_op(&it);
	rcu_read_unlock();
	return it.inst;
}

void worker_iterate(struct worker *worker)
{
	count_event(worker->context, ITERATIONS);
	/* Marked: only the worker writes it; the control thread reads it. */
	WRITE_ONCE(worker->iterations, worker->iterations + 1);
	if (random_chance(&worker->rnd, 20) && iterate_stream(worker))
		return;
	iterate_instance(worker);
}
