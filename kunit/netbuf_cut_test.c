// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers are split, spliced, cloned and made contiguous: the bytes stay where they are, each
 * buffer has its own ranges, and ranges that no buffer has any more are free.
 */
#include "fixtures/netbuf.h"

#define SHARE	sizeof(struct dt_segment_share)

/* At every byte of ranges whose granules the cut goes through. */
static void cut_split(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf, front;
	size_t at, live;

	dualtree_buf_init(&buf, dt);
	dualtree_buf_init(&front, dt);
	for (at = 0; at <= 500; at++) {
		dt_buf_append_ranges(test, &buf, 0, 500);
		live = live_bytes(dt);
		KUNIT_EXPECT_EQ(test, dualtree_buf_split(&buf, at, &front, GFP_KERNEL), 0);
		KUNIT_EXPECT_LE(test, live_bytes(dt), live + RECORD);
		dt_buf_expect(test, &front, 0, at);
		dt_buf_expect(test, &buf, at, 500 - at);
		/* Either may be the first to go. */
		if (at % 2) {
			dualtree_buf_purge(&front);
			dt_buf_expect(test, &buf, at, 500 - at);
			dualtree_buf_purge(&buf);
		} else {
			dualtree_buf_purge(&buf);
			dt_buf_expect(test, &front, 0, at);
			dualtree_buf_purge(&front);
		}
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
	}
	dt_expect_clean(test, dt);
}

/* What is split off is appended to what is there, and the bytes are where they were. */
static void cut_in_place(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf, front;
	const void *first;
	size_t len;

	dualtree_buf_init(&buf, dt);
	dualtree_buf_init(&front, dt);
	dt_buf_append(test, &buf, 0, 10000);
	first = dualtree_buf_first(&buf, &len);
	KUNIT_EXPECT_EQ(test, dualtree_buf_split(&buf, 11, &front, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_split(&buf, 3000, &front, GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, dualtree_buf_first(&buf, &len), first + 3011);
	KUNIT_EXPECT_PTR_EQ(test, dualtree_buf_first(&front, &len), first);
	dt_buf_expect(test, &front, 0, 3011);
	dt_buf_expect(test, &buf, 3011, 6989);
	KUNIT_EXPECT_EQ(test, dualtree_buf_splice(&front, &buf), 0);
	dt_buf_expect(test, &front, 0, 10000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), 0);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 10000 + 3 * RECORD);
	dualtree_buf_purge(&front);
	dt_expect_drained(test, dt);
}

static void cut_refused(struct kunit *test)
{
	struct dualtree *dt = test_instance(test), *foreign = test_instance(test);
	struct dualtree_buf buf, to, other;

	dualtree_buf_init(&buf, dt);
	dualtree_buf_init(&to, dt);
	dualtree_buf_init(&other, foreign);
	dt_buf_append(test, &buf, 0, 100);
	KUNIT_EXPECT_EQ(test, dualtree_buf_split(&buf, 101, &to, GFP_KERNEL), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_split(&buf, 10, &buf, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_split(&buf, 10, &other, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 101, &to, GFP_KERNEL), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 10, &buf, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_splice(&buf, &buf), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_splice(&other, &buf), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_buf_linearize(&buf, 0, GFP_KERNEL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_buf_linearize(&buf, 101, GFP_KERNEL)), -ENODATA);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_buf_linearize(&buf, SIZE_MAX, GFP_KERNEL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_buf_detach(&buf, 0, GFP_KERNEL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_buf_detach(&buf, 101, GFP_KERNEL)), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_split(&buf, 0, &to, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 0, &to, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&to), 0);
	dt_buf_expect(test, &buf, 0, 100);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 100 + RECORD);
	dt_buf_finish(test, &buf);
	dt_expect_drained(test, foreign);
}

