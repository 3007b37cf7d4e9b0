// SPDX-License-Identifier: GPL-2.0
/*
 * The core as it comes up and goes: what fails there, what is plugged in later, and who is faster.
 * Each case sets the core up and takes it down, and no memory is left.
 */
#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>
#include <dualtree/fault.h>
#include "../buddy/node_pools.h"
#include "../dualtree/check.h"
#include "../dualtree/percpu.h"
#include "../dualtree/pressure.h"
#include "../dualtree/reclaim.h"
#include "../dualtree/remote.h"
#include "../dualtree/section.h"
#include "../dualtree/stats.h"
#include "core.h"

/* Before the core is set up there is neither a pool nor an instance. */
static void too_early(void)
{
	host_assert(PTR_ERR(buddy_pool_create("early", NULL)) == -ENODEV);
	host_assert(PTR_ERR(dualtree_create("early", NULL)) == -ENODEV);
}

/* An init that fails, at each place in turn, leaves nothing. */
static void fail_inits(void)
{
	unsigned int nth = 0, left;
	int err;

	do {
		host_fail_nth = ++nth;
		err = host_module_init();
		left = host_fail_nth;
		host_fail_nth = 0;
		host_assert(!err || err == -ENOMEM);
		if (!err)
			host_module_exit();
		host_nothing_left();
	} while (!left);
}

/* The first instance, which makes the pools of the nodes, or that of a cgroup: the same. */
static void fail_first_instance(unsigned long flags)
{
	const struct dualtree_params params = { .flags = flags };
	unsigned int nth = 0, left;
	struct dualtree *dt;

	do {
		host_assert(!host_module_init());
		host_fail_nth = ++nth;
		dt = dualtree_create("first", &params);
		left = host_fail_nth;
		host_fail_nth = 0;
		host_assert(!IS_ERR(dt) || PTR_ERR(dt) == -ENOMEM);
		if (!IS_ERR(dt))
			dualtree_destroy(dt);
		host_module_exit();
		host_nothing_left();
	} while (!left);
}

static bool is_plugged(const void *block)
{
	return virt_to_page(block) >= host_pages + HOST_PLUGGED_FIRST;
}

/*
 * Memory is plugged in, of which the table hears or not, and has no memory for the @nth of what it
 * needs. An arena of that memory is refused until the table was grown; then it serves.
 *
 * Return: false if it needs less.
 */
static bool plug(unsigned long action, unsigned int nth)
{
	struct buddy_pool_params params = { .nid = 1, .arena_order = 3 };
	struct buddy_pool *pool;
	unsigned int left;
	void *block;

	host_assert(!host_module_init());
	pool = buddy_pool_create("plugged", &params);
	host_assert(!IS_ERR(pool));
	host_fail_nth = nth;
	host_plug(action);
	left = host_fail_nth;
	host_fail_nth = 0;
	block = buddy_pool_alloc(pool, 0, GFP_KERNEL);
	host_assert(!block == (action != MEM_GOING_ONLINE || !left));
	if (!block) {
		/* Once more in vain, then with memory. */
		host_fail_nth = 1;
		host_pass_time(1);
		host_fail_nth = 0;
		host_assert(!buddy_pool_alloc(pool, 0, GFP_ATOMIC));
		host_pass_time(1);
		block = buddy_pool_alloc(pool, 0, GFP_ATOMIC);
	}
	host_assert(block && is_plugged(block) && !buddy_pool_free(pool, block, 0));
	buddy_pool_destroy(pool);
	host_module_exit();
	host_unplug();
	host_nothing_left();
	return !left;
}

static void plug_memory(void)
{
	unsigned int nth = 1;

	while (plug(MEM_GOING_ONLINE, nth))
		nth++;
	plug(MEM_ONLINE, UINT_MAX);
}

/**
 * struct race - two calls, the second of which comes at some point of the first
 * @dt: an instance for both, if they need one
 * @first: the first call
 * @other: the other one
 * @cpu: CPU of the other one; if it is that of the first, in an interrupt
 * @at: the context that it came into
 * @done: the other one was made
 */
