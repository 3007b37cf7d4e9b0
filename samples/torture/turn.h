/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A turn: one actor at one subject, and the calls of dualtree as all deeds make them: each is
 * counted, accounted for and looked at.
 */
#ifndef TORTURE_TURN_H
#define TORTURE_TURN_H

#include <linux/gfp.h>

#include "../../bench/random.h"
#include "actor.h"
#include "piece.h"
#include "subject.h"

/**
 * struct turn - one actor at one subject
 * @actor: the actor
 * @subject: the subject
 * @gfp: for allocations
 * @most: largest allocation, in bytes
 * @meets: pieces may be handed to others while this lasts
 */
struct turn {
	struct actor *actor;
	struct subject *subject;
	gfp_t gfp;
	size_t most;
	bool meets;
};

static inline u32 turn_below(struct turn *t, u32 bound)
{
	return random_below(&t->actor->rnd, bound);
}

static inline bool one_in(struct turn *t, u32 bound)
{
	return !turn_below(t, bound);
}

/* A size as the traces have them, at most t->most. */
size_t turn_size(struct turn *t);

/* A piece that is filled up to @filled bytes. Return: false without memory. */
bool turn_alloc(struct turn *t, struct piece *p, size_t size, size_t align, size_t filled);

/* Free the bytes from @start up to @end. */
void turn_free(struct turn *t, const struct piece *p, size_t start, size_t end);

/* Free two pieces at most that lie side by side, from inside the first up to inside the second. */
void turn_free_range(struct turn *t, u8 *ptr, size_t len);

/* Leave a piece in a slot; what was there is freed. A piece that is too small is freed. */
void turn_leave(struct turn *t, const struct piece *p);

/* Take a piece from a slot; checked. Return: false if there was none. */
bool turn_take(struct turn *t, struct piece *p);

/* Some of the deeds, at random. */
void turn_do(struct turn *t);

#endif /* TORTURE_TURN_H */
