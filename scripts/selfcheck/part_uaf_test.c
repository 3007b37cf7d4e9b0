// SPDX-License-Identifier: GPL-2.0
/*
 * A byte read after a partial free of dualtree memory, the first one that was freed: KASAN must
 * report it, and nothing before it. What is live on both sides, in the same granules, may be
 * touched.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/module.h>
#include <dualtree/dualtree.h>

#define SIZE	1000
#define FROM	300
#define TO	700

static noinline void selfcheck_touch_live(char *ptr)
{
	int i;

	for (i = 0; i < SIZE; i++)
		if (i < FROM || i >= TO)
			WRITE_ONCE(ptr[i], 1);
}

static noinline void selfcheck_touch_freed(char *ptr)
{
	READ_ONCE(ptr[FROM]);
}

static void selfcheck_part_uaf_case(struct kunit *test)
{
	struct dualtree *dt = dualtree_create("part_uaf", NULL);
	char *ptr;

	KUNIT_ASSERT_FALSE(test, IS_ERR(dt));
	ptr = dualtree_alloc(dt, SIZE, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, ptr);
	if (ptr) {
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + FROM, TO - FROM), 0);
		selfcheck_touch_live(ptr);
		selfcheck_touch_freed(ptr);
	}
	dualtree_destroy(dt);
}

static struct kunit_case selfcheck_part_uaf_cases[] = {
	KUNIT_CASE(selfcheck_part_uaf_case),
	{}
};

static struct kunit_suite selfcheck_part_uaf_suite = {
	.name = "selfcheck_part_uaf",
	.test_cases = selfcheck_part_uaf_cases,
};

kunit_test_suite(selfcheck_part_uaf_suite);

MODULE_DESCRIPTION("Self-check of the test harness: a use after a partial free");
MODULE_LICENSE("GPL");