static struct race {
	struct dualtree *dt;
	void (*first)(void);
	void (*other)(void);
	int cpu;
	struct host_context at;
	bool done;
} race;

/* At a point of the first: if another context can come in here, and else at the next one. */
static void race_point(void)
{
	struct host_context was = host_now;
	bool interrupt = race.cpu == was.cpu;

	host_points = 1;
	if (interrupt ? was.irqs_off || was.nmi : was.locks)
		return;
	host_points = LONG_MAX;
	race.at = was;
	host_now = (struct host_context){
		.cpu = race.cpu, .hardirq = interrupt, .irqs_off = interrupt, .nested = true,
	};
	race.other();
	host_now = was;
	race.done = true;
}

/* The other call at each point of the first in turn. */
static void race_all(void (*first)(void), void (*other)(void), int cpu, bool with_instance)
{
	long nth = 1;

	do {
		host_assert(!host_module_init());
		race = (struct race){ .first = first, .other = other, .cpu = cpu };
		if (with_instance)
			race.dt = dualtree_create("race", NULL);
		host_assert(!IS_ERR(race.dt));
		host_interrupt = race_point;
		host_points = nth++;
		first();
		host_points = LONG_MAX;
		host_assert(!race.dt || dualtree_check(race.dt));
		dualtree_destroy(race.dt);
		host_module_exit();
		host_nothing_left();
	} while (race.done);
}

static void prepare_pools(void)
{
	host_assert(!buddy_node_pools_prepare());
}

static void alloc_and_free(gfp_t gfp)
{
	void *ptr = dualtree_alloc(race.dt, 100, gfp);

	host_assert(ptr && !dualtree_free(race.dt, ptr, 100));
}

static void alloc_and_free_task(void)
{
	alloc_and_free(GFP_KERNEL);
}

static void alloc_and_free_interrupt(void)
{
	alloc_and_free(GFP_ATOMIC);
}

/* Answers of the shrinker amid passes: the pages that can go, or that it does not wait for them. */
static unsigned int counts, no_waits;

static void alloc_and_pass(void)
{
	void *ptr = dualtree_alloc(race.dt, SZ_64K, GFP_KERNEL);

	host_assert(ptr && !dualtree_free(race.dt, ptr, SZ_64K));
	host_pass_time(3000);
}

static void ask_pressure(void)
{
	struct dualtree_stats stats;
	unsigned long pages = dt_pressure_count();

	dualtree_get_stats(race.dt, &stats);
	host_assert(!pages || pages == stats.held_bytes >> PAGE_SHIFT);
	if (pages)
		counts++;
	else if (stats.held_bytes)
		no_waits++;
}

/* The shrinker of another CPU asks at each point of a pass. */
static void pressure_amid_passes(void)
{
	race_all(alloc_and_pass, ask_pressure, 1, true);
	host_assert(counts && no_waits);
}

/*
 * While the hotplug lock is held, reclaim goes on without it, and CPU 1 goes offline. A region of
 * its heap loses its end, which is put before the next interrupt.
 */
static void reclaim_amid_hotplug(void)
{
	struct dualtree_stats stats;
	u8 *ptr;

	host_now.cpu = 1;
	ptr = dualtree_alloc(race.dt, 4 * SZ_64K, GFP_KERNEL);
	host_assert(ptr && !dualtree_free(race.dt, ptr + SZ_4K, 4 * SZ_64K - SZ_4K));
	host_now.cpu = 0;
	host_hotplug_busy = true;
	dt_reclaim_now(race.dt);
	host_hotplug_busy = false;
	host_assert(!dualtree_free(race.dt, ptr, SZ_4K));
	/* What was left out goes now, whether that CPU is online or not. */
	dualtree_shrink(race.dt);
	dualtree_get_stats(race.dt, &stats);
	host_assert(!stats.held_bytes);
	if (!cpu_online(1))
		host_cpu_online(1);
}

static void cpu_goes_offline(void)
{
	if (host_hotplug_busy && race.at.cpu == 0 && cpu_online(1))
		host_cpu_offline(1);
}

