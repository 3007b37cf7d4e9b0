// SPDX-License-Identifier: GPL-2.0
/*
 * Memory in flight to an owner that does not drain it: much of it comes home soon, long before a
 * pass. A pass is due in ten minutes here, so none does it.
 *
 * For what happens after some time, a case waits until it has happened, and fails only after many
 * times that.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include "../buddy/queue.h"
#include "../dualtree/in_flight.h"
#include "../dualtree/pressure.h"
#include "fixtures/instance.h"

#define PATIENCE	(60 * HZ)

/* Time in which many looks are made. */
#define MANY_LOOKS	(HZ / 2)

#define NR	128
#define BYTES	SZ_16K

/**
 * struct flight - what a CPU has allocated and others free
 * @dt: the instance
 * @ptrs: its allocations, of BYTES each
 */
struct flight {
	struct dualtree *dt;
	u8 *ptrs[NR];
};

/* Allocations of this CPU, and an owner that makes no call after them. */
static struct flight *flight_begin(struct kunit *test, unsigned int idle_ms)
{
	struct flight *flight = dt_test_zalloc(test, sizeof(*flight));
	unsigned int i;

	dt_test_idle_ms(test, idle_ms);
	flight->dt = test_instance(test);
	dt_stay_on(test, 0);
	for (i = 0; i < NR; i++)
		flight->ptrs[i] = dt_must_alloc(test, flight->dt, BYTES);
	return flight;
}

static struct flight *flight_of(struct kunit *test)
{
	return flight_begin(test, 10 * 60 * MSEC_PER_SEC);
}

/* Free allocations @first to before @end on another CPU; this is the owner's on its return. */
static void free_elsewhere(struct kunit *test, struct flight *flight, unsigned int first,
			   unsigned int end)
{
	dt_stay_on(test, dt_other_cpu(test, 0));
	for (; first < end; first++)
		KUNIT_EXPECT_EQ(test, dualtree_free(flight->dt, flight->ptrs[first], BYTES), 0);
}

/*
 * Expect that what is in flight comes home; but for little, which a slow machine may free after a
 * look.
 */
