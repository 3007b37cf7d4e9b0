/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timers on every CPU that is online: one that interrupts it, one in its softirqs. Each time
 * one fires it acts.
 */
#ifndef TORTURE_TIMERS_H
#define TORTURE_TIMERS_H

#include <linux/types.h>

/* Return: 0 or what was wrong. May sleep. */
int timers_start(bool soft, bool hard);

/* May sleep; may be called although they did not start. */
void timers_stop(void);

#endif /* TORTURE_TIMERS_H */
