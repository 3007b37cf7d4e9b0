// SPDX-License-Identifier: GPL-2.0
/*
 * The page pool when the kernel has no memory: each allocation that a call makes fails
 * in turn, once. Every call then succeeds or fails cleanly, and the next one succeeds.
 *
 * The kernel counts the allocations of the running task down from current->fail_nth.
 * Checkers (KASAN, kmemleak) allocate too, so that a call may succeed although an
 * allocation failed; how many there are is not foretold.
 */
#include <linux/fs.h>
#include <linux/sched.h>
#include "buddy_testing.h"
#include "compat/compat.h"

#define ORDER		3
#define ARENA_BYTES	(PAGE_SIZE << ORDER)
#define MOST_POINTS	200

#if IS_ENABLED(CONFIG_FAILSLAB) && IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC) && \
	IS_ENABLED(CONFIG_FAULT_INJECTION_DEBUG_FS)

static const bool have_faults = true;

static void fault_arm(unsigned int n)
{
	WRITE_ONCE(current->fail_nth, n);
}

/* Return: did an allocation fail since fault_arm()? */
static bool fault_disarm(void)
{
	return !xchg(&current->fail_nth, 0);
}

#else

static const bool have_faults;

static void fault_arm(unsigned int n)
{
}

static bool fault_disarm(void)
{
	return false;
}

#endif

/*
 * What the kernel spares by default, and its trace of each fault. They are variables of
 * the kernel's own; debugfs knows where they are, and user space would write them there.
 */
static const struct fault_knob {
	const char *path;
	size_t size;
	unsigned long test, normal;
} knobs[] = {
	{ "/sys/kernel/debug/failslab/ignore-gfp-wait", sizeof(bool), false, true },
	{ "/sys/kernel/debug/failslab/verbose", sizeof(long), 0, 2 },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", sizeof(bool), false, true },
	{ "/sys/kernel/debug/fail_page_alloc/min-order", sizeof(u32), 0, 1 },
	{ "/sys/kernel/debug/fail_page_alloc/verbose", sizeof(long), 0, 2 },
};

static bool knob_set(const struct fault_knob *knob, unsigned long value)
{
	struct file *file = filp_open(knob->path, O_RDWR, 0);
	void *variable;

	if (IS_ERR(file))
		return false;
	variable = file_inode(file)->i_private;
	if (variable && knob->size == sizeof(bool))
		WRITE_ONCE(*(bool *)variable, value);
	else if (variable && knob->size == sizeof(u32))
		WRITE_ONCE(*(u32 *)variable, value);
	else if (variable)
		WRITE_ONCE(*(unsigned long *)variable, value);
	filp_close(file, NULL);
	return variable;
}

static void buddy_fault_exit(struct kunit *test)
{
	int i;

	fault_disarm();
	for (i = 0; have_faults && i < ARRAY_SIZE(knobs); i++)
		knob_set(&knobs[i], knobs[i].normal);
}

static void faults_or_skip(struct kunit *test)
{
	int i;

	if (!have_faults)
		kunit_skip(test, "this kernel has no fault injection");
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		if (!knob_set(&knobs[i], knobs[i].test))
			kunit_skip(test, "cannot reach %s", knobs[i].path);
}

static struct buddy_pool *fault_pool(struct kunit *test)
{
	struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .arena_order = ORDER };

	return pool_make(test, &params);
}

static void create_case(struct kunit *test, struct buddy_pool_params params, unsigned int least)
{
	struct buddy_pool *pool;
	unsigned int n, failed = 0;
	bool hit;

	for (n = 1; n < MOST_POINTS; n++) {
		fault_arm(n);
		pool = buddy_pool_create("fault", &params);
		hit = fault_disarm();
		if (!hit)
			break;
		if (IS_ERR_OR_NULL(pool)) {
			KUNIT_EXPECT_PTR_EQ(test, pool, ERR_PTR(-ENOMEM));
			failed++;
			continue;
		}
		/* Smaller arenas stood in: the reserve must be there all the same. */
		KUNIT_EXPECT_GE(test, pool_stats(pool).free_bytes, params.reserve);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
		buddy_pool_destroy(pool);
	}
	KUNIT_EXPECT_LT(test, n, MOST_POINTS);
	KUNIT_EXPECT_GE(test, n, least);
	KUNIT_EXPECT_GE(test, failed, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	KUNIT_EXPECT_GE(test, pool_stats(pool).free_bytes, params.reserve);
	buddy_pool_destroy(pool);
}

static void buddy_fault_create(struct kunit *test)
{
	struct buddy_pool_params params = { .nid = NUMA_NO_NODE, .arena_order = ORDER };

	faults_or_skip(test);
	create_case(test, params, 1);
}

static void buddy_fault_create_reserve(struct kunit *test)
{
	struct buddy_pool_params params = {
		.nid = NUMA_NO_NODE, .arena_order = ORDER, .reserve = 2 * ARENA_BYTES,
	};

	faults_or_skip(test);
	/* Two arenas, of at least a record and pages each. */
	create_case(test, params, 5);
}

/* A block of the arena's order: there is no smaller arena to fall back on. */
static void whole_arena_case(struct kunit *test, gfp_t gfp)
{
	struct buddy_pool *pool = fault_pool(test);
	struct buddy_pool_stats want = {};
	unsigned int n, failed = 0;
	void *block;
	bool hit;

	for (n = 1; n < MOST_POINTS; n++) {
		fault_arm(n);
		block = buddy_pool_alloc(pool, ORDER, gfp);
		hit = fault_disarm();
		if (!hit)
			break;
		if (block) {
			want.allocs++;
			want.frees++;
			KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, ORDER), 0);
			buddy_pool_trim(pool);
		} else {
			want.failed_allocs++;
			failed++;
		}
		/* What was charged for the arena is not charged any more. */
		expect_stats(test, pool, &want);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
	}
	KUNIT_EXPECT_LT(test, n, MOST_POINTS);
	/* The arena's record, its pages, its place in the table. */
	KUNIT_EXPECT_GE(test, failed, 3);
	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, ARENA_BYTES);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, ORDER), 0);
}

