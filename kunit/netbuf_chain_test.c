// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers are filled, looked at and emptied: what is in them, what is live for it, and that
 * nothing is lost where memory runs out.
 */
#include <linux/bvec.h>
#include <linux/uio.h>
#include "fixtures/netbuf.h"

static void chain_empty(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf;
	size_t len = 1;

	dualtree_buf_init(&buf, dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), 0);
	KUNIT_EXPECT_NULL(test, dualtree_buf_first(&buf, &len));
	KUNIT_EXPECT_EQ(test, len, 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, 0), 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, 1), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&buf, 0), 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&buf, 1), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_append(&buf, NULL, 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_find(&buf, 0, 0), -ENODATA);
	dualtree_buf_purge(&buf);
	dt_buf_finish(test, &buf);
}

/* A reservation is committed once: all of it, part of it, or none. */
static void chain_reserve(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf;
	u8 *room;

	dualtree_buf_init(&buf, dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 0), -EINVAL);
	KUNIT_EXPECT_NULL(test, dualtree_buf_reserve(&buf, 0, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dualtree_buf_reserve(&buf, dualtree_max_size(dt) + 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);

	room = dualtree_buf_reserve(&buf, 16384, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, room);
	KUNIT_EXPECT_NULL(test, dualtree_buf_reserve(&buf, 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), 0);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 16384 + RECORD);
	dt_fill(room, 0, 1400);
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 16385), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 1400), 0);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 1400 + RECORD);
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 0), -EINVAL);

	KUNIT_ASSERT_NOT_NULL(test, dualtree_buf_reserve(&buf, 100, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 0), 0);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 1400 + RECORD);
	dt_buf_expect(test, &buf, 0, 1400);

	KUNIT_ASSERT_NOT_NULL(test, dualtree_buf_reserve(&buf, 100, GFP_KERNEL));
	dt_buf_finish(test, &buf);
}

static void chain_append(struct kunit *test)
{
	static const size_t sizes[] = { 1, 63, 64, 100, 65536, 65537, 300000 };
	struct dualtree *dt = test_instance(test);
	u8 *bytes = dt_test_zalloc(test, 400000);
	struct dualtree_buf buf;
	size_t i, sum = 0;

	dualtree_buf_init(&buf, dt);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		dt_fill(bytes, sum, sizes[i]);
		KUNIT_ASSERT_EQ(test, dualtree_buf_append(&buf, bytes, sizes[i], GFP_KERNEL), 0);
		sum += sizes[i];
		dt_buf_expect(test, &buf, 0, sum);
	}
	dt_buf_finish(test, &buf);
}

static void chain_prepend(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf;
	u8 *header;

	dualtree_buf_init(&buf, dt);
	KUNIT_EXPECT_NULL(test, dualtree_buf_prepend(&buf, 0, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dualtree_buf_prepend(&buf, dualtree_max_size(dt) + 1, GFP_KERNEL));
	dt_buf_append(test, &buf, 11, 100);
	header = dualtree_buf_prepend(&buf, 11, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, header);
	dt_fill(header, 0, 11);
	dt_buf_expect(test, &buf, 0, 111);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 111 + 2 * RECORD);
	dt_buf_finish(test, &buf);
}

/* A copy of few bytes lies in the granule of its record: one allocation, and two frees. */
static void chain_append_short(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	size_t room = dualtree_granule() - RECORD, len;
	struct dualtree_buf buf;
	u8 bytes[100], *ptr;
	u64 allocs;

	dt_fill(bytes, 0, sizeof(bytes));
	dualtree_buf_init(&buf, dt);
	for (len = 1; len <= room + 1; len++) {
		allocs = stats_of(dt).allocs;
		KUNIT_ASSERT_EQ(test, dualtree_buf_append(&buf, bytes, len, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, stats_of(dt).allocs - allocs, len <= room ? 1 : 2);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), len + RECORD);
		dt_buf_expect(test, &buf, 0, len);
		/* The bytes outlive the record. */
		ptr = dualtree_buf_detach(&buf, len, GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR(ptr));
		KUNIT_EXPECT_EQ(test, live_bytes(dt), len);
		KUNIT_EXPECT_TRUE(test, dt_filled(ptr, 0, len));
		KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, len), 0);
	}
	dt_expect_clean(test, dt);
}

