// SPDX-License-Identifier: GPL-2.0
/*
 * Meetings; see meeting.h.
 */
#include <linux/atomic.h>
#include <linux/processor.h>
#include <linux/slab.h>

#include "meeting.h"
#include "turn.h"

enum { PLACE_EMPTY, PLACE_OFFERED, PLACE_TAKEN };

/*
 *	EMPTY ------> OFFERED ------> TAKEN ------> EMPTY
 *	  ^   owner      |     guest         guest
 *	  '--------------' owner: nobody came
 *
 * @subject and @piece are the owner's while it is EMPTY, and the guest's while it is TAKEN.
 */
struct place {
	atomic_t state;
	struct subject *subject;
	struct piece piece;
};

static struct place *places;
static unsigned int nr_places;

/* How many are OFFERED, more or less: whether it is worth looking. */
static atomic_t offers;

/* Looks at so many places in a turn, and waits for so many looks. */
#define LOOKS		8
#define PATIENCE	2000

int meetings_create(unsigned int threads)
{
	places = kcalloc(threads, PLACES * sizeof(*places), GFP_KERNEL);
	nr_places = places ? threads * PLACES : 0;
	return places ? 0 : -ENOMEM;
}

void meetings_destroy(void)
{
	kfree(places);
	places = NULL;
	nr_places = 0;
}

struct place *meeting_places(unsigned int thread)
{
	return places + thread * PLACES;
}

/* Return: false if the last guest is still there. */
static bool offer(struct turn *t, struct place *place, const struct piece *p)
{
	if (atomic_read_acquire(&place->state) != PLACE_EMPTY)
		return false;
	place->subject = t->subject;
	place->piece = *p;
	atomic_set_release(&place->state, PLACE_OFFERED);
	atomic_inc(&offers);
	return true;
}

/* Return: true if nobody came, and so the piece is the owner's again. */
static bool take_back(struct place *place)
{
	atomic_dec(&offers);
	return atomic_cmpxchg(&place->state, PLACE_OFFERED, PLACE_EMPTY) == PLACE_OFFERED;
}

static bool any_offered(const struct place *of, unsigned int nr)
{
	while (nr--)
		if (atomic_read(&of[nr].state) == PLACE_OFFERED)
			return true;
	return false;
}

/* Either may be the earlier by as much as the other's way to its free takes. */
static void dither(struct turn *t)
{
	u32 n = turn_below(t, 64);

	while (n--)
		cpu_relax();
}

/* Where to cut: within one granule, or anywhere. Return: how many cuts. */
static unsigned int choose_cuts(struct turn *t, size_t len, size_t *cuts)
{
	unsigned int nr = 0, most = 1 + turn_below(t, PLACES);
	size_t at = ALIGN_DOWN(turn_below(t, len), 64), reach = one_in(t, 3) ? len : 64;

	while (nr < most) {
		at += 1 + turn_below(t, reach / (most + 1));
		if (at >= len)
			break;
		cuts[nr++] = at;
	}
	return nr;
}

/* The piece up to each cut, and the one behind the last. */
static void cut(const struct piece *p, const size_t *cuts, unsigned int nr, struct piece *parts)
{
	size_t start = 0;
	unsigned int i;

	for (i = 0; i <= nr; i++) {
		size_t end = i < nr ? cuts[i] : p->len;

		parts[i] = (struct piece) { p->ptr + start, end - start, p->key };
		start = end;
	}
}

void meeting_call(struct turn *t)
{
	struct piece whole, parts[PLACES + 1];
	struct place *of = t->actor->places;
	size_t cuts[PLACES];
	bool offered[PLACES] = {};
	unsigned int nr, own, i, patience = PATIENCE;
	size_t size = turn_size(t);

	if (!turn_alloc(t, &whole, size, 0, size))
		return;
	nr = choose_cuts(t, size, cuts);
	cut(&whole, cuts, nr, parts);
	own = turn_below(t, nr + 1);
	/* The last takes the place of the actor's own. */
	swap(parts[own], parts[nr]);
	for (i = 0; i < nr; i++)
		offered[i] = offer(t, &of[i], &parts[i]);
	while (any_offered(of, nr) && patience--)
		cpu_relax();
	dither(t);
	turn_free(t, &parts[nr], 0, parts[nr].len);
	for (i = 0; i < nr; i++)
		if (!offered[i] || take_back(&of[i]))
			turn_free(t, &parts[i], 0, parts[i].len);
}

static void come_to(struct turn *t, struct place *place)
{
	struct turn there = *t;
	struct piece p;

	if (atomic_cmpxchg(&place->state, PLACE_OFFERED, PLACE_TAKEN) != PLACE_OFFERED)
		return;
	p = place->piece;
	there.subject = place->subject;
	/* From here on the owner may make another offer. */
	atomic_set_release(&place->state, PLACE_EMPTY);
	count(t->actor->context, MEETINGS);
	if (one_in(t, 2))
		piece_check(&p, there.subject->name);
	else
		dither(t);
	turn_free(&there, &p, 0, p.len);
}

void meeting_come(struct turn *t)
{
	unsigned int at, looks;

	if (!nr_places || !atomic_read(&offers))
		return;
	at = turn_below(t, nr_places);
	for (looks = min_t(unsigned int, LOOKS, nr_places); looks; looks--) {
		if (atomic_read(&places[at].state) == PLACE_OFFERED) {
			come_to(t, &places[at]);
			return;
		}
		at = at + 1 < nr_places ? at + 1 : 0;
	}
}
