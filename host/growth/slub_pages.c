// SPDX-License-Identifier: GPL-2.0
/* Where the model's slabs come from: see slub.h. All of one run are of the same order. */
#include "slub.h"

/* Free slabs that a CPU keeps: when there are more, half of them go to the list that all share. */
#define OWN_MAX		16
#define SLABS_MAX	65536

struct stack {
	unsigned int nr;
	void *pages[SLABS_MAX];
};

static struct {
	unsigned int nr;
	void *pages[OWN_MAX + 1];
} own[HOST_CPUS];

static struct stack shared, all;
static unsigned int all_order;

static void push(struct stack *stack, void *pages)
{
	host_assert(stack->nr < SLABS_MAX);
	stack->pages[stack->nr++] = pages;
}

void *slub_pages_get(unsigned int order)
{
	int cpu = host_now.cpu;
	struct page *page;

	if (own[cpu].nr)
		return own[cpu].pages[--own[cpu].nr];
	if (shared.nr)
		return shared.pages[--shared.nr];
	page = alloc_pages_node(numa_mem_id(), GFP_ATOMIC, order);
	host_assert(page);
	all_order = order;
	push(&all, page);
	return page_address(page);
}

void slub_pages_put(void *pages, unsigned int order)
{
	int cpu = host_now.cpu;

	own[cpu].pages[own[cpu].nr++] = pages;
	if (own[cpu].nr <= OWN_MAX)
		return;
	while (own[cpu].nr > OWN_MAX / 2)
		push(&shared, own[cpu].pages[--own[cpu].nr]);
}

void slub_pages_reset(void)
{
	int cpu;

	while (all.nr)
		__free_pages(all.pages[--all.nr], all_order);
	shared.nr = 0;
	for (cpu = 0; cpu < HOST_CPUS; cpu++)
		own[cpu].nr = 0;
}
