// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs that arrive anywhere: another CPU sends them as fast as they are taken, to a thread that
 * allocates and frees. Thread and NMIs pass objects to each other. What a single call does in an
 * NMI is in nmi_test.c.
 */
#include "../dualtree/section.h"
#include "fixtures/nmi.h"
#include "fixtures/objects.h"

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of what is done in the storm; 0: pick one");

static uint nmis = 2000;
module_param(nmis, uint, 0444);
MODULE_PARM_DESC(nmis, "of the storm");

/*
 * NMIs that are sent as fast as they are taken. An emulated CPU may take the next one an
 * instruction or two after the last: where no more than these follow each other, the thread moves
 * on.
 */
#define BURST	16

/**
 * struct storm - a thread and the NMIs that interrupt it
 * @objects: of both
 * @rnd: random numbers of the thread and of the NMIs
 * @nmis: NMIs to send at least
 * @turns: of the thread
 * @seen: @turns when the last burst ended
 * @allocated: allocations in NMI that succeeded; for the NMIs alone, like @inside
 * @inside: NMIs that arrived inside a section
 * @stop: tells the thread to stop
 * @work: the thread
 */
struct storm {
	struct test_objects objects;
	struct rnd_state rnd[2];
	unsigned int nmis;
	unsigned int turns;
	unsigned int seen;
	unsigned int allocated;
	unsigned int inside;
	bool stop;
	struct work_struct work;
};

static void storm_nmi(void *arg)
{
	struct storm *storm = arg;

	storm->inside += (this_cpu_ptr(storm->objects.dt->slots)->active == heap_busy);
	storm->allocated += dt_objects_exchange(&storm->objects, &storm->rnd[1], GFP_ATOMIC);
}

/* Give the CPU a heap, which is not busy, before the first NMI. */
static int storm_begin(void *arg)
{
	struct dualtree *dt = arg;

	return dualtree_free(dt, dualtree_alloc(dt, 64, GFP_KERNEL), 64);
}

static void storm_thread(struct work_struct *work)
{
	struct storm *storm = container_of(work, struct storm, work);

	while (!READ_ONCE(storm->stop)) {
		dt_objects_exchange(&storm->objects, &storm->rnd[0], GFP_KERNEL);
		WRITE_ONCE(storm->turns, storm->turns + 1);
		cond_resched();
	}
}

/* After each burst no NMI is sent until the thread has taken a turn. */
static void storm_end_burst(struct storm *storm, unsigned int calls)
{
	if (calls % BURST)
		return;
	while (READ_ONCE(storm->turns) == storm->seen)
		cond_resched();
	storm->seen = READ_ONCE(storm->turns);
}

/*
 * All NMIs are sent, one arrived inside a section, and one could allocate; or it has not come to
 * that for long.
 */
static bool storm_is_over(void *arg, unsigned int calls)
{
	struct storm *storm = arg;

	storm_end_burst(storm, calls);
	return calls >= storm->nmis &&
	       ((READ_ONCE(storm->inside) && READ_ONCE(storm->allocated)) ||
		calls / 50 >= storm->nmis);
}

static void nmi_storm(struct kunit *test)
{
	struct storm *storm = dt_test_zalloc(test, sizeof(*storm));
	u32 first_seed = random_seed(test, param_value_of(seed));
	struct dualtree_stats stats;
	unsigned int there;

	dt_objects_init(test, &storm->objects, 1500);
	there = dt_other_cpu(test, raw_smp_processor_id());
	storm->nmis = param_value_of(nmis);
	prandom_seed_state(&storm->rnd[0], first_seed);
	prandom_seed_state(&storm->rnd[1], first_seed + 1);
	KUNIT_ASSERT_EQ(test, smp_call_on_cpu(there, storm_begin, storm->objects.dt, false), 0);
	INIT_WORK(&storm->work, storm_thread);
	queue_work_on(there, dt_test_queue(test), &storm->work);
	dt_call_in_nmis(there, storm_nmi, storm, storm_is_over);
	WRITE_ONCE(storm->stop, true);
	flush_work(&storm->work);
	stats = stats_of(storm->objects.dt);
	kunit_info(test,
		   "%llu allocs, in NMI %u; %llu frees, remote %llu; %u NMIs inside a section\n",
		   stats.allocs, storm->allocated, stats.frees, stats.remote_frees, storm->inside);
	/* Without these this has tested nothing. */
	KUNIT_EXPECT_GT(test, storm->allocated, 0);
	KUNIT_EXPECT_GT(test, storm->inside, 0);
	dt_objects_finish(test, &storm->objects);
}

static struct kunit_case nmi_storm_cases[] = {
	KUNIT_CASE(nmi_storm),
	{}
};

DUALTREE_SUITE(nmi_storm, "NMIs that arrive anywhere", .suite_init = dt_nmi_suite_init,
	       .suite_exit = dt_nmi_suite_exit, .init = dt_nmi_case_init);
