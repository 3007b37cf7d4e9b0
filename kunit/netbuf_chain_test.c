// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers are filled, looked at and emptied: what is in them, what is live for it, and that
 * nothing is lost where memory runs out.
 */
#include <linux/bvec.h>
#include <linux/module.h>
#include <linux/uio.h>
#include "../compat/compat.h"
#include "../netbuf/segment.h"
#include "netbuf_bed.h"

#define RECORD	sizeof(struct dualtree_segment)

static void chain_empty(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
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
	dualtree_buf_purge(&buf);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/* What is reserved is settled once: all of it, part of it, or none. */
static void chain_reserve(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_buf buf;
	u8 *room;

	dualtree_buf_init(&buf, dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 0), -EINVAL);
	KUNIT_EXPECT_NULL(test, dualtree_buf_reserve(&buf, 0, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dualtree_buf_reserve(&buf, dualtree_max_size(dt) + 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);

	room = dualtree_buf_reserve(&buf, 16384, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, room);
	KUNIT_EXPECT_NULL(test, dualtree_buf_reserve(&buf, 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&buf), 0);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 16384 + RECORD);
	bed_fill(room, 0, 1400);
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 16385), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 1400), 0);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 1400 + RECORD);
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 0), -EINVAL);

	KUNIT_ASSERT_NOT_NULL(test, dualtree_buf_reserve(&buf, 100, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, dualtree_buf_commit(&buf, 0), 0);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 1400 + RECORD);
	bed_expect(test, &buf, 0, 1400);

	KUNIT_ASSERT_NOT_NULL(test, dualtree_buf_reserve(&buf, 100, GFP_KERNEL));
	dualtree_buf_purge(&buf);
	expect_drained(test, dt);
}

static void chain_append(struct kunit *test)
{
	static const size_t sizes[] = { 1, 63, 64, 100, 65536, 65537, 300000 };
	struct dualtree *dt = bed_instance(test);
	u8 *bytes = kunit_kzalloc(test, 400000, GFP_KERNEL);
	struct dualtree_buf buf;
	size_t i, sum = 0;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	dualtree_buf_init(&buf, dt);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		bed_fill(bytes, sum, sizes[i]);
		KUNIT_ASSERT_EQ(test, dualtree_buf_append(&buf, bytes, sizes[i], GFP_KERNEL), 0);
		sum += sizes[i];
		bed_expect(test, &buf, 0, sum);
	}
	dualtree_buf_purge(&buf);
	expect_drained(test, dt);
}

static void chain_prepend(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_buf buf;
	u8 *header;

	dualtree_buf_init(&buf, dt);
	KUNIT_EXPECT_NULL(test, dualtree_buf_prepend(&buf, 0, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dualtree_buf_prepend(&buf, dualtree_max_size(dt) + 1, GFP_KERNEL));
	bed_append(test, &buf, 11, 100);
	header = dualtree_buf_prepend(&buf, 11, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, header);
	bed_fill(header, 0, 11);
	bed_expect(test, &buf, 0, 111);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 111 + 2 * RECORD);
	dualtree_buf_purge(&buf);
	expect_drained(test, dt);
}

/* A range that its owner hands over: from then on it is freed as it is read. */
static void chain_adopt(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test), *other = bed_instance(test);
	u8 *ptr = dualtree_alloc(dt, 1000, GFP_KERNEL);
	u8 *foreign = dualtree_alloc(other, 1000, GFP_KERNEL);
	struct dualtree_buf buf;

	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_ASSERT_NOT_NULL(test, foreign);
	bed_fill(ptr, 0, 1000);
	dualtree_buf_init(&buf, dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_adopt(&buf, foreign, 1000, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_adopt(&buf, ptr, 0, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_adopt(&buf, ptr + 70, 500, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 70), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + 570, 430), 0);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 500 + RECORD);
	bed_expect(test, &buf, 70, 500);
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, 500), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(other, foreign, 1000), 0);
	KUNIT_EXPECT_EQ(test, stats_of(dt).bad_frees, 0);
	expect_drained(test, dt);
	expect_drained(test, other);
}

/* Where memory runs out each of them leaves the buffer as it was, and nothing behind. */
static void chain_no_memory(struct kunit *test)
{
	struct dualtree *dt = bed_small(test);
	u8 *bytes = kunit_kzalloc(test, SZ_64K, GFP_KERNEL), *ptr;
	struct dualtree_buf buf;
	struct bed_hog *hog;
	unsigned int left;
	size_t live;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	dualtree_buf_init(&buf, dt);
	bed_append(test, &buf, 0, 100);
	ptr = dualtree_alloc(dt, 64, GFP_KERNEL);
	for (left = 0; left < 2; left++) {
		hog = bed_starve(test, dt, left);
		live = bed_live(dt);
		KUNIT_EXPECT_NULL(test, dualtree_buf_reserve(&buf, 10, GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, dualtree_buf_prepend(&buf, 10, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, dualtree_buf_append(&buf, bytes, 10, GFP_KERNEL), -ENOMEM);
		KUNIT_EXPECT_EQ(test, bed_live(dt), live);
		if (!left)
			KUNIT_EXPECT_EQ(test, dualtree_buf_adopt(&buf, ptr, 64, GFP_KERNEL),
					-ENOMEM);
		bed_expect(test, &buf, 0, 100);
		bed_feed(dt, hog);
	}
	/* Pieces that were there already go back. */
	live = bed_live(dt);
	KUNIT_EXPECT_EQ(test, dualtree_buf_append(&buf, bytes, SZ_64K, GFP_KERNEL), -ENOMEM);
	KUNIT_EXPECT_EQ(test, bed_live(dt), live);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 64), 0);
	bed_expect(test, &buf, 0, 100);
	dualtree_buf_purge(&buf);
	expect_drained(test, dt);
}

