/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations of the running task that fail when a test wants them to.
 *
 * The kernel counts the allocations of the running task down from current->fail_nth.
 * Checkers (KASAN, kmemleak) allocate too, so that a call may succeed although an
 * allocation failed; how many there are is not foretold.
 */
#ifndef DUALTREE_KUNIT_FAULT_H
#define DUALTREE_KUNIT_FAULT_H

#include <kunit/test.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include "files.h"

#if IS_ENABLED(CONFIG_FAILSLAB) && IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC) && \
	IS_ENABLED(CONFIG_FAULT_INJECTION_DEBUG_FS)

static const bool have_faults = true;

static inline void fault_arm(unsigned int n)
{
	WRITE_ONCE(current->fail_nth, n);
}

/* Return: did an allocation fail since fault_arm()? */
static inline bool fault_disarm(void)
{
	return !xchg(&current->fail_nth, 0);
}

#else

static const bool have_faults;

static inline void fault_arm(unsigned int n)
{
}

static inline bool fault_disarm(void)
{
	return false;
}

#endif

/*
 * What the kernel spares by default, and its trace of each fault. They are variables of
 * the kernel's own; debugfs knows where they are, and user space would write them there.
 */
static const struct fault_knob {
	const char *dir;
	const char *name;
	size_t size;
	unsigned long test, normal;
} knobs[] = {
	{ "failslab", "ignore-gfp-wait", sizeof(bool), false, true },
	{ "failslab", "verbose", sizeof(long), 0, 2 },
	{ "fail_page_alloc", "ignore-gfp-wait", sizeof(bool), false, true },
	{ "fail_page_alloc", "min-order", sizeof(u32), 0, 1 },
	{ "fail_page_alloc", "verbose", sizeof(long), 0, 2 },
};

static inline bool knob_set(const struct fault_knob *knob, unsigned long value)
{
	struct dentry *file = debugfs_find(knob->dir, knob->name);
	void *variable;

	if (!file)
		return false;
	variable = d_inode(file)->i_private;
	if (variable && knob->size == sizeof(bool))
		WRITE_ONCE(*(bool *)variable, value);
	else if (variable && knob->size == sizeof(u32))
		WRITE_ONCE(*(u32 *)variable, value);
	else if (variable)
		WRITE_ONCE(*(unsigned long *)variable, value);
	dput(file);
	return variable;
}

/* For the end of each test. */
static inline void faults_end(struct kunit *test)
{
	int i;

	fault_disarm();
	for (i = 0; have_faults && i < ARRAY_SIZE(knobs); i++)
		knob_set(&knobs[i], knobs[i].normal);
}

static inline void faults_or_skip(struct kunit *test)
{
	int i;

	if (!have_faults)
		kunit_skip(test, "this kernel has no fault injection");
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		if (!knob_set(&knobs[i], knobs[i].test))
			kunit_skip(test, "cannot reach %s/%s", knobs[i].dir, knobs[i].name);
}

#endif /* DUALTREE_KUNIT_FAULT_H */
