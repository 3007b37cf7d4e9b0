// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_replay: replays one trace when it is loaded, and keeps what it found in debugfs.
 *
 * All of it happens on one CPU, so that one heap owns everything. When as many allocations as
 * were asked for are made, most of the streams stop, nine of ten, and the others go on until
 * nothing is left of what they had then: what the instance holds after that says whether it
 * gives back what it does not need. At the end nothing may be live, and nothing held.
 *
 * dualtree_replay/results has lines "name value", sizes in bytes; dualtree_replay/curve has
 * lines "allocations live held". Loading fails if a buffer was not what it had been, if a call
 * was refused, if the counts are wrong, or if something was not given back; never for a figure.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <dualtree/dualtree.h>

#include "random.h"
#include "trace.h"

#define MOST_STREAMS	256

/* All streams of a trace begin within that time. */
#define BEGIN_WITHIN	(100 * USEC_PER_MSEC)

/* Who has not replaced what it had after so many steps never will. */
#define MOST_CYCLING	100000000UL

static char *trace = "M";
module_param(trace, charp, 0444);
MODULE_PARM_DESC(trace, "name of the trace");

static uint seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of everything that is random");

static uint ops;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "allocations until most streams stop; 0: as the trace says");

static uint flags;
module_param(flags, uint, 0444);
MODULE_PARM_DESC(flags, "of the instance; 1: DUALTREE_EXACT_FIT");

static uint cycles = 1;
module_param(cycles, uint, 0444);
MODULE_PARM_DESC(cycles, "how often the others cycle when most streams have stopped");

/**
 * struct play - a replay and its streams
 * @replay: see there
 * @trace: which
 * @ops: allocations until most streams stop
 * @streams: those of each part of the trace follow each other
 * @nr: how many
 * @at_end: of the steady state
 * @stopped: when most streams had stopped
 * @cycled: when the others had cycled
 * @extents: free extents at the end of the steady state
 * @regions: regions then
 */
struct play {
	struct replay replay;
	const struct trace *trace;
	u64 ops;
	struct stream *streams[MOST_STREAMS];
	unsigned int nr;
	struct moment at_end;
	struct moment stopped;
	struct moment cycled;
	unsigned long extents;
	unsigned int regions;
};

static struct play *play;
static struct dentry *debugfs_dir;

static int create_streams(void)
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
			stream->due = random_below(&play->replay.rnd, BEGIN_WITHIN);
			play->streams[play->nr++] = stream;
		}
	}
	return 0;
}

static void destroy_streams(void)
{
	while (play->nr) {
		struct stream *stream = play->streams[--play->nr];

		stream->kind->destroy(stream);
	}
}

static struct stream *next_stream(void)
{
	struct stream *next = NULL;
	unsigned int i;

	for (i = 0; i < play->nr; i++) {
		struct stream *stream = play->streams[i];

		if (!stream->gone && (!next || stream->due < next->due))
			next = stream;
	}
	return next;
}

static void step(void)
{
	struct stream *stream = next_stream();

	play->replay.now = stream->due;
	if (stream->running)
		stream->kind->step(&play->replay, stream);
	else
		stream->kind->start(&play->replay, stream);
	replay_sample(&play->replay);
	cond_resched();
}

static void run_until(u64 allocs)
{
	while (!play->replay.error && play->replay.allocs < allocs)
		step();
}

static void stop_stream(struct stream *stream)
{
	if (stream->running)
		stream->kind->stop(&play->replay, stream);
	stream->gone = true;
}

/* Of @nr streams from @first on, stop all but a tenth of them, at random. */
static void stop_most(unsigned int first, unsigned int nr)
{
	unsigned int left = nr, keep = DIV_ROUND_UP(nr, 10), i;

	/* Those that have nothing just now would leave nothing. */
	for (i = first; i < first + nr && left > keep; i++) {
		if (!play->streams[i]->running) {
			stop_stream(play->streams[i]);
			left--;
		}
	}
	while (left > keep) {
		i = first + random_below(&play->replay.rnd, nr);
		if (!play->streams[i]->gone) {
			stop_stream(play->streams[i]);
			left--;
		}
	}
}

static bool all_cycled(void)
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
static void cycle_streams(void)
{
	unsigned long steps = 0;
	unsigned int i;

	for (i = 0; i < play->nr; i++)
		if (!play->streams[i]->gone)
			play->streams[i]->kind->mark(play->streams[i]);
	while (!play->replay.error && !all_cycled()) {
		step();
		if (++steps > MOST_CYCLING)
			replay_fail(&play->replay, -ELOOP, "the streams do not cycle");
	}
}

static void close_streams(void)
{
	const struct trace_part *part;
	unsigned int first = 0, i;

	play->replay.closing = true;
	for (part = play->trace->parts; part->kind; part++) {
		stop_most(first, part->nr);
		first += part->nr;
	}
	play->stopped = replay_moment(&play->replay);
	for (i = 0; i < cycles; i++)
		cycle_streams();
	play->cycled = replay_moment(&play->replay);
}

