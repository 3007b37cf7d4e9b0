// SPDX-License-Identifier: GPL-2.0
/*
 * Short memory; see pressure.h.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>

#include <dualtree/dualtree.h>
#include <dualtree/fault.h>

#include "../../bench/random.h"
#include "helpers.h"
#include "pressure.h"
#include "subject.h"
#include "verdict.h"

/* Of all pages, what is left: not so little that the kernel would have to kill somebody. */
#define LEFT	10

/* Order of most blocks that are taken. */
#define LARGE	6

/* Each is written by one thread alone. */
static unsigned long most_taken, times_shrunk, bytes_shrunk;

unsigned long pressure_most(void)
{
	return READ_ONCE(most_taken);
}

unsigned long shrinks(void)
{
	return READ_ONCE(times_shrunk);
}

unsigned long shrink_bytes(void)
{
	return READ_ONCE(bytes_shrunk);
}

/* What lies in the first bytes of a block of pages that is taken. */
struct taken {
	struct taken *next;
	unsigned int order;
};

/* Blocks of an order, in front of those in @list. */
static struct taken *take_blocks(struct taken *list, unsigned int order, unsigned long *pages)
{
	unsigned long least = totalram_pages() / LEFT;
	struct taken *block;

	while (!kthread_should_stop() && si_mem_available() > (long)least) {
		/* It is not worth anybody's life. */
		block = (void *)__get_free_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, order);
		if (!block)
			break;
		*block = (struct taken) { list, order };
		list = block;
		*pages += 1UL << order;
		cond_resched();
	}
	return list;
}

static void give_blocks(struct taken *list)
{
	struct taken *block;

	while ((block = list)) {
		list = block->next;
		free_pages((unsigned long)block, block->order);
		cond_resched();
	}
}

int pressure_thread(void *unused)
{
	struct rnd_state rnd;
	struct taken *list;

	prandom_seed_state(&rnd, torture_seed + 3);
	while (!kthread_should_stop()) {
		unsigned long taken = 0;

		/* The large ones first, for speed; then the small ones that are left. */
		list = take_blocks(NULL, LARGE, &taken);
		list = take_blocks(list, 0, &taken);
		WRITE_ONCE(most_taken, max(most_taken, taken));
		helper_nap(random_between(&rnd, 100, 1000));
		give_blocks(list);
		helper_nap(random_between(&rnd, 500, 3000));
	}
	return 0;
}

/* None fails for as long as some do. */
int fault_thread(void *unused)
{
	static const unsigned int every[] = { 2, 5, 20, 100 };
	struct rnd_state rnd;

	prandom_seed_state(&rnd, torture_seed + 4);
	while (!kthread_should_stop()) {
		dualtree_fail_every(every[random_below(&rnd, ARRAY_SIZE(every))]);
		helper_nap(random_between(&rnd, 20, 200));
		dualtree_fail_every(0);
		helper_nap(random_between(&rnd, 20, 200));
	}
	return 0;
}

int shrink_thread(void *unused)
{
	struct dualtree_stats stats;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, torture_seed + 5);
	while (!kthread_should_stop()) {
		struct subject *s = subjects[random_below(&rnd, NR_SUBJECTS)];

		WRITE_ONCE(bytes_shrunk, bytes_shrunk + dualtree_shrink(s->dt));
		WRITE_ONCE(times_shrunk, times_shrunk + 1);
		/* While others act it is not exact, but it is there. */
		dualtree_get_stats(s->dt, &stats);
		helper_nap(random_between(&rnd, 5, 100));
	}
	return 0;
}
