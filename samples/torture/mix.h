/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mix: which ingredients the torture has.
 */
#ifndef TORTURE_MIX_H
#define TORTURE_MIX_H

#include <linux/types.h>

enum ingredient {
	MIX_TASK,
	MIX_SOFTIRQ,
	MIX_HARDIRQ,
	MIX_NMI,
	MIX_HOTPLUG,
	MIX_PRESSURE,
	MIX_FAULTS,
	MIX_TEARDOWN,
	MIX_SHRINK,
	MIX_PIPE,
	NR_INGREDIENTS,
};

/* "all", or names with commas between them. Return: 0, or -EINVAL if one is not known. */
int mix_parse(const char *names);

bool mix_has(enum ingredient what);

/* It cannot be had here. */
void mix_leave_out(enum ingredient what);

/* All that is in it has happened; else that is a failure. Nobody acts. */
void mix_check(void);

#endif /* TORTURE_MIX_H */
