// SPDX-License-Identifier: GPL-2.0
/*
 * The streams of a trace, from their beginning to their end; see play.h.
 *
 * When as many allocations as were asked for are made, most of the streams stop, nine of ten,
 * and the others go on until nothing is left of what they had then: what the instance holds
 * after that says whether it gives back what it does not need. Then they stop as well.
 *
 * Who is due next is the root of a heap, of streams this time: child 2i + 1 and 2i + 2 of
 * slot i are due no earlier than slot i. Of two that are due at once the one that was created
 * first is next, so that a trace does not depend on how the heap came to be.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "play.h"
#include "random.h"
#include "trace.h"

#define MOST_STREAMS	256

/* All streams of a trace begin within that time. */
#define BEGIN_WITHIN	(100 * USEC_PER_MSEC)

/* Who has not replaced what it had after so many steps never will. */
#define MOST_CYCLING	100000000UL

/**
 * struct play - streams that are being played
 * @replay: what they allocate from
 * @trace: which they are of
 * @streams: those of each part of the trace follow each other
 * @nr: how many
 * @queue: indices of those that go on, as a heap
 * @waiting: how many
 */
struct play {
	struct replay *replay;
	const struct trace *trace;
	struct stream *streams[MOST_STREAMS];
	unsigned int nr;
	u16 queue[MOST_STREAMS];
	unsigned int waiting;
};

static int create_streams(struct play *play)
{
	const struct trace_part *part;
	struct stream *stream;
	unsigned int i;

	for (part = play->trace->parts; part->kind; part++) {
		for (i = 0; i < part->nr; i++) {
			stream = part->kind->create(part->option);
			if (!stream)
				return -ENOMEM;
			stream->kind = part->kind;
			stream->option = part->option;
			stream->due = random_below(&play->replay->rnd, BEGIN_WITHIN);
			play->streams[play->nr++] = stream;
		}
	}
	return 0;
}

static void destroy_streams(struct play *play)
{
	while (play->nr) {
		struct stream *stream = play->streams[--play->nr];

		stream->kind->destroy(stream);
	}
}

static bool before(const struct play *play, u16 a, u16 b)
{
	u64 due_a = play->streams[a]->due, due_b = play->streams[b]->due;

	return due_a != due_b ? due_a < due_b : a < b;
}

/* Slot @i may be due too late for where it is. */
static void sift_down(struct play *play, unsigned int i)
{
	unsigned int child;

	while ((child = 2 * i + 1) < play->waiting) {
		if (child + 1 < play->waiting &&
		    before(play, play->queue[child + 1], play->queue[child]))
			child++;
		if (!before(play, play->queue[child], play->queue[i]))
			return;
		swap(play->queue[child], play->queue[i]);
		i = child;
	}
}

/* Of all that have not gone. */
static void fill_queue(struct play *play)
{
	unsigned int i;

	play->waiting = 0;
	for (i = 0; i < play->nr; i++)
		if (!play->streams[i]->gone)
			play->queue[play->waiting++] = i;
	for (i = play->waiting / 2; i--;)
		sift_down(play, i);
}

static void step(struct play *play)
{
	struct stream *stream = play->streams[play->queue[0]];

	play->replay->now = stream->due;
	if (stream->running)
		stream->kind->step(play->replay, stream);
	else
		stream->kind->start(play->replay, stream);
	sift_down(play, 0);
	replay_sample(play->replay);
	cond_resched();
}

static void run_until(struct play *play, u64 allocs)
{
	while (!play->replay->error && play->replay->allocs < allocs)
		step(play);
}

static void stop_stream(struct play *play, struct stream *stream)
{
	if (stream->running)
		stream->kind->stop(play->replay, stream);
	stream->gone = true;
}

/* Of @nr streams from @first on, stop all but a tenth of them, at random. */
static void stop_most(struct play *play, unsigned int first, unsigned int nr)
{
	unsigned int left = nr, keep = DIV_ROUND_UP(nr, 10), i;

	/* Those that have nothing just now would leave nothing. */
	for (i = first; i < first + nr && left > keep; i++) {
		if (!play->streams[i]->running) {
			stop_stream(play, play->streams[i]);
			left--;
		}
	}
	while (left > keep) {
		i = first + random_below(&play->replay->rnd, nr);
		if (!play->streams[i]->gone) {
			stop_stream(play, play->streams[i]);
			left--;
		}
	}
}

static bool all_cycled(const struct play *play)
{
	unsigned int i;

	for (i = 0; i < play->nr; i++) {
		struct stream *stream = play->streams[i];

		if (!stream->gone && !stream->kind->cycled(stream))
			return false;
	}
	return true;
}

/* Until nothing is left of what the streams that go on have now. */
static void cycle_streams(struct play *play)
{
	unsigned long steps = 0;
	unsigned int i;

	for (i = 0; i < play->nr; i++)
		if (!play->streams[i]->gone)
			play->streams[i]->kind->mark(play->streams[i]);
	while (!play->replay->error && !all_cycled(play)) {
		step(play);
		if (++steps > MOST_CYCLING)
			replay_fail(play->replay, -ELOOP, "the streams do not cycle");
	}
}

static void close_streams(struct play *play, unsigned int cycles)
{
	const struct trace_part *part;
	unsigned int first = 0, i;

	play->replay->closing = true;
	for (part = play->trace->parts; part->kind; part++) {
		stop_most(play, first, part->nr);
		first += part->nr;
	}
	fill_queue(play);
	replay_mark(play->replay, MARK_STOPPED);
	for (i = 0; i < cycles; i++)
		cycle_streams(play);
	replay_mark(play->replay, MARK_CYCLED);
	for (i = 0; i < play->nr; i++)
		if (!play->streams[i]->gone)
			stop_stream(play, play->streams[i]);
}

static void run_streams(struct play *play, const struct play_params *params)
{
	u64 ops = params->ops ?: params->trace->ops;

	fill_queue(play);
	run_until(play, ops / 3);
	replay_mark(play->replay, MARK_STEADY);
	run_until(play, ops);
	replay_mark(play->replay, MARK_END);
	close_streams(play, params->cycles);
}

/**
 * play_trace() - all of a trace
 * @r: what it is played into
 * @params: which, and how
 *
 * What could not be done is in @r->error.
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int play_trace(struct replay *r, const struct play_params *params)
{
	struct play *play = kvzalloc(sizeof(*play), GFP_KERNEL);
	int err;

	if (!play)
		return -ENOMEM;
	play->replay = r;
	play->trace = params->trace;
	prandom_seed_state(&r->rnd, params->seed);
	err = create_streams(play);
	if (!err)
		run_streams(play, params);
	destroy_streams(play);
	kvfree(play);
	return err;
}