/* Three holders of a range: it is there until the last has consumed it, in any order. */
static void cut_clone(struct kunit *test)
{
	static const u8 orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf bufs[3];
	size_t i, n, o;

	for (o = 0; o < ARRAY_SIZE(orders); o++) {
		for (i = 0; i < 3; i++)
			dualtree_buf_init(&bufs[i], dt);
		dt_buf_append(test, &bufs[0], 0, 5000);
		KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&bufs[0], 5000, &bufs[1], GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&bufs[1], 5000, &bufs[2], GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 5000 + 3 * RECORD + SHARE);
		for (n = 0; n < 3; n++) {
			struct dualtree_buf *buf = &bufs[orders[o][n]];

			KUNIT_EXPECT_EQ(test, dualtree_buf_skip(buf, 1000), 0);
			for (i = n; i < 3; i++)
				dt_buf_expect(test, &bufs[orders[o][i]], i == n ? 1000 : 0,
					      i == n ? 4000 : 5000);
			/* The last one is an owner again: what it has consumed is free. */
			KUNIT_EXPECT_EQ(test, live_bytes(dt),
					n == 2 ? 4000 + RECORD : 5000 + (3 - n) * RECORD + SHARE);
			KUNIT_EXPECT_EQ(test, dualtree_buf_skip(buf, 4000), 0);
		}
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
	}
	dt_expect_clean(test, dt);
}

/* A clone of the front owns the front alone, once it is the last holder. */
static void cut_clone_part(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf, clone, part;

	dualtree_buf_init(&buf, dt);
	dualtree_buf_init(&clone, dt);
	dualtree_buf_init(&part, dt);
	dt_buf_append(test, &buf, 0, 3000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 1001, &clone, GFP_KERNEL), 0);
	dt_buf_expect(test, &clone, 0, 1001);
	KUNIT_EXPECT_EQ(test, dualtree_buf_split(&clone, 70, &part, GFP_KERNEL), 0);
	dt_buf_expect(test, &part, 0, 70);
	dt_buf_expect(test, &clone, 70, 931);
	dualtree_buf_purge(&buf);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 3000 + 2 * RECORD + SHARE);
	dualtree_buf_purge(&part);
	dt_buf_expect(test, &clone, 70, 931);
	/* Trimming finds out as well. */
	KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&clone, 900), 0);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 900 + RECORD);
	dt_buf_expect(test, &clone, 70, 900);
	dualtree_buf_purge(&clone);
	dt_expect_clean(test, dt);
}

/*
 * A view of another instance: its record is there, and the bytes stay where they are until it is
 * gone. It never owns them, also as the last one.
 */
static void cut_clone_other_instance(struct kunit *test)
{
	struct dualtree *dt = test_instance(test), *other = test_instance(test);
	struct dualtree_buf buf, clone, again;
	unsigned int last;

	for (last = 0; last < 2; last++) {
		dualtree_buf_init(&buf, dt);
		dualtree_buf_init(&clone, other);
		dualtree_buf_init(&again, dt);
		dt_buf_append(test, &buf, 0, 3000);
		KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 1001, &clone, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 3000 + RECORD + SHARE);
		KUNIT_EXPECT_EQ(test, live_bytes(other), RECORD);
		/* And back. */
		KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&clone, 500, &again, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 3000 + 2 * RECORD + SHARE);
		dualtree_buf_purge(&buf);
		dualtree_buf_purge(last ? &clone : &again);
		if (last) {
			/* One of its own instance does. */
			KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&again, 100), 0);
			KUNIT_EXPECT_EQ(test, live_bytes(dt), 400 + RECORD);
			dt_buf_expect(test, &again, 100, 400);
			dualtree_buf_purge(&again);
			continue;
		}
		KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&clone, 100), 0);
		KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&clone, 800), 0);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 3000 + SHARE);
		dt_buf_expect(test, &clone, 100, 800);
		/* A copy is its own. */
		KUNIT_EXPECT_EQ(test, dualtree_buf_unshare(&clone, 800, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
		KUNIT_EXPECT_EQ(test, live_bytes(other), 800 + RECORD);
		dt_buf_expect(test, &clone, 100, 800);
		dualtree_buf_purge(&clone);
	}
	dt_expect_clean(test, dt);
	dt_expect_clean(test, other);
}

static void cut_linearise(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf;
	const u8 *first;
	size_t len, there;

	dualtree_buf_init(&buf, dt);
	for (len = 1; len <= 400; len += 3) {
		dt_buf_append_ranges(test, &buf, 0, 400);
		first = dualtree_buf_linearize(&buf, len, GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(first));
		KUNIT_EXPECT_PTR_EQ(test, first, dualtree_buf_first(&buf, &there));
		KUNIT_EXPECT_GE(test, there, len);
		KUNIT_EXPECT_TRUE(test, dt_filled(first, 0, len));
		KUNIT_EXPECT_PTR_EQ(test, dualtree_buf_linearize(&buf, len, GFP_KERNEL), first);
		dt_buf_expect(test, &buf, 0, 400);
		dualtree_buf_purge(&buf);
	}
	dt_expect_drained(test, dt);
}

