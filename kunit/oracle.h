/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An oracle for randomised tests: which bytes are live, and what they contain.
 *
 * Each allocation has a map with a bit for each byte, and contents cut out of one table of
 * random bytes, so that filling and comparing are a memcpy() and a memcmp(). For each granule
 * it is known how many of its bytes are live, whosever they are: what was freed of one
 * allocation may be in use by another. So it is known which frees may succeed, and memory
 * that is handed out twice is found.
 */
#ifndef DUALTREE_KUNIT_ORACLE_H
#define DUALTREE_KUNIT_ORACLE_H

#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include "instance.h"

#define ORACLE_OBJECTS	400
#define ORACLE_LARGEST	(100 * SZ_1K)
#define ORACLE_WINDOW	SZ_64K

/**
 * struct oracle_table - contents for everything
 * @bytes: random; any run of them that begins below ORACLE_WINDOW
 */
struct oracle_table {
	u8 bytes[ORACLE_WINDOW + ORACLE_LARGEST];
};

/**
 * struct oracle_object - an allocation
 * @ptr: its first byte; NULL if this one is not in use
 * @size: its bytes
 * @live: how many of them are live
 * @contents: what it was filled with
 * @map: a bit for each byte: live
 */
struct oracle_object {
	u8 *ptr;
	size_t size;
	size_t live;
	const u8 *contents;
	unsigned long *map;
};

/**
 * struct oracle - what an instance should look like
 * @test: what it is used by
 * @dt: the instance
 * @rnd: makes all decisions
 * @table: contents
 * @counts: by page-frame number, live bytes of each granule of that page
 * @last_pfn: which page was asked for last
 * @last_counts: what was found
 * @live: live bytes of all objects
 * @nr: objects in use
 * @objects: in no order
 */
struct oracle {
	struct kunit *test;
	struct dualtree *dt;
	struct rnd_state rnd;
	struct oracle_table *table;
	struct xarray counts;
	unsigned long last_pfn;
	u8 *last_counts;
	size_t live;
	unsigned int nr;
	struct oracle_object objects[ORACLE_OBJECTS];
};

static inline u32 oracle_below(struct rnd_state *rnd, u32 bound)
{
	return prandom_u32_state(rnd) % bound;
}

/* Sizes as traces have them: crumbs, anything up to a page, reads of 16 KiB, a few large. */
static inline size_t oracle_size(struct rnd_state *rnd)
{
	u32 kind = oracle_below(rnd, 100);
	size_t size;

	if (kind < 35)
		return 1 + oracle_below(rnd, 64);
	if (kind >= 98)
		return 1 + oracle_below(rnd, ORACLE_LARGEST);
	if (kind >= 90)
		return SZ_16K;
	size = 64UL << oracle_below(rnd, 6);
	size += oracle_below(rnd, size);
	/* Nothing is free behind every third of them: their neighbours touch. */
	return kind % 3 ? size : ALIGN(size, DT_GRANULE);
}

static inline struct oracle_table *oracle_table_create(struct kunit *test, u32 seed)
{
	struct oracle_table *table = kunit_kzalloc(test, sizeof(*table), GFP_KERNEL);
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, table);
	prandom_seed_state(&rnd, seed);
	prandom_bytes_state(&rnd, table->bytes, sizeof(table->bytes));
	return table;
}

static inline const u8 *oracle_contents(struct oracle_table *table, struct rnd_state *rnd)
{
	return table->bytes + oracle_below(rnd, ORACLE_WINDOW);
}

static inline void oracle_release(struct kunit_resource *res)
{
	xa_destroy(res->data);
}

static inline struct oracle *oracle_create(struct kunit *test, struct dualtree *dt, u32 seed)
{
	struct oracle *o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, o);
	o->test = test;
	o->dt = dt;
	o->table = oracle_table_create(test, seed);
	xa_init(&o->counts);
	kunit_alloc_resource(test, NULL, oracle_release, GFP_KERNEL, &o->counts);
	prandom_seed_state(&o->rnd, seed);
	for (i = 0; i < ORACLE_OBJECTS; i++) {
		o->objects[i].map = kunit_kzalloc(test, ORACLE_LARGEST / 8, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, o->objects[i].map);
	}
	return o;
}

