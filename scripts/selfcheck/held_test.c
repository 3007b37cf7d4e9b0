// SPDX-License-Identifier: GPL-2.0
/*
 * Objects whose only pointers lie in dualtree memory, in what partial frees have left of it:
 * they are not lost, and the run must be good. The harness looks for leaks while the module
 * and its instance are there.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <dualtree/dualtree.h>

#define NR	16

/**
 * struct selfcheck_holder - lies in dualtree memory
 * @front: freed at once
 * @objects: the only pointers to them
 * @middle: freed at once
 * @last: the only pointer to one more
 * @tail: freed at once
 */
struct selfcheck_holder {
	char front[1000];
	void *objects[NR];
	char middle[1000];
	void *last;
	char tail[1000];
};

static struct dualtree *selfcheck_instance;

/* Into what is left of the holder: where it began nothing is allocated any more. */
static void **selfcheck_objects;
static void **selfcheck_last;

static noinline void selfcheck_hold(struct kunit *test)
{
	struct dualtree *dt = selfcheck_instance;
	struct selfcheck_holder *holder = dualtree_alloc(dt, sizeof(*holder), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, holder);
	selfcheck_objects = holder->objects;
	selfcheck_last = &holder->last;
	for (i = 0; i < NR; i++)
		holder->objects[i] = kmalloc(4000, GFP_KERNEL);
	holder->last = kmalloc(4000, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, holder->middle, sizeof(holder->middle)), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, holder->front, sizeof(holder->front)), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, holder->tail, sizeof(holder->tail)), 0);
}

static void selfcheck_held_case(struct kunit *test)
{
	selfcheck_instance = dualtree_create("held", NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(selfcheck_instance));
	selfcheck_hold(test);
}

static struct kunit_case selfcheck_held_cases[] = {
	KUNIT_CASE(selfcheck_held_case),
	{}
};

static struct kunit_suite selfcheck_held_suite = {
	.name = "selfcheck_held",
	.test_cases = selfcheck_held_cases,
};

kunit_test_suite(selfcheck_held_suite);

/* Not by the suite: the harness looks for leaks between its end and this. */
static void __exit selfcheck_held_exit(void)
{
	int i;

	for (i = 0; selfcheck_objects && i < NR; i++)
		kfree(selfcheck_objects[i]);
	if (selfcheck_last)
		kfree(*selfcheck_last);
	if (!IS_ERR(selfcheck_instance))
		dualtree_destroy(selfcheck_instance);
}
module_exit(selfcheck_held_exit);

MODULE_DESCRIPTION("Self-check of the test harness: objects held by dualtree memory alone");
MODULE_LICENSE("GPL");