/* A range that its owner hands over: from then on it is freed as it is read. */
static void chain_adopt(struct kunit *test)
{
	struct dualtree *dt = test_instance(test), *other = test_instance(test);
	u8 *ptr = dualtree_alloc(dt, 1000, GFP_KERNEL);
	u8 *foreign = dualtree_alloc(other, 1000, GFP_KERNEL);
	struct dualtree_buf buf;

	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_ASSERT_NOT_NULL(test, foreign);
	dt_fill(ptr, 0, 1000);
	dualtree_buf_init(&buf, dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_adopt(&buf, foreign, 1000, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_adopt(&buf, ptr, 0, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_adopt(&buf, ptr + 70, 500, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 70), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + 570, 430), 0);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), 500 + RECORD);
	dt_buf_expect(test, &buf, 70, 500);
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, 500), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(other, foreign, 1000), 0);
	dt_expect_clean(test, dt);
	dt_expect_drained(test, other);
}

/* On OOM each call leaves the buffer as it was, and leaks nothing. */
static void chain_no_memory(struct kunit *test)
{
	struct dualtree *dt = dt_test_one_region(test);
	u8 *bytes = dt_test_zalloc(test, SZ_64K), *ptr;
	struct dualtree_buf buf;
	struct memory_hog *hog;
	unsigned int left;
	size_t live;

	dualtree_buf_init(&buf, dt);
	dt_buf_append(test, &buf, 0, 100);
	ptr = dualtree_alloc(dt, 64, GFP_KERNEL);
	for (left = 0; left < 2; left++) {
		hog = dt_hog_memory(test, dt, left);
		live = live_bytes(dt);
		KUNIT_EXPECT_NULL(test, dualtree_buf_reserve(&buf, 10, GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, dualtree_buf_prepend(&buf, 10, GFP_KERNEL));
		/* More than a granule has with the record. */
		KUNIT_EXPECT_EQ(test, dualtree_buf_append(&buf, bytes, 100, GFP_KERNEL), -ENOMEM);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), live);
		if (!left)
			KUNIT_EXPECT_EQ(test, dualtree_buf_adopt(&buf, ptr, 64, GFP_KERNEL),
					-ENOMEM);
		dt_buf_expect(test, &buf, 0, 100);
		dt_unhog_memory(dt, hog);
	}
	/* Ranges that the call has allocated already are freed. */
	live = live_bytes(dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_append(&buf, bytes, SZ_64K, GFP_KERNEL), -ENOMEM);
	KUNIT_EXPECT_EQ(test, live_bytes(dt), live);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 64), 0);
	dt_buf_expect(test, &buf, 0, 100);
	dt_buf_finish(test, &buf);
}

/* Each byte is free as soon as it has been consumed. */
static void chain_skip(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf;
	size_t done, step = 1, first;

	dualtree_buf_init(&buf, dt);
	dt_buf_append(test, &buf, 0, 6000);
	for (done = 0; done + step < 6000; done += step, step = step % 97 + 13) {
		const u8 *at;

		KUNIT_ASSERT_EQ(test, dualtree_buf_skip(&buf, step), 0);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 6000 - done - step + RECORD);
		at = dualtree_buf_first(&buf, &first);
		KUNIT_EXPECT_EQ(test, first, 6000 - done - step);
		KUNIT_EXPECT_TRUE(test, dt_filled(at, done + step, first));
	}
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, buf.len + 1), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, buf.len), 0);
	dt_expect_clean(test, dt);
}

/* At every byte, from both ends. */
static void chain_trim(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf;
	size_t keep, skip;

	dualtree_buf_init(&buf, dt);
	for (keep = 0; keep <= 330; keep++) {
		skip = keep / 2;
		dt_buf_append_ranges(test, &buf, 0, 330);
		KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&buf, 331), -ENODATA);
		KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&buf, keep), 0);
		dt_buf_expect(test, &buf, 0, keep);
		KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, skip), 0);
		dt_buf_expect(test, &buf, skip, keep - skip);
		KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&buf, 0), 0);
		KUNIT_EXPECT_EQ(test, live_bytes(dt), 0);
	}
	dt_expect_drained(test, dt);
}

