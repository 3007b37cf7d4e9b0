// SPDX-License-Identifier: GPL-2.0
/*
 * What actors do: every call of dualtree, mixed as streams mix them. See turn.h and actor.h.
 */
#include <linux/kernel.h>
#include <linux/sched/clock.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include <dualtree/dualtree.h>

#include "meeting.h"
#include "stream.h"
#include "turn.h"
#include "verdict.h"

/* What a reader takes before it knows what comes. */
#define ROOM		SZ_16K
/* Allocations of one bulk call. */
#define BULK_MOST	16
/* Allocations of one bulk call of a rush, and how long one is. */
#define RUSH_BULK	8
#define RUSH_NS		(500 * NSEC_PER_USEC)
#define NESTED_RUSH_NS	(20 * NSEC_PER_USEC)
/* Interrupts are short. */
#define NESTED_MOST	SZ_2K

void actor_init(struct actor *actor, enum context context, unsigned int which)
{
	/* Far apart: which grows by ones. */
	prandom_seed_state(&actor->rnd, ((u64)torture_seed << 32) + which * NR_CONTEXTS + context);
	actor->context = context;
}

size_t turn_size(struct turn *t)
{
	struct rnd_state *rnd = &t->actor->rnd;
	u32 kind = random_below(rnd, 64), size;

	if (kind < 32)
		size = random_log(rnd, 64, 6);
	else if (kind < 44)
		size = random_between(rnd, 1200, 1450);	/* video */
	else if (kind < 52)
		size = random_between(rnd, 160, 400);	/* audio */
	else if (kind < 60)
		size = random_between(rnd, 80, 1300);	/* datagrams */
	else if (kind < 63)
		size = random_between(rnd, 2000, 20000);	/* messages */
	else
		size = random_between(rnd, 40000, 120000);	/* key frames */
	return min_t(size_t, size, t->most);
}

static void *call_alloc(struct turn *t, size_t size, size_t align, gfp_t gfp)
{
	void *ptr = align ? dualtree_alloc_aligned(t->subject->dt, size, align, gfp) :
			    dualtree_alloc(t->subject->dt, size, gfp);

	count(t->actor->context, ptr ? ALLOCS : NULLS);
	return ptr;
}

/* What holds of every allocation. */
static void take_over(struct turn *t, struct piece *p, void *ptr, size_t size, bool zeroed)
{
	subject_account(t->subject, size);
	*p = (struct piece) { ptr, size, prandom_u32_state(&t->actor->rnd) };
	if ((zeroed || t->subject->zeroed) && memchr_inv(ptr, 0, size))
		torture_fail("%s: an allocation of %zu bytes is not cleared", t->subject->name,
			     size);
}

bool turn_alloc(struct turn *t, struct piece *p, size_t size, size_t align, size_t filled)
{
	gfp_t zero = one_in(t, 8) ? __GFP_ZERO : 0;
	void *ptr = call_alloc(t, size, align, t->gfp | zero);

	if (!ptr)
		return false;
	if (!IS_ALIGNED((unsigned long)ptr, max_t(size_t, align, 64)))
		torture_fail("%s: %zu bytes are not aligned to %zu", t->subject->name, size,
			     max_t(size_t, align, 64));
	take_over(t, p, ptr, size, zero);
	piece_fill(p, 0, filled);
	return true;
}

void turn_free_range(struct turn *t, u8 *ptr, size_t len)
{
	int err;

	/* Before the free: from then on the bytes are somebody else's, who accounts for them. */
	subject_account(t->subject, -(long)len);
	count(t->actor->context, FREES);
	err = dualtree_free(t->subject->dt, ptr, len);
	if (err)
		torture_fail("%s: a free of %zu bytes in %s was refused: %d, expected 0",
			     t->subject->name, len, context_names[t->actor->context], err);
}

void turn_free(struct turn *t, const struct piece *p, size_t start, size_t end)
{
	if (start < end)
		turn_free_range(t, p->ptr + start, end - start);
}

static u8 **any_slot(struct turn *t)
{
	return &t->subject->slots[turn_below(t, t->subject->nr_slots)];
}

