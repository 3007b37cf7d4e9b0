// SPDX-License-Identifier: GPL-2.0
/*
 * Streams; see stream.h.
 */
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>

#include <dualtree/dualtree.h>

#include "../../bench/random.h"
#include "helpers.h"
#include "stream.h"
#include "subject.h"
#include "verdict.h"

#define STREAM_SLOTS	48

/* Written by the thread alone; it waits for a grace period before it destroys one. */
static struct subject __rcu *streams[NR_STREAMS];

/* Written by the thread alone. */
static unsigned long torn_down;

struct subject *stream_any(u32 which)
{
	return rcu_dereference(streams[which]);
}

unsigned long streams_torn_down(void)
{
	return READ_ONCE(torn_down);
}

static void stream_begin(unsigned int which, struct rnd_state *rnd)
{
	struct dualtree_params params = {
		.limit = random_chance(rnd, 30) ? SZ_512K : 0,
		.min_region_order = random_below(rnd, 5),
		.flags = random_below(rnd, 4),
	};

	/* Without memory for it there is none for a while. */
	rcu_assign_pointer(streams[which],
			   subject_create("torture-stream", &params, STREAM_SLOTS));
}

/* With live bytes: what is in its slots. */
static void stream_end(unsigned int which)
{
	struct subject *s = rcu_dereference_protected(streams[which], true);

	if (!s)
		return;
	RCU_INIT_POINTER(streams[which], NULL);
	synchronize_rcu();
	subject_balanced(s, "when a stream was torn down");
	subject_destroy(s);
	WRITE_ONCE(torn_down, torn_down + 1);
}

int stream_thread(void *unused)
{
	unsigned int which = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, torture_seed + 1);
	while (!kthread_should_stop()) {
		stream_end(which);
		stream_begin(which, &rnd);
		which = (which + 1) % NR_STREAMS;
		helper_nap(random_between(&rnd, 10, 300));
	}
	for (which = 0; which < NR_STREAMS; which++)
		stream_end(which);
	return 0;
}
