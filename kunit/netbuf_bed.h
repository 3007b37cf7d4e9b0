/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of netbuf share: buffers filled with bytes that tell where they belong,
 * and instances that run out of memory where a test wants them to.
 */
#ifndef DUALTREE_KUNIT_NETBUF_BED_H
#define DUALTREE_KUNIT_NETBUF_BED_H

#include <dualtree/netbuf.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include "instance.h"

/* Granules of the instance that bed_small() makes. */
#define BED_GRANULES	(SZ_64K / DT_GRANULE)

/* Bytes that tell where they belong. */
static inline u8 bed_byte(size_t i)
{
	return i * 7 + (i >> 8) + 1;
}

static inline void bed_fill(u8 *ptr, size_t from, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		ptr[i] = bed_byte(from + i);
}

static inline bool bed_filled(const u8 *ptr, size_t from, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (ptr[i] != bed_byte(from + i))
			return false;
	return true;
}

/* On one CPU: what is live is exact, and there is one heap. */
static inline struct dualtree *bed_instance(struct kunit *test)
{
	stay_here(test);
	return instance_create(test, NULL);
}

/* One region and no more. */
static inline struct dualtree *bed_small(struct kunit *test)
{
	struct dualtree_params params = {
		.limit = SZ_64K,
		.min_region_order = get_order(SZ_64K),
		.max_region_order = get_order(SZ_64K),
	};

	stay_here(test);
	return instance_create(test, &params);
}

/**
 * struct bed_hog - what keeps an instance from having memory
 * @nr: blocks that it has
 * @blocks: a granule each
 */
struct bed_hog {
	unsigned int nr;
	void *blocks[BED_GRANULES];
};

/* Take all memory but for @left granules, no two of which touch. */
static inline struct bed_hog *bed_starve(struct kunit *test, struct dualtree *dt,
					 unsigned int left)
{
	struct bed_hog *hog = kunit_kzalloc(test, sizeof(*hog), GFP_KERNEL);
	unsigned int i;
	void *block;

	KUNIT_ASSERT_NOT_NULL(test, hog);
	while ((block = dualtree_alloc(dt, DT_GRANULE, GFP_KERNEL)))
		hog->blocks[hog->nr++] = block;
	for (i = 0; i < left; i++) {
		KUNIT_ASSERT_LT(test, 2 * i, hog->nr);
		dualtree_free(dt, hog->blocks[2 * i], DT_GRANULE);
		hog->blocks[2 * i] = NULL;
	}
	return hog;
}

static inline void bed_feed(struct dualtree *dt, struct bed_hog *hog)
{
	unsigned int i;

	for (i = 0; i < hog->nr; i++)
		dualtree_free(dt, hog->blocks[i], DT_GRANULE);
	hog->nr = 0;
}

/* Append a range that is filled as from @from on. */
static inline void bed_append(struct kunit *test, struct dualtree_buf *buf, size_t from,
			      size_t len)
{
	u8 *room = dualtree_buf_reserve(buf, len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, room);
	bed_fill(room, from, len);
	KUNIT_ASSERT_EQ(test, dualtree_buf_commit(buf, len), 0);
}

/* Append @len bytes as from @from on, in ranges of odd sizes. */
static inline void bed_append_pieces(struct kunit *test, struct dualtree_buf *buf, size_t from,
				     size_t len)
{
	static const size_t sizes[] = { 1, 63, 64, 65, 200, 1400, 4096, 5000, 9001 };
	unsigned int i = 0;
	size_t piece;

	for (; len; len -= piece, from += piece) {
		piece = min(len, sizes[i++ % ARRAY_SIZE(sizes)]);
		bed_append(test, buf, from, piece);
	}
}

/* A buffer holds exactly these bytes, and its sums are right. */
static inline void bed_expect(struct kunit *test, const struct dualtree_buf *buf, size_t from,
			      size_t len)
{
	u8 *bytes = kmalloc(len + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(buf), len);
	KUNIT_EXPECT_EQ(test, dualtree_buf_peek(buf, 0, bytes, len), 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_peek(buf, 0, bytes, len + 1), -ENODATA);
	KUNIT_EXPECT_TRUE(test, bed_filled(bytes, from, len));
	kfree(bytes);
}

/* Bytes that are live in an instance; records of ranges are counted as well. */
static inline size_t bed_live(struct dualtree *dt)
{
	return stats_of(dt).live_bytes;
}

#endif /* DUALTREE_KUNIT_NETBUF_BED_H */