void turn_leave(struct turn *t, const struct piece *p)
{
	struct piece old;
	u8 *ptr;

	if (p->len < PIECE_LEAST) {
		turn_free(t, p, 0, p->len);
		return;
	}
	piece_close(p);
	/* Hands over the bytes of both: all accesses before, all accesses after. */
	ptr = xchg(any_slot(t), p->ptr);
	if (!ptr || !piece_open(&old, ptr, t->subject->name))
		return;
	piece_check(&old, t->subject->name);
	turn_free(t, &old, 0, old.len);
}

bool turn_take(struct turn *t, struct piece *p)
{
	u8 *ptr = xchg(any_slot(t), NULL);

	if (!ptr || !piece_open(p, ptr, t->subject->name))
		return false;
	piece_check(p, t->subject->name);
	return true;
}

/* The bytes from @start on, as a piece. */
static struct piece behind(const struct piece *p, size_t start)
{
	return (struct piece) { p->ptr + start, p->len - start, p->key };
}

static struct piece before(const struct piece *p, size_t end)
{
	return (struct piece) { p->ptr, end, p->key };
}

/* The front dies, as headers do; the rest goes on. */
static void drop_front(struct turn *t, struct piece *p, size_t front)
{
	front = min(front, p->len);
	turn_free(t, p, 0, front);
	*p = behind(p, front);
}

/* The middle dies; whoever finds the ends frees them. They share granules with it. */
static void drop_middle(struct turn *t, const struct piece *p)
{
	size_t start = turn_below(t, p->len), end = start + 1 + turn_below(t, p->len - start);
	struct piece front = before(p, start), tail = behind(p, end);

	turn_leave(t, &front);
	turn_free(t, p, start, end);
	turn_leave(t, &tail);
}

/* The tail dies, as the room does that a read has not filled. */
static void drop_tail(struct turn *t, struct piece *p, size_t keep)
{
	int err;

	subject_account(t->subject, (long)keep - (long)p->len);
	count(t->actor->context, FREES);
	err = dualtree_trim(t->subject->dt, p->ptr, p->len, keep);
	if (err)
		torture_fail("%s: a trim of %zu bytes to %zu was refused: %d, expected 0",
			     t->subject->name, p->len, keep, err);
	p->len = keep;
}

static void free_ranges(struct turn *t, const struct dualtree_range *ranges, unsigned int nr,
			size_t bytes)
{
	int err;

	subject_account(t->subject, -(long)bytes);
	count(t->actor->context, FREES);
	err = dualtree_free_bulk(t->subject->dt, ranges, nr);
	if (err)
		torture_fail("%s: a free of %zu bytes in %u ranges was refused: %d, expected 0",
			     t->subject->name, bytes, nr, err);
}

/* All of it dies, in up to @nr ranges of one call, the last first as often as not. */
static void free_in_bulk(struct turn *t, const struct piece *p, unsigned int nr)
{
	struct dualtree_range ranges[BULK_MOST];
	size_t end = p->len, start;
	unsigned int i = 0;

	while (end && i < nr) {
		start = i + 1 == nr ? 0 : turn_below(t, end);
		ranges[i++] = (struct dualtree_range) { p->ptr + start, end - start };
		end = start;
	}
	if (one_in(t, 2))
		swap(ranges[0], ranges[i - 1]);
	free_ranges(t, ranges, i, p->len);
}

static void dispose(struct turn *t, struct piece *p)
{
	size_t at = turn_below(t, p->len);

	switch (turn_below(t, 8)) {
	case 0:
		turn_free(t, p, at, p->len);
		turn_free(t, p, 0, at);
		break;
	case 1:
		drop_front(t, p, 1 + at);
		turn_leave(t, p);
		break;
	case 2:
		drop_tail(t, p, at);
		turn_leave(t, p);
		break;
	case 3:
		drop_middle(t, p);
		break;
	case 4:
		free_in_bulk(t, p, 1 + turn_below(t, BULK_MOST));
		break;
	default:
		turn_free(t, p, 0, p->len);
	}
}

static void exchange(struct turn *t)
{
	struct piece p;
	size_t size;

	if (turn_take(t, &p))
		dispose(t, &p);
	if (one_in(t, 3))
		return;
	size = turn_size(t);
	if (turn_alloc(t, &p, size, 0, size))
		turn_leave(t, &p);
}