static inline u8 *oracle_counts_of(struct oracle *o, unsigned long pfn)
{
	u8 *counts = xa_load(&o->counts, pfn);

	if (counts)
		return counts;
	counts = kunit_kzalloc(o->test, DT_PAGE_GRANULES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(o->test, counts);
	KUNIT_ASSERT_FALSE(o->test, xa_is_err(xa_store(&o->counts, pfn, counts, GFP_KERNEL)));
	return counts;
}

/* The live bytes of the granule that an address lies in. */
static inline u8 *oracle_count(struct oracle *o, const u8 *addr)
{
	unsigned long pfn = (unsigned long)addr >> PAGE_SHIFT;

	if (!o->last_counts || o->last_pfn != pfn) {
		o->last_counts = oracle_counts_of(o, pfn);
		o->last_pfn = pfn;
	}
	return &o->last_counts[offset_in_page(addr) >> DT_GRANULE_SHIFT];
}

/* The bytes of a range, at most @len of them, that lie in the granule it begins in. */
static inline size_t oracle_in_granule(const u8 *addr, size_t len)
{
	return min_t(size_t, len, DT_GRANULE - ((unsigned long)addr & (DT_GRANULE - 1)));
}

/* Write down an allocation, and fill it. None of it may be somebody's. */
static inline void oracle_enter(struct oracle *o, struct oracle_object *object, u8 *ptr,
				size_t size)
{
	size_t i, part;

	for (i = 0; i < size; i += part) {
		part = oracle_in_granule(ptr + i, size - i);
		KUNIT_ASSERT_EQ(o->test, *oracle_count(o, ptr + i), 0);
		*oracle_count(o, ptr + i) = part;
	}
	object->ptr = ptr;
	object->size = size;
	object->live = size;
	object->contents = oracle_contents(o->table, &o->rnd);
	bitmap_set(object->map, 0, size);
	memcpy(ptr, object->contents, size);
	o->live += size;
	o->nr++;
}

/* Has the table so many bytes from there on? */
static inline bool oracle_has(const struct oracle_table *table, const u8 *contents, size_t len)
{
	return contents + len <= table->bytes + sizeof(table->bytes);
}

/* Write down that an object has grown, from the end of a live run on, and fill what it has got. */
static inline void oracle_grow(struct oracle *o, struct oracle_object *object, size_t end,
			       size_t new_end)
{
	size_t i, part;

	for (i = end; i < new_end; i += part) {
		part = oracle_in_granule(object->ptr + i, new_end - i);
		*oracle_count(o, object->ptr + i) += part;
	}
	bitmap_set(object->map, end, new_end - end);
	memcpy(object->ptr + end, object->contents + end, new_end - end);
	object->size = max(object->size, new_end);
	object->live += new_end - end;
	o->live += new_end - end;
}

/* Write down that live bytes are free. */
static inline void oracle_leave(struct oracle *o, struct oracle_object *object, size_t start,
				size_t end)
{
	size_t i, part;

	for (i = start; i < end; i += part) {
		part = oracle_in_granule(object->ptr + i, end - i);
		*oracle_count(o, object->ptr + i) -= part;
	}
	bitmap_clear(object->map, start, end - start);
	object->live -= end - start;
	o->live -= end - start;
	if (object->live)
		return;
	object->ptr = NULL;
	o->nr--;
}

/* Do live bytes contain what they should? */
static inline bool oracle_intact(const struct oracle_object *object, size_t start, size_t end)
{
	return !memcmp(object->ptr + start, object->contents + start, end - start);
}

/* A run of live bytes, the first one at or behind an offset; false if there is none. */
static inline bool oracle_run(const struct oracle_object *object, size_t *start, size_t *end)
{
	*start = find_next_bit(object->map, object->size, *start);
	if (*start == object->size)
		return false;
	*end = find_next_zero_bit(object->map, object->size, *start);
	return true;
}

/* The run of live bytes that an offset lies in, or else one behind it, or else the first. */
static inline void oracle_run_at(const struct oracle_object *object, size_t at, size_t *start,
				 size_t *end)
{
	for (*start = 0; oracle_run(object, start, end); *start = *end)
		if (*end > at)
			return;
	*start = 0;
	oracle_run(object, start, end);
}

static inline bool oracle_all_intact(const struct oracle_object *object)
{
	size_t start, end;

	for (start = 0; oracle_run(object, &start, &end); start = end)
		if (!oracle_intact(object, start, end))
			return false;
	return true;
}

/*
 * May these bytes be freed? What an instance knows of a granule is how many of its bytes are
 * live: as many as are asked for have to be.
 */
static inline bool oracle_may_free(struct oracle *o, const u8 *ptr, size_t len)
{
	size_t i, part;

	for (i = 0; i < len; i += part) {
		part = oracle_in_granule(ptr + i, len - i);
		if (*oracle_count(o, ptr + i) < part)
			return false;
	}
	return true;
}

#endif /* DUALTREE_KUNIT_ORACLE_H */
