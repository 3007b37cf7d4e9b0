/* SPDX-License-Identifier: GPL-2.0 */
/* What each test does with the core as a whole. */
#ifndef DUALTREE_HOST_CORE_H
#define DUALTREE_HOST_CORE_H

#include "test.h"

/* Set the core up, and run the program's cases: before all rounds. */
void host_core_init(void);
/* Begin a round: the next allocations, and the time, are as those of any other one. */
void host_core_begin(void);
/* Memory is plenty again, all CPUs are online, and nothing is left to do. */
void host_core_quiesce(void);
/* The same, after all instances and pools were destroyed: no page is left. */
void host_core_end(void);

/* No memory is left, after the core was taken down. */
void host_nothing_left(void);

/* init.c: cases of the core as it comes up and goes, before all rounds. */
void host_init_cases(void);

/* Take the core down, at the end of the program: nothing is left. */
void host_core_exit(void);

#endif /* DUALTREE_HOST_CORE_H */
