// SPDX-License-Identifier: GPL-2.0
/* The files of instances in debugfs: which there are, and what they say. */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/seq_file.h>
#include "../dualtree/debugfs.h"
#include "../dualtree/section.h"
#include "fixtures/files.h"
#include "fixtures/instance.h"

/* Is there such a file of that instance? */
static bool file_exists(const char *dir, const char *name)
{
	struct dentry *parent = dt_debugfs_find("dualtree", dir), *file;

	if (!parent)
		return false;
	file = debugfs_lookup(name, parent);
	dput(parent);
	if (IS_ERR_OR_NULL(file))
		return false;
	dput(file);
	return true;
}

static bool dir_exists(const char *name)
{
	struct dentry *dir = dt_debugfs_find("dualtree", name);

	dput(dir);
	return dir;
}

/* Files are there if they are asked for, under names that are apart, and go with the instance. */
static void tracing_debugfs(struct kunit *test)
{
	struct dualtree *dt, *twin;

	if (!dir_exists("pools"))
		kunit_skip(test, "there is no debugfs");
	dt = test_instance(test);
	KUNIT_EXPECT_NOT_NULL(test, dualtree_alloc(dt, 100, GFP_KERNEL));
	KUNIT_EXPECT_TRUE(test, dir_exists("instances"));
	KUNIT_EXPECT_FALSE(test, dir_exists(test->name));
	dt_debugfs_set_dirs(true);
	KUNIT_EXPECT_TRUE(test, file_exists(test->name, "stats"));
	KUNIT_EXPECT_TRUE(test, file_exists(test->name, "heaps"));
	KUNIT_EXPECT_TRUE(test, file_exists(test->name, "map"));
	twin = test_instance(test);
	KUNIT_EXPECT_TRUE(test, !IS_ERR_OR_NULL(twin->dir));
	KUNIT_EXPECT_TRUE(test, twin->dir != dt->dir);
	dt_debugfs_set_dirs(false);
	KUNIT_EXPECT_TRUE(test, file_exists(test->name, "stats"));
	dt_test_instance_destroy(test, dt);
	KUNIT_EXPECT_FALSE(test, file_exists(test->name, "stats"));
	dt = test_instance(test);
	KUNIT_EXPECT_NULL(test, dt->dir);
}

/* Read the list of instances as a string. */
static void read_instances(struct kunit *test, char *buffer, size_t size)
{
	struct seq_file m = { .buf = buffer, .size = size };

	dt_debugfs_list(&m);
	KUNIT_ASSERT_GT(test, m.count, 0);
	KUNIT_ASSERT_LT(test, m.count, size);
	buffer[m.count] = 0;
}

/* All instances are listed without being asked for, those that hold most first. */
static void tracing_debugfs_list(struct kunit *test)
{
	static const size_t held[] = { SZ_64K, SZ_1M, SZ_256K, 0 };
	static const char * const names[] = { "list_64k", "list_1m", "list_256k", "list_none" };
	struct dualtree *dts[ARRAY_SIZE(held)];
	char *list, *at[ARRAY_SIZE(held)], line[128];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(held); i++) {
		dts[i] = dualtree_create(names[i], NULL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(dts[i]));
		if (held[i])
			KUNIT_EXPECT_NOT_NULL(test, dualtree_alloc(dts[i], held[i], GFP_KERNEL));
	}
	list = dt_test_zalloc(test, SZ_64K);
	read_instances(test, list, SZ_64K);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		snprintf(line, sizeof(line), "%10zu %10zu %10u %10u %10u %7zu %7u 0 0 %s\n",
			 held[i], held[i], 0, 0, 0, stats_of(dts[i]).record_bytes,
			 held[i] ? 1 : 0, names[i]);
		at[i] = strstr(list, line);
		KUNIT_EXPECT_NOT_NULL_MSG(test, at[i], "no line \"%s\" in\n%s", line, list);
	}
	KUNIT_EXPECT_TRUE(test, at[1] < at[2] && at[2] < at[0] && at[0] < at[3]);
	for (i = 0; i < ARRAY_SIZE(held); i++)
		dualtree_destroy(dts[i]);
	read_instances(test, list, SZ_64K);
	for (i = 0; i < ARRAY_SIZE(held); i++)
		KUNIT_EXPECT_NULL(test, strstr(list, names[i]));
}

/* A line for each CPU's heap and for the shared one, and what another CPU freed is on its way. */
static void tracing_debugfs_heaps(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), there = dt_other_cpu(test, here);
	char text[1024], line[32];
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };
	struct dualtree *dt = test_instance(test);
	void *ptr = dt_must_alloc(test, dt, SZ_32K);

	KUNIT_EXPECT_EQ(test, dt_free_on(there, dt, ptr, SZ_32K), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).in_flight_bytes, SZ_32K);
	dt_debugfs_heaps(&m, dt);
	text[m.count] = 0;
	snprintf(line, sizeof(line), "cpu %-3d %10zu", here, stats_of(dt).held_bytes);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, line), "no \"%s\" in\n%s", line, text);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "waiting\nshared"));
	/* The heap takes it, and keeps the region as its spare. */
	KUNIT_EXPECT_TRUE(test, alloc_and_free(dt, 100, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, stats_of(dt).in_flight_bytes, 0);
	dualtree_shrink(dt);
	KUNIT_EXPECT_EQ(test, stats_of(dt).spare_bytes, 0);
}

/* Whatever the names are, each instance has a directory of its own. */
static void tracing_debugfs_names(struct kunit *test)
{
	static char longer[301] = { [0 ... 299] = 'x' };
	static const char * const names[] = {
		"cam.1", "cam", "cam", "cam", ".", "..", "..", "a/b", "a!b", "pools", longer,
		longer,
	};
	struct dualtree *dts[ARRAY_SIZE(names)];
	unsigned int i, j;

	if (!dir_exists("pools"))
		kunit_skip(test, "there is no debugfs");
	dt_debugfs_set_dirs(true);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		dts[i] = dualtree_create(names[i], NULL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(dts[i]));
		KUNIT_EXPECT_FALSE_MSG(test, IS_ERR_OR_NULL(dts[i]->dir), "name %u", i);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_PTR_NE(test, dts[i]->dir, dts[j]->dir);
	}
	KUNIT_EXPECT_TRUE(test, file_exists("cam.1", "stats"));
	KUNIT_EXPECT_TRUE(test, file_exists("cam", "stats"));
	KUNIT_EXPECT_TRUE(test, file_exists("!.", "stats"));
	KUNIT_EXPECT_TRUE(test, file_exists("a!b", "stats"));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		dualtree_destroy(dts[i]);
}

static void debugfs_exit(struct kunit *test)
{
	dt_debugfs_set_dirs(false);
}

static struct kunit_case debugfs_cases[] = {
	KUNIT_CASE(tracing_debugfs),
	KUNIT_CASE(tracing_debugfs_list),
	KUNIT_CASE(tracing_debugfs_heaps),
	KUNIT_CASE(tracing_debugfs_names),
	{}
};

DUALTREE_SUITE(debugfs, "files in debugfs", .exit = debugfs_exit);
