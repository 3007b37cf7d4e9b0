// SPDX-License-Identifier: GPL-2.0
/*
 * What came of it; see verdict.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/seq_file.h>

#include "verdict.h"

u32 torture_seed;

enum { NOTHING_YET, BEING_WRITTEN, WRITTEN };

/* Who makes @failure BEING_WRITTEN owns @reason until it is WRITTEN; then nobody changes it. */
static atomic_t failure = ATOMIC_INIT(NOTHING_YET);
static char reason[200];

/* Written by verdict_close(), before it sets @closed. */
static char praise[120];
static bool closed;

static unsigned long until;
static struct dentry *folder;

void torture_fail(const char *fmt, ...)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	struct va_format words = { .fmt = fmt };
	va_list args, again;

	va_start(args, fmt);
	if (atomic_cmpxchg(&failure, NOTHING_YET, BEING_WRITTEN) == NOTHING_YET) {
		va_copy(again, args);
		vsnprintf(reason, sizeof(reason), fmt, again);
		va_end(again);
		/* Pairs with the acquire of torture_failed(). */
		atomic_set_release(&failure, WRITTEN);
	}
	words.va = &args;
	if (__ratelimit(&limit))
		pr_err("wrong: %pV (seed=%u)\n", &words, torture_seed);
	va_end(args);
}

bool torture_failed(void)
{
	return atomic_read_acquire(&failure) == WRITTEN;
}

void verdict_until(unsigned long deadline)
{
	/* Read by whoever reads the file. */
	WRITE_ONCE(until, deadline);
}

void verdict_close(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(praise, sizeof(praise), fmt, args);
	va_end(args);
	/* Pairs with the acquire of verdict_show(). */
	smp_store_release(&closed, true);
	if (torture_failed())
		pr_err("FAIL %s (seed=%u)\n", reason, torture_seed);
	else
		pr_info("PASS %s (seed=%u)\n", praise, torture_seed);
}

static unsigned int seconds_left(void)
{
	long left = READ_ONCE(until) - jiffies;

	return left > 0 ? DIV_ROUND_UP(left, HZ) : 0;
}

static int verdict_show(struct seq_file *seq, void *unused)
{
	/* Pairs with the release of verdict_close(). */
	bool over = smp_load_acquire(&closed);

	/* A failure is known before the end; that all went well is not. */
	if (torture_failed())
		seq_printf(seq, "FAIL %s\n", reason);
	else if (over)
		seq_printf(seq, "PASS %s\n", praise);
	else
		seq_printf(seq, "running %u\n", seconds_left());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(verdict);

void verdict_init(void)
{
	folder = debugfs_create_dir("dualtree_torture", NULL);
	debugfs_create_file("verdict", 0444, folder, NULL, &verdict_fops);
}

void verdict_exit(void)
{
	debugfs_remove(folder);
}
