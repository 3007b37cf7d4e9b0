/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An actor: a thread, a timer or a CPU's NMIs, whoever allocates and frees in one context
 * with random numbers of its own; and what it does in one turn.
 */
#ifndef TORTURE_ACTOR_H
#define TORTURE_ACTOR_H

#include <linux/gfp.h>
#include <linux/prandom.h>

#include "counts.h"

struct place;

/**
 * struct actor - who acts
 * @rnd: its random numbers; its own, like all that follows
 * @context: in which it acts
 * @turns: that it has had; others may read it
 * @places: where it can hand pieces to others, PLACES of them; NULL: it does not
 */
struct actor {
	struct rnd_state rnd;
	enum context context;
	unsigned long turns;
	struct place *places;
};

/* One turn: a few calls of dualtree on a random subject. */
void actor_act(struct actor *actor);

/* Random numbers of the @which'th actor of a kind. */
void actor_init(struct actor *actor, enum context context, unsigned int which);

#endif /* TORTURE_ACTOR_H */