static void buddy_fault_alloc(struct kunit *test)
{
	faults_or_skip(test);
	whole_arena_case(test, GFP_KERNEL);
}

static void buddy_fault_alloc_atomic(struct kunit *test)
{
	faults_or_skip(test);
	whole_arena_case(test, GFP_ATOMIC);
}

/* What fails for a large arena does not fail for a small one: the call succeeds. */
static void buddy_fault_smaller_arena(struct kunit *test)
{
	struct buddy_pool *pool = fault_pool(test);
	unsigned int n, smaller = 0;
	void *block;
	bool hit;

	faults_or_skip(test);
	for (n = 1; n < MOST_POINTS; n++) {
		fault_arm(n);
		block = buddy_pool_alloc(pool, 0, GFP_KERNEL);
		hit = fault_disarm();
		KUNIT_ASSERT_NOT_NULL(test, block);
		if (!hit)
			break;
		smaller += pool_stats(pool).held_bytes < ARENA_BYTES;
		KUNIT_EXPECT_EQ(test, pool_stats(pool).failed_allocs, 0);
		KUNIT_EXPECT_EQ(test, pool_stats(pool).arenas, 1);
		KUNIT_EXPECT_TRUE(test, buddy_pool_check(pool));
		KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 0), 0);
		buddy_pool_trim(pool);
		KUNIT_EXPECT_EQ(test, pool_stats(pool).held_bytes, 0);
	}
	KUNIT_EXPECT_LT(test, n, MOST_POINTS);
	KUNIT_EXPECT_GE(test, smaller, 3);
	KUNIT_EXPECT_EQ(test, buddy_pool_free(pool, block, 0), 0);
}

/* A free needs no memory. */
static void buddy_fault_free(struct kunit *test)
{
	struct lone *lone = lone_make(test, ORDER);
	unsigned int n, i;
	void *block;

	faults_or_skip(test);
	for (n = 1; n <= 4; n++) {
		block = lone_take(test, lone, ORDER);
		for (i = 1; i < 8; i += 2) {
			fault_arm(n);
			lone_give_range(test, lone, block + pages_bytes(i), 1);
			fault_disarm();
		}
		fault_arm(n);
		KUNIT_EXPECT_EQ(test, buddy_pool_free_range(lone->pool, block, 2), -EALREADY);
		fault_disarm();
		lone->want.bad_frees++;
		for (i = 0; i < 8; i += 2) {
			fault_arm(n);
			lone_give(test, lone, block + pages_bytes(i), 0);
			fault_disarm();
		}
		lone_expect_whole(test, lone);
	}
}

/* What the pool has, it gives without asking anybody. */
static void buddy_fault_reserve(struct kunit *test)
{
	struct lone *lone = lone_make(test, ORDER);
	void *blocks[8];
	unsigned int i;

	faults_or_skip(test);
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		fault_arm(1);
		blocks[i] = lone_take(test, lone, 0);
		KUNIT_EXPECT_FALSE(test, fault_disarm());
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		lone_give(test, lone, blocks[i], 0);
	lone_expect_whole(test, lone);
}

static struct kunit_case buddy_fault_cases[] = {
	KUNIT_CASE(buddy_fault_create),
	KUNIT_CASE(buddy_fault_create_reserve),
	KUNIT_CASE(buddy_fault_alloc),
	KUNIT_CASE(buddy_fault_alloc_atomic),
	KUNIT_CASE(buddy_fault_smaller_arena),
	KUNIT_CASE(buddy_fault_free),
	KUNIT_CASE(buddy_fault_reserve),
	{}
};

static struct kunit_suite buddy_fault_suite = {
	.name = "buddy_fault",
	.exit = buddy_fault_exit,
	.test_cases = buddy_fault_cases,
};

kunit_test_suite(buddy_fault_suite);

MODULE_DESCRIPTION("Tests of the page pool: allocations that fail");
MODULE_LICENSE("GPL");
DT_IMPORT_INTERNALS;
