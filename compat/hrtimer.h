/* SPDX-License-Identifier: GPL-2.0 */
/* 6.13 added hrtimer_setup(), which also sets the function; 6.16 removed hrtimer_init(). */
#ifndef DUALTREE_COMPAT_HRTIMER_H
#define DUALTREE_COMPAT_HRTIMER_H

#include <linux/hrtimer.h>

#if !DT_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif /* DUALTREE_COMPAT_HRTIMER_H */