/* The caller owns what it pulls, shared or not, contiguous or not. */
static void cut_pull(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf, clone;
	const void *first;
	size_t len, there;
	u8 *mine;

	dualtree_buf_init(&buf, dt);
	dualtree_buf_init(&clone, dt);
	for (len = 1; len <= 400; len += 7) {
		dt_buf_append_ranges(test, &buf, 0, 400);
		if (len % 2)
			KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 300, &clone, GFP_KERNEL), 0);
		first = dualtree_buf_first(&buf, &there);
		mine = dualtree_buf_detach(&buf, len, GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(mine));
		KUNIT_EXPECT_EQ(test, mine == first, there >= len && !(len % 2));
		KUNIT_EXPECT_TRUE(test, dt_filled(mine, 0, len));
		memset(mine, 0, len);
		dt_buf_expect(test, &buf, len, 400 - len);
		dt_buf_expect(test, &clone, 0, len % 2 ? 300 : 0);
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, mine, len), 0);
		dualtree_buf_purge(&buf);
		dualtree_buf_purge(&clone);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
	}
	dt_expect_clean(test, dt);
}

/* Each allocation of each call fails once: all buffers are as they were. */
static void cut_no_memory(struct kunit *test)
{
	struct dualtree *dt = dt_test_one_region(test);
	struct dualtree_buf buf, to;
	struct memory_hog *hog;
	unsigned int left;

	dualtree_buf_init(&buf, dt);
	dualtree_buf_init(&to, dt);
	dt_buf_append_ranges(test, &buf, 0, 1000);
	dt_buf_append(test, &to, 0, 10);
	/* Six ranges take a view each, and a share each: eleven are not enough. */
	for (left = 0; left < 12; left++) {
		hog = dt_hog_memory(test, dt, left);
		KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 1000, &to, GFP_KERNEL), -ENOMEM);
		if (!left) {
			KUNIT_EXPECT_EQ(test, dualtree_buf_split(&buf, 200, &to, GFP_KERNEL),
					-ENOMEM);
			KUNIT_EXPECT_EQ(test, dualtree_buf_split(&buf, 193, &to, GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, dualtree_buf_splice(&to, &buf), 0);
			KUNIT_EXPECT_EQ(test, dualtree_buf_split(&to, 10, &buf, GFP_KERNEL), 0);
			KUNIT_EXPECT_EQ(test, dualtree_buf_splice(&to, &buf), 0);
			KUNIT_EXPECT_EQ(test, dualtree_buf_split(&to, 1000, &buf, GFP_KERNEL), 0);
		}
		if (left < 2) {
			KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_buf_linearize(&buf, 2, GFP_KERNEL)),
					-ENOMEM);
			KUNIT_EXPECT_EQ(test, PTR_ERR(dualtree_buf_detach(&buf, 2, GFP_KERNEL)),
					-ENOMEM);
		}
		dt_buf_expect(test, &buf, 0, 1000);
		dt_buf_expect(test, &to, 0, 10);
		dt_unhog_memory(dt, hog);
		/* A failed clone may leave shares of one: they are gone with the next byte. */
		dualtree_buf_purge(&buf);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 10 + RECORD);
		dt_buf_append_ranges(test, &buf, 0, 1000);
	}
	hog = dt_hog_memory(test, dt, 12);
	KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 1000, &to, GFP_KERNEL), 0);
	dt_unhog_memory(dt, hog);
	dualtree_buf_purge(&buf);
	dualtree_buf_purge(&to);
	dt_expect_drained(test, dt);
}

static struct kunit_case netbuf_cut_cases[] = {
	KUNIT_CASE(cut_split),
	KUNIT_CASE(cut_in_place),
	KUNIT_CASE(cut_refused),
	KUNIT_CASE(cut_clone),
	KUNIT_CASE(cut_clone_part),
	KUNIT_CASE(cut_clone_other_instance),
	KUNIT_CASE(cut_linearise),
	KUNIT_CASE(cut_pull),
	KUNIT_CASE(cut_no_memory),
	{}
};

DUALTREE_SUITE(netbuf_cut, "splitting, splicing and cloning buffers");
