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

/* Pages that are taken, linked through their first words. */
static void *take_pages(unsigned long *taken)
{
	unsigned long least = totalram_pages() / LEFT;
	void *pages = NULL, *page;

	while (!kthread_should_stop() && si_mem_available() > (long)least) {
		/* It is not worth anybody's life. */
		page = (void *)__get_free_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
		if (!page)
			break;
		*(void **)page = pages;
		pages = page;
		++*taken;
		cond_resched();
	}
	return pages;
}

static void give_pages(void *pages)
{
	void *page;

	while ((page = pages)) {
		pages = *(void **)page;
		free_page((unsigned long)page);
		cond_resched();
	}
}

int pressure_thread(void *unused)
{
	struct rnd_state rnd;
	void *pages;

	prandom_seed_state(&rnd, torture_seed + 3);
	while (!kthread_should_stop()) {
		unsigned long taken = 0;

		pages = take_pages(&taken);
		WRITE_ONCE(most_taken, max(most_taken, taken));
		helper_nap(random_between(&rnd, 100, 1000));
		give_pages(pages);
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
