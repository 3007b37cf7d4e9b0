// SPDX-License-Identifier: GPL-2.0
/*
 * Rendezvous: objects that share a granule, freed by two workers at the same moment.
 *
 * A thread cuts an allocation, often within one granule, offers all parts but one, and spins for
 * some microseconds. A worker in any context and on any CPU accepts an offer and frees that part;
 * the thread sees that and frees its own. It withdraws the offers that no worker accepted.
 *
 *	        offer()            accept()
 *	EMPTY ---------> OFFERED ----------> TAKEN ---.
 *	  ^                 |                         |
 *	  |   withdraw()    |                         | accept()
 *	  '-----------------+-------------------------'
 *
 * The thread owns the other fields while the state is EMPTY, the accepting worker while it is
 * TAKEN. No locks; rendezvous_offer() in threads, rendezvous_accept() in any context.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/processor.h>
#include <linux/slab.h>

#include "torture.h"

enum { EMPTY, OFFERED, TAKEN };

struct rendezvous {
	atomic_t state;
	struct instance *inst;
	struct object obj;
};

/* Points that a worker looks at in one iteration, of possibly several hundred. */
#define LOOKS_MAX	8

/* Polls of the own offers before they are withdrawn: some microseconds. */
#define POLLS_MAX	2000

/* Spins by which one side may be ahead: about what the other needs to reach its free. */
#define DITHER_MAX	64

/* Cuts are made within one granule of so many bytes, two times in three. */
#define CUT_REACH	64

static struct rendezvous *points;
static unsigned int nr_points;

/* How many points are OFFERED, approximately: whether it is worth looking. */
static atomic_t nr_offered;

int rendezvous_create(unsigned int nr_threads)
{
	points = kcalloc(nr_threads, RENDEZVOUS_MAX * sizeof(*points), GFP_KERNEL);
	nr_points = points ? nr_threads * RENDEZVOUS_MAX : 0;
	return points ? 0 : -ENOMEM;
}

void rendezvous_destroy(void)
{
	kfree(points);
	points = NULL;
	nr_points = 0;
}

struct rendezvous *rendezvous_of(unsigned int thread)
{
	return points + thread * RENDEZVOUS_MAX;
}

/* Return: false if the worker that accepted the last offer still reads it. */
static bool offer(struct worker *w, struct rendezvous *point, const struct object *obj)
{
	if (atomic_read_acquire(&point->state) != EMPTY)
		return false;
	point->inst = w->inst;
	point->obj = *obj;
	atomic_set_release(&point->state, OFFERED);
	atomic_inc(&nr_offered);
	return true;
}

/* Return: true if the offer was not accepted, and the object is the thread's again. */
static bool withdraw(struct rendezvous *point)
{
	atomic_dec(&nr_offered);
	return atomic_cmpxchg(&point->state, OFFERED, EMPTY) == OFFERED;
}

static bool any_offered(const struct rendezvous *of, unsigned int nr)
{
	while (nr--)
		if (atomic_read(&of[nr].state) == OFFERED)
			return true;
	return false;
}

static void dither(struct worker *w)
{
	u32 n = pick_below(w, DITHER_MAX);

	while (n--)
		cpu_relax();
}

/* Cut @whole into up to RENDEZVOUS_MAX + 1 parts. Return: how many cuts were made. */
static unsigned int cut(struct worker *w, const struct object *whole, struct object *parts)
{
	unsigned int nr = 0, max = 1 + pick_below(w, RENDEZVOUS_MAX);
	size_t at = ALIGN_DOWN(pick_below(w, whole->len), CUT_REACH), start = 0;
	size_t reach = one_in(w, 3) ? whole->len : CUT_REACH;

	while (nr < max) {
		at += 1 + pick_below(w, reach / (max + 1));
		if (at >= whole->len)
			break;
		parts[nr++] = object_part(whole, start, at);
		start = at;
	}
	parts[nr] = object_part(whole, start, whole->len);
	return nr;
}

/* Cut an object, offer parts of it, and free the rest when they are taken. */
void rendezvous_offer(struct worker *w)
{
	unsigned int nr, kept, i, polls = POLLS_MAX;
	struct rendezvous *of = w->rendezvous;
	struct object whole, parts[RENDEZVOUS_MAX + 1];
	bool offered[RENDEZVOUS_MAX] = {};
	size_t size = object_pick_size(w);

	if (!object_alloc(w, &whole, size, 0, size))
		return;
	nr = cut(w, &whole, parts);
	/* The last one is not offered. swap() evaluates its arguments twice. */
	kept = pick_below(w, nr + 1);
	swap(parts[kept], parts[nr]);
	for (i = 0; i < nr; i++)
		offered[i] = offer(w, &of[i], &parts[i]);
	while (any_offered(of, nr) && polls--)
		cpu_relax();
	dither(w);
	object_free(w, &parts[nr], 0, parts[nr].len);
	for (i = 0; i < nr; i++)
		if (!offered[i] || withdraw(&of[i]))
			object_free(w, &parts[i], 0, parts[i].len);
}

static void accept(struct worker *w, struct rendezvous *point)
{
	struct instance *inst = w->inst;
	struct object obj;

	if (atomic_cmpxchg(&point->state, OFFERED, TAKEN) != OFFERED)
		return;
	obj = point->obj;
	w->inst = point->inst;
	/* The thread may make its next offer. */
	atomic_set_release(&point->state, EMPTY);
	count_event(w->context, RENDEZVOUS);
	if (one_in(w, 2))
		object_check(&obj, w->inst->name);
	else
		dither(w);
	object_free(w, &obj, 0, obj.len);
	w->inst = inst;
}

/* Free an object that is on offer, if there is one. */
void rendezvous_accept(struct worker *w)
{
	unsigned int at, looks;

	if (!nr_points || !atomic_read(&nr_offered))
		return;
	at = pick_below(w, nr_points);
	for (looks = min_t(unsigned int, LOOKS_MAX, nr_points); looks; looks--) {
		if (atomic_read(&points[at].state) == OFFERED) {
			accept(w, &points[at]);
			return;
		}
		at = at + 1 < nr_points ? at + 1 : 0;
	}
}
