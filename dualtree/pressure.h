/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shrinker of all heaps: see pressure.c.
 */
#ifndef DUALTREE_PRESSURE_H
#define DUALTREE_PRESSURE_H

#include <linux/types.h>

unsigned long dt_pressure_count(void);
void dt_pressure_scan(bool kswapd);
int dt_pressure_init(void);
void dt_pressure_exit(void);

#endif /* DUALTREE_PRESSURE_H */