/* Each byte is free as soon as it has been consumed. */
static void chain_skip(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_buf buf;
	size_t done, step = 1, first;

	dualtree_buf_init(&buf, dt);
	bed_append(test, &buf, 0, 6000);
	for (done = 0; done + step < 6000; done += step, step = step % 97 + 13) {
		const u8 *at;

		KUNIT_ASSERT_EQ(test, dualtree_buf_skip(&buf, step), 0);
		KUNIT_EXPECT_EQ(test, bed_live(dt), 6000 - done - step + RECORD);
		at = dualtree_buf_first(&buf, &first);
		KUNIT_EXPECT_EQ(test, first, 6000 - done - step);
		KUNIT_EXPECT_TRUE(test, bed_filled(at, done + step, first));
	}
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, buf.len + 1), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, buf.len), 0);
	KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	expect_drained(test, dt);
}

/* At every byte, from both ends. */
static void chain_trim(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_buf buf;
	size_t keep, skip;

	dualtree_buf_init(&buf, dt);
	for (keep = 0; keep <= 330; keep++) {
		skip = keep / 2;
		bed_append_pieces(test, &buf, 0, 330);
		KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&buf, 331), -ENODATA);
		KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&buf, keep), 0);
		bed_expect(test, &buf, 0, keep);
		KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&buf, skip), 0);
		bed_expect(test, &buf, skip, keep - skip);
		KUNIT_EXPECT_EQ(test, dualtree_buf_trim(&buf, 0), 0);
		KUNIT_EXPECT_EQ(test, bed_live(dt), 0);
	}
	expect_drained(test, dt);
}

/* The views show the very bytes, and as many pieces as there are. */
static void chain_views(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	u8 *bytes = kunit_kzalloc(test, 20000, GFP_KERNEL);
	struct dualtree_buf buf;
	struct bio_vec bvecs[16];
	struct kvec kvecs[16];
	struct iov_iter iter;
	size_t len, sum;
	int i, nr;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	dualtree_buf_init(&buf, dt);
	bed_append_pieces(test, &buf, 0, 15000);
	for (len = 0; len <= 15000; len += 1 + len / 3) {
		nr = dualtree_buf_kvecs(&buf, len, kvecs, ARRAY_SIZE(kvecs));
		KUNIT_ASSERT_LE(test, nr, (int)ARRAY_SIZE(kvecs));
		for (i = 0, sum = 0; i < nr; sum += kvecs[i++].iov_len)
			KUNIT_EXPECT_TRUE(test, bed_filled(kvecs[i].iov_base, sum,
							   kvecs[i].iov_len));
		KUNIT_EXPECT_EQ(test, sum, len);
		KUNIT_EXPECT_EQ(test, dualtree_buf_bvecs(&buf, len, bvecs, ARRAY_SIZE(bvecs)), nr);
		for (i = 0, sum = 0; i < nr; sum += bvecs[i++].bv_len)
			KUNIT_EXPECT_TRUE(test, bed_filled(page_address(bvecs[i].bv_page) +
							   bvecs[i].bv_offset, sum,
							   bvecs[i].bv_len));
		KUNIT_EXPECT_EQ(test, sum, len);
		KUNIT_ASSERT_EQ(test, dualtree_buf_iter(&buf, len, bvecs, ARRAY_SIZE(bvecs),
							&iter), 0);
		KUNIT_EXPECT_EQ(test, copy_from_iter(bytes, 20000, &iter), len);
		KUNIT_EXPECT_TRUE(test, bed_filled(bytes, 0, len));
		KUNIT_EXPECT_EQ(test, dualtree_buf_kvecs(&buf, len, NULL, 0), nr);
		if (nr)
			KUNIT_EXPECT_EQ(test, dualtree_buf_iter(&buf, len, bvecs, nr - 1, &iter),
					-ENOSPC);
	}
	KUNIT_EXPECT_EQ(test, dualtree_buf_kvecs(&buf, 15001, NULL, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_bvecs(&buf, 15001, NULL, 0), -ENODATA);
	KUNIT_EXPECT_EQ(test, dualtree_buf_iter(&buf, 15001, bvecs, 16, &iter), -ENODATA);
	bed_expect(test, &buf, 0, 15000);
	dualtree_buf_purge(&buf);
	expect_drained(test, dt);
}

/* The instance takes all of it back by itself. */
static void chain_left_behind(struct kunit *test)
{
	struct dualtree *dt = bed_instance(test);
	struct dualtree_buf buf, clone;

	dualtree_buf_init(&buf, dt);
	dualtree_buf_init(&clone, dt);
	bed_append_pieces(test, &buf, 0, 30000);
	KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, 20000, &clone, GFP_KERNEL), 0);
	instance_destroy(test, dt);
}

static struct kunit_case chain_cases[] = {
	KUNIT_CASE(chain_empty),
	KUNIT_CASE(chain_reserve),
	KUNIT_CASE(chain_append),
	KUNIT_CASE(chain_prepend),
	KUNIT_CASE(chain_adopt),
	KUNIT_CASE(chain_no_memory),
	KUNIT_CASE(chain_skip),
	KUNIT_CASE(chain_trim),
	KUNIT_CASE(chain_views),
	KUNIT_CASE(chain_left_behind),
	{}
};

static struct kunit_suite chain_suite = {
	.name = "dualtree_netbuf_chain",
	.test_cases = chain_cases,
};

kunit_test_suite(chain_suite);

DT_IMPORT_INTERNALS;
MODULE_DESCRIPTION("Tests of how buffers are filled, looked at and emptied");
MODULE_LICENSE("GPL");
