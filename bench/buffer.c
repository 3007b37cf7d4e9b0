// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of a replay and what is counted of them; see replay.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include <dualtree/dualtree.h>

#include "replay.h"

/* Bytes at each end that hold the tag: two words. */
#define EDGE	16u

void dt_replay_fail(struct replay *r, int error, const char *what)
{
	if (r->error)
		return;
	r->error = error;
	pr_err("%s: error %d after %llu allocations and %llu frees, %zu bytes live\n", what, error,
	       r->allocs, r->frees, r->live);
}

/* Two words where there is room for them, since a trace has millions of stamps. */
static void fill(u8 *edge, u32 len, u8 tag)
{
	u64 word = tag * 0x0101010101010101ull;

	if (len < EDGE) {
		memset(edge, tag, len);
		return;
	}
	/* Two stores, at any address. */
	memcpy(edge, &word, sizeof(word));
	memcpy(edge + sizeof(word), &word, sizeof(word));
}

static bool is_filled(const u8 *edge, u32 len, u8 tag)
{
	u64 word = tag * 0x0101010101010101ull, words[2];

	if (len < EDGE)
		return !memchr_inv(edge, tag, len);
	memcpy(words, edge, sizeof(words));
	return words[0] == word && words[1] == word;
}

static void stamp(struct buffer *buffer)
{
	u32 edge = min(buffer->len, EDGE);

	fill(buffer->ptr, edge, buffer->tag);
	fill(buffer->ptr + buffer->len - edge, edge, buffer->tag);
}

static void check(struct replay *r, const struct buffer *buffer)
{
	u32 edge = min(buffer->len, EDGE);

	if (!is_filled(buffer->ptr, edge, buffer->tag) ||
	    !is_filled(buffer->ptr + buffer->len - edge, edge, buffer->tag))
		dt_replay_fail(r, -EUCLEAN, "a buffer is not what it was");
}

/* The instance's own counts, which must be ours. */
static void read_stats(struct replay *r, struct dualtree_stats *stats)
{
	dualtree_get_stats(r->dt, stats);
	if (stats->live_bytes != r->live)
		dt_replay_fail(r, -EBADE, "the instance counts other bytes as live");
	if (stats->bad_frees || stats->failed_allocs)
		dt_replay_fail(r, -EBADE, "the instance refused something");
}

static void note_peak(struct replay *r)
{
	struct dualtree_stats stats;

	read_stats(r, &stats);
	r->taken.peak_live = max(r->taken.peak_live, r->live);
	r->taken.peak_held = max(r->taken.peak_held, stats.held_bytes);
}

void dt_buffer_alloc(struct replay *r, struct buffer *buffer, u32 size)
{
	buffer->len = 0;
	buffer->ptr = dualtree_alloc(r->dt, size, GFP_KERNEL);
	if (!buffer->ptr) {
		dt_replay_fail(r, -ENOMEM, "no memory");
		return;
	}
	buffer->len = size;
	r->live += size;
	r->allocs++;
	/* Odd, so that consecutive allocations have different tags. */
	buffer->tag = r->allocs * 151;
	stamp(buffer);
	/* Neither what is live nor what is held grows anywhere else. */
	note_peak(r);
}

/* Frees @len bytes at @ptr, which are the buffer's no longer. */
static void free_bytes(struct replay *r, const u8 *ptr, u32 len)
{
	int error = dualtree_free(r->dt, ptr, len);

	if (error)
		dt_replay_fail(r, error, "a free was refused");
	r->live -= len;
	r->frees++;
}

void dt_buffer_trim(struct replay *r, struct buffer *buffer, u32 keep)
{
	int error;

	if (keep >= buffer->len)
		return;
	check(r, buffer);
	error = dualtree_trim(r->dt, buffer->ptr, buffer->len, keep);
	if (error)
		dt_replay_fail(r, error, "a trim was refused");
	r->live -= buffer->len - keep;
	r->frees++;
	buffer->len = keep;
	stamp(buffer);
}

void dt_buffer_drop_front(struct replay *r, struct buffer *buffer, u32 len)
{
	u8 *front = buffer->ptr;

	if (len >= buffer->len) {
		dt_buffer_free(r, buffer);
		return;
	}
	check(r, buffer);
	buffer->ptr += len;
	buffer->len -= len;
	/* Before the free: if it damages the rest, the next check finds that. */
	stamp(buffer);
	free_bytes(r, front, len);
}

/* Turns a buffer into two that are freed independently; nothing is freed here. */
void dt_buffer_split(struct replay *r, struct buffer *buffer, u32 at, struct buffer *rest)
{
	check(r, buffer);
	*rest = *buffer;
	rest->ptr += at;
	rest->len -= at;
	rest->tag = ~buffer->tag;
	buffer->len = at;
	stamp(buffer);
	stamp(rest);
}

void dt_buffer_free(struct replay *r, struct buffer *buffer)
{
	if (!buffer->len)
		return;
	check(r, buffer);
	free_bytes(r, buffer->ptr, buffer->len);
	buffer->len = 0;
}

static struct sample sample_now(struct replay *r)
{
	struct dualtree_stats stats;

	read_stats(r, &stats);
	return (struct sample){ r->allocs, r->live, stats.held_bytes };
}

/* When the curve is full, every other point goes: the rest is spread as evenly. */
static void thin_curve(struct replay *r)
{
	unsigned int i;

	r->nr_points = CURVE_POINTS / 2;
	for (i = 0; i < r->nr_points; i++)
		r->curve[i] = r->curve[2 * i];
	r->curve_step *= 2;
}

static void add_point(struct replay *r, const struct sample *sample)
{
	if (r->nr_points && r->allocs < r->curve[r->nr_points - 1].allocs + r->curve_step)
		return;
	r->curve[r->nr_points++] = *sample;
	if (r->nr_points == CURVE_POINTS)
		thin_curve(r);
}

void dt_replay_sample(struct replay *r)
{
	struct sample sample = sample_now(r);

	if (r->steady) {
		r->taken.sum_live += sample.live;
		r->taken.sum_held += sample.held;
		r->taken.samples++;
	}
	add_point(r, &sample);
}

/* Means count from here; what was counted before does not. */
static void begin_steady(struct replay *r)
{
	struct dualtree_stats stats;

	read_stats(r, &stats);
	r->steady = true;
	r->taken.sum_live = 0;
	r->taken.sum_held = 0;
	r->taken.samples = 0;
	r->taken.allocs = r->allocs;
	r->taken.gets = stats.region_gets;
	r->taken.puts = stats.region_puts;
}

static void end_steady(struct replay *r)
{
	struct dualtree_stats stats;

	read_stats(r, &stats);
	r->steady = false;
	r->taken.allocs = r->allocs - r->taken.allocs;
	r->taken.gets = stats.region_gets - r->taken.gets;
	r->taken.puts = stats.region_puts - r->taken.puts;
	r->extents = stats.extents;
	r->regions = stats.regions;
}

void dt_replay_mark(struct replay *r, enum mark mark)
{
	if (mark == MARK_STEADY)
		begin_steady(r);
	else if (mark == MARK_END)
		end_steady(r);
	r->marks[mark] = sample_now(r);
}
