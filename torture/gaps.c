// SPDX-License-Identifier: GPL-2.0
/*
 * Gaps: what is free between the live objects of an instance, and stray writes to it.
 *
 *	|######......####............#########.......|	one region: '#' live, '.' free
 *	       |    |    |     |
 *	       |    |    |     any
 *	       |    |    after
 *	       |    before, last granule
 *	       first granule
 *
 * All live objects are known, by address. All regions have one size, to which they are aligned,
 * and are never cut: that tells the region of an object. One with a live byte is held by the
 * instance, so all else in it is free and may be written. No other byte is.
 *
 * What an allocator keeps in free memory lies at the ends of what was freed at some time. So most
 * writes go to the ends of gaps and of ranges that were freed lately, and next to objects. What is
 * hardest to find was true elsewhere: a copy of other free memory, or a link with an offset.
 *
 * Context: the thread of stray.c; gaps_write() also in an interrupt, for which the thread waits.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/string.h>

#include <dualtree/dualtree.h>

#include "torture.h"

/* Bytes of an allocator's record in free memory; a copy of one has as many. */
#define RECORD_LEN	64

/* Of 64 writes. All of a gap is rare: it leaves nothing to be taken for true. */
static const struct {
	const char *name;
	unsigned int share;
} targets[NR_WRITES] = {
	[WRITE_ANY]	= { "any", 8 },
	[WRITE_FIRST]	= { "first", 13 },
	[WRITE_LAST]	= { "last", 13 },
	[WRITE_AFTER]	= { "after", 8 },
	[WRITE_BEFORE]	= { "before", 8 },
	[WRITE_FREED]	= { "freed", 13 },
	[WRITE_ALL]	= { "all", 1 },
};

static u8 *end_of(const struct object *obj)
{
	return obj->ptr + obj->len;
}

static u8 *region_start(const struct gaps *gaps, const u8 *at)
{
	return (u8 *)ALIGN_DOWN((unsigned long)at, gaps->region_bytes);
}

/* For messages. */
static size_t region_offset(const struct gaps *gaps, const u8 *at)
{
	return at - region_start(gaps, at);
}