static void note_end(void)
{
	struct dualtree_stats stats;

	play->at_end = replay_moment(&play->replay);
	dualtree_get_stats(play->replay.dt, &stats);
	play->extents = stats.extents;
	play->regions = stats.regions;
}

static void give_all_back(void)
{
	struct dualtree_stats stats;
	unsigned int i;

	for (i = 0; i < play->nr; i++)
		if (!play->streams[i]->gone)
			stop_stream(play->streams[i]);
	dualtree_shrink(play->replay.dt);
	dualtree_get_stats(play->replay.dt, &stats);
	if (play->replay.live || stats.live_bytes || stats.held_bytes)
		replay_fail(&play->replay, -EBUSY, "not all of it was given back");
}

static void run_trace(void)
{
	struct replay *r = &play->replay;

	run_until(play->ops / 3);
	replay_begin_steady(r);
	run_until(play->ops);
	replay_end_steady(r);
	note_end();
	close_streams();
	give_all_back();
}

static int replay_trace(void)
{
	struct dualtree_params params = { .flags = flags };
	struct replay *r = &play->replay;
	int err;

	play->ops = ops ?: play->trace->ops;
	r->curve_step = play->ops / CURVE_POINTS + 1;
	prandom_seed_state(&r->rnd, seed);
	r->dt = dualtree_create(play->trace->name, &params);
	if (IS_ERR(r->dt))
		return PTR_ERR(r->dt);
	err = create_streams();
	if (!err) {
		migrate_disable();
		run_trace();
		migrate_enable();
	}
	destroy_streams();
	dualtree_destroy(r->dt);
	return err ?: r->error;
}

static void show_moment(struct seq_file *seq, const char *name, const struct moment *moment)
{
	seq_printf(seq, "%s_live %zu\n", name, moment->live);
	seq_printf(seq, "%s_held %zu\n", name, moment->held);
}

static int results_show(struct seq_file *seq, void *unused)
{
	const struct footprint *taken = &play->replay.taken;
	u64 samples = taken->samples ?: 1;

	seq_printf(seq, "seed %u\n", seed);
	seq_printf(seq, "flags %u\n", flags);
	seq_printf(seq, "ops %llu\n", play->ops);
	seq_printf(seq, "allocs %llu\n", play->replay.allocs);
	seq_printf(seq, "frees %llu\n", play->replay.frees);
	seq_printf(seq, "peak_live %zu\n", taken->peak_live);
	seq_printf(seq, "peak_held %zu\n", taken->peak_held);
	seq_printf(seq, "mean_live %llu\n", div64_u64(taken->sum_live, samples));
	seq_printf(seq, "mean_held %llu\n", div64_u64(taken->sum_held, samples));
	seq_printf(seq, "steady_allocs %llu\n", taken->allocs);
	seq_printf(seq, "steady_gets %llu\n", taken->gets);
	seq_printf(seq, "steady_puts %llu\n", taken->puts);
	show_moment(seq, "end", &play->at_end);
	seq_printf(seq, "end_extents %lu\n", play->extents);
	seq_printf(seq, "end_regions %u\n", play->regions);
	show_moment(seq, "stopped", &play->stopped);
	show_moment(seq, "cycled", &play->cycled);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static int curve_show(struct seq_file *seq, void *unused)
{
	const struct moment *moment = play->replay.curve;
	unsigned int i;

	for (i = 0; i < play->replay.nr_points; i++, moment++)
		seq_printf(seq, "%llu %zu %zu\n", moment->allocs, moment->live, moment->held);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(curve);

static int __init replay_init(void)
{
	const struct trace *wanted = trace_find(trace);
	int err;

	if (!wanted) {
		pr_err("there is no trace %s\n", trace);
		return -EINVAL;
	}
	play = kvzalloc(sizeof(*play), GFP_KERNEL);
	if (!play)
		return -ENOMEM;
	play->trace = wanted;
	err = replay_trace();
	if (err) {
		pr_err("%s, seed %u, flags %u: error %d\n", trace, seed, flags, err);
		kvfree(play);
		return err;
	}
	debugfs_dir = debugfs_create_dir("dualtree_replay", NULL);
	debugfs_create_file("results", 0444, debugfs_dir, NULL, &results_fops);
	debugfs_create_file("curve", 0444, debugfs_dir, NULL, &curve_fops);
	return 0;
}
module_init(replay_init);

static void __exit replay_exit(void)
{
	debugfs_remove(debugfs_dir);
	kvfree(play);
}
module_exit(replay_exit);

MODULE_DESCRIPTION("Benchmark of dualtree: how much memory streams take");
MODULE_LICENSE("GPL");