/* What another reclaim has retired is put while an allocation sleeps. */
static void put_retired(void)
{
	atomic_long_set(&race.dt->held_bytes, 0);
}

/* An allocation at the limit waits for what others have retired and not put yet. */
static void limit_amid_reclaim(void)
{
	const struct dualtree_params params = { .limit = SZ_1M };
	void *ptr;

	host_assert(!host_module_init());
	race.dt = dualtree_create("limit", &params);
	host_assert(!IS_ERR(race.dt));
	atomic_long_set(&race.dt->held_bytes, SZ_1M);
	host_asleep = put_retired;
	host_assert(!dualtree_alloc(race.dt, 100, GFP_ATOMIC));
	ptr = dualtree_alloc(race.dt, 100, GFP_KERNEL);
	host_asleep = NULL;
	host_assert(ptr && !dualtree_free(race.dt, ptr, 100));
	dualtree_destroy(race.dt);
	host_module_exit();
	host_nothing_left();
}

/* A block of CPU 0 that CPU 1 frees amid a drain, and whether it has done so. */
static void *amid_drain;
static bool watching;

static void shrink_queued(void)
{
	void *freed = dualtree_alloc(race.dt, DT_GRANULE, GFP_KERNEL);
	void *other = dualtree_alloc(race.dt, DT_GRANULE, GFP_KERNEL);

	host_assert(freed && other);
	host_now.cpu = 1;
	host_assert(!dualtree_free(race.dt, freed, DT_GRANULE));
	host_now.cpu = 0;
	amid_drain = other;
	dualtree_shrink(race.dt);
	other = amid_drain;
	amid_drain = NULL;
	watching = false;
	if (other)
		host_assert(!dualtree_free(race.dt, other, DT_GRANULE));
}

/* Whatever is in flight, CPU 1 sees a region queued: at the point of its free and all after it. */
static void free_and_watch(void)
{
	if (amid_drain) {
		host_assert(!dualtree_free(race.dt, amid_drain, DT_GRANULE));
		amid_drain = NULL;
		watching = true;
	}
	if (!watching)
		return;
	if (dt_stats_in_flight(race.dt))
		host_assert(heap_is_queued_on(heap_of_cpu(race.dt, 0)));
	host_points = 1;
}

/* What the core injects itself is counted, and calls a function before each allocation. */
static unsigned int injected;

static void count_injected(void)
{
	injected++;
}

static void inject(void)
{
	unsigned int before = dualtree_faults();

	host_assert(!host_module_init());
	dualtree_fail_call(count_injected);
	dualtree_fail_every(1);
	host_assert(!buddy_node_pools_prepare());
	race.dt = dualtree_create("faults", NULL);
	host_assert(IS_ERR(race.dt) || !dualtree_alloc(race.dt, 100, GFP_KERNEL));
	host_assert(injected && dualtree_faults() - before == injected);
	dualtree_fail_every(0);
	dualtree_fail_call(NULL);
	if (!IS_ERR(race.dt))
		dualtree_destroy(race.dt);
	host_module_exit();
	host_nothing_left();
}

void host_init_cases(void)
{
	unsigned int shared_calls = dt_shared_calls;

	too_early();
	fail_inits();
	fail_first_instance(0);
	fail_first_instance(DUALTREE_ACCOUNT);
	plug_memory();
	inject();
	/* Two CPUs create the pools of the nodes. */
	race_all(prepare_pools, prepare_pools, 1, false);
	/* An interrupt makes the heap that a task is about to make; or both use the shared one. */
	race_all(alloc_and_free_task, alloc_and_free_interrupt, 0, true);
	dt_shared_calls = 0;
	race_all(alloc_and_free_task, alloc_and_free_interrupt, 0, true);
	race_all(alloc_and_free_task, alloc_and_free_interrupt, 1, true);
	race_all(reclaim_amid_hotplug, cpu_goes_offline, 2, true);
	race_all(shrink_queued, free_and_watch, 1, true);
	dt_shared_calls = shared_calls;
	pressure_amid_passes();
	limit_amid_reclaim();
}
