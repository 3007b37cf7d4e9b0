/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Passes: heaps are reclaimed also if their CPUs make no further call. See pass.c.
 */
#ifndef DUALTREE_PASS_H
#define DUALTREE_PASS_H

#include <linux/types.h>

struct dualtree;

/* The parameter idle_ms; 0 for no passes over idle heaps. */
extern unsigned int dt_idle_ms;

void dt_pass_add(struct dualtree *dt);
void dt_pass_remove(struct dualtree *dt);
void dt_pass_wait(void);
void dt_pass_each(void (*fn)(struct dualtree *dt, void *arg), void *arg);
unsigned int dt_pass_instances(void);
void dt_pass_arm(void);
void dt_pass_start(void);
void dt_pass_pressure(bool all);
unsigned long dt_pass_sample(unsigned long (*fn)(const struct dualtree *dt));
bool dt_pass_nothing_idle(void);
void dt_pass_set_idle_ms(unsigned int ms);
int dt_pass_init(void);
void dt_pass_exit(void);

#endif /* DUALTREE_PASS_H */
