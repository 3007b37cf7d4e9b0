// SPDX-License-Identifier: GPL-2.0
/*
 * When a built-in dualtree can be used: the calls are made while the kernel boots, and their
 * results are checked when the suites run. A module is set up before it can be called, and skips
 * the cases of booting.
 */
#include <linux/err.h>
#include <linux/init.h>
#include "../buddy/pool.h"
#include "fixtures/instance.h"

/**
 * struct trial - what came of using dualtree at some time
 * @made: it was tried
 * @create: what dualtree_create() said
 * @pool_create: what buddy_pool_create() said
 * @used: memory was allocated, freed in part and freed, and all of it went back
 */
struct trial {
	bool made;
	long create;
	long pool_create;
	bool used;
};

static struct trial before_setup;
static struct trial at_subsys;

static bool use_instance(struct dualtree *dt)
{
	u8 *ptr = dualtree_alloc(dt, SZ_16K, GFP_KERNEL);
	bool ok = ptr;

	if (!ptr)
		return false;
	memset(ptr, 1, SZ_16K);
	ok &= !dualtree_trim(dt, ptr, SZ_16K, 1400);
	ok &= !dualtree_free(dt, ptr, 54);
	ok &= all_bytes(ptr + 54, 1, 1400 - 54);
	ok &= !dualtree_free(dt, ptr + 54, 1400 - 54);
	dualtree_shrink(dt);
	return ok && !stats_of(dt).held_bytes;
}

static void trial_make(struct trial *trial)
{
	struct buddy_pool *pool = buddy_pool_create("trial", NULL);
	struct dualtree *dt = dualtree_create("trial", NULL);

	trial->made = true;
	trial->pool_create = PTR_ERR_OR_ZERO(pool);
	trial->create = PTR_ERR_OR_ZERO(dt);
	if (!IS_ERR(dt)) {
		trial->used = use_instance(dt);
		dualtree_destroy(dt);
	}
	if (!IS_ERR(pool))
		buddy_pool_destroy(pool);
}

static int __init __maybe_unused try_before_setup(void)
{
	trial_make(&before_setup);
	return 0;
}

static int __init __maybe_unused try_at_subsys(void)
{
	trial_make(&at_subsys);
	return 0;
}

/* When a module is loaded, the kernel has booted. */
#ifndef MODULE
core_initcall(try_before_setup);
subsys_initcall(try_at_subsys);
#endif

/* Too early is an error, not a crash. */
static void boot_before_setup(struct kunit *test)
{
	if (!before_setup.made)
		kunit_skip(test, "needs the suite to be built in");
	KUNIT_EXPECT_EQ(test, before_setup.create, -ENODEV);
	KUNIT_EXPECT_EQ(test, before_setup.pool_create, -ENODEV);
}

static void boot_at_subsys(struct kunit *test)
{
	if (!at_subsys.made)
		kunit_skip(test, "needs the suite to be built in");
	KUNIT_EXPECT_EQ(test, at_subsys.create, 0);
	KUNIT_EXPECT_EQ(test, at_subsys.pool_create, 0);
	KUNIT_EXPECT_TRUE(test, at_subsys.used);
}

/* The same as before it is set up, where that has failed. Bad parameters are told all the same. */
static void boot_never_set_up(struct kunit *test)
{
	struct trial trial = {};

	buddy_set_ready(false);
	trial_make(&trial);
	KUNIT_EXPECT_TRUE(test, dualtree_create("", NULL) == ERR_PTR(-EINVAL));
	KUNIT_EXPECT_TRUE(test, buddy_pool_create("", NULL) == ERR_PTR(-EINVAL));
	buddy_set_ready(true);
	KUNIT_EXPECT_EQ(test, trial.create, -ENODEV);
	KUNIT_EXPECT_EQ(test, trial.pool_create, -ENODEV);
	trial_make(&trial);
	KUNIT_EXPECT_EQ(test, trial.create, 0);
	KUNIT_EXPECT_TRUE(test, trial.used);
}

static struct kunit_case boot_cases[] = {
	KUNIT_CASE(boot_before_setup),
	KUNIT_CASE(boot_at_subsys),
	KUNIT_CASE(boot_never_set_up),
	{}
};

DUALTREE_SUITE(boot, "when dualtree can be used");