/* Take room, receive less, give the tail back, parse the front, keep the rest. */
static void read_stream(struct turn *t)
{
	u32 received = random_between(&t->actor->rnd, 64, 4096), pieces;
	struct piece p;

	received = min_t(u32, received, t->most);
	if (!turn_alloc(t, &p, ROOM, 0, received))
		return;
	drop_tail(t, &p, received);
	for (pieces = turn_below(t, 6); pieces && p.len; pieces--)
		drop_front(t, &p, random_between(&t->actor->rnd, 2, 50));
	if (p.len && piece_check(&p, t->subject->name))
		turn_leave(t, &p);
	else
		turn_free(t, &p, 0, p.len);
}

/* Return: how many there are in @ptrs. */
static unsigned int call_bulk(struct turn *t, size_t size, unsigned int wanted, void **ptrs)
{
	unsigned int got = dualtree_alloc_bulk(t->subject->dt, size, t->gfp, wanted, ptrs);

	if (got > wanted)
		torture_fail("%s: got %u, asked for %u", t->subject->name, got, wanted);
	count(t->actor->context, got == wanted ? ALLOCS : NULLS);
	return got;
}

static void alloc_in_bulk(struct turn *t)
{
	size_t size = min_t(size_t, turn_size(t), SZ_2K);
	unsigned int got, i;
	void *ptrs[BULK_MOST];
	struct piece p;

	got = call_bulk(t, size, 1 + turn_below(t, BULK_MOST), ptrs);
	for (i = 0; i < got; i++) {
		take_over(t, &p, ptrs[i], size, false);
		piece_fill(&p, 0, size);
		if (i % 2)
			turn_leave(t, &p);
		else
			free_in_bulk(t, &p, 1 + turn_below(t, 3));
	}
}

/*
 * Calls without anything between them: most of this is spent inside sections, where
 * interrupts then arrive, and are served by the shared heap. For so long, not for so many:
 * checkers can make a call cost a thousand times as much.
 */
static void rush(struct turn *t)
{
	size_t size = min_t(size_t, turn_size(t), SZ_1K);
	/* The one that NMIs may ask; that another CPU's differs a little does no harm. */
	u64 ends = local_clock() + (t->actor->context == IN_TASK ? RUSH_NS : NESTED_RUSH_NS);
	struct dualtree_range ranges[RUSH_BULK];
	void *ptrs[RUSH_BULK];
	unsigned int got, i;

	do {
		got = call_bulk(t, size, RUSH_BULK, ptrs);
		subject_account(t->subject, got * size);
		for (i = 0; i < got; i++)
			ranges[i] = (struct dualtree_range) { ptrs[i], size };
		free_ranges(t, ranges, got, got * size);
	} while (local_clock() < ends);
}

/* One range from inside an allocation up to inside the next; then what is left of both. */
static void free_across(struct turn *t, struct piece *low, struct piece *high)
{
	size_t from = turn_below(t, low->len), to = 1 + turn_below(t, high->len);
	struct piece rest = behind(high, to);

	count(t->actor->context, JOINED);
	turn_free_range(t, low->ptr + from, low->len - from + to);
	turn_leave(t, &rest);
	*low = before(low, from);
	if (!low->len || piece_check(low, t->subject->name))
		turn_leave(t, low);
}

/* Two that were allocated one after the other often lie so, with no gap if granules are full. */
static void neighbours(struct turn *t)
{
	size_t size = ALIGN(min_t(size_t, turn_size(t), SZ_1K), 64);
	struct piece a, b, *low = &a, *high = &b;

	if (!turn_alloc(t, &a, size, 0, size))
		return;
	if (!turn_alloc(t, &b, size, 0, size)) {
		turn_free(t, &a, 0, size);
		return;
	}
	if (a.ptr > b.ptr)
		swap(low, high);
	if (low->ptr + size == high->ptr && dualtree_owns(t->subject->dt, low->ptr, 2 * size)) {
		free_across(t, low, high);
	} else {
		turn_leave(t, &a);
		turn_leave(t, &b);
	}
}