static void expect_home(struct kunit *test, struct dualtree *dt)
{
	unsigned long end = jiffies + PATIENCE;

	while (stats_of(dt).in_flight_bytes > IN_FLIGHT_MIN && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_LE(test, stats_of(dt).in_flight_bytes, IN_FLIGHT_MIN);
}

/* All is freed by another CPU: it comes home, and but for the spare it is given back soon. */
static void in_flight_all(struct kunit *test)
{
	struct flight *flight = flight_of(test);
	size_t held = stats_of(flight->dt).held_bytes;
	unsigned long end = jiffies + PATIENCE;

	free_elsewhere(test, flight, 0, NR);
	expect_home(test, flight->dt);
	KUNIT_EXPECT_EQ(test, stats_of(flight->dt).live_bytes, 0);
	/* Regions are put after the section that has drained them. */
	while (stats_of(flight->dt).held_bytes > held / 2 && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_LE(test, stats_of(flight->dt).held_bytes, held / 2);
}

/*
 * Little may wait. It is watched on: where the next frees are of a region that is queued already,
 * no push says that there is more.
 */
static void in_flight_little(struct kunit *test)
{
	struct flight *flight = flight_of(test);

	free_elsewhere(test, flight, 0, 2);
	schedule_timeout_uninterruptible(MANY_LOOKS);
	KUNIT_EXPECT_EQ(test, stats_of(flight->dt).in_flight_bytes, 2 * BYTES);
	free_elsewhere(test, flight, 2, NR / 2);
	expect_home(test, flight->dt);
	free_elsewhere(test, flight, NR / 2, NR);
	expect_home(test, flight->dt);
}

/* A shrink waits for a look that has retired regions and not put them. */
static void in_flight_shrink(struct kunit *test)
{
	struct flight *flight;
	unsigned int i;

	for (i = 0; i < 12; i++) {
		flight = flight_of(test);
		free_elsewhere(test, flight, 0, NR);
		/* The look is due after 20 ms. */
		usleep_range(1000 * (14 + i), 1000 * (14 + i) + 500);
		dualtree_shrink(flight->dt);
		KUNIT_EXPECT_EQ(test, stats_of(flight->dt).held_bytes, 0);
		dt_test_instance_destroy(test, flight->dt);
	}
}

/* With idle_ms=0 the owner's heap is left alone. */
static void in_flight_off(struct kunit *test)
{
	struct flight *flight = flight_begin(test, 0);

	free_elsewhere(test, flight, 0, NR);
	schedule_timeout_uninterruptible(MANY_LOOKS);
	KUNIT_EXPECT_EQ(test, stats_of(flight->dt).in_flight_bytes, NR * BYTES);
}

static int pairs_until_stopped(void *dt)
{
	void *ptr;

	while (!kthread_should_stop()) {
		ptr = dualtree_alloc(dt, 64, GFP_KERNEL);
		if (!ptr || dualtree_free(dt, ptr, 64))
			return -EIO;
		cond_resched();
	}
	return 0;
}

/* The owner is busy, and its requests are all served from its cache. */
static void in_flight_to_busy_owner(struct kunit *test)
{
	struct flight *flight = flight_of(test);
	struct task_struct *owner;

	/* A case that is skipped leaves no thread. */
	dt_other_cpu(test, 0);
	owner = kthread_create(pairs_until_stopped, flight->dt, "owner");
	KUNIT_ASSERT_FALSE(test, IS_ERR(owner));
	kthread_bind(owner, 0);
	wake_up_process(owner);
	free_elsewhere(test, flight, 0, NR);
	expect_home(test, flight->dt);
	KUNIT_EXPECT_EQ(test, kthread_stop(owner), 0);
}

/* Instances end while they are watched, and others are watched on. */
static void in_flight_of_destroyed(struct kunit *test)
{
	struct flight *kept = flight_of(test), *gone;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		gone = flight_of(test);
		free_elsewhere(test, gone, 0, NR);
		if (i == 4)
			free_elsewhere(test, kept, 0, NR);
		dt_test_instance_destroy(test, gone->dt);
	}
	expect_home(test, kept->dt);
}

/*
 * An owner that makes no call any more, of which passes have seen that: the end of a region that
 * others free and a look drains goes back, too.
 */
static void in_flight_trimmed(struct kunit *test)
{
	unsigned long end = jiffies + PATIENCE;
	struct dualtree *dt;
	u8 *ptr;

	/* An object of kmemleak's that spans a region keeps it whole. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		kunit_skip(test, "regions are not cut with kmemleak on PREEMPT_RT");
	dt_other_cpu(test, 0);
	dt_test_idle_ms(test, 300);
	dt = test_instance(test);
	dt_stay_on(test, 0);
	ptr = dt_must_alloc(test, dt, SZ_1M);
	schedule_timeout_uninterruptible(2 * HZ);
	dt_stay_on(test, dt_other_cpu(test, 0));
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + SZ_4K, SZ_1M - SZ_4K), 0);
	while (stats_of(dt).held_bytes > SZ_256K && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_LE(test, stats_of(dt).held_bytes, SZ_256K);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, SZ_4K), 0);
}

/* Under pressure the kernel is told of what is in flight, however little, with idle_ms=0 too. */
static void in_flight_counted(struct kunit *test)
{
	struct flight *flight = flight_begin(test, 0);

	free_elsewhere(test, flight, 0, 16);
	KUNIT_EXPECT_GE(test, dt_pressure_count(), 16 * BYTES >> PAGE_SHIFT);
	/* Heaps are looked at again after some time only. */
	schedule_timeout_uninterruptible(MANY_LOOKS);
	dt_pressure_scan(true);
	flush_workqueue(buddy_reclaim_queue);
	KUNIT_EXPECT_EQ(test, stats_of(flight->dt).in_flight_bytes, 0);
}

static struct kunit_case in_flight_cases[] = {
	KUNIT_CASE(in_flight_all),
	KUNIT_CASE(in_flight_little),
	KUNIT_CASE(in_flight_shrink),
	KUNIT_CASE(in_flight_off),
	KUNIT_CASE(in_flight_to_busy_owner),
	KUNIT_CASE(in_flight_of_destroyed),
	KUNIT_CASE(in_flight_trimmed),
	KUNIT_CASE(in_flight_counted),
	{}
};

DUALTREE_SUITE(in_flight, "memory in flight to owners that do not drain it");
