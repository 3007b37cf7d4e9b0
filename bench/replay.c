// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree_replay: replays one trace file when it is loaded, and keeps what it found in debugfs.
 * The file may be a FIFO that trace_tool writes to: it is read from its beginning to its end.
 *
 * All of it happens on one CPU, so that one heap owns everything, and in a pool of its own,
 * whose addresses do not depend on what the kernel did before (replay_pool.c). At the end
 * nothing may be live, and nothing held.
 *
 * dualtree_replay/results has lines "name value", sizes in bytes; dualtree_replay/curve has
 * lines "allocations live held". Loading fails if a buffer was not what it had been, if a call
 * was refused, if the counts are wrong, if something was not given back, or if a file is no
 * trace; never for a figure.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>

#include "replay.h"
#include "trace_file.h"

/* Bytes that are read at a time: how long a file is does not matter. */
#define PIECE	SZ_64K

static char *file;
module_param(file, charp, 0444);
MODULE_PARM_DESC(file, "trace file to replay, or a FIFO");

static uint flags;
module_param(flags, uint, 0444);
MODULE_PARM_DESC(flags, "of the instance; 1: DUALTREE_EXACT_FIT");

static uint arenas = 64;
module_param(arenas, uint, 0444);
MODULE_PARM_DESC(arenas, "arenas of the pool that are put in order before the replay");

static struct replay *replay;
static struct trace_file *trace;
static unsigned int pool_arenas;
static struct dentry *debugfs_dir;

static void expect_nothing(struct replay *r)
{
	struct dualtree_stats stats;

	dualtree_shrink(r->dt);
	dualtree_get_stats(r->dt, &stats);
	if (r->live || stats.live_bytes || stats.held_bytes)
		dt_replay_fail(r, -EBUSY, "not all of it was given back");
}

static int complain(void)
{
	pr_err("%s:%llu: %s\n", file, trace->line, trace->error);
	return replay->error ?: -EINVAL;
}

static int feed(struct file *from, char *piece)
{
	loff_t pos = 0;
	ssize_t len;

	while ((len = kernel_read(from, piece, PIECE, &pos)) > 0) {
		if (!dt_trace_file_feed(trace, piece, len))
			return complain();
		cond_resched();
	}
	if (len < 0) {
		pr_err("cannot read %s: error %zd\n", file, len);
		return len;
	}
	return dt_trace_file_end(trace) ? 0 : complain();
}

/* All of the file. What is wrong with it has been said when this returns an error. */
static int replay_file(struct replay *r)
{
	struct file *from = filp_open(file, O_RDONLY | O_LARGEFILE, 0);
	char *piece;
	int err = -ENOMEM;

	if (IS_ERR(from)) {
		pr_err("cannot open %s: error %ld\n", file, PTR_ERR(from));
		return PTR_ERR(from);
	}
	dt_trace_file_begin(trace, r);
	piece = kvmalloc(PIECE, GFP_KERNEL);
	if (piece)
		err = feed(from, piece);
	dt_objects_destroy(&trace->objects);
	kvfree(piece);
	filp_close(from, NULL);
	return err;
}

static int replay_in(struct replay *r, struct buddy_pool *pool)
{
	struct dualtree_params params = { .pool = pool, .flags = flags };
	struct buddy_pool_stats stats;
	int err;

	r->dt = dualtree_create("replay", &params);
	if (IS_ERR(r->dt))
		return PTR_ERR(r->dt);
	migrate_disable();
	err = replay_file(r);
	migrate_enable();
	if (!err)
		expect_nothing(r);
	dualtree_destroy(r->dt);
	buddy_pool_get_stats(pool, &stats);
	pool_arenas = stats.arenas;
	return err ?: r->error;
}

static int replay_trace(struct replay *r)
{
	struct buddy_pool *pool = dt_replay_pool_create(arenas);
	int err;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	r->curve_step = 1;
	err = replay_in(r, pool);
	buddy_pool_destroy(pool);
	return err;
}

static void show_mark(struct seq_file *seq, const char *name, enum mark mark)
{
	const struct sample *sample = &replay->marks[mark];

	/* Not all files say where it is; the end of the steady state is known in any case. */
	if (mark != MARK_END && trace->marks <= mark)
		return;
	seq_printf(seq, "%s_allocs %llu\n%s_live %zu\n%s_held %zu\n", name, sample->allocs, name,
		   sample->live, name, sample->held);
}

static int results_show(struct seq_file *seq, void *unused)
{
	const struct footprint *taken = &replay->taken;
	u64 samples = taken->samples ?: 1;

	seq_printf(seq, "name %s\nseed %s\nflags %u\n", trace->name, trace->seed, flags);
	seq_printf(seq, "allocs %llu\nfrees %llu\n", replay->allocs, replay->frees);
	seq_printf(seq, "peak_live %zu\npeak_held %zu\n", taken->peak_live, taken->peak_held);
	seq_printf(seq, "mean_live %llu\n", div64_u64(taken->sum_live, samples));
	seq_printf(seq, "mean_held %llu\n", div64_u64(taken->sum_held, samples));
	seq_printf(seq, "samples %llu\n", taken->samples);
	seq_printf(seq, "steady_allocs %llu\nsteady_gets %llu\nsteady_puts %llu\n", taken->allocs,
		   taken->gets, taken->puts);
	show_mark(seq, "end", MARK_END);
	seq_printf(seq, "end_extents %lu\nend_regions %u\n", replay->extents, replay->regions);
	show_mark(seq, "stopped", MARK_STOPPED);
	show_mark(seq, "cycled", MARK_CYCLED);
	seq_printf(seq, "arenas_in_order %u\narenas %u\n", arenas, pool_arenas);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static void show_point(struct seq_file *seq, const struct sample *sample)
{
	seq_printf(seq, "%llu %zu %zu\n", sample->allocs, sample->live, sample->held);
}

static int curve_show(struct seq_file *seq, void *unused)
{
	unsigned int i;

	for (i = 0; i < replay->nr_points; i++)
		show_point(seq, &replay->curve[i]);
	/* The last sample may lie between two points. */
	show_point(seq, &replay->marks[max_t(unsigned int, trace->marks, MARK_END + 1) - 1]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(curve);

static int __init replay_init(void)
{
	int err = -ENOMEM;

	if (!file)
		return -EINVAL;
	replay = kvzalloc(sizeof(*replay), GFP_KERNEL);
	trace = kvzalloc(sizeof(*trace), GFP_KERNEL);
	if (replay && trace)
		err = replay_trace(replay);
	if (err) {
		pr_err("%s, flags %u: error %d\n", file, flags, err);
		kvfree(trace);
		kvfree(replay);
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
	kvfree(trace);
	kvfree(replay);
}
module_exit(replay_exit);

MODULE_DESCRIPTION("Benchmark of dualtree: how much memory streams take");
MODULE_LICENSE("GPL");
