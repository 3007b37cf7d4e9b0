/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUs that go down and come up again.
 */
#ifndef TORTURE_HOTPLUG_H
#define TORTURE_HOTPLUG_H

#include <linux/types.h>

/* The thread that does it; before it ends all are up again. CPUs below @first stay. */
int hotplug_thread(void *unused);

extern unsigned int hotplug_first;

/* Is there a CPU that can go? */
bool hotplug_possible(void);

unsigned long hotplug_downs(void);

#endif /* TORTURE_HOTPLUG_H */
