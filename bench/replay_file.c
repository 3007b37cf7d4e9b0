// SPDX-License-Identifier: GPL-2.0
/*
 * A trace file is read from where the kernel finds files, piece by piece: how large it is does
 * not matter, and what it takes of memory is a piece.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "replay.h"
#include "replay_file.h"
#include "trace_file.h"

#define PIECE	SZ_64K

static int complain(const struct trace_file *trace, const char *path)
{
	pr_err("%s:%llu: %s\n", path, trace->line, trace->error);
	return trace->replay->error ?: -EINVAL;
}

static int feed(struct trace_file *trace, const char *path, char *piece)
{
	struct file *file = filp_open(path, O_RDONLY | O_LARGEFILE, 0);
	loff_t pos = 0;
	ssize_t len;
	int err = 0;

	if (IS_ERR(file)) {
		pr_err("cannot open %s: error %ld\n", path, PTR_ERR(file));
		return PTR_ERR(file);
	}
	while (!err && (len = kernel_read(file, piece, PIECE, &pos)) > 0) {
		if (!trace_file_feed(trace, piece, len))
			err = complain(trace, path);
		cond_resched();
	}
	if (!err && len < 0) {
		pr_err("cannot read %s: error %zd\n", path, len);
		err = len;
	}
	if (!err && !trace_file_end(trace))
		err = complain(trace, path);
	filp_close(file, NULL);
	return err;
}

/**
 * replay_file() - replay a trace file
 * @r: what it is replayed into
 * @path: the file
 * @header: for what it says of itself
 *
 * Context: Process context. May sleep.
 * Return: 0, -EINVAL if it is no trace, -ENOMEM, or what came of opening or reading it; what is
 * wrong has been said then.
 */
int replay_file(struct replay *r, const char *path, struct replay_header *header)
{
	struct trace_file *trace = kvzalloc(sizeof(*trace), GFP_KERNEL);
	char *piece = kvmalloc(PIECE, GFP_KERNEL);
	int err = -ENOMEM;

	if (trace && piece) {
		trace_file_begin(trace, r);
		err = feed(trace, path, piece);
		strscpy(header->name, trace->name, sizeof(header->name));
		strscpy(header->seed, trace->seed, sizeof(header->seed));
		header->marks = trace->marks;
		trace_file_destroy(trace);
	}
	kvfree(piece);
	kvfree(trace);
	return err;
}