static void align(struct turn *t)
{
	size_t size = min_t(size_t, turn_size(t), SZ_4K);
	struct piece p;

	if (turn_alloc(t, &p, size, 64 << turn_below(t, 7), size))
		turn_leave(t, &p);
}

/* As long as it gets where it is, or where it comes to lie. */
static void resize(struct turn *t)
{
	struct piece p, old;
	size_t len;
	u8 *ptr;

	if (!turn_take(t, &p))
		return;
	len = min_t(size_t, 1 + turn_below(t, 2 * p.len), max(t->most, p.len));
	old = p;
	if (len > p.len && one_in(t, 2)) {
		ptr = dualtree_extend(t->subject->dt, p.ptr, p.len, len) ? p.ptr : NULL;
		if (ptr)
			count(t->actor->context, GROWN);
	} else {
		ptr = dualtree_realloc(t->subject->dt, p.ptr, p.len, len, t->gfp);
		count(t->actor->context, ptr ? ALLOCS : NULLS);
	}
	if (ptr) {
		subject_account(t->subject, (long)len - (long)p.len);
		p.ptr = ptr;
		p.len = len;
		piece_check_moved(&p, old.ptr, min(len, old.len), t->subject->name);
		piece_fill(&p, ptr == old.ptr ? min(len, old.len) : 0, len);
	}
	turn_leave(t, &p);
}

/* Questions about what is there and what is not. */
static void ask(struct turn *t)
{
	struct dualtree *other = subjects[turn_below(t, NR_SUBJECTS)]->dt;
	struct piece p;

	if (!turn_take(t, &p))
		return;
	if (!dualtree_owns(t->subject->dt, p.ptr, p.len))
		torture_fail("%s: does not own its own %zu bytes", t->subject->name, p.len);
	if (other != t->subject->dt && dualtree_owns(other, p.ptr, p.len))
		torture_fail("%s: another instance owns its %zu bytes", t->subject->name, p.len);
	if (dualtree_owns(t->subject->dt, &p, sizeof(p)))
		torture_fail("%s: owns the stack", t->subject->name);
	if (p.len > dualtree_max_size(t->subject->dt))
		torture_fail("%s: has handed out %zu bytes, at most %zu expected",
			     t->subject->name, p.len, dualtree_max_size(t->subject->dt));
	dispose(t, &p);
}

void turn_do(struct turn *t)
{
	u32 what = turn_below(t, 100);

	if (what < 44)
		exchange(t);
	else if (what < 50)
		rush(t);
	else if (what < 60)
		read_stream(t);
	else if (what < 66)
		alloc_in_bulk(t);
	else if (what < 72)
		neighbours(t);
	else if (what < 78)
		align(t);
	else if (what < 86)
		resize(t);
	else if (what < 90)
		ask(t);
	else if (t->meets)
		meeting_call(t);
	else
		exchange(t);
}

/* At a subject that lives as long as the torture. */
static void act_on_subject(struct actor *actor)
{
	struct turn turn = {
		.actor = actor,
		.subject = subjects[random_below(&actor->rnd, NR_SUBJECTS)],
		.gfp = actor->context == IN_TASK ? GFP_KERNEL : GFP_ATOMIC | __GFP_NOWARN,
		.most = actor->context == IN_TASK ? SZ_128K : NESTED_MOST,
		.meets = actor->places,
	};

	meeting_come(&turn);
	turn_do(&turn);
}

/* At one that may be torn down: under RCU, as long as that takes. */
static bool act_on_stream(struct actor *actor)
{
	struct turn turn = {
		.actor = actor,
		.gfp = GFP_ATOMIC | __GFP_NOWARN,
		.most = NESTED_MOST,
	};

	rcu_read_lock();
	turn.subject = stream_any(random_below(&actor->rnd, NR_STREAMS));
	if (turn.subject)
		turn_do(&turn);
	rcu_read_unlock();
	return turn.subject;
}

void actor_act(struct actor *actor)
{
	count(actor->context, TURNS);
	/* Its owner alone writes it; others look at it for progress. */
	WRITE_ONCE(actor->turns, actor->turns + 1);
	if (random_chance(&actor->rnd, 20) && act_on_stream(actor))
		return;
	act_on_subject(actor);
}
