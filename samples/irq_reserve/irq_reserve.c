// SPDX-License-Identifier: GPL-2.0
/*
 * irq_reserve: a driver that must have memory in its hard interrupt, whatever the machine is short
 * of. Its pool keeps a reserve, and its instance takes regions from there.
 *
 *	parameter	a write
 *	take		raises a hard interrupt that allocates blocks of 64 KiB until there is none,
 *			then frees them; a read says how many there were, and how many the reserve
 *			promises
 *	fragment	takes so many MiB from the kernel, in single pages, and gives back every
 *			other one: what is free then lies in single pages
 *
 * Process context, but for the interrupt. kernel_param_lock() is held by writers: one at a time.
 */
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/preempt.h>
#include <linux/sizes.h>
#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>

#define BLOCK	max_t(size_t, SZ_64K, PAGE_SIZE)

static unsigned int blocks = 64;
module_param(blocks, uint, 0444);
MODULE_PARM_DESC(blocks, "blocks of 64 KiB in the reserve");

static struct buddy_pool *pool;
static struct dualtree *dt;

/* What the interrupt has taken, linked through the first bytes. */
static void **taken;
static unsigned int nr_taken;
static bool in_interrupt_context;

static void take_blocks(struct irq_work *work)
{
	void **block;

	in_interrupt_context = in_hardirq();
	while ((block = dualtree_alloc(dt, BLOCK, GFP_ATOMIC))) {
		*block = taken;
		taken = block;
		nr_taken++;
	}
}

static struct irq_work take_work = IRQ_WORK_INIT_HARD(take_blocks);

static int take_write(const char *val, const struct kernel_param *kp)
{
	void **block;

	nr_taken = 0;
	irq_work_queue(&take_work);
	irq_work_sync(&take_work);
	while ((block = taken)) {
		taken = *block;
		dualtree_free(dt, block, BLOCK);
	}
	/* The pool may have taken arenas in the interrupt. What is beyond the reserve may go. */
	dualtree_shrink(dt);
	return in_interrupt_context ? 0 : -EIO;
}

static int take_read(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%u of %u\n", nr_taken, blocks);
}

static const struct kernel_param_ops take_ops = { .set = take_write, .get = take_read };
module_param_cb(take, &take_ops, NULL, 0600);
__MODULE_PARM_TYPE(take, "uint");
MODULE_PARM_DESC(take, "write: take all blocks in a hard interrupt; read: how many there were");

/* Pages that keep memory fragmented, linked through their first bytes. */
static void **pages;

static void fragment(unsigned long nr)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	void **kept = NULL, **page;

	while (nr-- && (page = (void **)__get_free_page(gfp))) {
		*page = pages;
		pages = page;
	}
	while ((page = pages)) {
		pages = *page;
		*page = kept;
		kept = page;
		page = pages;
		if (page) {
			pages = *page;
			free_page((unsigned long)page);
		}
	}
	pages = kept;
}

static void defragment(void)
{
	void **page;

	while ((page = pages)) {
		pages = *page;
		free_page((unsigned long)page);
	}
}

static int fragment_write(const char *val, const struct kernel_param *kp)
{
	unsigned int mib;
	int err = kstrtouint(val, 0, &mib);

	if (err)
		return err;
	defragment();
	fragment((unsigned long)mib * (SZ_1M / PAGE_SIZE));
	return 0;
}

static const struct kernel_param_ops fragment_ops = { .set = fragment_write };
module_param_cb(fragment, &fragment_ops, NULL, 0200);
__MODULE_PARM_TYPE(fragment, "uint");
MODULE_PARM_DESC(fragment, "write: MiB of which every other page is kept");

static int __init irq_reserve_init(void)
{
	const struct buddy_pool_params pool_params = {
		.nid = NUMA_NO_NODE,
		.reserve = blocks * BLOCK,
	};
	struct dualtree_params params = { };

	pool = buddy_pool_create("irq_reserve", &pool_params);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	params.pool = pool;
	dt = dualtree_create("irq_reserve", &params);
	if (IS_ERR(dt)) {
		buddy_pool_destroy(pool);
		return PTR_ERR(dt);
	}
	return 0;
}
module_init(irq_reserve_init);

static void __exit irq_reserve_exit(void)
{
	irq_work_sync(&take_work);
	defragment();
	dualtree_destroy(dt);
	buddy_pool_destroy(pool);
}
module_exit(irq_reserve_exit);

MODULE_DESCRIPTION("dualtree sample: memory that a hard interrupt is sure of");
MODULE_LICENSE("GPL");
