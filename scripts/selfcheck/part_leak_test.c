// SPDX-License-Identifier: GPL-2.0
/*
 * Pieces of dualtree memory that nothing points to, their fronts freed before: kmemleak must
 * find them while their instance is there, and each as what is left of it.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/module.h>
#include <dualtree/dualtree.h>

/*
 * 79 granules of 64 bytes, of which the free of the front takes 31: what is left has a size,
 * 3072, that no allocation of the kernel has.
 */
#define SIZE	5000
#define FRONT	2000

static struct dualtree *selfcheck_instance;

static noinline void selfcheck_lose_piece(struct kunit *test)
{
	void *object = dualtree_alloc(selfcheck_instance, SIZE, GFP_KERNEL);

	KUNIT_EXPECT_NOT_NULL(test, object);
	KUNIT_EXPECT_EQ(test, dualtree_free(selfcheck_instance, object, FRONT), 0);
	OPTIMIZER_HIDE_VAR(object);
}

static void selfcheck_part_leak_case(struct kunit *test)
{
	int i;

	selfcheck_instance = dualtree_create("part_leak", NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(selfcheck_instance));
	/* Many: one could still be found in a stale stack slot. */
	for (i = 0; i < 16; i++)
		selfcheck_lose_piece(test);
}

static struct kunit_case selfcheck_part_leak_cases[] = {
	KUNIT_CASE(selfcheck_part_leak_case),
	{}
};

static struct kunit_suite selfcheck_part_leak_suite = {
	.name = "selfcheck_part_leak",
	.test_cases = selfcheck_part_leak_cases,
};

kunit_test_suite(selfcheck_part_leak_suite);

/* Not by the suite: the harness looks for leaks between its end and this. */
static void __exit selfcheck_part_leak_exit(void)
{
	if (!IS_ERR(selfcheck_instance))
		dualtree_destroy(selfcheck_instance);
}
module_exit(selfcheck_part_leak_exit);

MODULE_DESCRIPTION("Self-check of the test harness: a leaked piece of dualtree memory");
MODULE_LICENSE("GPL");