/* The views have the same bytes and ranges as the buffer. */
static void chain_views(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	u8 *bytes = dt_test_zalloc(test, 20000);
	struct dualtree_buf buf;
	struct bio_vec bvecs[16];
	struct kvec kvecs[16];
	struct iov_iter iter;
	size_t len, sum;
	int i, nr;

	dualtree_buf_init(&buf, dt);
	dt_buf_append_ranges(test, &buf, 0, 15000);
	for (len = 0; len <= 15000; len += 1 + len / 3) {
		nr = dualtree_buf_kvecs(&buf, len, kvecs, ARRAY_SIZE(kvecs));
		KUNIT_ASSERT_LE(test, nr, (int)ARRAY_SIZE(kvecs));
		for (i = 0, sum = 0; i < nr; sum += kvecs[i++].iov_len)
			KUNIT_EXPECT_TRUE(test,
					  dt_filled(kvecs[i].iov_base, sum, kvecs[i].iov_len));
		KUNIT_EXPECT_EQ(test, sum, len);
		KUNIT_EXPECT_EQ(test, dualtree_buf_bvecs(&buf, len, bvecs, ARRAY_SIZE(bvecs)), nr);
		for (i = 0, sum = 0; i < nr; sum += bvecs[i++].bv_len)
			KUNIT_EXPECT_TRUE(test, dt_filled(page_address(bvecs[i].bv_page) +
							  bvecs[i].bv_offset,
							  sum, bvecs[i].bv_len));
		KUNIT_EXPECT_EQ(test, sum, len);
		KUNIT_ASSERT_EQ(test, dualtree_buf_iter(&buf, len, bvecs, ARRAY_SIZE(bvecs),
							&iter), 0);
		KUNIT_EXPECT_EQ(test, copy_from_iter(bytes, 20000, &iter), len);
		KUNIT_EXPECT_TRUE(test, dt_filled(bytes, 0, len));
		KUNIT_EXPECT_EQ(test, dualtree_buf_kvecs(&buf, len, NULL, 0), nr);
		if (nr)
			KUNIT_EXPECT_EQ(test, dualtree_buf_iter(&buf, len, bvecs, nr - 1, &iter),
					-ENOSPC);
	}
	KUNIT_EXPECT_EQ(test, dualtree_buf_kvecs(&buf, 15001, NULL, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_bvecs(&buf, 15001, NULL, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_iter(&buf, 15001, bvecs, 16, &iter), -ENODATA);
	dt_buf_expect(test, &buf, 0, 15000);
	dt_buf_finish(test, &buf);
}

/* Destroying the instance frees the buffers' memory. */
static void chain_left_at_destroy(struct kunit *test)
{
	struct dualtree *dt = test_instance(test);
	struct dualtree_buf buf, clone;

	dualtree_buf_init(&buf, dt);
	dualtree_buf_init(&clone, dt);
	dt_buf_append_ranges(test, &buf, 0, 30000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 20000, &clone, GFP_KERNEL), 0);
	dt_test_instance_destroy(test, dt);
}

static struct kunit_case netbuf_chain_cases[] = {
	KUNIT_CASE(chain_empty),
	KUNIT_CASE(chain_reserve),
	KUNIT_CASE(chain_append),
	KUNIT_CASE(chain_append_short),
	KUNIT_CASE(chain_prepend),
	KUNIT_CASE(chain_adopt),
	KUNIT_CASE(chain_no_memory),
	KUNIT_CASE(chain_skip),
	KUNIT_CASE(chain_trim),
	KUNIT_CASE(chain_views),
	KUNIT_CASE(chain_left_at_destroy),
	{}
};

DUALTREE_SUITE(netbuf_chain, "how buffers are filled, looked at and emptied");
