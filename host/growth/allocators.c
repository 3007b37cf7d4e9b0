// SPDX-License-Identifier: GPL-2.0
/*
 * The allocators. dualtree has one instance for all CPUs. Each that allocates has a heap of its own
 * from its first allocation on, as where it makes many in a row.
 */
#include <dualtree/dualtree.h>
#include "../../dualtree/percpu.h"
#include "growth.h"
#include "slub.h"

static struct dualtree *dt;
static struct slub *slub;

static void open_dualtree(unsigned int cpus)
{
	dt_shared_calls = 0;
	dt = dualtree_create("growth", NULL);
	host_assert(!IS_ERR(dt));
}

static void *alloc_dualtree(void)
{
	return dualtree_alloc(dt, GROWTH_PACKET, GFP_ATOMIC);
}

static void free_dualtree(void *packet)
{
	host_assert(!dualtree_free(dt, packet, GROWTH_PACKET));
}

static void close_dualtree(void)
{
	struct dualtree_stats stats;

	dualtree_get_stats(dt, &stats);
	host_assert(!stats.live_bytes && !stats.bad_frees && !stats.failed_allocs);
	dualtree_destroy(dt);
	/* Pools return their memory to the layer. */
	host_pass_time(10000);
	synchronize_rcu();
}

static void open_kmalloc(unsigned int cpus)
{
	slub = slub_create(GROWTH_PACKET, cpus);
}

static void *alloc_kmalloc(void)
{
	return slub_alloc(slub);
}

static void close_kmalloc(void)
{
	slub_destroy(slub);
}

static void *alloc_broken(void)
{
	static unsigned long allocs;

	cache_access(&allocs, sizeof(allocs), true);
	allocs++;
	return alloc_dualtree();
}

const struct growth_allocator growth_dualtree = {
	"dualtree", open_dualtree, alloc_dualtree, free_dualtree, close_dualtree,
};

const struct growth_allocator growth_kmalloc = {
	"kmalloc", open_kmalloc, alloc_kmalloc, slub_free, close_kmalloc,
};

const struct growth_allocator growth_broken = {
	"broken", open_dualtree, alloc_broken, free_dualtree, close_dualtree,
};
