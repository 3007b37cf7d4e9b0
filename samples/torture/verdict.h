/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What came of it: the first thing that went wrong, or that nothing did.
 *
 * Anybody may report a failure, in any context. The first one is the verdict; the others
 * are printed, a few of them.
 */
#ifndef TORTURE_VERDICT_H
#define TORTURE_VERDICT_H

#include <linux/compiler.h>
#include <linux/types.h>

/* Set before anything starts, and not changed after. */
extern u32 torture_seed;

/* One line, without a newline. Any context, NMI included. */
__printf(1, 2) void torture_fail(const char *fmt, ...);

bool torture_failed(void);

/* Until when it runs, in jiffies; for who looks. */
void verdict_until(unsigned long deadline);

/* It is over: prints the verdict. @words go behind PASS. */
__printf(1, 2) void verdict_close(const char *fmt, ...);

/* debugfs: dualtree_torture/verdict. May sleep. */
void verdict_init(void);
void verdict_exit(void);

#endif /* TORTURE_VERDICT_H */
