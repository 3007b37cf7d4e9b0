// SPDX-License-Identifier: GPL-2.0
/*
 * The streams of a trace, from their beginning to their end; see streams.h.
 *
 * When as many allocations as were asked for are made, most of the streams stop, nine of ten,
 * and the others go on until nothing is left of what they had then: what an instance holds after
 * that says whether it gives back what it does not need. Then they stop as well.
 *
 * The stream that is due next is the root of a heap: child 2i + 1 and 2i + 2 of slot i are due no
 * earlier than slot i. Of two that are due at once the one that was created first is next, so
 * that a trace does not depend on how the heap came to be.
 */
#include "kernel.h"

#include "../random.h"
#include "streams.h"

/* All streams of a trace begin within that time, in microseconds. */
#define BEGIN_WITHIN	(100 * USEC_PER_MSEC)

/* Steps: streams that have not replaced what they had by then never will. */
#define CYCLING_MAX	100000000UL

static void create_streams(struct play *play)
{
	const struct trace_part *part;
	struct stream *stream;
	unsigned int i;

	for (part = play->trace->parts; part->kind; part++) {
		for (i = 0; i < part->nr; i++) {
			stream = allocate(part->kind->size +
					  part->option * part->kind->option_size);
			stream->kind = part->kind;
			stream->option = part->option;
			stream->due = random_below(&play->rnd, BEGIN_WITHIN);
			play->streams[play->nr++] = stream;
		}
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

/* With all that have not gone. */
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

	play->now = stream->due;
	if (stream->running) {
		stream->kind->step(play, stream);
	} else {
		stream->running = true;
		stream->kind->start(play, stream);
	}
	sift_down(play, 0);
	dt_replay_sample(&play->replay);
}

static void run_until(struct play *play, u64 allocs)
{
	while (play->replay.allocs < allocs)
		step(play);
}

/* Frees all it has. It may start again. */
void stream_stop(struct play *play, struct stream *stream)
{
	unsigned int i;

	if (stream->running && stream->kind->stop)
		stream->kind->stop(play, stream);
	dt_buffer_free(&play->replay, &stream->buffer);
	for (i = 0; i < RINGS; i++)
		ring_empty(play, &stream->rings[i]);
	stream->running = false;
}

static void stop_for_good(struct play *play, struct stream *stream)
{
	stream_stop(play, stream);
	stream->gone = true;
}

/* Of @nr streams from @first on, stops all but a tenth of them, at random. */
static void stop_most(struct play *play, unsigned int first, unsigned int nr)
{
	unsigned int keep = DIV_ROUND_UP(nr, 10), left = nr, i;

	/* Streams that have nothing just now go first: as survivors they would leave nothing. */
	for (i = first; i < first + nr && left > keep; i++) {
		if (!play->streams[i]->running) {
			stop_for_good(play, play->streams[i]);
			left--;
		}
	}
	while (left > keep) {
		i = first + random_below(&play->rnd, nr);
		if (!play->streams[i]->gone) {
			stop_for_good(play, play->streams[i]);
			left--;
		}
	}
}

static void begin_cycle(struct stream *stream)
{
	unsigned int i;

	stream->count = 0;
	for (i = 0; i < RINGS; i++)
		stream->rings[i].taken = 0;
}

/* Nothing is left of what it had at begin_cycle(). */
static bool has_cycled(const struct stream *stream)
{
	unsigned int i;

	for (i = 0; i < RINGS; i++)
		if (stream->rings[i].taken < stream->rings[i].depth)
			return false;
	return stream->count >= stream->cycle;
}

static bool all_cycled(const struct play *play)
{
	unsigned int i;

	for (i = 0; i < play->nr; i++)
		if (!play->streams[i]->gone && !has_cycled(play->streams[i]))
			return false;
	return true;
}

/* Until nothing is left of what the streams that go on have now. */
static void cycle_streams(struct play *play)
{
	unsigned long steps = 0;
	unsigned int i;

	for (i = 0; i < play->nr; i++)
		if (!play->streams[i]->gone)
			begin_cycle(play->streams[i]);
	while (!play->replay.error && !all_cycled(play)) {
		step(play);
		if (++steps > CYCLING_MAX)
			dt_replay_fail(&play->replay, -ELOOP, "the streams do not cycle");
	}
}

static void close_streams(struct play *play, unsigned int cycles)
{
	const struct trace_part *part;
	unsigned int first = 0, i;

	play->closing = true;
	for (part = play->trace->parts; part->kind; part++) {
		stop_most(play, first, part->nr);
		first += part->nr;
	}
	fill_queue(play);
	dt_replay_mark(&play->replay, MARK_STOPPED);
	for (i = 0; i < cycles; i++)
		cycle_streams(play);
	dt_replay_mark(&play->replay, MARK_CYCLED);
	for (i = 0; i < play->nr; i++)
		if (!play->streams[i]->gone)
			stop_for_good(play, play->streams[i]);
}

/*
 * Plays a trace; of @play the trace and the seed of the random numbers are set. Most streams stop
 * after @allocs, or 0 for what the trace says, and the others cycle then. What could not be done is
 * in play->replay.error.
 */
void play_trace(struct play *play, u64 allocs, unsigned int cycles)
{
	allocs = allocs ?: play->trace->allocs;
	create_streams(play);
	fill_queue(play);
	run_until(play, allocs / 3);
	dt_replay_mark(&play->replay, MARK_STEADY);
	run_until(play, allocs);
	dt_replay_mark(&play->replay, MARK_END);
	close_streams(play, cycles);
}