/* Return: how many objects begin at @at or below it. */
static unsigned int live_up_to(const struct gaps *gaps, const u8 *at)
{
	unsigned int low = 0, high = gaps->nr_live;

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (gaps->live[mid].ptr <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The object that has bytes of @obj, or NULL. @next: of the first object that begins after it. */
static const struct object *overlapped(const struct gaps *gaps, const struct object *obj,
				       unsigned int next)
{
	if (next && end_of(&gaps->live[next - 1]) > obj->ptr)
		return &gaps->live[next - 1];
	if (next < gaps->nr_live && gaps->live[next].ptr < end_of(obj))
		return &gaps->live[next];
	return NULL;
}

/* All of an instance is free. What was written to earlier ones stays counted. */
void gaps_init(struct gaps *gaps, struct instance *inst, size_t region_bytes)
{
	gaps->inst = inst;
	gaps->region_bytes = region_bytes;
	gaps->nr_live = 0;
	gaps->nr_freed = 0;
	memset(gaps->freed, 0, sizeof(gaps->freed));
}

/* Return: false if it cannot be live, which is reported. */
bool gaps_add_live(struct gaps *gaps, const struct object *obj)
{
	unsigned int next = live_up_to(gaps, obj->ptr);
	const struct object *other = overlapped(gaps, obj, next);

	if (other) {
		torture_fail("%s: allocated %zu to %zu of a region, of which %zu to %zu are live",
			     gaps->inst->name, region_offset(gaps, obj->ptr),
			     region_offset(gaps, obj->ptr) + obj->len,
			     region_offset(gaps, other->ptr),
			     region_offset(gaps, other->ptr) + other->len);
		return false;
	}
	if (!dualtree_owns(gaps->inst->dt, obj->ptr, obj->len) ||
	    region_start(gaps, obj->ptr) != region_start(gaps, end_of(obj) - 1)) {
		torture_fail("%s: %zu bytes from byte %zu of a region on are not in one region",
			     gaps->inst->name, obj->len, region_offset(gaps, obj->ptr));
		return false;
	}
	memmove(&gaps->live[next + 1], &gaps->live[next],
		(gaps->nr_live - next) * sizeof(gaps->live[0]));
	gaps->live[next] = *obj;
	gaps->nr_live++;
	return true;
}

void gaps_remove_live(struct gaps *gaps, unsigned int at, unsigned int nr)
{
	gaps->nr_live -= nr;
	memmove(&gaps->live[at], &gaps->live[at + nr],
		(gaps->nr_live - at) * sizeof(gaps->live[0]));
}

/* Remember that a range was free at some time; it may be live again when it is looked at. */
void gaps_add_freed(struct gaps *gaps, u8 *start, u8 *end)
{
	if (start < end)
		gaps->freed[gaps->nr_freed++ % GAPS_FREED_MAX] = (struct span) { start, end };
}

/* Find the free bytes around @at. Return: false if it is live, or not known to be held. */
static bool gap_find(const struct gaps *gaps, const u8 *at, struct span *gap)
{
	unsigned int next = live_up_to(gaps, at);
	bool held = false;

	gap->start = region_start(gaps, at);
	gap->end = gap->start + gaps->region_bytes;
	if (next < gaps->nr_live && gaps->live[next].ptr < gap->end) {
		gap->end = gaps->live[next].ptr;
		held = true;
	}
	if (next && end_of(&gaps->live[next - 1]) > gap->start) {
		gap->start = end_of(&gaps->live[next - 1]);
		held = true;
	}
	return held && at >= gap->start;
}

/* Return: @len bytes in the first or the last granule of a span; words are aligned. */
static u8 *pick_in_granule(struct worker *w, const struct span *span, bool last, size_t len)
{
	size_t granule = dualtree_granule(), offset = pick_below(w, granule - len + 1);

	if (len > 1)
		offset = ALIGN_DOWN(offset, sizeof(u64));
	if (last)
		return PTR_ALIGN_DOWN(span->end, granule) - granule + offset;
	return PTR_ALIGN(span->start, granule) + offset;
}

/*
 * Pick up to @len free bytes near an object that is picked, too. Return: false if there are none
 * of that kind.
 */
static bool pick_bytes(struct gaps *gaps, struct worker *w, enum gaps_target target, size_t len,
		       struct span *bytes)
{
	const struct object *obj = &gaps->live[pick_below(w, gaps->nr_live)];
	unsigned int age = one_in(w, 2) ? 1 : 1 + pick_below(w, GAPS_FREED_MAX);
	const struct span *freed = &gaps->freed[(gaps->nr_freed - age) % GAPS_FREED_MAX];
	bool upper = target != WRITE_BEFORE && (target == WRITE_AFTER || one_in(w, 2));
	u8 *at = upper ? end_of(obj) : obj->ptr - 1;
	struct span gap;

	if (target == WRITE_ANY)
		at = region_start(gaps, obj->ptr) + pick_below(w, gaps->region_bytes);
	else if (target == WRITE_FREED && freed->start)
		at = pick_in_granule(w, freed, one_in(w, 2), len);
	if (!gap_find(gaps, at, &gap))
		return false;
	len = target == WRITE_ALL ? gap.end - gap.start : min_t(size_t, len, gap.end - gap.start);
	if (target == WRITE_FIRST || target == WRITE_LAST)
		at = pick_in_granule(w, &gap, target == WRITE_LAST, len);
	else if (target == WRITE_BEFORE)
		at = gap.end - len;
	bytes->start = clamp(at, gap.start, gap.end - len);
	bytes->end = bytes->start + len;
	return true;
}

/* Return: where free memory may have a record, and @len bytes from there on are free; or NULL. */
static const u8 *pick_source(struct gaps *gaps, struct worker *w, size_t len)
{
	static const enum gaps_target kinds[] = { WRITE_FIRST, WRITE_LAST, WRITE_FREED };
	struct span bytes;

	if (!pick_bytes(gaps, w, kinds[pick_below(w, ARRAY_SIZE(kinds))], len, &bytes) ||
	    bytes.end - bytes.start < len)
		return NULL;
	return bytes.start;
}

static u64 random_u64(struct worker *w)
{
	return (u64)prandom_u32_state(&w->rnd) << 32 | prandom_u32_state(&w->rnd);
}

/* Write one number again and again, and as much of it as fits in the end. */
static void write_number(const struct span *bytes, u64 number)
{
	u8 *at;

	for (at = bytes->start; at < bytes->end; at += min_t(size_t, 8, bytes->end - at))
		memcpy(at, &number, min_t(size_t, 8, bytes->end - at));
}

/* A link, or whatever @source holds, that leads elsewhere. */
static u64 changed_link(struct gaps *gaps, struct worker *w, const u8 *source)
{
	u64 link, offset;

	memcpy(&link, source, sizeof(link));
	switch (pick_below(w, 3)) {
	case 0:
		offset = pick_below(w, 2 * gaps->region_bytes);
		break;
	case 1:
		offset = dualtree_granule() << pick_below(w, 6);
		break;
	default:
		/* A link may be an index, shorter than a word and anywhere in it. */
		offset = 1ULL << pick_below(w, 64);
	}
	return one_in(w, 2) ? link + offset : link - offset;
}

/* Of all of a gap only the start gets a copy: more is no record. */
static bool write_copy(struct gaps *gaps, struct worker *w, const struct span *bytes)
{
	size_t len = min_t(size_t, bytes->end - bytes->start, RECORD_LEN);
	const u8 *source = pick_source(gaps, w, len);

	if (source)
		memmove(bytes->start, source, len);
	return source;
}

static bool write_link(struct gaps *gaps, struct worker *w, const struct span *bytes)
{
	const u8 *source = pick_source(gaps, w, sizeof(u64));

	if (source)
		write_number(bytes, changed_link(gaps, w, source));
	return source;
}

/* Return: false if there is nothing to copy. */
static bool write_bytes(struct gaps *gaps, struct worker *w, const struct span *bytes)
{
	switch (pick_below(w, 8)) {
	case 0:
		write_number(bytes, 0);
		return true;
	case 1:
		write_number(bytes, U64_MAX);
		return true;
	case 2:
		write_number(bytes, random_u64(w));
		return true;
	case 3:
		write_number(bytes, (u64)pick_below(w, 2048) << 8 * pick_below(w, 8));
		return true;
	case 4:
	case 5:
		return write_link(gaps, w, bytes);
	default:
		return write_copy(gaps, w, bytes);
	}
}

/* Write to free memory, if any object is live. Return: how often. */
unsigned long gaps_write(struct gaps *gaps, struct worker *w)
{
	static const size_t lens[] = { 1, 8, RECORD_LEN };
	u32 pick = pick_below(w, 64);
	enum gaps_target target = 0;
	struct span bytes;
	size_t len;

	while (pick >= targets[target].share)
		pick -= targets[target++].share;
	len = lens[pick_below(w, target == WRITE_AFTER || target == WRITE_BEFORE ? 2 : 3)];
	if (!gaps->nr_live || !pick_bytes(gaps, w, target, len, &bytes) ||
	    !write_bytes(gaps, w, &bytes))
		return 0;
	gaps->writes[target]++;
	return 1;
}

void gaps_print(const struct gaps *gaps, unsigned int nr_instances, u64 damaged)
{
	static char line[160];
	size_t len = 0;
	int i;

	for (i = 0; i < NR_WRITES; i++)
		len += scnprintf(line + len, sizeof(line) - len, " %s %lu", targets[i].name,
				 gaps->writes[i]);
	pr_info("stray writes to %u instances, found %llu times:%s\n", nr_instances, damaged,
		line);
}
